// SPDX-License-Identifier: Apache-2.0
// Requests that a driver may not make. The worker refuses them, so that an honest driver hears of it at once; a hostile
// one writes to the host itself, past the worker's code, and the host must refuse them as well.
#include <linux/devlink.h>
#include <linux/ethtool_netlink.h>
#include <linux/gtp.h>
#include <linux/if_link.h>
#include <linux/nbd-netlink.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/nl80211.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <linux/taskstats.h>
#include <linux/veth.h>
#include <linux/wireguard.h>
#include <netrig/driver.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <iterator>

#include "attack/place.hpp"
#include "catch.hpp"
#include "driver/channel.hpp"
#include "driver/secrets.hpp"

using namespace scratch;
using attack::attack_by;
using attack::kImpatient;
using attack::lab_of;
using attack::Place;
using attack::require_no_trace;
namespace driver = netrig::driver;

namespace {

driver::Bytes attribute(std::uint16_t type, const driver::Bytes& value) {
  const nlattr header{.nla_len = static_cast<std::uint16_t>(sizeof(nlattr) + value.size()), .nla_type = type};
  driver::Bytes bytes(sizeof header);
  std::memcpy(bytes.data(), &header, sizeof header);
  bytes.insert(bytes.end(), value.begin(), value.end());
  bytes.resize(NLA_ALIGN(bytes.size()));
  return bytes;
}
driver::Bytes number(std::uint32_t value) {
  driver::Bytes bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}
driver::Bytes text(std::string_view words) {
  driver::Bytes bytes(words.size() + 1);
  std::memcpy(bytes.data(), words.data(), words.size());
  return bytes;
}

}  // namespace

TEST_CASE("refused by the host itself: a request past the worker's checks") {
  const auto [how, words] = GENERATE(table<std::string, std::string>({
      {"ask-kind", "a link of kind \"bridge\", which its table does not declare"},
      {"ask-delete", "a service in the wrong operation"},
      {"ask-interface", "interface 9 of 2"},
      {"ask-address", "a request of type 20"},
      {"ask-link", "a link made by a raw request"},
      {"ask-genl", "a request to generic netlink family 16"},
      {"ask-sysfs", "a sysfs path that leaves the interface"},
      {"ask-socket", "a socket that needs CAP_NET_ADMIN"},
      {"ask-tun", "a link of kind \"tun\", which its table does not declare"},
      {"ask-write",
       "a write to gro_flush_timeout in sysfs, which its table does not ask for or the policy does not grant"},
      {"ask-queue", "a queue that needs TUN, which its table does not ask for or the policy does not grant"},
      {"ask-family",
       "a request to generic netlink family \"l2tp\"; without CAP_NET_ADMIN, or a grant of "
       "that family, only \"ethtool\" is allowed"},
  }));
  CHECK_THAT(attack_by(how), ContainsSubstring("the host says no: the driver asks for what it may not: " + words));
}

TEST_CASE("a request with the flags of a dump that is none does not keep netrig waiting") {
  const Place place("hostile", NETRIG_TEST_PLUGIN_DIR);
  const std::string netrig = "--host-config " + place.policy() + " ";
  REQUIRE(cli(netrig + "up " + attack::lab_of("hostile", "how = \"endless\", when = \"destroy\"")).exit == 0);
  const Result down = sh("timeout 300 " NETRIG_BINARY " " + netrig + "down odd");
  CHECK(down.exit == 0);
  CHECK_THAT(down.err, ContainsSubstring("the kernel refuses a request of type 28: Invalid argument (EINVAL)"));
  attack::require_no_trace();
}

TEST_CASE("refused in inspect: what could change something, by whichever service") {
  const auto [kind, how, words] = GENERATE(table<std::string, std::string, std::string>({
      {"hostile", "set-down", "a change where it is only asked how things are (a request of type 16)"},
      {"hostile", "features",
       "a change where it is only asked how things are (command 12 of generic netlink family \"ethtool\")"},
      {"hostile", "ask-set",
       "the host says no: the driver asks for what it may not: a change where it is only asked how things are"},
      {"hostile", "flush", "a service in the wrong operation"},
      {"hostile", "record", "a change where it is only asked how things are (a record)"},
      {"hostile", "queue", "a change where it is only asked how things are (a queue)"},
      {"hostile", "ask-record",
       "the host says no: the driver asks for what it may not: a change where it is only asked how things are"},
      {"hostile", "tell", "it may tell nothing of that"},
      {"hostile", "forged-tell", "its worker sent a message that is malformed"},
      {"privileged", "features",
       "a change where it is only asked how things are (command 12 of generic netlink family \"ethtool\")"},
      {"privileged", "socket", "a change where it is only asked how things are (a socket of its own)"},
      {"tuning", "write", "a change where it is only asked how things are (a write to sysfs)"},
      {"tuning", "ask-write",
       "the host says no: the driver asks for what it may not: a change where it is only asked how things are"},
  }));
  const Place place(kind, NETRIG_TEST_PLUGIN_DIR);
  const std::string netrig =
      "--host-config " +
      place.policy("", "[driver." + kind + "]\ngrant = [\"CAP_NET_ADMIN\", \"sysfs:gro_flush_timeout\"]\n") + " ";
  const Result up = cli(netrig + "up " +
                        attack::lab_of(kind, "how = \"" + how + "\", when = \"inspect\"", kind == "hostile" ? 2 : 1));
  INFO(up.err);
  REQUIRE(up.exit == 0);
  const Json before = kernel_state("a");
  const std::string features = sh("ip netns exec a ethtool -k x").out;
  CHECK_THAT(features, ContainsSubstring("generic-segmentation-offload: on"));
  CHECK_THAT(cli(netrig + "--json status odd").out, ContainsSubstring(Json(words).dump().substr(1, words.size())));
  CHECK(kernel_state("a") == before);
  CHECK(sh("ip netns exec a ethtool -k x").out == features);
  CHECK(cli(netrig + "down odd").exit == 0);
  attack::require_no_trace();
}

TEST_CASE("in inspect a driver may read by generic netlink") {
  netrig::DriverDescription description;
  const std::vector<driver::InterfaceRequest> interfaces(1);
  driver::Permission permission(description, NETRIG_WANTS_NET_ADMIN, driver::Operation::inspect, interfaces, 0);
  permission.resolved_family(20, "ethtool");
  permission.resolved_family(21, "wireguard");
  const auto check = [&](std::uint16_t family, std::uint8_t command, std::uint16_t flags) {
    permission.check_genl({.family = family, .command = command, .flags = flags}, "x", [] { return 1U; });
  };
  CHECK_NOTHROW(check(20, ETHTOOL_MSG_FEATURES_GET, 0));
  CHECK_NOTHROW(check(21, 0, NLM_F_DUMP));
  CHECK_THROWS_WITH(check(20, ETHTOOL_MSG_CABLE_TEST_ACT, 0), ContainsSubstring("a change where it is only asked"));
  CHECK_THROWS_WITH(check(21, 1, 0), ContainsSubstring("command 1 of generic netlink family \"wireguard\""));
  CHECK_THROWS_WITH(check(21, 1, NLM_F_ROOT), ContainsSubstring("a change where it is only asked"));
  // What nobody looked up has no name that could be refused: 30 may be nl80211, whose dumps hand over to the hardware.
  CHECK_THROWS_WITH(check(30, 103, NLM_F_DUMP), ContainsSubstring("which it has not looked up in this operation"));
  permission.resolved_family(30, "nl80211");
  CHECK_THROWS_WITH(check(30, 103, NLM_F_DUMP), ContainsSubstring("a change where it is only asked"));
  CHECK_NOTHROW(check(30, 5, NLM_F_DUMP));
  CHECK_THROWS_WITH(permission.check_family(std::string("nl80211\0x", 9)), ContainsSubstring("by no name of one"));
}

TEST_CASE("a driver has the generic netlink families that the policy names, and no other") {
  netrig::DriverDescription description;
  const std::vector<driver::InterfaceRequest> interfaces(1);
  const std::vector<std::string> families = {"genl:wireguard", "sysfs:l2tp"};
  driver::Permission permission(description, NETRIG_WANTS_GENL, driver::Operation::create, interfaces, 0, &families);
  CHECK_NOTHROW(permission.check_family("wireguard"));
  CHECK_NOTHROW(permission.check_family("ethtool"));
  CHECK_THROWS_WITH(permission.check_family("l2tp"), ContainsSubstring("generic netlink family \"l2tp\""));
  permission.resolved_family(20, "ethtool");
  permission.resolved_family(21, "wireguard");
  const auto check = [&](std::uint16_t family, std::uint8_t command) {
    permission.check_genl({.family = family, .command = command}, "x", [] { return 1U; });
  };
  CHECK_THROWS_WITH(check(20, ETHTOOL_MSG_FEATURES_SET), ContainsSubstring("not about its interface"));
  CHECK_THROWS_WITH(check(20, 44), ContainsSubstring("to flash firmware"));
  CHECK_THROWS_WITH(check(22, 1), ContainsSubstring("generic netlink family 22"));
  permission.resolved_family(22, "l2tp");
  CHECK_THROWS_WITH(check(22, 1), ContainsSubstring("generic netlink family \"l2tp\""));
}

TEST_CASE("refused: what the kernel would look up in netrig's own process, to whomever a family is granted") {
  const auto [family, attributes, what] = GENERATE(table<std::string, driver::Bytes, std::string>({
      {"nl80211", attribute(NL80211_ATTR_NETNS_FD, number(5)), "an open file"},
      {"nl80211", attribute(NL80211_ATTR_PID, number(1)), "a process"},
      {"nl802154", attribute(29, number(5)), "an open file"},
      {"devlink", attribute(DEVLINK_ATTR_NETNS_FD, number(5)), "an open file"},
      {"devlink", attribute(DEVLINK_ATTR_NETNS_PID, number(1)), "a process"},
      {"devlink", attribute(DEVLINK_ATTR_NETNS_ID | NLA_F_NET_BYTEORDER, number(0)), "another namespace"},
      {"gtp", attribute(GTPA_NET_NS_FD, number(5)), "an open file"},
      {"l2tp", attribute(23, number(5)), "an open file"},
      {"ovpn", attribute(2 | NLA_F_NESTED, attribute(6, number(5))), "an open file"},
      {"nbd", attribute(NBD_ATTR_SOCKETS, {}), "open files"},
      {"TASKSTATS", attribute(TASKSTATS_CMD_ATTR_PID, number(1)), "a process"},
  }));
  netrig::DriverDescription description;
  const std::vector<driver::InterfaceRequest> interfaces(1);
  const std::vector<std::string> named = {"genl:" + family};
  for (const std::uint32_t granted : {NETRIG_WANTS_GENL, NETRIG_WANTS_NET_ADMIN}) {
    driver::Permission permission(description, granted, driver::Operation::create, interfaces, 0, &named);
    permission.resolved_family(21, family);
    const driver::GenlRequest request{.family = 21, .command = 1, .attributes = attributes};
    CHECK_THROWS_WITH(permission.check_genl(request, "x", [] { return 1U; }),
                      ContainsSubstring("which is " + what + " by a number of netrig's own"));
  }
}

TEST_CASE("refused: another interface, to whom the family of its own is granted") {
  netrig::DriverDescription description;
  const std::vector<driver::InterfaceRequest> interfaces(1);
  const std::vector<std::string> named = {"genl:wireguard", "genl:gtp", "genl:l2tp"};
  const auto check = [&](const std::string& family, const driver::Bytes& attributes, std::uint16_t flags = 0,
                         std::uint32_t granted = NETRIG_WANTS_GENL) {
    driver::Permission permission(description, granted, driver::Operation::create, interfaces, 0, &named);
    permission.resolved_family(21, family);
    permission.check_genl({.family = 21, .command = 1, .flags = flags, .attributes = attributes}, "wg0",
                          [] { return 7U; });
  };
  const auto refused = ContainsSubstring("that is not about its interface");
  CHECK_NOTHROW(check("wireguard", attribute(WGDEVICE_A_IFINDEX, number(7))));
  CHECK_NOTHROW(check("wireguard", attribute(WGDEVICE_A_IFNAME, text("wg0"))));
  CHECK_THROWS_WITH(check("wireguard", attribute(WGDEVICE_A_IFINDEX, number(8))), refused);
  CHECK_THROWS_WITH(check("wireguard", attribute(WGDEVICE_A_IFNAME, text("wg1"))), refused);
  CHECK_THROWS_WITH(check("wireguard", attribute(WGDEVICE_A_IFNAME, text("wg1")), NLM_F_DUMP), refused);
  CHECK_THROWS_WITH(check("wireguard", {}), refused);
  CHECK_NOTHROW(check("wireguard", {}, NLM_F_DUMP));
  driver::Bytes both = attribute(WGDEVICE_A_IFINDEX, number(7));
  const driver::Bytes second = attribute(WGDEVICE_A_IFINDEX, number(8));
  both.insert(both.end(), second.begin(), second.end());
  CHECK_THROWS_WITH(check("wireguard", both), refused);
  CHECK_NOTHROW(check("gtp", attribute(GTPA_LINK, number(7))));
  CHECK_THROWS_WITH(check("gtp", attribute(GTPA_LINK, number(8))), refused);
  CHECK_NOTHROW(check("l2tp", {}));
  CHECK_NOTHROW(check("wireguard", attribute(WGDEVICE_A_IFINDEX, number(8)), 0, NETRIG_WANTS_NET_ADMIN));
}

TEST_CASE("stopped: a driver that writes to sysfs what the policy does not name") {
  const auto [how, words] =
      GENERATE(table<std::string, std::string>({{"write", "a write to gro_flush_timeout in sysfs"},
                                                {"write-other", "a write to tx_queue_len in sysfs"},
                                                {"write-out", "a sysfs path that leaves the interface"}}));
  CHECK_THAT(attack_by(how), ContainsSubstring("the driver asks for what it may not: " + words));
}

TEST_CASE("stopped: a driver that names an interface outside the lab") {
  const auto [how, words] = GENERATE(table<std::string, std::string>(
      {{"lower", "reference 5"}, {"link", "link attribute 5"}, {"master", "link attribute 10"}}));
  CHECK_THAT(attack_by(how), ContainsSubstring(words));
}

TEST_CASE("stopped: a driver that makes a system call that could lead out") {
  const std::string call =
      GENERATE("bpf", "chroot", "execveat", "io_uring_setup", "ioctl", "keyctl", "memfd_create", "open_by_handle_at",
               "openat2", "perf_event_open", "personality", "pidfd_open", "pkey_mprotect", "prctl", "process_vm_readv",
               "process_vm_writev", "seccomp", "setuid", "socketpair", "userfaultfd");
  CHECK_THAT(attack_by(call), ContainsSubstring("it called " + call + ", which no driver may"));
}

TEST_CASE("stopped: a driver that starts a thread in a user namespace of its own") {
  CHECK_THAT(attack_by("thread-elsewhere"), ContainsSubstring("it called clone, which no driver may"));
}

TEST_CASE("stopped: a driver that starts threads without end") {
#ifdef NETRIG_SANITIZED
  skip("a sanitizer keeps more of each thread than there is room for");
#endif
  CHECK_THAT(attack_by("threads"), ContainsSubstring("there were some threads to be had"));
}

#ifdef __x86_64__
TEST_CASE("stopped: a driver that makes system calls by another ABI's numbers") {
  // Without 32-bit emulation in the kernel the instruction itself is refused.
  CHECK_THAT(attack_by("other-abi"), ContainsSubstring("its worker crashed (signal 31, SIGSYS)") ||
                                         ContainsSubstring("its worker crashed (signal 11, SIGSEGV)"));
}
#endif

TEST_CASE("refused: requests that reach an interface by a number which is no reference") {
  netrig::DriverDescription description;
  description.link_kinds = {"vxlan"};
  const std::vector<driver::InterfaceRequest> interfaces(1);
  const driver::Permission permission(description, 0, driver::Operation::create, interfaces, 0);
  const auto request = [&](std::uint16_t type, std::size_t header, const driver::Bytes& attributes) {
    driver::Bytes message(NLMSG_ALIGN(header));
    message.insert(message.end(), attributes.begin(), attributes.end());
    permission.check_request(type, 0, message);
  };
  const auto link_info = [&](std::string_view kind, std::uint16_t data) {
    driver::Bytes info = attribute(IFLA_INFO_KIND, text(kind));
    const driver::Bytes inner = attribute(IFLA_INFO_DATA, attribute(data, driver::Bytes(4)));
    info.insert(info.end(), inner.begin(), inner.end());
    return attribute(IFLA_LINKINFO | NLA_F_NESTED, info);
  };
  CHECK_THROWS_WITH(request(RTM_NEWLINK, sizeof(ifinfomsg), link_info("vxlan", IFLA_VXLAN_LINK)),
                    ContainsSubstring("which is another interface's"));
  CHECK_NOTHROW(request(RTM_NEWLINK, sizeof(ifinfomsg), link_info("vxlan", IFLA_VXLAN_AGEING)));
  CHECK_THROWS_WITH(request(RTM_NEWLINK, sizeof(ifinfomsg), link_info("bridge", IFLA_BR_PRIORITY)),
                    ContainsSubstring("a link of kind \"bridge\", which its table does not declare"));
  for (const std::uint16_t type : {RTM_NEWNEIGH, RTM_DELNEIGH})
    CHECK_THROWS_WITH(request(type, sizeof(ndmsg), attribute(NDA_IFINDEX, driver::Bytes(4))),
                      ContainsSubstring("a forwarding entry over another interface"));
  CHECK_NOTHROW(request(RTM_GETNEIGH, sizeof(ndmsg), attribute(NDA_IFINDEX, driver::Bytes(4))));
  CHECK_THROWS_WITH(
      request(RTM_NEWTFILTER, sizeof(tcmsg), attribute(TCA_OPTIONS, attribute(TCA_ACT_KIND, text("mirred")))),
      ContainsSubstring("a filter that sends packets to another interface"));
  CHECK_NOTHROW(request(RTM_NEWTFILTER, sizeof(tcmsg), attribute(TCA_OPTIONS, attribute(TCA_ACT_KIND, text("gact")))));
  for (const std::uint16_t block : {TCA_INGRESS_BLOCK, TCA_EGRESS_BLOCK})
    CHECK_THROWS_WITH(request(RTM_NEWQDISC, sizeof(tcmsg), attribute(block, driver::Bytes(4))),
                      ContainsSubstring("filters that it shares with other interfaces"));
}

TEST_CASE("refused: what a port of a bridge would change of the bridge's other ports") {
  netrig::DriverDescription description;
  description.link_kinds = {"veth"};
  const std::vector<driver::InterfaceRequest> interfaces(1);
  const auto request = [&](std::uint16_t type, std::uint16_t flags, const ndmsg& entry,
                           std::uint32_t granted = NETRIG_WANTS_NOTHING) {
    const driver::Permission permission(description, granted, driver::Operation::create, interfaces, 0);
    permission.check_request(type, flags, std::as_bytes(std::span(&entry, 1)));
  };
  const auto entry = [](std::uint8_t family, std::uint8_t flags) {
    ndmsg one{};
    one.ndm_family = family;
    one.ndm_flags = flags;
    return one;
  };
  const ndmsg own = entry(AF_BRIDGE, NTF_SELF);
  const ndmsg masters = entry(AF_BRIDGE, NTF_SELF | NTF_MASTER);
  const ndmsg plain = entry(AF_BRIDGE, 0);
  const auto of_bridge = ContainsSubstring("a forwarding entry of the bridge that its interface is a port of");
  for (const std::uint16_t type : {RTM_NEWNEIGH, RTM_DELNEIGH}) {
    CHECK_NOTHROW(request(type, 0, own));
    CHECK_NOTHROW(request(type, 0, entry(AF_INET, 0)));
    CHECK_THROWS_WITH(request(type, 0, masters), of_bridge);
    CHECK_THROWS_WITH(request(type, 0, plain), of_bridge);
    CHECK_NOTHROW(request(type, 0, masters, NETRIG_WANTS_NET_ADMIN));
  }
  CHECK_THROWS_WITH(request(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, masters), of_bridge);
  CHECK_THROWS_WITH(request(RTM_DELNEIGH, NLM_F_BULK, own), ContainsSubstring("many forwarding entries at once"));
  CHECK_NOTHROW(request(RTM_NEWNEIGH, NLM_F_EXCL, own));
  CHECK_NOTHROW(request(RTM_GETNEIGH, NLM_F_DUMP, masters));

  const driver::Permission permission(description, NETRIG_WANTS_NOTHING, driver::Operation::create, interfaces, 0);
  for (const std::uint16_t what : {IFLA_INFO_SLAVE_KIND, IFLA_INFO_SLAVE_DATA}) {
    driver::Bytes message(NLMSG_ALIGN(sizeof(ifinfomsg)));
    const driver::Bytes info = attribute(IFLA_LINKINFO | NLA_F_NESTED, attribute(what, text("bridge")));
    message.insert(message.end(), info.begin(), info.end());
    CHECK_THROWS_WITH(permission.check_request(RTM_NEWLINK, 0, message), ContainsSubstring("its interface as a port"));
  }
}

TEST_CASE("refused: a pair of which nobody named the second end") {
  const std::string kind = GENERATE("veth", "vxcan", "netkit");
  netrig::DriverDescription description;
  description.link_kinds = {kind};
  const std::vector<driver::InterfaceRequest> interfaces(1);
  driver::Permission permission(description, NETRIG_WANTS_NET_ADMIN, driver::Operation::create, interfaces, 0);
  driver::LinkOrder link;
  link.kind = kind;
  CHECK_THROWS_WITH(permission.admit(link), ContainsSubstring("a " + kind + " without its second end"));
}

TEST_CASE("stopped: a driver that makes an interface which nobody named") {
  CHECK_THAT(attack_by("half-pair", {.interfaces = 1}), ContainsSubstring("a veth without its second end"));
}

TEST_CASE("stopped: a port that changes what its bridge knows of other ports") {
  const auto [how, words] =
      GENERATE(table<std::string, std::string>({{"fdb-bulk", "many forwarding entries at once"},
                                                {"fdb-take", "a forwarding entry of the bridge"},
                                                {"slave-data", "settings of its interface as a port"}}));
  CHECK_THAT(attack_by(how), ContainsSubstring(words));
}

TEST_CASE("refused: attributes that would outgrow the nest they come into") {
  netrig::DriverDescription description;
  description.link_kinds = {"veth"};
  const std::vector<driver::InterfaceRequest> interfaces(2);
  driver::Permission permission(description, 0, driver::Operation::create, interfaces, 0);
  const nlattr header{.nla_len = 8, .nla_type = IFLA_GSO_MAX_SEGS};
  driver::Bytes most(driver::kMostAttributes);
  for (std::size_t at = 0; at < most.size(); at += 8) std::memcpy(&most[at], &header, sizeof header);
  driver::LinkOrder link;
  link.kind = "veth";
  link.data = most;
  link.peer = driver::LinkPeer{.interface = 1, .type = VETH_INFO_PEER, .attributes = most};
  CHECK_THROWS_WITH(permission.admit(link), ContainsSubstring("65536 bytes of attributes"));
  link.peer->attributes.clear();
  driver::Permission again(description, 0, driver::Operation::create, interfaces, 0);
  CHECK_NOTHROW(again.admit(link));
}

TEST_CASE("control characters of both kinds are cleaned out of a driver's text, and nothing else") {
  CHECK(driver::clean_text("a\nb\x1b[2Jc\xc2\x9b"
                           "2Jd\x7f",
                           {}, nullptr) == "a b\\x1b[2Jc\\u009b2Jd\\x7f");
  CHECK(driver::clean_text("gr\xc3\xbc\xc3\x9f \xe2\x82\xac", {}, nullptr) == "gr\xc3\xbc\xc3\x9f \xe2\x82\xac");
}

TEST_CASE("descriptors that a worker sends along are not taken") {
  const auto open_files = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
  };
  int pair[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
  driver::Channel host(netrig::UniqueFd(pair[0]), false);
  driver::Channel worker(netrig::UniqueFd(pair[1]), true);
  const auto before = open_files();
  const std::vector<int> many(200, STDIN_FILENO);
  for (int i = 0; i < 10; ++i) {
    REQUIRE(worker.send(driver::MessageType::log, {}, many) == driver::Message::How::arrived);
    const driver::Message message = host.receive();
    CHECK(message.how == driver::Message::How::arrived);
    CHECK(message.descriptors.empty());
  }
  CHECK(open_files() == before);
}

TEST_CASE("no log of drivers, no audit and no report shows a secret of a lab") {
  const std::string secret = "s3cr3t-t0k3n";
  const Place place("cveth", NETRIG_TEST_PLUGIN_DIR);
  const std::string audit = place.root + "/audit.jsonl";
  const std::string netrig = "-vv --log-file " + directory() + "/log --host-config " +
                             place.policy("", "[audit]\nlog = \"" + audit + "\"\n") + " ";
  const std::string lab = attack::lab_of("cveth", "token = \"" + secret + "\"");
  const std::string bad = file("bad.toml", read(lab) + "token = \"" + secret + "\"\n");
  std::string said;
  for (const std::string& command :
       {"plan " + lab, "up " + lab, "up " + lab, std::string("status odd"), std::string("list"),
        std::string("drivers list"), std::string("drivers show cveth"), std::string("audit"), std::string("doctor"),
        std::string("down odd"), "plan " + bad})
    for (const char* form : {"", "--json "}) {
      const Result result = cli(form + netrig + command);
      said += result.out + result.err;
    }
  CHECK_THAT(said, ContainsSubstring("cveth") && !ContainsSubstring(secret));
  CHECK_THAT(read(directory() + "/log"), ContainsSubstring("cveth") && !ContainsSubstring(secret));
  CHECK_THAT(read(audit), ContainsSubstring("cveth") && !ContainsSubstring(secret));
  attack::require_no_trace();
}

TEST_CASE("a driver in its worker changes through a family that the policy grants, and not without the grant") {
  const Place place("granted", NETRIG_TEST_PLUGIN_DIR);
  const std::string lab = lab_of("granted", "how = \"features-elsewhere\", when = \"create\"");
  SECTION("not granted") {
    const Result up = cli("--host-config " + place.policy("", kImpatient) + " up " + lab);
    CHECK(up.exit != 0);
    CHECK_THAT(up.err, ContainsSubstring("an ethtool request that is not about its interface"));
  }
  SECTION("another family granted") {
    const std::string policy = place.policy("", kImpatient + "[driver.granted]\ngrant = [\"genl:wireguard\"]\n");
    const Result up = cli("--host-config " + policy + " up " + lab);
    CHECK(up.exit != 0);
    CHECK_THAT(up.err, ContainsSubstring("an ethtool request that is not about its interface"));
  }
  SECTION("granted") {
    const std::string policy = place.policy("", kImpatient + "[driver.granted]\ngrant = [\"genl:ethtool\"]\n");
    const Result up = cli("--host-config " + policy + " up " + lab);
    INFO(up.err);
    REQUIRE(up.exit == 0);
    CHECK_THAT(sh("ip netns exec a ethtool -k lo").out, ContainsSubstring("generic-segmentation-offload: off"));
    CHECK_THAT(sh("ip netns exec b ethtool -k lo").out, ContainsSubstring("generic-segmentation-offload: on"));
    CHECK(cli("--host-config " + policy + " down odd").exit == 0);
  }
  require_no_trace();
}
TEST_CASE("without the grant a driver gives a TUN to nobody whom the lab file does not name") {
  netrig::DriverDescription description;
  description.kind = "tap";
  description.link_kinds = {"tun"};
  const std::vector<driver::InterfaceRequest> interfaces(1);
  const auto admits = [&](std::uint32_t granted, std::uint32_t owner, const netrig::Parameters* parameters) {
    driver::Permission permission(description, granted, driver::Operation::create, interfaces, 0);
    try {
      permission.admit_tun({.interface = 0, .type = NETRIG_TUN_ETHERNET, .owner = owner}, parameters);
      return true;
    } catch (const netrig::Error& error) {
      CHECK(error.code() == netrig::ErrorCode::denied);
      return false;
    }
  };
  netrig::Parameters named;
  named["owner"].values = {std::int64_t{1000}};
  CHECK(admits(0, NETRIG_NONE, nullptr));
  CHECK(admits(0, 1000, &named));
  CHECK_FALSE(admits(0, 1001, &named));
  CHECK_FALSE(admits(0, 1000, nullptr));
  CHECK(admits(NETRIG_WANTS_TUN, 1001, &named));
  // A default is the driver's own word.
  netrig::ParameterDeclaration owner;
  owner.name = "owner";
  owner.type = netrig::ParameterType::integer;
  owner.default_text = "1000";
  description.parameters = {owner};
  CHECK_FALSE(admits(0, 1000, &named));
}
