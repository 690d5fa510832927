// SPDX-License-Identifier: Apache-2.0
// The check of a test: one function a kind. All ranges are here; host/check takes the values as they are.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "config/test_check.hpp"
#include "model/regex.hpp"

namespace netrig::config {
namespace {

constexpr std::int64_t kMostBytes = 65507;  // of an ICMP echo or a UDP datagram in one IPv4 packet
constexpr std::int64_t kMostPairs = 1'000'000;
constexpr std::int64_t kMostFlows = 10'000;
constexpr std::uint64_t kMostThroughput = 1ULL << 40U;

void set(std::uint32_t& value, std::optional<std::int64_t> given) {
  if (given) value = static_cast<std::uint32_t>(*given);
}
void set(bool& value, std::optional<bool> given) {
  if (given) value = *given;
}
void set(std::string& value, std::optional<Text> given) {
  if (given) value = std::move(given->value);
}

/// "source", "dev" and "tos" of checks whose packets netrig sends itself, or has sent by what can be told.
Sender read_sender(const Table& check) {
  Sender sender{.source = read_address(check, "source")};
  if (check.has("dev")) sender.dev = read_interface_name(check, "dev");
  if (const auto tos = check.integer("tos", 0, 255)) sender.tos = static_cast<std::uint8_t>(*tos);
  return sender;
}

Target read_target(const Table& check) {
  Target target{.text = check.required_text("to").value, .sender = read_sender(check)};
  if (const auto family = check.choice("family", {"ipv4", "ipv6"}))
    target.family = *family == 0 ? Family::ipv4 : Family::ipv6;
  if (const auto pairs = check.integer("pairs", 1, kMostPairs)) target.pairs = static_cast<std::size_t>(*pairs);
  const auto to = IpAddress::parse(target.text);
  if (to && target.family.value_or(to->family) != to->family)
    check.fail(check.where("family"), fmt::format("family is another than that of {}", target.text));
  if (const auto& source = target.sender.source) {
    if (target.family.value_or(source->family) != source->family || (to && to->family != source->family))
      check.fail(check.where("source"), "source is of another family than what is asked for");
    target.family = source->family;
  }
  return target;
}

std::uint16_t read_port(const Table& check, std::uint16_t otherwise) {
  const auto port = check.integer("port", 1, 65535);
  return port ? static_cast<std::uint16_t>(*port) : otherwise;
}

Check read_ping(const Table& check) {
  allow_check(check, ping_keys());
  PingCheck ping{.to = read_target(check)};
  set(ping.count, check.integer("count", 1, 1'000'000));
  ping.interval = read_time(check, "interval", 100us, 1h).value_or(ping.interval);
  set(ping.size, check.integer("size", 0, kMostBytes));
  set(ping.dont_fragment, check.boolean("dont_fragment"));
  if (const auto ttl = check.integer("ttl", 1, 255)) ping.ttl = static_cast<std::uint8_t>(*ttl);
  ping.min_loss = read_percent(check, "min_loss").value_or(ping.min_loss);
  // Who asks for loss says how much is too much, or any will do.
  ping.max_loss = read_percent(check, "max_loss").value_or(check.has("min_loss") ? 100 : ping.max_loss);
  if (ping.min_loss > ping.max_loss) check.fail(check.where("min_loss"), "min_loss is more than max_loss");
  ping.max_rtt = read_time(check, "max_rtt", 1us, 1h);
  ping.min_rtt = read_time(check, "min_rtt", 1us, 1h);
  if (ping.min_rtt && ping.max_rtt && *ping.min_rtt > *ping.max_rtt)
    check.fail(check.where("min_rtt"), "min_rtt is more than max_rtt");
  ping.timeout = read_time(check, "timeout", 1ms, 1h).value_or(ping.timeout);
  return ping;
}

Check read_failover(const Table& check) {
  allow_check(check, failover_keys());
  FailoverCheck failover{.to = read_target(check)};
  failover.interval = read_time(check, "interval", 1ms, 1s).value_or(failover.interval);
  failover.duration = read_time(check, "duration", 10ms, 1h).value_or(failover.duration);
  failover.max_outage = read_time(check, "max_outage", 1ms, 1h).value_or(failover.max_outage);
  return failover;
}

Check read_connect(const Table& check, Protocol protocol) {
  allow_check(check, protocol == Protocol::tcp ? tcp_keys() : udp_keys());
  ConnectCheck connect{.protocol = protocol, .to = read_target(check)};
  connect.port = read_port(check, connect.port);
  set(connect.server, check.boolean("server"));
  set(connect.size,
      check.integer("size", protocol == Protocol::tcp ? 0 : 1, protocol == Protocol::tcp ? 16 << 20 : kMostBytes));
  // What listens there already need not be an echo server.
  if (!connect.server && protocol == Protocol::tcp && !check.has("size")) connect.size = 0;
  set(connect.count, check.integer("count", 1, 1'000'000));
  if (const auto flows = check.integer("flows", 1, kMostFlows)) connect.flows = static_cast<std::uint32_t>(*flows);
  // The port of a connection that was closed rests for a minute (TIME_WAIT).
  if (connect.flows && protocol == Protocol::tcp && check.has("count"))
    check.fail(check.where("count"), "count does not go with flows of tcp, which is so many connections; leave it out");
  connect.max_rtt = read_time(check, "max_rtt", 1us, 1h);
  connect.timeout = read_time(check, "timeout", 1ms, 1h).value_or(connect.timeout);
  return connect;
}

Check read_throughput(const Table& check) {
  allow_check(check, throughput_keys());
  ThroughputCheck throughput{.to = read_target(check)};
  if (const auto protocol = check.choice("protocol", {"tcp", "udp"}))
    throughput.protocol = *protocol == 0 ? Protocol::tcp : Protocol::udp;
  throughput.duration = read_time(check, "duration", 1s, 1h).value_or(throughput.duration);
  throughput.size = check.size("size", 1, kMostThroughput);
  if (throughput.size && check.has("duration"))
    check.fail(check.where("duration"), "duration beside size, which takes as long as it takes; leave one out");
  set(throughput.streams, check.integer("streams", 1, 128));
  set(throughput.reverse, check.boolean("reverse"));
  throughput.port = read_port(check, throughput.port);
  throughput.rate = check.rate("rate");
  throughput.min = check.rate("min");
  throughput.max = check.rate("max");
  throughput.max_retransmits = check.integer("max_retransmits", 0, INT64_MAX);
  throughput.max_jitter = read_time(check, "max_jitter", 1us, 1h);
  throughput.max_loss = read_percent(check, "max_loss");
  const bool udp = throughput.protocol == Protocol::udp;
  if (udp && throughput.size)
    check.fail(check.where("size"), "size goes with protocol = \"tcp\"; with udp say rate and duration");
  for (const std::string_view key : {"max_jitter", "max_loss"})
    if (!udp && check.has(key))
      check.fail(check.where(key), fmt::format("{} is measured with protocol = \"udp\"", key));
  if (udp && throughput.max_retransmits)
    check.fail(check.where("max_retransmits"), "max_retransmits is measured with protocol = \"tcp\"");
  if (throughput.min && throughput.max && *throughput.min > *throughput.max)
    check.fail(check.where("min"), "min is more than max");
  return throughput;
}

Check read_path(const Table& check) {
  allow_check(check, path_keys());
  PathCheck path{.to = read_target(check), .hops = read_texts(check, "hops")};
  if (const auto most = check.integer("max_hops", 1, 255)) path.max_hops = static_cast<std::uint8_t>(*most);
  path.timeout = read_time(check, "timeout", 1ms, 1min).value_or(path.timeout);
  if (path.hops.size() > path.max_hops)
    check.fail(check.where("hops"), fmt::format("there are {} hops; max_hops is {}", path.hops.size(), path.max_hops));
  return path;
}

Check read_mtu(const Table& check) {
  allow_check(check, mtu_keys());
  MtuCheck mtu{.to = read_target(check)};
  if (!check.has("equals")) check.fail(check.where(), "mtu has no \"equals\"; write the path MTU expected, in bytes");
  set(mtu.equals, check.integer("equals", 68, 65535));  // RFC 791
  set(mtu.black_hole, check.boolean("black_hole"));
  mtu.timeout = read_time(check, "timeout", 1ms, 1min).value_or(mtu.timeout);
  return mtu;
}

Check read_dns(const Table& check) {
  static const std::vector<std::string_view> kTypes = {"A", "AAAA", "CNAME", "MX", "NS", "PTR", "SRV", "TXT"};
  static const std::vector<std::string_view> kRcodes = {"NOERROR",  "FORMERR", "SERVFAIL",
                                                        "NXDOMAIN", "NOTIMP",  "REFUSED"};
  allow_check(check, dns_keys());
  DnsCheck dns{.to = read_target(check), .answers = read_texts(check, "answers")};
  const Text name = check.required_text("name");
  dns.name = name.value;
  if (dns.name.empty() || dns.name.size() > 253)
    check.fail(name.where, "the name to look up is empty or longer than 253 bytes");
  if (const auto type = check.choice("type", kTypes)) dns.type = kTypes.at(*type);
  if (const auto rcode = check.choice("rcode", kRcodes)) dns.rcode = kRcodes.at(*rcode);
  dns.port = read_port(check, dns.port);
  dns.timeout = read_time(check, "timeout", 1ms, 1min).value_or(dns.timeout);
  return dns;
}

Check read_http(const Table& check) {
  allow_check(check, http_keys());
  HttpCheck http{.to = read_target(check)};
  if (http.to.sender.source && http.to.sender.dev)
    check.fail(check.where("dev"), "curl, which asks, takes source or dev and not both; write one of them");
  set(http.tls, check.boolean("tls"));
  http.port = read_port(check, http.tls ? 443 : 80);
  set(http.path, check.text("path"));
  if (!http.path.starts_with('/')) check.fail(check.where("path"), "path does not begin with \"/\"");
  set(http.host, check.text("host"));
  if (const auto status = check.integer("status", 100, 599)) http.status = static_cast<std::uint16_t>(*status);
  http.matches = read_regex(check, "matches");
  http.timeout = read_time(check, "timeout", 1ms, 1h).value_or(http.timeout);
  return http;
}

Check read_unreachable(const Table& check) {
  allow_check(check, unreachable_keys());
  UnreachableCheck unreachable{.to = read_target(check)};
  static constexpr std::array kProtocols = {Protocol::icmp, Protocol::tcp, Protocol::udp};
  static constexpr std::array kHows = {UnreachableCheck::How::any, UnreachableCheck::How::silent,
                                       UnreachableCheck::How::rejected};
  if (const auto protocol = check.choice("protocol", {"icmp", "tcp", "udp"}))
    unreachable.protocol = kProtocols.at(*protocol);
  for (const std::string_view key : {"port", "server"})
    if (unreachable.protocol == Protocol::icmp && check.has(key))
      check.fail(check.where(key), fmt::format("{} goes with protocol = \"tcp\" or \"udp\"", key));
  unreachable.port = read_port(check, unreachable.port);
  set(unreachable.server, check.boolean("server"));
  set(unreachable.count, check.integer("count", 1, 1000));
  unreachable.timeout = read_time(check, "timeout", 1ms, 1min).value_or(unreachable.timeout);
  if (const auto how = check.choice("how", {"any", "silent", "rejected"})) unreachable.how = kHows.at(*how);
  return unreachable;
}

Check read_exec(const Table& check) {
  allow_check(check, exec_keys());
  ExecCheck exec{.command = read_command(check, "command"), .matches = read_regex(check, "matches")};
  if (const auto code = check.integer("exit", 0, 255)) exec.exit = static_cast<int>(*code);
  return exec;
}

Check read_verify(const Table& check) {
  allow_check(check, verify_keys());
  VerifyCheck verify;
  set(verify.strict, check.boolean("strict"));
  return verify;
}

struct Kind {
  std::string_view name;
  Check (*read)(const Table&);
};
constexpr std::array<Kind, 17> kKinds = {{
    {"ping", read_ping},
    {"failover", read_failover},
    {"tcp", [](const Table& table) { return read_connect(table, Protocol::tcp); }},
    {"udp", [](const Table& table) { return read_connect(table, Protocol::udp); }},
    {"throughput", read_throughput},
    {"path", read_path},
    {"mtu", read_mtu},
    {"dns", read_dns},
    {"http", read_http},
    {"unreachable", read_unreachable},
    {"neighbour", read_neighbour_check},
    {"route", read_route_check},
    {"address", read_address_check},
    {"link", read_link_check},
    {"fdb", read_fdb_check},
    {"exec", read_exec},
    {"verify", read_verify},
}};

}  // namespace

void allow_check(const Table& check, const tomlfile::Section& keys) {
  for (const std::string_view key : {"source", "dev", "tos"})
    if (check.has(key) && !keys.has(key) && keys.has("to"))
      check.fail(check.where(key),
                 fmt::format("{} does not go with {}; it goes with ping, failover, tcp, udp, path, unreachable{}", key,
                             check.what(), key == "tos" ? "" : ", http"));
  if (check.has("share") && !keys.has("share"))
    check.fail(check.where("share"),
               fmt::format("share does not go with {}; it goes with ping, tcp, udp, throughput", check.what()));
  check.allow(keys);
}

InterfaceName read_interface_name(const Table& check, std::string_view key) {
  const Text name = check.required_text(key);
  if (const auto fault = interface_name_fault(name.value))
    check.fail(name.where, fmt::format("interface name \"{}\" {}", name.value, *fault));
  return InterfaceName(name.value);
}

std::optional<nanoseconds> read_time(const Table& table, std::string_view key, nanoseconds least, nanoseconds most) {
  const auto value = table.duration(key);
  if (!value) return std::nullopt;
  if (nanoseconds(*value) >= least && nanoseconds(*value) <= most) return nanoseconds(*value);
  table.wrong(table.where(key), fmt::format("{} is out of range; it can be {} to {}", key,
                                            format_duration(least.count()), format_duration(most.count())));
  return std::nullopt;
}

std::optional<double> read_percent(const Table& table, std::string_view key) {
  const toml::node* node = table.raw().get(key);
  if (node == nullptr) return std::nullopt;
  std::optional<double> value = node->is_number() ? node->value<double>() : std::nullopt;
  if (!value && table.context().computes(*node)) {
    const std::string text = table.context().expanded(*node).value;
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc{} && end == text.data() + text.size()) value = number;
    if (value) table.context().read_as(*node, text);
  }
  if (!value || !(*value >= 0 && *value <= 100))
    table.wrong(table.where(key), fmt::format("{} is a percentage: a number from 0 to 100 without quotes", key));
  return value && *value >= 0 && *value <= 100 ? value : std::nullopt;
}

std::vector<std::string> read_texts(const Table& table, std::string_view key) {
  std::vector<std::string> texts;
  if (const toml::node* node = table.get(key); node != nullptr && node->is_string()) {
    texts.push_back(table.text(key)->value);
    return texts;
  }
  const toml::array* list = table.array(key);
  if (list == nullptr) return texts;
  for_each_element(*list, table.context(), [&](const toml::node& node, const Context& inside) {
    if (!node.is_string())
      inside.fail(position_of(node), fmt::format("{} holds {}; write strings in quotes", key, type_of(node)));
    texts.push_back(inside.expanded(node).value);
  });
  return texts;
}

Command read_command(const Table& table, std::string_view key) {
  if (!table.has(key)) table.fail(table.where(), fmt::format("{} has no \"{}\"", table.what(), key));
  Command words = read_texts(table, key);
  if (words.empty() || words.front().empty())
    table.fail(table.where(key),
               fmt::format("{} is empty; write \"shell command\" or [\"program\", \"argument\"]", key));
  for (const std::string& word : words)
    if (word.find('\0') != std::string::npos) table.fail(table.where(key), "a command cannot have a NUL byte");
  if (table.get(key)->is_string()) return {"/bin/sh", "-c", words.front()};
  return words;
}

std::string read_regex(const Table& table, std::string_view key) {
  const auto text = table.text(key);
  if (!text) return {};
  if (const auto fault = regex_fault(text->value)) table.fail(text->where, *fault);
  return text->value;
}

Check read_check(const Table& test) {
  const Kind* found = nullptr;
  for (const Kind& kind : kKinds) {
    if (!test.has(kind.name)) continue;
    if (found != nullptr)
      test.fail(test.where(kind.name),
                fmt::format("test has both {} and {}; make it two tests", found->name, kind.name));
    found = &kind;
  }
  if (found == nullptr) {
    std::vector<std::string_view> names;
    for (const Kind& kind : kKinds) names.push_back(kind.name);
    test.fail(test.where("name"), fmt::format("test checks nothing; add ping = {{ to = ... }}, or one of {}",
                                              fmt::join(names.begin() + 1, names.end(), ", ")));
  }
  return found->read(Table(*test.table(found->name), found->name, test.context()));
}

}  // namespace netrig::config
