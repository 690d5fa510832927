// SPDX-License-Identifier: Apache-2.0
#include "plan/kernel_model.hpp"

#include <algorithm>

#include "plan/compare.hpp"
#include "plan/order.hpp"

namespace netrig::plan {
namespace {

/// Steps that bring a state which has lost something back to the target.
std::vector<Step> losses(const SpaceState& target, const SpaceState& state) {
  const SpaceState nothing;
  // `keep`: what was to be removed has been, and what is foreign stays.
  Difference rest = compare(
      {.wanted = target, .made = nothing, .seen = state, .own = true, .foreign = Foreign::keep, .ordered = false});
  for (Step& step : rest.steps) step.restores = true;
  return std::move(rest.steps);
}

bool is_there(const SpaceState& state, const Object& object) {
  return std::visit(
      [&]<typename Kind>(const Kind& one) {
        const auto& all = state.of<Kind>();
        return std::any_of(all.begin(), all.end(), [&](const Kind& other) { return other.key() == one.key(); });
      },
      object);
}

}  // namespace

void happen(const Event& event, SpaceState& state) {
  // Backwards, for what stands on others is told by them: a route over a gateway by the addresses.
  ObjectKinds::each_backwards([&]<typename Kind>(std::type_identity<Kind>) {
    std::erase_if(state.of<Kind>(), [&](Kind& one) { return Row<Kind>::suffer(one, event, state); });
  });
}

void apply(const Step& step, SpaceState& state) {
  std::visit(
      [&]<typename Kind>(const Kind& one) {
        switch (step.verb) {
          case Verb::make:
            Row<Kind>::make(state, one);
            break;
          case Verb::change:
            if (step.before && !changes_in_place(step.object, step.changes)) {
              if (step.part == Step::Part::whole) Row<Kind>::remove(state, std::get<Kind>(*step.before));
              Row<Kind>::make(state, one);
            } else {
              Row<Kind>::change(state, one, step.changes);
            }
            break;
          case Verb::remove:
            Row<Kind>::remove(state, one);
            break;
        }
      },
      step.object);
}

void close(Difference& difference, const SpaceState& seen) {
  if (difference.steps.empty()) return;
  // What is made again can take something with it in its turn, but never in a circle: each round ends with more of the
  // target in place. The bound is there for a model that is wrong.
  constexpr int kRounds = 4;
  SpaceState state = seen;
  std::size_t done = 0;
  for (int round = 0; round < kRounds; ++round) {
    for (; done < difference.steps.size(); ++done) {
      Step& step = difference.steps[done];
      const bool gone = step.verb == Verb::remove && !is_there(state, step.object);
      // What an earlier step has taken along is not removed again where that could hit another. Others may still be
      // there: an address, by promote_secondaries.
      step.is_void =
          gone && std::visit([]<typename Kind>(const Kind&) { return Row<Kind>::kIsAmbiguous; }, step.object);
      if (!gone) apply(step, state);
    }
    std::vector<Step> lost = losses(difference.target, state);
    if (lost.empty()) break;
    std::move(lost.begin(), lost.end(), std::back_inserter(difference.steps));
  }
}

}  // namespace netrig::plan
