// SPDX-License-Identifier: Apache-2.0
#include "engine/borrowing.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netrig/table.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>

#include "engine/sight.hpp"
#include "engine/whose.hpp"
#include "kernel/namespace.hpp"
#include "kernel/objects.hpp"
#include "kernel/route.hpp"
#include "kernel/survey.hpp"
#include "model/error_number.hpp"
#include "plan/difference.hpp"
#include "plan/rows.hpp"
#include "plan/wanted.hpp"

namespace netrig::engine {
namespace {

/// What a lab file says of which interface it is.
struct Sought {
  std::optional<InterfaceReference> reference = {};
  std::optional<MacAddress> mac = {};
  std::string bus_address = {};
  std::string driver = {};
  bool force = false;
  std::string text = {};  ///< of all that must agree, for messages
  Position where = {};
};

Sought sought_by(const Device& device) {
  Sought sought{.where = device.where};
  std::vector<std::string> words;
  for (const ParameterDeclaration& one : device.about->parameters) {
    const auto found = one.searches() ? device.parameters.find(one.name) : device.parameters.end();
    if (found == device.parameters.end()) continue;
    const ParameterScalar& value = found->second.values.front();
    const auto by = static_cast<Search>(one.kernel.attribute);
    if (by == Search::force) {
      sought.force = std::get<bool>(value);
      continue;
    }
    if (by == Search::name)
      sought.reference = std::get<InterfaceReference>(value);
    else if (by == Search::mac)
      sought.mac = std::get<MacAddress>(value);
    else
      (by == Search::driver ? sought.driver : sought.bus_address) = std::get<std::string>(value);
    words.push_back(fmt::format("{} = \"{}\"", one.name, to_text(value, one.type)));
    if (words.size() == 1) sought.where = found->second.where;
  }
  sought.text = fmt::format("{}", fmt::join(words, ", "));
  return sought;
}

/// Thread: in the link's namespace.
bool is_sought(const Sought& sought, const kernel::LinkState& link) {
  if ((link.flags & IFF_LOOPBACK) != 0) return false;
  if (sought.reference && sought.reference->name.str() != link.name) return false;
  if (sought.mac && sought.mac != link.mac) return false;
  if (sought.driver.empty() && sought.bus_address.empty()) return true;
  const kernel::Hardware hardware = kernel::hardware_of(link.name);
  return (sought.driver.empty() || sought.driver == hardware.driver) &&
         (sought.bus_address.empty() || sought.bus_address == hardware.bus_address);
}

/// Programs of others see every packet of it, and go when it does (dev_xdp_uninstall).
bool has_program(const kernel::LinkState& link) {
  const auto* first = reinterpret_cast<const nlattr*>(link.attributes.data());
  const nlattr* xdp = nla_find(first, static_cast<int>(link.attributes.size()), IFLA_XDP);
  if (xdp == nullptr) return false;
  const nlattr* attached = nla_find(static_cast<const nlattr*>(nla_data(xdp)), nla_len(xdp), IFLA_XDP_ATTACHED);
  return attached != nullptr && nla_len(attached) >= 1 && nla_get_u8(attached) != XDP_ATTACHED_NONE;
}

/// Who would miss it, as a clause; "": nobody that is known. Thread: in its namespace.
std::string user_of(Space& space, const kernel::LinkState& link) {
  const auto all = kernel::list_link_facts(space.socket());
  const auto of = [&](std::uint32_t ifindex) {
    return std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.link.ifindex == ifindex; });
  };
  const auto self = of(link.ifindex);
  if (self == all.end()) return {};
  if (link.master != 0) {
    const auto master = of(link.master);
    return fmt::format("it is a port of {}", master == all.end() ? "another interface" : master->link.name);
  }
  for (const kernel::LinkFacts& other : all) {
    const bool on_it = other.lower == link.ifindex && !other.lower_space;
    const bool is_peer = self->lower == other.link.ifindex && !self->lower_space;
    if (on_it && !is_peer) return fmt::format("{} sits on it", other.link.name);
  }
  if (has_program(self->link)) return "an XDP program is attached to it";
  for (const kernel::RouteState& route : kernel::list_routes(space.socket()))
    if (route.destination.length == 0 && !route.cloned)
      for (const kernel::NextHopState& hop : route.next_hops)
        if (hop.ifindex == link.ifindex) return "a default route goes over it";
  return {};
}

template <typename Kind>
bool hangs_on(const Kind& one, const std::string& interface) {
  const auto names = plan::Row<Kind>::interfaces_of(one);
  return std::find(names.begin(), names.end(), interface) != names.end();
}
/// The kernel takes a route with its source, too (fib_sync_down_addr).
bool loses_source(const Route& route, const std::vector<IpAddress>& addresses) {
  return route.source && std::find(addresses.begin(), addresses.end(), *route.source.optional()) != addresses.end();
}

/// All of it that leaving its namespace would cost. `unsayable`: what could not be given back, as clauses.
std::vector<Object> all_of(Space& space, const std::string& interface, std::vector<std::string>& unsayable) {
  kernel::enter(space.fd());
  std::vector<kernel::LeftOut> left_out;
  Interest interest;
  interest.sysctls = kernel::sysctls_of(interface);
  interest.ports = interest.vlans = true;
  SpaceState state = kernel::look(
      space.socket(), {.kinds = kernel::Kinds::all(), .interest = std::move(interest), .left_out = &left_out});
  plan::make_canonical(state);
  auto more = kernel::list_unsayable(space.socket(), kernel::list_link_facts(space.socket()));
  std::move(more.begin(), more.end(), std::back_inserter(left_out));
  for (const kernel::LeftOut& one : left_out)
    if (one.interface == interface) unsayable.push_back(one.text);
  std::erase_if(state.of<Qdisc>(), [&](const Qdisc& one) {
    if (one.interface != interface || one.is_impairment()) return false;
    unsayable.push_back(fmt::format("the qdisc {} at its root", one.kind));
    return true;
  });
  std::vector<Object> objects;
  ObjectKinds::each([&]<typename Kind>(std::type_identity<Kind>) {
    for (const Kind& one : state.of<Kind>())
      if (hangs_on(one, interface)) objects.emplace_back(one);
  });
  std::vector<IpAddress> addresses;
  for (const Address& one : state.of<Address>())
    if (one.interface == interface) addresses.push_back(one.prefix.address);
  for (const Route& one : state.of<Route>())
    if (!hangs_on(one, interface) && loses_source(one, addresses)) objects.emplace_back(one);
  return objects;
}

[[noreturn]] void refuse_use(const Lab& lab, const Sought& sought, const std::string& home, const std::string& name,
                             const std::string& why) {
  throw Error(
      ErrorCode::conflict,
      fmt::format("{}:{} is in use: {}; nothing was taken. Free it, or insist with force = true", home, name, why),
      lab.at(sought.where));
}

/// Where a borrowed interface is; nullptr: not in this namespace.
const kernel::LinkState* find_in(Space& space, const MadeInterface& made, const std::vector<kernel::LinkState>& links) {
  const auto found = std::find_if(links.begin(), links.end(),
                                  [&](const kernel::LinkState& link) { return is_borrowed_one(space, made, link); });
  return found == links.end() ? nullptr : &*found;
}

bool has_number(const std::vector<kernel::LinkState>& links, std::uint32_t ifindex) {
  return std::any_of(links.begin(), links.end(), [&](const auto& link) { return link.ifindex == ifindex; });
}

void move_back(Space& from, Space& to, const kernel::LinkState& link, const Borrowed& was) {
  const auto there = kernel::list_links(to.socket());
  const kernel::NewLink wanted{
      .name = was.name, .ifindex = has_number(there, was.ifindex) ? 0 : was.ifindex, .netns_fd = to.fd().get()};
  kernel::Batch batch;
  kernel::move_link(batch, link.ifindex, wanted);
  for (const auto& refusal : from.socket().run(batch)) throw Error(ErrorCode::failed, refusal.str());
}

/// What the kernel lets an interface be by itself differs in two namespaces; only what does is written.
void restore_sysctls(Run& run, Space& space, const Borrowed& was) {
  kernel::enter(space.fd());
  for (const Object& object : was.objects) {
    const auto* one = std::get_if<Sysctl>(&object);
    if (one == nullptr || !one->value) continue;
    try {
      const auto now = kernel::find_sysctl(one->key_text);
      if (now && canonical_value(*now) != *one->value) kernel::write_sysctl(one->key_text, *one->value);
    } catch (const Error& error) {
      run.warn(fmt::format("{}:{} was given back, but {}", was.home, was.name, error.message()));
    }
  }
}

/// Makes what is missing of it. `alone`: itself, without what needs its sysctls first.
void restore_objects(Run& run, Space& space, const Borrowed& was, bool alone) {
  SpaceState wanted;
  for (const Object& object : was.objects)
    std::visit(
        [&]<typename Kind>(Kind one) {
          if constexpr (std::is_same_v<Kind, Link>) {
            if (alone) one.settings.state = {};  // up is the last thing that it becomes
            one.ifindex = 0;
          } else if (alone || std::is_same_v<Kind, Sysctl>) {
            return;
          }
          wanted.of<Kind>().push_back(std::move(one));
        },
        object);
  const SpaceState nothing;
  plan::Difference difference = plan::diff({.wanted = wanted,
                                            .made = nothing,
                                            .seen = look_again(space, plan::interest_of(wanted)),
                                            .own = false,
                                            .foreign = Foreign::keep});
  for (Step& step : difference.steps) step.restores = true;
  const Lab lab{.name = LabName(run.journal.record().lab)};
  const Namespace place{.name = NamespaceName(was.home), .existing = true};
  carry_out(run, lab, place, difference.steps);
}

/// Throws Error. Thread: ends up in any namespace.
void give_back(Run& run, const MadeInterface& made) {
  const Borrowed& was = *made.borrowed;
  Space* lender = run.spaces.find(was.home);
  Space* home = run.spaces.find(made.home);
  const auto here = home == nullptr ? std::vector<kernel::LinkState>{} : kernel::list_links(home->socket());
  const kernel::LinkState* link = home == nullptr ? nullptr : find_in(*home, made, here);
  // Somebody may have moved it on, within the lab.
  std::vector<kernel::LinkState> elsewhere;
  for (const MadeNamespace& one : run.journal.record().namespaces) {
    Space* other = link != nullptr || one.name == was.home ? nullptr : run.spaces.find(one.name);
    if (other == nullptr || other == home) continue;
    elsewhere = kernel::list_links(other->socket());
    link = find_in(*other, made, elsewhere);
    if (link != nullptr) home = other;
  }
  if (lender == nullptr) {
    if (link == nullptr) return;
    // What is no kernel's own making goes back by itself (net/core/dev.c, default_device_exit_net).
    if (!link->kind.empty())
      throw Error(ErrorCode::failed, fmt::format("namespace {} is gone; move it to where it belongs", was.home));
    return run.warn(
        fmt::format("interface {}:{} goes to the machine's own namespace, for {}, which it was borrowed from, "
                    "is gone",
                    made.home, made.name, was.home));
  }
  if (link != nullptr) {
    move_back(*home, *lender, *link, was);
  } else {
    const auto there = kernel::list_links(lender->socket());
    link = find_in(*lender, made, there);
    if (link == nullptr)
      return run.warn(
          fmt::format("interface {}:{}, borrowed from {}, is in no namespace of the lab any more, and could "
                      "not be given back",
                      made.home, made.name, was.home));
    // A kernel that refuses the name has moved it all the same.
    if (link->name == made.name && made.name != was.name)
      move_back(*lender, *lender, *link, was);
    else if (link->name != was.name)
      return run.warn(fmt::format("{}:{} is called {} by now, and left as it is", was.home, was.name, link->name));
  }
  restore_objects(run, *lender, was, true);
  restore_sysctls(run, *lender, was);
  restore_objects(run, *lender, was, false);
  spdlog::info("{}:{} is given back", was.home, was.name);
  lender->release_socket();
}

}  // namespace

Loan find_loan(const Lab& lab, const Device& device, const std::function<Space*(const std::string&)>& open) {
  const Sought sought = sought_by(device);
  if (sought.text.empty())
    throw Error(ErrorCode::invalid,
                fmt::format("device {}: driver {} borrows an interface, and nothing says which one", device.name.str(),
                            device.driver),
                lab.at(device.where));
  std::optional<Loan> loan;
  Space* lender = nullptr;
  std::vector<std::string> looked_in;
  for (const Namespace& space : lab.namespaces) {
    if (!space.existing || (sought.reference && sought.reference->home != space.name)) continue;
    Space* place = open(space.name.str());
    if (place == nullptr) continue;
    looked_in.push_back(space.name.str());
    kernel::enter(place->fd());
    for (kernel::LinkState& link : kernel::list_links(place->socket())) {
      if (!is_sought(sought, link)) continue;
      if (loan)
        throw Error(ErrorCode::conflict,
                    fmt::format("{}:{} has {}, and so has {}:{}; say more of it", loan->home, loan->link.name,
                                sought.text, space.name.str(), link.name),
                    lab.at(sought.where));
      loan = Loan{.home = space.name.str(), .link = std::move(link)};
      lender = place;
    }
  }
  if (!loan)
    throw Error(ErrorCode::not_found,
                fmt::format("no interface in {} has {}",
                            looked_in.empty() ? "any existing namespace of the lab"
                                              : fmt::format("{}", fmt::join(looked_in, ", ")),
                            sought.text),
                lab.at(sought.where));
  if (sought.force) return std::move(*loan);
  kernel::enter(lender->fd());
  std::string user = user_of(*lender, loan->link);
  if (user.empty()) {
    std::vector<std::string> unsayable;
    for (const Object& one : all_of(*lender, loan->link.name, unsayable))
      if (const auto* qdisc = std::get_if<Qdisc>(&one))
        user = fmt::format("somebody has chosen what happens to its packets (qdisc {})", qdisc->kind);
    if (!unsayable.empty()) user = fmt::format("it has what could not be given back: {}", unsayable.front());
  }
  if (!user.empty()) refuse_use(lab, sought, loan->home, loan->link.name, user);
  return std::move(*loan);
}

void borrow(Run& run, const Lab& lab, const Device& device, MadeDevice& made) {
  const Position where = sought_by(device).where;
  if ((run.drivers.policy().rules_of(device.driver).granted & NETRIG_WANTS_BORROW) == 0)
    throw Error(ErrorCode::denied,
                fmt::format("driver {0} borrows an interface, which the policy does not let it; an administrator can "
                            "write grant = [\"BORROW\"] below [driver.{0}] in {1}",
                            device.driver, run.drivers.policy().file),
                lab.at(where));
  MadeInterface& interface = made.interfaces.front();
  Space& home = run.spaces.at(interface.home);
  const Loan loan = find_loan(lab, device, [&](const std::string& name) { return run.spaces.find(name); });
  Space& lender = run.spaces.at(loan.home);
  if (lender.cookie() == home.cookie())
    throw Error(ErrorCode::invalid,
                fmt::format("{}:{} is in namespace {} already; put device {} into another", loan.home, loan.link.name,
                            interface.home, device.name.str()),
                lab.at(where));
  std::vector<std::string> lost;
  Borrowed was{.home = loan.home,
               .name = loan.link.name,
               .ifindex = loan.link.ifindex,
               .objects = all_of(lender, loan.link.name, lost)};
  for (const std::string& one : lost)
    run.warn(fmt::format("{}:{} is borrowed by force, and cannot get back this: {}", loan.home, loan.link.name, one));
  interface.kind = loan.link.kind;
  interface.birth = lender.birth_of(loan.link.name);
  interface.borrowed = std::make_shared<const Borrowed>(std::move(was));
  run.journal.done(std::vector{made});

  const Interface& wanted = device.interfaces.front();
  kernel::Batch batch;
  kernel::move_link(batch, loan.link.ifindex,
                    {.name = interface.name,
                     .ifindex = interface.ifindex,
                     .netns_fd = home.fd().get(),
                     .mtu = wanted.link.mtu.optional(),
                     .mac = wanted.link.mac.optional()});
  batch.put_text(IFLA_IFALIAS, "");  // as of a link that is new, which is what the rest of the run takes it for
  const auto refusals = lender.socket().run(batch);
  if (!refusals.empty())
    throw Error(
        refusal_code(refusals.front().error),
        fmt::format("the kernel does not move {}:{} to {}:{}: {}{}", loan.home, loan.link.name, interface.home,
                    interface.name, refusals.front().str(),
                    refusals.front().error == EINVAL ? "; some kinds of interfaces it ties to their namespace" : ""),
        lab.at(where));
  spdlog::info("{}:{} is borrowed as {}:{}", loan.home, loan.link.name, interface.home, interface.name);
}

void return_loans(Run& run, const std::vector<MadeDevice>& devices) {
  struct Lent {
    const MadeDevice* device = nullptr;
    const MadeInterface* interface = nullptr;
    std::string why = "nothing could be done for it";
    bool back = false;
  };
  std::vector<Lent> all;
  for (const MadeDevice& device : devices)
    for (const MadeInterface& made : device.interfaces)
      if (made.borrowed) all.push_back({.device = &device, .interface = &made});
  if (all.empty()) return;
  try {
    kernel::aside([&] {
      for (Lent& one : all) try {
          give_back(run, *one.interface);
          one.back = true;
        } catch (const Error& error) {
          one.why = error.message();
        }
    });
  } catch (const Error& error) {
    spdlog::info("what was borrowed could not be given back: {}", error.what());
  }
  for (const Lent& one : all) {
    const Borrowed& was = *one.interface->borrowed;
    if (!one.back)
      run.leave({.what = fmt::format("device {}", one.device->name),
                 .why = fmt::format("its interface {}:{} is {}:{}, and does not go back: {}", one.interface->home,
                                    one.interface->name, was.home, was.name, one.why),
                 .homes = {one.interface->home, was.home}});
  }
}

}  // namespace netrig::engine
