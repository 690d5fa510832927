// SPDX-License-Identifier: Apache-2.0
// The mock host of the SDK: that it does what netrig does, and says what a unit test of a driver wants to know.
#include <fcntl.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <linux/wireguard.h>
#include <netrig/attributes.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

#include "catch.hpp"
#include "driver/in_process.hpp"
#include "driver/permission.hpp"
#include "driver/table.hpp"
#include "mock_probe.hpp"

namespace netrig::mock_test {

Doing doing;

namespace {

using Catch::Matchers::StartsWith;

const netrig_device* existing = nullptr;

netrig_status on_request(const netrig_host* host, netrig_call* call, const netrig_request* /*request*/) {
  return doing ? doing(host, call) : NETRIG_OK;
}
netrig_status on_device(const netrig_host* host, netrig_call* call, const netrig_device* device) {
  existing = device;
  const netrig_status status = doing ? doing(host, call) : NETRIG_OK;
  existing = nullptr;
  return status;
}

}  // namespace
}  // namespace netrig::mock_test

// As C, in which what is not said is zero, has it.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
NETRIG_TABLE(28) = {
    NETRIG_TABLE_NOTE,
    .about = {NETRIG_ABOUT(28), .functions = 63,
              .wants = NETRIG_WANTS_GENL | NETRIG_WANTS_NET_RAW | NETRIG_WANTS_TUN | NETRIG_WANTS_SYSFS,
              .min_interfaces = 2, .max_interfaces = 3, .name = "probe", .version = "1.0.0",
              .summary = "what a test wants", .link_kinds = "veth vxlan tun"},
    .parameters = {
        {NETRIG_PARAMETER, .type = NETRIG_TYPE_INTEGER, .minimum = 1, .maximum = 4096, .name = "queues",
         .default_text = "2"},
        {NETRIG_PARAMETER, .type = NETRIG_TYPE_STRING, .flags = NETRIG_PARAMETER_SECRET, .name = "key"},
        {NETRIG_PARAMETER, .type = NETRIG_TYPE_ENUM, .flags = NETRIG_PARAMETER_INSPECTED, .name = "mode",
         .choices = "private=1 vepa=2! bridge=4"},
        {NETRIG_PARAMETER, .type = NETRIG_TYPE_BOOL, .flags = NETRIG_PARAMETER_INSPECTED, .name = "on"},
        {NETRIG_PARAMETER, .type = NETRIG_TYPE_MAC, .flags = NETRIG_PARAMETER_LIST | NETRIG_PARAMETER_INSPECTED,
         .name = "senders"},
        {NETRIG_PARAMETER, .type = NETRIG_TYPE_ADDRESS, .name = "remote"},
        {NETRIG_PARAMETER, .type = NETRIG_TYPE_PREFIX, .name = "net"},
        {NETRIG_PARAMETER, .type = NETRIG_TYPE_DURATION, .name = "wait"},
        {NETRIG_PARAMETER, .type = NETRIG_TYPE_RATE, .name = "rate"},
        {NETRIG_PARAMETER, .type = NETRIG_TYPE_INTERFACE, .name = "parent"},
        {NETRIG_PARAMETER, .type = NETRIG_TYPE_INTEGER, .flags = NETRIG_PARAMETER_CREATE_ONLY, .minimum = -5,
         .maximum = 5, .name = "offset"},
        {NETRIG_PARAMETER, .type = NETRIG_TYPE_STRING, .name = "note", .unset_text = "none", .only_with = "on=true"},
        {NETRIG_PARAMETER, .type = NETRIG_TYPE_STRING, .name = "late", .only_with = "wait=60s"},
        {NETRIG_PARAMETER, .type = NETRIG_TYPE_FRACTION, .flags = NETRIG_PARAMETER_INSPECTED,
         .minimum = NETRIG_PERCENT(1), .maximum = NETRIG_PERCENT(50), .name = "share"},
        {NETRIG_PARAMETER, .type = NETRIG_TYPE_BYTES, .flags = NETRIG_PARAMETER_INSPECTED, .minimum = 6, .maximum = 6,
         .name = "hello"},
        {NETRIG_PARAMETER, .type = NETRIG_TYPE_BYTES, .flags = NETRIG_PARAMETER_SECRET, .name = "password"},
        {NETRIG_PARAMETER, .type = NETRIG_TYPE_NAMESPACE, .name = "beside"},
        {NETRIG_PARAMETER, .type = NETRIG_TYPE_TABLE, .minimum = 1, .maximum = 3, .name = "peers"},
        {NETRIG_PARAMETER, .type = NETRIG_TYPE_BYTES, .flags = NETRIG_PARAMETER_REQUIRED, .minimum = 1, .maximum = 32,
         .name = "peers.id", .help = "who it is"},
        {NETRIG_PARAMETER, .type = NETRIG_TYPE_INTEGER, .minimum = 1, .maximum = 65535, .name = "peers.port",
         .default_text = "51820"},
        {NETRIG_PARAMETER, .type = NETRIG_TYPE_DURATION, .name = "peers.wait"},
        {NETRIG_PARAMETER, .type = NETRIG_TYPE_PREFIX, .flags = NETRIG_PARAMETER_LIST, .name = "peers.allowed"},
        {NETRIG_PARAMETER, .type = NETRIG_TYPE_BYTES, .flags = NETRIG_PARAMETER_SECRET, .name = "peers.key"},
        {NETRIG_PARAMETER, .type = NETRIG_TYPE_NAMESPACE, .name = "peers.home"},
        {NETRIG_PARAMETER, .type = NETRIG_TYPE_FILE, .minimum = 1, .maximum = 100, .name = "settings"},
        {NETRIG_PARAMETER, .type = NETRIG_TYPE_FILE, .flags = NETRIG_PARAMETER_LIST, .name = "tokens"},
        {NETRIG_PARAMETER, .type = NETRIG_TYPE_FILE, .flags = NETRIG_PARAMETER_SECRET, .name = "hidden"},
        {NETRIG_PARAMETER, .type = 200, .name = "mood", .default_text = "of a later ABI"},
    }};
#pragma GCC diagnostic pop
extern "C" {
extern NETRIG_EXPORT const netrig_functions netrig_driver;
const netrig_functions netrig_driver = {.struct_size = sizeof(netrig_functions),
                                        .reserved = 0,
                                        .validate = netrig::mock_test::on_request,
                                        .create = netrig::mock_test::on_request,
                                        .destroy = netrig::mock_test::on_device,
                                        .inspect = netrig::mock_test::on_device,
                                        .change = netrig::mock_test::on_device,
                                        .settle = netrig::mock_test::on_device};
}

namespace netrig::mock_test {

std::shared_ptr<const DriverDescription> about_probe() {
  return std::make_shared<const DriverDescription>(driver::read_table(std::as_bytes(
      std::span(reinterpret_cast<const char*>(&netrig_plugin.about),
                sizeof netrig_plugin.about + netrig_plugin.about.parameter_count * sizeof(netrig_parameter)))));
}

Mock made() {
  Mock mock;
  doing = make_pair;
  REQUIRE(mock.create() == NETRIG_OK);
  REQUIRE(mock.broken().empty());
  return mock;
}

namespace {

const netrig_netlink& netlink(const netrig_host* host, netrig_call* call) {
  return *static_cast<const netrig_netlink*>(host->service(call, NETRIG_NETLINK_1));
}
const netrig_genl& genl(const netrig_host* host, netrig_call* call) {
  return *static_cast<const netrig_genl*>(host->service(call, NETRIG_GENL_1));
}

netrig_link pair_of(const netrig_attributes* attributes = nullptr) {
  netrig_link link{};
  link.struct_size = sizeof link;
  link.kind = "veth";
  link.peer = 1;
  link.peer_type = VETH_INFO_PEER;
  link.lower = NETRIG_NONE;
  if (attributes != nullptr) {
    link.attributes = link.peer_attributes = attributes->buffer;
    link.attributes_size = link.peer_attributes_size = attributes->size;
  }
  return link;
}

/// The kernel, to a driver in netrig's own process: all is well.
class Content final : public driver::Services {
 public:
  driver::Flushed flush(std::vector<driver::Order> orders) override {
    return {.made = {}, .done = orders.size(), .refusal = {}};
  }
  void save_record(driver::Bytes /*record*/) override {}
  std::uint32_t ifindex(std::uint32_t interface) override { return 100 + interface; }
  bool get_link(std::uint32_t /*interface*/, const Receive& /*each*/) override { return true; }
  void request(std::uint32_t, std::uint16_t, std::uint16_t, std::span<const std::byte>, const Receive&) override {}
  std::optional<std::uint16_t> genl_family(std::uint32_t /*interface*/, const std::string& name) override {
    return name == "nlctrl" ? GENL_ID_CTRL : 20;
  }
  void genl_request(std::uint32_t, std::uint16_t, std::uint8_t, std::uint8_t, std::uint16_t, std::span<const std::byte>,
                    const Receive&) override {}
  std::optional<std::string> sysfs(std::uint32_t, const std::string&) override { return std::nullopt; }
  bool write_sysfs(std::uint32_t, const std::string&, std::span<const std::byte>) override { return true; }
  UniqueFd open_socket(std::uint32_t, std::uint32_t) override { return {}; }
  std::uint32_t create_tun(const driver::TunOrder& order) override { return 100 + order.interface; }
  UniqueFd open_queue(std::uint32_t) override { return {}; }
  void log(std::uint32_t, const std::string&) override {}
  [[nodiscard]] bool interrupted() const override { return false; }
};

}  // namespace

netrig_status make_pair(const netrig_host* host, netrig_call* call) {
  const netrig_link link = pair_of();
  return netlink(host, call).create_link(call, &link);
}

FromNetrig run_by_netrig(const ByNetrig& what) {
  driver::DriverRules rules;
  rules.named = std::vector<std::string>{};
  rules.deadline = std::chrono::seconds(60);
  const auto driver = driver::make_in_process(netrig_driver, about_probe(), rules);
  const bool there = what.operation != driver::Operation::create;
  const std::vector<driver::InterfaceRequest> interfaces = {{.name = "eth0", .ifindex = there ? 100U : 0U},
                                                            {.name = "eth1", .ifindex = there ? 101U : 0U}};
  Content content;
  FromNetrig from;
  try {
    if (what.operation == driver::Operation::create) {
      driver->create({.lab = "mock",
                      .device = "device",
                      .interfaces = interfaces,
                      .references = what.references,
                      .parameters = &what.parameters,
                      .deadline = driver::Clock::time_point::max()},
                     content);
      return from;
    }
    const driver::DeviceRequest request{.lab = "mock",
                                        .device = "device",
                                        .interfaces = interfaces,
                                        .references = what.references,
                                        .parameters = &what.parameters,
                                        .record = {},
                                        .changed = what.changed,
                                        .deadline = driver::Clock::time_point::max()};
    if (what.operation == driver::Operation::inspect) from.told = driver->inspect(request, content).told;
    if (what.operation == driver::Operation::destroy) driver->destroy(request, content);
    if (what.operation == driver::Operation::settle) driver->settle(request, content);
    if (what.operation == driver::Operation::change) driver->change(request, content);
  } catch (const Error& error) {
    from.message = error.message();
  }
  return from;
}

namespace {

struct Misdeed {
  const char* law;
  driver::Operation operation;
  Doing doing;
};

netrig_status order(const netrig_host* host, netrig_call* call, const std::function<void(netrig_link&)>& spoil) {
  netrig_link link = pair_of();
  spoil(link);
  return netlink(host, call).create_link(call, &link);
}
/// One attribute of four bytes.
std::array<std::uint32_t, 2> number(std::uint16_t type, std::uint32_t value) {
  return {8U | static_cast<std::uint32_t>(type) << 16U, value};
}

netrig_status neighbour(const netrig_host* host, netrig_call* call, std::uint16_t type, std::uint16_t flags,
                        std::uint8_t how, std::uint16_t attribute = NDA_DST) {
  struct {
    ndmsg header;
    std::array<std::uint32_t, 2> attribute;
  } message{.header = {}, .attribute = number(attribute, 1)};
  message.header.ndm_family = AF_BRIDGE;
  message.header.ndm_flags = how;
  return netlink(host, call).request(call, 0, type, flags, &message, sizeof message, nullptr, nullptr);
}

netrig_status write(const netrig_host* host, netrig_call* call, const char* path) {
  return static_cast<const netrig_sysfs*>(host->service(call, NETRIG_SYSFS_1))->write(call, 0, path, "1", 1);
}

const auto kFirst = number(IFLA_MASTER, 1);
const auto kVxlanLink = number(IFLA_VXLAN_LINK, 1);
const std::array<std::uint32_t, 1> kCutOff = {200};
/// Many that are harmless, and then one that is not.
const auto kLong = [] {
  std::array<std::uint32_t, 400> list{};
  for (std::size_t i = 0; i < list.size(); i += 2) {
    const auto one = number(i + 2 == list.size() ? IFLA_MASTER : IFLA_NUM_TX_QUEUES, 1);
    list.at(i) = one[0];
    list.at(i + 1) = one[1];
  }
  return list;
}();

const std::vector<Misdeed> kMisdeeds = {
    {"NRD-25", driver::Operation::create,
     [](auto* host, auto* call) { return order(host, call, [](netrig_link& link) { link.kind = "bridge"; }); }},
    {"NRD-25", driver::Operation::create,
     [](auto* host, auto* call) { return order(host, call, [](netrig_link& link) { link.interface = 7; }); }},
    {"NRD-25", driver::Operation::create,
     [](auto* host, auto* call) { return order(host, call, [](netrig_link& link) { link.peer = 0; }); }},
    {"NRD-25", driver::Operation::create,
     [](auto* host, auto* call) { return order(host, call, [](netrig_link& link) { link.lower = 5; }); }},
    {"NRD-18", driver::Operation::create,
     [](auto* host, auto* call) { return order(host, call, [](netrig_link& link) { link.peer_type = 9; }); }},
    {"NRD-25", driver::Operation::create,
     [](auto* host, auto* call) {
       return order(host, call, [](netrig_link& link) {
         link.attributes = kFirst.data();
         link.attributes_size = 8;
       });
     }},
    {"NRD-25", driver::Operation::create,
     [](auto* host, auto* call) {
       return order(host, call, [](netrig_link& link) {
         link.attributes = kCutOff.data();
         link.attributes_size = 4;
       });
     }},
    {"NRD-25", driver::Operation::create,
     [](auto* host, auto* call) {
       return order(host, call, [](netrig_link& link) {
         link.attributes = kLong.data();
         link.attributes_size = kLong.size() * 4;
       });
     }},
    {"NRD-18", driver::Operation::create,
     [](auto* host, auto* call) {
       return order(host, call, [](netrig_link& link) {
         link.kind = "vxlan";
         link.data = kVxlanLink.data();
         link.data_size = 8;
         link.peer = NETRIG_NONE;
       });
     }},
    {"NRD-39", driver::Operation::create,
     [](auto* host, auto* call) { return order(host, call, [](netrig_link& link) { link.peer = NETRIG_NONE; }); }},
    {"NRD-39", driver::Operation::settle,
     [](auto* host, auto* call) { return neighbour(host, call, RTM_DELNEIGH, NLM_F_BULK, NTF_SELF); }},
    {"NRD-39", driver::Operation::settle,
     [](auto* host, auto* call) { return neighbour(host, call, RTM_NEWNEIGH, NLM_F_REPLACE, NTF_MASTER); }},
    {"NRD-39", driver::Operation::settle,
     [](auto* host, auto* call) { return neighbour(host, call, RTM_DELNEIGH, 0, 0); }},
    {"NRD-18", driver::Operation::settle,
     [](auto* host, auto* call) { return neighbour(host, call, RTM_DELNEIGH, 0, NTF_SELF, NDA_IFINDEX); }},
    {"NRD-39", driver::Operation::settle,
     [](auto* host, auto* call) {
       std::array<std::uint32_t, 6> message{};
       message[4] = 8U | IFLA_LINKINFO << 16U;
       message[5] = 4U | IFLA_INFO_SLAVE_DATA << 16U;
       return netlink(host, call).request(call, 0, RTM_NEWLINK, 0, message.data(), sizeof message, nullptr, nullptr);
     }},
    {"NRD-39", driver::Operation::settle,
     [](auto* host, auto* call) {
       std::array<char, 32> message{};  // struct tcmsg, and one attribute
       const std::uint16_t head[2] = {11, TCA_KIND};
       std::memcpy(message.data() + sizeof(tcmsg), head, sizeof head);
       std::memcpy(message.data() + sizeof(tcmsg) + sizeof head, "mirred", 7);
       return netlink(host, call).request(call, 0, RTM_NEWTFILTER, 0, message.data(), message.size(), nullptr, nullptr);
     }},
    {"NRD-39", driver::Operation::settle,
     [](auto* host, auto* call) {
       std::array<std::uint32_t, 7> message{};  // struct tcmsg, and one attribute
       message[5] = 8U | TCA_INGRESS_BLOCK << 16U;
       return netlink(host, call).request(call, 0, RTM_NEWQDISC, 0, message.data(), sizeof message, nullptr, nullptr);
     }},
    {"NRD-25", driver::Operation::inspect,
     [](auto* host, auto* call) {
       return genl(host, call).request(call, 0, 40, 1, 1, NLM_F_DUMP, nullptr, 0, nullptr, nullptr);
     }},
    {"NRD-25", driver::Operation::settle, [](auto* host, auto* call) { return make_pair(host, call); }},
    {"NRD-25", driver::Operation::settle,
     [](auto* host, auto* call) { return netlink(host, call).delete_link(call, 0); }},
    {"NRD-25", driver::Operation::settle,
     [](auto* host, auto* call) {
       return netlink(host, call).set_link(call, 0, nullptr, nullptr, 0, kFirst.data(), 8);
     }},
    {"NRD-25", driver::Operation::settle,
     [](auto* host, auto* call) {
       const rtgenmsg message{AF_INET};
       return netlink(host, call).request(call, 0, RTM_NEWADDR, 0, &message, sizeof message, nullptr, nullptr);
     }},
    {"NRD-25", driver::Operation::settle,
     [](auto* host, auto* call) {
       const ifinfomsg message{};
       return netlink(host, call)
           .request(call, 0, RTM_NEWLINK, NLM_F_CREATE, &message, sizeof message, nullptr, nullptr);
     }},
    {"NRD-25", driver::Operation::settle,
     [](auto* host, auto* call) {
       return netlink(host, call).request(call, 0, RTM_GETLINK, 0, "", 1, nullptr, nullptr);
     }},
    {"NRD-40", driver::Operation::inspect,
     [](auto* host, auto* call) {
       const ifinfomsg message{};
       return netlink(host, call).request(call, 0, RTM_NEWLINK, 0, &message, sizeof message, nullptr, nullptr);
     }},
    {"NRD-40", driver::Operation::inspect, [](auto* host, auto* call) { return host->save_record(call, "x", 1); }},
    {"NRD-40", driver::Operation::inspect,
     [](auto* host, auto* call) {
       std::uint16_t id = 0;
       if (genl(host, call).family(call, 0, "ethtool", &id) != NETRIG_OK) return NETRIG_INTERNAL;
       return genl(host, call).request(call, 0, id, ETHTOOL_MSG_FEATURES_SET, 1, 0, nullptr, 0, nullptr, nullptr);
     }},
    {"NRD-25", driver::Operation::settle,
     [](auto* host, auto* call) {
       std::uint16_t id = 0;
       return genl(host, call).family(call, 0, "wireguard", &id);
     }},
    {"NRD-25", driver::Operation::settle,
     [](auto* host, auto* call) {
       std::uint16_t id = 0;
       if (genl(host, call).family(call, 0, "nlctrl", &id) != NETRIG_OK) return NETRIG_INTERNAL;
       return genl(host, call).request(call, 0, id, CTRL_CMD_GETFAMILY, 1, 0, nullptr, 0, nullptr, nullptr);
     }},
    {"NRD-25", driver::Operation::settle,
     [](auto* host, auto* call) {
       std::uint16_t id = 0;
       if (genl(host, call).family(call, 0, "ethtool", &id) != NETRIG_OK) return NETRIG_INTERNAL;
       return genl(host, call).request(call, 0, id, ETHTOOL_MSG_FEATURES_SET, 1, 0, kFirst.data(), 8, nullptr, nullptr);
     }},
    {"NRD-25", driver::Operation::settle,
     [](auto* host, auto* call) {
       return genl(host, call).request(call, 0, 3, 1, 1, 0, nullptr, 0, nullptr, nullptr);
     }},
    {"NRD-25", driver::Operation::settle,
     [](auto* host, auto* call) {
       std::int32_t fd = -1;
       return static_cast<const netrig_socket*>(host->service(call, NETRIG_SOCKET_1))
           ->open(call, 0, NETRIG_SOCKET_PACKET, &fd);
     }},
    {"NRD-25", driver::Operation::settle,
     [](auto* host, auto* call) {
       std::int32_t fd = -1;
       return static_cast<const netrig_tun*>(host->service(call, NETRIG_TUN_1))->open_queue(call, 0, &fd);
     }},
    {"NRD-25", driver::Operation::create,
     [](auto* host, auto* call) {
       const netrig_tun_device device{sizeof device, 0, NETRIG_TUN_ETHERNET, 0, 1000, NETRIG_NONE};
       return static_cast<const netrig_tun*>(host->service(call, NETRIG_TUN_1))->create(call, &device);
     }},
    {"NRD-18", driver::Operation::settle,
     [](auto* host, auto* call) {
       std::array<char, 64> text{};
       std::uint32_t size = text.size();
       return static_cast<const netrig_sysfs*>(host->service(call, NETRIG_SYSFS_1))
           ->read(call, 0, "../lo/address", text.data(), &size);
     }},
    {"NRD-18", driver::Operation::settle,
     [](auto* host, auto* call) { return write(host, call, "../lo/gro_flush_timeout"); }},
    {"NRD-25", driver::Operation::settle,
     [](auto* host, auto* call) { return write(host, call, "gro_flush_timeout"); }},
    {"NRD-40", driver::Operation::inspect,
     [](auto* host, auto* call) { return write(host, call, "gro_flush_timeout"); }},
    {"NRD-25", driver::Operation::create, [](auto* host, auto* call) { return host->set_interface(call, 0, 0); }},
    {"NRD-37", driver::Operation::create, [](auto* /*host*/, auto* /*call*/) { return NETRIG_OK; }},
    {"NRD-26", driver::Operation::settle, [](auto* /*host*/, auto* /*call*/) { return NETRIG_BUSY; }},
};

std::uint32_t bit_of(driver::Operation operation) { return 1U << static_cast<unsigned>(operation); }

}  // namespace

TEST_CASE("the mock host refuses what netrig refuses, in its words, and names the law") {
  for (std::size_t i = 0; i < kMisdeeds.size(); ++i) {
    const Misdeed& one = kMisdeeds[i];
    INFO("misdeed " << i);
    Mock mock;
    if (one.operation != driver::Operation::create) {
      doing = make_pair;
      REQUIRE(mock.create() == NETRIG_OK);
    }
    doing = one.doing;
    CHECK(netrig_mock_run(mock.raw(), bit_of(one.operation)) != NETRIG_OK);
    const std::string said = run_by_netrig({.operation = one.operation}).message;
    CHECK_FALSE(said.empty());
    CHECK_THAT(said, StartsWith(mock.message()));
    CHECK_THAT(mock.broken(), StartsWith(one.law) && ContainsSubstring(mock.message()));
  }
}

TEST_CASE("the mock host fails what is denied, whatever the driver returns") {
  Mock mock;
  doing = [](auto* host, auto* call) {
    order(host, call, [](netrig_link& link) { link.kind = "bridge"; });
    return make_pair(host, call);
  };
  CHECK(mock.create() == NETRIG_DENIED);
  CHECK(mock.message() ==
        "the driver asks for what it may not: a link of kind \"bridge\", which its table does not declare");
}

TEST_CASE("the mock host shows a link with its attributes, and its peer's") {
  Mock mock;
  doing = [](auto* host, auto* call) {
    std::array<std::uint8_t, 64> buffer{};
    netrig_attributes attributes{buffer.data(), buffer.size(), 0, 0, 0};
    std::int64_t queues = 0;
    if (host->get_integer(call, "queues", 0, &queues) != NETRIG_OK) return NETRIG_INTERNAL;
    netrig_put_u32(&attributes, IFLA_NUM_TX_QUEUES, static_cast<std::uint32_t>(queues));
    const netrig_link link = pair_of(&attributes);
    return netlink(host, call).create_link(call, &link);
  };
  CHECK(mock.create() == NETRIG_OK);
  CHECK(mock.asked().size() == 1);
  const Asked link = mock.asked("create_link");
  CHECK(std::string(link.text) == "veth");
  CHECK(link.status == NETRIG_OK);
  CHECK(link.peer == 1);
  CHECK(link.type == VETH_INFO_PEER);
  CHECK(link.attribute(IFLA_NUM_TX_QUEUES) == 2);
  CHECK(link.of_peer(IFLA_NUM_TX_QUEUES) == 2);
  CHECK(link.in_data(IFLA_NUM_TX_QUEUES) == std::nullopt);
  CHECK(mock.interface(0).ifindex != 0);
  CHECK(mock.interface(1).ifindex != 0);
  CHECK_THROWS_AS(mock.asked("create_link", 2), std::out_of_range);
  std::array<netrig_mock_attribute, 2> list{};
  CHECK(netrig_mock_attributes(link.attributes, list.data(), list.size()) == 1);
  CHECK(list[0].type == IFLA_NUM_TX_QUEUES);
  CHECK(list[0].value.size == 4);
}

TEST_CASE("the mock's kernel refuses what is queued behind the operation, or in flush") {
  Mock mock;
  netrig_error error{};
  doing = [](auto* host, auto* call) { return make_pair(host, call); };
  mock.refuse("create_link", 1, EEXIST, "so called already");
  CHECK(mock.create() == NETRIG_EXISTS);
  CHECK(mock.message() == "the kernel refuses a veth eth0: File exists: so called already");
  CHECK(mock.asked("create_link").error_number == EEXIST);
  CHECK(mock.broken().empty());
  CHECK(mock.interface(0).ifindex == 0);

  doing = [&](auto* host, auto* call) {
    error.struct_size = sizeof error;
    netrig_status status = make_pair(host, call);
    if (status != NETRIG_OK) return status;
    if (netlink(host, call).link_ifindex(call, 0) != 0)
      return host->fail(call, NETRIG_INTERNAL, "it is there too early");
    status = netlink(host, call).flush(call);
    if (status != NETRIG_UNSUPPORTED || host->last_error(call, &error) != NETRIG_OK) return NETRIG_INTERNAL;
    // The same again, in another way.
    status = make_pair(host, call);
    if (status != NETRIG_OK || netlink(host, call).flush(call) != NETRIG_OK) return NETRIG_INTERNAL;
    if (host->last_error(call, &error) != NETRIG_NOT_FOUND) return NETRIG_INTERNAL;
    return netlink(host, call).link_ifindex(call, 1) != 0 ? NETRIG_OK : NETRIG_INTERNAL;
  };
  mock.refuse("create_link", 1, EOPNOTSUPP, "");
  CHECK(mock.create() == NETRIG_OK);
  CHECK(error.error_number == EOPNOTSUPP);
  CHECK(mock.asked("create_link", 1).status == NETRIG_UNSUPPORTED);
  CHECK(mock.asked("create_link", 2).status == NETRIG_OK);
}

TEST_CASE("the mock host gives later operations the record, and calls destroy only for what create has left") {
  Mock mock;
  doing = [](auto* host, auto* call) {
    if (host->save_record(call, "first", 5) != NETRIG_OK || host->save_record(call, "gro=1", 5) != NETRIG_OK)
      return NETRIG_INTERNAL;
    return host->fail(call, NETRIG_BUSY, "it fails behind the record");
  };
  CHECK(mock.create() == NETRIG_BUSY);
  CHECK(mock.record() == "gro=1");
  std::string seen;
  doing = [&](auto* /*host*/, auto* /*call*/) {
    seen.assign(static_cast<const char*>(existing->record), existing->record_size);
    return NETRIG_NOT_FOUND;  // from destroy this is success
  };
  CHECK(mock.destroy() == NETRIG_OK);
  CHECK(seen == "gro=1");
  CHECK(mock.record().empty());

  mock = made();
  doing = [](auto* host, auto* call) { return netlink(host, call).delete_link(call, 1); };
  CHECK(mock.destroy() == NETRIG_OK);  // the peer goes with it
  CHECK(mock.broken().empty());
  mock = made();
  doing = {};
  CHECK(mock.destroy() == NETRIG_OK);
  CHECK_THAT(mock.broken(), StartsWith("NRD-38: destroy has left interface eth0"));
  doing = [](auto* host, auto* call) {
    static const std::array<char, NETRIG_RECORD_MAX + 1> long_one{};
    if (host->save_record(call, long_one.data(), long_one.size()) != NETRIG_INVALID) return NETRIG_INTERNAL;
    return make_pair(host, call);
  };
  CHECK(mock.create() == NETRIG_OK);
  CHECK_THAT(mock.broken(), StartsWith("NRD-27"));
}

TEST_CASE("the mock host reads parameters as a lab file's") {
  Mock mock;
  mock.set("queues", "4")
      .set("mode", "bridge")
      .set("on", "true")
      .set("remote", "2001:db8::1")
      .set("net", "192.0.2.0/24");
  mock.set("wait", "1.5s").set("rate", "100Mbit").set("parent", "left:eth7").set("offset", "-5").set("key", "s3cret");
  mock.add("senders", "02:00:00:00:00:01").add("senders", "02:00:00:00:00:02");
  bool all = false;
  doing = [&](auto* host, auto* call) {
    std::int64_t number = 0;
    std::uint8_t on = 0;
    const char* text = nullptr;
    std::array<std::uint8_t, 16> bytes{};
    std::uint8_t family = 0;
    std::uint8_t length = 0;
    const netrig_reference* parent = nullptr;
    CHECK(host->get_integer(call, "queues", 0, &number) == NETRIG_OK);
    CHECK(number == 4);
    CHECK(host->get_integer(call, "mode", 0, &number) == NETRIG_OK);
    CHECK(number == 4);
    CHECK(host->get_string(call, "mode", 0, &text) == NETRIG_OK);
    CHECK(std::string(text) == "bridge");
    CHECK(host->get_bool(call, "on", 0, &on) == NETRIG_OK);
    CHECK(on == 1);
    CHECK(host->count(call, "senders") == 2);
    CHECK(host->get_mac(call, "senders", 1, bytes.data()) == NETRIG_OK);
    CHECK(bytes[5] == 2);
    CHECK(host->get_mac(call, "senders", 2, bytes.data()) == NETRIG_NOT_FOUND);
    CHECK(host->get_address(call, "remote", 0, bytes.data(), &family, &length) == NETRIG_OK);
    CHECK((family == AF_INET6 && length == 128 && bytes[15] == 1));
    CHECK(host->get_address(call, "net", 0, bytes.data(), &family, &length) == NETRIG_OK);
    CHECK((family == AF_INET && length == 24 && bytes[0] == 192));
    CHECK(host->get_integer(call, "wait", 0, &number) == NETRIG_OK);
    CHECK(number == 1'500'000'000);
    CHECK(host->get_integer(call, "rate", 0, &number) == NETRIG_OK);
    CHECK(number == 100'000'000);
    CHECK(host->get_reference(call, "parent", 0, &parent) == NETRIG_OK);
    CHECK((std::string(parent->name) == "eth7" && parent->ifindex != 0 && parent->number == 0));
    const auto* log = static_cast<const netrig_log*>(host->service(call, NETRIG_LOG_1));
    log->write(call, NETRIG_LOG_WARNING, "the key is s3cret, s3cret");
    all = true;
    return make_pair(host, call);
  };
  CHECK(mock.create() == NETRIG_OK);
  CHECK(all);
  CHECK(mock.broken().empty());
  std::uint32_t level = 0;
  CHECK(std::string(netrig_mock_log(mock.raw(), 0, &level)) == "the key is ***, ***");
  CHECK(level == NETRIG_LOG_WARNING);

  // As netrig's reader has it.
  const auto about = about_probe();
  for (const auto& [name, text] :
       std::vector<std::pair<const char*, const char*>>{{"queues", "0"},
                                                        {"queues", "4097"},
                                                        {"queues", "4x"},
                                                        {"queues", ""},
                                                        {"mode", "vepa!"},
                                                        {"mode", "none"},
                                                        {"on", "yes"},
                                                        {"senders", "02:00:00:00:00"},
                                                        {"remote", "192.0.2.1/24"},
                                                        {"remote", "a"},
                                                        {"net", "192.0.2.0"},
                                                        {"net", "192.0.2.0/33"},
                                                        {"wait", "15"},
                                                        {"wait", "-1s"},
                                                        {"rate", "1Mbyte"},
                                                        {"parent", "eth7"},
                                                        {"parent", "left:an-interface-too-long"},
                                                        {"offset", "6"}}) {
    INFO(name << " = " << text);
    const auto declared = std::find_if(about->parameters.begin(), about->parameters.end(),
                                       [&, &wanted = name](const auto& one) { return one.name == wanted; });
    CHECK(std::holds_alternative<ParameterFault>(parse_parameter(*declared, text)));
    CHECK_THROWS_AS(mock.set(name, text), std::invalid_argument);
  }
  // Nothing has changed, and in validate there is no kernel.
  doing = [](auto* host, auto* call) {
    const netrig_reference* parent = nullptr;
    std::int64_t number = 0;
    CHECK(host->get_integer(call, "queues", 0, &number) == NETRIG_OK);
    CHECK(number == 4);
    CHECK(host->get_reference(call, "parent", 0, &parent) == NETRIG_NOT_FOUND);
    CHECK(host->service(call, NETRIG_LOG_1) == nullptr);
    return NETRIG_OK;
  };
  CHECK(mock.validate() == NETRIG_OK);
  mock.unset("on").set("note", "text");
  CHECK(mock.validate() == NETRIG_INVALID);
  CHECK(mock.message() == "note needs on = \"true\"");
  CHECK(mock.set("note", "none").validate() == NETRIG_OK);  // as if nobody had said it
  CHECK(mock.set("late", "yes").validate() == NETRIG_INVALID);
  CHECK(mock.message() == "late needs wait = \"60s\"");
  CHECK(mock.set("wait", "1m").validate() == NETRIG_OK);
}

TEST_CASE("the mock host says what a driver reads or tells that it has not declared") {
  Mock mock = made();
  doing = [](auto* host, auto* call) {
    std::int64_t number = 0;
    return host->get_integer(call, "quest", 0, &number) == NETRIG_INVALID ? NETRIG_OK : NETRIG_INTERNAL;
  };
  CHECK(mock.settle() == NETRIG_OK);
  CHECK(mock.broken() == "NRD-24: it reads \"quest\", which its table does not declare");
  doing = [](auto* host, auto* call) {
    const std::array<std::uint8_t, 6> mac = {2, 0, 0, 0, 0, 9};
    CHECK(host->set_integer(call, "mode", 0, 2) == NETRIG_OK);
    CHECK(host->set_bool(call, "on", 0, 1) == NETRIG_OK);
    CHECK(host->set_mac(call, "senders", 1, mac.data()) == NETRIG_INVALID);  // out of turn
    CHECK(host->set_mac(call, "senders", 0, mac.data()) == NETRIG_OK);
    return host->set_state(call, "worker", "well");
  };
  CHECK(mock.inspect() == NETRIG_OK);
  CHECK(mock.broken().empty());
  CHECK(mock.told("mode") == "vepa");
  CHECK(mock.told("on") == "true");
  CHECK(mock.told("senders") == "02:00:00:00:00:09");
  CHECK(mock.told("senders", 1) == std::nullopt);
  CHECK(mock.state("worker") == "well");
  doing = [](auto* host, auto* call) {
    const netrig_status status = host->set_integer(call, "queues", 0, 2);
    return status == NETRIG_INVALID ? NETRIG_NOT_FOUND : NETRIG_INTERNAL;
  };
  CHECK(mock.inspect() == NETRIG_NOT_FOUND);
  CHECK_THAT(mock.broken(), StartsWith("NRD-24"));
}

TEST_CASE("the mock host calls change with what differs, and as it was after a failure") {
  Mock mock = made();
  std::string seen;
  netrig_status answer = NETRIG_OK;
  doing = [&](auto* host, auto* call) {
    std::int64_t number = 0;
    host->get_integer(call, "queues", 0, &number);
    seen = std::to_string(number) + (host->changed(call, "queues") != 0 ? " changed" : "") +
           (host->changed(call, "mode") != 0 ? " mode" : "");
    return answer == NETRIG_OK ? answer : host->fail(call, answer, "it does not like it");
  };
  mock.set("queues", "8");
  CHECK(mock.change() == NETRIG_OK);
  CHECK(seen == "8 changed");
  CHECK(mock.change() == NETRIG_OK);
  CHECK(seen == "8");
  answer = NETRIG_BUSY;
  mock.set("queues", "9");
  CHECK(mock.change() == NETRIG_BUSY);
  CHECK(mock.message() == "it does not like it");
  netrig_mock_set_back(mock.raw());
  answer = NETRIG_OK;
  CHECK(mock.change() == NETRIG_OK);
  CHECK(seen == "8 changed");
}

TEST_CASE("the mock's kernel answers generic netlink, requests and sysfs as the test says") {
  Mock mock = made();
  const auto three = number(ETHTOOL_A_CHANNELS_RX_COUNT, 3);
  netrig_mock_answer_genl(mock.raw(), "ethtool", ETHTOOL_MSG_CHANNELS_GET, ETHTOOL_MSG_CHANNELS_GET_REPLY, three.data(),
                          8);
  netrig_mock_sysfs(mock.raw(), 1, "device/vendor", "0x8086\n");
  const auto hear = [](void* user, std::uint16_t type, const void* value, std::uint32_t size) {
    static_cast<std::vector<std::string>*>(user)->push_back(
        std::to_string(type) + ": " + std::to_string(size) + " " +
        std::to_string(netrig_mock_number({value, size}, ETHTOOL_A_CHANNELS_RX_COUNT, 0)));
  };
  std::vector<std::string> heard;
  doing = [&](auto* host, auto* call) {
    std::array<std::uint8_t, 64> buffer{};
    netrig_attributes list{buffer.data(), buffer.size(), 0, 0, 0};
    const std::uint32_t header = netrig_nest_begin(&list, ETHTOOL_A_CHANNELS_HEADER | NLA_F_NESTED);
    netrig_put_u32(&list, ETHTOOL_A_HEADER_DEV_INDEX, netlink(host, call).link_ifindex(call, 0));
    netrig_nest_end(&list, header);
    std::uint16_t id = 0;
    CHECK(genl(host, call).family(call, 0, "ethtool", &id) == NETRIG_OK);
    CHECK(genl(host, call).request(call, 0, id, ETHTOOL_MSG_CHANNELS_GET, 1, 0, list.buffer, list.size, hear, &heard) ==
          NETRIG_OK);
    const auto* sysfs = static_cast<const netrig_sysfs*>(host->service(call, NETRIG_SYSFS_1));
    std::array<char, 16> text{};
    std::uint32_t size = text.size();
    CHECK(sysfs->read(call, 0, "device/vendor", text.data(), &size) == NETRIG_NOT_FOUND);
    CHECK(sysfs->read(call, 1, "device/vendor", text.data(), &size) == NETRIG_OK);
    CHECK(std::string(text.data(), size) == "0x8086\n");
    size = 3;
    CHECK(sysfs->read(call, 1, "device/vendor", text.data(), &size) == NETRIG_INVALID);
    return NETRIG_OK;
  };
  CHECK(mock.inspect() == NETRIG_OK);
  CHECK(mock.broken().empty());
  CHECK(heard == std::vector<std::string>{std::to_string(ETHTOOL_MSG_CHANNELS_GET_REPLY) + ": 8 3"});
  CHECK(mock.asked("genl").command == ETHTOOL_MSG_CHANNELS_GET);
  CHECK(std::string(mock.asked("genl").text) == "ethtool");
  CHECK(mock.asked("read_sysfs", 2).interface == 1);

  // An attribute that is granted, where there is none, then one.
  netrig_mock_grant_sysfs(mock.raw(), "gro_*");
  doing = [&](auto* host, auto* call) {
    CHECK(write(host, call, "gro_normal_batch") == NETRIG_NOT_FOUND);
    CHECK(write(host, call, "gro_flush_timeout") == NETRIG_OK);
    return NETRIG_OK;
  };
  netrig_mock_sysfs(mock.raw(), 0, "gro_flush_timeout", "0\n");
  CHECK(mock.settle() == NETRIG_OK);
  CHECK(mock.broken().empty());
  CHECK(std::string(mock.asked("write_sysfs", 2).text) == "gro_flush_timeout");
  CHECK(mock.asked("write_sysfs", 2).data.size == 1);

  // A family that is granted, with a kernel that has none, then one.
  netrig_mock_grant_family(mock.raw(), "wireguard");
  netrig_status status = NETRIG_OK;
  doing = [&](auto* host, auto* call) {
    std::uint16_t id = 0;
    status = genl(host, call).family(call, 0, "wireguard", &id);
    return NETRIG_OK;
  };
  CHECK(mock.settle() == NETRIG_OK);
  CHECK(status == NETRIG_NOT_FOUND);
  netrig_mock_has_family(mock.raw(), "wireguard");
  CHECK(mock.settle() == NETRIG_OK);
  CHECK(status == NETRIG_OK);
  mock.refuse(nullptr, 1, ENOMEM);
  CHECK(mock.settle() == NETRIG_OK);
  CHECK(status == NETRIG_NO_MEMORY);
}

TEST_CASE("the mock host lets a granted family reach its own interface, and nothing by numbers of netrig's process") {
  Mock mock = made();
  for (const char* family : {"wireguard", "l2tp", "ovpn"}) {
    netrig_mock_grant_family(mock.raw(), family);
    netrig_mock_has_family(mock.raw(), family);
  }
  const auto ask = [&](const char* family, const auto& list) {
    doing = [family, list](auto* host, auto* call) {
      std::uint16_t id = 0;
      if (genl(host, call).family(call, 0, family, &id) != NETRIG_OK) return NETRIG_INTERNAL;
      return genl(host, call).request(call, 0, id, 1, 1, 0, list.data(), list.size() * 4, nullptr, nullptr);
    };
    return mock.settle();
  };
  const std::uint32_t own = mock.interface(0).ifindex;
  CHECK(ask("wireguard", number(WGDEVICE_A_IFINDEX, own)) == NETRIG_OK);
  CHECK(ask("wireguard", number(WGDEVICE_A_IFINDEX, own + 1)) == NETRIG_DENIED);
  CHECK_THAT(mock.message(), ContainsSubstring("that is not about its interface"));
  CHECK(ask("l2tp", number(1, 1)) == NETRIG_OK);
  CHECK(ask("l2tp", number(23, 5)) == NETRIG_DENIED);
  CHECK_THAT(mock.message(), ContainsSubstring("which is an open file by a number of netrig's own"));
  const auto index = number(1, own);
  const auto socket = number(6, 5);
  CHECK(ask("ovpn", std::array{index[0], index[1], 12U | 2U << 16U, socket[0], socket[1]}) == NETRIG_DENIED);
  CHECK_THAT(mock.message(), ContainsSubstring("which is an open file by a number of netrig's own"));
}

TEST_CASE("the mock's kernel shows links as they were ordered, changed and put") {
  Mock mock = made();
  const auto priority = number(5, 7);
  const auto other = number(5, 9);
  std::vector<std::uint64_t> seen;
  const auto look = [](void* user, std::uint16_t type, const void* value, std::uint32_t size) {
    if (type == IFLA_LINKINFO)
      static_cast<std::vector<std::uint64_t>*>(user)->push_back(
          netrig_mock_number(netrig_mock_get({value, size}, IFLA_INFO_DATA), 5, 0));
  };
  doing = [&](auto* host, auto* call) {
    CHECK(netlink(host, call).set_link(call, 0, "veth", nullptr, 0, priority.data(), 8) == NETRIG_OK);
    return netlink(host, call).get_link(call, 0, look, &seen);  // flushes first
  };
  CHECK(mock.settle() == NETRIG_OK);
  netrig_mock_put_data(mock.raw(), 0, other.data(), 8);
  doing = [&](auto* host, auto* call) { return netlink(host, call).get_link(call, 0, look, &seen); };
  CHECK(mock.inspect() == NETRIG_OK);
  CHECK(seen == std::vector<std::uint64_t>{7, 9});
  mock.interface(0).ifindex = 0;  // somebody has removed it
  CHECK(mock.inspect() == NETRIG_NOT_FOUND);
}

TEST_CASE("the mock host lacks services, cancels, and holds the other end of what it gives away") {
  Mock mock = made();
  mock.grant(NETRIG_WANTS_NET_RAW);
  doing = [](auto* host, auto* call) {
    std::int32_t fd = -1;
    const auto* sockets = static_cast<const netrig_socket*>(host->service(call, NETRIG_SOCKET_1));
    if (sockets == nullptr) return host->fail(call, NETRIG_UNSUPPORTED, "no sockets");
    const netrig_status status = sockets->open(call, 0, NETRIG_SOCKET_PACKET, &fd);
    if (status != NETRIG_OK) return status;
    CHECK(::write(fd, "hello", 5) == 5);
    ::close(fd);
    return static_cast<const netrig_cancel*>(host->service(call, NETRIG_CANCEL_1))->cancelled(call) != 0
               ? NETRIG_TIMEOUT
               : NETRIG_OK;
  };
  CHECK(mock.settle() == NETRIG_OK);
  std::array<char, 16> heard{};
  CHECK(::read(mock.asked("open_socket").fd, heard.data(), heard.size()) == 5);
  CHECK(std::string(heard.data()) == "hello");
  netrig_mock_cancel(mock.raw(), 1);
  CHECK(mock.settle() == NETRIG_TIMEOUT);
  mock.lack(NETRIG_SOCKET_1);
  CHECK(mock.settle() == NETRIG_UNSUPPORTED);
  CHECK(mock.message() == "no sockets");
}

TEST_CASE("the mock host notices another thread and another call") {
  Mock mock = made();
  doing = [](auto* host, auto* call) {
    std::thread([&] { host->count(call, "queues"); }).join();
    return NETRIG_OK;
  };
  CHECK(mock.settle() == NETRIG_OK);
  CHECK_THAT(mock.broken(), StartsWith("NRD-23: count is called from another thread"));
  doing = [](auto* host, auto* call) {
    host->count(reinterpret_cast<netrig_call*>(reinterpret_cast<char*>(call) + 8), "queues");
    return NETRIG_OK;
  };
  CHECK(mock.settle() == NETRIG_OK);
  CHECK_THAT(mock.broken(), StartsWith("NRD-23: count is called with another call"));
}

TEST_CASE("the mock host says that what is borrowed stays changed, when create fails and has left no record") {
  Mock mock(NETRIG_TEST_PLUGIN_DIR "/hasty.so");
  mock.set("card", "machine:eno1");
  CHECK(mock.create() == NETRIG_BUSY);
  CHECK_THAT(mock.broken(), StartsWith("NRD-38: create has failed after it had changed an interface"));
  CHECK(mock.record().empty());
  mock.set("careful", "true");
  CHECK(mock.create() == NETRIG_BUSY);
  CHECK(mock.broken().empty());
  CHECK(mock.record() == "was");
  CHECK(mock.destroy() == NETRIG_OK);
  // Refused before anything was changed.
  mock.set("careful", "false").refuse("genl", 1, EOPNOTSUPP);
  CHECK(mock.create() == NETRIG_UNSUPPORTED);
  CHECK(mock.broken().empty());
}

TEST_CASE("the mock host loads plugins, and goes with them through a whole life") {
  Mock mock(NETRIG_TEST_PLUGIN_DIR "/live.so");
  mock.set("word", "one").set("ageing", "200");
  REQUIRE(mock.create() == NETRIG_OK);
  CHECK(mock.record() == "one");
  CHECK(mock.asked("save_record").status == NETRIG_OK);
  CHECK(mock.asked("create_link").in_data(IFLA_BR_AGEING_TIME) == 20000);
  CHECK(mock.settle() == NETRIG_OK);
  mock.set("word", "two").set("ageing", "100");
  CHECK(mock.change() == NETRIG_OK);
  CHECK(mock.record() == "two");
  CHECK(mock.asked("set_link").in_data(IFLA_BR_AGEING_TIME) == 10000);
  mock.set("word", "bad");
  CHECK(mock.change() == NETRIG_INVALID);
  CHECK(mock.message() == "it does not like that word");
  netrig_mock_set_back(mock.raw());
  CHECK(mock.change() == NETRIG_OK);
  CHECK(mock.record() == "two");
  CHECK(mock.inspect() == NETRIG_OK);
  CHECK(mock.told("ageing") == "100");
  CHECK(mock.destroy() == NETRIG_OK);
  CHECK(mock.broken().empty());
}

}  // namespace netrig::mock_test
