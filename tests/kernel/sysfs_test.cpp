// SPDX-License-Identifier: Apache-2.0
// What drivers write to sysfs, by the policy's grant.
#include "catch.hpp"
#include "scratch.hpp"

using namespace scratch;

namespace {

Result with_grant(const std::string& arguments, const std::string& grant) {
  return cli("--host-config " + policy_with_test_drivers("[driver.writes]\ngrant = [" + grant + "]\n") + " " +
             arguments);
}
std::string lab_with(const std::string& params) {
  return file("lab.toml",
              "[lab]\nname = \"sysfs\"\nnamespaces = [\"a\"]\n[device.d]\ndriver = \"writes\"\n"
              "interfaces = [{ namespace = \"a\", name = \"br0\" }]\nparams = { " +
                  params + " }\n");
}
std::string attribute(const std::string& name) { return sh("ip netns exec a cat /sys/class/net/br0/" + name).out; }
constexpr const char* kGrant = "\"sysfs:gro_*\", \"sysfs:bridge/ageing_time\"";

}  // namespace

TEST_CASE("a driver writes to sysfs what the policy names, and nothing else") {
  const Result up =
      with_grant("up " + lab_with("flush = \"20us\", attribute = \"bridge/ageing_time\", value = \"6000\""), kGrant);
  INFO(up.err);
  REQUIRE(up.exit == 0);
  CHECK(attribute("gro_flush_timeout") == "20000\n");
  CHECK(ip("-n a -d link show dev br0")[0]["linkinfo"]["info_data"]["ageing_time"] == 6000);
  CHECK(with_grant("verify sysfs", kGrant).exit == 0);
  REQUIRE(sh("ip netns exec a sh -c 'echo 7000 >/sys/class/net/br0/gro_flush_timeout'").exit == 0);
  CHECK_THAT(with_grant("verify sysfs", kGrant).out, ContainsSubstring("flush: expected 20us, found 7us"));
  REQUIRE(with_grant("up " + lab_with("flush = \"30us\""), kGrant).exit == 0);
  CHECK(attribute("gro_flush_timeout") == "30000\n");

  const auto [path, why] = GENERATE(table<std::string, std::string>(
      {{"tx_queue_len",
        "a write to tx_queue_len in sysfs, which its table does not ask for or the policy does not grant"},
       {"bridge/stp_state", "a write to bridge/stp_state in sysfs"},
       {"gro_x/y", "a write to gro_x/y in sysfs"},
       {"../lo/gro_flush_timeout", "a sysfs path that leaves the interface"},
       {"gro_none", "the host did not write sysfs"},
       {"bridge/ageing_time", "cannot write bridge/ageing_time: Invalid argument (EINVAL)"}}));
  INFO(path);
  const Result refused =
      with_grant("up " + lab_with("flush = \"30us\", attribute = \"" + path + "\", value = \"x\""), kGrant);
  CHECK(refused.exit != 0);
  CHECK_THAT(refused.err, ContainsSubstring(why));
  CHECK(ip("-n a link show dev br0")[0]["txqlen"] == 1000);
  CHECK(with_grant("down sysfs", kGrant).exit == 0);
  require_nothing_left();
}

TEST_CASE("a driver that writes to sysfs keeps the laws") {
  const Result test = cli("drivers test " NETRIG_TEST_PLUGIN_DIR "/writes.so --cycles 20");
  INFO(test.out);
  CHECK(test.exit == 0);
}

TEST_CASE("without a grant nothing is written to sysfs, whatever the table wants") {
  const Result up = with_grant("up " + lab_with("flush = \"20us\""), "\"TUN\"");
  CHECK(up.exit == 3);
  CHECK_THAT(up.err,
             ContainsSubstring("a write to gro_flush_timeout in sysfs, which its table does not ask for or the policy "
                               "does not grant"));
  require_nothing_left();
  for (const char* grant : {"sysfs:", "sysfs:/etc", "sysfs:a/../b", "sysfs"})
    CHECK_THAT(with_grant("plan " + lab_with(""), std::string("\"") + grant + "\"").err,
               ContainsSubstring("cannot be granted; write"));
}
