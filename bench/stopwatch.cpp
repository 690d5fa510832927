// SPDX-License-Identifier: Apache-2.0
#include "stopwatch.hpp"

#include <poll.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>

#include "rtnetlink.hpp"

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

class Departure {
 public:
  explicit Departure(const std::string& name) : events_(RTMGRP_LINK), index_(::if_nametoindex(name.c_str())) {}
  bool wait(double timeout_ms) const {
    const auto start = Clock::now();
    for (bool gone = index_ == 0; !gone;) {
      const double left = timeout_ms - ms_since(start);
      pollfd waiting{events_.fd(), POLLIN, 0};
      if (left <= 0 || ::poll(&waiting, 1, static_cast<int>(left) + 1) <= 0) return false;
      receive(events_.fd(), [&](const nlmsghdr* head) {
        if (head->nlmsg_type != RTM_DELLINK) return;
        gone = gone || static_cast<unsigned>(static_cast<const ifinfomsg*>(NLMSG_DATA(head))->ifi_index) == index_;
      });
    }
    return true;
  }

 private:
  Socket events_;
  unsigned index_;
};

}  // namespace

void observe(const std::string& path, const std::string& name) {
  const Fd space = open_space(path);
  Requests requests;
  put_veth(requests, 0, name, 0, "observed", space.get());
  Socket().ask(std::move(requests), "observer in " + path);
}

bool wait_gone(const std::string& name, double timeout_ms) {
  const auto start = Clock::now();
  const bool gone = Departure(name).wait(timeout_ms);
  std::printf("%.2f\n", ms_since(start));
  return gone;
}

void settle() {
  const int pid = ::getpid();
  const std::string name = "settle" + std::to_string(pid % 1000000);
  int ready[2];
  if (::pipe(ready) != 0) fail("pipe");
  const pid_t child = ::fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    char byte = 0;
    if (::unshare(CLONE_NEWNET) != 0 || ::write(ready[1], &byte, 1) != 1) std::_Exit(1);
    ::pause();
  }
  char byte = 0;
  ::close(ready[1]);
  if (::read(ready[0], &byte, 1) != 1) fail("cannot make a namespace to wait for");
  observe("/proc/" + std::to_string(child) + "/ns/net", name);
  const Departure departure(name);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  if (!departure.wait(120'000)) fail("waiting for the kernel", ETIMEDOUT);
}

bool time_command(const std::string& observer, char** command) {
  // Subscribed before the command starts, so that nothing is missed.
  const Departure departure(observer);
  const auto start = Clock::now();
  const pid_t child = ::fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    ::execvp(command[0], command);
    std::perror(command[0]);
    std::_Exit(127);
  }
  // Both ends are waited for at once: the observer may well vanish before the command returns.
  int ended[2];
  if (::pipe(ended) != 0) fail("pipe");
  double gone_ms = -1;
  const pid_t watcher = observer.empty() ? -1 : ::fork();
  if (watcher == 0) {
    gone_ms = departure.wait(300'000) ? ms_since(start) : -1;
    std::_Exit(::write(ended[1], &gone_ms, sizeof gone_ms) == sizeof gone_ms ? 0 : 1);
  }
  int status = 0;
  rusage usage{};
  if (::wait4(child, &status, 0, &usage) < 0) fail("wait4");
  const double ms = ms_since(start);
  if (status != 0 && watcher > 0) ::kill(watcher, SIGKILL);
  if (watcher > 0 && status == 0 && ::read(ended[0], &gone_ms, sizeof gone_ms) != sizeof gone_ms) gone_ms = -1;
  if (watcher > 0) ::waitpid(watcher, nullptr, 0);
  std::printf("{\"ms\": %.2f, \"gone_ms\": %.2f, \"maxrss_kib\": %ld}\n", ms, gone_ms, usage.ru_maxrss);
  return status == 0;
}

}  // namespace bench
