// SPDX-License-Identifier: Apache-2.0
// Runs a program without faults, for what it says.
#pragma once
#include <string>
#include <vector>

namespace fault {

struct Done {
  int exit = -1;  ///< exit code, or 128 + signal
  std::string out;
  std::string err;
};

/// Runs a command, but not for ever.
Done run(const std::vector<std::string>& command);
/// Closes `memory` (memfd_create) and returns what was written to it.
std::string text_of(int memory);

}  // namespace fault
