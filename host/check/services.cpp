// SPDX-License-Identifier: Apache-2.0
#include "check/services.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <set>

#include "engine/services.hpp"
#include "process/identity.hpp"
#include "session/services.hpp"

namespace netrig::check {
namespace {

// What is killed ends at once, but for what waits on a disk.
constexpr auto kKilled = 10s;

std::string last_lines(const std::string& text) {
  constexpr std::size_t kMost = 4096;
  return text.size() <= kMost ? text : "..." + text.substr(text.size() - kMost);
}

bool runs(const std::optional<engine::Record>& record, const Service& service) {
  const engine::MadeService* made = record ? record->find_service(service.name) : nullptr;
  return made != nullptr && engine::runs(*made);
}

Finding ended(const Job& job, const Service& service, const std::string& how) {
  return {.about = fmt::format("service {}", service.name),
          .seen = how,
          .expected = "that it runs to the test's end",
          .look_at = job.exec_line(*job.lab().find_namespace(service.space), shell_line(service.command))};
}

}  // namespace

std::vector<const Service*> services_of(const Lab& lab, const Test& test) {
  std::vector<const Service*> all;
  std::set<std::string> known;
  const auto add = [&](const Service* service) {
    if (service != nullptr && known.insert(service->name).second) all.push_back(service);
  };
  for (const std::string& name : test.services)
    for (const Service* service : lab.services_like(name)) add(service);
  for (std::size_t i = 0; i < all.size(); ++i)
    for (const std::string& name : all[i]->after)
      if (const Service* before = lab.find_service(name); before != nullptr && before->start == Service::Start::test)
        add(before);
  return all;
}

ServicePool::~ServicePool() {
  for (Running& one : idle_) one.process.stop();
}

std::vector<ServicePool::Running> ServicePool::take(const std::vector<const Service*>& services) {
  // Held until the others have ended: who needs one of those next must not find its port taken.
  const std::lock_guard guard(mutex_);
  std::vector<Running> taken;
  for (Running& one : idle_) {
    const bool wanted = std::find(services.begin(), services.end(), one.service) != services.end();
    if (wanted && !one.process.wait({Clock::now(), nullptr})) {
      one.process.forget_output();
      taken.push_back(std::move(one));
    } else {
      one.process.stop();
    }
  }
  idle_.clear();
  return taken;
}

void ServicePool::give_back(std::vector<Running> running) {
  const std::lock_guard guard(mutex_);
  for (Running& one : running) idle_.push_back(std::move(one));
}

TestServices::TestServices(const Job& job, ServicePool& pool) : job_(job), pool_(pool) {
  std::vector<const Service*> wanted;
  std::vector<const Service*> kept;
  for (const Service* service : services_of(job.lab(), job.test))
    (service->start == Service::Start::test ? wanted : kept).push_back(service);
  if (!kept.empty()) require_kept(kept);
  running_ = pool.take(wanted);
  std::erase_if(wanted, [&](const Service* service) {
    return std::any_of(running_.begin(), running_.end(), [&](const auto& one) { return one.service == service; });
  });
  auto processes = start_services(job.ground, wanted, job.until);
  for (std::size_t i = 0; i < wanted.size(); ++i) running_.push_back({wanted[i], std::move(processes[i])});
}

void TestServices::require_kept(const std::vector<const Service*>& services) {
  const std::string& lab = job_.lab().name.str();
  const auto record = engine::Journal::peek(lab);
  for (const Service* service : services)
    if (!runs(record, *service))
      throw Error(
          ErrorCode::failed,
          fmt::format("service {} does not run; \"netrig up\" starts it again, \"netrig logs {} {}\" says what it "
                      "said",
                      service->name, lab, service->name),
          job_.lab().at(service->where));
  logs_ = engine::Journal::find_logs(lab);
  for (const Service* service : services) {
    kept_.push_back({service, {logs_.get(), service->name}});
    kept_.back().log.skip();  // what it said before is another's
  }
}

TestServices::~TestServices() {
  for (const std::string& fault : restore()) spdlog::warn("after test \"{}\": {}", job_.test.name, fault);
}

bool TestServices::is_running(const Service& service) const {
  if (service.start == Service::Start::test)
    return std::any_of(running_.begin(), running_.end(), [&](const auto& one) { return one.service == &service; });
  return job_.journal != nullptr && runs(job_.journal->record(), service);
}

void TestServices::end(const std::vector<const Service*>& services, ServiceEvent::How how) {
  const bool kill = how == ServiceEvent::How::kill;
  std::vector<engine::MadeService> kept;
  for (const Service* service : services) {
    if (service->start == Service::Start::up) {
      kept.push_back(*job_.journal->record().find_service(service->name));
      continue;
    }
    const auto found =
        std::find_if(running_.begin(), running_.end(), [&](const auto& one) { return one.service == service; });
    // Destroying it kills it.
    if (!kill) found->process.stop();
    ended_.emplace_back(service, found->process.out() + found->process.err());
    running_.erase(found);
  }
  for (const engine::MadeService& made : kept)
    if (const process::Found found = process::find(made.identity);
        kill && found.whereabouts == process::Whereabouts::here) {
      process::send_signal(found.process, SIGKILL);
      process::await_end(found.process, Clock::now() + kKilled);
    }
  if (kill || kept.empty()) return;
  if (const auto unended = engine::end_services(*job_.journal, kept); !unended.empty())
    throw Error(ErrorCode::failed, fmt::format("service {}: {}", unended.front().service.name, unended.front().why));
}

void TestServices::start(const std::vector<const Service*>& services, const Until& until) {
  std::vector<const Service*> wanted;
  std::vector<const Service*> kept;
  for (const Service* service : services) (service->start == Service::Start::test ? wanted : kept).push_back(service);
  if (!kept.empty()) session::start_services(*job_.journal, job_.lab(), kept, {.interrupted = until.interrupted});
  auto processes = start_services(job_.ground, wanted, until);
  for (std::size_t i = 0; i < wanted.size(); ++i) running_.push_back({wanted[i], std::move(processes[i])});
}

std::vector<std::string> TestServices::change(const ServiceEvent& event) {
  using How = ServiceEvent::How;
  std::vector<const Service*> running;
  std::vector<const Service*> resting;
  std::set<std::string> names;
  for (const std::string& pattern : event.services)
    for (const Service* service : job_.lab().services_like(pattern)) {
      if (!names.insert(service->name).second) continue;
      if (service->start == Service::Start::up && job_.journal == nullptr)
        throw Error(ErrorCode::internal,
                    fmt::format("nobody holds the lab whose service {} is to change", service->name));
      const bool ran = is_running(*service);
      (ran ? running : resting).push_back(service);
      if (std::none_of(changed_.begin(), changed_.end(), [&](const auto& one) { return one.first == service; }))
        changed_.emplace_back(service, ran);
    }
  if (event.how != How::start && event.how != How::restart && running.empty())
    throw Error(ErrorCode::not_found, fmt::format("service {} does not run", fmt::join(names, ", ")));
  if (event.how != How::start) end(running, event.how);
  if (event.how == How::restart) resting.insert(resting.end(), running.begin(), running.end());
  if (event.how == How::start || event.how == How::restart) start(resting, job_.until);
  return {names.begin(), names.end()};
}

std::vector<std::string> TestServices::restore() {
  std::vector<const Service*> to_end;
  std::vector<const Service*> to_start;
  for (const auto& [service, ran] : std::exchange(changed_, {}))
    if (is_running(*service) != ran) (ran ? to_start : to_end).push_back(service);
  std::vector<std::string> faults;
  const auto attempt = [&](const std::function<void()>& step) {
    try {
      step();
    } catch (const Error& error) {
      faults.emplace_back(error.what());
    }
  };
  if (!to_end.empty()) attempt([&] { end(to_end, ServiceEvent::How::stop); });
  // The test's time may be over, and what the user interrupted is put back all the same.
  nanoseconds longest{};
  for (const Service* service : to_start) longest += service->timeout;
  if (!to_start.empty()) attempt([&] { start(to_start, {Clock::now() + longest, nullptr}); });
  return faults;
}

void TestServices::finish() {
  for (ServicePool::Running& one : running_)
    if (const auto how = one.process.wait({Clock::now(), nullptr}))
      job_.fail(ended(job_, *one.service, fmt::format("it ended during the test, with exit code {}", how->exit)));
  const auto record = kept_.empty() ? std::nullopt : engine::Journal::peek(job_.lab().name.str());
  for (const Kept& one : kept_)
    if (!runs(record, *one.service)) job_.fail(ended(job_, *one.service, "it ended during the test"));
  if (job_.result.findings.empty()) {
    pool_.give_back(std::move(running_));
    running_.clear();
    return;
  }
  const auto attach = [&](const Service& service, const std::string& said) {
    if (!said.empty())
      job_.result.attachments.push_back(
          {.name = fmt::format("service {}: output", service.name), .text = last_lines(said)});
  };
  for (ServicePool::Running& one : running_) {
    one.process.stop();
    attach(*one.service, one.process.out() + one.process.err());
  }
  for (const auto& [service, said] : ended_) attach(*service, said);
  for (Kept& one : kept_) attach(*one.service, one.log.read());
}

}  // namespace netrig::check
