// SPDX-License-Identifier: Apache-2.0
#include "plan/drift.hpp"

#include "plan/kernel_model.hpp"
#include "plan/wanted.hpp"

namespace netrig::plan {

Drift drift_of(const Lab& lab, Seen seen, const Threads& threads) {
  const Wanted wanted(lab);
  std::vector<Drift> parts(lab.namespaces.size());
  threads(parts.size(), [&](std::size_t s) {
    const Namespace& space = lab.namespaces[s];
    const std::string& name = space.name.str();
    Drift& part = parts[s];
    const auto found = seen.spaces.find(name);
    if (found == seen.spaces.end()) {
      part.lines.push_back(
          {.verb = Verb::make, .kind = "namespace", .space = name, .name = {}, .detail = {}, .where = space.where});
      return;
    }
    SpaceState state = std::move(found->second);
    std::vector<Step> steps;
    if (const auto renamed = seen.renamed.find(name); renamed != seen.renamed.end())
      steps = rename_back(renamed->second, state);
    const SpaceState want = wanted.in(s);
    Difference difference =
        compare({.wanted = want, .made = want, .seen = state, .own = !space.existing, .foreign = Foreign::report});
    steps.insert(steps.end(), std::make_move_iterator(difference.steps.begin()),
                 std::make_move_iterator(difference.steps.end()));
    for (const Step& step : steps)
      if (step.part != Step::Part::removal) part.lines.push_back(line_of(step, name));
    if (space.foreign != Foreign::keep)
      for (Object& object : difference.foreign) part.foreign.emplace_back(name, std::move(object));
  });
  Drift all;
  for (Drift& part : parts) {
    std::move(part.lines.begin(), part.lines.end(), std::back_inserter(all.lines));
    std::move(part.foreign.begin(), part.foreign.end(), std::back_inserter(all.foreign));
  }
  return all;
}

Seen as_wanted(const Lab* lab) {
  Seen seen;
  if (lab == nullptr) return seen;
  const Wanted wanted(*lab);
  for (std::size_t s = 0; s < lab->namespaces.size(); ++s)
    seen.spaces.emplace(lab->namespaces[s].name.str(), wanted.in(s));
  return seen;
}

}  // namespace netrig::plan
