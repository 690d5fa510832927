// SPDX-License-Identifier: Apache-2.0
// Every parameter of every driver: set, shown by iproute2, drifted by hand where that can be, named by `verify` with
// its place, mended in place, edited, and left out. What is only for the making of a link is made anew by an edit.
#include <algorithm>
#include <set>

#include "catch.hpp"
#include "running.hpp"

using namespace scratch;

namespace {

struct Row {
  std::string driver;
  std::string parameter;
  std::string first;   ///< as the file says it
  std::string second;  ///< likewise, after an edit
  /// What is set beside it, whatever it is itself.
  std::string with = {};
  std::string drift = {};  ///< arguments of "ip -n a link set dev X"; empty: no hand can change it
  std::string at;          ///< in what `ip -d -j link show` tells: "/linkinfo/info_data/priority"
  /// What is shown by `first`, by `drift`, by `second`, and when the file does not say it. "-": nothing.
  std::array<std::string, 4> shown;
  std::string found = {};  ///< by the drift, in the lab file's words; empty: as shown
  bool anew = false;       ///< an edit makes the device anew
  bool of_peer = false;
  std::string option = {};  ///< without it the kernel cannot
};

constexpr const char* kVlan = "CONFIG_BRIDGE_VLAN_FILTERING";

/// Of a tap or a tun, which are made in another way.
std::vector<Row> rows_of_tun(const std::string& driver) {
  std::vector<Row> rows;
  const auto add = [&](const char* parameter, const char* first, const char* second, const char* shown,
                       std::array<std::string, 4> as) {
    rows.push_back({.driver = driver,
                    .parameter = parameter,
                    .first = first,
                    .second = second,
                    .at = std::string("/linkinfo/info_data/") + shown,
                    .shown = std::move(as),
                    .anew = true,
                    .option = "CONFIG_TUN"});
  };
  add("owner", "54321", "54322", "user", {"54321", "", "54322", "root"});
  add("group_id", "54321", "54322", "group", {"54321", "", "54322", "-"});
  add("multi_queue", "true", "false", "multi_queue", {"true", "", "false", "false"});
  add("vnet_header", "true", "false", "vnet_hdr", {"true", "", "false", "false"});
  add("packet_info", "true", "false", "pi", {"true", "", "false", "false"});
  return rows;
}

std::vector<Row> rows() {
  const auto data = [](const char* name) { return std::string("/linkinfo/info_data/") + name; };
  std::vector<Row> all = {
      {.driver = "veth",
       .parameter = "tx_queues",
       .first = "3",
       .second = "4",
       .at = "/num_tx_queues",
       .shown = {"3", "", "4", "*"},
       .anew = true},
      {.driver = "veth",
       .parameter = "rx_queues",
       .first = "3",
       .second = "4",
       .at = "/num_rx_queues",
       .shown = {"3", "", "4", "*"},
       .anew = true},
      {.driver = "veth",
       .parameter = "gso_max_size",
       .first = "32000",
       .second = "16000",
       .drift = "gso_max_size 20000",
       .at = "/gso_max_size",
       .shown = {"32000", "20000", "16000", "65536"}},
      {.driver = "veth",
       .parameter = "gso_max_segs",
       .first = "20",
       .second = "30",
       .drift = "gso_max_segs 40",
       .at = "/gso_max_segs",
       .shown = {"20", "40", "30", "65535"}},
      {.driver = "veth",
       .parameter = "gro_max_size",
       .first = "32000",
       .second = "16000",
       .drift = "gro_max_size 20000",
       .at = "/gro_max_size",
       .shown = {"32000", "20000", "16000", "65536"}},
      {.driver = "veth",
       .parameter = "peer_tx_queues",
       .first = "3",
       .second = "4",
       .at = "/num_tx_queues",
       .shown = {"3", "", "4", "*"},
       .anew = true,
       .of_peer = true},
      {.driver = "veth",
       .parameter = "peer_rx_queues",
       .first = "3",
       .second = "4",
       .at = "/num_rx_queues",
       .shown = {"3", "", "4", "*"},
       .anew = true,
       .of_peer = true},
      {.driver = "veth",
       .parameter = "peer_gso_max_size",
       .first = "32000",
       .second = "16000",
       .with = "gso_max_size = 50000",
       .drift = "gso_max_size 20000",
       .at = "/gso_max_size",
       .shown = {"32000", "20000", "16000", "50000"},
       .of_peer = true},
      {.driver = "veth",
       .parameter = "peer_gso_max_segs",
       .first = "20",
       .second = "30",
       .drift = "gso_max_segs 40",
       .at = "/gso_max_segs",
       .shown = {"20", "40", "30", "65535"},
       .of_peer = true},
      {.driver = "veth",
       .parameter = "peer_gro_max_size",
       .first = "32000",
       .second = "16000",
       .drift = "gro_max_size 20000",
       .at = "/gro_max_size",
       .shown = {"32000", "20000", "16000", "65536"},
       .of_peer = true},
      {.driver = "bridge",
       .parameter = "stp",
       .first = "true",
       .second = "false",
       .drift = "type bridge stp_state 0",
       .at = data("stp_state"),
       .shown = {"1", "0", "0", "0"},
       .found = "false"},
      {.driver = "bridge",
       .parameter = "priority",
       .first = "4096",
       .second = "8192",
       .drift = "type bridge priority 12288",
       .at = data("priority"),
       .shown = {"4096", "12288", "8192", "32768"}},
      {.driver = "bridge",
       .parameter = "forward_delay",
       .first = "\"12s\"",
       .second = "\"14s\"",
       .drift = "type bridge forward_delay 1300",
       .at = data("forward_delay"),
       .shown = {"1200", "1300", "1400", "1500"},
       .found = "13s"},
      {.driver = "bridge",
       .parameter = "hello_time",
       .first = "\"1s\"",
       .second = "\"3s\"",
       .drift = "type bridge hello_time 400",
       .at = data("hello_time"),
       .shown = {"100", "400", "300", "200"},
       .found = "4s"},
      {.driver = "bridge",
       .parameter = "max_age",
       .first = "\"10s\"",
       .second = "\"12s\"",
       .drift = "type bridge max_age 1100",
       .at = data("max_age"),
       .shown = {"1000", "1100", "1200", "2000"},
       .found = "11s"},
      {.driver = "bridge",
       .parameter = "ageing_time",
       .first = "\"30s\"",
       .second = "\"40s\"",
       .drift = "type bridge ageing_time 5000",
       .at = data("ageing_time"),
       .shown = {"3000", "5000", "4000", "30000"},
       .found = "50s"},
      {.driver = "bridge",
       .parameter = "vlan_filtering",
       .first = "true",
       .second = "false",
       .drift = "type bridge vlan_filtering 0",
       .at = data("vlan_filtering"),
       .shown = {"1", "0", "0", "0"},
       .found = "false",
       .option = kVlan},
      {.driver = "bridge",
       .parameter = "vlan_default_pvid",
       .first = "7",
       .second = "8",
       .drift = "type bridge vlan_default_pvid 9",
       .at = data("vlan_default_pvid"),
       .shown = {"7", "9", "8", "1"},
       .option = kVlan},
      {.driver = "bridge",
       .parameter = "vlan_protocol",
       .first = "\"802.1ad\"",
       .second = "\"802.1q\"",
       .drift = "type bridge vlan_protocol 802.1Q",
       .at = data("vlan_protocol"),
       .shown = {"802.1ad", "802.1Q", "802.1Q", "802.1Q"},
       .found = "802.1q",
       .option = kVlan},
      {.driver = "bridge",
       .parameter = "vlan_stats",
       .first = "true",
       .second = "false",
       .drift = "type bridge vlan_stats_enabled 0",
       .at = data("vlan_stats_enabled"),
       .shown = {"1", "0", "0", "0"},
       .found = "false",
       .option = kVlan},
      {.driver = "bridge",
       .parameter = "multicast_snooping",
       .first = "false",
       .second = "true",
       .drift = "type bridge mcast_snooping 1",
       .at = data("mcast_snooping"),
       .shown = {"0", "1", "1", "1"},
       .found = "true"},
      {.driver = "bridge",
       .parameter = "multicast_querier",
       .first = "true",
       .second = "false",
       .drift = "type bridge mcast_querier 0",
       .at = data("mcast_querier"),
       .shown = {"1", "0", "0", "0"},
       .found = "false"},
      {.driver = "bridge",
       .parameter = "multicast_router",
       .first = "2",
       .second = "0",
       .drift = "type bridge mcast_router 0",
       .at = data("mcast_router"),
       .shown = {"2", "0", "0", "1"}},
      {.driver = "bridge",
       .parameter = "multicast_igmp_version",
       .first = "3",
       .second = "2",
       .drift = "type bridge mcast_igmp_version 2",
       .at = data("mcast_igmp_version"),
       .shown = {"3", "2", "2", "2"}},
      {.driver = "bridge",
       .parameter = "multicast_mld_version",
       .first = "2",
       .second = "1",
       .drift = "type bridge mcast_mld_version 1",
       .at = data("mcast_mld_version"),
       .shown = {"2", "1", "1", "1"}},
      {.driver = "bridge",
       .parameter = "group_fwd_mask",
       .first = "8",
       .second = "16",
       .drift = "type bridge group_fwd_mask 32",
       .at = data("group_fwd_mask"),
       .shown = {"0x8", "0x20", "0x10", "0"},
       .found = "32"},
      {.driver = "bridge",
       .parameter = "group_address",
       .first = "\"01:80:c2:00:00:05\"",
       .second = "\"01:80:c2:00:00:06\"",
       .drift = "type bridge group_address 01:80:c2:00:00:07",
       .at = data("group_addr"),
       .shown = {"01:80:c2:00:00:05", "01:80:c2:00:00:07", "01:80:c2:00:00:06", "01:80:c2:00:00:00"}},
      {.driver = "bridge",
       .parameter = "nf_call_iptables",
       .first = "true",
       .second = "false",
       .drift = "type bridge nf_call_iptables 0",
       .at = data("nf_call_iptables"),
       .shown = {"1", "0", "0", "0"},
       .found = "false",
       .option = "CONFIG_BRIDGE_NETFILTER"},
      {.driver = "bridge",
       .parameter = "nf_call_ip6tables",
       .first = "true",
       .second = "false",
       .drift = "type bridge nf_call_ip6tables 0",
       .at = data("nf_call_ip6tables"),
       .shown = {"1", "0", "0", "0"},
       .found = "false",
       .option = "CONFIG_BRIDGE_NETFILTER"},
      {.driver = "bridge",
       .parameter = "nf_call_arptables",
       .first = "true",
       .second = "false",
       .drift = "type bridge nf_call_arptables 0",
       .at = data("nf_call_arptables"),
       .shown = {"1", "0", "0", "0"},
       .found = "false",
       .option = "CONFIG_BRIDGE_NETFILTER"},
      {.driver = "macvlan",
       .parameter = "parent",
       .first = "\"b:lower\"",
       .second = "\"b:other\"",
       .at = "/link",
       .shown = {"*", "", "*", ""},
       .anew = true},
      {.driver = "macvlan",
       .parameter = "mode",
       .first = "\"private\"",
       .second = "\"vepa\"",
       .drift = "type macvlan mode bridge",
       .at = data("mode"),
       .shown = {"private", "bridge", "vepa", "bridge"}},
      {.driver = "macvlan",
       .parameter = "mode",
       .first = "\"private\"",
       .second = "\"passthru\"",
       .at = data("mode"),
       .shown = {"private", "", "passthru", "bridge"},
       .anew = true},
      {.driver = "macvlan",
       .parameter = "macs",
       .first = "[\"02:00:00:00:00:01\", \"02:00:00:00:00:02\"]",
       .second = "[\"02:00:00:00:00:03\"]",
       .with = "mode = \"source\"",
       .drift = "type macvlan macaddr del 02:00:00:00:00:02",
       .at = data("macaddr_count"),
       .shown = {"2", "1", "1", "0"},
       .found = "02:00:00:00:00:01"},
      {.driver = "macvlan",
       .parameter = "nopromisc",
       .first = "true",
       .second = "false",
       .with = "mode = \"passthru\"",
       .at = data("nopromisc"),
       .shown = {"true", "", "-", ""}},
      {.driver = "macvlan",
       .parameter = "bc_queue_len",
       .first = "77",
       .second = "88",
       .drift = "type macvlan bcqueuelen 99",
       .at = data("bcqueuelen"),
       .shown = {"77", "99", "88", "1000"}},
      {.driver = "vxlan",
       .parameter = "id",
       .first = "7",
       .second = "8",
       .at = data("id"),
       .shown = {"7", "", "8", ""},
       .anew = true},
      {.driver = "vxlan",
       .parameter = "parent",
       .first = "\"b:lower\"",
       .second = "\"b:other\"",
       .at = data("link"),
       .shown = {"*", "", "*", "-"},
       .anew = true},
      {.driver = "vxlan",
       .parameter = "remote",
       .first = "\"192.0.2.1\"",
       .second = "\"192.0.2.9\"",
       .drift = "type vxlan remote 192.0.2.3",
       .at = data("remote"),
       .shown = {"192.0.2.1", "192.0.2.3", "192.0.2.9", "-"}},
      {.driver = "vxlan",
       .parameter = "local",
       .first = "\"192.0.2.1\"",
       .second = "\"192.0.2.9\"",
       .drift = "type vxlan local 192.0.2.3",
       .at = data("local"),
       .shown = {"192.0.2.1", "192.0.2.3", "192.0.2.9", "-"}},
      {.driver = "vxlan",
       .parameter = "port",
       .first = "4790",
       .second = "4791",
       .at = data("port"),
       .shown = {"4790", "", "4791", "4789"},
       .anew = true},
      {.driver = "vxlan",
       .parameter = "ttl",
       .first = "5",
       .second = "6",
       .drift = "type vxlan ttl 9",
       .at = data("ttl"),
       .shown = {"5", "9", "6", "0"}},
      {.driver = "vxlan",
       .parameter = "tos",
       .first = "16",
       .second = "32",
       .drift = "type vxlan tos 48",
       .at = data("tos"),
       .shown = {"0x10", "0x48", "0x20", "-"},
       .found = "72"},
      {.driver = "vxlan",
       .parameter = "ageing_time",
       .first = "\"30s\"",
       .second = "\"40s\"",
       .drift = "type vxlan ageing 50",
       .at = data("ageing"),
       .shown = {"30", "50", "40", "300"},
       .found = "50s"},
      {.driver = "vxlan",
       .parameter = "learning",
       .first = "false",
       .second = "true",
       .drift = "type vxlan learning",
       .at = data("learning"),
       .shown = {"false", "true", "true", "true"},
       .found = "true"},
      {.driver = "vxlan",
       .parameter = "limit",
       .first = "10",
       .second = "20",
       .at = data("limit"),
       .shown = {"10", "", "20", "-"},
       .anew = true},
      {.driver = "vxlan",
       .parameter = "proxy",
       .first = "true",
       .second = "false",
       .at = data("proxy"),
       .shown = {"true", "", "*", ""},
       .anew = true},
      {.driver = "vxlan",
       .parameter = "l2miss",
       .first = "true",
       .second = "false",
       .at = data("l2miss"),
       .shown = {"true", "", "*", ""},
       .anew = true},
      {.driver = "vxlan",
       .parameter = "l3miss",
       .first = "true",
       .second = "false",
       .at = data("l3miss"),
       .shown = {"true", "", "*", ""},
       .anew = true},
      {.driver = "vxlan",
       .parameter = "udp_csum",
       .first = "true",
       .second = "false",
       .at = data("udp_csum"),
       .shown = {"true", "", "*", ""},
       .anew = true},
      {.driver = "vxlan",
       .parameter = "gbp",
       .first = "true",
       .second = "false",
       .at = data("gbp"),
       .shown = {"true", "", "*", ""},
       .anew = true},
      {.driver = "ifb",
       .parameter = "tx_queues",
       .first = "3",
       .second = "4",
       .at = "/num_tx_queues",
       .shown = {"3", "", "4", "*"},
       .anew = true},
  };
  for (const char* driver : {"tap", "tun"}) {
    auto more = rows_of_tun(driver);
    all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }
  return all;
}

/// The device of a row, as interface "x" of namespace a (and "y" of b), with this value of the parameter. "": none.
std::string lab_of(const Row& row, const std::string& value) {
  std::string text = "[lab]\nname = \"parameters\"\n[namespace.a]\n[namespace.b]\n";
  if (row.driver == "macvlan" || row.parameter == "parent")
    for (const std::string name : {"lower", "other"})
      text += "[device." + name + "]\ndriver = \"bridge\"\ninterfaces = [{ namespace = \"b\" }]\n";
  text += "[device.one]\ndriver = \"" + row.driver + "\"\ninterfaces = [{ namespace = \"a\", name = \"x\" }";
  if (row.driver == "veth") text += ", { namespace = \"b\", name = \"y\" }";
  text += "]\n[device.one.params]\n";
  if (row.driver == "macvlan" && row.parameter != "parent") text += "parent = \"b:lower\"\n";
  if (row.driver == "vxlan" && row.parameter != "id") text += "id = 7\n";
  if (!row.with.empty()) text += row.with + "\n";
  if (!value.empty()) text += row.parameter + " = " + value + "\n";
  return text;
}

Json link_of(const Row& row) { return ip(row.of_peer ? "-n b -d link show dev y" : "-n a -d link show dev x")[0]; }

std::string shown(const Row& row) {
  const Json link = link_of(row);
  const Json::json_pointer pointer(row.at);
  if (!link.contains(pointer)) return "-";
  const Json& value = link.at(pointer);
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// Whether this kernel has links of that kind.
bool kernel_makes(const std::string& kind) {
  return sh("unshare -n ip link add t type " + kind + (kind == "vxlan" ? " id 1 dstport 4789" : ""))
             .err.find("Unknown device type") == std::string::npos;
}

class Life {
 public:
  explicit Life(const Row& row) : row_(row) {}
  ~Life() {
    if (!ended_) cli("down parameters");
  }
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;

  void run() {
    running::up(lab_of(row_, row_.first));
    expect(0);
    running::require_clean("parameters");
    const Json number = link_of(row_)["ifindex"];
    if (!row_.drift.empty()) {
      const Result drift =
          sh("ip -n " + std::string(row_.of_peer ? "b link set dev y " : "a link set dev x ") + row_.drift);
      INFO("drift: " << drift.err);
      REQUIRE(drift.exit == 0);
      expect(1);
      check_named();
      const Json mended = running::up(lab_of(row_, row_.first));
      CHECK(mended["steps"] == 1);
      CHECK(link_of(row_)["ifindex"] == number);
      expect(0);
      running::require_clean("parameters");
    }
    const std::string lab = lab_of(row_, row_.second);
    const Json plan = Json::parse(cli("plan --json " + file("lab.toml", lab)).out);
    const auto& steps = plan["steps"];
    CHECK(std::any_of(steps.begin(), steps.end(), [](const Json& step) { return step["object"] == "device"; }) ==
          row_.anew);
    running::up(lab);
    expect(2);
    CHECK((link_of(row_)["ifindex"] != number) == row_.anew);
    running::require_clean("parameters");
    if (!row_.shown[3].empty()) {
      running::up(lab_of(row_, ""));
      expect(3);
      running::require_clean("parameters");
    }
    REQUIRE(cli("down parameters").exit == 0);
    ended_ = true;
    require_nothing_left();
  }

 private:
  void expect(std::size_t stage) const {
    const std::string& wanted = row_.shown.at(stage);
    if (wanted == "*" || wanted.empty()) return;
    INFO("stage " << stage << " of " << link_of(row_));
    CHECK(shown(row_) == wanted);
  }

  /// `verify` says which parameter, and where in the file it stands.
  void check_named() const {
    const Result result = cli("verify parameters");
    INFO("verify: " << result.out << result.err);
    CHECK(result.exit == 1);
    const std::string text = lab_of(row_, row_.first);
    const std::size_t at = text.find("\n" + row_.parameter + " = ") + 1;
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
    const std::size_t column = row_.parameter.size() + 4;
    const std::string found = row_.found.empty() ? row_.shown[1] : row_.found;
    CHECK_THAT(result.out, ContainsSubstring(std::string(row_.of_peer ? "b interface y " : "a interface x ") +
                                             row_.parameter + ": expected "));
    CHECK_THAT(result.out, ContainsSubstring(", found " + found + "  (" + directory() + "/lab.toml:" +
                                             std::to_string(line) + ":" + std::to_string(column) + ")\n"));
  }

  const Row& row_;
  bool ended_ = false;
};

}  // namespace

TEST_CASE("every parameter of every driver has a row") {
  std::set<std::string> rowed;
  for (const Row& row : rows()) rowed.insert(row.driver + "." + row.parameter);
  rowed.insert("macvlan.bc_cutoff");  // driver_test.cpp: not every kernel knows it
  const Json list = Json::parse(cli("drivers list --json").out);
  for (const Json& driver : list["drivers"]) {
    const std::string name = driver["driver"];
    const Json about = Json::parse(cli("drivers show --json " + name).out);
    for (const Json& parameter : about["parameters"]) {
      const std::string full = name + "." + parameter["name"].get<std::string>();
      INFO(full);
      if (name == "physical") continue;  // borrow_test.cpp: by them it is found, and nothing has them
      CHECK(rowed.contains(full));
    }
  }
}

TEST_CASE("every parameter is set, shown, named by verify when it drifts, mended, edited and left out") {
  int number = 0;
  for (const Row& row : rows()) {
    DYNAMIC_SECTION(row.driver << " " << row.parameter << " " << ++number) {
      INFO(row.driver << " " << row.parameter << " = " << row.first);
      if (!row.option.empty() && !kernel_lacks(row.option).empty()) continue;
      const bool is_tun = row.driver == "tap" || row.driver == "tun";
      if (!kernel_makes(is_tun ? "tun" : row.driver)) continue;
      Life(row).run();
    }
  }
}

TEST_CASE("an edit that fails gives parameters back as they were") {
  const auto lab = [](const char* priority, const char* route) {
    return std::string("[lab]\nname = \"parameters\"\n[namespace.a]\n") + route +
           "[device.br0]\ndriver = \"bridge\"\nparams = { priority = " + priority +
           " }\ninterfaces = [{ namespace = \"a\", addresses = [\"10.0.0.1/24\"] }]\n";
  };
  const auto priority = [] { return ip("-n a -d link show dev br0")[0]["linkinfo"]["info_data"]["priority"]; };
  running::up(lab("4096", ""));
  REQUIRE(sh("ip -n a link set br0 type bridge ageing_time 5000").exit == 0);
  // A gateway that no interface reaches.
  const Result failed =
      cli("up " + file("lab.toml", lab("8192", "routes = [{ destination = \"10.9.0.0/16\", via = \"192.0.2.1\" }]\n")));
  INFO(failed.err);
  CHECK(failed.exit != 0);
  CHECK(priority() == 4096);
  CHECK(ip("-n a -d link show dev br0")[0]["linkinfo"]["info_data"]["ageing_time"] == 5000);
  running::require_clean("parameters");
  REQUIRE(cli("down parameters").exit == 0);
}

TEST_CASE("an edit of a parameter leaves the interface, its addresses and its MAC alone") {
  const auto lab = [](const char* mode) {
    return std::string(
               "[lab]\nname = \"parameters\"\n[namespace.a]\n[device.lower]\ndriver = \"bridge\"\n"
               "interfaces = [{ namespace = \"a\" }]\n[device.mv]\ndriver = \"macvlan\"\nparams = { parent = "
               "\"a:lower\", mode = \"") +
           mode + "\" }\ninterfaces = [{ namespace = \"a\", addresses = [\"10.0.0.1/24\"] }]\n";
  };
  running::up(lab("bridge"));
  const Json before = ip("-n a address show dev mv")[0];
  const Json edited = running::up(lab("private"));
  CHECK(edited["steps"] == 1);
  const Json after = ip("-n a address show dev mv")[0];
  CHECK(after["ifindex"] == before["ifindex"]);
  CHECK(after["address"] == before["address"]);
  CHECK(addresses("a", "mv") == std::vector<std::string>{"10.0.0.1/24"});
  CHECK(ip("-n a -d link show dev mv")[0]["linkinfo"]["info_data"]["mode"] == "private");
  REQUIRE(cli("down parameters").exit == 0);
}

namespace {

/// A lab with one device in namespace a, named x.
std::string lab_with(const std::string& device, const std::string& params, const std::string& space = "") {
  return "[lab]\nname = \"parameters\"\n[namespace.a]\n" + space +
         "[device.lower]\ndriver = \"bridge\"\ninterfaces = [{ namespace = \"a\" }]\n[device.one]\ndriver = \"" +
         device + "\"\nparams = { " + params + " }\ninterfaces = [{ namespace = \"a\", name = \"x\" }]\n";
}
/// A gateway that no interface reaches, so that an edit fails after its devices are changed.
constexpr const char* kBadRoute = "routes = [{ destination = \"10.9.0.0/16\", via = \"192.0.2.1\" }]\n";

Json link_x() { return ip("-n a -d link show dev x")[0]; }
Json data_of_x() { return link_x()["linkinfo"]["info_data"]; }

}  // namespace

TEST_CASE("what the kernel leaves out is set by an edit, mended when it is lost, and gone when the edit fails") {
  if (!kernel_makes("vxlan")) return;
  running::up(lab_with("vxlan", "id = 7"));
  const Json number = link_x()["ifindex"];
  const std::string edited = lab_with("vxlan", "id = 7, remote = \"192.0.2.2\", local = \"192.0.2.1\"");
  const Result failed = cli("up " + file("lab.toml", lab_with("vxlan", "id = 7, remote = \"192.0.2.2\"", kBadRoute)));
  INFO(failed.err);
  CHECK(failed.exit != 0);
  CHECK_FALSE(data_of_x().contains("remote"));
  running::up(edited);
  CHECK(data_of_x()["remote"] == "192.0.2.2");
  CHECK(data_of_x()["local"] == "192.0.2.1");
  CHECK(link_x()["ifindex"] == number);
  running::require_clean("parameters");
  REQUIRE(sh("ip -n a link set dev x type vxlan remote 0.0.0.0").exit == 0);
  REQUIRE_FALSE(data_of_x().contains("remote"));
  CHECK(cli("verify parameters").exit == 1);
  running::up(edited);
  CHECK(data_of_x()["remote"] == "192.0.2.2");
  CHECK(link_x()["ifindex"] == number);
  running::up(lab_with("vxlan", "id = 7"));
  CHECK_FALSE(data_of_x().contains("remote"));
  CHECK_FALSE(data_of_x().contains("local"));
  REQUIRE(cli("down parameters").exit == 0);
}

TEST_CASE("an address of the other family makes a vxlan anew, there and back") {
  if (!kernel_makes("vxlan")) return;
  running::up(lab_with("vxlan", "id = 7, remote = \"192.0.2.2\""));
  running::up(lab_with("vxlan", "id = 7, remote = \"2001:db8::2\""));
  CHECK(data_of_x()["remote6"] == "2001:db8::2");
  running::up(lab_with("vxlan", "id = 7"));
  CHECK_FALSE(data_of_x().contains("remote6"));
  running::up(lab_with("vxlan", "id = 7, local = \"2001:db8::1\""));
  CHECK(data_of_x()["local6"] == "2001:db8::1");
  running::require_clean("parameters");
  REQUIRE(cli("down parameters").exit == 0);
}

TEST_CASE("an edit of a macvlan to mode source that fails gives its mode back") {
  running::up(lab_with("macvlan", "parent = \"a:lower\", mode = \"bridge\", macs = []"));
  const Json before = data_of_x();
  const Json number = link_x()["ifindex"];
  const std::string source = "parent = \"a:lower\", mode = \"source\", macs = [\"02:00:00:00:00:01\"]";
  const Result failed = cli("up " + file("lab.toml", lab_with("macvlan", source, kBadRoute)));
  INFO(failed.err);
  CHECK(failed.exit != 0);
  CHECK_THAT(failed.err, !ContainsSubstring("rolling back did not end well"));
  CHECK(data_of_x() == before);
  CHECK(link_x()["ifindex"] == number);
  running::up(lab_with("macvlan", source));
  CHECK(data_of_x()["macaddr_count"] == 1);
  running::up(lab_with("macvlan", "parent = \"a:lower\", mode = \"bridge\", macs = []"));
  CHECK(data_of_x() == before);
  running::require_clean("parameters");
  REQUIRE(cli("down parameters").exit == 0);
}
