// SPDX-License-Identifier: Apache-2.0
#include "check/job.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <random>
#include <unordered_map>

#include "kernel/inside.hpp"

namespace netrig::check {
namespace {

/// Calls each(namespace, interface, prefix) for what the lab file gives interfaces, and then for what it gives lo.
template <typename Each>
void for_each_address(const Lab& lab, Each&& each) {
  for (const Device& device : lab.devices)
    for (const Interface& interface : device.interfaces)
      for (const Address& address : interface.of<Address>()) each(interface.home, interface.name.str(), address.prefix);
  for (std::size_t i = 0; i < lab.namespaces.size(); ++i)
    for (const Address& address : lab.namespaces[i].of<Address>()) each(i, std::string("lo"), address.prefix);
}

/// Addresses by namespace that something can be sent to, in the order of the lab file.
std::vector<std::vector<const Prefix*>> usable_addresses(const Lab& lab) {
  std::vector<std::vector<const Prefix*>> all(lab.namespaces.size());
  for_each_address(lab, [&](std::size_t home, const std::string&, const Prefix& prefix) {
    // A link-local address means nothing without a zone (RFC 4007).
    if (!prefix.address.is_link_local() && !prefix.address.is_loopback()) all[home].push_back(&prefix);
  });
  return all;
}

bool has(const std::vector<const Prefix*>& addresses, Family family) {
  return std::any_of(addresses.begin(), addresses.end(), [&](const Prefix* p) { return p->address.family == family; });
}

/// One on a link that both are on, else the first.
std::optional<IpAddress> choose(const std::vector<const Prefix*>& from, const std::vector<const Prefix*>& to,
                                std::optional<Family> wanted) {
  const Family family = wanted.value_or(has(to, Family::ipv4) && has(from, Family::ipv4) ? Family::ipv4 : Family::ipv6);
  std::optional<IpAddress> first;
  for (const Prefix* there : to) {
    if (there->address.family != family) continue;
    for (const Prefix* here : from)
      if (here->contains(there->address)) return there->address;
    if (!first) first = there->address;
  }
  return has(from, family) ? first : std::nullopt;
}

/// The same for the same test and seed on every machine, so that a failure can be run again.
void sample(std::vector<Pair>& pairs, std::size_t wanted, const std::string& test, std::uint64_t number) {
  if (pairs.size() <= wanted) return;
  constexpr std::uint64_t kPrime = 1099511628211ULL;
  std::uint64_t seed = 14695981039346656037ULL;  // FNV-1a
  for (const char c : test) seed = (seed ^ static_cast<unsigned char>(c)) * kPrime;
  for (; number != 0; number >>= 8U) seed = (seed ^ (number & 0xffU)) * kPrime;
  std::mt19937_64 random(seed);
  std::vector<std::size_t> order(pairs.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  for (std::size_t i = 0; i < wanted; ++i) std::swap(order[i], order[i + random() % (order.size() - i)]);
  order.resize(wanted);
  std::sort(order.begin(), order.end());
  std::vector<Pair> drawn;
  drawn.reserve(wanted);
  for (const std::size_t i : order) drawn.push_back(pairs[i]);
  pairs = std::move(drawn);
}

}  // namespace

void Ground::inside(std::size_t space, const std::function<void()>& body) const {
  kernel::inside(fds_.at(space), body);
}

std::vector<Pair> Job::pairs(const Target& target) const { return pairs_of(lab(), test, target, ground.seed()); }

std::string Job::about(const Pair& pair) const {
  return pair.to ? fmt::format("{} -> {} ({})", ground.name(pair.from), ground.name(*pair.to), pair.address.str())
                 : fmt::format("{} -> {}", ground.name(pair.from), pair.address.str());
}

std::string Job::exec_line(std::size_t space, std::string_view command) const {
  return fmt::format("netrig exec {} {} -- {}", lab().name.str(), ground.name(space), command);
}

PairResult& Job::add(const Pair& pair) const {
  result.pairs.push_back({.from = ground.name(pair.from),
                          .to = pair.to ? ground.name(*pair.to) : "",
                          .address = pair.address.str(),
                          .outcome = Outcome::passed});
  return result.pairs.back();
}

std::vector<std::size_t> spaces_of(const Lab& lab, const std::string& pattern) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < lab.namespaces.size(); ++i)
    if (picks(pattern, lab.namespaces[i])) found.push_back(i);
  return found;
}

std::optional<std::size_t> owner_of(const Lab& lab, const IpAddress& address) {
  std::optional<std::size_t> owner;
  for_each_address(lab, [&](std::size_t home, const std::string&, const Prefix& prefix) {
    if (!owner && prefix.address == address) owner = home;
  });
  return owner;
}

Pairing pair_up(const Lab& lab, const std::string& from, const Target& target) {
  const std::vector<std::size_t> sources = spaces_of(lab, from);
  Pairing found;
  if (const auto address = IpAddress::parse(target.text)) {
    const auto owner = owner_of(lab, *address);
    for (const std::size_t source : sources) found.pairs.push_back({.from = source, .to = owner, .address = *address});
    return found;
  }
  const std::size_t colon = target.text.find(':');
  const auto addresses = usable_addresses(lab);
  std::vector<std::vector<const Prefix*>> aims = addresses;
  if (colon != std::string::npos) {
    for (auto& list : aims) list.clear();
    for_each_address(lab, [&](std::size_t home, const std::string& interface, const Prefix& prefix) {
      if (matches(target.text.substr(colon + 1), interface) && !prefix.address.is_link_local())
        aims[home].push_back(&prefix);
    });
  }
  const std::vector<std::size_t> ends = spaces_of(lab, target.text.substr(0, colon));
  for (const std::size_t source : sources)
    for (const std::size_t to : ends) {
      if (source == to) continue;
      if (const auto chosen = choose(addresses[source], aims[to], target.family))
        found.pairs.push_back({.from = source, .to = to, .address = *chosen});
      else
        found.apart.emplace_back(source, to);
    }
  return found;
}

std::vector<Pair> pairs_of(const Lab& lab, const Test& test, const Target& target, std::uint64_t seed) {
  const auto refuse = [&](const std::string& why) {
    throw Error(ErrorCode::invalid, fmt::format("test \"{}\": {}", test.name, why), lab.at(test.where));
  };
  auto [pairs, apart] = pair_up(lab, test.from, target);
  if (!apart.empty())
    refuse(fmt::format("{} and {} have no {}address to use between them; give them one, or write to = \"ADDRESS\"",
                       lab.namespaces[apart.front().first].name.str(), target.text,
                       !target.family                   ? ""
                       : *target.family == Family::ipv4 ? "IPv4 "
                                                        : "IPv6 "));
  if (pairs.empty())
    refuse(fmt::format("from = \"{}\" and to = \"{}\" are the same namespace", test.from, target.text));
  if (target.pairs) sample(pairs, *target.pairs, test.name, seed);
  return pairs;
}

}  // namespace netrig::check
