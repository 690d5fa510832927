// SPDX-License-Identifier: Apache-2.0
// A world in memory, in which a run can be refused anything.
#pragma once
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <map>
#include <string>

#include "engine/journal.hpp"
#include "engine/place.hpp"
#include "model/error.hpp"
#include "plan/compare.hpp"
#include "plan/kernel_model.hpp"
#include "plan/wanted.hpp"

namespace fake {

using namespace netrig;

struct Space {
  std::uint64_t cookie = 0;
  SpaceState state;
};
struct World {
  std::map<std::string, Space> spaces;
  std::map<std::string, Parameters> devices;  ///< by name: what their drivers have them as
  std::map<std::string, int> settled;         ///< by name: how often
  std::uint64_t last_cookie = 0;
  std::uint32_t last_ifindex = 1;
};

/// Thrown past everything that would put things right.
struct Killed {};

class Place final : public engine::Place {
 public:
  /// `refused`: number of the message that is, counted from 1; 0: none. `and_after`: all that come after it are, too.
  Place(World& world, engine::Journal& journal, std::size_t refused, bool and_after = false)
      : world_(world), journal_(journal), refused_(refused), and_after_(and_after) {}

  [[nodiscard]] static SpaceState fresh() {
    SpaceState state;
    Link lo;
    lo.name = "lo";
    lo.settings.state = {AdminState::down};
    state.of<Link>().push_back(std::move(lo));
    state.of<Sysctl>().push_back({.key_text = "net.ipv4.ip_forward", .value = {std::string("0")}});
    return state;
  }

  plan::Seen look(const engine::Record& record, const Lab* current, const Lab& next) override {
    plan::Seen seen;
    for (const engine::MadeNamespace& made : record.namespaces)
      if (is_there(made)) seen.spaces.emplace(made.name, world_.spaces[made.name].state);
    for (const Namespace& space : next.namespaces)
      if (space.existing && world_.spaces.contains(space.name.str()))
        seen.spaces.emplace(space.name.str(), world_.spaces[space.name.str()].state);
    for (const engine::MadeDevice& device : record.devices)
      for (const engine::MadeInterface& made : device.interfaces)
        if (find(made) == nullptr) seen.broken.insert(device.name);
    if (current != nullptr)
      for (const Device& device : current->devices)
        if (std::none_of(record.devices.begin(), record.devices.end(),
                         [&](const engine::MadeDevice& made) { return made.name == device.name.str(); }))
          seen.broken.insert(device.name.str());
    for (const Device& device : next.devices)
      if (const auto found = world_.devices.find(device.name.str());
          found != world_.devices.end() && device.about && device.about->tells())
        seen.told.emplace(found->first, found->second);
    return seen;
  }

  SpaceState look_again(const std::string& space, const Interest& /*interest*/) override {
    return world_.spaces.at(space).state;
  }
  bool is_open(const std::string& space) override { return world_.spaces.contains(space); }
  void open(const std::vector<engine::MadeNamespace>& /*namespaces*/) override {}

  void create_namespaces(const Lab& lab, const std::vector<std::size_t>& which) override {
    for (const std::size_t s : which) {
      const Namespace& space = lab.namespaces[s];
      const std::string& name = space.name.str();
      ask("namespace " + name);
      const std::uint64_t cookie = space.existing ? world_.spaces.at(name).cookie : ++world_.last_cookie;
      journal_.intend(std::vector<engine::MadeNamespace>{{.name = name, .cookie = cookie, .existing = space.existing}});
      if (!space.existing) world_.spaces[name] = {.cookie = cookie, .state = fresh()};
    }
  }

  void create_devices(const Lab& lab, const std::vector<std::size_t>& level) override {
    for (const std::size_t d : level) {
      const Device& device = lab.devices[d];
      engine::MadeDevice made{.name = device.name.str(), .driver = device.driver};
      for (const Interface& interface : device.interfaces)
        made.interfaces.push_back({.home = lab.namespaces[interface.home].name.str(),
                                   .name = interface.name.str(),
                                   .ifindex = ++world_.last_ifindex,
                                   .kind = device.driver});
      journal_.intend(std::vector{made});
      ask("device " + made.name);
      for (std::size_t i = 0; i < made.interfaces.size(); ++i) add_link(device.interfaces[i], made.interfaces[i]);
      world_.devices[made.name] = device.parameters;
      world_.settled.erase(made.name);
      made.settled = true;
      journal_.done(std::vector{made});
    }
  }

  void hold_sysctls(const Lab& lab) override {
    const plan::Wanted wanted(lab);
    for (std::size_t s = 0; s < lab.namespaces.size(); ++s) {
      const std::string& name = lab.namespaces[s].name.str();
      if (!lab.namespaces[s].existing) continue;
      const SpaceState state = wanted.in(s);
      for (const Sysctl& one : state.of<Sysctl>())
        journal_.intend(engine::SavedSysctl{
            .home = name, .key = one.key_text, .before = value_of(world_.spaces.at(name).state, one.key_text)});
    }
  }
  void settle_sysctls(const Lab& lab) override { hold_sysctls(lab); }
  void note_holds() override {}
  void restore_holds() override {}

  void change_devices(const Lab& lab, const std::vector<plan::DeviceChange>& which) override {
    for (const plan::DeviceChange& one : which) {
      const Device& device = lab.devices[one.device];
      world_.devices[device.name.str()] = device.parameters;  // one that fails may have got so far
      ask("change device " + device.name.str());
    }
  }

  void settle_devices(const Lab& lab, const std::vector<std::size_t>& which) override {
    for (const std::size_t d : which) {
      ask("settle device " + lab.devices[d].name.str());
      ++world_.settled[lab.devices[d].name.str()];
    }
  }

  void carry_out(const Lab& /*lab*/, const Namespace& space, const std::vector<Step>& steps) override {
    const std::string& name = space.name.str();
    SpaceState& state = world_.spaces.at(name).state;
    for (const Step& step : steps) {
      if (step.is_void) continue;
      const auto* sysctl = std::get_if<Sysctl>(&step.object);
      const bool kept = space.existing && !step.restores && plan::outlives_links(step.object);
      if (sysctl != nullptr && step.verb != Verb::remove)
        journal_.intend(
            engine::SavedSysctl{.home = name, .key = sysctl->key_text, .before = value_of(state, sysctl->key_text)});
      if (kept && step.verb != Verb::remove) journal_.intend(engine::MadeObject{.home = name, .object = step.object});
      try {
        ask(fmt::format("{} in {}", text_of(step.object), name));
      } catch (const Error&) {
        if (kept && step.verb == Verb::make) journal_.undone(engine::MadeObject{.home = name, .object = step.object});
        throw;
      }
      if (sysctl != nullptr && step.verb == Verb::remove)
        give_back(name, sysctl->key_text);
      else
        plan::apply(step, state);
      if (kept && step.verb == Verb::remove) journal_.undone(engine::MadeObject{.home = name, .object = step.object});
    }
  }

  void set_down(const std::string& space, const std::vector<std::string>& links) override {
    for (const std::string& name : links)
      for (const Link& link : world_.spaces.at(space).state.of<Link>()) {
        if (link.name != name) continue;
        ask("set down " + name);
        Link down = link;
        down.settings.state = {AdminState::down};
        plan::apply({.verb = Verb::change,
                     .object = down,
                     .changes = {{.name = "state", .expected = "down", .found = "up", .where = {}}}},
                    world_.spaces.at(space).state);
        break;
      }
  }

  void remove(const std::vector<engine::MadeDevice>& devices,
              const std::vector<engine::MadeNamespace>& namespaces) override {
    for (const engine::MadeDevice& device : devices) {
      ask("remove device " + device.name);
      for (const engine::MadeInterface& made : device.interfaces)
        if (const Link* link = find(made); link != nullptr)
          plan::apply({.verb = Verb::remove, .object = *link}, world_.spaces.at(made.home).state);
      world_.devices.erase(device.name);
      world_.settled.erase(device.name);
      journal_.undone(device);
    }
    for (const engine::MadeNamespace& made : namespaces) {
      ask("remove namespace " + made.name);
      if (made.existing)
        leave(made.name);
      else if (is_there(made))
        world_.spaces.erase(made.name);
      journal_.undone(made);
    }
  }

  void remove_all() override {
    const engine::Record record = journal_.record();
    std::exception_ptr first;
    const auto go_on = [&](const std::vector<engine::MadeDevice>& devices,
                           const std::vector<engine::MadeNamespace>& namespaces) {
      try {
        remove(devices, namespaces);
      } catch (const Error&) {
        if (!first) first = std::current_exception();
      }
    };
    for (auto device = record.devices.rbegin(); device != record.devices.rend(); ++device) go_on({*device}, {});
    for (const engine::MadeNamespace& made : record.namespaces) go_on({}, {made});
    if (first) std::rethrow_exception(first);
  }

  void settle(const std::vector<engine::Rising>& /*rising*/) override {}
  void wait_for_addresses(const Lab& /*lab*/) override {}
  [[nodiscard]] std::size_t messages() const { return *asked_; }
  /// For who looks when this is gone.
  void count_into(std::size_t& messages) { asked_ = &messages; }
  /// The run ends at this message, counted from 1, as by SIGKILL.
  void die_at(std::size_t message) { dies_at_ = message; }

 private:
  void ask(const std::string& what) {
    ++*asked_;
    if (*asked_ == dies_at_) throw Killed{};
    if (*asked_ == refused_ || (and_after_ && refused_ != 0 && *asked_ > refused_))
      throw Error(ErrorCode::failed, "refused: " + what);
  }

  bool is_there(const engine::MadeNamespace& made) {
    const auto found = world_.spaces.find(made.name);
    return found != world_.spaces.end() && found->second.cookie == made.cookie;
  }

  const Link* find(const engine::MadeInterface& made) {
    const auto space = world_.spaces.find(made.home);
    if (space == world_.spaces.end()) return nullptr;
    for (const Link& link : space->second.state.of<Link>())
      if (link.ifindex == made.ifindex) return &link;
    return nullptr;
  }

  void add_link(const Interface& interface, const engine::MadeInterface& made) {
    Link link;
    link.name = made.name;
    link.ifindex = made.ifindex;
    link.kind = made.kind;
    MacAddress mac;
    mac.bytes = {2, 0, 0, 0, static_cast<std::uint8_t>(made.ifindex >> 8U), static_cast<std::uint8_t>(made.ifindex)};
    link.settings.mac = interface.link.mac ? interface.link.mac : Given<MacAddress>(mac);
    link.settings.mtu = interface.link.mtu ? interface.link.mtu : Given<std::uint32_t>(1500U);
    link.settings.state = {AdminState::down};
    link.settings.master = {std::string()};
    link.settings.alias = {std::string()};
    world_.spaces.at(made.home).state.of<Link>().push_back(std::move(link));
  }

  static std::string value_of(const SpaceState& state, const std::string& key) {
    for (const Sysctl& sysctl : state.of<Sysctl>())
      if (sysctl.key_text == key) return sysctl.value.value_or("0");
    return "0";
  }

  void give_back(const std::string& space, const std::string& key) {
    const auto saved = journal_.saved_sysctl(space, key);
    if (!saved) return;
    Sysctl sysctl;
    sysctl.key_text = key;
    sysctl.value = {saved->before.value_or("0")};
    plan::apply({.verb = Verb::make, .object = sysctl}, world_.spaces.at(space).state);
    journal_.undone(*saved);
  }

  void leave(const std::string& space) {
    const engine::Record record = journal_.record();
    for (const engine::MadeObject& made : record.objects)
      if (made.home == space) {
        plan::apply({.verb = Verb::remove, .object = made.object}, world_.spaces.at(space).state);
        journal_.undone(made);
      }
    for (const engine::SavedSysctl& saved : record.sysctls)
      if (saved.home == space) give_back(space, saved.key);
  }

  World& world_;
  engine::Journal& journal_;
  std::size_t refused_;
  bool and_after_;
  std::size_t dies_at_ = 0;
  std::size_t own_count_ = 0;
  std::size_t* asked_ = &own_count_;
};

}  // namespace fake
