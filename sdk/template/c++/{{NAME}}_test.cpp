// Tests of {{NAME}}.cpp before a host that makes nothing (netrig/mock.hpp): no root, no kernel.
#include <linux/if_link.h>
#include <linux/veth.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <netrig/mock.hpp>

namespace {

void expect(bool what, const char* words, const netrig::Mock& mock) {
  if (what) return;
  std::fprintf(stderr, "not so: %s\n", words);
  netrig_mock_print(mock.raw(), stderr);
  std::exit(1);
}

void makes_a_pair_with_queues() {
  netrig::Mock mock;
  mock.set("tx_queues", "4");  // as a lab file says it
  expect(mock.create() == NETRIG_OK, "it is made", mock);
  const netrig::Asked link = mock.asked("create_link");
  expect(link.peer == 1 && link.type == VETH_INFO_PEER, "a pair is", mock);
  expect(link.attribute(IFLA_NUM_TX_QUEUES) == 4 && link.of_peer(IFLA_NUM_TX_QUEUES) == 4, "both have queues", mock);
  expect(mock.destroy() == NETRIG_OK, "it is removed", mock);
  expect(mock.broken().empty(), "no law of drivers is broken: destroy has left nothing", mock);
}

void says_no_without_the_service() {
  netrig::Mock mock;
  mock.lack(NETRIG_NETLINK_1);
  expect(mock.create() == NETRIG_UNSUPPORTED && mock.broken().empty(), "a host without links is told so", mock);
}

void passes_on_what_the_kernel_says() {
  netrig::Mock mock;
  mock.refuse("create_link", 1, EEXIST);
  expect(mock.create() == NETRIG_EXISTS, "what the kernel says is what the driver says", mock);
}

}  // namespace

int main() {
  makes_a_pair_with_queues();
  says_no_without_the_service();
  passes_on_what_the_kernel_says();
}
