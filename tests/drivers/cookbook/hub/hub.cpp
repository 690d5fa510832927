// SPDX-License-Identifier: Apache-2.0
// hub: a bridge that takes what is for its stations, which are rows of a table. The table of the driver makes the
// bridge; entries are messages of their own, so functions send them.
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <netrig/driver.hpp>

struct Hub {
  static constexpr auto about =
      netrig::About("hub", "1.0.0", "bridge that takes the frames of its stations").makes("bridge");

  static constexpr netrig::Parameter parameters[] = {
      netrig::bytes("hello", "address that it sends its hellos to (IFLA_BR_GROUP_ADDR)").range(6, 6).inspected(),
      netrig::table("stations", "whose frames it takes").range(1, 64),
      netrig::mac("stations.mac", "their address (NDA_LLADDR)").required(),
      netrig::text("stations.owner", "who answers for it").by_default("nobody"),
  };

  static void settle(netrig::Existing& device) { set(device); }
  static void change(netrig::Existing& device) { set(device); }

  static void inspect(netrig::Existing& device) {
    device.get_link_data(0, [&](std::uint16_t type, const void* value, std::uint32_t size) {
      const auto* bytes = static_cast<const std::uint8_t*>(value);
      if (type == IFLA_BR_GROUP_ADDR && device.count("hello") != 0)
        device.tell("hello", std::vector<std::uint8_t>(bytes, bytes + size));
    });
    for (std::uint32_t row = 0; row < device.count("stations"); ++row)
      device.set_state(("station " + std::to_string(row)).c_str(),
                       std::string(device.get_text(netrig::cell("stations", row, "owner").c_str()).value_or("")));
  }

 private:
  static void set(const netrig::Existing& device) {
    if (const auto hello = device.get_bytes("hello")) {
      netrig::Attributes data;
      data.bytes(IFLA_BR_GROUP_ADDR, hello->data(), static_cast<std::uint32_t>(hello->size()));
      device.set_link(0, "bridge", nullptr, &data);
    }
    // The record says which entries there are; those that there will be are in it before they are made.
    const std::string before(device.record());
    std::string stations;
    for (std::uint32_t row = 0; row < device.count("stations"); ++row) {
      const netrig::Mac mac = device.get_mac(netrig::cell("stations", row, "mac").c_str()).value_or(netrig::Mac{});
      stations.append(reinterpret_cast<const char*>(mac.data()), mac.size());
    }
    const std::string both = before + stations;
    device.save_record(both.data(), static_cast<std::uint32_t>(both.size()));
    for (std::size_t at = 0; at + 6 <= before.size(); at += 6) send(device, RTM_DELNEIGH, &before[at]);
    for (std::size_t at = 0; at + 6 <= stations.size(); at += 6) send(device, RTM_NEWNEIGH, &stations[at]);
    device.save_record(stations.data(), static_cast<std::uint32_t>(stations.size()));
  }

  static void send(const netrig::Existing& device, std::uint16_t type, const char* mac) {
    ndmsg header{};
    header.ndm_family = AF_BRIDGE;
    header.ndm_state = NUD_PERMANENT;
    header.ndm_flags = NTF_SELF;
    netrig::Attributes attributes;
    attributes.bytes(NDA_LLADDR, mac, 6);
    std::string message(reinterpret_cast<const char*>(&header), sizeof header);
    message.append(static_cast<const char*>(attributes.data()), attributes.size());
    try {
      device.request(0, type, type == RTM_NEWNEIGH ? NLM_F_CREATE | NLM_F_REPLACE : 0, message.data(),
                     static_cast<std::uint32_t>(message.size()));
    } catch (const netrig::Failure& failure) {
      const bool is_gone = type == RTM_DELNEIGH && failure.status() == NETRIG_NOT_FOUND;
      if (!is_gone) throw;
    }
  }
};

NETRIG_DRIVER_WITH_FUNCTIONS(Hub)
