// SPDX-License-Identifier: Apache-2.0
// The steps of one namespace as netlink messages and writes to /proc/sys.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <exception>

#include "engine/run.hpp"
#include "engine/shared.hpp"
#include "kernel/namespace.hpp"
#include "kernel/objects.hpp"
#include "kernel/qdisc.hpp"
#include "model/error_number.hpp"
#include "plan/compare.hpp"

namespace netrig::engine {
namespace {

class Script {
 public:
  Script(Run& run, const Lab& lab, const Namespace& space, Space& place)
      : run_(run), lab_(lab), space_(space), place_(place) {}

  void carry_out(const std::vector<Step>& steps) {
    for (const Step& step : steps) {
      if (step.is_void) continue;
      if (const auto* sysctl = std::get_if<Sysctl>(&step.object)) {
        send();  // sysctls are written one by one, and in the order of the steps
        write(step, *sysctl);
      } else if (const Link* from = renamed(step)) {
        try {
          rename(step, *from);
        } catch (const Error&) {
          if (run_.tolerance != Tolerance::rollback) throw;
          if (!refused_) refused_ = std::current_exception();  // the rest goes back all the same
        }
      } else if (step.verb == Verb::change && !plan::changes_in_place(step.object, step.changes)) {
        if (step.part == Step::Part::whole) append({.verb = Verb::remove, .object = *step.before}, step);
        append({.verb = Verb::make, .object = step.object}, step);
      } else {
        append(step, step);
      }
    }
    send();
    if (refused_) std::rethrow_exception(refused_);
  }

 private:
  /// A message that is to be sent, for the words when the kernel says no.
  struct Asked {
    Step step;
    const Step* of = nullptr;  ///< the step of the plan
  };

  /// Of what outlives the lab in a namespace that others use, the ledger knows before the kernel does. `restores`: it
  /// is theirs, or known already.
  [[nodiscard]] bool is_kept(const Step& step) const {
    return space_.existing && !step.restores && plan::outlives_links(step.object);
  }

  void append(const Step& step, const Step& of) {
    const bool kept = is_kept(of);
    if (kept) {
      // Nobody but the kernel knows whether a route of others is the same, so each goes alone and is known to be ours
      // only when the kernel has taken it.
      send();
      if (step.verb != Verb::remove) run_.journal.intend(MadeObject{.home = space_.name.str(), .object = step.object});
    }
    kernel::append(batch_, step, [this, &of](const std::string& name) { return ifindex_of(name, of); });
    asked_.resize(batch_.count(), {.step = step, .of = &of});
    if (!kept) return;
    send();
    if (step.verb == Verb::remove) run_.journal.undone(MadeObject{.home = space_.name.str(), .object = step.object});
  }

  /// What a step gives another name, as it is; nullptr: it is none of that.
  static const Link* renamed(const Step& step) {
    const auto* link = std::get_if<Link>(&step.object);
    const auto* from = link != nullptr && step.before ? &std::get<Link>(*step.before) : nullptr;
    return from != nullptr && from->name != link->name ? from : nullptr;
  }

  void rename(const Step& step, const Link& from) {
    send();
    const std::uint32_t ifindex = from.ifindex != 0 ? from.ifindex : ifindex_of(from.name, step);
    place_.ifindex[std::get<Link>(step.object).name] = ifindex;
    kernel::Batch alone;
    const auto known = [&](const std::string& name) { return ifindex_of(name, step); };
    kernel::append(alone, step, known);
    const auto refusals = place_.socket().run(alone);
    if (refusals.empty()) return;
    if (refusals.front().error != EBUSY) throw error_of({.step = step, .of = &step}, refusals.front());
    // Before 6.2 only a link that is down takes another name (dev_change_name). A second look finds what it loses.
    alone.clear();
    kernel::set_link_up(alone, ifindex, false);
    kernel::append(alone, step, known);
    if (from.settings.state == AdminState::up) kernel::set_link_up(alone, ifindex, true);
    for (const auto& refusal : place_.socket().run(alone, kernel::Socket::OnRefusal::go_on))
      throw error_of({.step = step, .of = &step}, refusal);
  }

  [[nodiscard]] std::uint32_t ifindex_of(const std::string& name, const Step& of) const {
    const auto found = place_.ifindex.find(name);
    if (found != place_.ifindex.end()) return found->second;
    if (of.verb == Verb::remove) return 0;  // gone, and what hung on it
    throw Error(ErrorCode::not_found, fmt::format("no interface {} in namespace {}", name, space_.name.str()),
                lab_.at(position_of(of.object)));
  }

  void send() {
    if (batch_.empty()) return;
    const bool tolerant = run_.tolerance == Tolerance::rollback;
    // A refusal of these may mean that all is well, and what comes after is to be sent all the same.
    const bool lenient = tolerant || std::any_of(asked_.begin(), asked_.end(), [](const Asked& one) {
                           return one.step.verb == Verb::remove || one.step.restores;
                         });
    const auto refusals =
        place_.socket().run(batch_, lenient ? kernel::Socket::OnRefusal::go_on : kernel::Socket::OnRefusal::stop);
    for (const auto& refusal : refusals) {
      const Asked& asked = asked_.at(refusal.index);
      const bool may_be = tolerant || asked.step.verb == Verb::remove || asked.step.restores;
      if (may_be && kernel::already_so(asked.step, refusal.error)) continue;
      if (is_kept(*asked.of) && asked.step.verb == Verb::make)
        run_.journal.undone(MadeObject{.home = space_.name.str(), .object = asked.step.object});
      if (is_kept(*asked.of) && asked.step.verb == Verb::change && asked.step.before)
        run_.journal.intend(MadeObject{.home = space_.name.str(), .object = *asked.step.before});
      const Error error = error_of(asked, refusal);
      // What others had made, and a step of ours has taken along, may not fit any more: a route over a link that is to
      // be down.
      const bool of_others = asked.step.restores && position_of(asked.step.object).line == 0;
      if (!of_others) throw error;
      run_.warn(error.what());
    }
    batch_.clear();
    asked_.clear();
  }

  /// Which of several settings the kernel refuses: each is asked for by itself.
  [[nodiscard]] SettingChange refused_setting(const Step& step) const {
    kernel::Batch one;
    for (const SettingChange& change : step.changes) {
      Step alone = step;
      alone.object = with_one(step, change.name);
      alone.changes = {change};
      one.clear();
      kernel::append(one, alone, [&](const std::string& name) { return ifindex_of(name, step); });
      if (!place_.socket().run(one).empty()) return change;
    }
    return step.changes.front();
  }

  /// As it was, but for one setting.
  [[nodiscard]] static Object with_one(const Step& step, std::string_view setting) {
    return std::visit(
        [&]<typename T>(const T& goal) {
          T alone = std::get<T>(*step.before);
          if (setting == "name") copy_name(goal, alone);
          copy_parameter(goal, alone, setting);
          T::each_setting([&](std::string_view name, auto member) {
            if (name == setting) alone.own().*member = goal.own().*member;
          });
          return Object(std::move(alone));
        },
        step.object);
  }
  static void copy_name(const Link& from, Link& to) { to.name = from.name; }
  template <typename T>
  static void copy_name(const T&, T&) {}
  static void copy_parameter(const Link& from, Link& to, std::string_view parameter) {
    for (LinkParameter& one : to.parameters)
      if (const LinkParameter* goal = from.parameter(*one.declaration);
          goal != nullptr && one.declaration->name == parameter)
        one.values = goal->values;
  }
  template <typename T>
  static void copy_parameter(const T&, T&, std::string_view) {}

  [[nodiscard]] Error error_of(const Asked& asked, const kernel::Refusal& refusal) const {
    const Step& step = asked.step;
    std::string what;
    Position where = position_of(step.object);
    if (const auto* link = std::get_if<Link>(&step.object); link != nullptr && !step.changes.empty()) {
      const SettingChange change =
          step.changes.size() == 1 || !step.before ? step.changes.front() : refused_setting(step);
      what = fmt::format("{} \"{}\" of {}:{}", change.name, change.expected, space_.name.str(), link->name);
      if (change.where.line != 0) where = change.where;
    } else {
      if (asked.of->changes.size() == 1 && asked.of->changes.front().where.line != 0)
        where = asked.of->changes.front().where;
      what = words(step.object);
    }
    if (const auto* qdisc = std::get_if<Qdisc>(&step.object))
      if (const auto lack = kernel::lack_of(*qdisc, refusal))
        return {ErrorCode::unsupported,
                fmt::format("{}:{} cannot be impaired so: {}", space_.name.str(), qdisc->interface, *lack),
                lab_.at(position_of(step.object))};
    return {refusal_code(refusal.error),
            fmt::format("the kernel refuses {}: {}{}", what, refusal.str(), advice(step.object, refusal.error)),
            lab_.at(where)};
  }

  /// What its number does not tell.
  static std::string advice(const Object& object, int error) {
    if (std::holds_alternative<Vlans>(object) && error == EOPNOTSUPP)
      return "; it takes a bridge, or a port of one, and a kernel with CONFIG_BRIDGE_VLAN_FILTERING";
    const auto* port = std::get_if<Port>(&object);
    if (port != nullptr && error == EOPNOTSUPP) return "; it takes a port of a bridge";
    if (port != nullptr && port->state && error == ENETDOWN) return "; a port has a state when it has a carrier";
    return {};
  }

  [[nodiscard]] std::string words(const Object& object) const {
    if (const auto* address = std::get_if<Address>(&object))
      return fmt::format("address {} on {}:{}", address->text(), space_.name.str(), address->interface);
    return fmt::format("{} \"{}\" in {}", kind_of(object), text_of(object), space_.name.str());
  }

  /// What is of an interface of the lab goes with it.
  [[nodiscard]] bool is_of_own_link(const Sysctl& sysctl) const {
    const std::string name = sysctl.interface();
    return !name.empty() && std::any_of(lab_.devices.begin(), lab_.devices.end(), [&](const Device& device) {
      return std::any_of(device.interfaces.begin(), device.interfaces.end(), [&](const Interface& interface) {
        return interface.name.str() == name && lab_.namespaces[interface.home].name == space_.name;
      });
    });
  }

  /// Whether other labs may set its sysctls, too.
  [[nodiscard]] bool is_shared() const {
    return space_.existing || (run_.used && run_.used->contains(space_.name.str()));
  }

  /// What it was is kept before it is set.
  void write(const Step& step, const Sysctl& sysctl) {
    kernel::enter(place_.fd());
    const Use use{.lab = run_.journal.record().lab,
                  .home = space_.name.str(),
                  .cookie = place_.cookie(),
                  .made = !space_.existing};
    try {
      if (step.verb == Verb::remove) {
        const auto saved = run_.journal.saved_sysctl(space_.name.str(), sysctl.key_text);
        if (!saved) return;
        give_back_sysctl(use, *saved);
        run_.journal.undone(*saved);
        if (!saved->before && kernel::find_sysctl(sysctl.key_text))
          run_.warn(
              fmt::format("sysctl {} in namespace {} keeps its value: it had none before, and cannot be without one",
                          sysctl.key_text, space_.name.str()));
        return;
      }
      const auto saved = run_.journal.saved_sysctl(space_.name.str(), sysctl.key_text);
      const auto now = saved && !is_shared() ? std::nullopt : kernel::find_sysctl(sysctl.key_text);
      if (space_.existing && !now && !is_of_own_link(sysctl))
        throw Error(ErrorCode::unsupported,
                    fmt::format("sysctl {} cannot be read, so it could not be given back to a namespace that exists "
                                "without the lab",
                                sysctl.key_text));
      if (!saved)
        run_.journal.intend(
            SavedSysctl{.home = space_.name.str(), .key = sysctl.key_text, .before = now, .shared = space_.existing});
      auto shown = is_shared() && now ? take_sysctl(use, sysctl.key_text, *sysctl.value, *now)
                                      : kernel::write_sysctl(sysctl.key_text, *sysctl.value);
      if (shown) shown = canonical_value(*shown);
      run_.journal.done(ShownSysctl{
          .home = space_.name.str(), .key = sysctl.key_text, .written = *sysctl.value, .shown = std::move(shown)});
    } catch (const Error& error) {
      throw Error(error.code(), fmt::format("namespace {}: {}", space_.name.str(), error.message()),
                  lab_.at(sysctl.value ? sysctl.value.where : sysctl.where));
    }
  }

  Run& run_;
  const Lab& lab_;
  const Namespace& space_;
  Space& place_;
  kernel::Batch batch_;
  std::vector<Asked> asked_;  // one a message
  std::exception_ptr refused_;
};

}  // namespace

void carry_out(Run& run, const Lab& lab, const Namespace& space, const std::vector<Step>& steps) {
  Space& place = run.spaces.at(space.name.str());
  Script(run, lab, space, place).carry_out(steps);
  place.release_socket();
}

void raise_mtus(Run& run, Place& place, const Lab& lab, const std::vector<plan::Raise>& raises) {
  // In their order; in another thread, for a step ends up in any namespace.
  parallel(raises.size(), 1, [&](std::size_t i) {
    run.checkpoint();
    const auto space = lab.find_namespace(raises[i].space);
    if (space && place.is_open(raises[i].space)) place.carry_out(lab, lab.namespaces[*space], {raises[i].step});
  });
}

}  // namespace netrig::engine
