// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "kernel/namespace.hpp"
#include "kernel/view.hpp"
#include "report/output.hpp"
#include "session/own.hpp"
#include "session/views.hpp"

namespace netrig::cli {
namespace {

struct ExecOptions {
  std::string lab;
  std::string space;
  std::vector<std::string> command;
};

[[noreturn]] void fail_unknown(const std::string& lab, const std::string& space) {
  std::vector<std::string> names;
  for (const auto& made : record_of(lab).namespaces) names.push_back(made.name);
  const auto hint = closest(space, names);
  throw Error(ErrorCode::not_found, fmt::format("lab {} has no namespace \"{}\"{}", lab, space,
                                                hint ? fmt::format("; did you mean \"{}\"?", *hint) : ""));
}

/// The lab's own namespace of that name, not another that took its place.
UniqueFd open_space(const ExecOptions& options) {
  const std::string& lab = options.lab;
  const auto made = engine::Journal::find_namespace(lab, options.space);
  if (!made) fail_unknown(lab, options.space);
  UniqueFd fd = session::open_own(*made, lab);
  for (const char* name : {"LAB", "NETRIG_LAB"}) ::setenv(name, lab.c_str(), 1);
  for (const char* name : {"NAMESPACE", "NETRIG_NAMESPACE"}) ::setenv(name, made->name.c_str(), 1);
  return fd;
}

/// As shells say it, so that it is told apart from netrig's own codes.
int code_of_not_run(const Error& not_run) { return not_run.code() == ErrorCode::not_found ? 127 : 126; }

void enter(const UniqueFd& space, const ExecOptions& options, const View& view) {
  kernel::move_in(space, options.space);
  kernel::take_view(view, options.lab, options.space);
  for (const auto& [name, value] : view.values) ::setenv(name.c_str(), value.c_str(), 1);
}

/// Runs the command and collects what it prints.
Json capture(const UniqueFd& space, const ExecOptions& options, const View& view) {
  std::array<std::array<int, 2>, 2> pipes{};
  for (auto& one : pipes)
    if (::pipe2(one.data(), O_CLOEXEC) != 0) throw Error(ErrorCode::failed, "cannot make a pipe");
  const pid_t child = ::fork();
  if (child < 0) throw Error(ErrorCode::failed, "cannot start a process");
  if (child == 0) {
    ::dup2(pipes[0][1], STDOUT_FILENO);
    ::dup2(pipes[1][1], STDERR_FILENO);
    try {
      enter(space, options, view);
      kernel::run_program(options.command);
    } catch (const Error& error) {
      complain(fmt::format("netrig: {}", error.what()));
      std::fflush(stderr);
      ::_exit(code_of_not_run(error));
    }
  }
  std::array<UniqueFd, 2> ends = {UniqueFd(pipes[0][0]), UniqueFd(pipes[1][0])};
  for (const auto& one : pipes) ::close(one[1]);
  std::array<std::string, 2> texts;
  while (ends[0] || ends[1]) {
    std::array<pollfd, 2> waits = {pollfd{ends[0].get(), POLLIN, 0}, pollfd{ends[1].get(), POLLIN, 0}};
    if (::poll(waits.data(), waits.size(), -1) < 0) continue;
    for (std::size_t i = 0; i < 2; ++i) {
      if (waits.at(i).revents == 0) continue;
      std::array<char, 65536> chunk{};
      const ssize_t size = ::read(ends.at(i).get(), chunk.data(), chunk.size());
      if (size > 0)
        texts.at(i).append(chunk.data(), static_cast<std::size_t>(size));
      else if (size == 0 || errno != EINTR)
        ends.at(i).reset();
    }
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return {{"namespace", options.space},
          {"command", options.command},
          {"exit", code},
          {"stdout", texts[0]},
          {"stderr", texts[1]}};
}

int exec(Session& session, ExecOptions options) {
  session::require_privileges("entering a namespace");
  options.lab = resolve_lab(options.lab);
  const UniqueFd space = open_space(options);
  const View view = session::view_of(options.lab, options.space,
                                     [&](const engine::Record& record) { return session.applied(record); });
  if (session.options().json) {
    const Json result = capture(space, options, view);
    session.answer(result);
    return result["exit"].get<int>();
  }
  ::signal(SIGPIPE, SIG_DFL);
  enter(space, options, view);
  try {
    kernel::run_program(options.command);
  } catch (const Error& error) {
    return print_error(session.options(), error, code_of_not_run(error));
  }
}

std::vector<ExitCode> exec_codes() {
  return {{"other", "that of the command"},
          {"1",
           "the machine ran out of something or a record cannot be read, so nothing was run; with --json, also the "
           "answer could not be written"},
          {"2", "the command line is wrong, so nothing was run"},
          {"3", "a privilege is missing, so nothing was run"},
          {"7", "there is no such lab or namespace, so nothing was run"},
          {"126", "the command cannot be run"},
          {"127", "there is no such command"}};
}

}  // namespace

void add_exec(CLI::App& app, Action& action) {
  auto options = std::make_shared<ExecOptions>();
  auto* command = app.add_subcommand("exec", "Run a command in a namespace of a lab; its exit code is the command's");
  command->add_option("LAB", options->lab, "Name of a lab, or its file")->required()->type_name("NAME|FILE");
  command->add_option("NAMESPACE", options->space, "Namespace of the lab")->required()->type_name("NAME");
  command->add_option("COMMAND", options->command, "Command and its arguments; all that follows is its own")
      ->required()
      ->type_name("WORD");
  describe(*command,
           {{"netrig exec two-hosts h1 ping -c1 192.0.2.2", "run a command there"},
            {"netrig exec two-hosts h1 -- ip -br address", "the same; -- marks where the command begins"},
            {"netrig exec --json two-hosts h1 true", "collect exit code and output"}},
           exec_codes());
  command->callback([options, &action] { action = [options](Session& session) { return exec(session, *options); }; });
}

void add_shell(CLI::App& app, Action& action) {
  auto options = std::make_shared<ExecOptions>();
  auto* command = app.add_subcommand("shell", "Open a shell in a namespace of a lab");
  command->add_option("LAB", options->lab, "Name of a lab, or its file")->required()->type_name("NAME|FILE");
  command->add_option("NAMESPACE", options->space, "Namespace of the lab")->required()->type_name("NAME");
  describe(*command, {{"netrig shell two-hosts h1", "run $SHELL there"}}, exec_codes());
  command->callback([options, &action] {
    const char* shell = std::getenv("SHELL");
    options->command = {shell != nullptr && *shell != '\0' ? shell : "/bin/sh"};
    action = [options](Session& session) { return exec(session, *options); };
  });
}

}  // namespace netrig::cli
