// SPDX-License-Identifier: Apache-2.0
// Files, values and commands of namespaces: seen by their commands alone, changed by an edit, gone with the lab.
#include <sys/mount.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "check/rig.hpp"

using namespace scratch;
namespace fs = std::filesystem;

// Other tests call theirs alike.
namespace files_of_namespaces {
namespace {

struct Down {
  Down() = default;
  ~Down() { cli("--quiet down --force rig"); }
  Down(const Down&) = delete;
  Down& operator=(const Down&) = delete;
};

/// The machine as these tests see it has an /etc/netrig-test of its own, and none of its files is touched.
class Machine {
 public:
  Machine() {
    // Copies, and no overlays: the kernel puts but two over each other, and the machine may have one already.
    for (const char* name : {"etc", "srv"}) {
      const std::string place = directory() + "/" + name;
      REQUIRE(sh("cp -a /" + std::string(name) + " " + place).exit == 0);
      fs::create_directories(place + "/lab");
      REQUIRE(::mount(place.c_str(), ("/" + std::string(name)).c_str(), nullptr, MS_BIND, nullptr) == 0);
    }
    write("/etc/lab/daemons", "zebra=no\n");
    write("/etc/resolv-test", "machine\n");
    fs::permissions("/etc/lab", fs::perms(0750));
  }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  ~Machine() {
    for (const char* name : {"/etc", "/srv"}) ::umount2(name, MNT_DETACH);
  }
  static void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }
};

std::string lab(const std::string& keys, const std::string& more = "") {
  return file("lab.toml", replaced(rig::kWire, "[namespace.h1]\n", "[namespace.h1]\n" + keys) + more);
}

Result up(const std::string& path) {
  const Result result = cli("up " + path);
  INFO(result.out << result.err);
  REQUIRE(result.exit == 0);
  return result;
}

std::string exec(const std::string& space, const std::string& command) {
  const Result result = cli("exec rig " + space + " -- sh -c '" + command + "'");
  INFO(result.err);
  CHECK(result.exit == 0);
  return result.out;
}

void down() {
  REQUIRE(cli("down rig").exit == 0);
  require_nothing_left();
  CHECK(sh("grep -c /run/netrig/ /proc/self/mountinfo").out == "0\n");
}

std::string service(const std::string& command, const std::string& more = "") {
  return "[service.s]\nnamespace = \"h1\"\ncommand = '''" + command + "; exec sleep " + rig::an_hour() + "'''\n" + more;
}

}  // namespace

TEST_CASE("files are seen by the namespace's commands alone, who may write, rename and delete them") {
  const Machine machine;
  const Down always;
  fs::create_directories(directory() + "/r1/lab/sub");
  file("r1/lab/frr.conf", "hostname @NAMESPACE@\nid @ID@\n");
  file("r1/lab/sub/go", "#!/bin/sh\necho went\n");
  fs::permissions(directory() + "/r1/lab/sub/go", fs::perms(0755));
  const std::string path =
      lab("values = { ID = 7 }\nfiles = { \"/etc/\" = \"r1/\", \"/etc/resolv-test\" = { text = \"lab\\n\", mode = "
          "\"0640\", "
          "owner = \"nobody\", group = \"nogroup\" } }\n",
          service("cat /etc/lab/frr.conf >/etc/lab/seen", "ready = { command = \"test -e /etc/lab/seen\" }\n") +
              "[[test]]\nname = \"t\"\nfrom = \"h1\"\nexec = { command = \"cat /etc/resolv-test\", matches = \"^lab$\" "
              "}\n");
  up(path);
  CHECK(exec("h1", "cat /etc/lab/seen") == "hostname h1\nid 7\n");
  CHECK(
      exec("h1", "/etc/lab/sub/go; cat /etc/lab/daemons; stat -c \"%U %G %a\" /etc/resolv-test; stat -c %a /etc/lab") ==
      "went\nzebra=no\nnobody nogroup 640\n750\n");
  CHECK(exec("h2", "cat /etc/resolv-test; ls /etc/lab") == "machine\ndaemons\n");
  CHECK(cli("test rig").exit == 0);
  // What dhclient and FRR do. What one command does, others see, a service that runs among them.
  exec("h1", "echo new >/etc/resolv-test.tmp && mv /etc/resolv-test.tmp /etc/resolv-test && rm /etc/lab/daemons");
  exec("h1", "mv /etc/lab/frr.conf /etc/lab/frr.conf.sav && echo other >/etc/lab/frr.conf");
  CHECK(exec("h1", "cat /etc/resolv-test; cd /etc/lab && ls; cat frr.conf frr.conf.sav") ==
        "new\nfrr.conf\nfrr.conf.sav\nseen\nsub\nother\nhostname h1\nid 7\n");
  const std::string sleeper = "ps -C sleep -o pid=,args= | awk '$3 == \"" + rig::an_hour() + "\" {print $1}'";
  CHECK(sh("cat /proc/$(" + sleeper + ")/root/etc/lab/frr.conf").out == "other\n");
  CHECK(read("/etc/resolv-test") == "machine\n");
  CHECK(sh("ls -A /etc/lab").out == "daemons\n");
  // Nothing has changed in the lab file, so nothing that commands have done is undone.
  CHECK_THAT(up(path).out, ContainsSubstring("nothing to change"));
  CHECK(exec("h1", "cat /etc/resolv-test") == "new\n");
  // An edit of one file writes that one, and the service is another now.
  file("r1/lab/frr.conf", "hostname @NAMESPACE@\nid @ID@\nmore\n");
  CHECK_THAT(up(path).out, ContainsSubstring("/etc/lab/frr.conf"));
  CHECK(exec("h1", "cat /etc/lab/frr.conf /etc/lab/seen /etc/resolv-test") ==
        "hostname h1\nid 7\nmore\nhostname h1\nid 7\nmore\nnew\n");
  // One that is no longer in the lab is the machine's again.
  up(lab("files = { \"/etc/new\" = { text = \"new\\n\" } }\n"));
  CHECK(exec("h1", "cat /etc/resolv-test /etc/new; ls /etc/lab/sub; test -e /etc/lab/frr.conf || echo gone") ==
        "machine\nnew\ngone\n");
  down();
  CHECK(read("/etc/resolv-test") == "machine\n");
  CHECK_FALSE(fs::exists("/etc/new"));
}

TEST_CASE("files lie in private directories, and mounts below a directory stay where they are") {
  const Machine machine;
  const Down always;
  Machine::write("/etc/lab/mounted", "");
  const std::string source = file("mounted", "mounted\n");
  REQUIRE(::mount(source.c_str(), "/etc/lab/mounted", nullptr, MS_BIND, nullptr) == 0);
  fs::create_directories("/etc/netns/h1");
  Machine::write("/etc/netns/h1/resolv-test", "netns\n");
  Machine::write("/etc/netns/h1/hosts", "192.0.2.99 of-netns\n");
  up(
      lab("private = [\"/srv/lab\"]\nfiles = { \"/srv/lab/deep/a\" = { text = \"a\\n\" }, \"/etc/lab/b\" = { text = "
          "\"b\\n\" }, "
          "\"/etc/c\" = { text = \"c\\n\" } }\n"));
  CHECK(exec("h1", "cat /srv/lab/deep/a /etc/lab/b /etc/c /etc/lab/mounted /etc/resolv-test /etc/hosts") ==
        "a\nb\nc\nmounted\nnetns\n192.0.2.99 of-netns\n");
  CHECK(sh("ls -A /srv/lab").out.empty());
  // What the lab says comes before /etc/netns.
  up(lab("files = { \"/etc/resolv-test\" = { text = \"lab\\n\" } }\n"));
  CHECK(exec("h1", "cat /etc/resolv-test") == "lab\n");
  ::umount2("/etc/lab/mounted", MNT_DETACH);
  down();
}

TEST_CASE("a file takes the place of a directory that was made for another, and the other way round") {
  const Machine machine;
  const Down always;
  for (const char* place : {"/etc/lab/new", "/srv/lab/new"}) {
    const auto text = [&](const std::string& file) {
      return "private = [\"/srv/lab\"]\nfiles = { \"" + std::string(place) + file + "\" = { text = \"it\\n\" } }\n";
    };
    for (const char* file : {"/deep/a", "", "/deep/a"}) {
      up(lab(text(file)));
      CHECK(exec("h1", "cat " + std::string(place) + file) == "it\n");
    }
    // What else is in it stays.
    exec("h1", "touch " + std::string(place) + "/deep/own");
    up(lab(text("/b")));
    CHECK(exec("h1", "ls " + std::string(place) + " " + place + "/deep") ==
          std::string(place) + ":\nb\ndeep\n\n" + place + "/deep:\nown\n");
  }
  down();
}

TEST_CASE("a file is never written through a link that a command has made") {
  const Machine machine;
  const Down always;
  const std::string victim = file("victim", "untouched\n");
  const auto text = [](const std::string& one) {
    return "files = { \"/etc/lab/dir/a\" = { text = \"" + one + "\" } }\n";
  };
  up(lab(text("one")));
  exec("h1", "rm -r /etc/lab/dir && ln -s " + directory() + " /etc/lab/dir");
  const Result refused = cli("up " + lab(text("two")));
  CHECK(refused.exit == 8);
  CHECK_THAT(refused.err, ContainsSubstring("file /etc/lab/dir/a of h1: cannot enter dir, which must be a directory"));
  CHECK_FALSE(fs::exists(directory() + "/a"));
  exec("h1", "rm /etc/lab/dir && mkdir /etc/lab/dir && ln -s " + victim + " /etc/lab/dir/a");
  up(lab(text("three")));
  CHECK(exec("h1", "cat /etc/lab/dir/a") == "three");
  CHECK(read(victim) == "untouched\n");
  // A link of the machine's is followed no further than to the directory that it is.
  fs::create_directory_symlink("/etc/lab", "/etc/by-link");
  up(lab("files = { \"/etc/by-link/x\" = { text = \"x\" } }\n"));
  CHECK(exec("h1", "cat /etc/lab/x") == "x");
  CHECK_FALSE(fs::exists("/etc/lab/x"));
  down();
}

TEST_CASE("what files cannot be is told before anything is made") {
  const Machine machine;
  const Down always;
  const auto error = [](const std::string& keys) { return cli("up " + lab(keys)).err; };
  fs::create_directories(directory() + "/tree");
  fs::create_symlink("/etc/shadow", directory() + "/tree/link");
  CHECK_THAT(error("files = { \"/etc/lab\" = \"tree/\" }\n"),
             ContainsSubstring("lab.toml:5:24: cannot read it: ") && ContainsSubstring("tree/link: is a link"));
  fs::remove(directory() + "/tree/link");
  CHECK_THAT(error("files = { \"/etc/lab\" = \"tree/\" }\n"), ContainsSubstring("the directory holds no file"));
  CHECK_THAT(error("files = { \"/etc/lab/a\" = \"none\" }\n"),
             ContainsSubstring("lab.toml:5:26: cannot read it: ") && ContainsSubstring("No such file"));
  CHECK_THAT(error("files = { \"/no-such/a/b\" = { text = \"\" } }\n"),
             ContainsSubstring("lab.toml:5:11: file /no-such/a/b of h1: no directory of this machine but / is there"));
  CHECK_THAT(error("files = { \"/run/a\" = { text = \"\" } }\n"), ContainsSubstring("nothing can lie over /run"));
  CHECK_THAT(error("files = { \"/etc/a\" = { text = \"\", owner = \"no-such\" } }\n"),
             ContainsSubstring("there is no user \"no-such\""));
  fs::create_directory_symlink("/proc", "/etc/to-proc");
  CHECK_THAT(error("files = { \"/etc/to-proc/a\" = { text = \"\" } }\n"), ContainsSubstring("it would lie in /proc"));
  require_nothing_left();
}

TEST_CASE("values are in the environment of every command, and those of a service come first") {
  const Down always;
  const std::string mark = directory() + "/mark";
  const auto text = [&](const std::string& value) {
    return lab(
        "values = { ID = \"" + value + "\", WORD = \"space\" }\n",
        service("echo $LAB $NAMESPACE $ID $WORD >" + mark,
                "environment = { WORD = \"service\" }\nready = { command = \"test -e " + mark + " -a $ID = " + value +
                    "\" }\n") +
            "[[test]]\nname = \"t\"\nfrom = \"h1\"\nexec = { command = \"test $LAB.$NAMESPACE.$ID.$WORD = rig.h1." +
            value + ".space\" }\n");
  };
  up(text("one"));
  CHECK(read(mark) == "rig h1 one service\n");
  CHECK(exec("h1", "echo $LAB $NAMESPACE $ID $WORD") == "rig h1 one space\n");
  CHECK(Json::parse(cli("--json exec rig h1 -- sh -c 'echo $ID'").out)["stdout"] == "one\n");
  CHECK(exec("h2", "echo $LAB $NAMESPACE $ID") == "rig h2\n");
  CHECK(cli("test rig").exit == 0);
  fs::remove(mark);
  up(text("two"));
  CHECK(read(mark) == "rig h1 two service\n");
  CHECK(read("/run/netrig/rig/journal").find("two") == std::string::npos);
  down();
}

TEST_CASE("commands run when the network is there, once, before services, and are undone by down") {
  const Down always;
  const std::string mark = directory() + "/mark";
  const auto text = [&](const std::string& word, const std::string& value) {
    return lab(
        "values = { ID = \"" + value + "\" }\ncommands = [\"ip -br address show eth0 | grep -q 192.0.2.1 && echo " +
            word + " >>" + mark +
            "\", { run = [\"ip\", \"link\", \"add\", \"mine\", \"type\", \"bridge\"], undo = \"echo undo $ID >>" +
            mark + "; ip link del mine\" }]\n",
        service("ip link show mine >/dev/null && echo service >>" + mark,
                "ready = { command = \"tail -n 1 " + mark + " | grep -q service\" }\n"));
  };
  up(text("first", "1"));
  CHECK(read(mark) == "first\nservice\n");
  CHECK_THAT(up(text("first", "1")).out, ContainsSubstring("nothing to change"));
  CHECK(cli("verify rig").exit == 0);
  CHECK_THAT(cli("plan " + text("second", "2")).out, ContainsSubstring("commands"));
  up(text("second", "2"));
  // The undo of before had the value of before.
  CHECK(read(mark) == "first\nservice\nundo 1\nsecond\nservice\n");
  CHECK(ip("-n h1 -j link show mine").size() == 1);
  // Without them: undone.
  up(lab(""));
  CHECK(read(mark) == "first\nservice\nundo 1\nsecond\nservice\nundo 2\n");
  CHECK(links("h1") == std::vector<std::string>{"eth0"});
  up(text("third", "3"));
  down();
  CHECK(read(mark) == "first\nservice\nundo 1\nsecond\nservice\nundo 2\nthird\nservice\nundo 3\n");
}

TEST_CASE("a command that fails takes a new lab back, and is tried again by up on one that was up") {
  const Down always;
  const std::string mark = directory() + "/mark";
  const std::string ok = directory() + "/ok";
  const std::string keys = "commands = [{ run = \"true\", undo = \"echo undo >>" + mark +
                           "\" }, \"echo no good >&2; test -e " + ok + " || exit 9\"]\n";
  const Result failed = cli("up " + lab(keys));
  CHECK(failed.exit == 1);
  CHECK_THAT(failed.err, ContainsSubstring("lab.toml:5:") && ContainsSubstring("in h1: exit code 9; it said: no good"));
  CHECK(read(mark) == "undo\n");
  require_nothing_left();
  up(lab(""));
  CHECK(cli("up " + lab(keys)).exit == 8);
  CHECK(cli("verify rig").exit == 1);
  CHECK(links("h1") == std::vector<std::string>{"eth0"});
  file("ok", "");
  up(lab(keys));
  CHECK(cli("verify rig").exit == 0);
  CHECK(read(mark) == "undo\nundo\n");
  down();
  CHECK(read(mark) == "undo\nundo\nundo\n");
}

TEST_CASE("a netrig that is killed while a command runs leaves what down undoes") {
  const Machine machine;
  const Down always;
  const std::string mark = directory() + "/mark";
  const std::string path =
      lab("files = { \"/etc/lab/a\" = { text = \"a\\n\" } }\ncommands = [{ run = \"echo run >" + mark +
          "; exec sleep " + rig::an_hour() + "\", undo = \"cat /etc/lab/a >>" + mark + "\" }]\n");
  const int netrig = start_netrig({"up", path});
  await([&] { return fs::exists(mark) && fs::file_size(mark) > 0; });
  ::kill(netrig, SIGKILL);
  wait_for(netrig);
  await([] { return rig::processes_with(rig::an_hour()) == 0; });
  down();
  CHECK(read(mark) == "run\na\n");
}

TEST_CASE("a policy that lets no lab run commands refuses those of namespaces") {
  const Down always;
  const std::string path = lab("commands = [\"true\"]\n");
  for (const char* word : {"never", "test"}) {
    const std::string policy = file("host.toml", "[plugins]\ndirectories = [\"" NETRIG_PLUGIN_DIR
                                                 "\"]\nmode = \"path\"\n[labs]\ncommands = \"" +
                                                     std::string(word) + "\"\n");
    const Result refused = cli("--host-config " + policy + " up " + path);
    CHECK(refused.exit == 3);
    CHECK_THAT(refused.err, ContainsSubstring("lab.toml:5:13: namespace h1 runs a command"));
  }
  require_nothing_left();
}

TEST_CASE("a policy that lets no lab run commands lets none choose what programs load") {
  const Down always;
  for (const char* keys :
       {"values = { LD_PRELOAD = \"/tmp/x.so\" }\n", "files = { \"/etc/lab/x\" = { text = \"x\" } }\n"}) {
    const std::string path = lab(keys);
    for (const char* word : {"never", "test"}) {
      const std::string policy = file("host.toml", "[plugins]\ndirectories = [\"" NETRIG_PLUGIN_DIR
                                                   "\"]\nmode = \"path\"\n[labs]\ncommands = \"" +
                                                       std::string(word) + "\"\n");
      const Result refused = cli("--host-config " + policy + " up " + path);
      CHECK(refused.exit == 3);
      CHECK_THAT(refused.err, ContainsSubstring("namespace h1 has files or values"));
    }
  }
  require_nothing_left();
}

TEST_CASE("a directory that becomes a link after up gets nothing put over what it leads to") {
  const Machine machine;
  const Down always;
  up(lab("files = { \"/srv/lab/a\" = { text = \"a\\n\" } }\nprivate = [\"/etc/lab\"]\n"));
  CHECK(exec("h1", "cat /srv/lab/a") == "a\n");
  fs::create_directory("/etc/other");
  for (const char* place : {"/srv/lab", "/etc/lab"}) {
    fs::rename(place, std::string(place) + ".away");
    fs::create_directory_symlink("/etc/other", place);
    const Result refused = cli("exec rig h1 -- true");
    CHECK(refused.exit != 0);
    CHECK_THAT(refused.err, ContainsSubstring(std::string(place) + " is reached through a symbolic link"));
    fs::remove(place);
    fs::rename(std::string(place) + ".away", place);
  }
  CHECK(exec("h1", "cat /srv/lab/a") == "a\n");
  down();
}

TEST_CASE("a namespace that an edit takes out begins anew when it comes back") {
  const Machine machine;
  const Down always;
  const std::string more =
      "[namespace.h3]\nfiles = { \"/etc/lab/a\" = { text = \"a\\n\" } }\nprivate = [\"/srv/lab\"]\n";
  up(lab("", more));
  exec("h3", "echo b > /etc/lab/a; echo c > /srv/lab/c");
  up(lab(""));
  CHECK(sh("grep -c /run/netrig/ /proc/self/mountinfo").out == "0\n");
  up(lab("", more));
  CHECK(exec("h3", "cat /etc/lab/a; ls /srv/lab") == "a\n");
  down();
}

TEST_CASE("commands of a lab find its namespaces by name") {
  const Down always;
  up(lab(""));
  CHECK(
      exec("h1", "getent ahostsv4 h2 | head -n1 | cut -d\" \" -f1; getent ahostsv6 h2 | head -n1 | cut -d\" \" -f1") ==
      sh("ip -n h2 -j address show eth0 | grep -o '\"local\":\"[^\"]*\"' | grep -v fe80 | cut -d'\"' -f4").out);
  CHECK(sh("getent hosts h2").exit != 0);
  CHECK(exec("h1", "tail -n+1 /etc/hosts").find(read("/etc/hosts")) != std::string::npos);
  up(file("lab.toml", replaced(rig::kWire, "name = \"rig\"\n", "name = \"rig\"\nresolve = false\n")));
  CHECK(exec("h1", "cat /etc/hosts") == read("/etc/hosts"));
  down();
}

TEST_CASE("commands of a lab find its host names, of which several may be alike") {
  const Down always;
  const auto lines = [](const std::string& name) {
    return exec("h1", "grep -w " + name + " /etc/hosts | cut -d\" \" -f1 | grep -v :");
  };
  std::string text = replaced(rig::kWire, "[namespace.h1]\n", "[namespace.h1]\nhostname = \"alpha\"\n");
  text = replaced(text, "[namespace.h2]\n", "[namespace.h2]\nhostname = \"beta\"\n");
  up(file("lab.toml", text + "[namespace.h3]\nhostname = \"h3\"\n"));
  CHECK(lines("alpha") == "192.0.2.1\n");
  CHECK(lines("beta") == "192.0.2.2\n");
  CHECK(lines("h3") == "127.0.1.1\n");
  up(file("lab.toml", replaced(text, "beta", "alpha")));
  CHECK(lines("alpha") == "127.0.1.1\n");
  down();
}

TEST_CASE("where the policy wants labs protected, others cannot have written what files name") {
  const Down always;
  fs::create_directories(directory() + "/tree");
  const std::string inner = file("tree/a", "a\n");
  const std::string path = lab("files = { \"/etc/lab-tree\" = \"tree/\" }\n");
  const std::string policy = file("host.toml", "[plugins]\ndirectories = [\"" NETRIG_PLUGIN_DIR
                                               "\"]\nmode = \"path\"\n[labs]\nrequire_protected = true\n");
  fs::permissions(path, fs::perms(0644));
  fs::permissions(inner, fs::perms(0666));
  const Result refused = cli("--host-config " + policy + " plan " + path);
  CHECK(refused.exit == 3);
  CHECK_THAT(refused.err, ContainsSubstring("lab.toml:5:") && ContainsSubstring("tree/a"));
  fs::permissions(inner, fs::perms(0644));
  CHECK(cli("--host-config " + policy + " plan " + path).exit == 0);
}

}  // namespace files_of_namespaces
