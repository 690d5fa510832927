// SPDX-License-Identifier: Apache-2.0
#include "plan/raise.hpp"

#include <algorithm>

#include "plan/devices.hpp"

namespace netrig::plan {
namespace {

/// With nothing but its MTU.
Link bare(const Link& link, const Link& as_seen, const Given<std::uint32_t>& mtu) {
  Link bare;
  bare.name = link.name;
  bare.kind = as_seen.kind;
  bare.ifindex = as_seen.ifindex;
  bare.settings.mtu = mtu;
  bare.where = link.where;
  return bare;
}

/// Nothing: it does not grow by the step, or there was none before.
std::optional<Step> raise_by(const Step& step, Direction direction) {
  const auto* goal = std::get_if<Link>(&step.object);
  if (goal == nullptr || !step.before || step.part == Step::Part::removal) return std::nullopt;
  const Link& seen = std::get<Link>(*step.before);
  Link from = bare(*goal, seen, seen.settings.mtu);
  Link to = bare(*goal, seen, goal->settings.mtu);
  if (direction == Direction::back) std::swap(from, to);
  const Given<std::uint32_t>& mtu = to.settings.mtu;
  if (!from.settings.mtu || !mtu || *mtu <= *from.settings.mtu) return std::nullopt;
  SettingChange change{
      .name = "mtu", .expected = setting_text(*mtu), .found = setting_text(*from.settings.mtu), .where = mtu.where};
  return Step{.verb = Verb::change, .object = to, .before = Object(from), .changes = {std::move(change)}};
}

}  // namespace

std::vector<Raise> raises_of(const Lab& lab, const Lab& next, const Plan& plan, Direction direction) {
  std::vector<Raise> all;
  for (const SpacePlan& one : plan.spaces)
    for (const Step& step : one.difference.steps)
      if (auto raise = raise_by(step, direction))
        all.push_back({.space = next.namespaces[one.space].name.str(), .step = std::move(*raise)});
  if (all.empty()) return all;
  const DeviceOfInterface owner(lab);
  const auto levels = owner.levels();
  std::unordered_set<std::size_t> lowers;
  for (const Device& device : lab.devices)
    for (const std::size_t lower : owner.dependencies(device)) lowers.insert(lower);
  const auto device_of = [&](const Raise& one) { return owner.find(one.space, std::get<Link>(one.step.object).name); };
  std::erase_if(all, [&](const Raise& one) { return !lowers.contains(device_of(one)); });
  std::stable_sort(all.begin(), all.end(),
                   [&](const Raise& a, const Raise& b) { return levels[device_of(a)] < levels[device_of(b)]; });
  return all;
}

}  // namespace netrig::plan
