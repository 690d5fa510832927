// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "catch.hpp"
#include "check/process.hpp"
#include "check/rig.hpp"

using namespace netrig;
using namespace std::chrono_literals;

namespace {

check::Until in(check::Clock::duration time) { return {check::Clock::now() + time, nullptr}; }

check::Output run(const rig::Rig& rig, const std::string& command, check::Clock::duration time = 10s) {
  return check::run_command(rig.ground(), {.command = {"/bin/sh", "-c", command}, .space = 0}, in(time));
}

/// Detaches in every way it can, ignores SIGTERM, and would live on for an hour.
std::string clinging() {
  const std::string sleep = "sleep " + rig::an_hour();
  return "trap '' TERM HUP; (setsid sh -c 'trap \"\" TERM HUP; (" + sleep + " & exec " + sleep + ") & wait' &) ; ";
}

std::size_t sleepers() { return rig::processes_with(rig::an_hour()); }

}  // namespace

TEST_CASE("a command runs in its namespace, and its output and exit code come back") {
  const rig::Rig rig(rig::kWire);
  const auto output = run(rig, "ip -o -4 address show eth0; echo $NETRIG_LAB $NETRIG_NAMESPACE >&2; exit 7");
  CHECK(output.ended.exit == 7);
  CHECK_FALSE(output.ended.timed_out);
  CHECK_THAT(output.out, ContainsSubstring("192.0.2.1/24"));
  CHECK(output.err == "rig h1\n");
  CHECK(run(rig, "kill -TERM $$").ended.exit == 128 + SIGTERM);
  CHECK(run(rig, "ls /proc/self/fd | wc -l").out == "4\n");              // 0 to 2, and that of ls itself
  const std::string shown = run(rig, "LC_ALL=C ls /sys/class/net").out;  // those of the namespace, not of the machine
  CHECK(shown == run(rig, "ip -br link | sed 's/[ @].*//' | LC_ALL=C sort").out);
  CHECK_THAT(shown, ContainsSubstring("eth0\n"));
  CHECK(run(rig, "cat").out.empty());  // standard input is empty, not the terminal
}

TEST_CASE("a command that is not there is named") {
  const rig::Rig rig(rig::kWire);
  CHECK_THROWS_WITH(check::run_command(rig.ground(), {.command = {"no-such-command", "x"}, .space = 0}, in(5s)),
                    "cannot run no-such-command: No such file or directory (ENOENT)");
}

TEST_CASE("a command is killed at its deadline, and when the user interrupts") {
  const rig::Rig rig(rig::kWire);
  CHECK(run(rig, "sleep " + rig::an_hour(), 300ms).ended.timed_out);
  CHECK(sleepers() == 0);
  const std::string mark = scratch::directory() + "/mark";
  std::atomic<bool> interrupted = false;
  std::thread user([&] {
    while (!std::filesystem::exists(mark)) std::this_thread::sleep_for(10ms);
    interrupted = true;
  });
  const auto cut = check::run_command(
      rig.ground(),
      {.command = {"/bin/sh", "-c", "echo begun; touch " + mark + "; sleep " + rig::an_hour()}, .space = 0},
      {check::Clock::now() + 24h, &interrupted});
  user.join();
  CHECK(cut.ended.timed_out);
  CHECK(cut.out == "begun\n");
  CHECK(sleepers() == 0);
}

TEST_CASE("nothing that a command starts outlives it, however it detaches") {
  const rig::Rig rig(rig::kWire);
  CHECK(run(rig, clinging() + "exit 0").ended.exit == 0);
  CHECK(sleepers() == 0);
  CHECK(run(rig, clinging() + "sleep " + rig::an_hour(), 300ms).ended.timed_out);
  CHECK(sleepers() == 0);
  {
    auto process = check::start_process(
        rig.ground(), {.command = {"/bin/sh", "-c", clinging() + "sleep " + rig::an_hour()}, .space = 1});
    CHECK_FALSE(process.wait(in(300ms)).has_value());
    CHECK(sleepers() > 0);
  }
  CHECK(sleepers() == 0);
}

TEST_CASE("processes go when netrig is killed") {
  const rig::Rig rig(rig::kWire);
  const std::string command = clinging() + "sleep " + rig::an_hour();
  const pid_t child = ::fork();
  if (child == 0) {
    const auto process = check::start_process(rig.ground(), {.command = {"/bin/sh", "-c", command}, .space = 0});
    ::sleep(600);
    ::_exit(0);
  }
  scratch::await([] { return sleepers() > 0; });
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  scratch::await([] { return sleepers() == 0; });
}

TEST_CASE("a flood of output neither stalls a command nor fills the memory") {
  const rig::Rig rig(rig::kWire);
  const auto output = run(rig, "head -c 50000000 /dev/zero | tr '\\0' x; echo; echo end", 30s);
  CHECK(output.ended.exit == 0);
  CHECK(output.out.size() <= 512 << 10);
  CHECK(output.out.ends_with("x\nend\n"));
}

TEST_CASE("many processes at once keep apart, and no descriptor is lost") {
  const rig::Rig rig(rig::kWire);
  run(rig, "true");
  const auto count = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
  };
  const auto before = count();
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int t = 0; t < 5; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        const std::string mark = std::to_string(t) + "-" + std::to_string(i);
        const auto output = run(rig, "echo " + mark + "; exit " + std::to_string(t));
        if (output.out == mark + "\n" && output.ended.exit == t) ++right;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 50);
  CHECK(count() == before);
}

TEST_CASE("a line for the shell is quoted where it must be") {
  CHECK(shell_line({"ping", "-c", "3", "it's", ""}) == "ping -c 3 'it'\\''s' ''");
}
