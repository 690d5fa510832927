// SPDX-License-Identifier: Apache-2.0
#include "engine/engine.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>

#include "engine/run.hpp"
#include "engine/shared.hpp"
#include "engine/sight.hpp"
#include "kernel/inside.hpp"
#include "kernel/namespace.hpp"
#include "model/error_number.hpp"
#include "plan/wanted.hpp"
#include "plan/words.hpp"

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

std::unordered_set<std::string> names_of_namespaces(const Lab& lab) {
  std::unordered_set<std::string> names;
  for (const Namespace& space : lab.namespaces) names.insert(space.name.str());
  return names;
}

std::unordered_set<std::string> names_of_devices(const Lab& lab) {
  std::unordered_set<std::string> names;
  for (const Device& device : lab.devices) names.insert(device.name.str());
  return names;
}

/// The record's devices, latest first, for later ones may stand on earlier ones.
std::vector<MadeDevice> devices_of(const Record& record, const std::function<bool(const MadeDevice&)>& wanted) {
  std::vector<MadeDevice> result;
  for (auto made = record.devices.rbegin(); made != record.devices.rend(); ++made)
    if (wanted(*made)) result.push_back(*made);
  return result;
}

/// Links that are to go when all has succeeded take no part from here on; what stood in their way comes back by a
/// rollback.
void set_retired_down(Run& run, const Lab& current, const plan::Plan& plan) {
  std::map<std::string, std::vector<std::string>> links;
  for (const std::size_t d : plan.retire_devices)
    for (const Interface& interface : current.devices[d].interfaces)
      links[current.namespaces[interface.home].name.str()].push_back(interface.name.str());
  kernel::aside([&] {
    for (const auto& [home, names] : links) {
      Space* space = run.spaces.find(home);
      if (space == nullptr) continue;
      kernel::Batch batch;
      for (const std::string& name : names)
        if (const auto found = space->ifindex.find(name); found != space->ifindex.end())
          kernel::set_link_up(batch, found->second, false);
      if (!batch.empty()) space->socket().run(batch, kernel::Socket::OnRefusal::go_on);
      space->release_socket();
    }
  });
}

/// An existing namespace that the lab no longer uses gets its sysctls back.
void leave_namespace(Run& run, const MadeNamespace& made) {
  const Use use{.lab = run.journal.record().lab, .home = made.name, .cookie = made.cookie};
  const Record record = run.journal.record();
  if (Space* space = run.spaces.find(made.name); space != nullptr)
    kernel::inside(space->fd(), [&] {
      for (const MadeObject& object : record.objects)
        if (object.home == made.name && remove_object(run, *space, object)) run.journal.object_gone(object);
      for (const SavedSysctl& saved : record.sysctls) {
        if (saved.home != made.name) continue;
        kernel::enter(space->fd());
        give_back_sysctl(use, saved);
        run.journal.sysctl_gone(saved.home, saved.key);
      }
    });
  leave_existing(use);
}

}  // namespace

void remove_recorded(Run& run, const std::vector<MadeDevice>& devices, std::vector<MadeNamespace> namespaces) {
  std::unordered_set<std::string> doomed;
  for (const MadeNamespace& made : namespaces)
    if (!made.existing) doomed.insert(made.name);
  remove_devices(run, devices, doomed);
  for (const MadeDevice& device : devices) run.journal.device_gone(device.name);
  for (const MadeNamespace& made : namespaces)
    if (made.existing) leave_namespace(run, made);
  std::erase_if(namespaces, [&](const MadeNamespace& made) { return run.stays(made.name); });
  remove_namespaces(run, namespaces);
  for (const MadeNamespace& made : namespaces)
    if (!run.is_left(made.name)) run.journal.namespace_gone(made.name);
  if (!run.left.empty())
    throw Error(ErrorCode::failed, fmt::format("could not remove {}: {}", run.left.front().what, run.left.front().why));
}

Bringing::Bringing(Journal& journal, driver::Registry& drivers, const Options& options, const Lab* current,
                   const Lab& next)
    : run_(std::make_unique<Run>(journal, drivers, options)), current_(current), next_(next) {
  plan::Seen seen = look(run_->spaces, journal.record(), current, next, run_->threads);
  plan_ = make_plan(current, next, std::move(seen), run_->threads);
}

Bringing::~Bringing() = default;

const std::vector<std::string>& Bringing::warnings() const { return run_->warnings; }

bool Bringing::has_leftovers() const {
  const Record& record = run_->journal.record();
  const auto spaces = names_of_namespaces(next_);
  const auto devices = names_of_devices(next_);
  return std::any_of(record.devices.begin(), record.devices.end(),
                     [&](const MadeDevice& made) { return !devices.contains(made.name); }) ||
         std::any_of(record.namespaces.begin(), record.namespaces.end(),
                     [&](const MadeNamespace& made) { return !spaces.contains(made.name); });
}

/// Brings everything to what is wanted. What is no longer wanted is still there, but takes no part.
void Bringing::carry_out_plan() {
  Run& run = *run_;
  if (current_ != nullptr) {
    run.stage("clear the way");
    if (!plan_.retire_devices.empty()) set_retired_down(run, *current_, plan_);
    std::unordered_set<std::string> clear;
    for (const std::size_t d : plan_.clear_devices) clear.insert(current_->devices[d].name.str());
    std::unordered_set<std::string> anew;
    for (const std::size_t s : plan_.create_namespaces) anew.insert(next_.namespaces[s].name.str());
    std::vector<MadeNamespace> gone;
    for (const MadeNamespace& made : run.journal.record().namespaces)
      if (anew.contains(made.name)) gone.push_back(made);
    if (!clear.empty() || !gone.empty())
      remove_recorded(
          run, devices_of(run.journal.record(), [&](const MadeDevice& made) { return clear.contains(made.name); }),
          gone);
  }
  run.stage("create namespaces");
  create_namespaces(run, next_, plan_.create_namespaces);
  run.stage("create devices");
  for (const auto& level : plan_.create_devices) create_devices(run, next_, level);
  run.stage("configure");
  // Two waves: see plan::Plan::spaces.
  const auto wave = [&](std::size_t begin, std::size_t end) {
    std::atomic<std::size_t> done{0};
    parallel(end - begin, run.threads, [&](std::size_t i) {
      run.checkpoint();
      const plan::SpacePlan& one = plan_.spaces[begin + i];
      carry_out(run, next_, next_.namespaces[one.space], one.difference.steps);
      if (const std::size_t count = ++done; count % 64 == 0) run.report("addresses and routes", count, end - begin);
    });
  };
  wave(0, plan_.with_masters);
  wave(plan_.with_masters, plan_.spaces.size());
  run.stage("settle links");
  settle_links(run, rising_in(next_, plan_));
  run.stage("wait for addresses");
  wait_for_addresses(run, next_);
}

/// Looks at what an edit has touched: whatever it took with it that nobody foresaw is made again, once.
void Bringing::check_result() {
  Run& run = *run_;
  if (current_ == nullptr) return;
  run.stage("look again");
  const plan::Wanted wanted(next_);
  parallel(plan_.spaces.size(), run.threads, [&](std::size_t i) {
    const plan::SpacePlan& one = plan_.spaces[i];
    if (one.fresh || one.difference.steps.empty()) return;
    const Namespace& space = next_.namespaces[one.space];
    Space& place = run.spaces.at(space.name.str());
    for (const bool again : {true, false}) {
      const SpaceState seen = look_again(place, wanted.sysctls_in(one.space));
      const SpaceState want = wanted.in(one.space);
      const plan::Difference rest =
          plan::diff({.wanted = want, .made = want, .seen = seen, .own = !space.existing, .foreign = Foreign::keep});
      place.release_socket();
      if (rest.empty()) return;
      if (again) {
        carry_out(run, next_, space, rest.steps);
        continue;
      }
      const Step& first = rest.steps.front();
      throw Error(ErrorCode::failed,
                  fmt::format("{} \"{}\" in {} is not as it was set: {}", kind_of(first.object), text_of(first.object),
                              space.name.str(), plan::words_of(first)),
                  next_.at(position_of(first.object)));
    }
  });
}

/// What the lab no longer wants. There is no way back from here, and none is needed.
void Bringing::take_away() {
  Run& run = *run_;
  if (!has_leftovers()) return;
  run.stage("take away");
  run.interruptible = false;
  const auto spaces = names_of_namespaces(next_);
  const auto devices = names_of_devices(next_);
  const Record& record = run.journal.record();
  open_recorded(run, record.namespaces);
  std::vector<MadeNamespace> gone;
  for (const MadeNamespace& made : record.namespaces)
    if (!spaces.contains(made.name)) gone.push_back(made);
  remove_recorded(run, devices_of(record, [&](const MadeDevice& made) { return !devices.contains(made.name); }), gone);
}

void Bringing::run(const std::vector<std::string>& only) {
  Run& run = *run_;
  Journal& journal = run.journal;
  const bool fresh = current_ == nullptr;
  const Record before = fresh ? Record{} : journal.record();
  if (!fresh) journal.set_phase(Phase::changing);
  try {
    carry_out_plan();
    check_result();
    journal.commit(next_, only);
  } catch (const std::exception& error) {
    spdlog::info("rolling back: {}", error.what());
    try {
      run.interruptible = false;
      if (fresh) {
        remove_all(run);
        if (run.guests.empty()) journal.remove();
      } else {
        roll_back(run, *current_, next_, plan_, before);
        journal.commit(*current_, before.only);
      }
    } catch (const std::exception& second) {
      throw Error(code_of(error), fmt::format("{}; and rolling back did not end well ({}): run \"netrig down {}\"",
                                              error.what(), second.what(), journal.record().lab));
    }
    const auto* known = dynamic_cast<const Error*>(&error);
    run.check_spared(known != nullptr ? known->message() : error.what(), known != nullptr ? known->where() : "");
    throw;
  }
  take_away();
  run.stage({});
  run.check_spared(fmt::format("lab {} is as its file says", next_.name.str()));
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
