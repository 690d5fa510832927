// SPDX-License-Identifier: Apache-2.0
#include "plan/sysctl_row.hpp"

#include "model/forwarding.hpp"

namespace netrig::plan {
namespace {

/// Writing the switch of all writes every interface's, and more.
void forward(const Sysctl& one, std::vector<Sysctl>& all) {
  if (!is_switch(one.key_text)) return;
  const bool on = one.value && *one.value != "0";
  for (Sysctl& other : all) {
    if (!is_written_with(other.key_text, one.key_text)) continue;
    if (is_opposite(other.key_text))
      other.value = {on ? "0" : "1"};
    else
      other.value = one.value;
  }
}

}  // namespace

void Row<Sysctl>::make_canonical(Sysctl& one) {
  if (one.value) *one.value = canonical_value(*one.value);
}

/// IPv6 on interfaces that have something of it, unless the file says otherwise.
std::vector<Sysctl> Row<Sysctl>::missing_ground(const Namespace& /*space*/, const SpaceState& wanted,
                                                const SpaceState& seen) {
  std::vector<Sysctl> missing;
  const auto& sysctls = wanted.of<Sysctl>();
  const bool is_told = std::any_of(sysctls.begin(), sysctls.end(), [](const Sysctl& one) {
    return (one.reach() == Sysctl::Reach::all || one.reach() == Sysctl::Reach::fresh) &&
           one.key_text.ends_with(".disable_ipv6");
  });
  if (is_told) return missing;
  for (const Link& off : seen.of<Link>()) {
    if (!off.ipv6_off) continue;
    for (const Link& link : wanted.of<Link>()) {
      if (link.name != off.name || !link.needs_ipv6) continue;
      std::string key = *interface_sysctl("ipv6.disable_ipv6", link.name);
      if (std::none_of(sysctls.begin(), sysctls.end(), [&](const Sysctl& one) { return one.key() == key; }))
        missing.push_back({.key_text = std::move(key), .value = {"0", link.where}, .where = link.where});
    }
  }
  return missing;
}

std::optional<Sysctl> Row<Sysctl>::instead_of(const Sysctl& one) {
  return Sysctl{.key_text = one.key_text, .value = {"1"}};
}

void Row<Sysctl>::arrange(std::vector<Sysctl>& all) {
  const auto rank = [](const Sysctl& one) { return std::pair(one.reach(), !is_switch(one.key_text)); };
  std::stable_sort(all.begin(), all.end(), [&](const Sysctl& a, const Sysctl& b) { return rank(a) < rank(b); });
}

std::vector<std::string> Row<Sysctl>::interfaces_of(const Sysctl& one) {
  std::string interface = one.interface();
  return interface.empty() ? std::vector<std::string>{} : std::vector{std::move(interface)};
}

Stage Row<Sysctl>::stage(const Step& /*step*/, const Sysctl& one, const Course& course) {
  const bool late =
      !course.growing.empty() && one.key_text.starts_with("net.ipv6.") && course.growing.contains(one.interface());
  return late ? Stage::sysctl6 : Stage::sysctl;
}

void Row<Sysctl>::make(SpaceState& state, const Sysctl& one) {
  put(state, one);
  forward(one, state.of<Sysctl>());
}

bool Row<Sysctl>::suffer(Sysctl& one, const Event& event, const SpaceState& /*state*/) {
  switch (event.what) {
    case Event::What::link_gone:
      return one.interface() == event.interface;
    case Event::What::no_ipv6:  // the defaults are there again when it comes back
      return one.key_text.starts_with("net.ipv6.") && one.interface() == event.interface;
    default:
      return false;
  }
}

}  // namespace netrig::plan
