// SPDX-License-Identifier: Apache-2.0
// Commands as a user meets them: output, exit codes, drivers that misbehave.
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "catch.hpp"
#include "config/config.hpp"
#include "driver/registry.hpp"
#include "engine/engine.hpp"
#include "kernel/inside.hpp"
#include "scratch.hpp"
#include "session/status.hpp"

using namespace scratch;

namespace {

const std::string kTwoHosts = std::string(NETRIG_CONFIG_DIR) + "/two-hosts.toml";

std::string lab_of(const std::string& driver, const std::string& params, int interfaces) {
  std::string text = "[lab]\nname = \"odd\"\n[namespace.a]\n[namespace.b]\n[device.d]\ndriver = \"" + driver + "\"\n" +
                     params + "interfaces = [{ namespace = \"a\", name = \"x\" }";
  if (interfaces == 2) text += ", { namespace = \"b\", name = \"y\" }";
  return text + "]\n";
}

Result with_test_drivers(const std::string& arguments) {
  return cli("--host-config " + policy_with_test_drivers() + " " + arguments);
}

}  // namespace

TEST_CASE("a driver in plain C works through the same services") {
  const std::string lab = file("lab.toml", lab_of("cveth", "params = { queues = 4 }\n", 2));
  const Result up = with_test_drivers("up " + lab);
  INFO(up.err);
  REQUIRE(up.exit == 0);
  CHECK(ip("-n b -d link show dev y")[0]["num_tx_queues"] == 4);
  const Json status = Json::parse(with_test_drivers("--json status odd").out);
  CHECK(status["whole"] == true);
  CHECK(status["devices"][0]["state"]["attributes"] == "many");
  CHECK(status["devices"][0]["interfaces"][0]["up"] == true);
  REQUIRE(with_test_drivers("down odd").exit == 0);
  require_nothing_left();
}

TEST_CASE("no output and no log shows a secret") {
  const std::string secret = "s3cr3t-t0k3n";
  const std::string log = directory() + "/log";
  for (const char* params :
       {"params = { token = \"s3cr3t-t0k3n\" }\n", "params = { token = \"s3cr3t-t0k3n\", refuse = true }\n"}) {
    const std::string lab = file("lab.toml", lab_of("cveth", params, 2));
    for (const std::string command : {"plan", "up", "status", "down"}) {
      const std::string what = command == "plan" || command == "up" ? lab : "odd";
      const Result result =
          with_test_drivers("-vv --json --log-format json --log-file " + log + " " + command + " " + what);
      CHECK_THAT(result.out + result.err, !ContainsSubstring(secret));
    }
  }
  CHECK_THAT(read(log), ContainsSubstring("***"));
  CHECK_THAT(read(log), !ContainsSubstring(secret));
  require_nothing_left();
}

TEST_CASE("a driver that asks for what it may not is refused, and nothing is left") {
  const auto [driver, message] = GENERATE(table<std::string, std::string>({
      {"makesnothing", "it made nothing for interface x"},
      {"otherkind", "a link of kind \"bridge\", which its table does not declare"},
      {"otherinterface", "interface 7 of 1"},
      {"claims", "the driver says that it made a:x as interface 1, which the kernel does not show"},
      {"renames", "link attribute 3"},
      {"cutoff", "an attribute is cut off"},
  }));
  const Result up = with_test_drivers("up " + file("lab.toml", lab_of(driver, "", 1)));
  CHECK(up.exit != 0);
  CHECK_THAT(up.err, ContainsSubstring(message));
  CHECK_THAT(up.err, ContainsSubstring("lab.toml:5:9: device d (driver " + driver + ")"));
  require_nothing_left();
}

TEST_CASE("a kind that the kernel lacks is named with the module it needs") {
  const Result up = with_test_drivers("up " + file("lab.toml", lab_of("nokind", "", 1)));
  CHECK(up.exit == 6);
  CHECK_THAT(up.err, ContainsSubstring("this kernel cannot make a netrignone"));
  CHECK_THAT(up.err, ContainsSubstring("\"modprobe rtnl-link-netrignone\" finds no module that has"));
  require_nothing_left();
}

TEST_CASE("a lab goes also when its driver will not let go, or is gone") {
  REQUIRE(with_test_drivers("up " + file("lab.toml", lab_of("clings", "", 1))).exit == 0);
  // The installed policy knows no such driver; the one of the tests has it, and it refuses.
  const Result down = GENERATE(true, false) ? cli("down odd") : with_test_drivers("down odd");
  CHECK(down.exit == 0);
  CHECK_THAT(down.err, ContainsSubstring("its interfaces are deleted instead"));
  require_nothing_left();
}

TEST_CASE("exec runs in the namespace and ends as its command does") {
  REQUIRE(cli("up " + kTwoHosts).exit == 0);
  CHECK(cli("exec two-hosts h1 -- sh -c 'exit 41'").exit == 41);
  CHECK(cli("exec two-hosts h1 -- cat /sys/class/net/eth0/address").out ==
        ip("-n h1 link show dev eth0")[0]["address"].get<std::string>() + "\n");
  CHECK(cli("exec two-hosts h1 -- sh -c 'echo $NETRIG_LAB $NETRIG_NAMESPACE'").out == "two-hosts h1\n");
  const Json result = Json::parse(cli("--json exec two-hosts h2 -- sh -c 'echo out; echo err >&2; exit 3'").out);
  CHECK(result["exit"] == 3);
  CHECK(result["stdout"] == "out\n");
  CHECK(result["stderr"] == "err\n");
  CHECK(sh("echo 'echo here: $NETRIG_NAMESPACE' | SHELL=/bin/sh " NETRIG_BINARY " shell two-hosts h1").exit == 0);
  CHECK(cli("exec two-hosts h1 -- /no/such/command").exit == 127);
  const Result wrong = cli("exec two-hosts h3 -- true");
  CHECK(wrong.exit == 7);
  CHECK_THAT(wrong.err, ContainsSubstring("lab two-hosts has no namespace \"h3\"; did you mean"));
  const Result other = cli("exec two-host h1 -- true");
  CHECK(other.exit == 7);
  CHECK_THAT(other.err, ContainsSubstring("no lab \"two-host\" is up; did you mean \"two-hosts\"?"));
  CHECK(cli("down two-hosts").exit == 0);
}

TEST_CASE("without privileges every command says which are missing") {
  const std::string as_nobody =
      "setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all ";
  if (sh(as_nobody + NETRIG_BINARY + " --version").exit != 0)
    skip("an unprivileged user cannot run the binary in its place");
  for (const std::string& command : {"up " + kTwoHosts, std::string("down --all")}) {
    const Result result = sh(as_nobody + NETRIG_BINARY + " " + command);
    CHECK(result.exit == 3);
    CHECK_THAT(result.err, ContainsSubstring("needs CAP_SYS_ADMIN (network namespaces) and CAP_NET_ADMIN"));
    CHECK_THAT(result.err, ContainsSubstring("sudo"));
  }
  CHECK(sh(as_nobody + NETRIG_BINARY + " plan " + kTwoHosts).exit == 0);
  REQUIRE(cli("up " + kTwoHosts).exit == 0);
  const Result plan = sh(as_nobody + NETRIG_BINARY + " plan " + kTwoHosts);
  CHECK(plan.exit == 0);
  CHECK_THAT(plan.out, ContainsSubstring("whether the lab is up only root can see"));
  REQUIRE(cli("down two-hosts").exit == 0);
  CHECK(sh(as_nobody + NETRIG_BINARY + " list").exit == 0);
  CHECK(sh(as_nobody + NETRIG_BINARY + " doctor").exit == 6);
  require_nothing_left();
}

TEST_CASE("drivers are listed and shown, as text and as JSON") {
  const Json list = Json::parse(cli("--json drivers list").out)["drivers"];
  REQUIRE(list.size() >= 3);  // a new kind touches its own folder only
  for (const Json& one : list) {
    CHECK(one["loadable"] == true);
    CHECK(one["sha256"] == sh("sha256sum " + one["path"].get<std::string>()).out.substr(0, 64));
  }
  const Json show = Json::parse(cli("--json drivers show macvlan").out);
  const auto& parameters = show["parameters"];
  REQUIRE(std::any_of(parameters.begin(), parameters.end(),
                      [](const Json& p) { return p["name"] == "parent" && p["required"] == true; }));
  CHECK_THAT(cli("drivers show bridge").out, ContainsSubstring("group_fwd_mask"));
  const Result wrong = cli("drivers show brigde");
  CHECK(wrong.exit == 5);
  CHECK_THAT(wrong.err, ContainsSubstring("did you mean \"bridge\"?"));
  const Result refused = with_test_drivers("drivers list");
  CHECK(refused.exit == 5);
  CHECK_THAT(refused.out, ContainsSubstring("REFUSED: it has no netrig note"));
}

TEST_CASE("doctor finds this machine ready, for the tests run on it") {
  const Json doctor = Json::parse(cli("--json doctor").out);
  CHECK(doctor["ready"] == true);
  CHECK(doctor["findings"].size() > 8);
}

TEST_CASE("a policy that others could have written, or that is wrong, loads nothing") {
  const std::string path = policy_with_test_drivers();
  ::chmod(path.c_str(), 0666);
  const Result writable = cli("--host-config " + path + " drivers list");
  CHECK(writable.exit == 3);
  CHECK_THAT(
      writable.err,
      ContainsSubstring("host.toml: the policy is not protected: it is writable by others (mode 0666): \"chmod go-w "));
  for (const auto& [text, message] :
       {std::pair{"[plugin]\n", "host.toml:1:2: unknown key \"plugin\" in the policy; did you mean \"plugins\"?"},
        std::pair{"[plugins]\nmode = \"none\"\n", "host.toml:2:8: mode = \"none\" is not known"},
        std::pair{"[plugins]\ndirectories = \"/x\"\n", "host.toml:2:15: directories is a string; write a list"},
        std::pair{"[plugins]\ndirectories = [\"x\"]\n", "host.toml:2:16: \"x\" is not an absolute path"},
        std::pair{"[plugins]\ndirectories = [\"/a/../b\"]\n", "has \"..\" in it"},
        std::pair{"[limits]\ndeadline = \"soon\"\n", "host.toml:2:12: deadline = \"soon\" is not a duration"},
        std::pair{"[[[", "host.toml:1:"}}) {
    const std::string wrong = file("host.toml", text);
    ::chmod(wrong.c_str(), 0600);
    const Result result = cli("--host-config " + wrong + " drivers list");
    CHECK(result.exit == 2);
    CHECK_THAT(result.err, ContainsSubstring(message));
  }
  CHECK(cli("--host-config /no/such/file drivers list").exit == 2);
}

TEST_CASE("a wrong command line says what is wrong, and a wrong lab leaves the kernel alone") {
  CHECK(cli("").exit == 2);
  CHECK(cli("upp x").exit == 2);
  CHECK(cli("up").exit == 2);
  CHECK(cli("down").exit == 2);
  CHECK(cli("--help").exit == 0);
  CHECK(cli("up --help").exit == 0);
  CHECK(cli("up " + file("lab.toml", "[lab]\nname = \"x\"\nnmae = 1\n")).exit == 2);
  CHECK(cli("up /no/such/file.toml").exit == 2);
  CHECK(cli("status nothing").exit == 7);
  CHECK(cli("down nothing").exit == 7);
  const Json error = Json::parse(cli("--json up " + file("lab.toml", "[lab]\nname = \"x\"\nnmae = 1\n")).out)["error"];
  CHECK(error["code"] == "invalid");
  CHECK(error["exit"] == 2);
  CHECK_THAT(error["where"].get<std::string>(), ContainsSubstring("lab.toml:3:1"));
  require_nothing_left();
}

TEST_CASE("plan says that a lab is up only when it is") {
  const std::string lab = file("lab.toml",
                               "[lab]\nname = \"k\"\n[namespace.here]\nexisting = true\n"
                               "path = \"/proc/self/ns/net\"\n");
  CHECK(cli("plan " + lab).out == "nothing to make for lab k: all that its file says is there already\n");
  REQUIRE(cli("up " + lab).exit == 0);
  CHECK(cli("plan " + lab).out == "lab k is up as the file says; nothing to change\n");
  REQUIRE(cli("down k").exit == 0);
  require_nothing_left();
}

TEST_CASE("the bridge's timers are checked by its driver, and the message says where") {
  const Result result =
      cli("plan " + file("lab.toml",
                         "[lab]\nname = \"x\"\n[namespace.a]\n[device.sw]\ndriver = \"bridge\"\n"
                         "params = { max_age = \"40s\" }\ninterfaces = [{ namespace = \"a\", name = \"br0\" }]\n"));
  CHECK(result.exit == 2);
  CHECK_THAT(result.err, ContainsSubstring(
                             "lab.toml:4:9: device sw (driver bridge): 2 * (forward_delay - 1s) is less than max_age"));
}

TEST_CASE("up and down in one process leave no descriptor open") {
  const auto open_files = [] { return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}); };
  const std::string build = std::filesystem::path(NETRIG_PLUGIN_DIR).parent_path();
  netrig::driver::Policy policy;
  policy.directories = {NETRIG_PLUGIN_DIR};
  policy.anchor = build;
  netrig::kernel::Homecoming::prepare();  // keeps one, of the namespace that the process began in
  const auto before = open_files();
  {
    netrig::driver::Registry drivers(policy);
    const netrig::config::Drivers lookup{.find = [&](std::string_view kind) { return drivers.find(kind); },
                                         .kinds = [&] { return drivers.kinds(); }};
    const netrig::Lab lab = netrig::config::load(std::string(NETRIG_CONFIG_DIR) + "/two-hosts.toml", lookup).lab;
    auto journal = netrig::engine::Journal::open("two-hosts", {.create = true});
    journal->begin(lab, {}, netrig::engine::Purpose::up);
    const netrig::engine::Options options;
    netrig::engine::Bringing(*journal, drivers, options, nullptr, lab).run({});
    CHECK(namespaces().size() == 2);
    const auto applied = [&](const auto&) { return lab; };
    const netrig::session::Host host{.drivers = drivers, .applied = applied, .edited = applied, .options = {}};
    CHECK(netrig::session::status(host, journal->record()).whole());
    CHECK(netrig::engine::down(*journal, drivers, {}).empty());
  }
  CHECK(open_files() == before);
  require_nothing_left();
}

TEST_CASE(
    "only some thousands of namespaces fit into the limit on open files, and that is said before anything is made") {
  const std::string lab =
      file("lab.toml", "[lab]\nname = \"big\"\n[[repeat]]\nfor = { i = \"0..999\" }\nnamespace.\"n{i}\" = {}\n");
  const Result result = sh("ulimit -n 500; " NETRIG_BINARY " up " + lab);
  CHECK(result.exit == 6);
  CHECK_THAT(result.err,
             ContainsSubstring("needs 1256 file descriptors, but the limit is 500; raise it with \"ulimit -n 1256\""));
  require_nothing_left();
}
