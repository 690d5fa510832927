// SPDX-License-Identifier: Apache-2.0
// Services that live as long as their lab: started by `up`, ended by `down`, and by nothing else of netrig's.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "catch.hpp"
#include "check/rig.hpp"

using namespace scratch;
namespace fs = std::filesystem;

namespace {

const std::string kDirectory = "/run/netrig/rig/";

std::string lab(const std::string& services) { return file("lab.toml", rig::kWire + services); }

/// Whatever becomes of the test, its lab is taken down: processes are the machine's.
struct Down {
  Down() = default;
  ~Down() { cli("--quiet down --force rig"); }
  Down(const Down&) = delete;
  Down& operator=(const Down&) = delete;
};

std::string service(const std::string& command, const std::string& more = "", const std::string& name = "s") {
  return "[service." + name + "]\nnamespace = \"h1\"\ncommand = '''" + command + "'''\n" + more + "\n";
}

Json up(const std::string& path) {
  const Result result = cli("--json up " + path);
  INFO(result.out << result.err);
  REQUIRE(result.exit == 0);
  return Json::parse(result.out);
}

void down() {
  const Result result = cli("down rig");
  INFO(result.out << result.err);
  CHECK(result.exit == 0);
  require_nothing_left();
}

std::size_t hours() { return rig::processes_with(rig::an_hour()); }
const std::string& hour() { return rig::an_hour(); }

Json status_of(const std::string& name) {
  const Json status = Json::parse(cli("--json status rig").out);
  for (const Json& one : status["services"])
    if (one["name"] == name) return one;
  FAIL("no service " << name);
  return {};
}

std::string children_of(int process) {
  const std::string number = std::to_string(process);
  return read("/proc/" + number + "/task/" + number + "/children");
}

void kill_children(int process) {
  const std::string children = children_of(process);
  REQUIRE(!children.empty());
  REQUIRE(sh("kill -9 " + children).exit == 0);
}

std::vector<std::string> differences() {
  std::vector<std::string> all;
  const Json verified = Json::parse(cli("--json verify rig").out);
  for (const Json& one : verified["differences"])
    all.push_back(one["verb"].get<std::string>() + " " + one["object"].get<std::string>() + " " +
                  one["name"].get<std::string>() + " " + fs::path(one["where"].get<std::string>()).filename().string());
  return all;
}

ino_t inode(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

/// Processes that run the netrig that was built, here or in the lab: other tests have theirs elsewhere.
std::vector<std::string> netrigs() {
  std::set<ino_t> ours = {inode("/proc/self/ns/net")};
  std::error_code none;
  for (const auto& space : fs::directory_iterator("/run/netns", none)) ours.insert(inode(space.path()));
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::error_code gone;
    if (fs::read_symlink(entry.path() / "exe", gone) != NETRIG_BINARY) continue;
    struct stat home {};
    if (::stat((entry.path() / "ns/net").c_str(), &home) == 0 && ours.contains(home.st_ino))
      found.push_back(entry.path().filename());
  }
  return found;
}

/// What services do that is not meant to end.
struct Wayward {
  const char* how;
  std::string command;
  std::string keys;
};
/// A directory for what holds something in it.
const std::string kPrivate = "[group.with]\nmembers = \"h1\"\nprivate = [\"/srv\"]\n";
std::vector<Wayward> all_wayward() {
  return {
      {"ignores TERM", "trap '' TERM HUP INT; sleep " + hour(), "stop = \"100ms\""},
      {"forks twice", "(setsid sh -c 'sleep " + hour() + " & sleep " + hour() + " &') & exec sleep " + hour(), ""},
      {"becomes a daemon", "(setsid sh -c 'trap \"\" TERM; sleep " + hour() + "' &)", "forks = true\nstop = \"100ms\""},
      {"moves into other namespaces",
       "exec unshare --net --mount --uts --ipc --pid --fork sh -c 'trap \"\" TERM; sleep " + hour() + "'",
       "stop = \"100ms\""},
      {"moves into another namespace of the lab", "exec nsenter --net=/run/netns/h2 sleep " + hour(), ""},
      {"dies every second",
       "sleep " + hour() + " & while :; do old=$!; sleep " + hour() + " & sleep 1; kill -9 $old; done", ""},
      {"holds a file in a private directory", "cd /srv; exec 3>held; rm held; exec sleep " + hour(), ""},
      {"stops itself", "sleep " + hour() + " & kill -STOP $$", ""},
      {"fills its log", "exec yes " + hour(), "log = \"16KiB\""},
      {"closes all that it has", "exec sleep " + hour() + " <&- >&- 2>&-", ""},
      {"is another user", "exec sleep " + hour(), "user = \"nobody\""},
  };
}

}  // namespace

TEST_CASE("a service runs from up to down in its namespace, and no other netrig with it") {
  const Down always;
  const std::string path = lab(service("exec sleep " + hour(), "environment = { WORD = \"x\", NUMBER = 3 }"));
  CHECK(up(path)["changed"] == true);
  REQUIRE(hours() == 1);
  const Json seen = status_of("s");
  CHECK(seen["running"] == true);
  CHECK(seen["ready"] == true);
  const std::string first = std::to_string(seen["process"].get<int>());
  CHECK(netrigs() == std::vector<std::string>{first});
  CHECK(inode("/proc/" + first + "/ns/net") == inode("/run/netns/h1"));
  CHECK_THAT(read("/proc/" + first + "/status"), ContainsSubstring("\t1\n"));  // first of its PID namespace
  CHECK_THAT(read("/proc/" + first + "/cmdline"), ContainsSubstring("netrig: service s"));
  CHECK(fs::read_symlink("/proc/" + first + "/cwd") == "/");
  const std::string child = children_of(seen["process"]);
  const std::string environment = read("/proc/" + child.substr(0, child.find(' ')) + "/environ");
  for (const char* word : {"WORD=x", "NUMBER=3", "NETRIG_LAB=rig", "NETRIG_NAMESPACE=h1"})
    CHECK_THAT(environment, ContainsSubstring(word));
  // It holds nothing that it does not need: no lock, no namespace of the lab.
  std::set<std::string> held;
  for (const auto& fd : fs::directory_iterator("/proc/" + first + "/fd")) {
    const std::string target = fs::read_symlink(fd.path());
    held.insert(target.substr(0, target.find(':')));
  }
  held.erase("/dev/null");
  held.erase("pipe");
  held.erase("anon_inode");
  held.erase(kDirectory + "logs");
  held.erase(kDirectory + "logs/s.log");
  CHECK(held == std::set<std::string>{});
  CHECK(differences().empty());
  CHECK(up(path)["changed"] == false);
  CHECK(status_of("s") == seen);
  down();
  CHECK(hours() == 0);
}

TEST_CASE("whatever a service does, it is gone after down") {
  const Wayward one = GENERATE(from_range(all_wayward()));
  INFO(one.how);
  const Down always;
  up(lab(kPrivate + service(one.command, one.keys)));
  await([] { return hours() >= 1; });
  down();
  CHECK(hours() == 0);
}

TEST_CASE("a netrig that is killed while it waits for services leaves none that down does not end") {
  const Wayward one = GENERATE(from_range(all_wayward()));
  INFO(one.how);
  const Down always;
  const int process =
      start_netrig({"up", lab(kPrivate + service(one.command, one.keys + "\nready = { tcp = 1 }\ntimeout = \"1h\""))});
  await([] { return hours() >= 1; });
  ::kill(process, SIGKILL);
  wait_for(process);
  await([] { return hours() >= 1; });  // a process that begins another program has no command line for a moment
  down();
  CHECK(hours() == 0);
}

TEST_CASE("a service that dies is drift with its line, and up starts it again, once") {
  const Down always;
  const std::string path = lab(service("exec sleep " + hour()) + service("exec sleep " + hour(), "", "other"));
  up(path);
  const Json other = status_of("other");
  const int first = status_of("s")["process"];
  kill_children(first);
  await([] { return hours() == 1; });
  await([] { return differences() == std::vector<std::string>{"create service s lab.toml:12:10"}; });
  CHECK_THAT(cli("verify rig").out, ContainsSubstring("h1 service s: not running  ("));
  CHECK(cli("status rig").exit == 1);
  CHECK(status_of("s")["running"] == false);
  CHECK_THAT(cli("logs rig s").out, ContainsSubstring("netrig: ended by signal 9 at "));
  CHECK(up(path)["steps"] == 1);
  CHECK(hours() == 2);
  CHECK(status_of("s")["process"] != first);
  CHECK(status_of("other") == other);
  CHECK(differences().empty());
  down();
}

TEST_CASE("a service that ends again and again is started by nobody but up") {
  const Down always;
  const std::string mark = directory() + "/mark";
  const std::string go = directory() + "/go";
  const std::string path =
      lab(service("echo x >>" + mark + "; until test -e " + go + "; do sleep 0.05; done; rm " + go + "; exit 3"));
  std::string expected;
  for (int i = 0; i < 2; ++i) {
    up(path);
    file("go", "");
    await([] { return !differences().empty(); });
    expected += "x\n";
    CHECK(read(mark) == expected);
    CHECK_THAT(cli("logs rig").out, ContainsSubstring("netrig: ended with exit code 3 at "));
  }
  down();
}

TEST_CASE("a service ends with its command, whatever of it goes on writing") {
  const Down always;
  const std::string go = directory() + "/go";
  up(lab(service("yes " + hour() + " & until test -e " + go + "; do sleep 0.05; done; exit 3")));
  file("go", "");
  await([] { return !differences().empty(); });
  await([] { return hours() == 0; });
  down();
}

TEST_CASE("an edit of a service starts it anew, and one that leaves the file ends") {
  const Down always;
  up(lab(service("exec sleep " + hour()) + service("exec sleep " + hour(), "", "other")));
  const Json before = status_of("s");
  const Json other = status_of("other");
  const Json edit = up(lab(service("exec sleep " + hour(), "environment = { A = \"1\" }") +
                           service("exec sleep " + hour(), "timeout = \"20s\"", "other")));
  CHECK(edit["steps"] == 1);
  CHECK(status_of("s")["process"] != before["process"]);
  CHECK(status_of("other") == other);  // how long it is waited for is nothing that it is
  CHECK(hours() == 2);
  CHECK(up(lab(service("exec sleep " + hour(), "", "other")))["steps"] == 1);
  CHECK(hours() == 1);
  CHECK(Json::parse(cli("--json status rig").out)["services"].size() == 1);
  // A lab without the namespace ends what is in it.
  up(file("lab.toml", "[lab]\nname = \"rig\"\n[namespace.h2]\n"));
  CHECK(hours() == 0);
  CHECK(namespaces() == std::vector<std::string>{"h2"});
  down();
}

TEST_CASE("a namespace that is made anew gets its services anew") {
  const Down always;
  const std::string path = lab(service("exec sleep " + hour()));
  up(path);
  const Json before = status_of("s");
  REQUIRE(sh("ip netns del h1").exit == 0);
  up(path);
  CHECK(hours() == 1);
  const Json after = status_of("s");
  CHECK(after["process"] != before["process"]);
  CHECK(inode("/proc/" + std::to_string(after["process"].get<int>()) + "/ns/net") == inode("/run/netns/h1"));
  down();
}

TEST_CASE("a service that does not become ready takes a new lab back, and leaves one that was up") {
  const Down always;
  const std::string bad = service("echo no such zone; exec sleep " + hour(), "ready = { tcp = 1 }\ntimeout = \"1s\"");
  const Result fresh = cli("up " + lab(bad));
  CHECK(fresh.exit == 1);
  CHECK_THAT(fresh.err,
             ContainsSubstring("lab.toml:12:10: service s was not ready after 1s: nothing listens on TCP port "
                               "1; it said: no such zone"));
  CHECK(hours() == 0);
  require_nothing_left();

  const std::string good = service("exec sleep " + hour(), "", "good");
  up(lab(good));
  const Result edit = cli("up " + lab(good + bad));
  CHECK(edit.exit == 8);
  CHECK_THAT(edit.err, ContainsSubstring("the network of lab rig is as its file says, but what lives in it is not"));
  CHECK(hours() == 1);
  CHECK(status_of("good")["running"] == true);
  CHECK(differences() == std::vector<std::string>{"create service s lab.toml:16:10"});
  down();
}

TEST_CASE("Ctrl-C while services are awaited takes a new lab back") {
  const Down always;
  const int process =
      start_netrig({"up", lab(service("exec sleep " + hour(), "ready = { tcp = 1 }\ntimeout = \"1h\""))});
  await([] { return hours() >= 1; });
  ::kill(process, SIGINT);
  CHECK(wait_for(process) == 130);
  CHECK(hours() == 0);
  require_nothing_left();
}

TEST_CASE("a service of a pattern is one in each namespace, after that of the same one") {
  const Down always;
  const std::string mark = directory() + "/mark";
  up(
      lab("[service.late]\nnamespace = [\"h2\", \"h1\"]\nafter = \"early\"\n"
          "command = '''cat " +
          mark + ".$NETRIG_NAMESPACE >" + mark + ".saw.$NETRIG_NAMESPACE; exec sleep " + hour() +
          "'''\n"
          "[service.early]\nnamespace = \"h*\"\nready = { output = \"^go$\" }\n"
          "command = '''echo x >" +
          mark + ".$NETRIG_NAMESPACE; echo go; exec sleep " + hour() + "'''\n"));
  CHECK(hours() == 4);
  for (const char* name : {"early@h1", "early@h2", "late@h1", "late@h2"}) CHECK(status_of(name)["ready"] == true);
  await([&] { return read(mark + ".saw.h1") == "x\n" && read(mark + ".saw.h2") == "x\n"; });
  down();
}

TEST_CASE("a daemon that goes into the background is ready when it has, and is its children") {
  const Down always;
  const std::string path = lab(service("(setsid sleep " + hour() + " &); sleep 0.2; echo over", "forks = true"));
  up(path);
  CHECK_THAT(cli("logs rig s").out, ContainsSubstring("over\n"));
  CHECK(differences().empty());
  kill_children(status_of("s")["process"]);
  await([] { return !differences().empty(); });
  down();
  const Result failed = cli("up " + lab(service("echo bad option; exit 2", "forks = true")));
  CHECK(failed.exit == 1);
  CHECK_THAT(failed.err,
             ContainsSubstring("service s ended with exit code 2 before it was ready; it said: bad option"));
  require_nothing_left();
}

TEST_CASE("a service that is told to end has the time that it is given") {
  const Down always;
  const std::string mark = directory() + "/mark";
  up(lab(
      service("trap 'sleep 0.3; echo done >" + mark + "; exit' TERM; sleep " + hour() + " & wait", "stop = \"1m\"")));
  await([] { return hours() >= 1; });
  down();
  CHECK(read(mark) == "done\n");
}

TEST_CASE("a log holds the last that was written, and no more than it may") {
  const Down always;
  const std::string path =
      lab(service("seq 100000; echo last; exec sleep " + hour(), "log = \"64KiB\"\nready = { output = \"^last$\" }"));
  up(path);
  std::uintmax_t size = 0;
  for (const auto& entry : fs::directory_iterator(kDirectory + "logs")) {
    size += entry.file_size();
    CHECK((fs::status(entry.path()).permissions() & fs::perms::all) ==
          (fs::perms::owner_read | fs::perms::owner_write));
  }
  CHECK(size <= 64U << 10U);
  CHECK(size > 32U << 10U);
  CHECK((fs::status(kDirectory).permissions() & fs::perms::all) == fs::perms::owner_all);
  const std::string said = cli("logs rig s").out;
  CHECK(said.ends_with("99999\n100000\nlast\n"));
  CHECK(std::count(said.begin(), said.end(), '\n') > 5000);
  down();
}

TEST_CASE("logs follows what is written, through rotations, until the lab is down") {
  const Down always;
  const std::string go = directory() + "/go";
  up(lab(service(
      "until test -e " + go +
          "; do sleep 0.05; done; for i in $(seq 300); do seq $i | tail -c 100; sleep 0.01; done; exec sleep " + hour(),
      "log = \"4KiB\"")));
  const std::string out = directory() + "/followed";
  REQUIRE(sh(std::string("setsid ") + NETRIG_BINARY + " --json logs rig -f >" + out + " & echo $!").exit == 0);
  REQUIRE(sh("touch " + go).exit == 0);
  await([&] { return read(out).find("\"300\"") != std::string::npos; });
  down();
  await([] { return netrigs().empty(); });
  CHECK_THAT(read(out), ContainsSubstring("netrig: started at "));
}

TEST_CASE("logs knows services by name, by what the file calls them, and by pattern") {
  const Down always;
  up(lab("[service.web]\nnamespace = \"h*\"\ncommand = '''echo hello from $NETRIG_NAMESPACE; exec sleep " + hour() +
         "'''\nready = { output = \"hello\" }\n"));
  CHECK_THAT(cli("logs rig web").out,
             ContainsSubstring("web@h1: hello from h1\n") && ContainsSubstring("web@h2: hello"));
  CHECK_THAT(cli("logs rig 'web@*2'").out, ContainsSubstring("hello from h2\n") && !ContainsSubstring("h1"));
  const Result unknown = cli("logs rig webb");
  CHECK(unknown.exit == 7);
  CHECK_THAT(unknown.err, ContainsSubstring("lab rig has no service \"webb\""));
  down();
}

TEST_CASE("tests need not name what up has started, and those that start with tests go on from one to the next") {
  const Down always;
  const std::string mark = directory() + "/mark";
  const std::string test = "from = \"h1\"\nexec = { command = \"pgrep -f none-such || true\" }\n";
  const std::string path = lab(
      service("exec sleep " + hour()) + "[service.t]\nstart = \"test\"\nnamespace = \"h2\"\ncommand = '''echo x >>" +
      mark + "; exec sleep " + hour() +
      "'''\n"
      "[[test]]\nname = \"a\"\nservices = \"t\"\n" +
      test + "[[test]]\nname = \"b\"\nservices = [\"t\", \"s\"]\n" + test + "[[test]]\nname = \"c\"\n" + test +
      "[[test]]\nname = \"d\"\nservices = \"t\"\nrepeat = 3\n" + test);
  up(path);
  CHECK(hours() == 1);
  const Json before = status_of("s");
  CHECK(cli("test rig").exit == 0);
  CHECK(read(mark) == "x\nx\n");
  CHECK(status_of("s") == before);
  CHECK(hours() == 1);
  down();
}

TEST_CASE("a service of up that is not there fails the test that names it") {
  const Down always;
  const std::string go = directory() + "/go";
  up(lab(service("until test -e " + go + "; do sleep 0.05; done; exit 3") +
         "[[test]]\nname = \"a\"\nfrom = \"h1\"\nservices = \"s\"\nexec = { command = \"true\" }\n"));
  file("go", "");
  await([] { return !differences().empty(); });
  const Result test = cli("test rig");
  CHECK(test.exit == 2);
  CHECK_THAT(test.out, ContainsSubstring("service s does not run"));
  down();
}

TEST_CASE("watch tells of a service that ends") {
  const Down always;
  const std::string go = directory() + "/go";
  const std::string out = directory() + "/watched";
  up(lab(service("until test -e " + go + "; do sleep 0.05; done")));
  REQUIRE(sh(std::string("setsid ") + NETRIG_BINARY + " watch rig >" + out + " & echo $!").exit == 0);
  await([&] { return read(out).find("watching it") != std::string::npos; });
  REQUIRE(sh("touch " + go).exit == 0);
  await([&] { return read(out).find("h1 service s: not running") != std::string::npos; });
  down();
}

TEST_CASE("status of many namespaces leaves descriptors to look for their services") {
  const Down always;
  const std::string many = R"([[repeat]]
for = { i = "1..60" }
namespace."a{i}" = {}
namespace."b{i}" = {}
[[repeat.link]]
ends = ["a{i}:eth0", "b{i}:eth0"]
)";
  up(lab(many + service("exec sleep " + hour())));
  // More than one for each of 122 namespaces, and less than two.
  const Result few = sh("ulimit -n 200; exec " NETRIG_BINARY " --json status rig");
  INFO(few.out << few.err);
  CHECK(few.exit == 0);
  const Json seen = Json::parse(few.out);
  CHECK(seen["whole"] == true);
  CHECK(seen["services"].at(0)["running"] == true);
  down();
}

TEST_CASE("a process that has got the number of a service is left alone") {
  const Down always;
  up(lab(service("exec sleep " + hour())));
  const int mine = start_netrig({"watch", "rig"});  // any that lives on
  const std::string number = std::to_string(status_of("s")["process"].get<int>());
  const std::string journal = read(kDirectory + "journal");
  const std::string forged = replaced(journal, "\"p\":[" + number + ",", "\"p\":[" + std::to_string(mine) + ",");
  REQUIRE(sh("kill -9 " + number).exit == 0);
  await([] { return hours() == 0; });
  file("journal", forged);
  REQUIRE(sh("cat " + directory() + "/journal >" + kDirectory + "journal").exit == 0);
  CHECK(cli("down rig").exit == 0);
  // `watch` ends by itself once its lab is down, and was not killed.
  CHECK(wait_for(mine) == 0);
  require_nothing_left();
}

TEST_CASE("a service that cannot be told to be gone keeps its record, until down is forced") {
  const Down always;
  const std::string path = lab(service("exec sleep " + hour()));
  up(path);
  // As one that was begun in a PID namespace that is not this one, and has ended.
  const int first = status_of("s")["process"];
  const std::string journal = read(kDirectory + "journal");
  kill_children(first);
  // Until the first process has ended, too, it is found by what it is, wherever it was begun.
  await([&] { return ::kill(first, 0) != 0; });
  const std::size_t end = journal.rfind(']', journal.find('\n', journal.rfind("\"p\":[")));
  REQUIRE(end != std::string::npos);
  file("journal", journal.substr(0, end) + "1" + journal.substr(end));
  REQUIRE(sh("cat " + directory() + "/journal >" + kDirectory + "journal").exit == 0);
  const Result again = cli("up " + path);
  CHECK(again.exit == 8);
  CHECK_THAT(again.err, ContainsSubstring("whether it still runs is not known"));
  CHECK(hours() == 0);
  const Result left = cli("down rig");
  CHECK(left.exit == 1);
  CHECK_THAT(left.err, ContainsSubstring("could not remove service s (whether it still runs is not known"));
  CHECK(cli("down --force rig").exit == 0);
  require_nothing_left();
}

TEST_CASE("a service that ignores TERM in a namespace that has lost its name ends before that is made anew") {
  const Down always;
  const std::string path = lab(service("trap '' TERM; while :; do sleep 0.1; done", "stop = \"100ms\""));
  up(path);
  const int before = status_of("s")["process"];
  REQUIRE(sh("ip netns del h1").exit == 0);
  up(path);
  CHECK(status_of("s")["process"] != before);
  CHECK(differences().empty());
  down();
}

TEST_CASE("a service that dies while others are awaited does not pass for one that runs") {
  const Down always;
  const std::string go = directory() + "/go";
  const Result result = cli("up " + lab(service("until test -e " + go + "; do sleep 0.05; done; exit 3") +
                                        service("sleep 0.5; touch " + go + "; sleep 1; echo on; exec sleep " + hour(),
                                                "ready = { output = \"on\" }", "other")));
  CHECK(result.exit == 1);
  CHECK_THAT(result.err, ContainsSubstring("service s ended with exit code 3 before all services were"));
  require_nothing_left();
}

TEST_CASE("verify does not take a lab that is being changed for one that has drifted") {
  const Down always;
  const std::string go = directory() + "/go";
  const int process =
      start_netrig({"up", lab(service("until test -e " + go + "; do sleep 0.05; done; echo on; exec sleep " + hour(),
                                      "ready = { output = \"^on$\" }\ntimeout = \"1h\""))});
  await([] { return fs::exists(kDirectory + "logs/s.log"); });
  const Result verified = cli("verify rig");
  CHECK(verified.exit == 7);
  CHECK_THAT(verified.err, ContainsSubstring("lab \"rig\" is being changed by netrig (process "));
  file("go", "");
  CHECK(wait_for(process) == 0);
  CHECK(differences().empty());
  down();
}

TEST_CASE("logs tells what a service said that did not become ready") {
  const Down always;
  const std::string good = service("exec sleep " + hour(), "", "good");
  up(lab(good));
  // Without that, it would be ready as soon as it runs.
  const std::string bad = service("echo no such zone; exit 1", "ready = { output = \"^serving$\" }");
  CHECK(cli("up " + lab(good + bad)).exit == 8);
  CHECK_THAT(cli("logs rig s").out, ContainsSubstring("no such zone\n"));
  CHECK_THAT(cli("logs rig").out, ContainsSubstring("s: no such zone\n"));
  down();
}
