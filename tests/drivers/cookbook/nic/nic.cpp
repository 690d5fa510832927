// SPDX-License-Identifier: Apache-2.0
// nic: a network card that the machine has. The host borrows it and gives it back; what the card itself keeps, here its
// generic receive offload, this driver sets, and sets back.
#include <linux/ethtool_netlink.h>
#include <linux/netlink.h>
#include <netrig/driver.hpp>

#include <cstring>

struct Nic {
  static constexpr auto about = netrig::About("nic", "1.0.0", "network card with its offloads").borrows();

  static constexpr netrig::Parameter parameters[] = {
      // By these the host finds it. All that a lab file says of them must agree.
      netrig::interface("card", "which it is, by namespace and name").finds_by(NETRIG_SEARCH_NAME),
      netrig::mac("card_mac", "which it is, by its MAC address").finds_by(NETRIG_SEARCH_MAC),
      netrig::text("card_driver", "which it is, by the kernel's driver").range(1, 32).finds_by(NETRIG_SEARCH_DRIVER),
      netrig::boolean("gro", "generic receive offload (NETIF_F_GRO)").inspected(),
  };

  // The card is in its place, under its final name. What it was is written down before it becomes another.
  static void create(netrig::Creation& device) {
    const char was = is_on(device) ? 1 : 0;
    device.save_record(&was, sizeof was);
    set(device, device.get_bool("gro"));
  }
  static void change(netrig::Existing& device) { set(device, device.get_bool("gro").value_or(was(device))); }
  static void inspect(netrig::Existing& device) { device.tell("gro", is_on(device)); }

  // Then the host gives it back. One that has been pulled out is no error.
  static void destroy(netrig::Existing& device) {
    if (device.interface(0).ifindex != 0 && !device.record().empty()) set(device, was(device));
  }

 private:
  static constexpr const char* kFeature = "rx-gro";

  static bool was(const netrig::Existing& device) { return !device.record().empty() && device.record()[0] != 0; }

  template <typename Device>
  static void set(const Device& device, std::optional<bool> on) {
    if (!on) return;
    netrig::Attributes attributes;
    put_header(attributes, device);
    {
      const auto wanted = attributes.nest(ETHTOOL_A_FEATURES_WANTED | NLA_F_NESTED);
      const auto bits = attributes.nest(ETHTOOL_A_BITSET_BITS | NLA_F_NESTED);
      const auto bit = attributes.nest(ETHTOOL_A_BITSET_BITS_BIT | NLA_F_NESTED);
      attributes.bytes(ETHTOOL_A_BITSET_BIT_NAME, kFeature, sizeof "rx-gro");
      if (*on) attributes.bytes(ETHTOOL_A_BITSET_BIT_VALUE, "", 0);
    }
    device.genl_request(0, family(device), ETHTOOL_MSG_FEATURES_SET, ETHTOOL_GENL_VERSION, 0, attributes,
                        [](std::uint16_t, const void*, std::uint32_t) {});
  }

  template <typename Device>
  static bool is_on(const Device& device) {
    netrig::Attributes attributes;
    put_header(attributes, device);
    bool on = false;
    device.genl_request(0, family(device), ETHTOOL_MSG_FEATURES_GET, ETHTOOL_GENL_VERSION, 0, attributes,
                        [&](std::uint16_t, const void* answer, std::uint32_t size) {
                          netrig::for_each_attribute(answer, size,
                                                     [&](std::uint16_t type, const void* set, std::uint32_t length) {
                                                       if (type == ETHTOOL_A_FEATURES_ACTIVE) on = names(set, length);
                                                     });
                        });
    return on;
  }

  /// Whether a set of bits, each with its name, has the feature.
  static bool names(const void* set, std::uint32_t size) {
    bool found = false;
    netrig::for_each_attribute(set, size, [&](std::uint16_t type, const void* bits, std::uint32_t length) {
      if (type != ETHTOOL_A_BITSET_BITS) return;
      netrig::for_each_attribute(bits, length, [&](std::uint16_t, const void* bit, std::uint32_t bit_length) {
        netrig::for_each_attribute(bit, bit_length, [&](std::uint16_t inner, const void* value, std::uint32_t room) {
          if (inner == ETHTOOL_A_BITSET_BIT_NAME && room == sizeof "rx-gro" && std::memcmp(value, kFeature, room) == 0)
            found = true;
        });
      });
    });
    return found;
  }

  template <typename Device>
  static void put_header(netrig::Attributes& attributes, const Device& device) {
    const auto header = attributes.nest(ETHTOOL_A_FEATURES_HEADER | NLA_F_NESTED);
    attributes.u32(ETHTOOL_A_HEADER_DEV_INDEX, device.ifindex(0));
  }

  template <typename Device>
  static std::uint16_t family(const Device& device) {
    const auto id = device.genl_family(0, ETHTOOL_GENL_NAME);
    if (!id) throw netrig::Failure(NETRIG_UNSUPPORTED, "this kernel has no ethtool by netlink (Linux 5.6)");
    return *id;
  }
};

NETRIG_DRIVER_WITH_FUNCTIONS(Nic)
