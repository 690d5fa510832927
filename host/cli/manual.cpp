// SPDX-License-Identifier: Apache-2.0
#include "cli/manual.hpp"

#include <fmt/format.h>

#include "cli/command_line.hpp"
#include "cli/help.hpp"

namespace netrig::cli {
namespace {

/// Text that man(7) shows as it is.
std::string roff(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (result.empty() && (c == '.' || c == '\'')) result += "\\&";
    if (c == '\\')
      result += "\\e";
    else if (c == '-')
      result += "\\-";
    else if (c == '\'')
      result += "\\(aq";
    else if (c == '^')
      result += "\\(ha";
    else if (c == '~')
      result += "\\(ti";
    else
      result += c;
  }
  return result;
}

std::string bold(std::string_view text) { return fmt::format("\\fB{}\\fR", roff(text)); }
std::string italic(std::string_view text) { return fmt::format("\\fI{}\\fR", roff(text)); }
std::string sentence(std::string_view text) { return roff(text) + (text.ends_with('.') ? "\n" : ".\n"); }

std::vector<std::string> path_to(const CLI::App& command) {
  std::vector<std::string> path;
  for (const CLI::App* at = &command; at != nullptr; at = at->get_parent()) path.insert(path.begin(), at->get_name());
  return path;
}

std::vector<const CLI::Option*> positionals_of(const CLI::App& command) {
  return command.get_options([](const CLI::Option* option) { return option->get_positional(); });
}

std::string synopsis(const CLI::App& command) {
  std::string text = bold(fmt::format("{}", fmt::join(path_to(command), " "))) + " [" + italic("OPTION") + "...]";
  for (const CLI::Option* option : positionals_of(command)) {
    std::string word = italic(option->get_name(true));
    if (option->get_items_expected_max() > 1) word += "...";
    text += option->get_required() ? " " + word : " [" + word + "]";
  }
  if (!command.get_subcommands({}).empty()) text += " " + italic("COMMAND");
  return text + "\n";
}

std::string option_entry(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back(bold("-" + name));
  for (const std::string& name : option.get_lnames()) names.push_back(bold("--" + name));
  if (names.empty()) names.push_back(italic(option.get_name(true)));
  std::string text = fmt::format(".TP\n{}", fmt::join(names, ", "));
  if (option.get_items_expected_min() > 0 && !option.get_positional()) text += " " + italic(option.get_type_name());
  text += "\n" + sentence(option.get_description());
  if (!option.get_default_str().empty()) text += fmt::format("Default: {}.\n", roff(option.get_default_str()));
  return text;
}

void add_options(const std::string& heading, const std::vector<const CLI::Option*>& options, std::string& text) {
  if (options.empty()) return;
  text += fmt::format(".SH {}\n", heading);
  for (const CLI::Option* option : options) text += option_entry(*option);
}

void add_pages(const CLI::App& command, std::vector<ManualPage>& pages) {
  for (const CLI::App* below : command.get_subcommands({})) {
    pages.push_back(manual_page(*below));
    add_pages(*below, pages);
  }
}

}  // namespace

ManualPage manual_page(const CLI::App& command) {
  const std::string name = fmt::format("{}", fmt::join(path_to(command), "-"));
  std::string upper = name;
  for (char& c : upper)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  // After NAME no sentence begins.
  std::string about = command.get_description();
  about.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(about.front())));
  std::string text =
      fmt::format(".TH \"{}\" 1 \"\" \"netrig {}\" \"User Commands\"\n.SH NAME\n{} \\- {}\n.SH SYNOPSIS\n", roff(upper),
                  NETRIG_VERSION, roff(name), roff(about));
  text += synopsis(command);
  text += ".SH DESCRIPTION\n" + sentence(command.get_description());
  add_options("ARGUMENTS", positionals_of(command), text);
  if (const auto commands = command.get_subcommands({}); !commands.empty()) {
    text += ".SH COMMANDS\n";
    for (const CLI::App* one : commands)
      text += fmt::format(".TP\n{}\n{}", bold(one->get_name()), sentence(one->get_description()));
  }
  add_options("OPTIONS", command.get_options([](const CLI::Option* option) { return !option->get_positional(); }),
              text);
  const CLI::App* root = &command;
  while (root->get_parent() != nullptr) root = root->get_parent();
  add_options("OPTIONS OF EVERY COMMAND",
              root->get_options([](const CLI::Option* option) { return option->get_group() == kGlobalGroup; }), text);
  const Description& description = description_of(command);
  text += ".SH EXAMPLES\n";
  for (const Example& example : description.examples)
    text += fmt::format(".TP\n{}\n{}", bold(example.line), sentence(example.about));
  text += ".SH EXIT STATUS\n";
  for (const ExitCode& code : description.codes)
    text += fmt::format(".TP\n{}\n{}", bold(code.code), sentence(code.meaning));
  text += ".SH SEE ALSO\n.BR netrig (1),\n";
  for (const CLI::App* at = command.get_parent(); at != nullptr && at->get_parent() != nullptr; at = at->get_parent())
    text += fmt::format(".BR {} (1),\n", roff(fmt::format("{}", fmt::join(path_to(*at), "-"))));
  for (const CLI::App* one : command.get_subcommands({}))
    text += fmt::format(".BR {} (1),\n", roff(fmt::format("{}", fmt::join(path_to(*one), "-"))));
  text += ".BR netrig.toml (5)\n";
  return {.name = name, .text = std::move(text)};
}

std::vector<ManualPage> manual_pages() {
  GlobalOptions options;
  Action action;
  const auto root = command_tree(options, action);
  std::vector<ManualPage> pages;
  add_pages(*root, pages);
  return pages;
}

}  // namespace netrig::cli
