// SPDX-License-Identifier: Apache-2.0
#include "plan/order.hpp"

#include <algorithm>

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
