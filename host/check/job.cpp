// SPDX-License-Identifier: Apache-2.0
#include "check/job.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "check/aim.hpp"
#include "kernel/inside.hpp"

namespace netrig::check {

void for_each_address(const Lab& lab, const std::function<void(std::size_t, const std::string&, const Prefix&)>& each) {
  static const std::string kLo = "lo";
  for (const Device& device : lab.devices)
    for (const Interface& interface : device.interfaces)
      for (const Address& address : interface.of<Address>()) each(interface.home, interface.name.str(), address.prefix);
  for (std::size_t i = 0; i < lab.namespaces.size(); ++i)
    for (const Address& address : lab.namespaces[i].of<Address>()) each(i, kLo, address.prefix);
}

void Ground::inside(std::size_t space, const std::function<void()>& body) const {
  kernel::inside(fds_.at(space), body);
}

std::vector<Pair> Job::pairs(const Target& target) const {
  Pairing found = pair_up(ground, aims_of(lab(), test, target, ground.seed()), target);
  if (found.apart.empty()) return std::move(found.pairs);
  throw Error(
      ErrorCode::not_found,
      fmt::format("{} and {} have no {}address to use between them: {}; give them one, or write to = \"ADDRESS\"",
                  ground.name(found.apart.front().from), target.text,
                  !target.family                   ? ""
                  : *target.family == Family::ipv4 ? "IPv4 "
                                                   : "IPv6 ",
                  found.why),
      lab().at(test.where));
}

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

std::vector<std::size_t> owners_of(const Lab& lab, const IpAddress& address) {
  std::vector<std::size_t> owners;
  for_each_address(lab, [&](std::size_t home, const std::string&, const Prefix& prefix) {
    if (prefix.address == address && std::find(owners.begin(), owners.end(), home) == owners.end())
      owners.push_back(home);
  });
  return owners;
}

}  // namespace netrig::check
