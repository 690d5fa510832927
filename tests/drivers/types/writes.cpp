// SPDX-License-Identifier: Apache-2.0
// A bridge with settings that the kernel takes only as files of sysfs.
#include <netrig/driver.hpp>

struct Writes {
  static constexpr auto about =
      netrig::About(NAME, "1.0.0", "bridge with settings in sysfs").makes("bridge").wanting(NETRIG_WANTS_SYSFS);
  static constexpr netrig::Parameter parameters[] = {
      netrig::duration("flush", "how long packets are gathered (gro_flush_timeout)")
          .range(0, 1'000'000'000)
          .inspected(),
      netrig::text("attribute", "another that is written").range(1, 200),
      netrig::text("value", "what is written to it").by_default("1"),
  };

  static void settle(netrig::Existing& device) { set(device); }
  static void change(netrig::Existing& device) { set(device); }
  static void inspect(netrig::Existing& device) {
    const auto text = device.read_sysfs(0, "gro_flush_timeout");
    if (!text) throw netrig::Failure(NETRIG_NOT_FOUND, "the interface is gone");
    if (device.count("flush") != 0) device.tell("flush", static_cast<std::int64_t>(std::stoll(*text)));
  }

 private:
  static void set(const netrig::Existing& device) {
    device.write_sysfs(0, "gro_flush_timeout", std::to_string(device.get_integer("flush").value_or(0)));
    if (const auto attribute = device.get_text("attribute"))
      device.write_sysfs(0, std::string(*attribute).c_str(), *device.get_text("value"));
  }
};

NETRIG_DRIVER_WITH_FUNCTIONS(Writes)
