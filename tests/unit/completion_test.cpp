// SPDX-License-Identifier: Apache-2.0
// What is offered where, from the commands themselves and the names that there are.
#include "cli/completion.hpp"

#include <sstream>

#include "../catch.hpp"
#include "cli/command_line.hpp"

using namespace netrig;

namespace {

using Words = std::vector<std::string>;

/// A machine with two labs.
std::vector<cli::Candidate> names(cli::Subject subject, const std::string& lab) {
  using cli::Subject;
  switch (subject) {
    case Subject::lab:
      return {{"office", ""}, {"campus", ""}};
    case Subject::driver:
      return {{"veth", ""}, {"vlan", ""}};
    case Subject::machine_space:
      return {{"blue", ""}};
    case Subject::space:
      return {{lab + "-h1", ""}, {lab + "-h2", ""}};
    case Subject::interface:
      return {{lab + "-h1:eth0", "veth"}};
    case Subject::service:
      return {{"dns@" + lab, ""}};
    case Subject::test:
      return {{"h1 reaches h2", "test"}, {"slow", "tag"}, {"a\nb", ""}};
    case Subject::variable:
      return {{"spines=", ""}};
    case Subject::parameter:
      return {{"of-" + lab + "=", "what it is"}};
    case Subject::law_check:
      return {{"table.*", "all of them"}, {"table.name", "has a name"}};
  }
  return {};
}

std::string answer(const Words& words) { return cli::completions(words, names); }

/// Without what is said of them.
Words offered(const Words& words) {
  Words found;
  std::istringstream stream(answer(words));
  for (std::string line; std::getline(stream, line);) found.push_back(line.substr(0, line.find('\t')));
  return found;
}

void each_option(const CLI::App& command, const std::function<void(const CLI::App&, const CLI::Option&)>& each) {
  for (const CLI::Option* option : command.get_options()) each(command, *option);
  for (const CLI::App* below : command.get_subcommands({})) each_option(*below, each);
}

}  // namespace

TEST_CASE("of every argument and every option's value it is known what may stand there") {
  cli::GlobalOptions options;
  cli::Action action;
  std::size_t count = 0;
  each_option(*cli::command_tree(options, action), [&](const CLI::App& command, const CLI::Option& option) {
    if (option.get_items_expected_min() == 0 && !option.get_positional()) return;
    INFO(command.get_name() << " " << option.get_name() << " " << option.get_type_name());
    CHECK(cli::is_completed(option));
    ++count;
  });
  CHECK(count > 50);
}

TEST_CASE("commands and options are offered with what their help says") {
  CHECK_THAT(answer({""}), Catch::Matchers::StartsWith("up\tBring a lab up"));
  CHECK_THAT(answer({""}), !ContainsSubstring("complete\t"));
  CHECK(offered({"gr"}) == Words{"graph"});
  CHECK(offered({"drivers", "s"}) == Words{"sign", "show"});
  CHECK(answer({"up", "--repl"}) == "--replace\tAlso change a running lab of this name that came from another file\n");
  CHECK(offered({"graph", "--format", ""}) == Words{"svg", "dot", "mermaid", "json"});
  CHECK(offered({"graph", "--format=m"}) == Words{"--format=mermaid"});
  CHECK(offered({"--log-format", "j"}) == Words{"json"});
  CHECK(offered({"--json", "completion", ""}) == Words{"bash", "zsh", "fish"});
  // Those of every command, too, but for what is the root's alone.
  CHECK(offered({"list", "--v"}) == Words{"--verbose"});
  CHECK(offered({"--vers"}) == Words{"--version"});
  CHECK(offered({"list", ""}).front() == "--help");
}

TEST_CASE("names are offered where they are meant") {
  CHECK(offered({"down", ""}) == Words{"office", "campus", ":files toml"});
  CHECK(offered({"down", "--wait", "office", "c"}) == Words{"campus", ":files toml"});
  CHECK(offered({"up", "o"}) == Words{":files toml"});
  CHECK(offered({"up", "x.toml", "--only", "x.toml-h1"}) == Words{"x.toml-h1"});
  CHECK(offered({"up", "x.toml", "--set", "s"}) == Words{"spines="});
  CHECK(offered({"shell", "office", ""}) == Words{"office-h1", "office-h2"});
  CHECK(offered({"ping", "office", "*", "office-h1:"}) == Words{"office-h1:eth0"});
  CHECK(answer({"logs", "office", "d"}) == "dns@office\n");
  CHECK(answer({"test", "office", "-f", "h"}) == "h1 reaches h2\ttest\n");
  CHECK(offered({"test", "office", "--filter=s"}) == Words{"--filter=slow"});
  CHECK(offered({"import", ""}) == Words{"blue"});
  CHECK(offered({"drivers", "show", "ve"}) == Words{"veth"});
  CHECK(answer({"drivers", "test", "x.so", "--param", "o"}) == "of-x.so=\twhat it is\n");
  CHECK(offered({"drivers", "test", "x.so", "-f", "table"}) == Words{"table.*", "table.name"});
  CHECK(offered({"drivers", "test", "--filter=table.n"}) == Words{"--filter=table.name"});
  CHECK(offered({"run", "x.toml", "--artifacts", ""}) == Words{":directories"});
  CHECK(offered({"drivers", "check", ""}) == Words{":files"});
  CHECK(offered({"run", "x.toml", "--jobs", ""}).empty());
}

TEST_CASE("the command that exec runs is completed as a command of its own") {
  CHECK(offered({"exec", "office", "office-h1", ""}) == Words{":command 3"});
  CHECK(offered({"exec", "office", "office-h1", "ip", "-4", "ad"}) == Words{":command 3"});
  CHECK(offered({"exec", "--json", "office", "office-h1", "--", "ip", ""}) == Words{":command 5"});
  CHECK(offered({"exec", "office", "office-h1", "--js"}) == Words{"--json"});
}

TEST_CASE("what makes no sense is completed with nothing, and no name can break the answer") {
  CHECK(answer({}).find("up\t") == 0);
  CHECK(answer({"frobnicate", ""}).empty());
  CHECK(answer({"up", "--frob="}).empty());
  CHECK(offered({"shell", "office", "office-h1", ""}).front() == "--help");
  CHECK(offered({"test", "office", "-f", "a"}).empty());
  CHECK(offered({"down", "--", "--", "of"}) == Words{"office", ":files toml"});
}

TEST_CASE("there is a script for every shell, which asks netrig") {
  CHECK(cli::shell_scripts().size() == 3);
  for (const cli::ShellScript& one : cli::shell_scripts()) {
    INFO(one.shell);
    CHECK_THAT(std::string(one.text), ContainsSubstring(" complete -- "));
  }
}
