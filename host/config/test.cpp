// SPDX-License-Identifier: Apache-2.0
// `[[test]]`: what surrounds a check.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

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
    entry.allow(placed_command_keys());
    commands.push_back(read_placed(entry));
  });
  return commands;
}

LinkEvent read_link_event(const Table& entry) {
  LinkEvent link;
  for (const std::string& text : read_texts(entry, "interface"))
    link.interfaces.push_back(interface_pattern(text, entry.where("interface"), entry.context()));
  const auto state = entry.choice("state", {"down", "up"});
  if (!state)
    entry.fail(entry.where(),
               fmt::format("{} has no \"state\"; it can be \"down\" or \"up\", or there is impair", entry.what()));
  link.up = *state == 1;
  return link;
}

ImpairEvent read_impair_event(const Table& entry) {
  if (entry.has("state"))
    entry.fail(entry.where("state"), "state beside impair: make them two events, each with the interface");
  ImpairEvent event{.what = *read_impairment(entry, std::nullopt)};
  for (const std::string& text : read_texts(entry, "interface"))
    event.interfaces.push_back(interface_pattern(text, entry.where("interface"), entry.context()));
  return event;
}

ServiceEvent read_service_event(const Table& entry) {
  ServiceEvent event{.services = read_texts(entry, "service")};
  if (event.services.empty())
    entry.fail(entry.where("service"), "service names none; write \"NAME\" or a list of them");
  static constexpr std::array kHows = {ServiceEvent::How::stop, ServiceEvent::How::start, ServiceEvent::How::restart,
                                       ServiceEvent::How::kill};
  const auto state = entry.choice("state", {"stop", "start", "restart", "kill"});
  if (!state)
    entry.fail(entry.where(),
               fmt::format("{} has no \"state\"; of a service it can be \"stop\", \"start\", \"restart\" or \"kill\"",
                           entry.what()));
  event.how = kHows.at(*state);
  return event;
}

/// What happens, but for when.
Event read_happening(const Table& entry) {
  Event event{.where = entry.where()};
  if (entry.has("command") + entry.has("interface") + entry.has("service") != 1)
    entry.fail(
        entry.where(),
        fmt::format("{} takes one of interface = \"NAMESPACE:INTERFACE\" with state = \"down\" or impair, service = "
                    "\"NAME\" with state = \"stop\", and namespace with command",
                    entry.what()));
  if (entry.has("namespace") && !entry.has("command"))
    entry.fail(entry.where("namespace"),
               "namespace goes with command; an interface is named together with its own, as in "
               "interface = \"r1:eth0\", a service by its name");
  if (entry.has("impair") && !entry.has("interface"))
    entry.fail(entry.where("impair"), "impair goes with interface = \"NAMESPACE:INTERFACE\"");
  if (entry.has("command"))
    event.what = read_placed(entry);
  else if (entry.has("service"))
    event.what = read_service_event(entry);
  else if (entry.has("impair"))
    event.what = read_impair_event(entry);
  else
    event.what = read_link_event(entry);
  return event;
}

Event read_preparation(const Table& entry) {
  if (entry.has("at"))
    entry.fail(entry.where("at"), "before happens before the check begins; what happens later goes into during");
  entry.allow(preparation_keys());
  return read_happening(entry);
}

Event read_event(const Table& entry) {
  entry.allow(event_keys());
  if (!entry.has("at")) entry.fail(entry.where(), "during has no \"at\"; write when it happens, as in at = \"500ms\"");
  Event event = read_happening(entry);
  event.at = read_time(entry, "at", 0ns, kLongest).value_or(event.at);
  return event;
}

CounterAssertion read_counters(const Table& entry) {
  entry.allow(counters_keys());
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
  entry.allow(capture_keys());
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

/// One of a ratio's numbers.
std::uint32_t read_part(const toml::node& node, const Context& context) {
  constexpr std::int64_t kMost = 65535;
  std::int64_t number = 0;
  if (const auto* integer = node.as_integer()) {
    number = integer->get();
  } else if (context.computes(node)) {
    const Text text = context.expanded(node);
    const char* end = text.value.data() + text.value.size();
    if (const auto [stop, error] = std::from_chars(text.value.data(), end, number); error != std::errc{} || stop != end)
      context.fail(text.where, fmt::format("ratio has \"{}\", which is not an integer", text.value));
    context.read_as(node, text.value);
  } else {
    context.fail(position_of(node), fmt::format("ratio is a list of integers, not of {}", type_of(node)));
  }
  if (number < 1 || number > kMost)
    context.fail(position_of(node),
                 fmt::format("ratio has {}, which is out of range; it can be 1 to {}", number, kMost));
  return static_cast<std::uint32_t>(number);
}

/// `share` of the check.
std::optional<Share> read_share(const Table& check) {
  const toml::table* given = check.table("share");
  if (given == nullptr) return std::nullopt;
  const Table table(*given, "share", check.context());
  table.allow(share_keys());
  Share share{.where = table.where()};
  if (!table.has("interfaces")) static_cast<void>(table.required_text("interfaces"));
  for (const Text& text : table.texts("interfaces")) {
    const InterfacePattern interface = interface_pattern(text.value, text.where, table.context());
    if (text.value.find_first_of("*?[\\") != std::string::npos)
      table.fail(text.where,
                 fmt::format("\"{}\" is a pattern, and a share is of one interface; name each", text.value));
    for (const Share::Part& other : share.parts)
      if (other.interface == interface) table.fail(text.where, fmt::format("\"{}\" is there already", text.value));
    share.parts.push_back({.interface = interface});
  }
  if (share.parts.size() < 2)
    table.fail(table.where("interfaces"), "a share is of two interfaces at least; counters can count at one");
  if (const toml::array* ratio = table.array("ratio")) {
    std::size_t count = 0;
    for_each_element(*ratio, table.context(), [&](const toml::node& node, const Context& inside) {
      const std::uint32_t part = read_part(node, inside);
      if (count < share.parts.size()) share.parts[count].ratio = part;
      ++count;
    });
    if (count != share.parts.size())
      table.fail(table.where("ratio"),
                 fmt::format("ratio has {} numbers for {} interfaces; write one for each", count, share.parts.size()));
  }
  share.tolerance = read_percent(table, "tolerance").value_or(share.tolerance);
  return share;
}

/// What goes with nothing that measures one run of a check.
void refuse_measuring(const Test& test, const Table& check, std::string_view key) {
  const auto refuse = [&](std::string_view what) {
    check.fail(check.where(key), fmt::format("{} tries a check again and again, and {} is about one run of it; make it "
                                             "two tests",
                                             key, what));
  };
  for (const std::string_view kind : {"failover", "throughput"})
    if (name_of(test.check) == kind) refuse(kind);
  if (!test.during.empty()) refuse("during");
  if (!test.counters.empty()) refuse("counters");
  if (!test.captures.empty()) refuse("capture");
  if (test.share) refuse("share");
}

Table check_of(const Table& table, const Test& test) {
  const std::string_view kind = name_of(test.check);
  return {*table.table(kind), kind, table.context()};
}

/// `within` and `holds` of the check, once all that surrounds it is known.
Waiting read_waiting(const Table& table, const Test& test) {
  const Table check = check_of(table, test);
  constexpr auto kShortest = 10ms;
  const Waiting waiting{.within = read_time(check, "within", kShortest, kLongest),
                        .holds = read_time(check, "holds", kShortest, kLongest)};
  const std::string_view first = waiting.within ? "within" : "holds";
  if (!check.has(first)) return waiting;
  refuse_measuring(test, check, first);
  const nanoseconds whole = waiting.within.value_or(0ns) + waiting.holds.value_or(0ns);
  if (whole >= test.timeout)
    check.fail(check.where(first), fmt::format("{} can take {}, and the test's timeout is {}; raise timeout",
                                               waiting.within && waiting.holds ? "within with holds" : first,
                                               format_duration(whole.count()), format_duration(test.timeout.count())));
  return waiting;
}

}  // namespace

Test read_test(const Table& table) {
  for (const std::string_view key : {"within", "holds"})
    if (table.has(key))
      table.fail(table.where(key),
                 fmt::format("{} is the check's: write ping = {{ to = \"h2\", {} = \"10s\" }}", key, key));
  if (table.has("share"))
    table.fail(table.where("share"),
               "share is the check's: write udp = { to = \"h2\", flows = 1000, share = { ... } }");
  table.allow(test_keys());
  const Text name = table.required_text("name");
  if (name.value.empty()) table.fail(name.where, "test has an empty name");
  Test test{.name = name.value,
            .check = read_check(table),
            .tags = read_texts(table, "tags"),
            .depends_on = read_texts(table, "depends_on"),
            .after = read_commands(table, "after"),
            .services = read_texts(table, "services"),
            .where = name.where};
  // Of a lab all of it is looked at, unless somebody says otherwise.
  const bool needs_from = !std::holds_alternative<VerifyCheck>(test.check) || table.has("from");
  test.from = needs_from ? table.required_text("from").value : "*";
  if (auto description = table.text("description")) test.description = std::move(description->value);
  if (const auto repeat = table.integer("repeat", 1, 1'000'000)) test.repeat = static_cast<std::uint32_t>(*repeat);
  test.timeout = read_time(table, "timeout", 10ms, kLongest).value_or(test.timeout);
  for_each_entry(table, "before", [&](const Table& entry) { test.before.push_back(read_preparation(entry)); });
  for_each_entry(table, "during", [&](const Table& entry) { test.during.push_back(read_event(entry)); });
  for_each_entry(table, "counters", [&](const Table& entry) { test.counters.push_back(read_counters(entry)); });
  for_each_entry(table, "capture", [&](const Table& entry) { test.captures.push_back(read_capture(entry)); });
  std::stable_sort(test.during.begin(), test.during.end(), [](const Event& a, const Event& b) { return a.at < b.at; });
  if (std::holds_alternative<FailoverCheck>(test.check) && test.during.empty())
    table.fail(
        table.where("failover"),
        "failover needs something to happen: during = [{ at = \"500ms\", interface = \"r1:eth0\", state = \"down\" }]");
  test.share = read_share(check_of(table, test));
  test.waiting = read_waiting(table, test);
  return test;
}

}  // namespace netrig::config
