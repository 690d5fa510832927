// SPDX-License-Identifier: Apache-2.0
// Every attribute of every object that the language can say: set, shown by iproute2, drifted, named by `verify` with
// its place, mended by `up` alone, edited and left out.
#include <algorithm>
#include <set>
#include <sstream>

#include "attribute_rows.hpp"
#include "catch.hpp"
#include "model/state.hpp"
#include "running.hpp"

using namespace netrig;
using namespace scratch;
using attribute_rows::Row;

namespace {

// What of a kind is no setting and can be wrong nevertheless. A new member does not compile here before it has a name,
// and then it wants a row.
std::vector<std::string> identity_of(const Sysctl& one) {
  [[maybe_unused]] const auto& [key, value, where] = one;
  return {};
}
std::vector<std::string> identity_of(const Link& one) {
  // Which one it is and of which kind, its device knows; `dynamic` is about what others make, `needs_ipv6` about the
  // MTU, `ipv6_off` is a sysctl's, and an index nobody can change. parameters_test.cpp has the rows of the drivers'
  // parameters.
  [[maybe_unused]] const auto& [name, settings, ifindex, kind, parameters, dynamic, needs_ipv6, ipv6_off, where] = one;
  return {"name", "there"};
}
std::vector<std::string> identity_of(const Port& one) {
  [[maybe_unused]] const auto& [interface, cost, priority, state, hairpin, isolated, learning, flood, multicast_flood,
                                broadcast_flood, multicast_to_unicast, guard, root_block, fast_leave,
                                neighbour_suppress, proxy_arp, locked, where] = one;
  return {"there"};
}
std::vector<std::string> identity_of(const Vlans& one) {
  // `usual` is its bridge's.
  [[maybe_unused]] const auto& [interface, list, of_bridge, usual, where] = one;
  return {"there"};
}
std::vector<std::string> identity_of(const Address& one) {
  // `dad` is how it is made; `secondary` is the order.
  [[maybe_unused]] const auto& [interface, prefix, peer, dad, scope, broadcast, label, valid, preferred, prefix_route,
                                metric, secondary, duplicate, where] = one;
  return {"there", "prefix length", "peer", "duplicate", "order"};
}
std::vector<std::string> identity_of(const Qdisc& one) {
  // `queue` is the latency, `beyond` the options.
  [[maybe_unused]] const auto& [interface, kind, delay, jitter, distribution, loss, duplicate, reorder, corrupt, rate,
                                burst, limit, queue, beyond, where] = one;
  return {"there", "kind", "options", "latency"};
}
std::vector<std::string> identity_of(const Neighbour& one) {
  [[maybe_unused]] const auto& [interface, address, proxy, mac, state, router, where] = one;
  return {"there", "proxy"};
}
std::vector<std::string> identity_of(const Route& one) {
  [[maybe_unused]] const auto& [type, destination, next_hops, metric, table, tos, scope, protocol, source, mtu, advmss,
                                initcwnd, congestion, preference, where] = one;
  return {"there", "type", "next hops", "metric", "table", "tos"};
}
std::vector<std::string> identity_of(const Rule& one) {
  // `protocol` is netrig's own.
  [[maybe_unused]] const auto& [family, priority, inverted, from, to, iif, oif, fwmark, tos, ipproto, source_ports,
                                destination_ports, uid_range, suppress_prefix_length, action, table, l3mdev, protocol,
                                where] = one;
  return {"there",    "family",
          "priority", "not",
          "from",     "to",
          "iif",      "oif",
          "fwmark",   "tos",
          "ipproto",  "source_ports",
          "table",    "uid_range",
          "action",   "destination_ports",
          "l3mdev",   "suppress_prefix_length"};
}

std::vector<Row> rows_of(std::type_identity<Sysctl>) { return attribute_rows::sysctl_rows(); }
std::vector<Row> rows_of(std::type_identity<Link>) { return attribute_rows::link_rows(); }
std::vector<Row> rows_of(std::type_identity<Qdisc>) { return attribute_rows::qdisc_rows(); }
std::vector<Row> rows_of(std::type_identity<Port>) { return attribute_rows::port_rows(); }
std::vector<Row> rows_of(std::type_identity<Vlans>) { return attribute_rows::vlans_rows(); }
std::vector<Row> rows_of(std::type_identity<Address>) { return attribute_rows::address_rows(); }
std::vector<Row> rows_of(std::type_identity<Neighbour>) { return attribute_rows::neighbour_rows(); }
std::vector<Row> rows_of(std::type_identity<Route>) { return attribute_rows::route_rows(); }
std::vector<Row> rows_of(std::type_identity<Rule>) { return attribute_rows::rule_rows(); }

/// Everything of a kind that wants a row.
template <typename Kind>
std::set<std::string> attributes_of() {
  std::set<std::string> names;
  Kind::each_setting([&](std::string_view name, auto /*member*/) { names.emplace(name); });
  for (std::string& name : identity_of(Kind{})) names.insert(std::move(name));
  return names;
}

/// The lab of a row, and where `verify` is to point.
struct Written {
  std::string text;
  std::string where;
};
Written written(const Row& row, const std::string& attribute) {
  std::string text = row.of.lab;
  if (attribute.find('@') != std::string::npos) std::erase(text, '@');
  text.replace(text.find('$'), 1, attribute);
  const std::size_t at = text.find('@');
  if (at == std::string::npos) return {.text = text, .where = {}};
  text.erase(at, 1);
  const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  const std::size_t column = at - (line == 1 ? 0 : text.rfind('\n', at - 1) + 1) + 1;
  return {.text = text, .where = directory() + "/lab.toml:" + std::to_string(line) + ":" + std::to_string(column)};
}

/// VLANs as bridge(8) shows them, line by line; it has no ranges in JSON.
Json vlans_shown(const std::string& arguments) {
  const Result result = sh("bridge -n a -compressvlans " + arguments);
  REQUIRE(result.exit == 0);
  std::istringstream lines(result.out);
  std::string line;
  std::getline(lines, line);  // headings
  std::string vlans;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string word;
    if (line.find_first_of(" \t") != 0) words >> word;  // the port
    std::string vlan;
    while (words >> word) vlan += (vlan.empty() ? "" : " ") + word;
    if (!vlan.empty()) vlans += (vlans.empty() ? "" : ", ") + vlan;
  }
  return {{"vlans", vlans}};
}

/// What ip(8), sysctl(8) or tc(8) shows of the object.
Json object_of(const Row& row) {
  if (row.of.ip.starts_with("bridge ")) return vlans_shown(row.of.ip.substr(7));
  if (row.of.kind != Sysctl::kKind && row.of.kind != Qdisc::kKind) return ip("-n a " + row.of.ip);
  const Result result = sh(row.of.ip);
  REQUIRE(result.exit == 0);
  return Json::parse(result.out);
}
std::string value_in(const Json& object, const std::string& at) {
  const std::size_t hash = at.find('#');
  const Json::json_pointer pointer(at.substr(0, hash));
  if (!object.contains(pointer)) return "-";
  Json value = object.at(pointer);
  if (hash != std::string::npos)
    return std::find(value.begin(), value.end(), at.substr(hash + 1)) == value.end() ? "false" : "true";
  if (value.is_array()) std::sort(value.begin(), value.end());
  return value.is_string() ? value.get<std::string>() : value.dump();
}
bool is_like(const std::string& value, const std::string& expected, const std::string& before) {
  if (expected == "*") return value != before && value != "-";
  if (!expected.starts_with("~")) return value == expected;
  constexpr int kSecondsOfThisTest = 100;
  const int most = std::stoi(expected.substr(1));
  const int found = std::stoi(value);
  return found <= most && found > most - kSecondsOfThisTest;
}
/// The object without what moves by itself.
Json at_rest(Json object) {
  const auto rest = [](Json& one) {
    for (const char* key :
         {"operstate", "flags", "qdisc", "handle", "valid_life_time", "preferred_life_time", "tentative"})
      one.erase(key);
    if (one.contains("linkinfo")) one["linkinfo"].erase("info_slave_data");  // timers
    if (one.contains("altnames")) std::sort(one["altnames"].begin(), one["altnames"].end());
  };
  if (!object.is_array()) return object;
  for (Json& one : object) {
    if (!one.is_object()) continue;
    rest(one);
    if (one.contains("addr_info"))
      for (Json& address : one["addr_info"]) rest(address);
  }
  return object;
}

class Life {
 public:
  explicit Life(const Row& row) : row_(row) {}
  /// The next row finds nothing of this one, whatever became of it.
  ~Life() {
    if (!ended_) cli("down attributes");
  }
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;

  void run() {
    const Written first = written(row_, row_.first);
    running::up(first.text);
    expect_shown(0);
    const Json whole = at_rest(object_of(row_));
    const std::string number = number_of_link();
    const Result drift = sh("a() { ip -n a \"$@\"; }\n" + row_.drift);
    INFO("drift: " << drift.err);
    REQUIRE(drift.exit == 0);
    expect_shown(1);
    check_named(first.where);
    const Json plan = Json::parse(cli("plan --json " + directory() + "/lab.toml").out);
    if (!is_replaced()) CHECK(plan["steps"].size() == row_.faults);
    const Json mended = running::up(first.text, row_.foreign == 0 ? "" : "--remove-foreign");
    if (!is_replaced()) CHECK(mended["steps"] == row_.faults + row_.foreign);
    expect_shown(0);
    if (!is_replaced()) {
      CHECK(at_rest(object_of(row_)) == whole);
      CHECK(number_of_link() == number);
    }
    running::require_clean("attributes");

    running::up(written(row_, row_.second).text);
    expect_shown(2);
    running::require_clean("attributes");
    const std::string edited = number_of_link();
    if (row_.attribute != "name" && !is_replaced()) CHECK(edited == number);

    running::up(written(row_, row_.without).text);
    expect_shown(3);
    running::require_clean("attributes");
    CHECK((number_of_link() != edited) == row_.is_made_anew);
    REQUIRE(cli("down attributes").exit == 0);
    ended_ = true;
    require_nothing_left();
  }

 private:
  /// The interface itself has gone.
  [[nodiscard]] bool is_replaced() const { return row_.of.kind == Link::kKind && row_.attribute == "there"; }

  /// So that it is seen whether the device is another.
  static std::string number_of_link() {
    const Json links = ip("-n a link show type veth");
    return links.empty() ? "-" : links[0]["ifindex"].dump();
  }

  void expect_shown(std::size_t stage) {
    const Json object = object_of(row_);
    const std::string value = row_.of.kind == Sysctl::kKind ? object.dump() : value_in(object, row_.at);
    INFO("stage " << stage << ": " << value << " in " << object);
    INFO("expected " << row_.shown.at(stage));
    CHECK(is_like(value, row_.shown.at(stage), last_));
    last_ = value;
  }

  /// `verify` says what is wrong, and where in the file it stands.
  void check_named(const std::string& where) const {
    const Result result = cli("verify attributes");
    INFO("verify: " << result.out << result.err);
    CHECK(result.exit == 1);
    const std::string name = row_.name.empty() ? row_.of.name : row_.name;
    const std::string expected = row_.words[0].empty() ? row_.shown[0] : row_.words[0];
    std::string found = row_.words[1].empty() ? row_.shown[1] : row_.words[1];
    std::string line = "a " + name;
    if (row_.wrong.empty())
      line += " " + std::string(row_.attribute) + ": expected " + expected + ", found " + found;
    else
      line += ": " + row_.wrong;
    // A time has run on by a little.
    const std::size_t time = line.find('~');
    if (time != std::string::npos)
      CHECK_THAT(result.out, ContainsSubstring(line.substr(0, time)));
    else
      CHECK_THAT(result.out, ContainsSubstring(line + "  (" + where + ")\n"));
    CHECK_THAT(result.out, ContainsSubstring("  (" + where + ")\n"));
    CHECK(static_cast<std::size_t>(std::count(result.out.begin(), result.out.end(), '\n')) ==
          row_.faults + row_.foreign + 1);
  }

  const Row& row_;
  std::string last_;
  bool ended_ = false;
};

}  // namespace

TEST_CASE("every attribute of every kind of objects has a row") {
  ObjectKinds::each([&]<typename Kind>(std::type_identity<Kind> kind) {
    std::set<std::string> wanted = attributes_of<Kind>();
    for (const Row& row : rows_of(kind)) {
      CHECK(row.of.kind == Kind::kKind);
      INFO(row.attribute);
      CHECK(attributes_of<Kind>().contains(std::string(row.attribute)));
      wanted.erase(std::string(row.attribute));
    }
    for (const std::string& name : wanted) FAIL_CHECK("no row says how " << Kind::kKind << " " << name << " lives");
  });
}

TEST_CASE("every attribute is set, shown, named by verify when it drifts, mended, edited and left out") {
  ObjectKinds::each([&]<typename Kind>(std::type_identity<Kind> kind) {
    if (std::is_same_v<Kind, Vlans>) return;  // below
    int number = 0;
    for (const Row& row : rows_of(kind)) {
      if (row.needs_netem) continue;
      DYNAMIC_SECTION(row.of.kind << " " << row.attribute << " " << ++number) {
        INFO(row.of.kind << " " << row.attribute << ": " << row.first);
        Life(row).run();
      }
    }
  });
}

TEST_CASE("every attribute of netem is set, shown, named by verify when it drifts, mended, edited and left out") {
  if (!kernel_has_netem()) skip("this kernel has no netem (CONFIG_NET_SCH_NETEM)");
  int number = 0;
  for (const Row& row : attribute_rows::qdisc_rows()) {
    if (!row.needs_netem) continue;
    DYNAMIC_SECTION(row.attribute << " " << ++number) {
      INFO(row.attribute << ": " << row.first);
      Life(row).run();
    }
  }
  require_nothing_left();
}

TEST_CASE("VLANs of ports are set, shown, named by verify when they drift, mended, edited and left out") {
  if (const std::string reason = kernel_lacks("CONFIG_BRIDGE_VLAN_FILTERING"); !reason.empty()) skip(reason);
  int number = 0;
  for (const Row& row : rows_of(std::type_identity<Vlans>{})) {
    DYNAMIC_SECTION(row.attribute << " " << ++number) {
      INFO(row.attribute << ": " << row.first);
      Life(row).run();
    }
  }
}
