// SPDX-License-Identifier: Apache-2.0
// What a command's --help says beside its options: how it is used, and what its exit codes mean.
#pragma once
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace netrig::cli {

struct Example {
  const char* line;  ///< a whole command line that can be run
  const char* about;
};
struct ExitCode {
  const char* code;
  const char* meaning;
};

/// What is told at the end of a command's help.
struct Description {
  std::vector<Example> examples;
  std::vector<ExitCode> codes;
};
/// `codes`: those of its own; that output could not be written, that a command line was wrong and that netrig has a
/// defect is told of every command.
void describe(CLI::App& command, std::vector<Example> examples, std::vector<ExitCode> codes);
/// What has been told of a command.
const Description& description_of(const CLI::App& command);

/// Of test, run and bench (docs/exit-codes.md).
std::vector<ExitCode> testing_codes();

/// The group of options that every command takes; its help repeats them.
inline constexpr const char* kGlobalGroup = "Options of every command";

/// Lays help out for the terminal that it is printed on, with the global options in that of each command.
void use_help_format(CLI::App& app);

}  // namespace netrig::cli
