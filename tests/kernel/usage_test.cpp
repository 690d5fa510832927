// SPDX-License-Identifier: Apache-2.0
// What people type who do not read the manual first, end to end.
#include <sys/stat.h>

#include <filesystem>

#include "catch.hpp"
#include "scratch.hpp"

using namespace scratch;

namespace {

const std::string kWiredHosts = std::string(NETRIG_CONFIG_DIR) + "/two-hosts.toml";

}  // namespace

TEST_CASE("a wrong command line is told in one sentence and with json as an object") {
  const Result misspelt = cli("upp lab.toml");
  CHECK(misspelt.exit == 2);
  CHECK(misspelt.out.empty());
  CHECK(misspelt.err == "netrig: there is no command \"upp\"; did you mean \"netrig up\"?\n");
  for (const char* line : {"--json upp", "up --json", "up x.toml --json --zzz", "--json"}) {
    INFO(line);
    const Result wrong = cli(line);
    CHECK(wrong.exit == 2);
    const Json error = Json::parse(wrong.out)["error"];
    CHECK(error["code"] == "invalid");
    CHECK(error["exit"] == 2);
    CHECK_FALSE(error["message"].get<std::string>().empty());
  }
}

TEST_CASE("exec needs no marks before its command and says like a shell what it cannot run") {
  REQUIRE(cli("up " + kWiredHosts).exit == 0);
  CHECK(cli("exec two-hosts h1 ping -c1 -w5 192.0.2.2").exit == 0);
  CHECK(cli("exec two-hosts h1 sh -c 'exit 41' -- --json").exit == 41);
  // A command called as one of netrig's, and options that netrig has, too.
  CHECK(cli("exec two-hosts h1 echo list --json -v --help").out == "list --json -v --help\n");
  CHECK(cli("exec two-hosts h1 -- echo -- x").out == "-- x\n");
  const Json collected = Json::parse(cli("exec --json two-hosts h2 sh -c 'echo out; exit 3'").out);
  CHECK(collected["exit"] == 3);
  CHECK(collected["stdout"] == "out\n");
  const Result missing = cli("exec two-hosts h1 no-such-command");
  CHECK(missing.exit == 127);
  CHECK(missing.err == "netrig: cannot run no-such-command: No such file or directory (ENOENT)\n");
  const std::string data = file("data", "no program");
  CHECK(cli("exec two-hosts h1 " + data).exit == 126);
  CHECK(Json::parse(cli("--json exec two-hosts h1 no-such-command").out)["exit"] == 127);
  CHECK(sh("SHELL=/no/such/shell " NETRIG_BINARY " shell two-hosts h1").exit == 127);
  CHECK(cli("down two-hosts").exit == 0);
}

TEST_CASE("a drawing is refused in a form that there is not") {
  const std::string png = directory() + "/lab.png";
  const Result wrong = cli("graph " + kWiredHosts + " -o " + png);
  CHECK(wrong.exit == 2);
  CHECK_THAT(wrong.err, ContainsSubstring("lab.png: a drawing cannot be written as png; end the file in .svg") &&
                            ContainsSubstring("--format dot | dot -Tpng -o " + png));
  CHECK_FALSE(std::filesystem::exists(png));
  CHECK(cli("graph " + kWiredHosts + " -o " + directory() + "/lab").exit == 0);
  CHECK_THAT(read(directory() + "/lab"), ContainsSubstring("<svg"));
}

TEST_CASE("drivers sign signs drivers and labs and nothing else") {
  const std::string key = directory() + "/test.key";
  REQUIRE(cli("drivers keygen --no-password --key " + key).exit == 0);
  const auto sign = [&](const std::string& path) { return cli("drivers sign --key " + key + " " + path); };
  const std::string policy = file("host.toml", "[plugins]\nmode = \"any\"\n");
  const Result not_lab = sign(policy);
  CHECK(not_lab.exit == 2);
  CHECK_THAT(not_lab.err, ContainsSubstring("host.toml:1:1: there is no [lab]"));
  CHECK(sign(file("empty.toml", "")).exit == 2);
  CHECK(sign(file("broken.toml", "[lab\n")).exit == 2);
  const Result not_driver = sign(file("notes.txt", "hello"));
  CHECK(not_driver.exit == 5);
  CHECK_THAT(not_driver.err, ContainsSubstring("only drivers, and lab files whose names end in .toml, can be signed"));
  CHECK(sign("/bin/true").exit == 5);
  for (const char* name : {"host.toml", "empty.toml", "broken.toml", "notes.txt"})
    CHECK_FALSE(std::filesystem::exists(directory() + "/" + name + ".minisig"));
  CHECK_FALSE(std::filesystem::exists("/bin/true.minisig"));
  CHECK(sign(file("lab.toml", read(kWiredHosts))).exit == 0);
  CHECK(std::filesystem::exists(directory() + "/lab.toml.minisig"));
}

TEST_CASE("plan says of an empty lab that it is empty") {
  const std::string lab = file("lab.toml", "[lab]\nname = \"nothing\"\n");
  const Result plan = cli("plan " + lab);
  CHECK(plan.exit == 0);
  CHECK_THAT(plan.out, ContainsSubstring("lab nothing is empty") && !ContainsSubstring("is up"));
  CHECK(Json::parse(cli("plan --json " + lab).out)["steps"].empty());
}

TEST_CASE("a secret key is not written over by its public one") {
  const std::string key = directory() + "/one.pub";
  for (const char* force : {"", " --force"}) {
    const Result made = cli("drivers keygen --no-password --key " + key + force);
    CHECK(made.exit == 2);
    CHECK_THAT(made.err, ContainsSubstring("cannot be one file; name another with --public-key"));
    CHECK_FALSE(std::filesystem::exists(key));
  }
}

TEST_CASE("an alias has up to 255 bytes and goes with its line") {
  const std::string head = "[lab]\nname = \"alias\"\n[namespace.a]\n[device.br]\ndriver = \"bridge\"\ninterfaces = [";
  const auto alias = [] { return ip("-n a link show dev br")[0].value("ifalias", ""); };
  const std::string longest(255, 'a');
  REQUIRE(cli("up " + file("lab.toml", head + "{ namespace = \"a\", name = \"br\", alias = \"" + longest + "\" }]\n"))
              .exit == 0);
  CHECK(alias() == longest);
  REQUIRE(cli("up " + file("lab.toml", head + "{ namespace = \"a\", name = \"br\" }]\n")).exit == 0);
  CHECK(alias().empty());
  CHECK(cli("down alias").exit == 0);
}

TEST_CASE("a name that another lab has taken is not to be deleted by hand") {
  REQUIRE(cli("up " + kWiredHosts).exit == 0);
  const std::string other = file("other.toml", "[lab]\nname = \"other\"\n[namespace.h1]\n");
  const Result up = cli("up " + other);
  CHECK(up.exit == 4);
  CHECK_THAT(up.err, ContainsSubstring("namespace h1 is of lab two-hosts (from " + kWiredHosts + ")") &&
                         ContainsSubstring("\"netrig down two-hosts\"") && !ContainsSubstring("ip netns delete"));
  CHECK(cli("down two-hosts").exit == 0);
  // One that is nobody's is.
  REQUIRE(sh("ip netns add h1").exit == 0);
  CHECK_THAT(cli("up " + other).err, ContainsSubstring("\"ip netns delete h1\""));
  sh("ip netns del h1");
  require_nothing_left();
}

TEST_CASE("where others could write records doctor and audit say what helps") {
  ::chmod("/run/netrig", 01777);
  const std::string mend = "\"chmod 0755 /run/netrig\"";
  const Result doctor = cli("doctor --json");
  CHECK(doctor.exit == 6);
  const std::string lab = kWiredHosts;
  const Json works = Json::parse(doctor.out)["works"];
  for (const Json& one : works) {
    if (one["id"] == "offline") CHECK(one["works"] == true);
    if (one["id"] == "records") CHECK(one["works"] == false);
  }
  CHECK_THAT(doctor.out, ContainsSubstring("chmod 0755 /run/netrig"));
  for (const std::string& command : {std::string("list"), "plan " + lab}) CHECK(cli(command).exit == 3);
  for (const std::string& command : {"graph " + lab, std::string("drivers list")}) CHECK(cli(command).exit == 0);
  const Result audit = cli("audit");
  CHECK(audit.exit == 1);
  CHECK_THAT(audit.out, ContainsSubstring(mend) && !ContainsSubstring("/opt/netrig"));
  ::chmod("/run/netrig", 0755);
}

TEST_CASE("a drawing has one form on standard output") {
  const Result both = cli("graph " + kWiredHosts + " --json --format dot");
  CHECK(both.exit == 2);
  CHECK_THAT(both.err, ContainsSubstring("--json and --format dot cannot both have standard output"));
  CHECK(cli("graph " + kWiredHosts + " --json --format json").exit == 0);
  const std::string drawn = directory() + "/lab.dot";
  CHECK(Json::accept(cli("graph " + kWiredHosts + " --json --format dot -o " + drawn).out));
  CHECK_THAT(read(drawn), ContainsSubstring("graph"));
}

TEST_CASE("two reports do not go into one file") {
  const std::string lab = file("lab.toml",
                               "[lab]\nname = \"twice\"\n[namespace.a]\n[[test]]\nname = \"t\"\n"
                               "from = \"a\"\nexec = { command = \"true\" }\n");
  const std::string report = directory() + "/report.json";
  for (const std::string& second : {report, "text:" + directory() + "/./report.json"}) {
    const Result run = cli("run " + lab + " -r " + report + " -r " + second);
    CHECK(run.exit == 2);
    CHECK_THAT(run.err, ContainsSubstring("two reports cannot be written to one file"));
    CHECK_FALSE(std::filesystem::exists(report));
  }
  require_nothing_left();
}

TEST_CASE("drivers check says what it is for when it gets a lab") {
  const Result check = cli("drivers check " + kWiredHosts);
  CHECK(check.exit == 5);
  CHECK_THAT(check.err, ContainsSubstring("a lab file is no driver") && ContainsSubstring("\"netrig plan\"") &&
                            ContainsSubstring("minisign -V") && !ContainsSubstring("ELF"));
  const std::string text = file("notes.txt", std::string(1000, 'x'));
  CHECK_THAT(cli("drivers check " + text).err, ContainsSubstring(text + ": the file is not an ELF"));
}

TEST_CASE("a key is put where the policy that holds looks for keys") {
  const std::string policy = file("keys.toml", "[trust]\nkeys = \"/opt/acme/keys\"\n");
  ::chmod(policy.c_str(), 0600);
  const auto keygen = [&](const std::string& name, const std::string& which) {
    return cli("--host-config " + which + " drivers keygen --no-password --key " + directory() + "/" + name);
  };
  CHECK_THAT(keygen("one.key", policy).out, ContainsSubstring("put the public key into /opt/acme/keys\n"));
  // To make a key no policy is needed.
  const Result without = keygen("two.key", "/no/such/policy");
  CHECK(without.exit == 0);
  CHECK_THAT(without.out, ContainsSubstring("into the directory that the policy names"));
}

TEST_CASE("a lab that did not come up cannot be drawn and says so") {
  std::filesystem::create_directory("/run/netrig/half");
  ::chmod("/run/netrig/half", 0700);
  const Result graph = cli("graph half");
  CHECK(graph.exit == 7);
  CHECK_THAT(graph.err, ContainsSubstring("lab \"half\" was cut off while it came up") &&
                            ContainsSubstring("\"netrig down half\""));
  CHECK(cli("down half").exit == 0);
  require_nothing_left();
}

TEST_CASE("a lab that is not up is named although its file was typed") {
  const std::string lab = file("lab.toml", "[lab]\nname = \"not-up\"\n[namespace.a]\n");
  for (const std::string& command : {"status " + lab, "down " + lab, "test " + lab, "exec " + lab + " a true"})
    CHECK_THAT(cli(command).err, ContainsSubstring("no lab \"not-up\" (from " + lab + ") is up"));
}

TEST_CASE("a part of a lab that has no tests is not blamed on its file") {
  const std::string lab = file(
      "lab.toml", read(kWiredHosts) + "[[test]]\nname = \"p\"\nfrom = \"h1\"\nping = { to = \"h2\", count = 1 }\n");
  const std::string message = "with --only h1 no [[test]] of lab two-hosts is left";
  CHECK_THAT(cli("run --only h1 " + lab).err, ContainsSubstring(message));
  REQUIRE(cli("up --only h1 " + lab).exit == 0);
  for (const std::string& which : {lab, std::string("two-hosts")}) {
    const Result test = cli("test " + which);
    CHECK(test.exit == 2);
    CHECK_THAT(test.err, ContainsSubstring(message));
  }
  CHECK(cli("down two-hosts").exit == 0);
}
