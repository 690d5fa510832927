// SPDX-License-Identifier: Apache-2.0
// The command line as people type it, also wrongly, and the help that tells them how.
#include "cli/command_line.hpp"

#include <CLI/CLI.hpp>
#include <sstream>

#include "../catch.hpp"
#include "cli/help.hpp"
#include "model/error.hpp"

using namespace netrig;

namespace {

using Words = std::vector<std::string>;

/// As a shell splits a line that has only words, single quotes and a pipe or where it goes.
Words typed_words(const std::string& line) {
  Words words;
  std::string word;
  bool quoted = false;
  for (const char c : line + " ") {
    if (c == '|' || c == '>') break;
    if (c == '\'')
      quoted = !quoted;
    else if (c != ' ' || quoted)
      word += c;
    else if (!word.empty())
      words.push_back(std::exchange(word, {}));
  }
  return words;
}

std::string help_of(Words words) {
  words.emplace_back("--help");
  cli::GlobalOptions options;
  return std::get<std::string>(cli::read_command_line(words, options));
}

std::string refusal_of(const std::string& line) {
  cli::GlobalOptions options;
  try {
    cli::read_command_line(typed_words(line), options);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::invalid);
    return error.what();
  }
  return "none";
}

std::vector<std::string> each_line(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace

TEST_CASE("the help of every command has examples that can be typed and exit codes and the global options") {
  const auto command =
      GENERATE(as<std::string>{}, "", "up", "down", "test", "run", "ping", "bench", "plan", "graph", "verify", "watch",
               "import", "status", "logs", "impair", "capture", "list", "exec", "shell", "drivers", "drivers list",
               "drivers show", "drivers new", "drivers test", "drivers keygen", "drivers sign", "drivers check",
               "doctor", "audit", "schema", "completion");
  const std::string help = help_of(typed_words(command));
  INFO(command << ":\n" << help);
  CHECK_THAT(help, ContainsSubstring(std::string(cli::kGlobalGroup) + ":"));
  for (const char* option : {"--json", "--quiet", "--verbose", "--host-config", "--log-format", "--log-file",
                             "--trace-drivers", "--no-color"})
    CHECK_THAT(help, ContainsSubstring(option));
  CHECK_THAT(help, ContainsSubstring("Exit codes:\n") && ContainsSubstring("\n  2 ") && ContainsSubstring("\n  70 "));
  CHECK_THAT(help, ContainsSubstring(command.empty() ? "Usage: netrig" : "Usage: netrig " + command));
  std::size_t examples = 0;
  for (const std::string& line : each_line(help)) {
    CHECK(line.size() <= 80);
    if (!line.starts_with("  netrig ")) continue;
    ++examples;
    CHECK_THAT(line, Catch::Matchers::StartsWith("  netrig " + command));
    Words words = typed_words(line);
    words.erase(words.begin());
    if (words.back() == "--help") continue;
    cli::GlobalOptions options;
    CHECK_NOTHROW(cli::read_command_line(words, options));
  }
  CHECK(examples >= 1);
}

TEST_CASE("commands that test have exit codes of their own and exec has those of shells") {
  for (const char* command : {"test", "run", "bench"})
    CHECK_THAT(help_of({command}), ContainsSubstring("some failed") && !ContainsSubstring("rolled back"));
  for (const char* command : {"exec", "shell"})
    CHECK_THAT(help_of({command}), ContainsSubstring("\n  127 ") && ContainsSubstring("that of the command") &&
                                       !ContainsSubstring("rolled back"));
}

TEST_CASE("bench offers only the reports that it can write") {
  const std::string help = help_of({"bench"});
  CHECK_THAT(help, !ContainsSubstring("JUnit") && !ContainsSubstring(".tap") && ContainsSubstring(".html"));
  CHECK_THAT(help_of({"run"}), ContainsSubstring("JUnit") && ContainsSubstring(".tap"));
}

TEST_CASE("what is misspelt or guessed gets a suggestion") {
  const auto [line, suggestion] = GENERATE(table<std::string, std::string>({
      {"upp lab.toml", "netrig: there is no command \"upp\"; did you mean \"netrig up\"?"},
      {"stauts lab", "did you mean \"netrig status\"?"},
      {"--log-file x --json dwon", "did you mean \"netrig down\"?"},
      {"start lab.toml", "did you mean \"netrig up\"?"},
      {"stop lab", "did you mean \"netrig down\"?"},
      {"ls", "did you mean \"netrig list\"?"},
      {"help up", "did you mean \"netrig --help\"?"},
      {"version", "did you mean \"netrig --version\"?"},
      {"drivers lst", "netrig drivers: there is no command \"lst\"; did you mean \"netrig drivers list\"?"},
      {"frobnicate", "there is no command \"frobnicate\"; \"netrig --help\" lists them"},
      {"up --wiat lab.toml", "netrig up: there is no option --wiat; did you mean --wait?"},
      {"up --jsn lab.toml", "did you mean --json?"},
      {"up --zzz lab.toml", "netrig up: there is no option --zzz; see \"netrig up --help\""},
      {"up -x", "netrig up: there is no option -x; see \"netrig up --help\""},
      {"up -w", "netrig up: there is no option -w; did you mean --wait?"},
      {"up --zzz", "netrig up: there is no option --zzz; see \"netrig up --help\""},
      {"up --wiat", "netrig up: there is no option --wiat; did you mean --wait?"},
      {"drivers --list", "netrig drivers: there is no option --list; did you mean \"netrig drivers list\"?"},
      {"down --al", "there is no option --al; did you mean --all?"},
      {"up lab.toml more", "netrig up: \"more\" is one argument too many; see \"netrig up --help\""},
      {"up", "netrig up: LAB is required; see \"netrig up --help\""},
      {"", "netrig: which command? \"netrig --help\" lists them"},
      {"drivers", "netrig drivers: which command? \"netrig drivers --help\" lists them"},
  }));
  INFO(line);
  CHECK_THAT(refusal_of(line), ContainsSubstring(suggestion));
}

TEST_CASE("what an option does not take is told in the words of all other errors") {
  const auto [line, message] = GENERATE(table<std::string, std::string>({
      {"run x.toml --jobs 0",
       "netrig run: --jobs: \"0\" is not a whole number from 1 to 256; see \"netrig run --help\""},
      {"run x.toml -j many", "--jobs: \"many\" is not a whole number from 1 to 256"},
      {"bench x.toml --rounds -1", "--rounds: \"-1\" is not a whole number from 1 to 1000"},
      {"graph x.toml --format png", "--format: \"png\" is none of svg, dot, mermaid, json; see"},
      {"--log-format xml list", "--log-format: \"xml\" is none of human, json"},
      {"run x.toml --jobs", "netrig run: --jobs wants a value: N; see"},
      {"up x.toml --name a --name b", "netrig up: --name is given more than once; see"},
      {"list --json=perhaps", "netrig list: --json takes no value; see"},
      {"run a.toml --seed 0", "netrig run: --seed: \"0\" is not a whole number from 1 to"},
      {"down x --all", "netrig down: LAB and --all do not go together; see"},
  }));
  INFO(line);
  CHECK_THAT(refusal_of(line), ContainsSubstring(message));
}

TEST_CASE("every command says what it is when its output cannot be written") {
  for (const char* command :
       {"doctor", "plan", "list", "status", "audit", "graph", "exec", "drivers list", "drivers show"}) {
    INFO(command);
    CHECK_THAT(help_of(typed_words(command)), ContainsSubstring("\n  1 "));
  }
  CHECK_THAT(help_of({"list"}), ContainsSubstring("\n  3 "));
  CHECK_THAT(help_of({"drivers", "sign"}), ContainsSubstring("the lab file (.toml)"));
}

TEST_CASE("whether errors shall be JSON is known also when the command line is wrong") {
  for (const char* line : {"--json upp", "up --json", "up --json --zzz x", "run x.toml --jobs 0 --json"}) {
    cli::GlobalOptions options;
    CHECK_THROWS_AS(cli::read_command_line(typed_words(line), options), Error);
    CHECK(options.json);
  }
  // Behind the command that exec runs it is that command's.
  for (const char* line : {"exec lab h1 ip --json", "exec lab h1 -- --json"}) {
    cli::GlobalOptions options;
    CHECK(std::holds_alternative<cli::Action>(cli::read_command_line(typed_words(line), options)));
    CHECK_FALSE(options.json);
  }
}
