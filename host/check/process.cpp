// SPDX-License-Identifier: Apache-2.0
#include "check/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "check/first_process.hpp"
#include "model/error_number.hpp"

extern char** environ;  // NOLINT(readability-redundant-declaration): not every C library declares it

namespace netrig::check {
namespace {

constexpr std::size_t kKept = 256UL << 10;
// What is still in the pipes when a command has ended comes at once; nobody is left to write more.
constexpr auto kDrain = 200ms;

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    throw Error(ErrorCode::failed, fmt::format("cannot make a pipe: {}", errno_text(errno)));
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

/// The end of what a stream has brought.
void keep(std::string& text, const char* bytes, std::size_t size) {
  text.append(bytes, size);
  if (text.size() > 2 * kKept) text.erase(0, text.size() - kKept);
}

/// Reads once; closes the end when nobody writes any more.
void read_some(UniqueFd& end, std::string& text) {
  std::array<char, 65536> chunk{};
  const ssize_t size = ::read(end.get(), chunk.data(), chunk.size());
  if (size > 0)
    keep(text, chunk.data(), static_cast<std::size_t>(size));
  else if (size == 0 || (errno != EINTR && errno != EAGAIN))
    end.reset();
}

std::vector<std::string> environment_of(const Ground& ground, std::size_t space) {
  std::vector<std::string> entries;
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (!std::string_view(*entry).starts_with("NETRIG_LAB=") &&
        !std::string_view(*entry).starts_with("NETRIG_NAMESPACE="))
      entries.emplace_back(*entry);
  entries.push_back("NETRIG_LAB=" + ground.lab().name.str());
  entries.push_back("NETRIG_NAMESPACE=" + ground.name(space));
  return entries;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

void reap(pid_t relay) {
  while (::waitpid(relay, nullptr, 0) < 0 && errno == EINTR) {
  }
}

/// Waits for exec to happen. Throws what kept it from happening.
void await_begin(UniqueFd& begun, const Command& command) {
  StartFault fault;
  ssize_t size = 0;
  while ((size = ::read(begun.get(), &fault, sizeof fault)) < 0 && errno == EINTR) {
  }
  begun.reset();
  if (size == 0) return;
  if (size != sizeof fault) throw Error(ErrorCode::failed, fmt::format("cannot run {}", shell_line(command)));
  const std::string why = fault.error == 0 ? "" : ": " + errno_text(fault.error);
  if (fault.command)
    throw Error(fault.error == ENOENT ? ErrorCode::not_found : ErrorCode::failed,
                fmt::format("cannot run {}{}", command.front(), why));
  throw Error(refusal_code(fault.error), fmt::format("{}{}", fault.what, why));
}

}  // namespace

struct Process::State {
  pid_t relay = -1;
  UniqueFd life;
  UniqueFd status;
  std::array<UniqueFd, 2> streams;
  std::array<std::string, 2> texts;
  std::optional<Ended> ended;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    life.reset();
    if (relay > 0) reap(relay);
  }

  void take_status() {
    EndMessage message;
    const ssize_t size = ::read(status.get(), &message, sizeof message);
    if (size < 0 && errno == EINTR) return;
    status.reset();
    Ended how;
    if (size == sizeof message) {
      how.exit =
          WIFEXITED(message.wait_status) ? WEXITSTATUS(message.wait_status) : 128 + WTERMSIG(message.wait_status);
      how.user_seconds = message.user_seconds;
      how.system_seconds = message.system_seconds;
    } else {
      how.exit = 128 + SIGKILL;  // the first process itself was killed
    }
    ended = how;
  }

  /// One look at everything that may bring something.
  void poll_once(int timeout) {
    std::array<pollfd, 3> waits = {pollfd{streams[0].get(), POLLIN, 0}, pollfd{streams[1].get(), POLLIN, 0},
                                   pollfd{status.get(), POLLIN, 0}};
    if (::poll(waits.data(), waits.size(), timeout) <= 0) return;
    for (std::size_t i = 0; i < streams.size(); ++i)
      if (waits.at(i).revents != 0) read_some(streams.at(i), texts.at(i));
    if (waits[2].revents != 0) take_status();
  }

  void drain() {
    const auto until = Clock::now() + kDrain;
    while ((streams[0] || streams[1]) && Clock::now() < until) poll_once(10);
    for (UniqueFd& stream : streams) stream.reset();
  }
};

Process::Process(std::unique_ptr<State> state) : state_(std::move(state)) {}
Process::Process(Process&&) noexcept = default;
Process& Process::operator=(Process&&) noexcept = default;
Process::~Process() = default;
const std::string& Process::out() const { return state_->texts[0]; }
const std::string& Process::err() const { return state_->texts[1]; }

Process Process::start(const Ground& ground, const ProcessSpec& spec) {
  Pipe life = make_pipe();
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  Pipe status = make_pipe();
  Pipe begun = make_pipe();
  Command words = spec.command;
  std::vector<std::string> environment = environment_of(ground, spec.space);
  const Start start{.space = ground.space(spec.space),
                    .name = ground.name(spec.space),
                    .arguments = pointers(words),
                    .environment = pointers(environment),
                    .life = life.read.get(),
                    .out = out.write.get(),
                    .err = err.write.get(),
                    .status = status.write.get(),
                    .begun = begun.write.get()};
  auto state = std::make_unique<State>();
  state->relay = ::fork();
  if (state->relay < 0) throw Error(ErrorCode::failed, fmt::format("cannot start a process: {}", errno_text(errno)));
  if (state->relay == 0) run_relay(start);
  state->life = std::move(life.write);
  state->status = std::move(status.read);
  state->streams = {std::move(out.read), std::move(err.read)};
  begun.write.reset();
  out.write.reset();
  err.write.reset();
  status.write.reset();
  await_begin(begun.read, spec.command);
  return Process(std::move(state));
}

std::optional<Ended> Process::wait(const Until& until) {
  bool looked = false;
  while (!state_->ended && (!looked || !until.over())) {
    state_->poll_once(until.poll_timeout());
    looked = true;
  }
  if (state_->ended) state_->drain();
  return state_->ended;
}

void Process::stop() {
  if (!state_->ended && state_->life) {
    static_cast<void>(!::write(state_->life.get(), "T", 1));
    wait({Clock::now() + 2s, nullptr});
  }
  state_->life.reset();
  if (state_->relay > 0) reap(state_->relay);
  state_->relay = -1;
}

Output run_command(const Ground& ground, const ProcessSpec& spec, const Until& until) {
  Process process = Process::start(ground, spec);
  Output output;
  if (const auto ended = process.wait(until)) {
    output.ended = *ended;
  } else {
    process.stop();
    output.ended = process.wait({Clock::now(), nullptr}).value_or(Ended{.exit = 128 + SIGKILL});
    output.ended.timed_out = true;
  }
  output.out = process.out();
  output.err = process.err();
  return output;
}

std::string shell_line(const Command& command) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_";
  std::string line;
  for (const std::string& word : command) {
    if (!line.empty()) line += ' ';
    if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) {
      line += word;
      continue;
    }
    line += '\'';
    for (const char c : word) line += c == '\'' ? std::string("'\\''") : std::string(1, c);
    line += '\'';
  }
  return line;
}

}  // namespace netrig::check
