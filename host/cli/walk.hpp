// SPDX-License-Identifier: Apache-2.0
// A command line looked over word by word, also one that is wrong or not finished.
#pragma once
#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

namespace netrig::cli {

/// Walks the words as the parser will: which are commands, which their arguments, and which options or their values.
struct Walk {
  const CLI::App* command = nullptr;      ///< the last one named
  std::vector<std::size_t> arguments;     ///< after it; indexes
  std::optional<std::size_t> no_command;  ///< a word where a command should be
  std::optional<std::string> no_option;   ///< the first that there is not
  const CLI::Option* open = nullptr;      ///< the last word, if what comes next is its value
  std::size_t end = 0;                    ///< where "--" or, of `exec`, the command to run begins
};
Walk walk(const CLI::App& root, const std::vector<std::string>& words);

/// "--name" or "-n" of a command or one above it; nullptr: there is none.
const CLI::Option* option_named(const CLI::App* command, const std::string& name);
bool takes_value(const CLI::Option& option);

}  // namespace netrig::cli
