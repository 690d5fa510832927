/* Tests of the built driver before a host that makes nothing (netrig/mock.h, which is C): no root, no kernel.
 * usage: {{NAME}}_test build/{{NAME}}.so */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/veth.h>
#include <netrig/mock.h>
#include <stdio.h>
#include <stdlib.h>

#define EXPECT(what)                                                  \
  do {                                                                \
    if (!(what)) {                                                    \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #what); \
      netrig_mock_print(mock, stderr);                                \
      exit(1);                                                        \
    }                                                                 \
  } while (0)

static const char* plugin;

static void makes_a_pair_with_queues(void) {
  struct netrig_mock* mock = netrig_mock_load(plugin);
  netrig_mock_set(mock, "tx_queues", "4"); /* as a lab file says it */
  EXPECT(netrig_mock_run(mock, NETRIG_FUNCTION_CREATE) == NETRIG_OK);
  const struct netrig_mock_asked* link = netrig_mock_find(mock, "create_link", 1);
  EXPECT(link != NULL && link->peer == 1 && link->type == VETH_INFO_PEER);
  EXPECT(netrig_mock_number(link->attributes, IFLA_NUM_TX_QUEUES, 0) == 4);
  EXPECT(netrig_mock_number(link->peer_attributes, IFLA_NUM_TX_QUEUES, 0) == 4);
  EXPECT(netrig_mock_run(mock, NETRIG_FUNCTION_DESTROY) == NETRIG_OK);
  EXPECT(netrig_mock_broken(mock) == NULL); /* no law of drivers: destroy has left nothing */
  netrig_mock_free(mock);
}

static void says_no_without_the_service(void) {
  struct netrig_mock* mock = netrig_mock_load(plugin);
  netrig_mock_lack(mock, NETRIG_NETLINK_1);
  EXPECT(netrig_mock_run(mock, NETRIG_FUNCTION_CREATE) == NETRIG_UNSUPPORTED);
  EXPECT(netrig_mock_broken(mock) == NULL);
  netrig_mock_free(mock);
}

static void passes_on_what_the_kernel_says(void) {
  struct netrig_mock* mock = netrig_mock_load(plugin);
  netrig_mock_refuse(mock, "create_link", 1, EEXIST, "");
  EXPECT(netrig_mock_run(mock, NETRIG_FUNCTION_CREATE) == NETRIG_EXISTS);
  netrig_mock_free(mock);
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  plugin = argv[1];
  makes_a_pair_with_queues();
  says_no_without_the_service();
  passes_on_what_the_kernel_says();
  return 0;
}
