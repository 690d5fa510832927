// SPDX-License-Identifier: Apache-2.0
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"  // designated, and meant
// Parameters of a table as netlink attributes and back: every encoding, and what several make of one attribute.
#include "kernel/parameter.hpp"

#include <linux/if_link.h>

#include <cstring>

#include "catch.hpp"

using namespace netrig;

namespace {

using Hex = std::string;

Hex hex_of(const std::vector<std::byte>& bytes) {
  Hex text;
  for (const std::byte one : bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    text += kDigits[std::to_integer<unsigned>(one) >> 4];
    text += kDigits[std::to_integer<unsigned>(one) & 15];
  }
  return text;
}

std::shared_ptr<const DriverDescription> table_of(std::vector<ParameterDeclaration> parameters) {
  DriverDescription about;
  about.kind = "any";
  about.link_kinds = {"any"};
  about.parameters = std::move(parameters);
  return std::make_shared<const DriverDescription>(std::move(about));
}

ParameterDeclaration number(std::string name, Encoding encoding, std::uint16_t attribute) {
  ParameterDeclaration one{.name = std::move(name), .type = ParameterType::integer, .minimum = 0, .maximum = 1 << 30};
  one.kernel = {.places = KernelPlace::kData, .encoding = encoding, .attribute = attribute};
  return one;
}

/// IFLA_LINKINFO with this IFLA_INFO_DATA, as the kernel tells it.
std::vector<std::byte> told(const std::vector<std::byte>& data) {
  const auto nest = [](std::uint16_t type, const std::vector<std::byte>& content) {
    const std::uint16_t header[2] = {static_cast<std::uint16_t>(4 + content.size()), type};
    std::vector<std::byte> bytes(4);
    std::memcpy(bytes.data(), header, 4);
    bytes.insert(bytes.end(), content.begin(), content.end());
    return bytes;
  };
  return nest(IFLA_LINKINFO, nest(IFLA_INFO_DATA, data));
}

Parameters given(const std::string& name, std::vector<ParameterScalar> values) {
  Parameters parameters;
  parameters[name].values = std::move(values);
  return parameters;
}

}  // namespace

TEST_CASE("a value has the bytes that its encoding says, and reads as it was written") {
  struct Row {
    ParameterDeclaration one;
    std::vector<ParameterScalar> values;
    Hex bytes;
  };
  const auto typed = [](ParameterType type, Encoding encoding) {
    ParameterDeclaration one = number("p", encoding, 5);
    one.type = type;
    return one;
  };
  auto flags = number("p", Encoding::masked32, 2);
  flags.type = ParameterType::boolean;
  flags.kernel.mask = 4;
  auto time = number("p", Encoding::u32, 1);
  time.type = ParameterType::duration;
  time.kernel.scale = 10'000'000;
  auto mode = typed(ParameterType::enumeration, Encoding::be16);
  mode.choices = {{.name = "802.1q", .value = 0x8100}, {.name = "802.1ad", .value = 0x88a8}};
  auto macs = typed(ParameterType::mac, Encoding::mac);
  macs.list = true;
  macs.kernel.element = 4;
  macs.kernel.also_attribute = 3;
  macs.kernel.also_encoding = Encoding::u32;
  macs.kernel.also_value = 3;
  auto targets = typed(ParameterType::address, Encoding::in4);
  targets.list = true;
  targets.kernel.element = KernelPlace::kCounted;
  auto remote = typed(ParameterType::address, Encoding::ip);
  remote.kernel.attribute6 = 16;
  const auto address = [](const char* text) {
    const auto parsed = *IpAddress::parse(text);
    return Prefix{parsed, parsed.bits()};
  };
  const auto mac = *MacAddress::parse("02:00:00:00:00:01");
  const std::vector<Row> rows = {
      {number("p", Encoding::u8, 5), {std::int64_t{0x7f}}, "050005007f000000"},
      {number("p", Encoding::u16, 5), {std::int64_t{0x1234}}, "0600050034120000"},
      {number("p", Encoding::u32, 5), {std::int64_t{0x12345678}}, "0800050078563412"},
      {number("p", Encoding::u64, 5), {std::int64_t{0x12345678}}, "0c0005007856341200000000"},
      {number("p", Encoding::s32, 5), {std::int64_t{-2}}, "08000500feffffff"},
      {number("p", Encoding::be16, 5), {std::int64_t{0x1234}}, "0600050012340000"},
      {number("p", Encoding::be32, 5), {std::int64_t{0x12345678}}, "0800050012345678"},
      {number("p", Encoding::be64, 5), {std::int64_t{0x12345678}}, "0c0005000000000012345678"},
      {typed(ParameterType::boolean, Encoding::u8), {true}, "0500050001000000"},
      {typed(ParameterType::boolean, Encoding::flag), {true}, "04000500"},
      {typed(ParameterType::boolean, Encoding::flag), {false}, ""},
      {flags, {true}, "0c0002000400000004000000"},
      {flags, {false}, "0c0002000000000004000000"},
      {time, {std::int64_t{15'000'000'000}}, "08000100dc050000"},
      {mode, {std::string("802.1ad")}, "0600050088a80000"},
      {typed(ParameterType::string, Encoding::text), {std::string("abc")}, "0800050061626300"},
      {typed(ParameterType::mac, Encoding::mac),
       {mac},
       "0a000500"
       "0200000000010000"},
      {typed(ParameterType::address, Encoding::in4), {address("192.0.2.1")}, "08000500c0000201"},
      {remote, {address("192.0.2.1")}, "08000500c0000201"},
      {remote, {address("2001:db8::1")}, "1400100020010db8000000000000000000000001"},
      {macs, {mac}, "100005800a00040002000000000100000800030003000000"},
      {macs, {}, "040005800800030003000000"},
      {targets, {address("192.0.2.1"), address("192.0.2.2")}, "1400058008000000c000020108000100c0000202"},
  };
  for (const Row& row : rows) {
    INFO(row.bytes);
    const auto about = table_of({row.one});
    const auto own = parameters_of_link(about, given("p", row.values), 0);
    const auto bytes = kernel::encode(own, KernelPlace::kData);
    CHECK(hex_of(bytes) == row.bytes);
    const auto seen = kernel::decode(about, told(bytes));
    REQUIRE(seen.size() == 1);
    CHECK(seen.front().values == row.values);
  }
}

TEST_CASE("parameters that share an attribute go out as one, each with its bits") {
  auto private_ = number("private", Encoding::u16, 2);
  private_.type = ParameterType::boolean;
  private_.kernel.mask = 1;
  auto level = number("level", Encoding::u16, 2);
  level.kernel.mask = 0xf0;
  const auto about = table_of({private_, level});
  Parameters both = given("private", {true});
  both["level"].values = {std::int64_t{3}};
  const auto bytes = kernel::encode(parameters_of_link(about, both, 0), KernelPlace::kData);
  CHECK(hex_of(bytes) == "0600020031000000");
  const auto seen = kernel::decode(about, told(bytes));
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].values == std::vector<ParameterScalar>{true});
  CHECK(seen[1].values == std::vector<ParameterScalar>{std::int64_t{3}});
}

TEST_CASE("a parameter of both ends is of the second, too, unless that has its own") {
  auto both = number("queues", Encoding::u32, 31);
  both.kernel.places = KernelPlace::kLink | KernelPlace::kPeer;
  auto second = number("peer_queues", Encoding::u32, 31);
  second.kernel.places = KernelPlace::kPeer;
  const auto about = table_of({both, second});
  Parameters parameters = given("queues", {std::int64_t{2}});
  CHECK(hex_of(kernel::encode(parameters_of_link(about, parameters, 0), KernelPlace::kLink)) == "08001f0002000000");
  CHECK(hex_of(kernel::encode(parameters_of_link(about, parameters, 1), KernelPlace::kPeer)) == "08001f0002000000");
  parameters["peer_queues"].values = {std::int64_t{5}};
  CHECK(hex_of(kernel::encode(parameters_of_link(about, parameters, 0), KernelPlace::kLink)) == "08001f0002000000");
  CHECK(hex_of(kernel::encode(parameters_of_link(about, parameters, 1), KernelPlace::kPeer)) == "08001f0005000000");
}

TEST_CASE("what the kernel leaves out is what it is when nobody sets it, or nothing") {
  auto known = number("known", Encoding::u32, 9);
  known.unset_text = "1";
  const auto unknown = number("unknown", Encoding::u32, 10);
  auto on = number("on", Encoding::flag, 11);
  on.type = ParameterType::boolean;
  const auto about = table_of({known, unknown, on});
  const auto seen = kernel::decode(about, {});
  REQUIRE(seen.size() == 3);
  CHECK(seen[0].values == std::vector<ParameterScalar>{std::int64_t{1}});
  CHECK_FALSE(seen[1].is_told());
  CHECK(seen[2].values == std::vector<ParameterScalar>{false});
  CHECK(hex_of(kernel::encode({seen[1]}, KernelPlace::kData)).empty());
}

TEST_CASE("what goes along with a value goes as 0 with what is unset, and with that of others as all of them say") {
  auto port = number("port", Encoding::u16, 1);
  port.unset_text = "0";
  port.kernel.also_attribute = 9;
  port.kernel.also_encoding = Encoding::u16;
  port.kernel.also_value = 1;
  auto other = port;
  other.name = "other";
  other.kernel.attribute = 2;
  other.kernel.also_value = 4;
  const auto about = table_of({port, other});
  const auto bytes = [&](std::int64_t first, std::int64_t second) {
    Parameters parameters = given("port", {first});
    parameters["other"].values = {second};
    return hex_of(kernel::encode(parameters_of_link(about, parameters, 0), KernelPlace::kData));
  };
  CHECK(bytes(7, 8) ==
        "06000100070000000600020008000000"
        "0600090005000000");
  CHECK(bytes(7, 0) ==
        "06000100070000000600020000000000"
        "0600090001000000");
  CHECK(bytes(0, 0) ==
        "06000100000000000600020000000000"
        "0600090000000000");
}

TEST_CASE("a condition is of values, however they are written") {
  auto time = number("time", Encoding::u32, 1);
  time.type = ParameterType::duration;
  time.minimum = time.maximum = 0;
  auto beside = number("beside", Encoding::u32, 2);
  beside.only_with = "time=60s";
  const auto about = table_of({time, beside});
  CHECK(is_welcome(beside, *about, given("time", {std::int64_t{60'000'000'000}})));
  CHECK_FALSE(is_welcome(beside, *about, given("time", {std::int64_t{61'000'000'000}})));
  CHECK(goes_with(beside, parameters_of_link(about, given("time", {std::int64_t{60'000'000'000}}), 0)));
  CHECK_FALSE(goes_with(beside, parameters_of_link(about, given("time", {std::int64_t{1}}), 0)));
}

TEST_CASE("a number of the kernel that is beyond bounds in the file's units is not told") {
  auto time = number("time", Encoding::s32, 1);
  time.type = ParameterType::duration;
  time.kernel.scale = 1'000'000'000'000'000'000;
  const auto about = table_of({time});
  auto bytes = kernel::encode(parameters_of_link(about, given("time", {std::int64_t{1'000'000'000'000'000'000}}), 0),
                              KernelPlace::kData);
  REQUIRE(kernel::decode(about, told(bytes)).front().is_told());
  bytes[7] = std::byte{0x7f};
  CHECK_FALSE(kernel::decode(about, told(bytes)).front().is_told());
}

TEST_CASE("what is shorter than its encoding, or no choice, is not told") {
  auto mode = number("mode", Encoding::u32, 1);
  mode.type = ParameterType::enumeration;
  mode.choices = {{.name = "a", .value = 1}};
  const auto about = table_of({mode});
  for (const Hex hex : {"0600010001000000", "0800010002000000"}) {
    std::vector<std::byte> bytes;
    for (std::size_t i = 0; i < hex.size(); i += 2)
      bytes.push_back(static_cast<std::byte>(std::stoi(hex.substr(i, 2), nullptr, 16)));
    const auto seen = kernel::decode(about, told(bytes));
    REQUIRE(seen.size() == 1);
    CHECK_FALSE(seen.front().is_told());
  }
}

TEST_CASE("values agree as near as their tolerance and their kernel's units") {
  auto time = number("time", Encoding::u32, 1);
  time.type = ParameterType::duration;
  time.kernel.scale = 10'000'000;
  time.kernel.tolerance = 1;
  const auto ns = [](std::int64_t value) { return std::vector<ParameterScalar>{value}; };
  CHECK(agrees(time, ns(300'010'000'000), ns(300'000'000'000)));
  CHECK(agrees(time, ns(300'001'000'000), ns(300'000'000'000)));  // less than a unit
  CHECK_FALSE(agrees(time, ns(300'020'000'000), ns(300'000'000'000)));
  auto macs = number("macs", Encoding::mac, 1);
  macs.type = ParameterType::mac;
  macs.list = true;
  macs.kernel.element = 4;
  const ParameterScalar one = *MacAddress::parse("02:00:00:00:00:01");
  const ParameterScalar other = *MacAddress::parse("02:00:00:00:00:02");
  CHECK(agrees(macs, {one, other}, {other, one}));
  CHECK(agrees(macs, {one, one}, {one}));
  CHECK_FALSE(agrees(macs, {one}, {one, other}));
}
