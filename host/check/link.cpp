// SPDX-License-Identifier: Apache-2.0
// Checks of interfaces and of what bridges and VXLANs have learned.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/if.h>

#include <algorithm>
#include <array>

#include "check/look.hpp"
#include "check/run_checks.hpp"
#include "kernel/fdb_entries.hpp"

namespace netrig::check {
namespace {

constexpr std::int64_t kMbit = 1'000'000;

std::string state_text(std::uint8_t state) {
  static constexpr std::array kTexts = {"disabled", "listening", "learning", "forwarding", "blocking"};
  return state < kTexts.size() ? kTexts.at(state) : fmt::format("state {}", state);
}

std::string carrier_text(bool carrier) { return carrier ? "a carrier" : "no carrier"; }
std::string master_text(const std::string& master) { return master.empty() ? "no master" : "master " + master; }
std::string speed_text(std::optional<std::int64_t> speed) {
  return speed ? "speed " + format_rate(*speed) : "a speed that its driver does not know";
}
std::string port_text(std::optional<std::uint8_t> state) {
  return state ? "port state " + state_text(*state) : "no port state, for it is no port of a bridge";
}

std::string wanted_text(const LinkCheck& check) {
  std::vector<std::string> parts;
  if (check.carrier) parts.push_back(carrier_text(*check.carrier));
  if (check.speed) parts.push_back(speed_text(check.speed));
  if (check.master) parts.push_back(master_text(*check.master));
  if (check.port_state) parts.push_back(port_text(static_cast<std::uint8_t>(*check.port_state)));
  return fmt::format("{} with {}", check.interface, fmt::join(parts, ", "));
}

/// What of one link is otherwise; empty: nothing.
std::vector<std::string> faults_of(const LinkCheck& check, const View& view, const kernel::LinkState& link) {
  std::vector<std::string> faults;
  const bool carrier = (link.flags & IFF_LOWER_UP) != 0;
  if (check.carrier && carrier != *check.carrier) faults.push_back(carrier_text(carrier));
  if (check.speed) {
    std::optional<std::int64_t> speed;
    if (const auto told = kernel::speed_of(link.name)) speed = *told * kMbit;
    if (speed != check.speed) faults.push_back(speed_text(speed));
  }
  const std::string master = link.master == 0 ? "" : view.name(link.master);
  if (check.master && master != *check.master) faults.push_back(master_text(master));
  if (check.port_state && link.port_state != static_cast<std::uint8_t>(*check.port_state))
    faults.push_back(port_text(link.port_state));
  return faults;
}

std::string entry_text(const View& view, const kernel::FdbEntry& entry) {
  std::string text = fmt::format("{} dev {}", entry.mac.str(), view.name(entry.ifindex));
  if (entry.dst) text += " dst " + entry.dst->str();
  if (entry.vlan != 0) text += fmt::format(" vlan {}", entry.vlan);
  return text;
}

std::string wanted_text(const FdbCheck& check) {
  std::string text = fmt::format("{} at {}", check.mac.str(), check.interface);
  if (check.dst) text += " to " + check.dst->str();
  if (check.vlan) text += fmt::format(" in VLAN {}", *check.vlan);
  return (check.present ? "entry " : "no entry ") + text;
}

bool fits(const FdbCheck& check, const kernel::FdbEntry& entry) {
  return entry.mac == check.mac && (!check.dst || entry.dst == check.dst) && (!check.vlan || entry.vlan == *check.vlan);
}

}  // namespace

void run(const LinkCheck& check, const Job& job) {
  const bool plain = check.interface.find_first_of("*?[\\") == std::string::npos;
  in_each(job,
          {.interface = check.interface,
           .expected = wanted_text(check),
           .command = plain ? "ip -d link show dev " + check.interface : std::string("ip -d link show")},
          [&](View& view) -> std::optional<std::string> {
            std::vector<std::string> wrong;
            for (const kernel::LinkState& link : view.links) {
              if (!matches(check.interface, link.name)) continue;
              const auto faults = faults_of(check, view, link);
              if (!faults.empty()) wrong.push_back(fmt::format("{} has {}", link.name, fmt::join(faults, ", ")));
            }
            return wrong.empty() ? std::nullopt : std::optional(fmt::format("{}", fmt::join(wrong, "; ")));
          });
}

void run(const FdbCheck& check, const Job& job) {
  in_each(job, {.interface = check.interface, .expected = wanted_text(check), .command = "bridge fdb show"},
          [&](View& view) -> std::optional<std::string> {
            const auto is_meant = [&](std::uint32_t ifindex) {
              const auto name = view.names.find(ifindex);
              return name != view.names.end() && matches(check.interface, name->second);
            };
            std::vector<std::string> match;
            std::vector<std::string> others;
            for (const kernel::FdbEntry& entry : kernel::list_fdb(view.socket)) {
              if (!is_meant(entry.ifindex) && !is_meant(entry.master)) continue;
              (fits(check, entry) ? match : others).push_back(entry_text(view, entry));
            }
            if (match.empty() != check.present) return std::nullopt;
            return instead(check.present ? others : match, "there is no entry at all");
          });
}

}  // namespace netrig::check
