// SPDX-License-Identifier: Apache-2.0
// The program gets numbers alone, no name of the lab; files in memory carry them, so that neither side waits for the
// other, and a limit of processor time ends it with us or without us.
#include "report/drawing/graphviz.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <locale>
#include <set>
#include <sstream>
#include <string>

#include "model/unique_fd.hpp"

namespace netrig::report {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kFew = 150;    // boxes that neato is quick enough for
constexpr std::size_t kMost = 2500;  // more take longer than anybody waits
constexpr rlim_t kProcessorSeconds = 12;
constexpr rlim_t kMemory = rlim_t{2} << 30U;
constexpr rlim_t kFile = rlim_t{16} << 20U;  // what it may write
constexpr double kFarthest = 1e5;            // Units: inches
constexpr double kInch = 72;                 // points, which Graphviz takes for our pixels

std::string program(std::string_view name) {
  const char* path = std::getenv("PATH");
  std::istringstream places(path != nullptr ? path : "/usr/bin:/bin");
  for (std::string place; std::getline(places, place, ':');)
    if (std::string file = fmt::format("{}/{}", place, name);
        place.starts_with('/') && ::access(file.c_str(), X_OK) == 0)
      return file;
  return {};
}

std::string question(const Neighbours& neighbours, const std::vector<std::size_t>& component, const Sizes& sizes) {
  // Prism moves boxes off each other and keeps their shape as a whole.
  std::string text =
      "graph {\ngraph [start=1, overlap=prism, sep=\"+16\", splines=none];\nnode [shape=box, fixedsize=true];\n";
  double sum = 0;
  for (const std::size_t box : component) {
    const Size& size = sizes.at(box);
    text += fmt::format("{} [width={:.3f}, height={:.3f}];\n", box, size.width / kInch, size.height / kInch);
    sum += size.width + size.height;
  }
  const double length = sum / static_cast<double>(component.size()) / kInch + 0.6;
  text += fmt::format("edge [len={0:.3f}];\ngraph [K={0:.3f}];\n", length);
  for (const std::size_t box : component)
    for (const auto& next : neighbours.of[box])
      if (next.box > box) text += fmt::format("{} -- {};\n", box, next.box);
  return text + "}\n";
}

/// A file without a name. Closed by who runs the program only.
UniqueFd memory() { return UniqueFd(static_cast<int>(::syscall(SYS_memfd_create, "netrig-graphviz", MFD_CLOEXEC))); }

bool write_all(int fd, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t count = ::pwrite(fd, text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    done += static_cast<std::size_t>(count);
  }
  return true;
}

std::string read_all(int fd) {
  struct stat about {};
  if (::fstat(fd, &about) != 0 || about.st_size > static_cast<off_t>(kFile)) return {};
  std::string text(static_cast<std::size_t>(about.st_size), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t count = ::pread(fd, text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return {};
    done += static_cast<std::size_t>(count);
  }
  return text;
}

/// Whether a child ended well before time was over; else it is killed.
bool ends_well(pid_t child, Clock::time_point deadline) {
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  bool ended = false;
  while (process.get() >= 0 && !ended) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) break;
    pollfd waiting = {.fd = process.get(), .events = POLLIN, .revents = 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(left));
    if (ready < 0 && errno != EINTR) break;
    ended = ready > 0;
  }
  if (!ended) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return false;
  return ended && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// What a program answers; empty: nothing of use.
std::string answer(const std::string& file, const std::string& text, Clock::time_point deadline) {
  const UniqueFd input = memory();
  const UniqueFd output = memory();
  if (input.get() < 0 || output.get() < 0 || !write_all(input.get(), text)) return {};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, input.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, output.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  // Signals as they are for a program that a shell starts, whatever netrig blocks.
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none;
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  std::string name = file;
  std::string form = "-Tplain";
  std::string locale = "LC_ALL=C";
  std::array<char*, 3> arguments = {name.data(), form.data(), nullptr};
  std::array<char*, 2> environment = {locale.data(), nullptr};
  pid_t child = -1;
  const int fault = ::posix_spawn(&child, name.c_str(), &actions, &attributes, arguments.data(), environment.data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (fault != 0) return {};
  const rlimit time = {.rlim_cur = kProcessorSeconds, .rlim_max = kProcessorSeconds};
  const rlimit room = {.rlim_cur = kMemory, .rlim_max = kMemory};
  const rlimit output_room = {.rlim_cur = kFile, .rlim_max = kFile};
  ::prlimit(child, RLIMIT_CPU, &time, nullptr);
  ::prlimit(child, RLIMIT_AS, &room, nullptr);
  ::prlimit(child, RLIMIT_FSIZE, &output_room, nullptr);
  return ends_well(child, deadline) ? read_all(output.get()) : std::string();
}

/// Lines "node NAME X Y ...", of each box one, and no two at one place; else nothing.
Centres read(const std::string& text, const Sizes& sizes) {
  Centres centres;
  std::set<std::pair<long, long>> taken;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    words.imbue(std::locale::classic());
    std::string kind;
    std::size_t box = 0;
    Point at;
    if (!(words >> kind) || kind != "node") continue;
    if (!(words >> box >> at.x >> at.y) || !sizes.contains(box) || !(std::abs(at.x) < kFarthest) ||
        !(std::abs(at.y) < kFarthest) || !taken.emplace(std::lround(10 * at.x), std::lround(10 * at.y)).second)
      return {};
    centres[box] = {at.x * kInch, -at.y * kInch};
  }
  return centres.size() == sizes.size() ? centres : Centres();
}

}  // namespace

bool graphviz_is_installed() { return !program("neato").empty() && !program("sfdp").empty(); }

Centres by_graphviz(const Neighbours& neighbours, const std::vector<std::size_t>& component, const Sizes& sizes,
                    std::chrono::milliseconds patience) {
  if (component.size() > kMost) return {};
  const std::string file = program(component.size() > kFew ? "sfdp" : "neato");
  if (file.empty()) return {};
  return read(answer(file, question(neighbours, component, sizes), Clock::now() + patience), sizes);
}

}  // namespace netrig::report
