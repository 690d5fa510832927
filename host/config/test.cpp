// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "config/parts.hpp"

namespace netrig::config {
namespace {

constexpr std::int64_t kMostBytes = 65507;  // of an ICMP echo in one IPv4 packet

/// Reads and checks all that a check may have; running it is another part's work.
std::string read_check(const Table& test, std::string_view kind) {
  const Table check(*test.table(kind), kind, test.context());
  if (kind == "ping") {
    check.allow(std::array<std::string_view, 9>{"to", "count", "interval", "size", "pairs", "max_loss", "max_rtt",
                                                "family", "timeout"});
    static_cast<void>(check.integer("count", 1, 1'000'000));
    static_cast<void>(check.duration("interval"));
    static_cast<void>(check.integer("size", 0, kMostBytes));
    static_cast<void>(check.integer("pairs", 1, 1'000'000));
    static_cast<void>(check.integer("max_loss", 0, 100));
    static_cast<void>(check.duration("max_rtt"));
    static_cast<void>(check.duration("timeout"));
    static_cast<void>(check.choice("family", {"ipv4", "ipv6"}));
  } else {
    check.allow(std::array<std::string_view, 7>{"to", "protocol", "duration", "min", "max", "streams", "reverse"});
    static_cast<void>(check.choice("protocol", {"tcp", "udp"}));
    static_cast<void>(check.duration("duration"));
    static_cast<void>(check.rate("min"));
    static_cast<void>(check.rate("max"));
    static_cast<void>(check.integer("streams", 1, 128));
    static_cast<void>(check.boolean("reverse"));
  }
  return check.required_text("to").value;
}

}  // namespace

Test read_test(const Table& table) {
  static constexpr std::array<std::string_view, 2> kChecks = {"ping", "throughput"};
  table.allow(std::array<std::string_view, 4>{"name", "from", "ping", "throughput"});
  Test test;
  const Text name = table.required_text("name");
  test.name = name.value;
  test.where = name.where;
  if (test.name.empty()) table.fail(name.where, "test has an empty name");
  test.from = table.required_text("from").value;
  for (const std::string_view kind : kChecks) {
    if (!table.has(kind)) continue;
    if (!test.check.empty())
      table.fail(table.where(kind), fmt::format("test has both {} and {}; make it two tests", test.check, kind));
    test.check = kind;
    test.to = read_check(table, kind);
  }
  if (test.check.empty())
    table.fail(test.where, "test checks nothing; add ping = { to = ... } or throughput = { to = ... }");
  return test;
}

}  // namespace netrig::config
