// SPDX-License-Identifier: Apache-2.0
// After everything is set: waits until links take packets and addresses are no longer tentative.
#include <fmt/format.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <map>
#include <thread>
#include <unordered_set>

#include "engine/run.hpp"
#include "kernel/address.hpp"
#include "kernel/link.hpp"
#include "model/error.hpp"

namespace netrig::engine {
namespace {

/// Makes link-local addresses of the kernel's own usable at once, for while one is tentative, the first packet to or
/// from it waits for two seconds. They have no flag to ask for that, so each is replaced by itself. The sysctl
/// accept_dad would do, but every look into /proc/sys goes through those of all namespaces.
void end_detection(kernel::Socket& socket, const std::unordered_set<std::uint32_t>& ifindexes) {
  kernel::Batch batch;
  const std::uint32_t only = ifindexes.size() == 1 ? *ifindexes.begin() : 0;
  for (const kernel::AddressState& state : kernel::list_addresses(socket, Family::ipv6, only)) {
    const bool tentative = (state.flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) == IFA_F_TENTATIVE;
    if (!tentative || !state.prefix.address.is_link_local() || !ifindexes.contains(state.ifindex)) continue;
    const Address address{.prefix = state.prefix, .dad = Dad::off, .scope = Scope::link};
    kernel::delete_address(batch, state.ifindex, address);
    kernel::add_address(batch, state.ifindex, address);
    batch.put_u8(IFA_PROTO, IFAPROT_KERNEL_LL);
  }
  if (batch.empty()) return;
  for (const auto& refusal : socket.run(batch, kernel::Socket::OnRefusal::go_on))
    // The interface, or its other end, may have gone down meanwhile, and its address with it.
    if (refusal.error != EADDRNOTAVAIL && refusal.error != ENODEV && refusal.error != EEXIST)
      throw Error(ErrorCode::failed, "the kernel refuses a link-local address: " + refusal.str());
}

Rising rising_in(const Lab& lab, const plan::SpacePlan& space) {
  Rising rising{.home = lab.namespaces[space.space].name.str()};
  std::unordered_set<std::string> ports;
  std::unordered_set<std::string> addressed;
  for (const Step& step : space.difference.steps) {
    if (const auto* link = std::get_if<Link>(&step.object); link != nullptr && link->name != "lo") {
      if (link->settings.state == AdminState::up) rising.names.push_back(link->name);
      if (!link->settings.master.value_or("").empty()) ports.insert(link->name);
    } else if (const auto* address = std::get_if<Address>(&step.object)) {
      addressed.insert(address->interface);
      if (address->prefix.address.family == Family::ipv6 && address->dad != Dad::off)
        rising.detecting.insert(address->interface);
    }
  }
  for (const std::string& port : ports)
    if (!addressed.contains(port)) rising.detecting.insert(port);
  return rising;
}

}  // namespace

void settle_links(Run& run, const std::vector<Rising>& all) {
  // The link watch of kernels before 6.8 takes a hundred links a second, so what counts is that it goes on. It wants
  // the lock of all changes, and so does who looks: on a busy machine both wait, so looks are counted, and not time.
  constexpr unsigned kLooksInVain = 3000;
  constexpr std::chrono::milliseconds kPause{5};
  std::atomic<unsigned> in_vain = 0;
  std::mutex mutex;
  std::vector<std::string> stuck;
  parallel(all.size(), run.threads, [&](std::size_t i) {
    const Rising& rising = all[i];
    Space* place = run.spaces.find(rising.home);
    if (rising.names.empty() || place == nullptr) return;
    std::unordered_set<std::uint32_t> quiet;
    for (const std::string& name : rising.names) {
      const auto found = place->ifindex.find(name);
      if (found == place->ifindex.end()) continue;
      if (!rising.detecting.contains(name)) quiet.insert(found->second);
      if (!kernel::is_settling(place->socket(), found->second)) continue;
      bool settling = true;
      while (settling && in_vain++ < kLooksInVain) {
        run.checkpoint();
        std::this_thread::sleep_for(kPause);
        settling = kernel::is_settling(place->socket(), found->second);
      }
      if (!settling) {
        in_vain = 0;
        continue;
      }
      const std::lock_guard guard(mutex);
      stuck.push_back(fmt::format("{}:{}", rising.home, name));
    }
    if (!quiet.empty()) end_detection(place->socket(), quiet);
    place->release_socket();
  });
  if (!stuck.empty())
    run.warn(fmt::format("the kernel does not use {}{} yet, although {} a carrier; the first packets may be lost",
                         stuck.front(), stuck.size() == 1 ? "" : fmt::format(" and {} others", stuck.size() - 1),
                         stuck.size() == 1 ? "it has" : "they have"));
}

std::vector<Rising> rising_in(const Lab& lab, const plan::Plan& plan) {
  std::vector<Rising> all;
  all.reserve(plan.spaces.size());
  for (const plan::SpacePlan& space : plan.spaces) all.push_back(rising_in(lab, space));
  return all;
}

std::vector<Rising> rising_in(const Lab& lab, const std::unordered_set<std::string>& spaces) {
  std::map<std::string, Rising> all;
  for (const Device& device : lab.devices)
    for (const Interface& interface : device.interfaces) {
      const std::string& home = lab.namespaces[interface.home].name.str();
      if (!spaces.contains(home) || interface.state() == AdminState::down) continue;
      Rising& rising = all[home];
      rising.home = home;
      rising.names.push_back(interface.name.str());
      const bool is_port = !interface.link.master.value_or("").empty() && interface.of<Address>().empty();
      if (is_port ||
          std::any_of(interface.of<Address>().begin(), interface.of<Address>().end(), [](const Address& address) {
            return address.prefix.address.family == Family::ipv6 && address.dad != Dad::off;
          }))
        rising.detecting.insert(interface.name.str());
    }
  std::vector<Rising> list;
  list.reserve(all.size());
  for (auto& [home, rising] : all) list.push_back(std::move(rising));
  return list;
}

void wait_for_addresses(Run& run, const Lab& next) {
  std::vector<std::pair<const Interface*, const Address*>> waited;
  for (const Device& device : next.devices)
    for (const Interface& interface : device.interfaces)
      if (interface.state() == AdminState::up)
        for (const Address& address : interface.of<Address>())
          if (address.dad == Dad::wait && address.prefix.address.family == Family::ipv6)
            waited.emplace_back(&interface, &address);
  if (waited.empty()) return;
  // RFC 4862: one probe, one second, by default; sysctls may ask for more.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(15);
  parallel(waited.size(), 1, [&](std::size_t i) {
    const Interface* interface = waited[i].first;
    const Address* address = waited[i].second;
    const std::string& home = next.namespaces[interface->home].name.str();
    Space& place = run.spaces.at(home);
    for (;;) {
      run.checkpoint();
      const auto states = kernel::list_addresses(place.socket());
      const auto found = std::find_if(states.begin(), states.end(), [&](const kernel::AddressState& state) {
        return state.prefix == address->prefix && state.ifindex == place.ifindex.at(interface->name.str());
      });
      if (found != states.end() && (found->flags & IFA_F_DADFAILED) != 0)
        throw Error(ErrorCode::failed,
                    fmt::format("address {} on {}:{} is a duplicate: another interface on the link has it",
                                address->prefix.str(), home, interface->name.str()),
                    next.at(address->where));
      if (found != states.end() && (found->flags & IFA_F_TENTATIVE) == 0) return place.release_socket();
      if (std::chrono::steady_clock::now() > deadline)
        throw Error(ErrorCode::failed,
                    fmt::format("address {} on {}:{} is still tentative after 15 s; is the link's other end up?",
                                address->prefix.str(), home, interface->name.str()),
                    next.at(address->where));
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
}

}  // namespace netrig::engine
