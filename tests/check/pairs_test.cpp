// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "check/rig.hpp"

using namespace netrig;

TEST_CASE("a target is aimed at by the address on the link that both are on") {
  const rig::Rig rig(std::string(rig::kRouted) + R"(
[[test]]
name = "near"
from = "h*"
ping = { to = "r" }
[[test]]
name = "far"
from = "h1"
ping = { to = "h2", family = "ipv6" }
[[test]]
name = "interface"
from = "h1"
ping = { to = "r:eth2" }
[[test]]
name = "drawn"
from = "*"
ping = { to = "*", pairs = 4 }
)");
  const auto aims = [&](const std::string& name) {
    std::string text;
    for (const check::Pair& pair : check::pairs_of(rig.lab(), rig.test(name), *target_of(rig.test(name).check)))
      text += rig.ground().name(pair.from) + ">" + pair.address.str() + " ";
    return text;
  };
  CHECK(aims("near") == "h1>192.0.2.254 h2>198.51.100.254 ");
  CHECK(aims("far") == "h1>2001:db8:2::2 ");
  CHECK(aims("interface") == "h1>198.51.100.254 ");
  CHECK(check::pairs_of(rig.lab(), rig.test("drawn"), *target_of(rig.test("drawn").check)).size() == 4);
  CHECK(aims("drawn") == aims("drawn"));
}
