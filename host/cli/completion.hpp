// SPDX-License-Identifier: Apache-2.0
// What a shell offers after "netrig" when the user asks it to. The scripts of the shells only put the question, to
// "netrig complete -- WORDS...": what can stand there is known here, from the commands themselves.
#pragma once
#include <CLI/CLI.hpp>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "driver/policy.hpp"

namespace netrig::cli {

struct Candidate {
  std::string word;
  std::string help = {};
};

/// What names are of.
enum class Subject { lab, space, interface, service, test, variable, driver, machine_space, parameter, law_check };
/// Those that there are. `about`: name or file of the lab, or file of the plugin, that the line is about; empty: none
/// yet.
using Names = std::function<std::vector<Candidate>(Subject subject, const std::string& about)>;

/// Answers the scripts. `words`: those after "netrig", up to where the user is; the last one is what is being typed.
/// A line is a candidate, "WORD<TAB>help", or asks the shell for what it knows better: ":files", ":files toml" (and
/// directories), ":directories", ":command N" (the words from the N-th on, from 0, are another command's line).
std::string completions(const std::vector<std::string>& words, const Names& names);

/// Whether it is known what may stand for an argument or the value of an option; a type of its own wants a row.
bool is_completed(const CLI::Option& option);

/// Of this machine: labs that are up, what they and lab files hold, drivers. What cannot be read has no names.
Names names_here(const driver::PolicySource& installation);

/// The hidden command: no option, no error, nothing that is not done for it.
inline constexpr std::string_view kComplete = "complete";
/// Prints the answer for the words behind it. Exit code: always 0.
int complete(std::vector<std::string> words, const driver::PolicySource& installation);

/// The scripts, by shell.
struct ShellScript {
  std::string_view shell;
  std::string_view text;
};
std::span<const ShellScript> shell_scripts();

}  // namespace netrig::cli
