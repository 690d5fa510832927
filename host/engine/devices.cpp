// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <numeric>
#include <set>
#include <utility>

#include "driver/permission.hpp"
#include "engine/borrowing.hpp"
#include "engine/device_context.hpp"
#include "engine/orders.hpp"
#include "engine/run.hpp"
#include "engine/whose.hpp"
#include "kernel/inside.hpp"
#include "kernel/sysfs.hpp"

namespace netrig::engine {

std::string about_device(const Lab& lab, const Device& device) {
  return fmt::format("{}/{} (driver {})", lab.name.str(), device.name.str(), device.driver);
}

Error in_context(const Error& error, const Lab& lab, const Device& device) {
  return {error.code(), fmt::format("device {} (driver {}): {}", device.name.str(), device.driver, error.message()),
          lab.at(device.where)};
}

std::vector<driver::Reference> resolve_references(Run& run, const Lab& lab, const Device& device,
                                                  std::vector<Space*>& spaces) {
  std::vector<driver::Reference> references;
  for (const auto& [name, value] : device.parameters)
    for (std::size_t i = 0; i < value.values.size(); ++i) {
      if (const auto* file = std::get_if<FileContent>(&value.values[i]); file != nullptr && !file->text)
        throw Error(ErrorCode::not_found,
                    fmt::format("{}: what the secret file {} held is kept nowhere; run \"netrig up\" with the lab file",
                                name, file->path),
                    lab.at(value.where));
      if (const auto* beside = std::get_if<NamespaceReference>(&value.values[i])) {
        Space* const space = run.spaces.find(beside->name.str());
        if (space == nullptr)
          throw Error(ErrorCode::not_found,
                      fmt::format("{} = \"{}\": that namespace is gone", name, beside->name.str()),
                      lab.at(value.where));
        spaces.push_back(space);
        references.push_back({.parameter = name,
                              .index = static_cast<std::uint32_t>(i),
                              .target = loopback_of(*beside),
                              .netns_fd = space->fd().get(),
                              .ifindex = kLoopbackIndex,
                              .is_namespace = true});
        continue;
      }
      const auto* target = std::get_if<InterfaceReference>(&value.values[i]);
      const ParameterDeclaration* declaration = device.about ? device.about->parameter(name) : nullptr;
      // What is borrowed is there no longer once the device has it.
      if (target == nullptr || (declaration != nullptr && declaration->searches())) continue;
      Space* const home = run.spaces.find(target->home.str());
      if (home == nullptr)
        throw Error(ErrorCode::not_found,
                    fmt::format("{} = \"{}:{}\": its namespace is gone", name, target->home.str(), target->name.str()),
                    lab.at(value.where));
      Space& space = *home;
      const auto found = space.ifindex.find(target->name.str());
      if (found == space.ifindex.end())
        throw Error(ErrorCode::not_found,
                    fmt::format("{} = \"{}:{}\": no such interface", name, target->home.str(), target->name.str()),
                    lab.at(value.where));
      spaces.push_back(&space);
      references.push_back({.parameter = name,
                            .index = static_cast<std::uint32_t>(i),
                            .target = *target,
                            .netns_fd = space.fd().get(),
                            .ifindex = found->second});
    }
  return references;
}

namespace {

/// One device on its way from lab file to kernel.
struct Pending {
  const Device* device = nullptr;
  MadeDevice made;
  DeviceServices::Context context;
  driver::CreateAnswer answer;
  bool own_hands = false;
};

/// Messages of one sending namespace, with who asked for each.
struct Outbox {
  Space* space = nullptr;
  kernel::Batch batch;
  std::vector<std::pair<std::size_t, std::size_t>> asked;  ///< pending device, order
};

bool is_existing(const Lab& lab, const NamespaceName& name) {
  return std::any_of(lab.namespaces.begin(), lab.namespaces.end(),
                     [&](const Namespace& space) { return space.existing && space.name == name; });
}

/// Interfaces that the lab has from elsewhere: what is made on one must be gone before that goes back.
std::set<std::string> borrowed_in(const Lab& lab) {
  std::set<std::string> all;
  for (const Device& device : lab.devices)
    if (device.about && device.about->borrows())
      for (const Interface& interface : device.interfaces)
        all.insert(fmt::format("{}:{}", lab.namespaces[interface.home].name.str(), interface.name.str()));
  return all;
}

Pending prepare(Run& run, const Lab& lab, const Device& device, const std::set<std::string>& borrowed) {
  Pending pending;
  pending.device = &device;
  pending.made.name = device.name.str();
  pending.made.driver = device.driver;
  auto& context = pending.context;
  context.interrupted = run.interruptible ? run.options.interrupted : nullptr;
  context.about = about_device(lab, device);
  pending.made.parameters = parameters_to_keep(device);
  context.references = resolve_references(run, lab, device, context.spaces.references);
  const bool leans =
      std::any_of(context.references.begin(), context.references.end(), [&](const driver::Reference& reference) {
        const InterfaceReference& target = reference.target;
        return is_existing(lab, target.home) ||
               borrowed.contains(fmt::format("{}:{}", target.home.str(), target.name.str()));
      });
  for (const Interface& interface : device.interfaces) {
    const std::string& home = lab.namespaces[interface.home].name.str();
    Space& space = run.spaces.at(home);
    context.spaces.homes.push_back(&space);
    pending.made.interfaces.push_back(
        {.home = home,
         .name = interface.name.str(),
         .ifindex = interface.index ? *interface.index : Space::take_ifindex(space, context.spaces.references)});
    pending.made.interfaces.back().leans_outside = leans;
    context.interfaces.push_back({.name = interface.name.str(),
                                  .netns_fd = space.fd().get(),
                                  .ifindex = 0,
                                  .mtu = interface.link.mtu.optional(),
                                  .mac = interface.link.mac.optional()});
  }
  context.made = pending.made.interfaces;
  return pending;
}

/// Kernel options that a device's parameters need, for an error that says nothing but "not supported".
struct OptionAdvice {
  std::string text = {};
  Position where = {};  ///< of the first of these parameters
};
OptionAdvice option_advice(const Device& device, const DriverDescription& driver) {
  OptionAdvice advice;
  for (const auto& declaration : driver.parameters) {
    const auto found = device.parameters.find(declaration.name);
    if (declaration.kernel_option.empty() || found == device.parameters.end()) continue;
    if (advice.text.empty()) advice.where = found->second.where;
    advice.text += fmt::format("; {} needs a kernel with {}", declaration.name, declaration.kernel_option);
  }
  return advice;
}

/// Whether a driver holds privileges by which it could make links itself.
bool has_own_hands(Run& run, const std::string& kind) {
  const DriverDescription& about = run.drivers.open(kind).description();
  return about.functions != 0 && (run.drivers.policy().rules_of(kind).granted & about.wants & driver::kOwnHands) != 0;
}

/// The links of a device's namespaces before its driver ran, to find what it left when it failed half-way.
class Before {
 public:
  Before(const Lab& lab, Pending& pending) {
    for (std::size_t i = 0; i < pending.made.interfaces.size(); ++i) {
      Space* space = pending.context.spaces.homes[i];
      Seen& seen = seen_[space];
      seen.wanted.insert(pending.made.interfaces[i].name);
      if (seen.wanted.size() > 1) continue;
      seen.home = pending.made.interfaces[i].home;
      seen.existing = lab.namespaces[pending.device->interfaces[i].home].existing;
      for (const auto& link : kernel::list_links(space->socket())) seen.links.insert(link.ifindex);
    }
  }

  /// Deletes what came into being since: everything in a namespace of the lab; in one that others use, what bears a
  /// name that the device was to have, for the rest may be theirs. What was there before, elsewhere, stays.
  void remove_new(Run& run, const MadeDevice& device) {
    for (auto& [space, seen] : seen_) {
      kernel::Batch batch;
      for (const auto& link : kernel::list_links(space->socket())) {
        if (seen.links.contains(link.ifindex)) continue;
        const bool born = born_since(*space, device, link);
        if (seen.existing && !seen.wanted.contains(link.name))
          run.warn(fmt::format("interface {}:{} appeared while driver {} failed; look whether it is left from it",
                               seen.home, link.name, device.driver));
        else if (born)
          kernel::delete_link(batch, link.ifindex);
        else if (!seen.existing && !link.kind.empty())  // what has none goes back by itself
          run.guests[seen.home].insert(link.name);      // remove_all says so
      }
      if (!batch.empty()) space->socket().run(batch, kernel::Socket::OnRefusal::go_on);
    }
  }

 private:
  struct Seen {
    std::string home;
    bool existing = false;
    std::unordered_set<std::uint32_t> links;
    std::unordered_set<std::string> wanted;
  };
  std::unordered_map<Space*, Seen> seen_;
};

/// Keeps which interfaces of a device the host makes, when its driver may have made others itself: until all is settled
/// only those have a number to go by.
void note_hands(Run& run, const Pending& pending) {
  MadeDevice known = pending.made;
  for (MadeInterface& made : known.interfaces)
    if (!made.borrowed && std::exchange(made.kind, {}).empty()) made.ifindex = 0;
  run.journal.done(std::vector{known});
}

/// Asks the driver what it wants done. Nothing is done yet, unless the driver does it itself.
void ask_driver(Run& run, const Lab& lab, Pending& pending) {
  if (pending.device->about && pending.device->about->borrows()) {
    borrow(run, lab, *pending.device, pending.made);
    pending.context.made = pending.made.interfaces;
    pending.context.interfaces.front().ifindex = pending.made.interfaces.front().ifindex;
  }
  std::optional<Before> before;
  if (pending.own_hands) before.emplace(lab, pending);
  pending.context.save = [&](driver::Bytes record) {
    pending.made.record = std::move(record);
    MadeDevice known = pending.made;
    if (pending.own_hands)
      for (MadeInterface& made : known.interfaces)
        if (!made.borrowed) made.ifindex = 0;
    run.journal.done(std::vector{known});
  };
  DeviceServices services(pending.context);
  try {
    pending.answer = run.drivers.open(pending.device->driver)
                         .create({.lab = lab.name.str(),
                                  .device = pending.made.name,
                                  .interfaces = pending.context.interfaces,
                                  .references = pending.context.references,
                                  .parameters = &pending.device->parameters},
                                 services);
  } catch (const Error& error) {
    pending.made.interfaces = services.made();
    if (before) {
      note_hands(run, pending);
      before->remove_new(run, pending.made);
    }
    throw in_context(error, lab, *pending.device);
  }
  pending.made.interfaces = services.made();
  for (const driver::Order& order : pending.answer.orders)
    if (const auto* link = std::get_if<driver::LinkOrder>(&order)) note_made(*link, pending.made.interfaces);
  // From here on destroy has something to do, whatever comes.
  pending.made.created = pending.own_hands;
  if (pending.own_hands) note_hands(run, pending);
  // What the driver says it made itself is believed only when the kernel shows it.
  for (const auto& [index, ifindex] : pending.answer.made) {
    MadeInterface& made = pending.made.interfaces.at(index);
    const auto link = kernel::get_link(pending.context.spaces.homes.at(index)->socket(), ifindex);
    const auto& known = pending.context.spaces.homes.at(index)->ifindex;
    const bool foreign = std::any_of(known.begin(), known.end(),
                                     [&, number = ifindex](const auto& one) { return one.second == number; });
    if (!link || link->name != made.name || foreign)
      throw in_context(
          {ErrorCode::driver, fmt::format("the driver says that it made {}:{} as interface {}, which the kernel "
                                          "does not show",
                                          made.home, made.name, ifindex)},
          lab, *pending.device);
    made.ifindex = ifindex;
    Space& space = *pending.context.spaces.homes.at(index);
    if (born_since(space, pending.made, *link)) made.kind = link->kind;
  }
  if (pending.own_hands && !pending.answer.made.empty()) note_hands(run, pending);
}

/// What tells an interface of ours from another that may come by its number, where others make interfaces, too: in
/// namespaces that are not the lab's alone.
void note_births(const Lab& lab, Pending& pending) {
  for (std::size_t i = 0; i < pending.made.interfaces.size(); ++i) {
    MadeInterface& made = pending.made.interfaces[i];
    if (made.borrowed) continue;  // known since before it was moved
    if (pending.own_hands || lab.namespaces[pending.device->interfaces[i].home].existing)
      made.birth = pending.context.spaces.homes[i]->birth_of(made.name);
  }
}

void post(std::vector<Pending>& level, std::vector<Outbox>& outboxes) {
  std::unordered_map<Space*, std::size_t> box_of;
  for (std::size_t p = 0; p < level.size(); ++p) {
    Pending& pending = level[p];
    std::vector<std::uint32_t> ifindexes;
    for (const MadeInterface& made : pending.made.interfaces) ifindexes.push_back(made.ifindex);
    for (std::size_t o = 0; o < pending.answer.orders.size(); ++o) {
      const driver::Order& order = pending.answer.orders[o];
      Space& sender = sender_of(order, pending.context.spaces);
      const auto [place, fresh] = box_of.try_emplace(&sender, outboxes.size());
      if (fresh) outboxes.emplace_back().space = &sender;
      Outbox& box = outboxes[place->second];
      append_order(box.batch, order, pending.context.spaces, pending.context.interfaces, pending.context.references,
                   ifindexes);
      box.asked.emplace_back(p, o);
    }
  }
}

}  // namespace

void create_devices(Run& run, const Lab& next, const std::vector<std::size_t>& which) {
  std::vector<Pending> level;
  std::vector<MadeDevice> intended;
  std::optional<std::uint64_t> now;
  for (const Device& device : next.devices)
    for (const Interface& interface : device.interfaces)
      if (interface.index) run.spaces.at(next.namespaces[interface.home].name.str()).reserve(*interface.index);
  const std::set<std::string> borrowed = borrowed_in(next);
  level.reserve(which.size());
  for (const std::size_t d : which) {
    level.push_back(prepare(run, next, next.devices[d], borrowed));
    Pending& pending = level.back();
    pending.own_hands = has_own_hands(run, pending.device->driver);
    if (pending.own_hands) {
      // A namespace to measure by is worth making only here.
      if (!now) kernel::aside([&] { now = kernel::birth_now(); });
      pending.made.hands_from = now;
      for (MadeInterface& made : pending.made.interfaces) made.leans_outside = true;
      pending.context.made = pending.made.interfaces;
    }
    intended.push_back(pending.made);
    // Which number it will have its maker decides; until it is known, the name is what finds it.
    if (pending.own_hands)
      for (MadeInterface& made : intended.back().interfaces) made.ifindex = 0;
  }
  run.journal.intend(intended);

  // A driver may ask for services that enter namespaces, so it runs in a thread that may.
  kernel::aside([&] {
    for (Pending& pending : level) {
      run.checkpoint();
      ask_driver(run, next, pending);
    }
  });

  std::vector<Outbox> outboxes;
  post(level, outboxes);
  std::atomic<std::size_t> done{0};
  // One thread: the kernel makes links one at a time (RTNL), and two that wait for each other take longer.
  parallel(outboxes.size(), 1, [&](std::size_t i) {
    run.checkpoint();
    Outbox& box = outboxes[i];
    const auto refusals = box.space->socket().run(box.batch);
    if (!refusals.empty()) {
      const auto& [p, o] = box.asked[refusals.front().index];
      const Device& device = *level[p].device;
      const Error error = order_error(level[p].answer.orders[o], refusals.front(), level[p].made.interfaces);
      const OptionAdvice advice = refusals.front().error != EOPNOTSUPP || error.code() == ErrorCode::unsupported
                                      ? OptionAdvice{}
                                      : option_advice(device, run.drivers.open(device.driver).description());
      if (advice.text.empty()) throw in_context(error, next, device);
      const Error told = in_context({ErrorCode::unsupported, error.message() + advice.text}, next, device);
      throw Error(told.code(), told.message(), advice.where.line != 0 ? next.at(advice.where) : told.where());
    }
    box.space->release_socket();  // large labs have more namespaces than descriptors for two each
    run.report("devices", done += box.asked.size(), level.size());
  });

  std::vector<MadeDevice> settled;
  kernel::aside([&] {
    for (Pending& pending : level) note_births(next, pending);
  });
  for (Pending& pending : level) {
    pending.made.settled = true;
    for (std::size_t i = 0; i < pending.made.interfaces.size(); ++i)
      pending.context.spaces.homes[i]->ifindex[pending.made.interfaces[i].name] = pending.made.interfaces[i].ifindex;
    settled.push_back(std::move(pending.made));
  }
  run.journal.done(settled);
}

}  // namespace netrig::engine
