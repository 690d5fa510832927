// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>

#include <algorithm>
#include <cerrno>
#include <thread>
#include <unordered_set>

#include "engine/run.hpp"
#include "engine/shared.hpp"
#include "kernel/address.hpp"
#include "kernel/link.hpp"
#include "kernel/namespace.hpp"
#include "kernel/route.hpp"
#include "model/error_number.hpp"

namespace netrig::engine {
namespace {

/// What a message of the batch was for, to be put into words only when the kernel says no.
struct Asked {
  enum class What : std::uint8_t { link, address, address_removal, route, route_removal } what = What::link;
  const Interface* interface = nullptr;
  const Address* address = nullptr;
  const Route* route = nullptr;
};

bool already_so(const Asked& asked, int error) {
  switch (asked.what) {
    case Asked::What::address:
    case Asked::What::route:
      return error == EEXIST;
    case Asked::What::address_removal:
      return error == EADDRNOTAVAIL || error == ENODEV;
    case Asked::What::route_removal:
      return error == ESRCH || error == ENODEV || error == ENETUNREACH || error == EINVAL;
    case Asked::What::link:
      return false;
  }
  return false;
}

/// Builds and sends everything for one namespace.
class NamespaceBatch {
 public:
  NamespaceBatch(Run& run, const Lab& lab, const Namespace& space, Space& place)
      : run_(run), lab_(lab), space_(space), place_(place) {}

  void set_up_loopback() {
    kernel::set_link_up(batch_, 1, true);
    asked_.push_back({});
  }

  void add_interface(const plan::InterfaceWork& work) {
    const Interface& after = lab_.devices[work.device].interfaces[work.interface];
    const std::uint32_t ifindex = ifindex_of(after.name, after.where);
    const std::vector<Address> none;
    const auto& before = work.before == nullptr ? none : work.before->addresses;
    for (const Address& address : before)
      if (std::find(after.addresses.begin(), after.addresses.end(), address) == after.addresses.end()) {
        kernel::delete_address(batch_, ifindex, address);
        asked_.push_back({.what = Asked::What::address_removal, .interface = &after, .address = &address});
      }
    // Addresses first: an interface that comes up with its addresses announces them once.
    for (const Address& address : after.addresses)
      if (std::find(before.begin(), before.end(), address) == before.end()) {
        kernel::add_address(batch_, ifindex, address);
        asked_.push_back({.what = Asked::What::address, .interface = &after, .address = &address});
      }
    add_link(work, after, ifindex);
  }

  void add_route(const Route& route) {
    if (space_.existing) {
      // Nobody but the kernel knows whether a route of others is the same, so each goes alone and is known to be ours
      // only when the kernel has taken it.
      run_send();
      run_.journal.add_route({.home = space_.name.str(), .route = route});
    }
    kernel::add_route(batch_, route, [&](const InterfaceName& name) { return ifindex_of(name, route.where); });
    asked_.push_back({.what = Asked::What::route, .route = &route});
    if (space_.existing) run_send();
  }

  void remove_route(const Route& route) {
    kernel::delete_route(batch_, route, [&](const InterfaceName& name) {
      const auto found = place_.ifindex.find(name.str());
      return found == place_.ifindex.end() ? 0U : found->second;
    });
    asked_.push_back({.what = Asked::What::route_removal, .route = &route});
  }

  /// Sends what has been added so far.
  void run_send() {
    if (batch_.empty()) return;
    const bool tolerant = run_.tolerance == Tolerance::rollback;
    const auto refusals = place_.socket().run(
        batch_, tolerant || removal_only() ? kernel::Socket::OnRefusal::go_on : kernel::Socket::OnRefusal::stop);
    for (const auto& refusal : refusals) {
      const Asked& asked = asked_.at(refusal.index);
      const bool removal = asked.what == Asked::What::route_removal || asked.what == Asked::What::address_removal;
      if ((tolerant || removal) && already_so(asked, refusal.error)) continue;
      if (asked.what == Asked::What::route && space_.existing)
        run_.journal.route_gone({.home = space_.name.str(), .route = *asked.route});
      throw error_of(asked, refusal);
    }
    batch_.clear();
    asked_.clear();
  }

 private:
  [[nodiscard]] bool removal_only() const {
    return std::all_of(asked_.begin(), asked_.end(),
                       [](const Asked& a) { return a.what == Asked::What::route_removal; });
  }

  std::uint32_t ifindex_of(const InterfaceName& name, Position where) const {
    const auto found = place_.ifindex.find(name.str());
    if (found != place_.ifindex.end()) return found->second;
    throw Error(ErrorCode::not_found, fmt::format("no interface {} in namespace {}", name.str(), space_.name.str()),
                lab_.at(where));
  }

  void add_link(const plan::InterfaceWork& work, const Interface& after, std::uint32_t ifindex) {
    const Interface* before = work.before;
    ifinfomsg header{};
    header.ifi_index = static_cast<int>(ifindex);
    const bool state = before == nullptr ? after.state == AdminState::up : before->state != after.state;
    if (state) {
      header.ifi_change = IFF_UP;
      header.ifi_flags = after.state == AdminState::up ? IFF_UP : 0;
    }
    const bool mac = before != nullptr && after.mac && before->mac != after.mac;
    const bool mtu = before != nullptr && after.mtu && before->mtu != after.mtu;
    const bool master =
        work.master_anew || (before == nullptr ? after.master.has_value() : before->master != after.master);
    const bool alias = before == nullptr ? !after.alias.empty() : before->alias != after.alias;
    if (!state && !mac && !mtu && !master && !alias) return;
    batch_.begin(RTM_NEWLINK, 0, header);
    if (mac) batch_.put(IFLA_ADDRESS, *after.mac);
    if (mtu) batch_.put(IFLA_MTU, *after.mtu);
    if (master) batch_.put(IFLA_MASTER, after.master ? ifindex_of(*after.master, after.where) : 0U);
    if (alias) batch_.put(IFLA_IFALIAS, after.alias.data(), after.alias.size());  // with a NUL, 255 bytes are too many
    asked_.push_back({.what = Asked::What::link, .interface = &after});
  }

  [[nodiscard]] Error error_of(const Asked& asked, const kernel::Refusal& refusal) const {
    const std::string space = space_.name.str();
    const std::string interface = asked.interface == nullptr ? "lo" : asked.interface->name.str();
    const ErrorCode code = refusal_code(refusal.error);
    const auto say = [&](const std::string& what, Position where) {
      return Error(code, fmt::format("the kernel refuses {}: {}", what, refusal.str()), lab_.at(where));
    };
    switch (asked.what) {
      case Asked::What::address:
      case Asked::What::address_removal:
        return say(fmt::format("address {} on {}:{}", asked.address->prefix.str(), space, interface),
                   asked.address->where);
      case Asked::What::route:
      case Asked::What::route_removal:
        return say(fmt::format("route \"{}\" in {}", plan::to_text(*asked.route), space), asked.route->where);
      case Asked::What::link:
        break;
    }
    return say(fmt::format("to set up {}:{}", space, interface),
               asked.interface == nullptr ? space_.where : asked.interface->where);
  }

  Run& run_;
  const Lab& lab_;
  const Namespace& space_;
  Space& place_;
  kernel::Batch batch_;
  std::vector<Asked> asked_;
};

/// The calling thread must be in the namespace.
void set_sysctls(Run& run, const Lab& lab, const Namespace& space, const plan::NamespaceWork& work) {
  const Use use{
      .lab = run.journal.record().lab, .home = space.name.str(), .cookie = run.spaces.at(space.name.str()).cookie()};
  for (const Sysctl& sysctl : work.set) try {
      run.journal.add_sysctl({.home = space.name.str(),
                              .key = sysctl.key,
                              .before = kernel::read_sysctl(sysctl.key),
                              .shared = space.existing});
      if (space.existing)
        take_sysctl(use, sysctl.key, sysctl.value);
      else
        kernel::write_sysctl(sysctl.key, sysctl.value);
    } catch (const Error& error) {
      throw Error(error.code(), fmt::format("namespace {}: {}", space.name.str(), error.message()),
                  lab.at(sysctl.where));
    }
  for (const Sysctl& sysctl : work.restore) {
    const auto saved = run.journal.saved_sysctl(space.name.str(), sysctl.key);
    if (!saved) continue;
    give_back_sysctl(use, *saved);
    run.journal.sysctl_gone(saved->home, saved->key);
  }
}

/// Sysctls of a single interface ("net.ipv4.conf.eth0...") exist only once it does, so all are set after devices are
/// made and before they come up: what is switched off must not happen in between.
void configure_one(Run& run, const Lab& next, const plan::NamespaceWork& work) {
  const Namespace& space = next.namespaces[work.space];
  Space& place = run.spaces.at(space.name.str());
  if (!work.set.empty() || !work.restore.empty()) {
    kernel::enter(place.fd());
    set_sysctls(run, next, space, work);
  }
  NamespaceBatch batch(run, next, space, place);
  if (work.fresh && !space.existing) batch.set_up_loopback();
  for (const plan::InterfaceWork& interface : work.interfaces) batch.add_interface(interface);
  for (const Route& route : work.add) batch.add_route(route);
  batch.run_send();
}

/// Whether no IPv6 address of the file wants to be detected on it.
bool is_quiet(const Interface& interface) {
  return std::none_of(interface.addresses.begin(), interface.addresses.end(), [](const Address& address) {
    return address.prefix.address.family == Family::ipv6 && address.dad != Dad::off;
  });
}

/// Makes link-local addresses of the kernel's own usable at once, for while one is tentative, the first packet to or
/// from it waits for two seconds. They have no flag to ask for that, so each is replaced by itself. The sysctl
/// accept_dad would do, but every look into /proc/sys goes through those of all namespaces.
void end_detection(kernel::Socket& socket, const std::unordered_set<std::uint32_t>& ifindexes) {
  kernel::Batch batch;
  for (const kernel::AddressState& state : kernel::list_addresses(socket)) {
    const bool tentative = (state.flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) == IFA_F_TENTATIVE;
    if (!tentative || !state.prefix.address.is_link_local() || !ifindexes.contains(state.ifindex)) continue;
    const Address address{.prefix = state.prefix, .scope = Scope::link, .dad = Dad::off};
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

}  // namespace

void configure(Run& run, const Lab& next, const std::vector<plan::NamespaceWork>& wave) {
  std::atomic<std::size_t> done{0};
  parallel(wave.size(), run.threads, [&](std::size_t i) {
    run.checkpoint();
    configure_one(run, next, wave[i]);
    run.spaces.at(next.namespaces[wave[i].space].name.str()).release_socket();
    if (const std::size_t count = ++done; count % 64 == 0) run.report("addresses and routes", count, wave.size());
  });
}

void settle_links(Run& run, const Lab& next, const plan::Plan& plan) {
  using Clock = std::chrono::steady_clock;
  // Without that any link got settled: the link watch of kernels before 6.8 takes a hundred a second, so what counts is
  // that it goes on.
  constexpr std::chrono::milliseconds kLongest{2500};
  constexpr std::chrono::milliseconds kPause{5};
  std::vector<const plan::NamespaceWork*> works;
  for (const auto& wave : plan.configure)
    for (const plan::NamespaceWork& work : wave)
      if (!work.interfaces.empty()) works.push_back(&work);
  std::atomic<Clock::time_point> moved = Clock::now();
  std::mutex mutex;
  std::vector<std::string> stuck;
  parallel(works.size(), run.threads, [&](std::size_t i) {
    const std::string& home = next.namespaces[works[i]->space].name.str();
    Space& place = run.spaces.at(home);
    std::unordered_set<std::uint32_t> quiet;
    for (const plan::InterfaceWork& work : works[i]->interfaces) {
      const Interface& interface = next.devices[work.device].interfaces[work.interface];
      if (interface.state == AdminState::down) continue;
      const std::uint32_t ifindex = place.ifindex.at(interface.name.str());
      if (is_quiet(interface)) quiet.insert(ifindex);
      if (!kernel::is_settling(place.socket(), ifindex)) continue;
      bool settling = true;
      while (settling && Clock::now() < moved.load() + kLongest) {
        run.checkpoint();
        std::this_thread::sleep_for(kPause);
        settling = kernel::is_settling(place.socket(), ifindex);
      }
      if (!settling) {
        moved = Clock::now();
        continue;
      }
      const std::lock_guard guard(mutex);
      stuck.push_back(fmt::format("{}:{}", home, interface.name.str()));
    }
    if (!quiet.empty()) end_detection(place.socket(), quiet);
    place.release_socket();
  });
  if (!stuck.empty())
    run.warn(fmt::format("the kernel does not use {}{} yet, although {} a carrier; the first packets may be lost",
                         stuck.front(), stuck.size() == 1 ? "" : fmt::format(" and {} others", stuck.size() - 1),
                         stuck.size() == 1 ? "it has" : "they have"));
}

void remove_routes(Run& run, const Lab& current, const std::vector<plan::RouteRemoval>& removals) {
  parallel(removals.size(), run.threads, [&](std::size_t i) {
    const Namespace& space = current.namespaces[removals[i].space];
    Space* place = run.spaces.find(space.name.str());
    if (place == nullptr) return;
    NamespaceBatch batch(run, current, space, *place);
    for (const Route& route : removals[i].routes) batch.remove_route(route);
    batch.run_send();
    if (!space.existing) return;
    for (const Route& route : removals[i].routes) run.journal.route_gone({.home = space.name.str(), .route = route});
  });
}

void wait_for_addresses(Run& run, const Lab& next) {
  std::vector<std::pair<const Interface*, const Address*>> waited;
  for (const Device& device : next.devices)
    for (const Interface& interface : device.interfaces)
      if (interface.state == AdminState::up)
        for (const Address& address : interface.addresses)
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
      if (found != states.end() && (found->flags & IFA_F_TENTATIVE) == 0) return;
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
