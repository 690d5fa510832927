// SPDX-License-Identifier: Apache-2.0
#include "plan/order.hpp"

#include <algorithm>
#include <unordered_set>

#include "plan/compare.hpp"

namespace netrig::plan {
namespace {

/// Takes changes apart whose removal must come before anything is made.
void split(std::vector<Step>& steps) {
  const std::size_t count = steps.size();
  for (std::size_t i = 0; i < count; ++i) {
    const bool goes_first =
        std::visit([]<typename Kind>(const Kind&) { return Row<Kind>::kGoesFirst; }, steps[i].object);
    if (!goes_first || steps[i].verb != Verb::change || changes_in_place(steps[i].object, steps[i].changes)) continue;
    steps[i].part = Step::Part::rest;
    Step removal{.verb = Verb::remove, .object = *steps[i].before};
    removal.part = Step::Part::removal;
    steps.push_back(std::move(removal));
  }
}

std::vector<std::string> altnames_of(const Object& object) {
  return std::get<Link>(object).settings.altnames.value_or({});
}

/// An alternative name is one interface's: where one that goes is another's afterwards, all that go are let go of
/// before any comes.
void release_altnames(std::vector<Step>& steps) {
  const auto is_change = [](const Step& step) {
    return step.verb == Verb::change && step.before && std::holds_alternative<Link>(step.object);
  };
  std::unordered_set<std::string> coming;
  for (const Step& step : steps) {
    if (!is_change(step)) continue;
    const auto had = altnames_of(*step.before);
    for (const std::string& name : altnames_of(step.object))
      if (std::find(had.begin(), had.end(), name) == had.end()) coming.insert(name);
  }
  if (coming.empty()) return;
  const std::size_t count = steps.size();
  for (std::size_t i = 0; i < count; ++i) {
    if (!is_change(steps[i])) continue;
    std::vector<std::string> kept = altnames_of(*steps[i].before);
    const std::vector<std::string> wanted = altnames_of(steps[i].object);
    const auto goes_elsewhere = [&](const std::string& name) {
      return coming.contains(name) && std::find(wanted.begin(), wanted.end(), name) == wanted.end();
    };
    if (std::erase_if(kept, goes_elsewhere) == 0) continue;
    Step removal{.verb = Verb::change, .object = *steps[i].before, .before = steps[i].before};
    removal.part = Step::Part::removal;
    std::get<Link>(removal.object).settings.altnames = {kept};
    for (const SettingChange& change : steps[i].changes)
      if (change.name == "altnames") removal.changes.push_back(change);
    std::get<Link>(*steps[i].before).settings.altnames = {std::move(kept)};
    steps.push_back(std::move(removal));
  }
}

Course course_of(const std::vector<Step>& steps, const SpaceState& target) {
  Course course;
  ObjectKinds::each([&]<typename Kind>(std::type_identity<Kind>) {
    for (const Kind& one : target.of<Kind>()) Row<Kind>::note_there(one, course);
  });
  for (const Step& step : steps)
    std::visit([&]<typename Kind>(const Kind& one) { Row<Kind>::note(step, one, course); }, step.object);
  return course;
}

}  // namespace

void put_in_order(std::vector<Step>& steps, const SpaceState& target) {
  split(steps);
  release_altnames(steps);
  if (steps.size() < 2) return;
  const Course course = course_of(steps, target);
  std::vector<std::pair<Stage, std::size_t>> order;
  order.reserve(steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i)
    order.emplace_back(
        std::visit([&]<typename Kind>(const Kind& one) { return Row<Kind>::stage(steps[i], one, course); },
                   steps[i].object),
        i);
  if (std::is_sorted(order.begin(), order.end())) return;
  std::sort(order.begin(), order.end());
  std::vector<Step> sorted;
  sorted.reserve(steps.size());
  for (const auto& [stage, index] : order) sorted.push_back(std::move(steps[index]));
  steps = std::move(sorted);
}

}  // namespace netrig::plan
