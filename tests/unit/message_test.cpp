// SPDX-License-Identifier: Apache-2.0
#include "kernel/message.hpp"

#include <linux/if_link.h>

#include "catch.hpp"
#include "kernel/batch.hpp"

using namespace netrig;
using namespace netrig::kernel;

namespace {

constexpr Policy kInner(expect_u8(2), expect_text(3, 8));
constexpr Policy kOuter(expect_u32(IFLA_MTU), Expected{IFLA_IFNAME, 1, 16}, expect_bytes(IFLA_ADDRESS),
                        expect_bytes(IFLA_STATS, 4), expect_bytes(IFLA_LINKINFO), expect_address(IFLA_BROADCAST));
using Outer = Message<ifinfomsg, kOuter>;

/// The payload of a batch's only message.
std::vector<std::byte> payload_of(Batch& batch) {
  const auto bytes = batch.messages(0, 1).subspan(NLMSG_HDRLEN);
  return {bytes.begin(), bytes.end()};
}

Batch message_of(int ifindex) {
  Batch batch;
  ifinfomsg header{};
  header.ifi_index = ifindex;
  batch.begin(RTM_NEWLINK, 0, header);
  return batch;
}

}  // namespace

TEST_CASE("a message is its header and the attributes that its policy names") {
  Batch batch = message_of(7);
  const auto mac = *MacAddress::parse("02:00:00:00:00:01");
  const auto four = *IpAddress::parse("192.0.2.1");
  batch.put(IFLA_MTU, std::uint32_t{1400});
  batch.put_text(IFLA_IFNAME, "eth0");
  batch.put(IFLA_ADDRESS, mac);
  batch.put(IFLA_BROADCAST, four);
  batch.put(IFLA_GROUP, std::uint32_t{9});  // not named
  batch.put(4711, std::uint32_t{9});        // not known
  {
    const auto nest = batch.nest(IFLA_LINKINFO | NLA_F_NESTED);
    batch.put_u8(2, 5);
    batch.put(3, "ab", 2);  // without its NUL
  }
  const auto payload = payload_of(batch);
  const auto message = Outer::read(payload);
  REQUIRE(message);
  CHECK(message->header.ifi_index == 7);
  CHECK(message->found.u32<IFLA_MTU>() == 1400U);
  CHECK(message->found.text<IFLA_IFNAME>() == "eth0");
  CHECK(message->found.mac<IFLA_ADDRESS>() == mac);
  CHECK(message->found.address<IFLA_BROADCAST>(Family::ipv4) == four);
  CHECK_FALSE(message->found.address<IFLA_BROADCAST>(Family::ipv6));
  CHECK_FALSE(message->found.has<IFLA_STATS>());
  CHECK_FALSE(message->found.as<IFLA_STATS, std::uint64_t>());
  const auto inner = message->found.nested<IFLA_LINKINFO, kInner>();
  REQUIRE(inner);
  CHECK(inner->u8<2>() == 5);
  CHECK(inner->text<3>() == "ab");
}

TEST_CASE("a message without attributes is one") {
  Batch batch = message_of(7);
  const auto message = Outer::read(payload_of(batch));
  REQUIRE(message);
  CHECK_FALSE(message->found.has<IFLA_MTU>());
  CHECK_FALSE(message->found.nested<IFLA_LINKINFO, kInner>());
}

TEST_CASE("a message that is cut short anywhere is refused, or is what comes before") {
  Batch batch = message_of(7);
  batch.put(IFLA_MTU, std::uint32_t{1400});
  batch.put_text(IFLA_IFNAME, "eth0");
  const auto payload = payload_of(batch);
  for (std::size_t size = 0; size < payload.size(); ++size) {
    CAPTURE(size);
    // A copy of its own, so that a read past the end is seen.
    const std::vector<std::byte> part(payload.begin(), payload.begin() + static_cast<std::ptrdiff_t>(size));
    const auto message = Outer::read(part);
    const std::size_t name_ends = payload.size() - 3;  // its padding is not needed
    CHECK(message.has_value() == (size == sizeof(ifinfomsg) || size == sizeof(ifinfomsg) + 8 || size >= name_ends));
    if (message && size < name_ends) CHECK_FALSE(message->found.has<IFLA_IFNAME>());
  }
}

TEST_CASE("an attribute of another length than its policy allows refuses the message") {
  Batch batch = message_of(7);
  SECTION("shorter") { batch.put_u16(IFLA_MTU, 1400); }
  SECTION("longer") { batch.put(IFLA_MTU, "12345", 5); }
  SECTION("an empty name") { batch.put(IFLA_IFNAME, nullptr, 0); }
  SECTION("a name that is too long") { batch.put_text(IFLA_IFNAME, "abcdefghijklmnop"); }
  SECTION("a struct that lacks what it needs") { batch.put_u16(IFLA_STATS, 1); }
  CHECK_FALSE(Outer::read(payload_of(batch)));
}

TEST_CASE("of a longer struct the known part counts, and of a shorter one the rest is zero") {
  Batch batch = message_of(7);
  const std::array<std::uint32_t, 3> longer = {1, 2, 3};
  batch.put(IFLA_STATS, longer.data(), sizeof longer);
  const auto payload = payload_of(batch);
  CHECK(Outer::read(payload)->found.as<IFLA_STATS, std::uint32_t>() == 1U);
  Batch shorter = message_of(7);
  shorter.put(IFLA_STATS, std::uint32_t{5});
  const auto short_payload = payload_of(shorter);
  CHECK(Outer::read(short_payload)->found.as<IFLA_STATS, std::uint64_t>() == 5U);
}

TEST_CASE("a nest whose contents are not as expected is none, and of two attributes of a type the last counts") {
  Batch batch = message_of(7);
  batch.put(IFLA_MTU, std::uint32_t{1});
  batch.put(IFLA_MTU, std::uint32_t{2});
  {
    const auto nest = batch.nest(IFLA_LINKINFO);
    batch.put_text(3, "longer than eight");
  }
  const auto payload = payload_of(batch);
  const auto message = Outer::read(payload);
  REQUIRE(message);
  CHECK(message->found.u32<IFLA_MTU>() == 2U);
  CHECK(message->found.has<IFLA_LINKINFO>());
  CHECK_FALSE(message->found.nested<IFLA_LINKINFO, kInner>());
}
