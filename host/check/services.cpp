// SPDX-License-Identifier: Apache-2.0
#include "check/services.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/services.hpp"

namespace netrig::check {
namespace {

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
  for (Kept& one : kept_) attach(*one.service, one.log.read());
}

}  // namespace netrig::check
