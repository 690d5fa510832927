// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "process/process.hpp"

namespace netrig::process {

/// How services are started: as parts of this process, or to outlive it.
struct Starter {
  const Lab& lab;
  std::function<Place(const Service&)> place;
  std::function<Process(const Service&)> begin;
  std::function<void(const Service&)> ready = {};  ///< called as each becomes ready
};

/// Starts each as soon as all that it is to come after are ready (those among them), and awaits all: the slowest
/// decides and not the sum. Returns them in their order. Throws Error{failed} with its last output if one ends or does
/// not become ready in its time, counted from its start. `until` ends the wait, too.
std::vector<Process> start_services(const Starter& starter, const std::vector<const Service*>& services,
                                    const Until& until);

}  // namespace netrig::process
