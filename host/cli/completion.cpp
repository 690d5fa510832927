// SPDX-License-Identifier: Apache-2.0
#include "cli/completion.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <optional>

#include "cli/command_line.hpp"
#include "cli/help.hpp"
#include "cli/values.hpp"
#include "cli/walk.hpp"
#include "model/printable.hpp"
#include "report/output.hpp"

namespace netrig::cli {
namespace {

/// What may stand for an argument or an option of a name and a type. The first row that fits holds.
struct ValueKind {
  std::string_view name;  ///< empty: any
  std::string_view type;
  std::optional<Subject> names = {};
  std::optional<Subject> more = {};
  std::string_view shell = {};  ///< what it is asked for
};
constexpr std::string_view kOtherCommand = "command";
constexpr std::array kValueKinds = {
    ValueKind{"LAB", "FILE", {}, {}, "files toml"},
    ValueKind{"LAB", "NAME|FILE", Subject::lab, {}, "files toml"},
    ValueKind{"LAB", "FILE|NAME", Subject::lab, {}, "files toml"},
    ValueKind{"NAMESPACE", "NAME", Subject::space},
    ValueKind{"NAMESPACE", "PATTERN", Subject::machine_space},
    ValueKind{"SERVICE", "NAME", Subject::service},
    ValueKind{"DRIVER", "NAME", Subject::driver},
    ValueKind{"COMMAND", "WORD", {}, {}, kOtherCommand},
    ValueKind{"FROM", "PATTERN", Subject::space},
    ValueKind{"TO", "PATTERN", Subject::space, Subject::interface},
    ValueKind{"INTERFACE", "PATTERN", Subject::interface},
    ValueKind{"--only", "PATTERN", Subject::space},
    ValueKind{"--filter", "PATTERN", Subject::test},
    ValueKind{"--filter", "CHECK", Subject::law_check},
    ValueKind{"--set", "NAME=VALUE", Subject::variable},
    ValueKind{"--param", "NAME=VALUE", Subject::parameter},
    ValueKind{"", "FILE", {}, {}, "files"},
    ValueKind{"", "[FORM:]FILE", {}, {}, "files"},
    ValueKind{"", "DIRECTORY", {}, {}, "directories"},
    // What the user alone knows.
    ValueKind{"", "NAME"},
    ValueKind{"", "NAME=VALUE"},
    ValueKind{"", "N"},
    ValueKind{"", "DURATION"},
    ValueKind{"", "SIZE"},
    ValueKind{"", "RATE"},
    ValueKind{"", "PERCENT"},
    ValueKind{"", "FILTER"},
    ValueKind{"", "TEXT"},
    ValueKind{"", "PID[=NAME]"},
};

std::string name_of_option(const CLI::Option& option) {
  if (option.get_positional()) return option.get_name(true);
  return option.get_lnames().empty() ? "-" + option.get_snames().front() : "--" + option.get_lnames().front();
}

const ValueKind* kind_of_value(const CLI::Option& option) {
  const auto* found = std::find_if(kValueKinds.begin(), kValueKinds.end(), [&](const ValueKind& kind) {
    return kind.type == option.get_type_name() && (kind.name.empty() || kind.name == name_of_option(option));
  });
  return found == kValueKinds.end() ? nullptr : found;
}

/// "svg|dot|json": words of small letters are what they say. Nothing: it is no such type.
std::vector<std::string> choices_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const auto is_large = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (type.find('|') == std::string::npos || std::any_of(type.begin(), type.end(), is_large)) return {};
  return CLI::detail::split(type, '|');
}

class Offers {
 public:
  explicit Offers(std::string typed) : typed_(std::move(typed)) {}

  /// `before`: stands in the same word.
  void offer(const Candidate& candidate, const std::string& before = {}) {
    const std::string word = before + candidate.word;
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; };
    if (!word.starts_with(typed_) || std::any_of(word.begin(), word.end(), is_control)) return;
    text_ += candidate.help.empty() ? word + "\n" : fmt::format("{}\t{}\n", word, one_line(candidate.help));
  }
  void ask_shell(std::string_view what) { text_ += fmt::format(":{}\n", what); }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string typed_;
  std::string text_;
};

class Completion {
 public:
  Completion(const CLI::App& root, const std::vector<std::string>& words, const Names& names)
      : typed_(words.empty() ? std::string() : words.back()),
        before_(words.begin(), words.end() - (words.empty() ? 0 : 1)),
        found_(walk(root, before_)),
        names_(names),
        offers_(typed_) {}

  std::string text() {
    const std::size_t equals = typed_.find('=');
    if (found_.no_command) return {};
    if (found_.open != nullptr) {
      value(*found_.open, {});
    } else if (found_.end < before_.size()) {
      behind_mark();
    } else if (typed_.starts_with("--") && equals != std::string::npos) {
      const CLI::Option* option = option_named(found_.command, typed_.substr(0, equals));
      if (option != nullptr && takes_value(*option)) value(*option, typed_.substr(0, equals + 1));
    } else if (typed_.starts_with("-")) {
      options();
    } else if (const auto commands = found_.command->get_subcommands({}); !commands.empty()) {
      for (const CLI::App* one : commands) offers_.offer({one->get_name(), one->get_description()});
    } else if (!argument(found_.arguments.size(), before_.size())) {
      options();
    }
    return offers_.text();
  }

 private:
  /// The lab or the plugin that the line is about.
  [[nodiscard]] std::string about() const {
    const auto arguments = positionals();
    if (arguments.empty() || found_.arguments.empty()) return {};
    const std::string name = arguments.front()->get_name(true);
    return name == "LAB" || name == "FILE" ? before_[found_.arguments.front()] : std::string();
  }

  [[nodiscard]] std::vector<const CLI::Option*> positionals() const {
    return found_.command->get_options([](const CLI::Option* option) { return option->get_positional(); });
  }

  /// `before`: "--name=" of the same word.
  void value(const CLI::Option& option, const std::string& before) {
    for (const std::string& word : choices_of(option)) offers_.offer({word}, before);
    const ValueKind* kind = kind_of_value(option);
    if (kind == nullptr) return;
    for (const auto& subject : {kind->names, kind->more})
      if (subject)
        for (const Candidate& one : names_(*subject, about())) offers_.offer(one, before);
    if (!kind->shell.empty() && kind->shell != kOtherCommand) offers_.ask_shell(kind->shell);
  }

  /// The n-th argument; `at`: its index among all words. Whether the command has one.
  bool argument(std::size_t n, std::size_t at) {
    const auto arguments = positionals();
    if (arguments.empty()) return false;
    const CLI::Option& option = *arguments[std::min(n, arguments.size() - 1)];
    if (n >= arguments.size() && option.get_items_expected_max() <= 1) return false;
    if (const ValueKind* kind = kind_of_value(option); kind != nullptr && kind->shell == kOtherCommand)
      offers_.ask_shell(fmt::format("{} {}", kOtherCommand, at));
    else
      value(option, {});
    return true;
  }

  void behind_mark() {
    const std::size_t begin = found_.end + (before_[found_.end] == "--" ? 1 : 0);
    const auto arguments = positionals();
    const ValueKind* last = arguments.empty() ? nullptr : kind_of_value(*arguments.back());
    if (last != nullptr && last->shell == kOtherCommand && found_.arguments.size() + 1 >= arguments.size())
      offers_.ask_shell(fmt::format("{} {}", kOtherCommand, begin));
    else
      argument(found_.arguments.size() + before_.size() - begin, before_.size());
  }

  void options() {
    for (const CLI::App* at = found_.command; at != nullptr; at = at->get_parent())
      for (const CLI::Option* option : at->get_options()) {
        // --help is every command's own, --version the root's alone.
        const bool of_all = at == found_.command || option->get_group() == kGlobalGroup;
        if (of_all && !option->get_positional()) offers_.offer({name_of_option(*option), option->get_description()});
      }
  }

  std::string typed_;
  std::vector<std::string> before_;
  Walk found_;
  const Names& names_;
  Offers offers_;
};

}  // namespace

bool is_completed(const CLI::Option& option) { return !choices_of(option).empty() || kind_of_value(option) != nullptr; }

std::string completions(const std::vector<std::string>& words, const Names& names) {
  GlobalOptions options;
  Action action;
  const auto root = command_tree(options, action);
  return Completion(*root, words, names).text();
}

int complete(std::vector<std::string> words, const driver::PolicySource& installation) {
  // Whatever is wrong, the user is in the middle of a line: nothing may be written into it.
  spdlog::set_level(spdlog::level::off);
  try {
    if (!words.empty() && words.front() == "--") words.erase(words.begin());
    report::say(completions(words, names_here(installation)));
  } catch (const std::exception&) {
    return 0;
  }
  return 0;
}

void add_completion(CLI::App& app, Action& action) {
  auto shell = std::make_shared<std::string>();
  auto* command = app.add_subcommand(
      "completion", "Print what makes a shell complete netrig's commands, options, labs, namespaces and drivers");
  command->add_option("SHELL", *shell, "The shell")
      ->required()
      ->check(one_of({"bash", "zsh", "fish"}))
      ->type_name("bash|zsh|fish");
  describe(*command,
           {{"netrig completion bash > ~/.local/share/bash-completion/completions/netrig", "for one user"},
            {"netrig completion fish > ~/.config/fish/completions/netrig.fish", "the same for fish"}},
           {{"0", "printed"}});
  command->callback([shell, &action] {
    action = [shell](Session& session) {
      for (const ShellScript& one : shell_scripts()) {
        if (one.shell != *shell) continue;
        if (!session.options().json) report::say(std::string(one.text));
        session.answer({{"shell", *shell}, {"script", one.text}});
      }
      return 0;
    };
  });
}

}  // namespace netrig::cli
