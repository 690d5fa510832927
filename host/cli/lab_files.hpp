// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

namespace netrig::cli {

/// Lab files of one command.
struct LabFiles {
  std::vector<std::string> files;
  bool several = false;  ///< more than one, or as many as a pattern matches
};
/// What the user typed: files, and patterns (glob(7)) that the shell was kept from expanding, for where no file has
/// that very name. One that is named twice counts once. Throws Error{invalid} for a pattern that matches nothing, and,
/// where there are several, for a file that is not there.
LabFiles lab_files(const std::vector<std::string>& words);

}  // namespace netrig::cli
