// SPDX-License-Identifier: Apache-2.0
#include "model/address.hpp"
#include "catch.hpp"

using namespace netrig;

TEST_CASE("an address counts on over octets and back") {
  CHECK(IpAddress::parse("10.0.1.0")->plus(999)->str() == "10.0.4.231");
  CHECK(IpAddress::parse("10.0.0.0")->plus(-1)->str() == "9.255.255.255");
  CHECK(IpAddress::parse("2001:db8::ffff")->plus(1)->str() == "2001:db8::1:0");
}

TEST_CASE("an address does not count out of its family") {
  CHECK_FALSE(IpAddress::parse("255.255.255.255")->plus(1).has_value());
  CHECK_FALSE(IpAddress::parse("0.0.0.0")->plus(-1).has_value());
  CHECK_FALSE(IpAddress::parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")->plus(1).has_value());
}

TEST_CASE("a prefix knows its network, its last address and what it contains") {
  const Prefix prefix = *Prefix::parse("10.1.2.3/20");
  CHECK(prefix.network().str() == "10.1.0.0/20");
  CHECK(prefix.last().str() == "10.1.15.255");
  CHECK(prefix.contains(*IpAddress::parse("10.1.15.1")));
  CHECK_FALSE(prefix.contains(*IpAddress::parse("10.1.16.1")));
  CHECK_FALSE(prefix.contains(*IpAddress::parse("2001:db8::1")));
  CHECK(Prefix::parse("2001:db8::1/33")->network().str() == "2001:db8::/33");
}

TEST_CASE("a prefix without a good length is refused") {
  for (const char* text :
       {"10.0.0.1", "10.0.0.1/", "10.0.0.1/33", "10.0.0.1/-1", "10.0.0.1/2x", "::1/129", "x/8", "/8"})
    CHECK_FALSE(Prefix::parse(text).has_value());
}

TEST_CASE("a MAC address is read and written") {
  CHECK(MacAddress::parse("02:00:5e:10:00:ff")->str() == "02:00:5e:10:00:ff");
  CHECK(MacAddress::parse("02-00-5E-10-00-FF")->str() == "02:00:5e:10:00:ff");
  for (const char* text :
       {"", "02:00:5e:10:00", "02:00:5e:10:00:fg", "02:00:5e:10:00:ff:", "0200.5e10.00ff", "02 00 5e 10 00 ff"})
    CHECK_FALSE(MacAddress::parse(text).has_value());
}
