// SPDX-License-Identifier: Apache-2.0
#include "change.hpp"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <set>
#include <stdexcept>
#include <thread>

#include "calls.hpp"
#include "process.hpp"

namespace fault {
namespace {

namespace fs = std::filesystem;

constexpr auto kSettle = std::chrono::seconds(10);
constexpr auto kPause = std::chrono::milliseconds(30);

/// One file that is edited, for from another one `up` would refuse.
constexpr const char* kFile = "/tmp/lab.toml";

// What somebody did to before.toml's lab: one of each thing that drifts.
constexpr const char* kDrift = R"(
ip -n h1 addr del 10.0.0.1/24 dev eth0
ip -n h1 rule del priority 700
ip -n h1 link del gone0
ip -n router link set p2 down
ip -n c1 link del eth0
ip -n outside route del 10.0.9.0/24
ip netns exec router sysctl -qw net.ipv4.ip_forward=0
pkill -KILL -x sleep
)";

/// What before.toml and after.toml give other parameters, so that its numbers are others when it has come back.
const std::set<std::string> kMadeAgain = {"router/br0", "c1/eth0"};

/// A look when nothing moves any more.
Sight look_when_quiet() {
  const auto deadline = std::chrono::steady_clock::now() + kSettle;
  for (Sight last = look(Sameness::exact, kMadeAgain);;) {
    std::this_thread::sleep_for(kPause);
    Sight now = look(Sameness::exact, kMadeAgain);
    if (now == last && now.find("\"tentative\"") == std::string::npos) return now;
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("the lab does not come to rest");
    last = std::move(now);
  }
}

constexpr int kLeft = 8;  // docs/exit-codes.md

std::string quoted(std::string text) { return text.size() > 600 ? text.substr(0, 600) + "..." : text; }

}  // namespace

bool is_change(std::string_view command) { return command == "edit" || command == "mend"; }

Change::Change(std::string netrig, std::string labs, std::string command)
    : netrig_(std::move(netrig)), labs_(std::move(labs)), is_edit_(command == "edit") {}

void Change::copy(const char* file) const {
  fs::copy_file(labs_ + "/" + file, kFile, fs::copy_options::overwrite_existing);
}

void Change::must(const std::vector<std::string>& words) const {
  if (const Done done = run(words); done.exit != 0)
    throw std::runtime_error(fmt::format("{} fails without a fault: {}", words[1], done.err));
}

Said Change::ask() const {
  const Done status = run({netrig_, "status", "fault"});
  const Done verify = run({netrig_, "verify", "fault"});
  return {.status = status.exit,
          .verify = verify.exit,
          .words = quoted(status.out + status.err) + " / " + quoted(verify.out + verify.err)};
}

Sight Change::make_fresh() {
  copy(is_edit_ ? "after.toml" : "before.toml");
  must({netrig_, "up", kFile});
  static_cast<void>(look_when_quiet());
  Sight whole = look(Sameness::kind, {});
  must({netrig_, "down", "fault", "--wait"});
  return whole;
}

void Change::prepare() {
  copy("before.toml");
  must({netrig_, "up", kFile});
  if (is_edit_)
    copy("after.toml");
  else
    must({"sh", "-ec", kDrift});
  before_ = look_when_quiet();
  said_before_ = ask();
}

std::vector<std::string> Change::command() const { return {netrig_, "up", kFile}; }

void Change::judge_sight(const char* what, Sameness sameness, const Sight& wanted, const Said& wanted_said,
                         std::vector<std::string>& faults) const {
  const auto deadline = std::chrono::steady_clock::now() + kSettle;
  std::string differs;
  while (!(differs = difference(look(sameness, kMadeAgain), wanted)).empty() &&
         std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(kPause);
  if (!differs.empty()) faults.push_back(fmt::format("{}: {}", what, differs));
  const Said said = ask();
  if (said.status != wanted_said.status || said.verify != wanted_said.verify)
    faults.push_back(fmt::format("{}: status ends with {}, verify with {}, which were to be {} and {}: {}", what,
                                 said.status, said.verify, wanted_said.status, wanted_said.verify, said.words));
}

void Change::judge_next_up(const Sight& whole, std::vector<std::string>& faults) const {
  const Done up = run(command());
  if (up.exit != 0)
    faults.push_back(fmt::format("the next up ends with {}: {}", up.exit, quoted(up.err)));
  else
    judge_sight("the next up has ended well, but the lab is not whole", Sameness::kind, whole,
                {.status = 0, .verify = 0}, faults);
}

std::vector<std::string> Change::judge(const Traced& traced, const Point* point, const Sight& whole) const {
  std::vector<std::string> faults;
  if (point != nullptr && point->error == kKill && point->role == "host") {
    if (point->nth % 2 == 1) judge_next_up(whole, faults);
  } else if (traced.exit == 0) {
    judge_sight("it ended well, but the lab is not whole", Sameness::kind, whole, {.status = 0, .verify = 0}, faults);
  } else if (traced.exit == kLeft) {
    // The network is as the file says, and a service that does not run is named, or what kept all of them from it.
    if (traced.err.find("service") == std::string::npos && traced.err.find("what lives in it") == std::string::npos)
      faults.push_back(fmt::format("exit code {}, but nothing says what does not run", traced.exit));
    judge_sight("a service does not run, and the network is not whole", Sameness::kind, whole,
                {.status = 1, .verify = 1}, faults);
    if (faults.empty()) judge_next_up(whole, faults);
  } else {
    // Where from one call on nothing can be written or started, the way back may be barred, too; then it is said.
    if (point != nullptr && point->lasting && traced.err.find("rolling back did not end well") != std::string::npos)
      return faults;
    judge_sight(fmt::format("exit code {}, but the lab is not as it was", traced.exit).c_str(), Sameness::exact,
                before_, said_before_, faults);
  }
  return faults;
}

}  // namespace fault
