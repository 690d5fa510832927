// SPDX-License-Identifier: Apache-2.0
// Every lab that wants a sysctl of a namespace with other labs in it has a hand on it, and on what the kernel writes
// along, whoever has written it.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "engine/run.hpp"
#include "engine/shared.hpp"
#include "kernel/namespace.hpp"
#include "model/forwarding.hpp"
#include "plan/wanted.hpp"

namespace netrig::engine {
namespace {

/// What one lab sets in one namespace. Thread: one that may enter it.
class Hands {
 public:
  Hands(Run& run, const Lab& lab, std::size_t space, Space& place, std::vector<Sysctl> wanted)
      : run_(run),
        lab_(lab),
        space_(space),
        place_(place),
        use_{.lab = run.journal.record().lab,
             .home = lab.namespaces[space].name.str(),
             .cookie = place.cookie(),
             .made = !lab.namespaces[space].existing},
        wanted_(std::move(wanted)) {}

  void take() {
    if (wanted_.empty()) return;
    kernel::enter(place_.fd());
    holds_ = holds_in(use_.cookie);
    for (const Sysctl& one : wanted_) take(one.key_text);
    for (const Sysctl& one : wanted_)
      if (is_switch(one.key_text) && is_turned(one)) take_followers(one.key_text);
    if (missing_.empty()) return;
    // The journal knows of it before anything is written.
    for (const auto& [key, now] : missing_)
      run_.journal.intend(SavedSysctl{
          .home = use_.home, .key = key, .before = use_.made ? first_value(key, now) : now, .shared = !use_.made});
    hold_sysctls(use_, missing_);
    missing_.clear();
  }

  void settle() {
    take();
    give_followers_back();
    std::vector<KeyValue> values;
    for (const Sysctl& one : wanted_)
      if (one.value) values.emplace_back(one.key_text, *one.value);
    if (!values.empty()) tell_next(use_, values);
  }

 private:
  [[nodiscard]] bool has(std::string_view key) const {
    return std::any_of(holds_.begin(), holds_.end(), [&](const Hold& hold) { return hold.is_of(use_, key); });
  }
  [[nodiscard]] const Hold* first(std::string_view key) const {
    const auto found =
        std::find_if(holds_.begin(), holds_.end(), [&](const Hold& hold) { return hold.key == one_name(key); });
    return found == holds_.end() ? nullptr : &*found;
  }
  /// Before any lab that is here now.
  [[nodiscard]] std::string first_value(std::string_view key, const std::string& now) const {
    const Hold* oldest = first(key);
    return oldest == nullptr ? now : oldest->before;
  }

  /// Who has made the namespace takes only what others have a hand on.
  void take(const std::string& key) {
    if (has(key) || (use_.made && first(key) == nullptr)) return;
    if (auto now = kernel::find_sysctl(key)) missing_.emplace_back(key, std::move(*now));
  }

  /// Whether a switch has another value than without the labs, or may come to have one.
  [[nodiscard]] bool is_turned(const Sysctl& one) const {
    const std::string value = one.value.value_or("");
    return kernel::find_sysctl(one.key_text) != value ||
           std::any_of(holds_.begin(), holds_.end(), [&](const Hold& hold) {
             return hold.key == one_name(one.key_text) && (!hold.is_of(use_, hold.key) || hold.before != value);
           });
  }

  /// What of an interface of the lab goes with it.
  [[nodiscard]] bool is_own_link(const std::string& name) const {
    return std::any_of(lab_.devices.begin(), lab_.devices.end(), [&](const Device& device) {
      return std::any_of(device.interfaces.begin(), device.interfaces.end(), [&](const Interface& interface) {
        return interface.home == space_ && interface.name.str() == name;
      });
    });
  }

  void take_followers(std::string_view key) {
    const bool v4 = key.starts_with("net.ipv4.");
    const std::string shorthand = v4 ? "ipv4.forwarding" : "ipv6.forwarding";
    std::vector<std::string> keys = {fmt::format("net.{}.conf.default.forwarding", v4 ? "ipv4" : "ipv6")};
    if (v4) keys.emplace_back("net.ipv4.conf.all.accept_redirects");
    for (const auto& link : kernel::list_links(place_.socket()))
      if (auto of_link = interface_sysctl(shorthand, link.name); of_link && !is_own_link(link.name))
        keys.push_back(std::move(*of_link));
    place_.release_socket();
    for (const std::string& one : keys)
      if (std::none_of(missing_.begin(), missing_.end(), [&](const KeyValue& other) { return other.first == one; }))
        take(one);
  }

  /// What follows a switch that the lab no longer wants.
  void give_followers_back() {
    const auto is_wanted = [&](const SavedSysctl& saved) {
      return std::any_of(wanted_.begin(), wanted_.end(),
                         [&](const Sysctl& one) { return is_written_with(saved.key, one.key_text); });
    };
    const std::vector<SavedSysctl> sysctls = run_.journal.record().sysctls;
    for (const SavedSysctl& saved : sysctls) {
      if (saved.home != use_.home || switch_of(saved.key).empty() || is_wanted(saved)) continue;
      kernel::enter(place_.fd());
      give_back_sysctl(use_, saved);
      run_.journal.undone(saved);
    }
  }

  Run& run_;
  const Lab& lab_;
  std::size_t space_;
  Space& place_;
  Use use_;
  std::vector<Sysctl> wanted_;
  std::vector<Hold> holds_;
  std::vector<KeyValue> missing_;
};

/// Which of the lab's own namespaces others use: none while it comes up, and otherwise one look tells.
void find_used(Run& run) {
  if (run.used) return;
  run.used.emplace();
  if (!run.edits) return;
  for (const OtherUse& other : other_uses(run.journal.record())) run.used->insert(other.space);
}

void each_shared(Run& run, const Lab& lab, const std::function<void(Hands&)>& body) {
  find_used(run);
  std::optional<plan::Wanted> wanted;
  for (std::size_t s = 0; s < lab.namespaces.size(); ++s) {
    const Namespace& space = lab.namespaces[s];
    if (!space.existing && !run.used->contains(space.name.str())) continue;
    Space* place = run.spaces.find(space.name.str());
    if (place == nullptr) continue;
    if (!wanted) wanted.emplace(lab);
    kernel::aside([&] {
      Hands hands(run, lab, s, *place, std::move(wanted->in(s).of<Sysctl>()));
      body(hands);
    });
  }
}

}  // namespace

void hold_sysctls(Run& run, const Lab& lab) {
  each_shared(run, lab, [](Hands& hands) { hands.take(); });
}

void note_holds(Run& run) {
  find_used(run);
  run.holds.clear();
  for (const MadeNamespace& made : run.journal.record().namespaces)
    if (made.existing || run.used->contains(made.name))
      run.holds.emplace_back(
          Use{.lab = run.journal.record().lab, .home = made.name, .cookie = made.cookie, .made = !made.existing},
          holds_in(made.cookie));
}

void restore_holds(Run& run) {
  for (const auto& [use, holds] : run.holds) restore_holds(use, holds);
}

void settle_sysctls(Run& run, const Lab& lab) {
  each_shared(run, lab, [](Hands& hands) { hands.settle(); });
}

}  // namespace netrig::engine
