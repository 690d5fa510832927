// SPDX-License-Identifier: Apache-2.0
// `[[test]]`: what surrounds a check.
#include <fmt/format.h>

#include <algorithm>

#include "config/parts.hpp"

namespace netrig::config {
namespace {

constexpr nanoseconds kLongest = 24h;

/// "namespace:interface", either a pattern.
InterfacePattern interface_pattern(const std::string& text, Position where, const Context& context) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == text.size())
    context.fail(where, fmt::format("\"{}\" names no interface; write \"NAMESPACE:INTERFACE\"", text));
  return {.space = text.substr(0, colon), .interface = text.substr(colon + 1)};
}

InterfacePattern read_interface(const Table& table) {
  const Text text = table.required_text("interface");
  return interface_pattern(text.value, text.where, table.context());
}

PlacedCommand read_placed(const Table& table) {
  return {.space = table.required_text("namespace").value,
          .command = read_command(table, "command"),
          .where = table.where()};
}

/// A table, or a list of tables.
template <typename Each>
void for_each_entry(const Table& test, std::string_view key, Each&& each) {
  const toml::node* node = test.get(key);
  if (node == nullptr) return;
  if (node->is_table())
    each(Table(*node->as_table(), key, test.context()));
  else
    for_each_table(*test.array(key), key, test.context(), each);
}

std::vector<PlacedCommand> read_commands(const Table& test, std::string_view key) {
  std::vector<PlacedCommand> commands;
  for_each_entry(test, key, [&](const Table& entry) {
    entry.allow({"namespace", "command"});
    commands.push_back(read_placed(entry));
  });
  return commands;
}

Event read_event(const Table& entry) {
  entry.allow({"at", "interface", "state", "namespace", "command"});
  if (!entry.has("at")) entry.fail(entry.where(), "during has no \"at\"; write when it happens, as in at = \"500ms\"");
  Event event{.at = *read_time(entry, "at", 0ns, kLongest), .where = entry.where()};
  if (entry.has("command") == entry.has("interface"))
    entry.fail(
        entry.where(),
        "during takes either interface = \"NAMESPACE:INTERFACE\" with state = \"down\", or namespace and command");
  if (entry.has("command")) {
    event.what = read_placed(entry);
    return event;
  }
  LinkEvent link;
  for (const std::string& text : read_texts(entry, "interface"))
    link.interfaces.push_back(interface_pattern(text, entry.where("interface"), entry.context()));
  const auto state = entry.choice("state", {"down", "up"});
  if (!state) entry.fail(entry.where(), "during has no \"state\"; it can be \"down\" or \"up\"");
  link.up = *state == 1;
  event.what = std::move(link);
  return event;
}

CounterAssertion read_counters(const Table& entry) {
  entry.allow({"interface", "max_drops", "max_errors", "min_packets", "max_packets"});
  const auto count = [&](std::string_view key) -> std::optional<std::uint64_t> {
    const auto value = entry.integer(key, 0, INT64_MAX);
    if (!value) return std::nullopt;
    return static_cast<std::uint64_t>(*value);
  };
  return {.interface = read_interface(entry),
          .max_drops = count("max_drops").value_or(0),
          .max_errors = count("max_errors").value_or(0),
          .min_packets = count("min_packets"),
          .max_packets = count("max_packets"),
          .where = entry.where()};
}

CaptureAssertion read_capture(const Table& entry) {
  entry.allow({"interface", "filter", "sees", "min", "max"});
  CaptureAssertion capture{.interface = read_interface(entry), .where = entry.where()};
  if (auto filter = entry.text("filter")) capture.filter = std::move(filter->value);
  const auto sees = entry.boolean("sees");
  if (sees && (entry.has("min") || entry.has("max")))
    entry.fail(entry.where("sees"), "sees says min = 1 or max = 0; write one of them");
  if (sees && !*sees) {
    capture.min = 0;
    capture.max = 0;
  }
  if (const auto min = entry.integer("min", 0, INT64_MAX)) capture.min = static_cast<std::uint64_t>(*min);
  if (const auto max = entry.integer("max", 0, INT64_MAX)) {
    capture.max = static_cast<std::uint64_t>(*max);
    if (!entry.has("min")) capture.min = 0;
  }
  if (capture.max && *capture.max < capture.min) entry.fail(entry.where("max"), "max is less than min");
  return capture;
}

}  // namespace

Test read_test(const Table& table) {
  table.allow({"name",     "description", "from",      "tags",       "depends_on", "repeat",  "timeout",
               "before",   "after",       "services",  "during",     "counters",   "capture", "ping",
               "failover", "tcp",         "udp",       "throughput", "path",       "mtu",     "dns",
               "http",     "unreachable", "neighbour", "route",      "address",    "exec",    "verify"});
  const Text name = table.required_text("name");
  if (name.value.empty()) table.fail(name.where, "test has an empty name");
  Test test{.name = name.value,
            .check = read_check(table),
            .tags = read_texts(table, "tags"),
            .depends_on = read_texts(table, "depends_on"),
            .before = read_commands(table, "before"),
            .after = read_commands(table, "after"),
            .services = read_texts(table, "services"),
            .where = name.where};
  // Of a lab all of it is looked at, unless somebody says otherwise.
  const bool needs_from = !std::holds_alternative<VerifyCheck>(test.check) || table.has("from");
  test.from = needs_from ? table.required_text("from").value : "*";
  if (auto description = table.text("description")) test.description = std::move(description->value);
  if (const auto repeat = table.integer("repeat", 1, 1'000'000)) test.repeat = static_cast<std::uint32_t>(*repeat);
  test.timeout = read_time(table, "timeout", 10ms, kLongest).value_or(test.timeout);
  for_each_entry(table, "during", [&](const Table& entry) { test.during.push_back(read_event(entry)); });
  for_each_entry(table, "counters", [&](const Table& entry) { test.counters.push_back(read_counters(entry)); });
  for_each_entry(table, "capture", [&](const Table& entry) { test.captures.push_back(read_capture(entry)); });
  std::stable_sort(test.during.begin(), test.during.end(), [](const Event& a, const Event& b) { return a.at < b.at; });
  if (std::holds_alternative<FailoverCheck>(test.check) && test.during.empty())
    table.fail(
        table.where("failover"),
        "failover needs something to happen: during = [{ at = \"500ms\", interface = \"r1:eth0\", state = \"down\" }]");
  return test;
}

}  // namespace netrig::config
