// SPDX-License-Identifier: Apache-2.0
// What does not fit into a netlink message is remembered, and such a batch is never sent.
#include "kernel/batch.hpp"

#include <linux/if_link.h>

#include <cstring>

#include "catch.hpp"
#include "kernel/socket.hpp"
#include "model/error.hpp"

namespace kernel = netrig::kernel;

namespace {

constexpr std::size_t kLongestValue = 65535 - NLA_HDRLEN;

kernel::Batch begun() {
  kernel::Batch batch;
  batch.begin(RTM_NEWLINK, 0, ifinfomsg{});
  return batch;
}

std::uint16_t length_at(kernel::Batch& batch, std::size_t offset) {
  std::uint16_t length = 0;
  std::memcpy(&length, &batch.messages(0, batch.count())[offset], sizeof length);
  return length;
}

}  // namespace

TEST_CASE("an attribute, a text and a nest may be as long as 16 bits can say") {
  const std::string text(kLongestValue - 1, 'x');
  kernel::Batch batch = begun();
  const std::size_t start = batch.messages(0, 1).size();
  SECTION("an attribute") { batch.put(IFLA_ADDRESS, text.data(), kLongestValue - 1); }
  SECTION("a text") { batch.put_text(IFLA_IFALIAS, text); }
  SECTION("a nest") {
    const auto nest = batch.nest(IFLA_LINKINFO);
    batch.put(IFLA_ADDRESS, text.data(), 65528 - NLA_HDRLEN);  // 65532 with the nest's own header
  }
  CHECK_FALSE(batch.overflow());
  CHECK(length_at(batch, start) >= 65532);
}

TEST_CASE("the first thing that did not fit is remembered, and the rest is appended unasked") {
  const std::string text(kLongestValue, 'x');
  kernel::Batch batch = begun();
  SECTION("an attribute") { batch.put(IFLA_ADDRESS, text.data(), kLongestValue + 1); }
  SECTION("a text, for want of room for its NUL") { batch.put_text(IFLA_IFALIAS, text); }
  SECTION("a nest") {
    const auto nest = batch.nest(IFLA_LINKINFO);
    batch.put(IFLA_ADDRESS, text.data(), 65532 - NLA_HDRLEN);
  }
  SECTION("a next hop") {
    const auto nest = batch.nest(rtnexthop{});
    batch.put(IFLA_ADDRESS, text.data(), 65532 - NLA_HDRLEN);
  }
  batch.begin(RTM_NEWADDR, 0, ifaddrmsg{});
  batch.put(IFA_LABEL, text.data(), kLongestValue + 1);
  REQUIRE(batch.overflow());
  CHECK(batch.overflow()->type == RTM_NEWLINK);
  CHECK(batch.overflow()->bytes >= 65536);
  CHECK(batch.overflow()->bytes <= 65540);
  CHECK(batch.count() == 2);
}

TEST_CASE("a batch that something did not fit into is not sent until it has been cleared") {
  const std::string text(100'000, 'x');
  kernel::Batch batch = begun();
  batch.put_text(IFLA_IFALIAS, text);
  kernel::Socket socket;
  CHECK_THROWS_WITH(socket.run(batch),
                    "part of a netlink request (type 16) has 100005 bytes; the kernel takes at most 65535");
  CHECK_THROWS_AS(socket.ask(batch, [](auto, auto) {}), netrig::Error);
  CHECK(socket.usable());
  batch.clear();
  CHECK_FALSE(batch.overflow());
  CHECK(socket.run(batch).empty());
}
