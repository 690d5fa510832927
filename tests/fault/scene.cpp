// SPDX-License-Identifier: Apache-2.0
#include "scene.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "calls.hpp"
#include "change.hpp"
#include "process.hpp"

namespace fault {
namespace {

namespace fs = std::filesystem;
constexpr auto kHang = std::chrono::seconds(20);
constexpr double kStall = 1.0;  // seconds beyond what it takes without a fault
constexpr auto kSettle = std::chrono::seconds(10);
constexpr const char* kPolicy = "/tmp/host.toml";  // with a driver that has a worker: those of netrig are but tables

// What the machine's administrator had before the lab came.
constexpr const char* kExisting = R"(
printf '%s\n' 'link set lo up' 'link add uplink type veth peer name cable' 'link set uplink addrgenmode none up' \
  'link set cable addrgenmode none up' 'link add card mtu 1400 type veth peer name slot' \
  'link set card addrgenmode none up' 'link set slot addrgenmode none up' | ip -b -
for link in uplink cable card slot; do until ip link show $link | grep -q LOWER_UP.*state.UP; do sleep 0.01; done; done
printf '%s\n' 'addr add 198.51.100.1/24 dev uplink' 'route add 203.0.113.128/25 dev uplink' \
  'addr add 198.51.101.1/24 dev card' 'route add 203.0.113.64/26 via 198.51.101.9' | ip -b -
cd /proc/sys/net/ipv4
echo 0 >ip_forward
echo 0 >conf/uplink/arp_ignore
)";
// As few programs as can be: thousands of cases look three times each. Multicast routes of two interfaces are in the
// order in which their carriers came, which is chance.
constexpr const char* kLook = R"(
printf '%s\n' addr rule 'neigh show nud permanent' | ip -j -d -b -
for family in -4 -6; do ip $family -d route show table all; done | LC_ALL=C sort
cd /proc/sys/net/ipv4
LC_ALL=C grep -sH . ip_forward conf/all/* conf/default/* conf/uplink/* conf/card/* || true
)";

void check(bool good, const char* what) {
  if (!good) throw std::runtime_error(fmt::format("the case could not be set up: {}: {}", what, std::strerror(errno)));
}

std::string inside_existing(const char* script) {
  const Done done = run({"nsenter", "--net=/run/netns/outside", "sh", "-ec", script});
  if (done.exit != 0) throw std::runtime_error("the existing namespace cannot be looked at: " + done.err);
  return done.out;
}

/// Process 1 of the case's process namespace: with it everything there ends.
void start_first_process() {
  std::array<int, 2> ready{};
  check(::pipe2(ready.data(), O_CLOEXEC) == 0, "pipe");
  const pid_t child = ::fork();
  check(child >= 0, "fork");
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::mount("proc", "/proc", "proc", 0, nullptr) != 0 || ::write(ready[1], "", 1) != 1) ::_exit(1);
    for (;;)
      if (::waitpid(-1, nullptr, 0) < 0) ::usleep(20000);
  }
  ::close(ready[1]);
  char byte = 0;
  check(::read(ready[0], &byte, 1) == 1, "process namespace");
  ::close(ready[0]);
}

void make_world() {
  check(::unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID) == 0, "unshare");
  check(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "private mounts");
  start_first_process();
  for (const char* place : {"/run/netns", "/run/netrig", "/tmp"}) {
    ::mkdir(place, 0755);
    check(::mount("tmpfs", place, "tmpfs", 0, "mode=0755") == 0, place);
  }
  const Done added = run({"ip", "netns", "add", "outside"});
  if (added.exit != 0) throw std::runtime_error("the existing namespace cannot be made: " + added.err);
  inside_existing(kExisting);
  std::ofstream(kPolicy) << fmt::format(
      "[plugins]\ndirectories = [\"{}\", \"{}\"]\n[driver.physical]\ngrant = [\"BORROW\"]\n", NETRIG_PLUGINS,
      NETRIG_TEST_PLUGINS);
  fs::permissions(kPolicy, fs::perms::owner_read);
}

std::vector<std::string> entries(const char* directory) {
  std::vector<std::string> names;
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator(directory, gone)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> processes() {
  std::vector<std::string> found;
  for (const std::string& name : entries("/proc"))
    if (name != "1" && name != std::to_string(::getpid()) && name.find_first_not_of("0123456789") == std::string::npos)
      found.push_back(name);
  return found;
}

/// What there is beside the existing namespace as it was; empty: nothing.
std::string left_over(const std::string& before) {
  if (const auto spaces = entries("/run/netns"); spaces != std::vector<std::string>{"outside"})
    return fmt::format("namespaces {}", fmt::join(spaces, " "));
  if (const auto records = entries("/run/netrig"); !records.empty())
    return fmt::format("records {}", fmt::join(records, " "));
  if (const auto running = processes(); !running.empty()) return fmt::format("processes {}", fmt::join(running, " "));
  const std::string now = inside_existing(kLook);
  if (now == before) return {};
  const auto [was, is] = std::mismatch(before.begin(), before.end(), now.begin(), now.end());
  const auto from = static_cast<std::size_t>(is - now.begin());
  return fmt::format("the existing namespace is not as it was: ...{}... was ...{}...",
                     now.substr(from < 40 ? 0 : from - 40, 160), before.substr(from < 40 ? 0 : from - 40, 160));
}

/// The same, but the kernel may take its time to take things apart.
std::string left_for_good(const std::string& before) {
  const auto deadline = std::chrono::steady_clock::now() + kSettle;
  std::string left = left_over(before);
  while (!left.empty() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    left = left_over(before);
  }
  return left;
}

std::string quoted(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::replace(text.begin(), text.end(), '\n', '|');
  return text.size() > 600 ? text.substr(0, 600) + "..." : text;
}

class Judge {
 public:
  Judge(const Setting& setting, const std::optional<Point>& point, Verdict& verdict)
      : setting_(setting), point_(point), verdict_(verdict) {}

  /// `change`: of an edit or a mend; nullptr: the command is none.
  void judge(std::chrono::duration<double> usual, const std::string& before, const Change* change) {
    const Traced& traced = verdict_.traced;
    if (traced.hung) say("it hangs");
    if (traced.outlived != 0 && !(setting_.command == "run" && told()))
      say(fmt::format("{} processes outlive it", traced.outlived));
    if (usual.count() > 0 && !traced.hung && traced.time.count() > usual.count() + kStall)
      say(fmt::format("{} {:.1f} s, without a fault {:.1f} s", kSlow, traced.time.count(), usual.count()));
    if (!traced.hung) judge_code();
    judge_words();
    if (!traced.hung && change != nullptr)
      for (std::string& fault : change->judge(traced, point_ ? &*point_ : nullptr, whole())) say(std::move(fault));
    else if (!traced.hung)
      judge_state(before);
    judge_after(before);
  }

 private:
  [[nodiscard]] const Sight& whole() const { return setting_.whole.empty() ? verdict_.whole : setting_.whole; }
  void say(std::string text) { verdict_.faults.push_back(std::move(text)); }
  [[nodiscard]] bool killed() const { return point_ && point_->error == kKill && point_->role == "host"; }

  /// Whether it says that the lab, or its record, is left.
  [[nodiscard]] bool told() const {
    const std::string& words = verdict_.traced.err;
    return words.find("netrig down fault") != std::string::npos ||
           words.find("cannot remove /run/netrig/fault") != std::string::npos;
  }

  void judge_code() {
    const int code = verdict_.traced.exit;
    const bool right = point_ && verdict_.traced.reached ? is_right_code(setting_.command, *point_, code) : code == 0;
    if (!right) say(fmt::format("exit code {}", code));
  }

  void judge_words() {
    const Traced& traced = verdict_.traced;
    for (const char* word : {"internal error", "terminate called", "std::", "basic_string", "Assertion"})
      if (traced.err.find(word) != std::string::npos || traced.out.find(word) != std::string::npos)
        say(fmt::format("it says \"{}\"", word));
    const bool mute = killed() || (point_ && point_->call.find("write") != std::string::npos);
    if (traced.exit != 0 && traced.err.empty() && traced.out.empty() && !mute) say("it says nothing");
  }

  /// The state is what the exit code says.
  void judge_state(const std::string& before) {
    const int code = verdict_.traced.exit;
    if (killed()) return;
    if (setting_.command == "up" && code == 0) {
      const Done status = run({setting_.netrig, "--host-config", kPolicy, "status", "fault"});
      if (status.exit != 0)
        say(fmt::format("it says that the lab is up, but status {}: {}", status.exit, quoted(status.out + status.err)));
      return;
    }
    if (setting_.command == "down" && code != 0) return;
    // What cannot be taken away is left, but then it is named.
    if (setting_.command == "run" && code != 0 && told()) return;
    if (const std::string left = left_for_good(before); !left.empty())
      say(fmt::format("exit code {}, but there are left: {}", code, left));
  }

  void judge_after(const std::string& before) {
    const Done down = run({setting_.netrig, "--host-config", kPolicy, "down", "fault"});
    if (down.exit != 0 && down.exit != 7)
      say(fmt::format("the next down ends with {}: {}", down.exit, quoted(down.err)));
    if (const std::string left = left_for_good(before); !left.empty())
      say(fmt::format("after the next down there are left: {}", left));
  }

  const Setting& setting_;
  const std::optional<Point>& point_;
  Verdict& verdict_;
};

}  // namespace

Verdict play(const Setting& setting, const std::optional<Point>& point, std::chrono::duration<double> usual) {
  const int outer_processes = ::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
  check(outer_processes >= 0, "/proc");
  make_world();
  const std::string before = inside_existing(kLook);
  const std::string lab = setting.labs + "/lab.toml";
  Verdict verdict;
  std::optional<Change> change;
  const std::vector<std::string> netrig = {setting.netrig, "--host-config", kPolicy};
  std::vector<std::string> command = netrig;
  command.insert(command.end(), {setting.command, lab});
  if (is_change(setting.command)) {
    change.emplace(setting.netrig, setting.labs, setting.command);
    if (setting.whole.empty()) {
      verdict.whole = change->make_fresh();
      if (const std::string left = left_for_good(before); !left.empty())
        throw std::runtime_error("without a fault there are left: " + left);
    }
    change->prepare();
    command = change->command();
  } else if (setting.command == "down") {
    std::vector<std::string> first = netrig;
    first.insert(first.end(), {"up", lab});
    if (const Done up = run(first); up.exit != 0)
      throw std::runtime_error(fmt::format("the lab does not come up: {}", up.err));
    command.back() = "fault";
  }
  const auto limit = std::max(kHang, std::chrono::ceil<std::chrono::seconds>(10 * usual));
  Services services = is_change(setting.command) ? Services::stay : Services::end;
  if (setting.command == "up") services = Services::stay_if_up;
  Tracing tracing(point, outer_processes, services);
  verdict.traced = tracing.run(command, limit);
  if (point && !verdict.traced.reached) return verdict;
  verdict.faults = tracing.ask([&] {
    Judge(setting, point, verdict).judge(usual, before, change ? &*change : nullptr);
    return verdict.faults;
  });
  return verdict;
}

}  // namespace fault
