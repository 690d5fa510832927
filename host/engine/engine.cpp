// SPDX-License-Identifier: Apache-2.0
#include "engine/engine.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>

#include "driver/table_driver.hpp"
#include "engine/between_files.hpp"
#include "engine/commands.hpp"
#include "engine/local_place.hpp"
#include "engine/run.hpp"
#include "engine/services.hpp"
#include "engine/shared.hpp"
#include "engine/sight.hpp"
#include "kernel/inside.hpp"
#include "kernel/namespace.hpp"
#include "model/error_number.hpp"
#include "plan/devices.hpp"
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
void set_retired_down(Place& place, const Lab& current, const plan::Plan& plan) {
  std::map<std::string, std::vector<std::string>> links;
  for (const std::size_t d : plan.retire_devices)
    for (const Interface& interface : current.devices[d].interfaces)
      links[current.namespaces[interface.home].name.str()].push_back(interface.name.str());
  for (const auto& [home, names] : links) place.set_down(home, names);
}

bool brings_up(const Step& step, const std::string& name) {
  const auto* link = std::get_if<Link>(&step.object);
  return link != nullptr && link->name == name && step.verb != Verb::remove &&
         link->settings.state.value_or(AdminState::down) == AdminState::up;
}

bool is_brought_up(const std::vector<Step>& steps, const std::string& name) {
  return std::any_of(steps.begin(), steps.end(), [&](const Step& step) { return brings_up(step, name); });
}

/// Whether the kernel takes it only of a link that is in use (br_set_port_state).
bool needs_carrier(const Step& step) {
  const auto* port = std::get_if<Port>(&step.object);
  const auto* before = port != nullptr && step.before ? std::get_if<Port>(&*step.before) : nullptr;
  return port != nullptr && port->state && (before == nullptr || port->state != before->state);
}

/// The first step that waits until links are settled: by which one that has ports comes up, for what follows in the
/// order of steps stands on it, or which needs a carrier.
std::vector<Step>::iterator first_that_waits(std::vector<Step>& steps) {
  std::unordered_set<std::string> masters;
  for (const Step& step : steps)
    if (const auto* link = std::get_if<Link>(&step.object))
      if (const std::string master = link->settings.master.value_or(""); !master.empty()) masters.insert(master);
  return std::find_if(steps.begin(), steps.end(), [&](const Step& step) {
    return needs_carrier(step) ||
           std::any_of(masters.begin(), masters.end(), [&](const std::string& name) { return brings_up(step, name); });
  });
}

}  // namespace

Bringing::Bringing(Journal& journal, driver::Registry& drivers, const Options& options, const Lab* current,
                   const Lab& next, std::unique_ptr<Place> place)
    : run_(std::make_unique<Run>(journal, drivers, options)),
      place_(place ? std::move(place) : std::make_unique<LocalPlace>(*run_)),
      current_(current),
      next_(next) {
  run_->edits = current != nullptr;
  plan_ = make_plan(current, next, place_->look(journal.record(), current, next), run_->threads);
}

Bringing::~Bringing() = default;

const std::vector<std::string>& Bringing::warnings() const { return run_->warnings; }

namespace {

/// What a record has and a lab does not, or not whole.
struct Leftovers {
  std::vector<MadeDevice> devices;  ///< latest first
  std::vector<MadeNamespace> namespaces;
  [[nodiscard]] bool empty() const { return devices.empty() && namespaces.empty(); }
};

Leftovers leftovers_of(const Record& record, const Lab& lab) {
  const auto spaces = names_of_namespaces(lab);
  const auto devices = names_of_devices(lab);
  Leftovers left{
      .devices = devices_of(
          record, [&](const MadeDevice& made) { return !made.settled || made.fresh || !devices.contains(made.name); }),
      .namespaces = {}};
  for (const MadeNamespace& made : record.namespaces)
    if (!spaces.contains(made.name)) left.namespaces.push_back(made);
  return left;
}

}  // namespace

void take_leftovers(Journal& journal, driver::Registry& drivers, const Options& options, const Lab& current,
                    std::unique_ptr<Place> place) {
  const Leftovers left = leftovers_of(journal.record(), current);
  if (left.empty()) return;
  Run run(journal, drivers, options);
  run.interruptible = false;
  // As in take_away(), which was cut off.
  std::unordered_set<std::string> going;
  for (const MadeNamespace& made : left.namespaces) going.insert(made.name);
  for (const Unended& one : end_services(journal, stranded_services(journal.record(), going)))
    run.warn(fmt::format("service {}: {}", one.service.name, one.why));
  for (std::string& fault : undo_commands(journal, going)) run.warn(std::move(fault));
  if (!place) place = std::make_unique<LocalPlace>(run);
  place->open(journal.record().namespaces);
  place->remove(left.devices, left.namespaces);
}

/// Brings everything to what is wanted. What is no longer wanted is still there, but takes no part.
void Bringing::carry_out_plan() {
  Run& run = *run_;
  if (current_ != nullptr) {
    place_->note_holds();
    run.stage("clear the way");
    if (!plan_.retire_devices.empty()) set_retired_down(*place_, *current_, plan_);
    std::unordered_set<std::string> clear;
    for (const std::size_t d : plan_.clear_devices) clear.insert(current_->devices[d].name.str());
    std::unordered_set<std::string> anew;
    for (const std::size_t s : plan_.create_namespaces) anew.insert(next_.namespaces[s].name.str());
    std::vector<MadeNamespace> gone;
    for (const MadeNamespace& made : run.journal.record().namespaces)
      if (anew.contains(made.name)) gone.push_back(made);
    // What is to be made anew may be where nothing shows it any more: in a namespace that has but lost its name, for a
    // process is in it.
    for (const Unended& one : end_services(run.journal, stranded_services(run.journal.record(), anew)))
      run.warn(fmt::format("service {}: {}", one.service.name, one.why));
    for (std::string& fault : undo_commands(run.journal, anew)) run.warn(std::move(fault));
    if (!clear.empty() || !gone.empty())
      place_->remove(
          devices_of(run.journal.record(), [&](const MadeDevice& made) { return clear.contains(made.name); }), gone);
  }
  run.stage("create namespaces");
  place_->create_namespaces(next_, plan_.create_namespaces);
  run.stage("create devices");
  if (current_ != nullptr)
    raise_mtus(run, *place_, next_, plan::raises_of(next_, next_, plan_, plan::Direction::forth));
  for (const auto& level : plan_.create_devices) {
    for (const std::size_t d : level) run.begun_devices.insert(next_.devices[d].name.str());
    place_->create_devices(next_, level);
  }
  place_->hold_sysctls(next_);
  run.stage("change devices");
  change_in_place(run, *place_, next_, plan_);
  run.stage("configure");
  // Those without masters first; in the others, what comes up last waits until the hosts are settled: an address that
  // is new on a link is told to everybody on it, and behind a bridge that runs those are all of them.
  const auto carry_out = [&](const plan::SpacePlan& one, const std::vector<Step>& steps) {
    if (!steps.empty()) place_->carry_out(next_, next_.namespaces[one.space], steps);
  };
  const auto wave = [&](std::size_t begin, std::size_t end, const auto& body) {
    std::atomic<std::size_t> done{0};
    parallel(end - begin, run.threads, [&](std::size_t i) {
      run.checkpoint();
      body(begin + i);
      if (const std::size_t count = ++done; count % 64 == 0) run.report("addresses and routes", count, end - begin);
    });
  };
  const std::size_t masters = plan_.with_masters;
  const std::size_t all = plan_.spaces.size();
  std::vector<std::vector<Step>> last(all - masters);
  wave(0, masters, [&](std::size_t i) { carry_out(plan_.spaces[i], plan_.spaces[i].difference.steps); });
  wave(masters, all, [&](std::size_t i) {
    std::vector<Step> steps = plan_.spaces[i].difference.steps;
    const auto from = first_that_waits(steps);
    last[i - masters].assign(std::make_move_iterator(from), std::make_move_iterator(steps.end()));
    steps.erase(from, steps.end());
    carry_out(plan_.spaces[i], steps);
  });
  std::vector<Rising> rising = rising_in(next_, plan_);
  std::vector<Rising> later;
  for (std::size_t i = masters; i < all; ++i) {
    if (last[i - masters].empty()) continue;
    later.push_back(rising[i]);
    const auto comes_up_last = [&](const std::string& name) { return is_brought_up(last[i - masters], name); };
    std::erase_if(rising[i].names, comes_up_last);
    std::erase_if(later.back().names, [&](const std::string& name) { return !comes_up_last(name); });
  }
  // What stands on another link has a carrier when that one has.
  const auto levels = plan::DeviceOfInterface(next_).levels();
  if (!later.empty() && std::any_of(levels.begin(), levels.end(), [](std::size_t level) { return level > 0; }))
    later = rising_in(next_, plan_);
  run.stage("settle links");
  place_->settle(rising);
  run.stage("bring up masters");
  wave(masters, all, [&](std::size_t i) { carry_out(plan_.spaces[i], last[i - masters]); });
  run.stage("settle masters");
  place_->settle(later);
  run.stage("wait for addresses");
  place_->wait_for_addresses(next_);
  run.stage("settle devices");
  for (const auto& level : plan_.create_devices) place_->settle_devices(next_, level);
}

/// What a kernel that is too old for it has taken without a word; nullptr: that is not why.
static const ParameterDeclaration* unknown_to_kernel(const Step& step) {
  const auto* link = std::get_if<Link>(&step.object);
  // What is there has been changed by somebody else since.
  if (link == nullptr || step.changes.empty() || !step.changes.front().found.empty()) return nullptr;
  const auto found = std::find_if(link->parameters.begin(), link->parameters.end(), [&](const LinkParameter& one) {
    return one.declaration->kernel.probe && one.declaration->name == step.changes.front().name;
  });
  return found == link->parameters.end() ? nullptr : found->declaration.get();
}

/// Of a link that came up without a carrier the kernel takes these again, when its link watch gets there
/// (neigh_carrier_down); settling the links has waited for that.
static bool may_be_flushed(const Step& step) {
  const auto* neighbour = std::get_if<Neighbour>(&step.object);
  return neighbour != nullptr && step.verb != Verb::remove &&
         (neighbour->proxy || neighbour->state != NeighbourState::permanent);
}

/// Looks at what an edit has touched, or may have lost: whatever went that nobody foresaw is made again, once.
void Bringing::check_result() {
  Run& run = *run_;
  std::vector<const plan::SpacePlan*> touched;
  for (const plan::SpacePlan& one : plan_.spaces) {
    const std::vector<Step>& steps = one.difference.steps;
    const bool edited = current_ != nullptr && !one.fresh && !steps.empty();
    if (edited || std::any_of(steps.begin(), steps.end(), may_be_flushed)) touched.push_back(&one);
  }
  if (touched.empty()) return;
  run.stage("look again");
  const plan::Wanted wanted(next_);
  parallel(touched.size(), run.threads, [&](std::size_t i) {
    const plan::SpacePlan& one = *touched[i];
    const Namespace& space = next_.namespaces[one.space];
    for (const bool again : {true, false}) {
      const SpaceState seen = place_->look_again(space.name.str(), wanted.interest_in(one.space));
      const SpaceState want = wanted.in(one.space);
      const plan::Difference rest =
          plan::diff({.wanted = want, .made = want, .seen = seen, .own = !space.existing, .foreign = Foreign::keep});
      if (rest.empty()) return;
      if (again) {
        place_->carry_out(next_, space, rest.steps);
        continue;
      }
      const Step& first = rest.steps.front();
      if (const ParameterDeclaration* unknown = unknown_to_kernel(first))
        throw Error(ErrorCode::unsupported,
                    fmt::format("{} \"{}\" in {}: {}", kind_of(first.object), text_of(first.object), space.name.str(),
                                driver::words_of_unknown(*unknown)),
                    next_.at(first.changes.front().where));
      throw Error(ErrorCode::failed,
                  fmt::format("{} \"{}\" in {} is not as it was set: {}", kind_of(first.object), text_of(first.object),
                              space.name.str(),
                              first.verb == Verb::make     ? "it is missing"
                              : first.verb == Verb::remove ? "it is still there"
                                                           : plan::words_of(first)),
                  next_.at(position_of(first.object)));
    }
  });
}

/// What the lab no longer wants. There is no way back from here, and none is needed: the lab is as its file says, and
/// what resists twice is in the record for the next run.
void Bringing::take_away() {
  Run& run = *run_;
  run.interruptible = false;
  // A process in a namespace keeps it from its end.
  for (const Unended& one : end_services(run.journal, unwanted_services(run.journal.record(), next_)))
    run.warn(fmt::format("service {}: {}", one.service.name, one.why));
  const auto wanted = names_of_namespaces(next_);
  std::unordered_set<std::string> going;
  for (const MadeNamespace& made : run.journal.record().namespaces)
    if (!wanted.contains(made.name)) going.insert(made.name);
  for (std::string& fault : undo_commands(run.journal, going)) run.warn(std::move(fault));
  for (const bool again : {true, false}) {
    const Leftovers left = leftovers_of(run.journal.record(), next_);
    if (left.empty()) return;
    run.stage("take away");
    try {
      place_->open(run.journal.record().namespaces);
      place_->remove(left.devices, left.namespaces);
      return;
    } catch (const std::exception& error) {
      run.left.clear();
      if (again) continue;
      throw Error(ErrorCode::left,
                  fmt::format("lab {} is as its file says, but what it no longer wants is not all gone ({}); the next "
                              "\"netrig up\" or \"netrig down {}\" removes it{}{}",
                              next_.name.str(), error.what(), next_.name.str(), run.spared.empty() ? "" : "; and ",
                              fmt::join(run.spared, "; ")));
    }
  }
}

void Bringing::run(const std::vector<std::string>& only) {
  Run& run = *run_;
  Journal& journal = run.journal;
  const bool fresh = current_ == nullptr;
  const Record before = fresh ? Record{} : journal.record();
  // What an earlier run has left between two files is not as either says, whatever becomes of this one.
  const bool half_edited = before.half_edited();
  if (!fresh && !half_edited) journal.begin_edit(next_, only);
  try {
    carry_out_plan();
    check_result();
    place_->settle_sysctls(next_);
    if (half_edited) forget_unmade(journal, next_);
    journal.commit(next_, only);
  } catch (const std::exception& error) {
    spdlog::info("rolling back: {}", error.what());
    try {
      run.interruptible = false;
      if (fresh) {
        place_->remove_all();
        if (run.guests.empty()) journal.remove();
      } else {
        roll_back(run, *place_, *current_, next_, plan_, before);
        if (!half_edited) journal.commit(*current_, before.only);
      }
    } catch (const std::exception& second) {
      throw Error(code_of(error), fmt::format("{}; and rolling back did not end well ({}): run \"netrig down {}\"",
                                              error.what(), second.what(), journal.record().lab));
    }
    const auto* known = dynamic_cast<const Error*>(&error);
    std::string message = known != nullptr ? known->message() : error.what();
    const std::string where = known != nullptr ? known->where() : "";
    if (half_edited)
      message += fmt::format("; lab {} is between two files, as an earlier run left it", next_.name.str());
    run.check_spared(message, where);
    if (half_edited) throw Error(code_of(error), message, where);
    throw;
  }
  take_away();
  run.stage({});
  run.check_spared(fmt::format("lab {} is as its file says", next_.name.str()));
}

void Bringing::accept(const std::vector<std::string>& only) {
  place_->settle_sysctls(next_);
  run_->journal.commit(next_, only);
}

std::vector<std::string> down(Journal& journal, driver::Registry& drivers, const Options& options,
                              std::unique_ptr<Place> place) {
  Run run(journal, drivers, options);
  if (!place) place = std::make_unique<LocalPlace>(run);
  run.interruptible = false;
  if (is_lost(journal.record()))
    forget_uses(journal.record().lab);  // of namespaces that are gone, whose cookies others may get
  else if (!journal.record().empty())
    place->remove_all();
  if (run.guests.empty()) journal.remove();
  run.check_spared(fmt::format("lab {} is down", journal.record().lab));
  return std::move(run.warnings);
}

}  // namespace netrig::engine
