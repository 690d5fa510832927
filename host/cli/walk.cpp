// SPDX-License-Identifier: Apache-2.0
#include "cli/walk.hpp"

namespace netrig::cli {
namespace {

/// What an option is to the parser.
struct Known {
  bool is_one = false;
  const CLI::Option* takes_next = nullptr;  ///< whose value the next word is
};

/// "--name", "--name=value", "-n", "-nvalue", "-qv".
Known known_option(const CLI::App* command, const std::string& word) {
  if (word.starts_with("--")) {
    const std::size_t equals = word.find('=');
    const CLI::Option* option = option_named(command, word.substr(0, equals));
    const bool takes_next = option != nullptr && equals == std::string::npos && takes_value(*option);
    return {.is_one = option != nullptr, .takes_next = takes_next ? option : nullptr};
  }
  for (std::size_t i = 1; i < word.size(); ++i) {
    const CLI::Option* option = option_named(command, std::string("-") + word[i]);
    if (option == nullptr) return {};
    if (takes_value(*option)) return {.is_one = true, .takes_next = i + 1 == word.size() ? option : nullptr};
  }
  return {.is_one = true};
}

/// Nothing: there is none below `parent`.
const CLI::App* command_named(const CLI::App* parent, const std::string& name) {
  for (const CLI::App* command : parent->get_subcommands({}))
    if (command->get_name() == name) return command;
  return nullptr;
}

}  // namespace

const CLI::Option* option_named(const CLI::App* command, const std::string& name) {
  for (; command != nullptr; command = command->get_parent())
    if (const CLI::Option* option = command->get_option_no_throw(name)) return option;
  return nullptr;
}

bool takes_value(const CLI::Option& option) { return option.get_items_expected_min() > 0; }

Walk walk(const CLI::App& root, const std::vector<std::string>& words) {
  constexpr std::size_t kBeforeCommand = 2;  // LAB and NAMESPACE of exec
  Walk found{.command = &root, .arguments = {}, .no_command = {}, .no_option = {}, .end = words.size()};
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--" || (found.command->get_name() == "exec" && found.arguments.size() == kBeforeCommand &&
                         (word.empty() || word.front() != '-'))) {
      found.end = i;
      return found;
    }
    if (word.size() > 1 && word.front() == '-') {
      const Known option = known_option(found.command, word);
      if (!option.is_one && !found.no_option) found.no_option = word;
      if (option.takes_next != nullptr && ++i == words.size()) found.open = option.takes_next;
      continue;
    }
    if (found.command->get_subcommands({}).empty()) {
      found.arguments.push_back(i);
    } else if (const auto* next = command_named(found.command, word)) {
      found.command = next;
    } else {
      found.no_command = i;
      return found;
    }
  }
  return found;
}

}  // namespace netrig::cli
