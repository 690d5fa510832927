// SPDX-License-Identifier: Apache-2.0
#include "config/said_items.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "toml/tree.hpp"

namespace netrig::config {
namespace {

/// Fewer are shorter one by one.
constexpr std::size_t kFewest = 3;
/// A list of numbers that is still read with pleasure.
constexpr std::size_t kLongestList = 16;
/// How many that follow are tried for the second of those that repeat: every other one, every third.
constexpr std::size_t kStrides = 4;

/// Comparisons after which what is left is said one by one, for numbers that nobody can make sense of: some seconds.
constexpr std::size_t kMostTries = 200'000;

using Members = std::vector<std::pair<std::int64_t, std::size_t>>;  // number, index of the item

/// One item that stands for all of these. Nothing: they are not alike but for one number.
std::optional<SaidItem> folded(const Rounds& rounds, const std::vector<const SaidItem*>& all) {
  SaidItem result{
      .kind = all.front()->kind, .name = {}, .ids = {}, .keys = {}, .comments = {}, .space = all.front()->space};
  std::vector<std::string> texts;
  for (const SaidItem* one : all) texts.push_back(one->name);
  const auto name = folded_text(rounds, texts);
  if (!name) return std::nullopt;
  result.name = *name;
  std::vector<const toml::table*> tables;
  for (const SaidItem* one : all) tables.push_back(&one->keys);
  auto keys = folded_table(rounds, tables);
  if (!keys) return std::nullopt;
  result.keys = std::move(*keys);
  for (std::size_t c = 0; c < all.front()->comments.size(); ++c) {
    texts.clear();
    for (const SaidItem* one : all) {
      if (one->comments.size() != all.front()->comments.size()) return std::nullopt;
      texts.push_back(one->comments[c]);
    }
    const auto comment = folded_text(rounds, texts);
    if (!comment) return std::nullopt;
    result.comments.push_back(*comment);
  }
  return result;
}

class Folding {
 public:
  explicit Folding(std::vector<SaidItem> items) : items_(std::move(items)), done_(items_.size(), false) {}

  SaidBodies run() {
    // Namespaces are counted first; what hangs on them by the same number goes along with them.
    for (const SaidItem::Kind kind : {SaidItem::Kind::space, SaidItem::Kind::device, SaidItem::Kind::link})
      for (std::size_t id = 0; id < 2; ++id)
        for (std::size_t run = 0; run < 4; ++run) fold_by(kind, id, run);
    SaidBodies bodies;
    for (std::size_t i = 0; i < items_.size(); ++i)
      if (!done_[i]) bodies.items.push_back(std::move(items_[i]));
    for (auto& [first, repeat] : repeats_) add(std::move(repeat), bodies.repeats);
    return bodies;
  }

 private:
  /// Counts by one run of digits, from the last, of what items are called: what else they are called must be the same.
  void fold_by(SaidItem::Kind kind, std::size_t id, std::size_t run) {
    std::map<std::string, Members> groups;
    for (std::size_t i = 0; i < items_.size(); ++i) {
      if (done_[i] || items_[i].kind != kind || id >= items_[i].ids.size()) continue;
      const std::string& text = items_[i].ids[id];
      const auto runs = digit_runs(text);
      // Of "h1:eth0" the namespace's numbers before the interface's.
      const std::size_t colon = text.find(':');
      std::vector<std::pair<std::size_t, std::size_t>> order;
      for (auto one = runs.rbegin(); one != runs.rend(); ++one)
        if (one->first < colon) order.push_back(*one);
      for (auto one = runs.rbegin(); one != runs.rend(); ++one)
        if (one->first >= colon) order.push_back(*one);
      if (run >= order.size() || order[run].second > 9) continue;
      const auto& [begin, length] = order[run];
      groups[text.substr(0, begin) + "\n" + text.substr(begin + length) + shape_of(items_[i])].emplace_back(
          std::stoll(text.substr(begin, length)), i);
    }
    for (auto& [key, members] : groups) {
      std::sort(members.begin(), members.end());
      while (members.size() >= kFewest && tries_ < kMostTries) fold_first(members);
    }
  }

  /// What items that repeat have in common at least.
  static std::string shape_of(const SaidItem& item) {
    std::string shape = "\n";
    for (const auto& [key, value] : item.keys) {
      shape += std::string(key.str()) + ",";
      if (const auto* list = value.as_array()) shape += fmt::format("{}", list->size());
    }
    return shape + fmt::format("#{}", item.comments.size());
  }

  /// Takes the first off `members`, and with it all that repeat it.
  void fold_first(Members& members) {
    Members best;
    for (std::size_t second = 1; second <= kStrides && second < members.size(); ++second) {
      if (members[second].first == members.front().first) continue;
      Members alike = {members.front(), members[second]};
      if (!fits(alike)) continue;
      for (std::size_t third = 1; third < members.size(); ++third) {
        if (third == second || members[third].first == alike.front().first || members[third].first == alike[1].first)
          continue;
        Members three = {alike[0], alike[1], members[third]};
        if (fits(three)) alike.push_back(members[third]);
      }
      if (alike.size() > best.size()) best = std::move(alike);
      if (best.size() == members.size()) break;
    }
    std::sort(best.begin(), best.end());
    best.erase(std::unique(best.begin(), best.end(), [](const auto& a, const auto& b) { return a.first == b.first; }),
               best.end());
    std::size_t taken = 0;
    for (const Members& run : in_ranges(best)) taken += static_cast<std::size_t>(make(run));
    if (taken == 0) {
      members.erase(members.begin());
      return;
    }
    std::erase_if(members, [&](const auto& one) { return done_[one.second]; });
  }

  [[nodiscard]] std::vector<const SaidItem*> items(const Members& members) const {
    std::vector<const SaidItem*> all;
    for (const auto& [number, index] : members) all.push_back(&items_[index]);
    return all;
  }
  static Rounds rounds(const Members& members) {
    Rounds result{.variable = "i", .values = {}};
    for (const auto& [number, index] : members) result.values.push_back(number);
    return result;
  }
  [[nodiscard]] bool fits(const Members& members) {
    ++tries_;
    return folded(rounds(members), items(members)).has_value();
  }

  /// As ranges, or as lists of what is no range. Of evenly spaced numbers one.
  static std::vector<Members> in_ranges(const Members& members) {
    if (members.size() < kFewest) return {};
    const std::int64_t step = members[1].first - members[0].first;
    const auto is_even = [&](std::size_t i) { return members[i].first - members[i - 1].first == step; };
    bool even = true;
    for (std::size_t i = 1; i < members.size(); ++i) even &= is_even(i);
    if (even || members.size() <= kLongestList) return {members};
    std::vector<Members> runs(1);
    for (const auto& one : members) {
      if (!runs.back().empty() && runs.back().back().first + 1 != one.first) runs.emplace_back();
      runs.back().push_back(one);
    }
    std::erase_if(runs, [](const Members& run) { return run.size() < kFewest; });
    return runs;
  }

  bool make(const Members& members) {
    Rounds by = rounds(members);
    const std::int64_t step = by.values[1] - by.values[0];
    bool even = true;
    for (std::size_t i = 1; i < by.values.size(); ++i) even &= by.values[i] - by.values[i - 1] == step;
    SaidRepeat repeat;
    if (even && step == 1) {
      repeat.range = fmt::format("\"{}..{}\"", by.values.front(), by.values.back());
    } else if (even) {
      for (std::size_t k = 0; k < by.values.size(); ++k) by.values[k] = static_cast<std::int64_t>(k);
      by.variable = "k";
      repeat.range = fmt::format("\"0..{}\"", by.values.size() - 1);
    } else {
      repeat.range = fmt::format("[{}]", fmt::join(by.values, ", "));
    }
    repeat.variable = by.variable;
    auto body = folded(by, items(members));
    if (!body) return false;
    repeat.bodies.push_back(std::move(*body));
    for (const auto& [number, index] : members) done_[index] = true;
    repeats_.emplace(members.front().second, std::move(repeat));
    return true;
  }

  /// One `for` makes all that the same numbers make.
  static void add(SaidRepeat repeat, std::vector<SaidRepeat>& all) {
    const auto found = std::find_if(all.begin(), all.end(), [&](const SaidRepeat& one) {
      return one.range == repeat.range && one.variable == repeat.variable;
    });
    if (found == all.end()) return all.push_back(std::move(repeat));
    for (SaidItem& body : repeat.bodies) found->bodies.push_back(std::move(body));
  }

  std::vector<SaidItem> items_;
  std::vector<bool> done_;
  std::size_t tries_ = 0;
  std::map<std::size_t, SaidRepeat> repeats_;  // by their first item
};

}  // namespace

std::string SaidItem::heading(bool in_repeat) const {
  const std::string in = in_repeat ? "repeat." : "";
  if (kind == Kind::link) return fmt::format("[[{}link]]", in);
  return fmt::format("[{}{}.{}]", in, kind == Kind::space ? "namespace" : "device", tomlfile::written_key(name));
}

SaidBodies fold(std::vector<SaidItem> items) { return Folding(std::move(items)).run(); }

}  // namespace netrig::config
