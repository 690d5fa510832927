// SPDX-License-Identifier: Apache-2.0
// physical: an interface that the machine has, such as a network card's, for as long as the lab is up.
#include <netrig/driver.hpp>

namespace {

struct Physical {
  static constexpr auto about =
      netrig::About("physical", "1.0.0", "interface of the machine, borrowed and given back").borrows();

  static constexpr netrig::Parameter parameters[] = {
      netrig::interface("interface", "which it is, by namespace and name").finds_by(NETRIG_SEARCH_NAME),
      netrig::mac("mac", "which it is, by its MAC address").finds_by(NETRIG_SEARCH_MAC),
      netrig::text("bus_address", "which it is, by where it is plugged in: \"0000:00:03.0\"")
          .range(1, 32)
          .finds_by(NETRIG_SEARCH_BUS_ADDRESS),
      netrig::text("driver_name", "which it is, by the kernel's driver: \"e1000e\"")
          .range(1, 32)
          .finds_by(NETRIG_SEARCH_DRIVER),
      netrig::boolean("force", "take it even if something uses it").finds_by(NETRIG_SEARCH_FORCE),
  };
};

}  // namespace

NETRIG_DRIVER(Physical)
