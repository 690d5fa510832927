// SPDX-License-Identifier: Apache-2.0
#include "plan/drift.hpp"

#include <algorithm>
#include <unordered_set>

#include "plan/devices.hpp"
#include "plan/ground.hpp"

namespace netrig::plan {

namespace {

constexpr const char* kDevice = "device";

/// Devices whose interfaces are there by name, and yet are not those that were made.
void append_replaced(const Lab& lab, const std::vector<Wanted::Place>& places, const std::vector<std::string>& broken,
                     std::vector<Line>& lines) {
  for (const auto& [d, i] : places) {
    const Device& device = lab.devices[d];
    if (std::find(broken.begin(), broken.end(), device.name.str()) == broken.end()) continue;
    const std::string& interface = device.interfaces[i].name.str();
    const bool is_told = std::any_of(lines.begin(), lines.end(), [&](const Line& line) {
      return (line.verb == Verb::make && line.kind == Link::kKind && line.interface == interface) ||
             (line.kind == kDevice && line.name == device.name.str());
    });
    if (!is_told)
      lines.push_back({.verb = Verb::make,
                       .kind = kDevice,
                       .space = {},
                       .name = device.name.str(),
                       .detail = "replaced by another of its name, which must go first",
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
  SpaceState want = wanted.in(s);
  want_ground(space, want, seen->state);
  std::vector<Step> steps = rename_back(seen->renamed, seen->state, want);
  Difference difference =
      compare({.wanted = want, .made = want, .seen = seen->state, .own = !space.existing, .foreign = Foreign::report});
  steps.insert(steps.end(), std::make_move_iterator(difference.steps.begin()),
               std::make_move_iterator(difference.steps.end()));
  for (const Step& step : steps)
    if (step.part != Step::Part::removal) drift.lines.push_back(line_of(step, name));
  if (!seen->broken.empty()) append_replaced(lab, wanted.interfaces_of(s), seen->broken, drift.lines);
  if (space.foreign != Foreign::keep)
    for (Object& object : difference.foreign) drift.foreign.emplace_back(name, std::move(object));
  return drift;
}

Drift join(std::vector<Drift> parts) {
  Drift all;
  std::unordered_set<std::string> devices;
  for (Drift& part : parts) {
    for (Line& line : part.lines)
      if (line.kind != kDevice || devices.insert(line.name).second) all.lines.push_back(std::move(line));
    std::move(part.foreign.begin(), part.foreign.end(), std::back_inserter(all.foreign));
  }
  return all;
}

Line foreign_line(const Object& object, const std::string& space) {
  return line_of({.verb = Verb::remove, .object = object}, space);
}

/// Parameters that the file does not set, as the kernel has them by itself.
static void add_unset(const Device& device, Link& link) {
  if (!device.about) return;
  for (const ParameterDeclaration& one : device.about->parameters) {
    auto values = one.is_seen() && link.parameter(one) == nullptr ? one.unset() : std::nullopt;
    if (values) link.parameters.push_back({.declaration = {device.about, &one}, .values = std::move(*values)});
  }
}

Seen as_wanted(const Lab* lab) {
  Seen seen;
  if (lab == nullptr) return seen;
  const Wanted wanted(*lab);
  const DeviceOfInterface device_of(*lab);
  for (std::size_t s = 0; s < lab->namespaces.size(); ++s) {
    const std::string& name = lab->namespaces[s].name.str();
    SpaceState state = wanted.in(s);
    for (Link& link : state.of<Link>())
      if (const std::size_t d = device_of.find(name, link.name); d != SIZE_MAX) add_unset(lab->devices[d], link);
    seen.spaces.emplace(name, std::move(state));
  }
  return seen;
}

}  // namespace netrig::plan
