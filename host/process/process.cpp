// SPDX-License-Identifier: Apache-2.0
#include "process/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdint>
#include <set>

#include "model/error_number.hpp"

extern char** environ;  // NOLINT(readability-redundant-declaration): not every C library declares it

namespace netrig::process {
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

/// Reads one message whole; false: the other side is gone without it.
template <typename Message>
bool read_message(const UniqueFd& end, Message& message) {
  ssize_t size = 0;
  while ((size = ::read(end.get(), &message, sizeof message)) < 0 && errno == EINTR) {
  }
  return size == sizeof message;
}

/// netrig's own, with what its place and the task set; of several the last counts.
std::vector<std::string> environment_of(const Place& place, const Task& task) {
  std::vector<std::pair<std::string, std::string>> set = {{"LAB", place.lab}, {"NAMESPACE", place.home.name.str()}};
  if (task.user)
    for (const auto& [name, value] :
         {std::pair{"HOME", task.user->home}, {"USER", task.user->name}, {"LOGNAME", task.user->name}})
      set.emplace_back(name, value);
  set.insert(set.end(), place.home.view.values.begin(), place.home.view.values.end());
  set.insert(set.end(), task.environment.begin(), task.environment.end());
  set.emplace_back("NETRIG_LAB", place.lab);
  set.emplace_back("NETRIG_NAMESPACE", place.home.name.str());
  std::set<std::string_view> names;
  for (const auto& [name, value] : set) names.insert(name);
  std::vector<std::string> entries;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (!names.contains(text.substr(0, text.find('=')))) entries.emplace_back(text);
  }
  for (auto one = set.rbegin(); one != set.rend(); ++one)
    if (names.erase(one->first) != 0) entries.push_back(one->first + "=" + one->second);
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
void await_begin(UniqueFd& begun, const std::string& program) {
  StartFault fault;
  ssize_t size = 0;
  while ((size = ::read(begun.get(), &fault, sizeof fault)) < 0 && errno == EINTR) {
  }
  begun.reset();
  if (size == 0) return;
  if (size != sizeof fault) throw Error(ErrorCode::failed, fmt::format("cannot run {}", program));
  const std::string why = fault.error == 0 ? "" : ": " + errno_text(fault.error);
  if (fault.command)
    throw Error(fault.error == ENOENT ? ErrorCode::not_found : ErrorCode::failed,
                fmt::format("cannot run {}{}", program, why));
  throw Error(refusal_code(fault.error), fmt::format("{}{}", fault.what, why));
}

}  // namespace

struct Process::State {
  pid_t relay = -1;
  bool kept = false;
  bool forked = false;
  Identity identity;
  std::string program;
  nanoseconds stop{};
  UniqueFd begun;
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
    if (size == sizeof message && message.forked) {
      forked = true;
      return;
    }
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

const Identity& Process::identity() const { return state_->identity; }
bool Process::has_forked() const { return state_->forked; }
void Process::forget_output() {
  for (std::string& text : state_->texts) text.clear();
}

Process Process::fork(const Place& place, const Task& task, const Log* log) {
  Pipe life = make_pipe();
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  Pipe status = make_pipe();
  Pipe begun = make_pipe();
  Pipe identity = make_pipe();
  Command words = task.command;
  std::vector<std::string> environment = environment_of(place, task);
  Start start{.space = place.space,
              .name = place.home.name.str(),
              .view = place.home.view,
              .lab = place.lab,
              .arguments = pointers(words),
              .environment = pointers(environment),
              .user = task.user ? &*task.user : nullptr,
              .directory = task.directory.empty() ? nullptr : task.directory.c_str(),
              .forks = task.forks,
              .stop = task.stop,
              .life = life.read.get(),
              .out = out.write.get(),
              .err = err.write.get(),
              .status = status.write.get(),
              .begun = begun.write.get(),
              .identity = identity.write.get()};
  if (log != nullptr) {
    start.kept = true;
    start.logs = log->directory;
    start.service = log->service;
    start.log = log->most;
    start.title = fmt::format("netrig: service {} of lab {}", log->service, place.lab);
  }
  auto state = std::make_unique<State>();
  state->kept = start.kept;
  state->program = task.command.front();
  state->stop = task.stop;
  state->relay = ::fork();
  if (state->relay < 0) throw Error(ErrorCode::failed, fmt::format("cannot start a process: {}", errno_text(errno)));
  if (state->relay == 0) run_relay(start);
  state->life = std::move(life.write);
  state->status = std::move(status.read);
  state->begun = std::move(begun.read);
  state->streams = {std::move(out.read), std::move(err.read)};
  for (UniqueFd* ours : {&begun.write, &out.write, &err.write, &status.write, &identity.write}) ours->reset();
  if (start.kept && !read_message(identity.read, state->identity)) {
    state->life.reset();  // the first process, if there is one, waits for a word and has none to say before
    await_begin(state->begun, state->program);
    throw Error(ErrorCode::failed, "its first process ended before it began");
  }
  return Process(std::move(state));
}

Process Process::start(const Place& place, const Task& task) {
  Process process = fork(place, task, nullptr);
  await_begin(process.state_->begun, process.state_->program);
  return process;
}

Process Process::prepare(const Place& place, const Task& task, const Log& log) { return fork(place, task, &log); }

void Process::go() {
  const char word = kGo;
  if (::write(state_->life.get(), &word, 1) != 1)
    throw Error(ErrorCode::failed, fmt::format("its first process is gone: {}", errno_text(errno)));
  state_->life.reset();
  await_begin(state_->begun, state_->program);
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
    static_cast<void>(!::write(state_->life.get(), &kTerminate, 1));
    wait({Clock::now() + state_->stop + 2s, nullptr});
  }
  state_->life.reset();
  if (state_->relay > 0) reap(state_->relay);
  state_->relay = -1;
}

Output run_command(const Place& place, const Task& task, const Until& until) {
  Process process = Process::start(place, task);
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

std::optional<std::uint32_t> account_number(const std::string& text) {
  std::uint32_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end || number == UINT32_MAX) return std::nullopt;
  return number;
}

User user_of(const std::string& name) {
  const auto fail = [&] { throw Error(ErrorCode::not_found, fmt::format("there is no user \"{}\"", name)); };
  std::vector<char> buffer(64UL << 10);
  passwd entry{};
  passwd* found = nullptr;
  const auto number = account_number(name);
  if (number)
    ::getpwuid_r(*number, &entry, buffer.data(), buffer.size(), &found);
  else
    ::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr && !number) fail();
  // A number needs no name.
  if (found == nullptr) return {.id = *number, .group = *number, .groups = {*number}, .name = name, .home = "/"};
  User user{.id = entry.pw_uid, .group = entry.pw_gid, .groups = {}, .name = entry.pw_name, .home = entry.pw_dir};
  std::vector<gid_t> groups(NGROUPS_MAX);
  int count = NGROUPS_MAX;
  if (::getgrouplist(entry.pw_name, entry.pw_gid, groups.data(), &count) >= 0)
    user.groups.assign(groups.begin(), groups.begin() + count);
  return user;
}

Task task_of(const Service& service) {
  Task task{.command = service.command,
            .stop = service.stop,
            .forks = service.forks,
            .user = {},
            .directory = service.directory,
            .environment = service.environment};
  if (!service.user.empty()) task.user = user_of(service.user);
  // One that outlives netrig must not hold the directory that netrig was called in.
  if (task.directory.empty() && service.start == Service::Start::up) task.directory = "/";
  return task;
}

}  // namespace netrig::process
