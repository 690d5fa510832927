// SPDX-License-Identifier: Apache-2.0
#include "plan/qdisc_row.hpp"

#include <fmt/format.h>

namespace netrig::plan {
namespace {

/// Settings of the other kind, which come from what stood there before.
void drop_others(Qdisc& one) {
  if (one.kind == Qdisc::kNetem) {
    one.burst.reset();
    return;
  }
  Qdisc::each_setting([&](std::string_view name, auto setting) {
    const bool is_of_tbf = one.kind == Qdisc::kTbf && (name == "rate" || name == "burst");
    if (!is_of_tbf) (one.*setting).reset();
  });
}

}  // namespace

void Row<Qdisc>::make_canonical(Qdisc& one) {
  if (one.kind != Qdisc::kNetem) return;
  // It is one as a whole: what a file does not say does not happen.
  const auto fill = [&](auto& setting, auto value) {
    if (!setting) setting = {value, one.where};
  };
  fill(one.delay, PacketDelay{});
  fill(one.jitter, PacketDelay{});
  for (Given<PacketShare>* share : {&one.loss, &one.duplicate, &one.reorder, &one.corrupt}) fill(*share, PacketShare{});
  fill(one.rate, ByteRate{});
  fill(one.limit, Qdisc::kUsualLimit);
}

bool Row<Qdisc>::agrees(std::string_view setting, const std::string& /*expected*/, const std::string& found) {
  if (setting == "burst") return true;  // told in ticks, so other_changes looks at it
  return setting == "distribution" && found.empty();
}

std::vector<SettingChange> Row<Qdisc>::other_changes(const Qdisc& wanted, const Qdisc& seen) {
  if (wanted.kind != seen.kind)
    return {{.name = "kind", .expected = wanted.kind, .found = seen.kind, .where = wanted.where}};
  std::vector<SettingChange> changes;
  if (seen.beyond && !wanted.beyond)
    changes.push_back({.name = "options", .expected = "as in the file", .found = "others", .where = wanted.where});
  if (wanted.kind != Qdisc::kTbf) return changes;
  if (wanted.burst && seen.burst) {
    const std::uint64_t apart = *wanted.burst > *seen.burst ? *wanted.burst - *seen.burst : *seen.burst - *wanted.burst;
    if (apart > wanted.burst_tolerance() + seen.burst_tolerance())
      changes.push_back({.name = "burst",
                         .expected = setting_text(*wanted.burst),
                         .found = setting_text(*seen.burst),
                         .where = wanted.burst.where});
  }
  if (seen.queue != 0 && seen.queue_time() != wanted.queue_time())
    changes.push_back({.name = "latency",
                       .expected = setting_text(wanted.queue_time()),
                       .found = setting_text(seen.queue_time()),
                       .where = wanted.where});
  return changes;
}

void Row<Qdisc>::recall(Qdisc& seen, const Qdisc& made) {
  if (seen.kind == made.kind && !seen.distribution) seen.distribution = made.distribution;
}

void Row<Qdisc>::keep_rest(Qdisc& goal, const Qdisc& /*seen*/) { drop_others(goal); }

bool Row<Qdisc>::suffer(Qdisc& one, const Event& event, const SpaceState& /*state*/) {
  if (one.interface != event.interface) return false;
  if (event.what == Event::What::renamed) one.interface = event.name;
  return event.what == Event::What::link_gone;
}

}  // namespace netrig::plan
