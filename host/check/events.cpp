// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "check/stage.hpp"
#include "check/watch.hpp"
#include "model/thread.hpp"

namespace netrig::check {
namespace {

void add(const Job& job, Stage& stage) {
  for (EventResult& one : stage.happened) job.result.events.push_back(std::move(one));
  for (Finding& finding : stage.findings) job.fail(std::move(finding));
  for (Attachment& one : stage.attachments) job.result.attachments.push_back(std::move(one));
}

}  // namespace

struct Preparation::State {
  State(const Job& job, TestServices& services) : job(job), stage(job, services, "before") {}
  const Job& job;
  Stage stage;
};

Preparation::Preparation(const Job& job, TestServices& services) : state_(std::make_unique<State>(job, services)) {}

Preparation::~Preparation() { state_->stage.restore(); }

bool Preparation::run() {
  const auto& events = state_->job.test.before;
  const bool done =
      std::all_of(events.begin(), events.end(), [&](const Event& event) { return state_->stage.happen(event); });
  state_->stage.happened.clear();  // before the check has begun, where plots have no place for it
  add(state_->job, state_->stage);
  return done;
}

struct Events::State {
  State(const Job& job, TestServices& services) : job(job), stage(job, services, "during") {}

  const Job& job;
  Stage stage;
  std::atomic<bool> stop = false;
  std::thread thread;

  void run() {
    for (const Event& event : job.test.during) {
      const auto when = job.began + event.at;
      while (Clock::now() < when && !stop && !job.until.over())
        std::this_thread::sleep_for(std::min<Clock::duration>(when - Clock::now(), 20ms));
      if (stop || job.until.over()) return;
      stage.happen(event);
    }
  }

  void end(bool at_once) {
    if (at_once) stop = true;
    if (thread.joinable()) thread.join();
    stage.restore();
  }
};

Events::Events(const Job& job, TestServices& services) : state_(std::make_unique<State>(job, services)) {
  state_->thread = start_thread([state = state_.get()] { state->run(); });
}

Events::~Events() { state_->end(true); }

void Events::finish(const Job& job) {
  state_->end(false);
  add(job, state_->stage);
}

}  // namespace netrig::check
