// SPDX-License-Identifier: Apache-2.0
#include "config/fold.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "config/said_keys.hpp"
#include "model/address.hpp"
#include "toml/loops.hpp"

namespace netrig::config {
namespace {

using Texts = std::vector<std::string>;
using Numbers = std::vector<std::int64_t>;

constexpr std::size_t kMostDigits = 15;

bool all_same(const Texts& texts) {
  return std::all_of(texts.begin(), texts.end(), [&](const std::string& one) { return one == texts.front(); });
}

/// Braces are braces only if they are doubled.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    result += c;
    if (c == '{' || c == '}') result += c;
  }
  return result;
}

/// a and b of a*i+b.
std::optional<std::pair<std::int64_t, std::int64_t>> line_through(const Rounds& rounds, const Numbers& numbers) {
  const auto& i = rounds.values;
  const std::int64_t run = i[1] - i[0];
  const std::int64_t rise = numbers[1] - numbers[0];
  if (rise % run != 0) return std::nullopt;
  const std::int64_t a = rise / run;
  const std::int64_t b = numbers[0] - a * i[0];
  for (std::size_t k = 0; k < i.size(); ++k)
    if (a * i[k] + b != numbers[k]) return std::nullopt;
  return std::pair(a, b);
}

std::string expression(const std::string& variable, std::int64_t a, std::int64_t b) {
  const std::string times = a == 1 || a == -1 ? variable : fmt::format("{}*{}", a < 0 ? -a : a, variable);
  if (a < 0) return b < 0 ? fmt::format("0-{}-{}", -b, times) : fmt::format("{}-{}", b, times);
  return b == 0 ? times : fmt::format("{}{:+}", times, b);
}

/// Numbers in a format of expand.cpp ("", "02", "x"); as constants where they are.
std::optional<std::string> counted(const Rounds& rounds, const Numbers& numbers, const std::string& format) {
  const auto line = line_through(rounds, numbers);
  if (!line) return std::nullopt;
  const auto& [a, b] = *line;
  if (a != 0) return fmt::format("{{{}{}{}}}", expression(rounds.variable, a, b), format.empty() ? "" : ":", format);
  const bool hex = format.ends_with('x');
  const int width = format.size() > (hex ? 1U : 0U) ? format[1] - '0' : 1;
  return hex ? fmt::format("{:0{}x}", b, width) : fmt::format("{:0{}}", b, width);
}

/// What stands before the first `mark` of each, and with it the rest.
std::pair<Texts, Texts> split(const Texts& texts, char mark) {
  std::pair<Texts, Texts> halves;
  for (const std::string& one : texts) {
    const std::size_t at = std::min(one.find(mark), one.size());
    halves.first.push_back(one.substr(0, at));
    halves.second.push_back(one.substr(at));
  }
  return halves;
}

/// The parts of an address that are written by themselves: octets, or groups of 16 bits.
Numbers parts_of(const IpAddress& address) {
  Numbers parts;
  const bool v4 = address.family == Family::ipv4;
  for (std::size_t i = 0; i < address.size(); i += v4 ? 1 : 2)
    parts.push_back(v4 ? address.bytes.at(i) : address.bytes.at(i) * 256 + address.bytes.at(i + 1));
  return parts;
}

std::optional<std::string> by_parts(const Rounds& rounds, const std::vector<IpAddress>& addresses) {
  const bool v4 = addresses.front().family == Family::ipv4;
  std::vector<Numbers> columns(v4 ? 4 : 8);
  for (const IpAddress& one : addresses) {
    const Numbers parts = parts_of(one);
    for (std::size_t c = 0; c < columns.size(); ++c) columns[c].push_back(parts[c]);
  }
  std::vector<std::string> texts;
  for (const Numbers& column : columns) {
    auto text = counted(rounds, column, v4 ? "" : "x");
    if (!text) return std::nullopt;
    texts.push_back(std::move(*text));
  }
  if (v4) return fmt::format("{}.{}.{}.{}", texts[0], texts[1], texts[2], texts[3]);
  // Shortened as the first one would be, whose changing groups count as other than zero.
  IpAddress shape = addresses.front();
  std::vector<std::pair<std::string, std::string>> marks;
  for (std::size_t c = 0; c < texts.size(); ++c) {
    if (texts[c].front() != '{') continue;
    const auto mark = static_cast<std::uint8_t>(0xa0 + c);
    shape.bytes.at(2 * c) = 0xfa;
    shape.bytes.at(2 * c + 1) = mark;
    marks.emplace_back(fmt::format("fa{:02x}", mark), texts[c]);
  }
  std::string text = shape.str();
  for (const auto& [mark, with] : marks) {
    const std::size_t at = text.find(mark);
    if (at == std::string::npos || text.find(mark, at + 1) != std::string::npos) return std::nullopt;
    text.replace(at, mark.size(), with);
  }
  return text;
}

/// How far one address is from another; nothing: further than anybody counts.
std::optional<std::int64_t> distance(const IpAddress& from, const IpAddress& to) {
  std::int64_t difference = 0;
  constexpr std::int64_t kFar = std::int64_t{1} << 40;
  for (std::size_t i = 0; i < from.size(); ++i) {
    difference = difference * 256 + to.bytes.at(i) - from.bytes.at(i);
    if (difference > kFar || difference < -kFar) return std::nullopt;
  }
  return difference;
}

std::optional<std::string> folded_address(const Rounds& rounds, const Texts& texts) {
  const auto [hosts, lengths] = split(texts, '/');
  if (!all_same(lengths)) return std::nullopt;
  std::vector<IpAddress> addresses;
  for (const std::string& one : hosts) {
    const auto address = IpAddress::parse(one);
    if (!address || address->family != (addresses.empty() ? address->family : addresses.front().family))
      return std::nullopt;
    addresses.push_back(*address);
  }
  if (auto text = by_parts(rounds, addresses)) return *text + lengths.front();
  Numbers counts;
  for (const IpAddress& one : addresses) {
    const auto count = distance(addresses.front(), one);
    if (!count) return std::nullopt;
    counts.push_back(*count);
  }
  const auto count = counted(rounds, counts, "");
  if (!count) return std::nullopt;
  return fmt::format("{}{} + {}", hosts.front(), lengths.front(), *count);
}

std::optional<std::string> folded_mac(const Rounds& rounds, const Texts& texts) {
  std::vector<Numbers> columns(6);
  for (const std::string& one : texts) {
    const auto mac = MacAddress::parse(one);
    if (!mac) return std::nullopt;
    for (std::size_t c = 0; c < columns.size(); ++c) columns[c].push_back(mac->bytes.at(c));
  }
  std::string text;
  for (const Numbers& column : columns) {
    const auto part = counted(rounds, column, "02x");
    if (!part) return std::nullopt;
    text += (text.empty() ? "" : ":") + *part;
  }
  return text;
}

/// Runs of digits, and what is between them.
std::optional<std::string> folded_runs(const Rounds& rounds, const Texts& texts) {
  std::vector<std::vector<std::pair<std::size_t, std::size_t>>> runs;
  for (const std::string& one : texts) runs.push_back(digit_runs(one));
  const std::size_t count = runs.front().size();
  std::string result;
  std::vector<std::size_t> at(texts.size(), 0);
  for (std::size_t r = 0; r <= count; ++r) {
    Texts between;
    Texts digits;
    for (std::size_t t = 0; t < texts.size(); ++t) {
      if (runs[t].size() != count) return std::nullopt;
      const std::size_t end = r < count ? runs[t][r].first : texts[t].size();
      between.push_back(texts[t].substr(at[t], end - at[t]));
      if (r < count) digits.push_back(texts[t].substr(end, runs[t][r].second));
      at[t] = r < count ? end + runs[t][r].second : end;
    }
    if (!all_same(between)) return std::nullopt;
    result += escaped(between.front());
    if (r == count) break;
    if (all_same(digits)) {
      result += digits.front();
      continue;
    }
    Numbers numbers;
    const bool padded = std::any_of(digits.begin(), digits.end(),
                                    [](const std::string& one) { return one.size() > 1 && one.front() == '0'; });
    for (const std::string& one : digits) {
      if (one.size() > (padded ? 9U : kMostDigits) || (padded && one.size() != digits.front().size()))
        return std::nullopt;
      numbers.push_back(std::stoll(one));
    }
    const auto text = counted(rounds, numbers, padded ? fmt::format("0{}", digits.front().size()) : "");
    if (!text) return std::nullopt;
    result += *text;
  }
  return result;
}

std::optional<std::string> folded_word(const Rounds& rounds, const Texts& words) {
  if (all_same(words)) return escaped(words.front());
  if (auto text = folded_address(rounds, words)) return text;
  if (auto text = folded_mac(rounds, words)) return text;
  return folded_runs(rounds, words);
}

/// Appends what the nodes come to. False: they are not alike.
bool fold_into(toml::array& into, const Rounds& rounds, const std::vector<const toml::node*>& nodes) {
  const toml::node& first = *nodes.front();
  if (std::any_of(nodes.begin(), nodes.end(), [&](const auto* one) { return one->type() != first.type(); }))
    return false;
  if (first.is_table()) {
    std::vector<const toml::table*> tables;
    for (const auto* one : nodes) tables.push_back(one->as_table());
    auto table = folded_table(rounds, tables);
    if (table) into.push_back(std::move(*table));
    return table.has_value();
  }
  if (const auto* list = first.as_array()) {
    toml::array folded;
    for (const auto* one : nodes)
      if (one->as_array()->size() != list->size()) return false;
    for (std::size_t i = 0; i < list->size(); ++i) {
      std::vector<const toml::node*> elements;
      for (const auto* one : nodes) elements.push_back(one->as_array()->get(i));
      if (!fold_into(folded, rounds, elements)) return false;
    }
    into.push_back(std::move(folded));
    return true;
  }
  if (first.is_string()) {
    Texts texts;
    for (const auto* one : nodes) texts.push_back(one->as_string()->get());
    auto text = folded_text(rounds, texts);
    if (text) into.push_back(std::move(*text));
    return text.has_value();
  }
  if (const auto* flag = first.as_boolean()) {
    into.push_back(flag->get());
    return std::all_of(nodes.begin(), nodes.end(),
                       [&](const auto* one) { return one->as_boolean()->get() == flag->get(); });
  }
  if (const auto* number = first.as_floating_point()) {
    into.push_back(number->get());
    return std::all_of(nodes.begin(), nodes.end(),
                       [&](const auto* one) { return one->as_floating_point()->get() == number->get(); });
  }
  if (!first.is_integer()) return false;
  Numbers numbers;
  for (const auto* one : nodes) numbers.push_back(one->as_integer()->get());
  const auto text = folded_number(rounds, numbers);
  if (!text) return false;
  if (text->front() == '{')
    into.push_back(*text);
  else
    into.push_back(numbers.front());
  return true;
}

}  // namespace

std::vector<std::pair<std::size_t, std::size_t>> digit_runs(std::string_view text) {
  std::vector<std::pair<std::size_t, std::size_t>> runs;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_digit(text[i])) continue;
    const std::size_t begin = i;
    while (i < text.size() && is_digit(text[i])) ++i;
    runs.emplace_back(begin, i - begin);
  }
  return runs;
}

std::optional<std::string> folded_number(const Rounds& rounds, const Numbers& numbers) {
  return counted(rounds, numbers, "");
}

std::optional<std::string> folded_text(const Rounds& rounds, const Texts& texts) {
  if (all_same(texts)) return escaped(texts.front());
  std::string result;
  Texts rest = texts;
  for (;;) {
    auto [words, others] = split(rest, ' ');
    const auto word = folded_word(rounds, words);
    if (!word) return std::nullopt;
    result += *word;
    const bool ends = others.front().empty();
    for (std::string& one : others) {
      if (one.empty() != ends) return std::nullopt;
      if (!ends) one.erase(0, 1);
    }
    if (ends) return result;
    result += ' ';
    rest = std::move(others);
  }
}

std::optional<toml::table> folded_table(const Rounds& rounds, const std::vector<const toml::table*>& tables) {
  Keys keys;
  for (const auto& [key, node] : tomlfile::in_file_order(*tables.front())) {
    std::vector<const toml::node*> values;
    for (const toml::table* one : tables) {
      const toml::node* value = one->get(key->str());
      if (value == nullptr || one->size() != tables.front()->size()) return std::nullopt;
      values.push_back(value);
    }
    toml::array folded;
    if (!fold_into(folded, rounds, values)) return std::nullopt;
    folded.front().visit([&, &name = key](auto& value) { keys.put(escaped(name->str()), std::move(value)); });
  }
  return keys.take();
}

}  // namespace netrig::config
