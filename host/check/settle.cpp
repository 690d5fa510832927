// SPDX-License-Identifier: Apache-2.0
#include <linux/if_addr.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <thread>

#include "check/aim.hpp"
#include "check/job.hpp"
#include "kernel/address.hpp"
#include "kernel/inside.hpp"
#include "kernel/link.hpp"
#include "kernel/namespace.hpp"

namespace netrig::check {
namespace {

/// Solicited-node multicast address (RFC 4291, 2.7.1) as /proc/net/igmp6 writes it.
std::string solicited_group(const IpAddress& address) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string group = "ff0200000000000000000001ff";
  for (std::size_t i = 13; i < 16; ++i) {
    group += kDigits[address.bytes.at(i) >> 4];
    group += kDigits[address.bytes.at(i) & 0xf];
  }
  return group;
}

/// Whether every group is joined in the namespace that the calling thread is in.
bool has_joined(const std::set<std::string>& wanted) {
  std::set<std::string> joined;
  std::ifstream table("/proc/thread-self/net/igmp6");
  std::string index;
  std::string interface;
  std::string group;
  for (std::string rest; table >> index >> interface >> group && std::getline(table, rest);) joined.insert(group);
  return std::includes(joined.begin(), joined.end(), wanted.begin(), wanted.end());
}

/// A tentative address in the namespace that the calling thread is in.
bool has_tentative(kernel::Socket& socket) {
  const auto addresses = kernel::list_addresses(socket);
  return std::any_of(addresses.begin(), addresses.end(), [](const kernel::AddressState& address) {
    return (address.flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) == IFA_F_TENTATIVE;
  });
}

bool uses_ipv6(const Ground& ground, const Test& test) {
  const Target* target = target_of(test.check);
  if (target == nullptr) return false;
  const auto aims = aims_of(ground.lab(), test, *target, ground.seed());
  return std::any_of(aims.begin(), aims.end(), [&](const Aim& aim) {
    return aim.address ? aim.address->family == Family::ipv6 : target->family == Family::ipv6;
  });
}

}  // namespace

void await_links(const Ground& ground, const Until& until) {
  std::vector<std::set<std::string>> names(ground.lab().namespaces.size());
  for (const Device& device : ground.lab().devices)
    for (const Interface& interface : device.interfaces)
      if (interface.state() == AdminState::up) names[interface.home].insert(interface.name.str());
  kernel::aside([&] {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i].empty()) continue;
      kernel::enter(ground.space(i));
      kernel::Socket socket;
      for (const kernel::LinkState& link : kernel::list_links(socket))
        while (names[i].contains(link.name) && kernel::is_settling(socket, link.ifindex) && !until.over())
          std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  });
}

void await_ipv6(const Ground& ground, const std::vector<Test>& tests, const Until& until) {
  if (std::none_of(tests.begin(), tests.end(), [&](const Test& test) { return uses_ipv6(ground, test); })) return;
  await_ipv6(ground, until);
}

void await_ipv6(const Ground& ground, const Until& until) {
  std::vector<std::set<std::string>> groups(ground.lab().namespaces.size());
  for (const Device& device : ground.lab().devices)
    for (const Interface& interface : device.interfaces)
      for (const Address& address : interface.of<Address>())
        if (interface.state() == AdminState::up && address.prefix.address.family == Family::ipv6)
          groups[interface.home].insert(solicited_group(address.prefix.address));
  // One thread for all: entering a namespace is cheap, a thread for each is not.
  kernel::aside([&] {
    for (std::size_t i = 0; i < groups.size(); ++i) {
      if (groups[i].empty()) continue;
      kernel::enter(ground.space(i));
      kernel::Socket socket;
      while ((!has_joined(groups[i]) || has_tentative(socket)) && !until.over())
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  });
}

}  // namespace netrig::check
