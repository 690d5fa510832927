// SPDX-License-Identifier: Apache-2.0
// wire before a host that makes nothing: what it asks ethtool for, what it makes of the answers, and what when there is
// none.
#include <linux/ethtool_netlink.h>

#include <cerrno>
#include <cstdlib>
#include <iostream>
#include <netrig/mock.hpp>

namespace {

void expect(bool what, const char* words, const netrig::Mock& mock) {
  if (what) return;
  std::cerr << "not so: " << words << '\n';
  netrig_mock_print(mock.raw(), stderr);
  std::exit(1);
}

void sets_both_ends_and_tells_what_differs() {
  netrig::Mock mock;
  mock.set("channels", "3");
  expect(mock.validate() == NETRIG_OK && mock.create() == NETRIG_OK && mock.settle() == NETRIG_OK, "it comes up", mock);
  for (std::uint32_t end = 0; end < 2; ++end) {
    const netrig::Asked set = mock.asked("genl", end + 1);
    expect(set.interface == end && set.command == ETHTOOL_MSG_CHANNELS_SET, "each end is set", mock);
    expect(set.attribute(ETHTOOL_A_CHANNELS_RX_COUNT) == 3 && set.attribute(ETHTOOL_A_CHANNELS_TX_COUNT) == 3,
           "in each direction", mock);
  }
  // Somebody has changed it: attributes of the kernel's answer.
  std::uint8_t buffer[64];
  netrig_attributes answer{buffer, sizeof buffer, 0, 0, 0};
  netrig_put_u32(&answer, ETHTOOL_A_CHANNELS_RX_COUNT, 2);
  netrig_mock_answer_genl(mock.raw(), "ethtool", ETHTOOL_MSG_CHANNELS_GET, ETHTOOL_MSG_CHANNELS_GET_REPLY, buffer,
                          answer.size);
  expect(mock.inspect() == NETRIG_OK && mock.told("channels") == "2", "a drift is told", mock);
  expect(mock.change() == NETRIG_OK && mock.asked("genl").attribute(ETHTOOL_A_CHANNELS_RX_COUNT) == 3, "and mended",
         mock);
  expect(mock.broken().empty(), "no law of drivers is broken", mock);
}

void says_no_when_the_kernel_does() {
  netrig::Mock mock;
  expect(mock.set("channels", "9").validate() == NETRIG_INVALID, "more channels than queues are refused", mock);
  mock.set("channels", "3");
  expect(mock.create() == NETRIG_OK, "the table makes the pair", mock);
  mock.refuse("genl", 2, EOPNOTSUPP, "netlink error: not so many");
  expect(mock.settle() == NETRIG_UNSUPPORTED, "what the second end refuses is not passed over", mock);
  mock.refuse("family", 1, ENOENT);
  expect(mock.settle() == NETRIG_UNSUPPORTED && mock.message().find("no ethtool by netlink") != std::string::npos,
         "an old kernel is told so", mock);
  expect(mock.broken().empty(), "no law of drivers is broken", mock);
}

}  // namespace

int main() {
  sets_both_ends_and_tells_what_differs();
  says_no_when_the_kernel_does();
}
