// SPDX-License-Identifier: Apache-2.0
// netrig drivers test: whether a plugin keeps the laws of drivers (docs/drivers/laws.md). Its code runs in fenced
// processes, before a host that makes nothing, and in namespaces that nobody else sees.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "check/result.hpp"

namespace netrig::conformance {

struct Options {
  std::map<std::string, std::string> parameters = {};            ///< of the devices that are made: "mode" = "vepa"
  std::vector<std::string> filters = {};                         ///< shell patterns of checks; empty: all
  std::uint32_t cycles = 1000;                                   ///< that a driver is called in a row
  std::chrono::nanoseconds deadline = std::chrono::seconds(10);  ///< of one operation
  std::uint64_t memory = 512ULL << 20;                           ///< address space of a process; Units: bytes
  std::uint32_t granted = 0;                                     ///< privileges that the policy would grant it
  bool in_process = false;                                       ///< in this very process, for a debugger
  std::string unprivileged = {};                                 ///< why no namespaces can be made; empty: they can
  const std::atomic<bool>* interrupted = nullptr;
  std::function<void(const check::TestResult&)> ended = {};  ///< a check
};

/// One thing that is looked at.
struct CheckInfo {
  std::string id;  ///< "binary.exports"
  unsigned law;    ///< NRD-n
  std::string words;
};
std::vector<CheckInfo> all_checks();

/// Runs the checks that apply, and says of the others why they do not. The report's lab is the driver's name. Throws
/// Error{not_found} for a file that is not there, Error{invalid} for a parameter or a pattern that there is not.
check::Report run(const std::string& path, const Options& options);

}  // namespace netrig::conformance
