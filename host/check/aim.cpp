// SPDX-License-Identifier: Apache-2.0
#include "check/aim.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/if_addr.h>

#include <algorithm>
#include <map>
#include <random>

#include "kernel/address.hpp"
#include "kernel/link.hpp"

namespace netrig::check {
namespace {

/// Addresses of a namespace that something can be sent to, by preference.
using Addresses = std::vector<Prefix>;

bool is_usable(const IpAddress& address) {
  // A link-local address means nothing without a zone (RFC 4007).
  return !address.is_link_local() && !address.is_loopback();
}

/// Of every namespace, in the order of the lab file, those of lo last.
std::vector<Addresses> addresses_in_file(const Lab& lab) {
  std::vector<Addresses> all(lab.namespaces.size());
  for_each_address(lab, [&](std::size_t home, const std::string&, const Prefix& prefix) {
    if (is_usable(prefix.address)) all[home].push_back(prefix);
  });
  return all;
}

bool has(const Addresses& addresses, Family family) {
  return std::any_of(addresses.begin(), addresses.end(), [&](const Prefix& p) { return p.address.family == family; });
}

/// One on a link that both are on, else the first.
std::optional<IpAddress> choose(const Addresses& from, const Addresses& to, std::optional<Family> wanted) {
  const Family family = wanted.value_or(has(to, Family::ipv4) && has(from, Family::ipv4) ? Family::ipv4 : Family::ipv6);
  std::optional<IpAddress> first;
  for (const Prefix& there : to) {
    if (there.address.family != family) continue;
    for (const Prefix& here : from)
      if (here.contains(there.address)) return there.address;
    if (!first) first = there.address;
  }
  return has(from, family) ? first : std::nullopt;
}

/// The same for the same test and seed on every machine, so that a failure can be run again.
void sample(std::vector<Aim>& aims, std::size_t wanted, const std::string& test, std::uint64_t number) {
  if (aims.size() <= wanted) return;
  constexpr std::uint64_t kPrime = 1099511628211ULL;
  std::uint64_t seed = 14695981039346656037ULL;  // FNV-1a
  for (const char c : test) seed = (seed ^ static_cast<unsigned char>(c)) * kPrime;
  for (; number != 0; number >>= 8U) seed = (seed ^ (number & 0xffU)) * kPrime;
  std::mt19937_64 random(seed);
  std::vector<std::size_t> order(aims.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  for (std::size_t i = 0; i < wanted; ++i) std::swap(order[i], order[i + random() % (order.size() - i)]);
  order.resize(wanted);
  std::sort(order.begin(), order.end());
  std::vector<Aim> drawn;
  drawn.reserve(wanted);
  for (const std::size_t i : order) drawn.push_back(aims[i]);
  aims = std::move(drawn);
}

/// "*" of "h2", "eth0" of "h2:eth0".
std::string interface_of(const Target& target) {
  const std::size_t colon = target.text.find(':');
  return colon == std::string::npos ? "*" : target.text.substr(colon + 1);
}

/// What the kernel has in a namespace.
struct Seen {
  struct One {
    std::string interface;
    Prefix prefix;
    std::string fault = {};  ///< why it is not taken; empty: it is
  };
  std::vector<One> all = {};  ///< those of lo last

  [[nodiscard]] Addresses usable(const std::string& interface) const {
    Addresses found;
    for (const One& one : all)
      if (one.fault.empty() && matches(interface, one.interface)) found.push_back(one.prefix);
    return found;
  }
  [[nodiscard]] std::string text(const std::string& interface) const {
    constexpr std::size_t kMost = 5;
    std::vector<std::string> words;
    for (const One& one : all)
      if (matches(interface, one.interface) && words.size() < kMost)
        words.push_back(fmt::format("{} {}{}", one.interface, one.prefix.str(),
                                    one.fault.empty() ? "" : fmt::format(" ({})", one.fault)));
    return words.empty() ? "none" : fmt::format("{}", fmt::join(words, ", "));
  }
};

std::string fault_of(const kernel::AddressState& address) {
  if ((address.flags & IFA_F_DADFAILED) != 0) return "somebody else has it";
  if ((address.flags & IFA_F_TENTATIVE) != 0) return "tentative";
  if ((address.flags & IFA_F_DEPRECATED) != 0) return "deprecated";
  return address.prefix.address.is_link_local() ? "link-local" : "";
}

Seen look(const Ground& ground, std::size_t space) {
  Seen seen;
  ground.inside(space, [&] {
    kernel::Socket socket;
    std::map<std::uint32_t, std::string> names;
    for (const kernel::LinkState& link : kernel::list_links(socket)) names.emplace(link.ifindex, link.name);
    for (const kernel::AddressState& address : kernel::list_addresses(socket))
      if (const auto name = names.find(address.ifindex); name != names.end() && !address.prefix.address.is_loopback())
        seen.all.push_back({.interface = name->second, .prefix = address.prefix, .fault = fault_of(address)});
  });
  std::stable_partition(seen.all.begin(), seen.all.end(), [](const Seen::One& one) { return one.interface != "lo"; });
  return seen;
}

}  // namespace

std::vector<Aim> all_aims(const Lab& lab, const std::string& from, const Target& target) {
  const std::vector<std::size_t> sources = spaces_of(lab, from);
  std::vector<Aim> aims;
  if (const auto address = IpAddress::parse(target.text)) {
    const auto owners = owners_of(lab, *address);
    const auto to = owners.size() == 1 ? std::optional(owners.front()) : std::nullopt;
    for (const std::size_t source : sources) aims.push_back({.from = source, .to = to, .address = *address});
    return aims;
  }
  const std::vector<Addresses> addresses = addresses_in_file(lab);
  const std::size_t colon = target.text.find(':');
  std::vector<Addresses> ends = addresses;
  if (colon != std::string::npos) {
    for (Addresses& list : ends) list.clear();
    for_each_address(lab, [&](std::size_t home, const std::string& interface, const Prefix& prefix) {
      if (matches(interface_of(target), interface) && !prefix.address.is_link_local()) ends[home].push_back(prefix);
    });
  }
  const std::vector<std::size_t> targets = spaces_of(lab, target.text.substr(0, colon));
  for (const std::size_t source : sources)
    for (const std::size_t to : targets)
      if (source != to)
        aims.push_back({.from = source, .to = to, .address = choose(addresses[source], ends[to], target.family)});
  return aims;
}

std::vector<Aim> aims_of(const Lab& lab, const Test& test, const Target& target, std::uint64_t seed) {
  std::vector<Aim> aims = all_aims(lab, test.from, target);
  if (aims.empty())
    throw Error(ErrorCode::invalid,
                fmt::format("test \"{}\": from = \"{}\" and to = \"{}\" are the same namespace", test.name, test.from,
                            target.text),
                lab.at(test.where));
  if (target.pairs) sample(aims, *target.pairs, test.name, seed);
  return aims;
}

Pairing pair_up(const Ground& ground, const std::vector<Aim>& aims, const Target& target) {
  std::map<std::size_t, Seen> seen;
  const auto look_at = [&](std::size_t space) -> const Seen& {
    if (!seen.contains(space)) seen.emplace(space, look(ground, space));
    return seen.at(space);
  };
  Pairing found;
  for (const Aim& aim : aims) {
    std::optional<IpAddress> address = aim.address;
    if (!address) {
      const std::string interface = interface_of(target);
      const Seen& from = look_at(aim.from);
      const Seen& to = look_at(*aim.to);
      address = choose(from.usable("*"), to.usable(interface), target.family);
      if (!address && found.apart.empty())
        found.why = fmt::format(
            "the file gives none, and in the kernel {} has {}, {} has {}", ground.name(aim.from), from.text("*"),
            target.text.find(':') == std::string::npos ? ground.name(*aim.to) : target.text, to.text(interface));
    }
    if (address)
      found.pairs.push_back({.from = aim.from, .to = aim.to, .address = *address});
    else
      found.apart.push_back(aim);
  }
  return found;
}

}  // namespace netrig::check
