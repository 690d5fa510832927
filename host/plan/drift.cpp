// SPDX-License-Identifier: Apache-2.0
#include "plan/drift.hpp"

#include <algorithm>

namespace netrig::plan {

namespace {

/// Devices whose interfaces are all there by name, and yet are not those that were made.
void append_replaced(const Lab& lab, const Seen& seen, std::vector<Line>& lines) {
  if (seen.broken.empty()) return;
  std::unordered_set<std::string> missing;  // "space:interface", and namespaces by their names
  for (const Line& line : lines)
    if (line.verb == Verb::make && (line.kind == Link::kKind || line.kind == "namespace"))
      missing.insert(line.kind == "namespace" ? line.space : line.space + ":" + line.interface);
  for (const Device& device : lab.devices) {
    if (!seen.broken.contains(device.name.str())) continue;
    const bool is_told =
        std::any_of(device.interfaces.begin(), device.interfaces.end(), [&](const Interface& interface) {
          const std::string& space = lab.namespaces[interface.home].name.str();
          return missing.contains(space) || missing.contains(space + ":" + interface.name.str());
        });
    if (!is_told)
      lines.push_back({.verb = Verb::make,
                       .kind = "device",
                       .space = {},
                       .name = device.name.str(),
                       .detail = "replaced by another of its name",
                       .where = device.where});
  }
}

}  // namespace

Drift drift_in(const Lab& lab, const Wanted& wanted, std::size_t s, std::optional<SeenSpace> seen) {
  const Namespace& space = lab.namespaces[s];
  const std::string& name = space.name.str();
  Drift drift;
  if (!seen) {
    drift.lines.push_back(
        {.verb = Verb::make, .kind = "namespace", .space = name, .name = {}, .detail = {}, .where = space.where});
    return drift;
  }
  const SpaceState want = wanted.in(s);
  std::vector<Step> steps = rename_back(seen->renamed, seen->state, want);
  Difference difference =
      compare({.wanted = want, .made = want, .seen = seen->state, .own = !space.existing, .foreign = Foreign::report});
  steps.insert(steps.end(), std::make_move_iterator(difference.steps.begin()),
               std::make_move_iterator(difference.steps.end()));
  for (const Step& step : steps)
    if (step.part != Step::Part::removal) drift.lines.push_back(line_of(step, name));
  if (space.foreign != Foreign::keep)
    for (Object& object : difference.foreign) drift.foreign.emplace_back(name, std::move(object));
  return drift;
}

Drift drift_of(const Lab& lab, Seen seen, const Threads& threads) {
  const Wanted wanted(lab);
  std::vector<Drift> parts(lab.namespaces.size());
  threads(parts.size(), [&](std::size_t s) {
    const std::string& name = lab.namespaces[s].name.str();
    std::optional<SeenSpace> one;
    if (const auto found = seen.spaces.find(name); found != seen.spaces.end())
      one = {.state = std::move(found->second)};
    if (const auto renamed = seen.renamed.find(name); one && renamed != seen.renamed.end())
      one->renamed = renamed->second;
    parts[s] = drift_in(lab, wanted, s, std::move(one));
  });
  Drift all;
  for (Drift& part : parts) {
    std::move(part.lines.begin(), part.lines.end(), std::back_inserter(all.lines));
    std::move(part.foreign.begin(), part.foreign.end(), std::back_inserter(all.foreign));
  }
  append_replaced(lab, seen, all.lines);
  return all;
}

Line foreign_line(const Object& object, const std::string& space) {
  return line_of({.verb = Verb::remove, .object = object}, space);
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
