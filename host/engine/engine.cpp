// SPDX-License-Identifier: Apache-2.0
#include "engine/engine.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "engine/run.hpp"
#include "engine/shared.hpp"
#include "kernel/inside.hpp"
#include "kernel/namespace.hpp"
#include "model/error_number.hpp"

namespace netrig::engine {

void Run::checkpoint() const {
  if (interruptible && options.interrupted != nullptr && *options.interrupted)
    throw Error(ErrorCode::interrupted, "interrupted; what was begun has been rolled back");
}

void Run::stage(std::string_view name) {
  const auto now = std::chrono::steady_clock::now();
  if (!stage_.empty())
    spdlog::debug("{}: {:.1f} ms", stage_, std::chrono::duration<double, std::milli>(now - stage_began_).count());
  stage_ = name;
  stage_began_ = now;
}

void Run::report(std::string_view stage, std::size_t done, std::size_t total) {
  if (!options.progress) return;
  const std::lock_guard guard(report_mutex_);
  options.progress(stage, done, total);
}

void Run::leave(Left left_) {
  const std::lock_guard guard(report_mutex_);
  spdlog::info("{} is left: {}", left_.what, left_.why);
  left.push_back(std::move(left_));
}

bool Run::is_left(const std::string& space) const {
  return std::any_of(left.begin(), left.end(), [&](const Left& one) { return one.homes.contains(space); });
}

void Run::settle_left() {
  if (left.empty()) return;
  constexpr std::size_t kNamed = 10;
  std::unordered_set<std::string> homes;
  std::string text;
  for (std::size_t i = 0; i < left.size(); ++i) {
    homes.insert(left[i].homes.begin(), left[i].homes.end());
    if (i < kNamed) text += fmt::format("{}{} ({})", i == 0 ? "" : ", ", left[i].what, left[i].why);
  }
  if (left.size() > kNamed) text += fmt::format(" and {} more", left.size() - kNamed);
  for (const auto& [home, interfaces] : guests) homes.insert(home);
  journal.keep_only(homes);
  left.clear();
  throw Error(ErrorCode::failed,
              fmt::format("could not remove {}; all else is gone{}{}, and \"netrig down {}\" tries again", text,
                          spared.empty() ? "" : " but this: ", fmt::join(spared, "; "), journal.record().lab));
}

void Run::warn(std::string text) {
  const std::lock_guard guard(report_mutex_);
  spdlog::warn("{}", text);
  warnings.push_back(std::move(text));
}

void Run::spare(std::string text) {
  const std::lock_guard guard(report_mutex_);
  if (std::find(spared.begin(), spared.end(), text) == spared.end()) spared.push_back(std::move(text));
}

void Run::check_spared(const std::string& outcome, const std::string& where) const {
  if (spared.empty()) return;
  throw Error(ErrorCode::left, fmt::format("{}; and {}", outcome, fmt::join(spared, "; ")), where);
}

namespace {

/// The record's devices of these names, in the order given.
std::vector<MadeDevice> made_devices(const Record& record, const Lab& lab, const std::vector<std::size_t>& which) {
  std::unordered_map<std::string, const MadeDevice*> by_name;
  for (const MadeDevice& made : record.devices) by_name.emplace(made.name, &made);
  std::vector<MadeDevice> result;
  for (const std::size_t d : which)
    if (const auto found = by_name.find(lab.devices[d].name.str()); found != by_name.end())
      result.push_back(*found->second);
  return result;
}

/// Takes away what is in the current lab and not in the next.
void subtract(Run& run, const Lab& current, const plan::Plan& plan) {
  remove_routes(run, current, plan.remove_routes);
  const auto devices = made_devices(run.journal.record(), current, plan.remove_devices);
  remove_devices(run, devices, {});
  for (const MadeDevice& device : devices) run.journal.device_gone(device.name);

  std::vector<MadeNamespace> gone;
  for (const std::size_t s : plan.remove_namespaces)
    for (const MadeNamespace& made : run.journal.record().namespaces)
      if (made.name == current.namespaces[s].name.str()) gone.push_back(made);
  for (const MadeNamespace& made : gone) {
    if (!made.existing) continue;
    const Use use{.lab = run.journal.record().lab, .home = made.name, .cookie = made.cookie};
    if (Space* space = run.spaces.find(made.name); space != nullptr) {
      const Record record = run.journal.record();
      kernel::inside(space->fd(), [&] {
        for (const SavedSysctl& saved : record.sysctls)
          if (saved.home == made.name) give_back_sysctl(use, saved);
      });
      for (const SavedSysctl& saved : record.sysctls)
        if (saved.home == made.name) run.journal.sysctl_gone(saved.home, saved.key);
    }
    leave_existing(use);
  }
  std::unordered_set<std::string> doomed;
  for (const MadeNamespace& made : gone)
    if (!made.existing) doomed.insert(made.name);
  std::vector<MadeDevice> all = run.journal.record().devices;
  all.insert(all.end(), devices.begin(), devices.end());
  find_guests(run, all, doomed);
  std::erase_if(gone, [&](const MadeNamespace& made) { return run.stays(made.name); });
  remove_namespaces(run, gone);
  for (const MadeNamespace& made : gone)
    if (!run.is_left(made.name)) run.journal.namespace_gone(made.name);
  if (!run.left.empty())
    throw Error(ErrorCode::failed, fmt::format("could not remove {}: {}", run.left.front().what, run.left.front().why));
}

/// Adds what is in the next lab and not in the current.
void add(Run& run, const Lab& next, const plan::Plan& plan) {
  run.stage("create namespaces");
  create_namespaces(run, next, plan.create_namespaces);
  run.stage("survey namespaces");
  survey_spaces(run, next, plan);
  run.stage("create devices");
  for (const auto& level : plan.create_devices) create_devices(run, next, level);
  run.stage("configure");
  for (const auto& wave : plan.configure) configure(run, next, wave);
  run.stage("settle links");
  settle_links(run, next, plan);
  run.stage("wait for addresses");
  wait_for_addresses(run, next);
  run.stage({});
}

/// What of a plan is still to be done, going by the record: a rollback meets things in any state between.
plan::Plan still_to_do(plan::Plan plan, const Record& record, const Lab& next) {
  std::unordered_set<std::string> namespaces;
  std::unordered_set<std::string> devices;
  for (const MadeNamespace& made : record.namespaces) namespaces.insert(made.name);
  for (const MadeDevice& made : record.devices) devices.insert(made.name);
  std::erase_if(plan.create_namespaces,
                [&](std::size_t s) { return namespaces.contains(next.namespaces[s].name.str()); });
  for (auto& level : plan.create_devices)
    std::erase_if(level, [&](std::size_t d) { return devices.contains(next.devices[d].name.str()); });
  return plan;
}

void open_all(Run& run) {
  open_recorded(run, run.journal.record().namespaces);
  if (!run.left.empty())
    throw Error(ErrorCode::failed, fmt::format("cannot use {}: {}", run.left.front().what, run.left.front().why));
}

void roll_back_change(Run& run, const Lab& current, const Lab& next) {
  run.tolerance = Tolerance::rollback;
  run.left.clear();
  run.interruptible = false;
  open_all(run);
  const plan::Plan back = plan::make(next, current);
  // A device that both labs have under one name may be the old or the new one; either way it is made anew.
  subtract(run, next, back);
  add(run, current, still_to_do(back, run.journal.record(), current));
}

}  // namespace

void up(Journal& journal, const Lab& current, const Lab& next, const plan::Plan& plan,
        const std::vector<std::string>& only, driver::Registry& drivers, const Options& options) {
  const bool fresh = journal.record().phase == Phase::starting;
  Run run(journal, drivers, options);
  if (!fresh) {  // nothing is touched by these, so there is nothing to roll back
    open_all(run);
    journal.set_phase(Phase::changing);
  }
  try {
    if (!fresh) subtract(run, current, plan);
    add(run, next, plan);
    journal.commit(next, only);
  } catch (const std::exception& error) {
    spdlog::info("rolling back: {}", error.what());
    try {
      if (fresh) {
        run.interruptible = false;
        remove_all(run);
        if (run.guests.empty()) journal.remove();
      } else {
        roll_back_change(run, current, next);
        journal.commit(current, journal.record().only);
      }
    } catch (const std::exception& second) {
      throw Error(code_of(error), fmt::format("{}; and rolling back did not end well ({}): run \"netrig down {}\"",
                                              error.what(), second.what(), journal.record().lab));
    }
    const auto* known = dynamic_cast<const Error*>(&error);
    run.check_spared(known != nullptr ? known->message() : error.what(), known != nullptr ? known->where() : "");
    throw;
  }
  run.check_spared(fmt::format("lab {} is as its file says", next.name.str()));
}

std::vector<std::string> down(Journal& journal, driver::Registry& drivers, const Options& options) {
  Run run(journal, drivers, options);
  run.interruptible = false;
  if (is_lost(journal.record()))
    forget_uses(journal.record().lab);  // of namespaces that are gone, whose cookies others may get
  else if (!journal.record().empty())
    remove_all(run);
  if (run.guests.empty()) journal.remove();
  run.check_spared(fmt::format("lab {} is down", journal.record().lab));
  return std::move(run.warnings);
}

}  // namespace netrig::engine
