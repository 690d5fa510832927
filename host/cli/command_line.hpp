// SPDX-License-Identifier: Apache-2.0
// What the user typed, read; and what is wrong with it, in the words of our other errors.
#pragma once
#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "cli/commands.hpp"
#include "cli/session.hpp"

namespace netrig::cli {

/// All commands with their arguments and options. What a line that it parses says goes into `options` and `action`,
/// which must outlive it.
std::unique_ptr<CLI::App> command_tree(GlobalOptions& options, Action& action);

/// Reads the words after "netrig": what to do, or the answer to a question (--help, --version). Throws Error{invalid};
/// whether the user wants that as JSON is in `options` even then.
std::variant<Action, std::string> read_command_line(std::vector<std::string> words, GlobalOptions& options);

}  // namespace netrig::cli
