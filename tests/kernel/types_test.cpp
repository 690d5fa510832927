// SPDX-License-Identifier: Apache-2.0
// Drivers whose parameters are fractions, bytes, namespaces, tables and files, in this process and in workers.
#include <fstream>

#include "catch.hpp"
#include "scratch.hpp"

using namespace scratch;

namespace {

Result with_types(const std::string& arguments, const std::string& isolation) {
  return cli("--host-config " + policy_with_test_drivers("isolation = \"" + isolation + "\"\n") + " " + arguments);
}

std::string lab(const std::string& params, const std::string& kind = "every") {
  return file("lab.toml", "[lab]\nname = \"types\"\nnamespaces = [\"a\", \"b\"]\n[device.d]\ndriver = \"" + kind +
                              "\"\ninterfaces = [{ namespace = \"a\", name = \"br0\" }]\nparams = { " + params +
                              " }\n");
}

Json data() { return ip("-n a -d link show dev br0")[0]["linkinfo"]["info_data"]; }
int index() { return ip("-n a link show dev br0")[0]["ifindex"].get<int>(); }

/// MACs that the bridge itself has, but its own.
std::vector<std::string> entries() {
  std::vector<std::string> macs;
  for (const Json& one : Json::parse(sh("bridge -n a -j fdb show br br0").out))
    if (const std::string mac = one["mac"]; mac.starts_with("02:00:00")) macs.push_back(mac);
  std::sort(macs.begin(), macs.end());
  macs.erase(std::unique(macs.begin(), macs.end()), macs.end());
  return macs;
}

class Rig {
 public:
  explicit Rig(std::string isolation) : isolation_(std::move(isolation)) {}
  Result run(const std::string& arguments) const { return with_types(arguments, isolation_); }
  Result up(const std::string& lab) const {
    Result up = run("up " + lab);
    INFO(up.err);
    REQUIRE(up.exit == 0);
    return up;
  }
  Json state() const { return Json::parse(run("--json status types").out)["devices"][0]["state"]; }
  Result down() const {
    Result down = run("down --wait types");
    INFO(down.err);
    CHECK(down.exit == 0);
    require_nothing_left();
    return down;
  }

 private:
  std::string isolation_;
};

std::string record_of_lab() { return sh("cat /run/netrig/types/*").out; }

}  // namespace

TEST_CASE("types: a fraction goes to the kernel, is compared, mended and changed in place") {
  const Rig rig(GENERATE("worker", "none"));
  rig.up(lab("share = 5, odds = 0.1"));
  const int before = index();
  CHECK(data()["mcast_last_member_cnt"] == 5);
  CHECK(rig.run("verify types").exit == 0);
  REQUIRE(sh("ip -n a link set br0 type bridge mcast_last_member_count 7").exit == 0);
  CHECK_THAT(rig.run("verify types").out, ContainsSubstring("share: expected 5%, found 7%"));
  CHECK_THAT(rig.run("plan " + lab("share = 5, odds = 0.1")).out, ContainsSubstring("share 7% -> 5%"));
  const Result edit = rig.up(lab("share = 10, odds = 0.2"));
  CHECK_THAT(edit.err, ContainsSubstring("odds 8589935"));
  CHECK(data()["mcast_last_member_cnt"] == 10);
  CHECK(index() == before);
  CHECK(rig.state()["odds"] == "0.2%");
  rig.up(lab(""));
  CHECK(data()["mcast_last_member_cnt"] == 2);
  CHECK(index() == before);
  rig.down();
}

TEST_CASE("types: bytes reach the driver, what it tells of them is compared, and secret ones are seen by nobody") {
  const Rig rig(GENERATE("worker", "none"));
  const Result up = rig.up(lab("hello = \"0x0180c2000004\", key = \"0xdeadbeef01\""));
  CHECK_THAT(up.err, ContainsSubstring("key *** of 5 bytes"));
  CHECK(data()["group_addr"] == "01:80:c2:00:00:04");
  CHECK(rig.state()["hello"] == "0x0180c2000004");
  CHECK(rig.state()["key"] == "forgotten");
  REQUIRE(sh("ip -n a link set br0 type bridge group_address 01:80:c2:00:00:05").exit == 0);
  CHECK_THAT(rig.run("verify types").out, ContainsSubstring("hello: expected 0x0180c2000004, found 0x0180c2000005"));
  // Another way to write it is no other value.
  const std::string edit = lab("hello = \"01:80:c2:00:00:04\", key = \"3q2+7wE=\"");
  CHECK_THAT(rig.run("plan " + edit).out, ContainsSubstring("hello 0x0180c2000005 -> 0x0180c2000004"));
  CHECK_THAT(rig.run("plan " + edit).out, !ContainsSubstring("key"));
  rig.up(edit);
  CHECK(data()["group_addr"] == "01:80:c2:00:00:04");
  CHECK_THAT(rig.run("plan " + lab("hello = \"01:80:c2:00:00:04\", key = \"0x0102\"")).out,
             ContainsSubstring("key (secret) -> (secret)"));
  CHECK_THAT(sh("cat /run/netrig/types/journal").out, !ContainsSubstring("deadbeef") && !ContainsSubstring("3q2+7wE="));
  rig.down();
}

TEST_CASE("types: a namespace is a reference to its loopback, also after it is gone") {
  const Rig rig(GENERATE("worker", "none"));
  rig.up(lab("beside = \"b\""));
  CHECK(rig.state()["beside"] == "b, there by lo");
  const std::string wrong = lab("beside = \"bb\"");
  const Result refused = rig.run("plan " + wrong);
  CHECK(refused.exit == 2);
  CHECK_THAT(refused.err, ContainsSubstring("lab.toml:7:21: parameter beside = \"bb\" names no namespace of the lab"));
  REQUIRE(sh("ip netns delete b").exit == 0);
  CHECK(rig.state()["beside"] == "b, gone");
  rig.down();
}

TEST_CASE("types: a table makes a link in another namespace, whose underlay it has") {
  if (const std::string reason = kernel_lacks("CONFIG_VXLAN"); !reason.empty()) skip(reason);
  const Rig rig(GENERATE("worker", "none"));
  const Result up = rig.run("up " + lab("id = 7, remote = \"192.0.2.1\", underlay = \"b\"", "far"));
  INFO(up.err);
  REQUIRE(up.exit == 0);
  const Json link = ip("-n a -d link show dev br0")[0];
  CHECK(link["linkinfo"]["info_kind"] == "vxlan");
  CHECK(link.contains("link_netnsid"));
  // Its socket is where it was made.
  REQUIRE(sh("ip -n a link set br0 up").exit == 0);
  CHECK_THAT(sh("ip netns exec b ss -Hlnu").out, ContainsSubstring(":8472"));
  CHECK_THAT(sh("ip netns exec a ss -Hlnu").out, !ContainsSubstring(":8472"));
  CHECK(rig.run("verify types").exit == 0);
  CHECK_THAT(rig.run("plan " + lab("id = 7, remote = \"192.0.2.1\", underlay = \"a\"", "far")).out,
             ContainsSubstring("br0"));
  rig.down();
}

TEST_CASE("types: rows of a table are what the driver makes of them, and change in place") {
  const Rig rig(GENERATE("worker", "none"));
  const std::string one =
      "{ mac = \"02:00:00:00:00:01\", vlan = 10, note = \"first\", numbers = [1, 2], home = \"b\", "
      "password = \"0x68756e74657232\" }";
  const Result up = rig.up(lab("entries = [" + one + ", { mac = \"02:00:00:00:00:02\" }]"));
  CHECK_THAT(up.err, ContainsSubstring("entry 0: note first, vlan 10, numbers 1 2, home b, password ***"));
  CHECK_THAT(up.err, ContainsSubstring("entry 1: note none, vlan none, numbers"));
  CHECK(entries() == std::vector<std::string>{"02:00:00:00:00:01", "02:00:00:00:00:02"});
  const int before = index();
  const std::string edit = lab("entries = [" + one + ", { mac = \"02:00:00:00:00:03\", note = \"second\" }]");
  const Result plan = rig.run("plan " + edit);
  CHECK_THAT(plan.out, ContainsSubstring("entries[1].mac 02:00:00:00:00:02 -> 02:00:00:00:00:03") &&
                           ContainsSubstring("entries[1].note none -> second") && !ContainsSubstring("entries[0]"));
  CHECK_THAT(rig.up(edit).err, ContainsSubstring("entries have changed"));
  CHECK(entries() == std::vector<std::string>{"02:00:00:00:00:01", "02:00:00:00:00:03"});
  CHECK(index() == before);
  CHECK(rig.state()["rows"] == "2");
  CHECK_THAT(record_of_lab(), !ContainsSubstring("hunter2"));
  rig.up(lab(""));
  CHECK(entries().empty());
  CHECK(index() == before);
  rig.up(lab("entries = [" + one + ", { mac = \"02:00:00:00:00:03\" }]"));
  CHECK(entries() == std::vector<std::string>{"02:00:00:00:00:01", "02:00:00:00:00:03"});
  CHECK_THAT(rig.down().err, ContainsSubstring("destroy: 2 entries"));
}

TEST_CASE("types: a file is given as it was read, and another content changes the device") {
  const Rig rig(GENERATE("worker", "none"));
  file("settings", "6000");
  file("token", "hunter2 and more");
  const std::string path = lab("settings = \"settings\", secret = \"token\"");
  const Result up = rig.up(path);
  CHECK_THAT(up.err, ContainsSubstring("secret *** of 16 bytes"));
  CHECK(data()["ageing_time"] == 6000);
  CHECK(rig.state()["settings"] == "not kept");
  CHECK_THAT(record_of_lab(), !ContainsSubstring("hunter2"));
  CHECK_THAT(rig.run("plan " + path).out, ContainsSubstring("nothing to change"));
  const int before = index();
  file("settings", "7000");
  CHECK_THAT(rig.run("plan " + path).out, ContainsSubstring("settings settings (4 bytes, BLAKE2b "));
  rig.up(path);
  CHECK(data()["ageing_time"] == 7000);
  CHECK(index() == before);
  file("token", "hunter3 and more");
  CHECK_THAT(rig.run("plan " + path).out, ContainsSubstring("secret (secret) -> (secret)"));
  // Of the old one, which the driver may have kept, nobody has the text any more.
  CHECK_THAT(rig.up(path).err, ContainsSubstring("(not shown: a secret may be in it)") && !ContainsSubstring("hunter"));
  CHECK_THAT(rig.run("plan " + path).out, ContainsSubstring("nothing to change"));
  rig.down();
}

TEST_CASE("types: a secret that has changed cannot be given back, and that is said") {
  const Rig rig("worker");
  file("token", "one");
  rig.up(lab("secret = \"token\""));
  file("token", "two");
  const std::string path = lab("secret = \"token\"");
  file("lab.toml", read(path) +
                       "[device.e]\ndriver = \"live\"\nparams = { fail = \"settle\" }\ninterfaces = [{ "
                       "namespace = \"b\", name = \"br1\" }]\n");
  const Result up = rig.run("up " + path);
  CHECK(up.exit == 1);
  CHECK_THAT(up.err, ContainsSubstring("device e (driver live): it does not settle"));
  CHECK_THAT(up.err, ContainsSubstring("secret: what the secret file token held is kept nowhere"));
  rig.up(lab("secret = \"token\""));
  CHECK(rig.run("verify types").exit == 0);
  rig.down();
}

TEST_CASE("types: a worker is given no more files than it may have open") {
  const Rig rig("worker");
  for (int i = 0; i < 60; ++i) file("f" + std::to_string(i), "x");
  const std::string many = lab("entries = []");
  const Result refused =
      rig.run("up " + file("lab.toml", replaced(read(many), "entries = []",
                                                "tokens = [{ for = { i = \"0..59\" }, value = \"f{i}\" }]")));
  CHECK(refused.exit == 6);
  CHECK_THAT(refused.err, ContainsSubstring("it would be given 60 files, and its worker may have 64 descriptors open"));
  require_nothing_left();
  rig.up(lab("tokens = [\"f1\", \"f2\", \"f1\"]"));
  CHECK(rig.state()["tokens"] == "3");
  rig.down();
}

TEST_CASE("types: drivers show tells columns of tables, and traces tell cells") {
  const Rig rig("worker");
  const Json shown = Json::parse(rig.run("--json drivers show every").out);
  std::map<std::string, Json> all;
  for (const Json& one : shown["parameters"]) all[one["name"]] = one;
  CHECK(all["entries"]["type"] == "table");
  CHECK(all["entries.mac"]["table"] == "entries");
  CHECK(all["entries.mac"]["required"] == true);
  CHECK(all["tokens"]["type"] == "list of file");
  CHECK_THAT(rig.run("drivers show every").out, ContainsSubstring("1% to 50%") && ContainsSubstring("0 to 3 rows"));
  file("token", "hunter2");
  const std::string trace = directory() + "/trace";
  const Result up = rig.run("--trace-drivers " + trace + " up " +
                            lab("beside = \"b\", secret = \"token\", key = \"0x68756e74657232\", entries = [{ mac = "
                                "\"02:00:00:00:00:01\", password = \"0x68756e74657232\" }]"));
  INFO(up.err);
  REQUIRE(up.exit == 0);
  const std::string lines = read(trace);
  CHECK_THAT(lines, ContainsSubstring("\"entries[0].mac\":\"02:00:00:00:00:01\"") &&
                        ContainsSubstring("\"entries[0].password\":\"(secret)\"") &&
                        ContainsSubstring("\"namespace\":\"b\"") && !ContainsSubstring("hunter2") &&
                        !ContainsSubstring("68756e74657232"));
  rig.down();
}

TEST_CASE("types: a parameter of a later type refuses only labs that set it") {
  const Rig rig("worker");
  CHECK_THAT(rig.run("drivers show later").out, ContainsSubstring("unknown (200)"));
  CHECK_THAT(rig.run("drivers list").out, ContainsSubstring("a driver of tomorrow"));
  const Result refused = rig.run("up " + lab("priority = 4096, mood = \"good\"", "later"));
  CHECK(refused.exit == 2);
  CHECK_THAT(refused.err,
             ContainsSubstring("lab.toml:7:36: parameter mood cannot be set: it is one whose type (200) this "
                               "netrig does not know; a later netrig does"));
  rig.up(lab("priority = 4096", "later"));
  CHECK(data()["priority"] == 4096);
  CHECK(rig.run("verify types").exit == 0);
  rig.down();
  const Result needed = rig.run("up " + lab("priority = 4096", "needslater"));
  CHECK(needed.exit == 2);
  CHECK_THAT(needed.err,
             ContainsSubstring("driver needslater needs parameter mood, whose type (200) this netrig does not "
                               "know"));
}

TEST_CASE("types: drivers that have them keep the laws") {
  const Rig rig("worker");
  for (const char* kind : {"every", "far"}) {
    const Result test = rig.run(std::string("drivers test " NETRIG_TEST_PLUGIN_DIR "/") + kind + ".so --cycles 20");
    INFO(test.out);
    INFO(test.err);
    CHECK(test.exit == 0);
  }
}
