// SPDX-License-Identifier: Apache-2.0
// Processes in the namespaces of a lab that is tested: they end with this one.
#pragma once
#include <string>
#include <vector>

#include "check/job.hpp"
#include "process/startup.hpp"

namespace netrig::check {

using process::Ended;
using process::Output;
using process::Process;

struct ProcessSpec {
  Command command;
  std::size_t space = 0;  ///< index in Lab::namespaces
};
Process start_process(const Ground& ground, const ProcessSpec& spec);
/// Runs a command to its end; kills it when time is over.
Output run_command(const Ground& ground, const ProcessSpec& spec, const Until& until);

/// As process::start_services() does.
std::vector<Process> start_services(const Ground& ground, const std::vector<const Service*>& services,
                                    const Until& until);
/// The same for one.
Process start_service(const Ground& ground, const Service& service, const Until& until);

}  // namespace netrig::check
