// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <sstream>

#include "cli/help.hpp"
#include "cli/values.hpp"
#include "cli/walk.hpp"
#include "model/names.hpp"

namespace netrig::cli {
namespace {

/// What people who know other tools try first.
struct Guess {
  std::string_view word;
  std::string_view command;
};
constexpr std::array kGuesses = {
    Guess{"help", "--help"},       Guess{"version", "--version"}, Guess{"start", "up"},
    Guess{"create", "up"},         Guess{"apply", "up"},          Guess{"add", "up"},
    Guess{"deploy", "up"},         Guess{"stop", "down"},         Guess{"destroy", "down"},
    Guess{"delete", "down"},       Guess{"del", "down"},          Guess{"rm", "down"},
    Guess{"remove", "down"},       Guess{"clean", "down"},        Guess{"ls", "list"},
    Guess{"ps", "list"},           Guess{"labs", "list"},         Guess{"show", "status"},
    Guess{"info", "status"},       Guess{"inspect", "status"},    Guess{"check", "plan"},
    Guess{"validate", "plan"},     Guess{"diff", "plan"},         Guess{"drift", "verify"},
    Guess{"monitor", "watch"},     Guess{"draw", "graph"},        Guess{"dot", "graph"},
    Guess{"sh", "shell"},          Guess{"bash", "shell"},        Guess{"enter", "shell"},
    Guess{"attach", "shell"},      Guess{"ssh", "shell"},         Guess{"compare", "bench"},
    Guess{"driver", "drivers"},    Guess{"plugins", "drivers"},   Guess{"keygen", "drivers keygen"},
    Guess{"sign", "drivers sign"}, Guess{"pingall", "ping"},      Guess{"ping-all", "ping"},
    Guess{"export", "import"},     Guess{"save", "import"},       Guess{"dump", "import"},
    Guess{"tcpdump", "capture"},   Guess{"sniff", "capture"},     Guess{"pcap", "capture"},
    Guess{"dumpcap", "capture"},   Guess{"tshark", "capture"},    Guess{"wireshark", "capture"},
    Guess{"netem", "impair"},      Guess{"tc", "impair"},         Guess{"delay", "impair"}};

void add_global_options(CLI::App& app, GlobalOptions& options) {
  const auto grouped = [](CLI::Option* option) { return option->group(kGlobalGroup); };
  grouped(app.add_flag("--json", options.json, "Answer in JSON, errors too"));
  grouped(app.add_flag("-q,--quiet", options.quiet, "Say nothing but errors"));
  grouped(app.add_flag("-v,--verbose", options.verbose, "Say more; twice: say everything"));
  grouped(app.add_option("--host-config", options.host_config, "Host policy to use instead of the installed one"))
      ->type_name("FILE");
  grouped(app.add_option("--log-format", options.log_format, "Log as lines for people or as JSON lines"))
      ->check(one_of({"human", "json"}))
      ->type_name("human|json");
  grouped(app.add_option("--log-file", options.log_file, "Also write the whole log to a file"))->type_name("FILE");
  grouped(app.add_option("--trace-drivers", options.trace_drivers,
                         "Also write what drivers are asked, ask for and answer to a file, as JSON lines"))
      ->type_name("FILE");
  grouped(app.add_flag("--no-color", options.no_color, "No colour, also on a terminal"));
}

void add_commands(CLI::App& app, Action& action) {
  add_up(app, action);
  add_down(app, action);
  add_test(app, action);
  add_run(app, action);
  add_ping(app, action);
  add_bench(app, action);
  add_plan(app, action);
  add_graph(app, action);
  add_verify(app, action);
  add_watch(app, action);
  add_import(app, action);
  add_status(app, action);
  add_list(app, action);
  add_exec(app, action);
  add_shell(app, action);
  add_logs(app, action);
  add_impair(app, action);
  add_capture(app, action);
  add_drivers(app, action);
  add_doctor(app, action);
  add_audit(app, action);
  add_schema(app, action);
  add_completion(app, action);
}

std::string path_of(const CLI::App* command) {
  const CLI::App* parent = command->get_parent();
  return parent == nullptr ? command->get_name() : path_of(parent) + " " + command->get_name();
}

/// Where an error of the command line is: the command.
[[noreturn]] void refuse(const CLI::App* command, const std::string& why) {
  throw Error(ErrorCode::invalid, why, path_of(command));
}

[[noreturn]] void refuse_command(const CLI::App* parent, const std::string& word) {
  std::vector<std::string> names;
  for (const CLI::App* command : parent->get_subcommands({})) names.push_back(command->get_name());
  std::optional<std::string> hint = closest(word, names);
  const auto* guess =
      std::find_if(kGuesses.begin(), kGuesses.end(), [&](const Guess& one) { return one.word == word; });
  const bool at_root = parent->get_parent() == nullptr;
  if (at_root && guess != kGuesses.end()) hint = std::string(guess->command);
  refuse(parent, fmt::format("there is no command \"{}\"; {}", word,
                             hint ? fmt::format("did you mean \"{} {}\"?", path_of(parent), *hint)
                                  : fmt::format("\"{} --help\" lists them", path_of(parent))));
}

[[noreturn]] void refuse_option(const CLI::App* command, const std::string& typed) {
  const std::string word = typed.substr(0, typed.find('='));
  std::vector<std::string> commands;
  for (const CLI::App* one : command->get_subcommands({})) commands.push_back(one->get_name());
  std::vector<std::string> names;
  for (const CLI::App* at = command; at != nullptr; at = at->get_parent())
    for (const CLI::Option* one : at->get_options())
      for (const std::string& name : one->get_lnames()) names.push_back("--" + name);
  const std::string bare = word.substr(std::min(word.size(), word.find_first_not_of('-')));
  const auto as_command = closest(bare, commands);
  const auto same_letter = std::find_if(names.begin(), names.end(), [&](const std::string& name) {
    return bare.size() == 1 && name.substr(2).starts_with(bare);
  });
  const auto as_option = same_letter != names.end() ? std::optional(*same_letter) : closest(word, names);
  std::string advice = fmt::format("see \"{} --help\"", path_of(command));
  if (as_command && (*as_command == bare || !as_option))
    advice = fmt::format("did you mean \"{} {}\"?", path_of(command), *as_command);
  else if (as_option)
    advice = fmt::format("did you mean {}?", *as_option);
  refuse(command, fmt::format("there is no option {}; {}", word, advice));
}

[[noreturn]] void refuse_rest(const CLI::App* command, const std::vector<std::string>& rest) {
  const auto option =
      std::find_if(rest.begin(), rest.end(), [](const std::string& word) { return word.starts_with("-"); });
  if (option != rest.end()) refuse_option(command, *option);
  refuse(command, fmt::format("\"{}\" is one argument too many; see \"{} --help\"", rest.front(), path_of(command)));
}

/// The parser's errors in the words of ours.
std::string in_words(const CLI::App* command, const CLI::ParseError& error) {
  const std::string text = error.what();
  // "--jobs: 1 required N missing", "Could not convert: --json = maybe"
  const std::size_t dash = std::min(text.size(), text.find('-'));
  const std::string name = text.substr(dash, text.find_first_of(": ", dash) - dash);
  const CLI::Option* option = option_named(command, name);
  if (option != nullptr && !takes_value(*option) && dynamic_cast<const CLI::ConversionError*>(&error) != nullptr)
    return fmt::format("{} takes no value", name);
  if (text.find("At Most") != std::string::npos && dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr)
    return fmt::format("{} is given more than once", name);
  if (option != nullptr && takes_value(*option) && dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr)
    return fmt::format("{} wants a value: {}", name, option->get_type_name());
  if (dynamic_cast<const CLI::ExcludesError*>(&error) != nullptr) {
    constexpr std::string_view kBetween = " excludes ";
    if (const std::size_t at = text.find(kBetween); at != std::string::npos)
      return fmt::format("{} and {} do not go together", text.substr(0, at), text.substr(at + kBetween.size()));
  }
  return text;
}

}  // namespace

std::unique_ptr<CLI::App> command_tree(GlobalOptions& options, Action& action) {
  auto tree = std::make_unique<CLI::App>("Rigs up Linux networks from one TOML file, with device drivers as plugins.",
                                         "netrig");
  CLI::App& app = *tree;
  use_help_format(app);
  app.set_version_flag("--version", std::string("netrig ") + NETRIG_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  describe(
      app,
      {{"netrig up two-hosts.toml", "bring a lab up"},
       {"netrig exec two-hosts h1 ping -c1 192.0.2.2", "run a command in one of its namespaces"},
       {"netrig down two-hosts", "take it away again"},
       {"netrig run two-hosts.toml", "bring it up, run its tests, take it down"},
       {"netrig up --help", "what a command takes, with examples and its own exit codes"}},
      {{"0", "done"},
       {"1", "failed and rolled back"},
       {"2", "the lab file or the command line is wrong"},
       {"3", "a privilege is missing, a file is not protected, or the policy says no to the lab's commands"},
       {"4", "something exists already, or another netrig holds the lab"},
       {"5", "there is no such driver, or it is refused or misbehaves"},
       {"6", "the kernel lacks something"},
       {"7", "no such lab, namespace, service, user or key"},
       {"8", "done or rolled back, but for what is left and named: what was there before, what resists, or a service"},
       {"130", "interrupted and rolled back"}});
  add_global_options(app, options);
  add_commands(app, action);
  return tree;
}

std::variant<Action, std::string> read_command_line(std::vector<std::string> words, GlobalOptions& options) {
  Action action;
  const std::unique_ptr<CLI::App> tree = command_tree(options, action);
  CLI::App& app = *tree;
  const Walk found = walk(app, words);
  options.json = std::find(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(found.end), "--json") !=
                 words.begin() + static_cast<std::ptrdiff_t>(found.end);
  if (found.no_command) refuse_command(found.command, words[*found.no_command]);
  // What follows is the command's own, options too.
  if (found.end < words.size() && words[found.end] != "--")
    words.insert(words.begin() + static_cast<std::ptrdiff_t>(found.end), "--");
  try {
    std::reverse(words.begin(), words.end());
    app.parse(std::move(words));
  } catch (const CLI::Success& question) {
    std::ostringstream answer;
    app.exit(question, answer, answer);
    return answer.str();
  } catch (const CLI::ParseError& error) {
    // Whatever else is missing may be so because of it.
    if (found.no_option) refuse_option(found.command, *found.no_option);
    if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) refuse_rest(found.command, app.remaining(true));
    if (!found.command->get_subcommands({}).empty())
      refuse(found.command, fmt::format("which command? \"{} --help\" lists them", path_of(found.command)));
    refuse(found.command, fmt::format("{}; see \"{} --help\"", in_words(found.command, error), path_of(found.command)));
  }
  return action;
}

}  // namespace netrig::cli
