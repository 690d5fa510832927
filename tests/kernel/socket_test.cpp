// SPDX-License-Identifier: Apache-2.0
// A netlink socket whose exchange fails: nobody waits for ever, and no answer reaches who did not ask.
#include "kernel/socket.hpp"

#include <linux/rtnetlink.h>

#include <cstring>
#include <thread>

#include "catch.hpp"
#include "engine/spaces.hpp"
#include "kernel/link.hpp"
#include "kernel/namespace.hpp"
#include "model/error.hpp"

namespace kernel = netrig::kernel;
using Clock = std::chrono::steady_clock;

namespace {

/// Two messages, the first of which says that it is shorter than its header: there the kernel stops, and says nothing.
kernel::Batch unanswered() {
  kernel::Batch batch;
  batch.begin(RTM_GETLINK, 0, ifinfomsg{});
  batch.begin(RTM_GETLINK, 0, ifinfomsg{});
  const std::uint32_t length = 8;
  std::memcpy(batch.messages(0, 1).data(), &length, sizeof length);
  return batch;
}

}  // namespace

TEST_CASE("an answer that does not come is waited for until the deadline or until somebody gives up") {
  kernel::Socket socket;
  kernel::Batch batch = unanswered();
  const auto ignore = [](std::uint16_t, std::span<const std::byte>) {};
  SECTION("the deadline") {
    const netrig::Patience patience{.deadline = Clock::now() + std::chrono::milliseconds(50)};
    CHECK_THROWS_WITH(socket.ask(batch, ignore, patience), "the kernel does not answer a netlink request in time");
  }
  SECTION("somebody gives up") {
    const netrig::Patience patience{.deadline = Clock::time_point::max(), .gave_up = [] { return true; }};
    CHECK_THROWS_WITH(socket.run(batch, kernel::Socket::OnRefusal::go_on, patience),
                      "interrupted while waiting for the kernel");
  }
  CHECK_FALSE(socket.usable());
}

TEST_CASE("a socket is dropped with the answers that nobody has read") {
  // In a thread, for it enters a namespace.
  std::jthread([] {
    netrig::kernel::CreatedNamespace fresh = netrig::kernel::create_namespace();
    netrig::engine::Space space(std::move(fresh.fd), fresh.cookie);
    kernel::Batch dump;
    dump.begin(RTM_GETLINK, NLM_F_DUMP, ifinfomsg{});
    struct Enough {};
    CHECK_THROWS_AS(space.socket().ask(dump, [](std::uint16_t, std::span<const std::byte>) { throw Enough(); }),
                    Enough);
    CHECK_FALSE(kernel::get_link(space.socket(), 4711));
    CHECK(kernel::list_links(space.socket()).front().name == "lo");
  });
}

TEST_CASE("no two requests on a socket have the same number") {
  kernel::Socket socket;
  std::uint32_t highest = 0;
  for (int i = 0; i < 3; ++i) {
    kernel::Batch batch;
    for (int m = 0; m < 2; ++m)
      batch.begin(
          RTM_GETLINK, 0,
          ifinfomsg{.ifi_family = 0, .__ifi_pad = 0, .ifi_type = 0, .ifi_index = 1, .ifi_flags = 0, .ifi_change = 0});
    CHECK(socket.run(batch).empty());
    CHECK(batch.header(0).nlmsg_seq > highest);
    CHECK(batch.header(1).nlmsg_seq == batch.header(0).nlmsg_seq + 1);
    highest = batch.header(1).nlmsg_seq;
  }
  kernel::Batch refused;
  refused.begin(
      RTM_DELLINK, 0,
      ifinfomsg{.ifi_family = 0, .__ifi_pad = 0, .ifi_type = 0, .ifi_index = 4711, .ifi_flags = 0, .ifi_change = 0});
  const auto refusals = socket.run(refused);
  REQUIRE(refusals.size() == 1);
  CHECK(refusals[0].index == 0);
}
