// SPDX-License-Identifier: Apache-2.0
#include "engine/shared.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>
#include <unordered_set>

#include "engine/events.hpp"
#include "engine/journal.hpp"
#include "kernel/namespace.hpp"
#include "model/forwarding.hpp"

namespace netrig::engine {
namespace {

using Json = nlohmann::json;

constexpr const char* kUses = "uses";

constexpr std::string_view kExisting = "existing:";

std::string directory_of(std::uint64_t cookie) { return fmt::format("{}{}", kExisting, cookie); }

bool uses(const Record& record, const Use& use) {
  return std::any_of(record.namespaces.begin(), record.namespaces.end(), [&](const MadeNamespace& made) {
    return made.cookie == use.cookie && made.existing && made.name == use.home;
  });
}

/// The directory of one namespace, locked.
class Uses {
 public:
  /// Nothing: no lab uses it.
  static std::optional<Uses> open(const std::string& name, bool create) {
    auto directory = RecordDirectory::lock(name, {.create = create, .wait = RecordDirectory::Wait::yes});
    if (!directory) return std::nullopt;
    return Uses(std::move(*directory));
  }

  /// Of a lab that sets something there. Nothing: it has made the namespace, and no other lab uses it.
  static std::optional<Uses> open_for(const Use& use) {
    auto uses = open(directory_of(use.cookie), !use.made);
    if (uses && !use.made) uses->add(use);
    return uses;
  }

  std::vector<std::pair<std::string, std::string>> labs;  ///< lab, and what it calls the namespace
  std::vector<Hold> holds;                                ///< oldest first

  void save() {
    if (labs.empty()) {
      directory_.remove({kUses});
      return;
    }
    Json json = {{"v", 1}, {"labs", labs}, {"sysctls", Json::array()}};
    for (const Hold& hold : holds) json["sysctls"].push_back({hold.lab, hold.home, hold.key, hold.before});
    directory_.replace(kUses, json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
  }

  /// Where nothing can be written, what was given back is given back once more.
  void save_if_possible() {
    try {
      save();
    } catch (const Error& error) {
      spdlog::debug("{}", error.what());
    }
  }

  void add(const Use& use) {
    const std::pair<std::string, std::string> self{use.lab, use.home};
    if (std::find(labs.begin(), labs.end(), self) == labs.end()) labs.push_back(self);
  }
  auto find(const Use& use, std::string_view key) {
    return std::find_if(holds.begin(), holds.end(), [&](const Hold& hold) { return hold.is_of(use, key); });
  }
  /// The next to set this sysctl after `from`.
  auto next(std::vector<Hold>::iterator from, std::string_view key) {
    return std::find_if(from, holds.end(), [&](const Hold& hold) { return hold.key == one_name(key); });
  }
  /// What anybody has a hand on that this switch writes along.
  [[nodiscard]] std::vector<std::string> followers_of(std::string_view key) const {
    std::vector<std::string> keys;
    if (!is_switch(key)) return keys;
    for (const Hold& hold : holds)
      if (switch_of(hold.key) == one_name(key) && std::find(keys.begin(), keys.end(), hold.key) == keys.end())
        keys.push_back(hold.key);
    return keys;
  }

  /// Who sets it anew comes after all others, as if it had not set it before. Returns whether that changes anything.
  bool put_last(const Use& use, std::string_view key, const std::string& now) {
    const auto own = find(use, key);
    if (own != holds.end() && hand_over(own)) return false;
    if (own != holds.end()) holds.erase(own);
    holds.push_back({.lab = use.lab, .home = use.home, .key = std::string(one_name(key)), .before = now});
    return true;
  }

  /// Takes a lab out. Returns what it held last, which nobody gives back.
  std::vector<SavedSysctl> drop(const std::function<bool(const std::string& lab, const std::string& home)>& whose) {
    std::vector<SavedSysctl> rest;
    std::erase_if(labs, [&](const auto& one) { return whose(one.first, one.second); });
    for (auto hold = holds.begin(); hold != holds.end();) {
      if (!whose(hold->lab, hold->home)) {
        ++hold;
        continue;
      }
      if (hand_over(hold))
        rest.push_back({.home = hold->home, .key = hold->key, .before = hold->before, .shared = true});
      hold = holds.erase(hold);
    }
    save();
    return rest;
  }

  /// Whether there is nobody after it. Otherwise who comes next gives back what this one would have.
  bool hand_over(std::vector<Hold>::iterator hold) {
    const auto after = next(std::next(hold), hold->key);
    if (after == holds.end()) return true;
    after->before = hold->before;
    return false;
  }

 private:
  explicit Uses(RecordDirectory directory) : directory_(std::move(directory)) {
    const auto text = directory_.read(kUses);
    if (!text) return;  // made by one that was cut off before it wrote anything
    try {
      const Json json = Json::parse(*text);
      if (json.at("v") != 1) throw std::invalid_argument("was written by a newer netrig");
      labs = json.at("labs").get<decltype(labs)>();
      for (const Json& one : json.at("sysctls"))
        holds.push_back({.lab = one.at(0), .home = one.at(1), .key = one.at(2), .before = one.at(3)});
    } catch (const std::exception& problem) {
      throw Error(
          ErrorCode::failed,
          fmt::format("what labs share of a namespace cannot be read: the file {}; if no other lab uses the namespace, "
                      "remove this file",
                      fault_in(problem)),
          directory_.path(kUses));
    }
  }

  RecordDirectory directory_;
};

}  // namespace

void join_existing(const Use& use) {
  auto uses = Uses::open(directory_of(use.cookie), true);
  uses->add(use);
  uses->save();
}

void leave_existing(const Use& use) {
  auto uses = Uses::open(directory_of(use.cookie), false);
  if (!uses) return;
  uses->drop([&](const std::string& lab, const std::string& home) { return lab == use.lab && home == use.home; });
}

std::vector<SavedSysctl> forget_uses(const std::string& lab) {
  std::vector<SavedSysctl> rest;
  for (const std::string& name : RecordDirectory::names()) {
    if (!name.starts_with(kExisting)) continue;
    auto uses = Uses::open(name, false);
    if (!uses) continue;
    for (SavedSysctl& one : uses->drop([&](const std::string&its, const std::string&) { return its == lab; }))
      rest.push_back(std::move(one));
  }
  return rest;
}

namespace {

using Cookies = std::unordered_set<std::uint64_t>;

/// Whether a journal names one of these, as events.cpp writes a namespace: most need not be replayed to know.
bool tells_of(std::string_view journal, const Cookies& cookies) {
  constexpr std::string_view kKey = "\"c\":";
  for (std::size_t at = journal.find(kKey); at != std::string_view::npos; at = journal.find(kKey, at + 1)) {
    std::uint64_t cookie = 0;
    const char* begin = journal.data() + at + kKey.size();
    const auto [end, fault] = std::from_chars(begin, journal.data() + journal.size(), cookie);
    if (fault == std::errc{} && cookies.contains(cookie)) return true;
  }
  return false;
}

struct Maker {
  Record record;
  std::uint64_t cookie = 0;
};

/// A lab that made one of these namespaces, if `wanted` likes its record.
std::optional<Maker> find_maker(const Cookies& cookies, const std::function<bool(const Record&)>& wanted) {
  for (const std::string& lab : Journal::labs()) {
    try {
      const auto directory = RecordDirectory::look(lab);
      if (!directory || !tells_of(directory->read("journal").value_or(""), cookies)) continue;
      auto record = Journal::peek(lab);
      // Cookies begin anew with every boot.
      if (!record || is_of_another_boot(*record) || !wanted(*record)) continue;
      const auto made =
          std::find_if(record->namespaces.begin(), record->namespaces.end(),
                       [&](const MadeNamespace& one) { return !one.existing && cookies.contains(one.cookie); });
      if (made == record->namespaces.end()) continue;
      const std::uint64_t cookie = made->cookie;
      return Maker{.record = std::move(*record), .cookie = cookie};
    } catch (const Error&) {
      continue;  // one that cannot be read is not being taken away either
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<Removal> removal_among(const std::unordered_set<std::uint64_t>& cookies) {
  if (cookies.empty()) return std::nullopt;
  const auto maker = find_maker(cookies, [](const Record& record) { return record.phase == Phase::removing; });
  return maker ? std::optional(Removal{.cookie = maker->cookie, .lab = maker->record.lab}) : std::nullopt;
}

std::optional<Record> maker_of(std::uint64_t cookie) {
  auto maker = find_maker({cookie}, [](const Record&) { return true; });
  return maker ? std::optional(std::move(maker->record)) : std::nullopt;
}

std::vector<Use> uses_of(std::uint64_t cookie) {
  std::vector<Use> all;
  const auto uses = Uses::open(directory_of(cookie), false);
  if (!uses) return all;
  for (const auto& [lab, home] : uses->labs) all.push_back({.lab = lab, .home = home, .cookie = cookie});
  return all;
}

std::vector<OtherUse> other_uses(const Record& record, const std::optional<std::vector<std::string>>& which) {
  if (which && which->empty()) return {};
  // Mostly nobody uses anything, and one look at the directory says so.
  const std::vector<std::string> names = RecordDirectory::names();
  const auto first = std::lower_bound(names.begin(), names.end(), kExisting);
  if (first == names.end() || !first->starts_with(kExisting)) return {};
  const auto used = [&](std::uint64_t cookie) { return std::binary_search(first, names.end(), directory_of(cookie)); };
  struct Known {
    bool is_readable = true;
    std::optional<Record> record = {};
  };
  std::map<std::string, Known> known;  // one lab may use thousands
  const auto record_of = [&](const std::string& lab) -> const Known& {
    const auto [place, fresh] = known.try_emplace(lab);
    if (fresh) try {
        place->second.record = Journal::peek(lab);
      } catch (const Error&) {
        place->second.is_readable = false;
      }
    return place->second;
  };
  std::vector<OtherUse> others;
  for (const MadeNamespace& made : record.namespaces) {
    if (made.existing || !used(made.cookie)) continue;
    if (which && std::find(which->begin(), which->end(), made.name) == which->end()) continue;
    for (const Use& use : uses_of(made.cookie)) {
      if (use.lab == record.lab) continue;
      OtherUse other{.space = made.name, .lab = use.lab};
      // A record that cannot be read is not an empty one.
      if (const Known& theirs = record_of(use.lab); theirs.is_readable) {
        if (!theirs.record || !uses(*theirs.record, use)) continue;  // its directory was removed by hand
        other.file = theirs.record->file;
      }
      others.push_back(std::move(other));
    }
  }
  return others;
}

std::optional<std::string> take_sysctl(const Use& use, const std::string& key, const std::string& value,
                                       const std::string& now) {
  auto uses = Uses::open_for(use);
  if (!uses) return kernel::write_sysctl(key, value);
  // Before there was the lock another may have written it.
  bool changed = uses->put_last(use, key, kernel::find_sysctl(key).value_or(now));
  for (const std::string& follower : uses->followers_of(key))
    if (uses->find(use, follower) != uses->holds.end())
      if (const auto reads = kernel::find_sysctl(follower)) changed = uses->put_last(use, follower, *reads) || changed;
  if (changed) uses->save();
  return kernel::write_sysctl(key, value);
}

void hold_sysctls(const Use& use, const std::vector<KeyValue>& now) {
  auto uses = Uses::open_for(use);
  if (!uses) return;
  for (const auto& [key, value] : now)
    if (uses->find(use, key) == uses->holds.end())
      uses->put_last(use, key, kernel::find_sysctl(key).value_or(value));  // as take_sysctl() does
  uses->save();
}

void tell_next(const Use& use, const std::vector<KeyValue>& wanted) {
  auto uses = Uses::open(directory_of(use.cookie), false);
  if (!uses) return;
  bool changed = false;
  for (const auto& [key, value] : wanted) {
    const auto own = uses->find(use, key);
    // Who has made the namespace, and set it before there were others, comes before all of them.
    const bool is_first = own == uses->holds.end() && use.made;
    if (own == uses->holds.end() && !is_first) continue;
    const auto after = uses->next(is_first ? uses->holds.begin() : std::next(own), key);
    if (after == uses->holds.end() || canonical_value(after->before) == value) continue;
    after->before = value;
    changed = true;
  }
  if (changed) uses->save();
}

std::vector<Hold> holds_in(std::uint64_t cookie) {
  auto uses = Uses::open(directory_of(cookie), false);
  return uses ? std::move(uses->holds) : std::vector<Hold>{};
}

bool Hold::is_of(const Use& use, std::string_view which) const {
  return lab == use.lab && home == use.home && key == one_name(which);
}

std::vector<SavedSysctl> to_give_back(const Record& record) {
  std::vector<SavedSysctl> all = record.sysctls;
  std::stable_partition(all.begin(), all.end(), [](const SavedSysctl& saved) { return is_switch(saved.key); });
  return all;
}

bool goes_with_link(const Record& record, const SavedSysctl& saved) {
  const std::string name = Sysctl{.key_text = saved.key}.interface();
  return !name.empty() && std::any_of(record.devices.begin(), record.devices.end(), [&](const MadeDevice& device) {
    return std::any_of(device.interfaces.begin(), device.interfaces.end(), [&](const MadeInterface& made) {
      return made.name == name && made.home == saved.home && !made.borrowed;
    });
  });
}

void restore_holds(const Use& use, const std::vector<Hold>& before) {
  auto uses = Uses::open(directory_of(use.cookie), false);
  if (!uses) return;
  const auto others = [&](const std::vector<Hold>& holds) {
    std::vector<std::tuple<std::string, std::string, std::string>> theirs;
    for (const Hold& hold : holds)
      if (!hold.is_of(use, hold.key)) theirs.emplace_back(hold.lab, hold.home, hold.key);
    return theirs;
  };
  if (others(uses->holds) != others(before)) return;
  uses->holds = before;
  uses->save_if_possible();
}

namespace {

/// `along`: what the kernel writes with it and is to stay.
void write_back(const std::string& key, const std::optional<std::string>& before,
                const std::vector<std::string>& along = {}) {
  // Even the same value may be refused (one that can only be read), or write others along.
  if (!before || kernel::find_sysctl(key) == before) return;
  std::vector<std::optional<std::string>> kept;
  kept.reserve(along.size());
  for (const std::string& other : along) kept.push_back(kernel::find_sysctl(other));
  try {
    kernel::write_sysctl(key, *before);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::unsupported) throw;  // it was of an interface, and is gone with it
  }
  for (std::size_t i = 0; i < along.size(); ++i) write_back(along[i], kept[i]);
}

}  // namespace

void give_back_sysctl(const Use& use, const SavedSysctl& saved) {
  auto uses = Uses::open(directory_of(use.cookie), false);
  if (!uses) return write_back(saved.key, saved.before);
  const auto own = uses->find(use, saved.key);
  if (own == uses->holds.end() && saved.shared) return;  // it was given back already, or never set
  std::optional<std::string> value;
  if (own != uses->holds.end()) {
    if (uses->hand_over(own)) value = own->before;
    uses->holds.erase(own);
  }
  if (!saved.shared) {
    // Who has made the namespace may have set it before there were others, who have kept that.
    const auto oldest = uses->next(uses->holds.begin(), saved.key);
    if (oldest == uses->holds.end())
      value = saved.before;
    else if (saved.before)
      oldest->before = *saved.before;
  }
  if (!value) return uses->save();
  write_back(saved.key, value, uses->followers_of(saved.key));
  uses->save_if_possible();
}

}  // namespace netrig::engine
