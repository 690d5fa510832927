// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "check/link_keeper.hpp"
#include "check/process.hpp"
#include "check/watch.hpp"
#include "model/thread.hpp"

namespace netrig::check {

struct Events::State {
  explicit State(const Job& job) : job(job), links(job.ground) {}

  const Job& job;
  LinkKeeper links;
  std::vector<EventResult> happened;
  std::vector<Finding> findings;
  std::atomic<bool> stop = false;
  std::thread thread;
  bool settled = false;

  void tell(const std::string& what) { happened.push_back({.at = job.now(), .what = what}); }

  void happen(const Event& event) {
    if (const auto* link = std::get_if<LinkEvent>(&event.what)) {
      for (const InterfacePattern& pattern : link->interfaces)
        for (const std::string& name : links.set(pattern, link->up))
          tell(fmt::format("{} {}", name, link->up ? "up" : "down"));
      return;
    }
    const auto& placed = std::get<PlacedCommand>(event.what);
    const std::size_t space = *job.lab().find_namespace(placed.space);
    const std::string line = shell_line(placed.command);
    tell(fmt::format("{}: {}", placed.space, line));
    const Output output = run_command(job.ground, {.command = placed.command, .space = space}, job.until);
    if (output.ended.exit != 0 || output.ended.timed_out)
      findings.push_back({.about = fmt::format("during, at {}", job.lab().at(event.where)),
                          .seen = output.ended.timed_out ? fmt::format("\"{}\" did not end in time", line)
                                                         : fmt::format("\"{}\" ended with exit code {}: {}", line,
                                                                       output.ended.exit, output.err),
                          .expected = "exit code 0",
                          .look_at = job.exec_line(space, line)});
  }

  void run() {
    for (const Event& event : job.test.during) {
      const auto when = job.began + event.at;
      while (Clock::now() < when && !stop && !job.until.over())
        std::this_thread::sleep_for(std::min<Clock::duration>(when - Clock::now(), 20ms));
      if (stop || job.until.over()) return;
      try {
        happen(event);
      } catch (const Error& error) {
        findings.push_back({.about = fmt::format("during, at {}", job.lab().at(event.where)),
                            .seen = error.what(),
                            .expected = "that it can happen",
                            .look_at = fmt::format("netrig status {}", job.lab().name.str())});
      }
    }
  }

  void end(bool at_once) {
    if (at_once) stop = true;
    if (thread.joinable()) thread.join();
    if (settled) return;
    settled = true;
    for (const std::string& fault : links.restore()) spdlog::warn("after test \"{}\": {}", job.test.name, fault);
  }
};

Events::Events(const Job& job) : state_(std::make_unique<State>(job)) {
  state_->thread = start_thread([state = state_.get()] { state->run(); });
}

Events::~Events() { state_->end(true); }

void Events::finish(const Job& job) {
  state_->end(false);
  for (EventResult& one : state_->happened) job.result.events.push_back(std::move(one));
  for (Finding& finding : state_->findings) job.fail(std::move(finding));
}

}  // namespace netrig::check
