// SPDX-License-Identifier: Apache-2.0
// What a namespace is to its commands, alike in services, tests, `exec`.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "catch.hpp"
#include "check/rig.hpp"

using namespace scratch;
namespace fs = std::filesystem;

namespace {

struct Down {
  Down() = default;
  ~Down() { cli("--quiet down --force rig"); }
  Down(const Down&) = delete;
  Down& operator=(const Down&) = delete;
};

std::string lab(const std::string& keys, const std::string& more) {
  return file("lab.toml", replaced(rig::kWire, "[namespace.h1]\n", "[namespace.h1]\n" + keys) + more);
}

void up(const std::string& path) {
  const Result result = cli("up " + path);
  INFO(result.out << result.err);
  REQUIRE(result.exit == 0);
}

std::string exec(const std::string& space, const std::string& command) {
  const Result result = cli("exec rig " + space + " -- sh -c '" + command + "'");
  INFO(result.err);
  CHECK(result.exit == 0);
  return result.out;
}

}  // namespace

TEST_CASE("commands of a namespace see its host name, and the machine keeps its own") {
  const Down always;
  const std::string before = sh("uname -n").out;
  const std::string mark = directory() + "/mark";
  const std::string path =
      lab("hostname = \"alpha-1.example\"\n",
          "[service.s]\nnamespace = \"h*\"\ncommand = '''uname -n >" + mark + ".$NETRIG_NAMESPACE; exec sleep " +
              rig::an_hour() + "'''\nready = { command = \"test \\\"$(uname -n)\\\" = \\\"$(cat " + mark +
              ".$NETRIG_NAMESPACE)\\\"\" }\n"
              "[[test]]\nname = \"t\"\nfrom = \"h1\"\nexec = { command = \"uname -n\", matches = \"^alpha-1.example$\" "
              "}\n");
  up(path);
  CHECK(exec("h1", "uname -n") == "alpha-1.example\n");
  CHECK(exec("h2", "uname -n") == before);
  CHECK(Json::parse(cli("--json exec rig h1 uname -n").out)["stdout"] == "alpha-1.example\n");
  CHECK(read(mark + ".h1") == "alpha-1.example\n");
  CHECK(read(mark + ".h2") == before);
  CHECK(cli("test rig").exit == 0);
  // A service that runs has the old one, so it is another now.
  const std::string service = read(path).substr(read(path).find("[service.s]"));
  up(lab("hostname = \"beta\"\n", replaced(service, "alpha-1.example", "beta")));
  CHECK(read(mark + ".h1") == "beta\n");
  CHECK(sh("uname -n").out == before);
  REQUIRE(cli("down rig").exit == 0);
  require_nothing_left();
}

TEST_CASE("an edit of what a namespace is to its commands is told, but for what a value is") {
  const Down always;
  up(lab("hostname = \"alpha\"\nvalues = { COLOR = \"red\", SIZE = \"1\" }\nprivate = [\"/srv\"]\n", ""));
  const std::string edited =
      replaced(read(lab("hostname = \"beta\"\nvalues = { COLOR = \"blue\", SHAPE = \"round\" }\n", "")),
               "name = \"rig\"\n", "name = \"rig\"\nresolve = false\n");
  const std::string path = file("lab.toml", edited);
  for (const std::string command : {"plan ", "up "}) {
    const std::string told = cli(command + path).out;
    INFO(told);
    for (const char* line : {"~ resolve commands find no namespace by name", "~ hostname beta  was alpha",
                             "- private directory /srv", "~ value COLOR", "+ value SHAPE", "- value SIZE"})
      CHECK_THAT(told, ContainsSubstring(line));
    for (const char* secret : {"red", "blue", "round"}) CHECK_THAT(told, !ContainsSubstring(secret));
  }
  CHECK(exec("h1", "uname -n; echo $COLOR$SHAPE$SIZE") == "beta\nblueround\n");
  CHECK_THAT(cli("up " + path).out, ContainsSubstring("nothing to change"));
  REQUIRE(cli("down rig").exit == 0);
}

TEST_CASE("commands of a namespace have private directories, until down") {
  const Down always;
  const std::string keys =
      "private = [\"/srv\", { path = \"/mnt\", owner = \"nobody\", group = \"nogroup\", mode = \"0700\" }]\n";
  const std::string path = lab(
      keys,
      "[service.s]\nnamespace = \"h1\"\nuser = \"nobody\"\ncommand = '''touch /mnt/mine; exec sleep " + rig::an_hour() +
          "'''\nready = { command = \"test -e /mnt/mine\" }\n"
          "[[test]]\nname = \"t\"\nfrom = \"h1\"\nexec = { command = \"test -e /srv/x && test -e /mnt/mine\" }\n");
  up(path);
  exec("h1", "touch /srv/x");
  CHECK(exec("h1", "ls /srv /mnt") == "/mnt:\nmine\n\n/srv:\nx\n");
  CHECK(exec("h1", "stat -c \"%U %G %a\" /mnt /srv") == "nobody nogroup 700\nroot root 755\n");
  CHECK_FALSE(fs::exists("/srv/x"));
  CHECK_FALSE(fs::exists("/mnt/mine"));
  CHECK(exec("h2", "test -e /srv/x || echo none") == "none\n");
  CHECK(cli("test rig").exit == 0);
  up(path);
  CHECK(exec("h1", "ls /srv") == "x\n");
  // A directory that is open, and one deep in it, keep nothing.
  exec("h1", "mkdir -p /srv/a/b/c && ln -s / /srv/a/root");
  REQUIRE(cli("down rig").exit == 0);
  require_nothing_left();
  CHECK(fs::exists("/usr"));
}

TEST_CASE("a private directory in /run is there for its commands where the machine has none") {
  const Down always;
  struct Place {
    Place() { remove(); }
    ~Place() { remove(); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    static void remove() {
      fs::remove_all("/run/netrig-test");
      fs::remove("/run/netrig-test-link");
    }
  } place;
  up(
      lab("private = [{ path = \"/run/netrig-test/deep\", owner = \"nobody\" }]\n"
          "files = { \"/run/netrig-test/deep/x\" = { text = \"mine\" } }\n",
          ""));
  CHECK(exec("h1", "cat /run/netrig-test/deep/x") == "mine");
  CHECK(exec("h1", "stat -c \"%U %a\" /run/netrig-test/deep") == "nobody 755\n");
  CHECK(exec("h2", "ls -A /run/netrig-test/deep").empty());
  // The machine's is root's, empty, and stays for other labs.
  CHECK(sh("stat -c '%U %a' /run/netrig-test /run/netrig-test/deep").out == "root 755\nroot 755\n");
  REQUIRE(cli("down rig").exit == 0);
  require_nothing_left();
  CHECK(fs::is_empty("/run/netrig-test/deep"));
  fs::create_symlink("/srv", "/run/netrig-test-link");
  const Result refused = cli("up " + lab("private = [\"/run/netrig-test-link/x\"]\n", ""));
  CHECK(refused.exit == 3);
  CHECK_THAT(refused.err,
             ContainsSubstring("private directory /run/netrig-test-link/x: it is reached through a symbolic "
                               "link, which may become another; write /srv/x"));
  CHECK_FALSE(fs::exists("/srv/x"));
  require_nothing_left();
}

TEST_CASE("a private directory that cannot be is told before anything is made") {
  const Down always;
  const auto error = [](const std::string& keys) { return cli("up " + lab(keys, "")).err; };
  CHECK_THAT(error("private = [\"/no/such\"]\n"),
             ContainsSubstring("lab.toml:5:12: private directory /no/such: this machine has no such directory"));
  CHECK_THAT(error("private = [{ path = \"/srv\", owner = \"no-such\" }]\n"),
             ContainsSubstring("private directory /srv: there is no user \"no-such\""));
  CHECK_THAT(error("private = [{ path = \"/srv\", group = \"no-such\" }]\n"),
             ContainsSubstring("private directory /srv: there is no group \"no-such\""));
  require_nothing_left();
}
