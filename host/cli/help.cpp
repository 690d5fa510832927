// SPDX-License-Identifier: Apache-2.0
#include "cli/help.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "model/printable.hpp"
#include "report/terminal.hpp"

namespace netrig::cli {
namespace {

/// Columns of help that goes into a file or a pipe, and the most that can be read with ease.
constexpr std::size_t kUsual = 80;
constexpr std::size_t kWidest = 110;

std::size_t help_columns() {
  const std::size_t columns = report::terminal_at(STDOUT_FILENO).columns;
  return columns == 0 ? kUsual : std::min(columns, kWidest);
}

/// "  name      text", the text in as many lines as it needs; below the name where that is long.
std::string entry(const std::string& name, const std::string& text, std::size_t indent) {
  const std::size_t columns = help_columns();
  if (columns < 2 * indent) indent = 6;
  std::string result = "  " + name;
  if (text.empty()) return result + "\n";
  if (width_of(result) + 2 > indent) result += "\n" + std::string(indent, ' ');
  result.resize(std::max(result.size(), indent), ' ');
  bool first = true;
  for (const std::string& line : report::wrapped(text, columns - std::min(columns - 1, indent))) {
    result += (first ? "" : std::string(indent, ' ')) + line + "\n";
    first = false;
  }
  return result;
}

/// Each command has its own, which knows what is told of it.
class HelpFormatter final : public CLI::Formatter {
 public:
  explicit HelpFormatter(Description description) : description_(std::move(description)) {}
  [[nodiscard]] const Description& description() const { return description_; }

  std::string make_option(const CLI::Option* option, bool positional) const override {
    return entry(make_option_name(option, positional) + make_option_opts(option), make_option_desc(option), kIndent);
  }
  std::string make_subcommand(const CLI::App* command) const override {
    return entry(command->get_name(), command->get_description(), kCommandIndent);
  }
  std::string make_description(const CLI::App* app) const override {
    std::string text;
    for (const std::string& line : report::wrapped(app->get_description(), help_columns())) text += line + "\n";
    return text;
  }
  std::string make_usage(const CLI::App* app, std::string name) const override {
    std::string text;
    const std::string usage = CLI::Formatter::make_usage(app, std::move(name));
    for (const std::string& line : report::wrapped(usage.substr(0, usage.find('\n')), help_columns()))
      text += line + "\n";
    return text;
  }
  /// Comes after the command's own options.
  std::string make_subcommands(const CLI::App* app, CLI::AppFormatMode mode) const override {
    std::string text = CLI::Formatter::make_subcommands(app, mode);
    const CLI::App* root = app;
    while (root->get_parent() != nullptr) root = root->get_parent();
    if (root == app) return text;
    return make_group(kGlobalGroup, false, root->get_options([](const CLI::Option* option) {
             return option->get_group() == kGlobalGroup;
           })) +
           text;
  }

  std::string make_footer(const CLI::App*) const override {
    std::string text = "Examples:\n";
    for (const Example& example : description_.examples)
      text += fmt::format("  {}\n{}", example.line, entry("", example.about, 6));
    text += "\nExit codes:\n";
    for (const ExitCode& one : description_.codes) text += entry(one.code, one.meaning, kCodeIndent);
    return text;
  }

 private:
  static constexpr std::size_t kIndent = 30;
  static constexpr std::size_t kCommandIndent = 14;
  static constexpr std::size_t kCodeIndent = 9;
  Description description_;
};

}  // namespace

std::vector<ExitCode> testing_codes() {
  return {
      {"0", "all tests passed, or were skipped with the reason"},
      {"1", "some failed"},
      {"2", "could not run: the lab file, a tool or a privilege is wrong or missing, or a report could not be written"},
      {"130", "interrupted; what had run is in the reports"}};
}

void describe(CLI::App& command, std::vector<Example> examples, std::vector<ExitCode> all) {
  const auto told = [&](const char* code) {
    return std::any_of(all.begin(), all.end(), [&](const ExitCode& one) { return std::string_view(one.code) == code; });
  };
  if (!told("1")) all.push_back({"1", "the output could not be written, or the machine ran out of something"});
  if (!told("2")) all.push_back({"2", "the command line is wrong"});
  if (!told("70")) all.push_back({"70", "a defect in netrig; please report it"});
  std::stable_sort(all.begin(), all.end(), [](const ExitCode& a, const ExitCode& b) {
    return std::atoi(a.code) < std::atoi(b.code);  // a word comes first
  });
  command.formatter(std::make_shared<HelpFormatter>(Description{std::move(examples), std::move(all)}));
}

const Description& description_of(const CLI::App& command) {
  return dynamic_cast<const HelpFormatter&>(*command.get_formatter()).description();
}

void use_help_format(CLI::App& app) { app.formatter(std::make_shared<HelpFormatter>(Description{})); }

}  // namespace netrig::cli
