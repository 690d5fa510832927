// SPDX-License-Identifier: Apache-2.0
// Requests for host services: netlink messages and paths that a driver hands over.
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>

#include <cstring>

#include "driver/permission.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace driver = netrig::driver;
  if (size < 6) return 0;
  netrig::DriverDescription description;
  std::vector<driver::InterfaceRequest> interfaces(1);
  interfaces[0].name = "x";
  driver::Permission permission(description, 0, driver::Operation::create, interfaces, 0);
  std::uint16_t type = 0;
  std::uint16_t flags = 0;
  std::memcpy(&type, data + 1, sizeof type);
  std::memcpy(&flags, data + 3, sizeof flags);
  const auto bytes = bytes_of(data + 5, size - 5);
  refused_or_fine([&] {
    switch (data[0] % 3) {
      case 0:
        permission.check_request(type, flags, bytes);
        // What passes is long enough for the ifindex that the host writes, and never makes a link.
        if (bytes.size() < driver::family_header(type).size) __builtin_trap();
        if (type == RTM_NEWLINK && (flags & NLM_F_CREATE) != 0) __builtin_trap();
        break;
      case 1:
        permission.resolved_family(type, (data[3] & 1) != 0 ? "ethtool" : "nl80211");
        permission.check_genl({.family = type, .command = data[5], .flags = flags, .attributes = bytes}, "x",
                              [] { return 7U; });
        if ((data[3] & 1) == 0) __builtin_trap();
        break;
      default: {
        const std::string path(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        driver::Permission::check_sysfs(path);
        if (path.front() == '/' || path.find("..") != std::string::npos) __builtin_trap();
      }
    }
  });
  return 0;
}
