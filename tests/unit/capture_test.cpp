// SPDX-License-Identifier: Apache-2.0
// What captured packets are written as, and in which order.
#include <algorithm>
#include <cstring>

#include "capture/order.hpp"
#include "capture/packet_text.hpp"
#include "capture/pcapng.hpp"
#include "catch.hpp"
#include "model/size.hpp"

using namespace netrig;
using namespace std::chrono_literals;
using Clock = capture::Order::Clock;

namespace {

std::vector<std::byte> bytes(const std::string& text) {
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

std::uint32_t word(const std::string& text, std::size_t at) {
  std::uint32_t number = 0;
  REQUIRE(at + sizeof number <= text.size());
  std::memcpy(&number, text.data() + at, sizeof number);
  return number;
}

/// Order with packets that are told by their interface.
struct Ordered {
  capture::Order order{50ms};
  std::vector<std::size_t> out = {};
  capture::Order::Take take = [this](std::size_t interface, const capture::Packet&) { out.push_back(interface); };

  void add(std::size_t interface, std::chrono::nanoseconds when, Clock::time_point read) {
    order.add(interface, {.when = when}, read);
  }
};

}  // namespace

TEST_CASE("packets of many interfaces come in the order of time, once none can come before") {
  Ordered all;
  const Clock::time_point start{};
  all.add(1, 20ns, start);
  all.add(1, 30ns, start);
  all.order.release(start + 49ms, all.take);
  CHECK(all.out.empty());
  all.add(2, 10ns, start + 49ms);
  all.add(2, 40ns, start + 49ms);
  all.order.release(start + 50ms, all.take);
  CHECK(all.out == std::vector<std::size_t>{2, 1, 1});
  all.order.release(start + 99ms, all.take);
  CHECK(all.out == std::vector<std::size_t>{2, 1, 1, 2});
  CHECK(all.order.empty());
}

TEST_CASE("packets of one time stay in the order they were read in") {
  Ordered all;
  for (std::size_t i = 0; i < 100; ++i) all.add(i, 7ns, {});
  all.order.release(all.take);
  REQUIRE(all.out.size() == 100);
  CHECK(std::is_sorted(all.out.begin(), all.out.end()));
}

TEST_CASE("a clock that is set back holds no packet up") {
  Ordered all;
  const Clock::time_point start{};
  all.add(1, 1h, start);
  all.add(2, 1s, start + 60ms);
  all.order.release(start + 70ms, all.take);
  CHECK(all.out == std::vector<std::size_t>{2, 1});
}

TEST_CASE("every block says its length at both ends and fills whole words") {
  std::string text;
  capture::append_section(text, "lab x");
  capture::append_interface(text, {.name = "h1:eth0", .link_type = 1, .snap = 96, .filter = "icmp"});
  for (const std::size_t size : {0, 1, 2, 3, 4, 5}) {
    const auto body = bytes(std::string(size, 'x'));
    capture::append_packet(text, 0, {.when = 0x100000002ns, .length = 1500, .bytes = body});
  }
  capture::append_statistics(text, 0, {.counts = {.received = 6, .dropped = 1}, .written = 6});
  std::vector<std::uint32_t> types;
  for (std::size_t at = 0; at < text.size(); at += word(text, at + 4)) {
    const std::uint32_t length = word(text, at + 4);
    REQUIRE(length % 4 == 0);
    REQUIRE(length >= 12);
    CHECK(word(text, at + length - 4) == length);
    types.push_back(word(text, at));
    if (types.back() != 6) continue;
    CHECK(word(text, at + 12) == 1);  // the high half of the time, then the low
    CHECK(word(text, at + 16) == 2);
    CHECK(word(text, at + 20) == types.size() - 3);
    CHECK(word(text, at + 24) == 1500);
  }
  CHECK(types == std::vector<std::uint32_t>{0x0a0d0d0a, 1, 6, 6, 6, 6, 6, 6, 5});
}

TEST_CASE("packets are told for what they are on interfaces with and without Ethernet's header") {
  const std::string echo = std::string("\x45\0\0\x1c\0\0\0\0\x40\x01\0\0\x0a\0\0\1\x0a\0\0\2\x08\0\0\0\0\1\0\5", 28);
  const std::string said = "10.0.0.1 -> 10.0.0.2 ICMP echo request, sequence 5";
  CHECK(capture::packet_text(bytes(std::string(12, '\0') + std::string("\x08\0", 2) + echo), capture::kEthernet) ==
        said);
  CHECK(capture::packet_text(bytes(echo), capture::kRaw) == said);
  CHECK(capture::packet_text(bytes(std::string(14, '\0') + std::string("\x08\0", 2) + echo), capture::kCooked) == said);
  CHECK(capture::packet_text(bytes(echo), 9) == "link type 9, 28 bytes");
  CHECK(capture::packet_text({}, capture::kRaw) == "0.0.0.0 -> 0.0.0.0 IP protocol 0");
}

TEST_CASE("sizes have units of 1024 and bounds") {
  CHECK(parse_size("10MiB", 1 << 30) == 10U << 20U);
  CHECK(parse_size("512", 1 << 30) == 512);
  CHECK(parse_size("1GiB", 1 << 30) == 1U << 30U);
  for (const char* text : {"2GiB", "", "MiB", "1MB", "10k", "-1", "1.5MiB", "99999999999999999999"})
    CHECK(parse_size(text, 1 << 30) == std::nullopt);
}
