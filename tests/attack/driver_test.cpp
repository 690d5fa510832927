// SPDX-License-Identifier: Apache-2.0
// Drivers that attack their host: each is stopped with a message that names what it did, the lab is rolled back, and
// nothing of it is left.
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "attack/place.hpp"
#include "catch.hpp"

using namespace scratch;
using attack::attack_by;
using attack::kImpatient;
using attack::lab_of;
using attack::Place;
using attack::require_no_trace;

#define STOPPED(title, how, words) \
  TEST_CASE(title) { CHECK_THAT(attack_by(how), ContainsSubstring(words)); }

STOPPED("stopped: a driver that calls exec", "exec", "it called execve, which no driver may")
STOPPED("stopped: a driver that calls ptrace", "ptrace", "it called ptrace, which no driver may")
STOPPED("a driver that opens /etc/shadow, its terminal or its directory is told no", "shadow", "it was told no")
STOPPED("stopped: a driver that opens /etc/shadow to write", "shadow-write", "it called openat, which no driver may")
STOPPED("stopped: a driver that connects out", "connect", "it called socket, which no driver may")
STOPPED("stopped: a driver that opens a netlink socket", "netlink", "it called socket, which no driver may")
STOPPED("stopped: a driver that forks", "fork", "it called clone, which no driver may")
STOPPED("stopped: a driver that kills its parent", "kill", "it called kill, which no driver may")
STOPPED("stopped: a driver that signals everybody", "signal-group", "it called kill, which no driver may")
STOPPED("stopped: a driver that enters another namespace", "setns", "it called setns, which no driver may")
STOPPED("stopped: a driver that makes a user namespace", "unshare", "it called unshare, which no driver may")
STOPPED("stopped: a driver that mounts", "mount", "it called mount, which no driver may")
STOPPED("stopped: a driver that loads a kernel module", "module", "it called init_module, which no driver may")
STOPPED("stopped: a driver that makes memory executable", "code", "it called mmap, which no driver may")
STOPPED("stopped: a driver that ignores the fence's signal", "sigsys", "it called rt_sigaction, which no driver may")
STOPPED("stopped: a driver that closes all descriptors", "close-all", "closed its connection to the host")
STOPPED("stopped: a driver that writes an answer of 1 GiB", "gigabyte",
        "its worker sends a message of 1073741824 bytes; at most 1048576 are taken")
STOPPED("stopped: a driver that answers garbage", "garbage", "its worker sends a message of")
STOPPED("stopped: a driver that floods the log", "log-flood", "it floods the log")
STOPPED("stopped: a driver that answers with a link of another kind", "forged-kind",
        "a link of kind \"bridge\", which its table does not declare")
STOPPED("stopped: a driver that answers for an interface outside its request", "forged-interface", "interface 7 of 2")
STOPPED("stopped: a driver that answers without having made anything", "forged-nothing",
        "it made nothing for interface x")
STOPPED("stopped: a driver that answers for one of its interfaces alone", "claims-loopback",
        "it made nothing for interface y")
STOPPED("stopped: a driver that claims an interface outside its request", "claims-other", "interface 9 of 2")
STOPPED("stopped: a driver that asks for a kind outside its table", "kind",
        "a link of kind \"bridge\", which its table does not declare")
STOPPED("stopped: a driver that asks for a name of its own", "name", "link attribute 3")
STOPPED("stopped: a driver that asks for another namespace", "namespace", "link attribute 19")
STOPPED("stopped: a driver that sends requests beyond its device", "address", "a request of type 20")
STOPPED("stopped: a driver that reads another interface's sysfs", "sysfs", "a sysfs path that leaves the interface")
STOPPED("stopped: a driver that asks for a socket without the privilege", "socket", "a socket that needs CAP_NET_ADMIN")
STOPPED("stopped: a driver that makes a TUN which its table does not declare", "tun",
        "a link of kind \"tun\", which its table does not declare")
STOPPED("stopped: a driver that asks for packets without the privilege", "queue", "a queue that needs TUN")
STOPPED("a driver that ends by itself at its deadline is not killed", "obey", "it ended by itself")
STOPPED("stopped: a driver that asks any generic netlink family", "genl",
        "a request to generic netlink family \"nlctrl\"")
STOPPED("stopped: a driver that loops for ever", "loop", "it took longer than its deadline of 5s")
STOPPED("stopped: a driver that sleeps past the deadline", "sleep", "it took longer than its deadline of 5s")
STOPPED("stopped: a driver that crashes", "crash",
        "its worker crashed (signal 11, SIGSEGV) in what is called at hostile.so+0x")
STOPPED("stopped: a driver that aborts", "abort",
        "its worker crashed (signal 6, SIGABRT) in what is called at hostile.so+0x")
STOPPED("stopped: a driver that ends by a signal without a name", "real-time", "its worker crashed (signal 40)")
STOPPED("stopped: a driver that runs into a trap, and the error has its last words", "trap",
        "; its last words: how trap | it goes into the trap")
TEST_CASE("where a driver crashed is what addr2line takes") {
  const std::string said = attack_by("trap");
  const std::size_t at = said.find(" at hostile.so+0x");
  REQUIRE(at != std::string::npos);
  const std::string offset = said.substr(at + 15, said.find_first_of("; \n", at + 15) - at - 15);
  const Result disassembly = sh("objdump -d --no-show-raw-insn --start-address=" + offset + " --stop-address=$((" +
                                offset + " + 2)) " NETRIG_TEST_PLUGIN_DIR "/hostile.so");
  INFO(disassembly.out);
#ifdef __x86_64__
  CHECK_THAT(disassembly.out, ContainsSubstring("ud2"));
#endif
}
TEST_CASE("a debugger finds the file of a driver in netrig's own process where the loader has it from") {
  const Place place("hostile", NETRIG_TEST_PLUGIN_DIR);
  const Result up = cli("--host-config " + place.policy("isolation = \"none\"", kImpatient) + " up " +
                        lab_of("hostile", "how = \"path\", when = \"create\""));
  CHECK(up.exit != 0);
  // Not /proc/self, which is the debugger when it looks.
  CHECK_THAT(up.err, ContainsSubstring("(driver hostile): /proc/") && !ContainsSubstring("/proc/self"));
  require_no_trace();
}
TEST_CASE("what a driver prints is in the log, a line at a time") {
  const Place place("hostile", NETRIG_TEST_PLUGIN_DIR);
  const Result up = cli("-v --host-config " + place.policy("", kImpatient) + " up " +
                        lab_of("hostile", "how = \"print\", when = \"create\""));
  INFO(up.err);
  REQUIRE(up.exit == 0);
  CHECK_THAT(up.err, ContainsSubstring("driver hostile prints: hello from the driver\n") &&
                         ContainsSubstring("driver hostile prints: and from its other\n") &&
                         ContainsSubstring("driver hostile prints: end\n"));
  CHECK(cli("--host-config " + place.policy("", kImpatient) + " down odd").exit == 0);
  require_no_trace();
}
STOPPED("stopped: a driver that ends its process", "exit", "its worker ended by itself (exit code 0)")
// The undefined-behaviour sanitizer makes a pipe to see whether memory is readable, fails at that, and reports it, into
// a file where standard error is one, which no worker may make longer; so what says no differs.
#ifdef NETRIG_SANITIZED
TEST_CASE("stopped: a driver that exhausts the descriptors") {
  CHECK_THAT(attack_by("descriptors"),
             ContainsSubstring("its worker crashed (signal") || ContainsSubstring("which no driver may"));
}
#else
STOPPED("stopped: a driver that exhausts the descriptors", "descriptors", "there are no more descriptors")
#endif
// A sanitizer's report of it opens a file, which is stopped, too.
TEST_CASE("stopped: a driver that corrupts its stack") {
  CHECK_THAT(attack_by("stack"),
             ContainsSubstring("its worker crashed (signal") || ContainsSubstring("which no driver may"));
}
STOPPED("stopped: a driver that recurses without end", "recursion", "its worker crashed (signal 11, SIGSEGV)")
STOPPED("stopped: a constructor that opens /etc/shadow sees none", "constructor", "the constructor saw no shadow")
STOPPED("stopped: a message that moves the cursor is cleaned", "escape-sequence", "first netrig: error: \\x1b[2Jsecond")

TEST_CASE("stopped: a driver that exhausts memory") {
#ifdef NETRIG_SANITIZED
  skip("a sanitizer's shadow memory does not fit into a limit");
#endif
  // Filling it takes a slow machine its time.
  CHECK_THAT(attack_by("memory", {.limits = "[limits]\nmemory = \"128MiB\"\n"}),
             ContainsSubstring("there is no more memory to be had"));
}

TEST_CASE("stopped: a driver that crashes or hangs while parameters are checked") {
  const auto [how, words] = GENERATE(table<std::string, std::string>(
      {{"crash", "its worker crashed (signal 11, SIGSEGV)"}, {"loop", "it took longer than its deadline of 5s"}}));
  CHECK_THAT(attack_by(how, {.when = "validate"}), ContainsSubstring(words));
}

TEST_CASE("stopped: a driver that crashes or hangs while it is loaded") {
  const auto [kind, words] = GENERATE(table<std::string, std::string>(
      {{"crashesonload", "its worker crashed (signal 11, SIGSEGV)"},
       {"hangsonload", "it took longer than its deadline of 5s; its worker was stopped"}}));
  const Place place(kind, NETRIG_TEST_PLUGIN_DIR);
  const std::string policy = place.policy("", kImpatient);
  CHECK(place.outcome(policy, kind) == "loaded");  // what it is nobody must run
  const Result up = cli("--host-config " + policy + " up " + lab_of(kind, "how = \"none\"", 1));
  CHECK(up.exit == 5);
  CHECK_THAT(up.err, ContainsSubstring(words));
  require_no_trace();
}

TEST_CASE("stopped: a driver that crashes, hangs or changes something in inspect: status shows why, and the lab goes") {
  const auto [how, words] = GENERATE(table<std::string, std::string>({
      {"crash", "its worker crashed (signal 11, SIGSEGV)"},
      {"loop", "it took longer than its deadline of 5s"},
      {"set-down", "a change where it is only asked how things are"},
  }));
  const Place place("hostile", NETRIG_TEST_PLUGIN_DIR);
  const std::string netrig = "--host-config " + place.policy("", kImpatient) + " ";
  REQUIRE(cli(netrig + "up " + lab_of("hostile", "how = \"" + how + "\", when = \"inspect\"")).exit == 0);
  const Result status = cli(netrig + "--json status odd");
  CHECK_THAT(status.out, ContainsSubstring(words));
  CHECK_THAT(ip("-n a link show dev x")[0]["flags"].dump(), ContainsSubstring("\"UP\""));
  CHECK(cli(netrig + "down odd").exit == 0);
  require_no_trace();
}

TEST_CASE("stopped: a driver that crashes or hangs in destroy: its links are removed all the same") {
  const std::string how = GENERATE("crash", "loop", "exec");
  const Place place("hostile", NETRIG_TEST_PLUGIN_DIR);
  const std::string netrig = "--host-config " + place.policy("", kImpatient) + " ";
  REQUIRE(cli(netrig + "up " + lab_of("hostile", "how = \"" + how + "\", when = \"destroy\"")).exit == 0);
  const Result down = cli(netrig + "down odd");
  CHECK(down.exit == 0);
  CHECK_THAT(down.err, ContainsSubstring("its interfaces are deleted instead"));
  require_no_trace();
}

TEST_CASE("a driver that deletes at once what has gone with its namespace harms nobody") {
  const Place place("hostile", NETRIG_TEST_PLUGIN_DIR);
  const std::string netrig = "--host-config " + place.policy("", kImpatient) + " ";
  REQUIRE(cli(netrig + "up " + lab_of("hostile", "how = \"flush\", when = \"destroy\"")).exit == 0);
  REQUIRE(sh("ip netns delete b").exit == 0);
  const Result down = cli(netrig + "down odd");
  CHECK(down.exit == 0);
  CHECK_THAT(down.err, !ContainsSubstring("hostile"));
  require_no_trace();
}

namespace {

/// A lab of the hostile driver whose one interface is x in "mine", a namespace of somebody else.
std::string guest_lab(const std::string& how, const std::string& when) {
  return file("lab.toml",
              "[lab]\nname = \"odd\"\n[namespace.mine]\nexisting = true\n[device.d]\ndriver = \"hostile\"\nparams = { "
              "how = \"" +
                  how + "\", when = \"" + when + "\" }\ninterfaces = [{ namespace = \"mine\", name = \"x\" }]\n");
}

/// A namespace of somebody else, with an interface eth0 of number 77.
struct Mine {
  Mine() {
    REQUIRE(sh("ip netns add mine && ip -n mine link add eth0 index 77 type veth peer name eth1").exit == 0);
    before = kernel_state("mine");
  }
  ~Mine() { sh("ip netns delete mine"); }
  Mine(const Mine&) = delete;
  Mine& operator=(const Mine&) = delete;
  Json before;
};

}  // namespace

TEST_CASE("stopped: a driver that says of an interface of others that it made it") {
  const Mine mine;
  const Place place("hostile", NETRIG_TEST_PLUGIN_DIR);
  const Result up = cli("--host-config " + place.policy() + " up " + guest_lab("claims-77", "create"));
  CHECK(up.exit == 5);
  CHECK_THAT(up.err,
             ContainsSubstring("the driver says that it made mine:x as interface 77, which the kernel does not show"));
  CHECK(kernel_state("mine") == mine.before);
}

TEST_CASE("stopped: a driver that says of an interface that is not there that it made it") {
  CHECK_THAT(attack_by("claims-77", {.interfaces = 1}),
             ContainsSubstring("the driver says that it made a:x as interface 77, which the kernel does not show"));
}

TEST_CASE("a driver that only says that its interface is gone: it is deleted without it") {
  const Mine mine;
  const Place place("hostile", NETRIG_TEST_PLUGIN_DIR);
  const std::string netrig = "--host-config " + place.policy() + " ";
  REQUIRE(cli(netrig + "up " + guest_lab("lie", "destroy")).exit == 0);
  CHECK(kernel_state("mine") != mine.before);
  const Result down = cli(netrig + "down odd");
  CHECK(down.exit == 0);
  CHECK_THAT(down.err, ContainsSubstring("device d: driver hostile left mine:x behind; it is deleted instead"));
  CHECK(kernel_state("mine") == mine.before);
}

TEST_CASE("what has got a number that a lab intended is nobody's to delete but its maker's") {
  const Mine mine;
  const Place place("hostile", NETRIG_TEST_PLUGIN_DIR);
  const std::string netrig = "--host-config " + place.policy() + " ";
  // Killed between intention and making; somebody else's interface gets the number.
  const int process = start_netrig({"--host-config", place.policy(), "up", guest_lab("loop", "create")});
  std::string number;
  await(
      [&] { return !(number = sh(R"(grep -m 1 -o '"x",[0-9]*' /run/netrig/odd/journal | cut -d, -f2)").out).empty(); });
  ::kill(process, SIGKILL);
  wait_for(process);
  number.pop_back();
  REQUIRE(sh("ip -n mine link add theirs index " + number + " type veth peer name theirs2").exit == 0);
  const Json before = kernel_state("mine");
  CHECK(cli(netrig + "down odd").exit == 0);
  CHECK(kernel_state("mine") == before);
}

TEST_CASE("a driver that keeps crashing is not started for every device of a lab") {
  const Place place("hostile", NETRIG_TEST_PLUGIN_DIR);
  const std::string netrig = "--host-config " + place.policy("", kImpatient) + " ";
  const std::string lab =
      file("many.toml",
           "[lab]\nname = \"odd\"\n[[repeat]]\nfor = { i = \"0..9\" }\n[repeat.namespace.\"n{i}\"]\n"
           "[repeat.device.\"d{i}\"]\ndriver = \"hostile\"\nparams = { how = \"crash\", when = \"destroy\" }\n"
           "interfaces = [{ namespace = \"n{i}\", name = \"x\" }, { namespace = \"n{i}\", name = \"y\" }]\n");
  const Result up = cli(netrig + "up " + lab);
  INFO(up.err);
  REQUIRE(up.exit == 0);
  const Result down = cli(netrig + "down odd");
  CHECK(down.exit == 0);
  CHECK_THAT(down.err, ContainsSubstring("it has failed 3 times and is not started again"));
  require_no_trace();
}

TEST_CASE("a driver hears of Ctrl-C without asking the host, and ends by itself") {
  const Place place("hostile", NETRIG_TEST_PLUGIN_DIR);
  const std::string said = directory() + "/said";
  const std::string policy = place.policy("", "[limits]\ndeadline = \"300s\"\n");
  const int process = start_netrig(
      {"--log-file", said, "--host-config", policy, "up", lab_of("hostile", "how = \"obey\", when = \"create\"")});
  await([] { return sh("grep -q '\"x\",' /run/netrig/odd/journal").exit == 0; });
  ::kill(process, SIGINT);
  CHECK(wait_for(process) == 130);
  CHECK_THAT(read(said), !ContainsSubstring("its worker was stopped"));
  require_no_trace();
}

TEST_CASE("Ctrl-C ends a driver that hangs, and the lab is rolled back") {
  const Place place("hostile", NETRIG_TEST_PLUGIN_DIR);
  const std::string policy = place.policy("", "[limits]\ndeadline = \"60s\"\n");
  const int process =
      start_netrig({"--host-config", policy, "up", lab_of("hostile", "how = \"loop\", when = \"create\"")});
  await([] { return sh("grep -q '\"x\",' /run/netrig/odd/journal").exit == 0; });
  ::kill(process, SIGINT);
  CHECK(wait_for(process) == 130);
  require_no_trace();
}

namespace {

/// Lines of /proc/PID/status, by key.
std::map<std::string, std::string> status_of(const std::string& process) {
  std::map<std::string, std::string> status;
  std::ifstream file("/proc/" + process + "/status");
  for (std::string line; std::getline(file, line);)
    if (const std::size_t colon = line.find(":\t"); colon != std::string::npos)
      status[line.substr(0, colon)] = line.substr(colon + 2);
  return status;
}

using Statuses = std::map<std::string, std::map<std::string, std::string>>;  // by driver

/// Looks at the workers of `kinds` while netrig brings `lab` up under that policy.
Statuses statuses_while_up(const std::vector<std::string>& kinds, const std::string& policy, const std::string& lab) {
  const int process = start_netrig({"--host-config", policy, "up", lab});
  Statuses statuses;
  for (int tries = 0; tries < 100 && statuses.size() < kinds.size(); ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    for (const std::string& kind : kinds) {
      std::string worker = sh("pgrep --ns $$ --nslist mnt -fx 'netrig-driver " + kind + " .*'").out;
      if (worker.empty()) continue;
      worker.pop_back();
      if (auto status = status_of(worker); status["Seccomp"] == "2") statuses[kind] = std::move(status);
    }
  }
  CHECK(wait_for(process) == 0);
  return statuses;
}
std::map<std::string, std::string> status_while_up(const std::string& kind, const std::string& policy,
                                                   const std::string& lab) {
  return statuses_while_up({kind}, policy, lab)[kind];
}

}  // namespace

TEST_CASE("a worker has no capability, no way to get one, a filter, and dies with its host") {
  const Place place("hostile", NETRIG_TEST_PLUGIN_DIR);
  const std::string policy = place.policy();
  auto status = status_while_up("hostile", policy, lab_of("hostile", "how = \"pause\", when = \"create\""));
  for (const char* set : {"CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb"}) CHECK(status[set] == "0000000000000000");
  CHECK(status["NoNewPrivs"] == "1");
  CHECK(status["Seccomp"] == "2");
  CHECK(status["Uid"] == "65534\t65534\t65534\t65534");
  CHECK(cli("down odd").exit == 0);
  const int process =
      start_netrig({"--host-config", policy, "up", lab_of("hostile", "how = \"loop\", when = \"create\"")});
  // The worker is there for the checks already, before anything is begun.
  await([] { return std::filesystem::exists("/run/netrig/odd/journal"); });
  CHECK_FALSE(sh("pgrep --ns $$ --nslist mnt -fx 'netrig-driver hostile .*'").out.empty());
  ::kill(process, SIGKILL);
  wait_for(process);
  await([] { return sh("pgrep --ns $$ --nslist mnt -fx 'netrig-driver hostile .*'").out.empty(); });
  CHECK(cli("down odd").exit == 0);
  require_no_trace();
}

TEST_CASE("tables run nowhere, and functions in workers without any capability") {
  Place place("hostile", NETRIG_TEST_PLUGIN_DIR);
  for (const char* kind : {"veth", "bridge", "macvlan"}) place.add(kind, NETRIG_PLUGIN_DIR);
  // The hostile one only waits, so that there is time to look at the others.
  const std::string lab = file("all.toml", R"([lab]
name = "all"
[namespace.a]
[namespace.b]
[device.wire]
driver = "veth"
interfaces = [{ namespace = "a", name = "x", master = "br" }, { namespace = "b", name = "y" }]
[device.br]
driver = "bridge"
params = { hello_time = "1s" }
interfaces = [{ namespace = "a", name = "br" }]
[device.mv]
driver = "macvlan"
params = { parent = "b:y" }
interfaces = [{ namespace = "b", name = "z" }]
[device.wait]
driver = "hostile"
params = { how = "pause", when = "create" }
interfaces = [{ namespace = "a", name = "v" }, { namespace = "b", name = "w" }]
)");
  const std::string policy = place.policy();
  // All three are looked for until the hostile one has waited long enough.
  Statuses statuses = statuses_while_up({"veth", "bridge", "macvlan"}, policy, lab);
  CHECK(statuses.size() == 1);
  auto& status = statuses["bridge"];
  for (const char* set : {"CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb"}) CHECK(status[set] == "0000000000000000");
  CHECK(status["NoNewPrivs"] == "1");
  CHECK(status["Seccomp"] == "2");
  CHECK(ip("-n b -d link show dev z")[0]["linkinfo"]["info_kind"] == "macvlan");
  CHECK(cli("--host-config " + policy + " down all").exit == 0);
  require_no_trace();
}

TEST_CASE("a driver that asks for CAP_NET_ADMIN has it only when the policy grants it") {
  const Place place("privileged", NETRIG_TEST_PLUGIN_DIR);
  const std::string lab = lab_of("privileged", "how = \"pause\"", 1);
  SECTION("not granted") {
    const Result up = cli("--host-config " + place.policy() + " up " + lab);
    CHECK(up.exit != 0);
    CHECK_THAT(up.err, ContainsSubstring("a socket that needs CAP_NET_ADMIN, which its table does not ask for or the "
                                         "policy does not grant"));
  }
  SECTION("granted to a driver that does not ask") {
    place.add("hostile", NETRIG_TEST_PLUGIN_DIR);
    const std::string policy = place.policy("", "[driver.hostile]\ngrant = [\"CAP_NET_ADMIN\"]\n");
    auto status = status_while_up("hostile", policy, lab_of("hostile", "how = \"pause\", when = \"create\""));
    CHECK(status["CapEff"] == "0000000000000000");
    CHECK(cli("down odd").exit == 0);
  }
  SECTION("granted: it makes its link itself, by a socket that the host opened") {
    const std::string policy = place.policy("", "[driver.privileged]\ngrant = [\"CAP_NET_ADMIN\"]\n");
    auto status = status_while_up("privileged", policy, lab);
    CHECK(status["CapEff"] == "0000000000001000");
    CHECK(status["CapBnd"] == "0000000000001000");
    CHECK(status["NoNewPrivs"] == "1");
    CHECK(status["Seccomp"] == "2");
    const Json link = ip("-n a -d link show dev x")[0];
    CHECK(link["ifindex"] == 4242);
    CHECK(link["linkinfo"]["info_kind"] == "bridge");
    CHECK(cli("--host-config " + policy + " down odd").exit == 0);
  }
  require_no_trace();
}

TEST_CASE("what a driver with privileges left half-made in a namespace of others is removed") {
  const std::string how = GENERATE("crash", "loop", "exec");
  const Place place("privileged", NETRIG_TEST_PLUGIN_DIR);
  const std::string policy = place.policy("", kImpatient + "[driver.privileged]\ngrant = [\"CAP_NET_ADMIN\"]\n");
  REQUIRE(sh("ip netns add mine && ip -n mine link add keep type veth peer name keep2").exit == 0);
  const Json before = kernel_state("mine");
  const std::string lab = file("lab.toml",
                               "[lab]\nname = \"odd\"\n[namespace.mine]\nexisting = true\n[device.d]\ndriver = "
                               "\"privileged\"\nparams = { how = \"" +
                                   how + "\" }\ninterfaces = [{ namespace = \"mine\", name = \"x\" }]\n");
  const Result up = cli("--host-config " + policy + " up " + lab);
  CHECK(up.exit != 0);
  INFO(up.err);
  CHECK(kernel_state("mine") == before);
  CHECK(std::filesystem::is_empty("/run/netrig"));
  sh("ip netns delete mine");
}

TEST_CASE("what the caller preloads does not reach a worker") {
#ifdef NETRIG_SANITIZED
  skip("a sanitizer's runtime wants to be loaded first");
#endif
  // The library leaves its process's command line behind wherever it is loaded.
  const std::string source = file("evil.c",
                                  "#include <fcntl.h>\n#include <unistd.h>\n#include <stdio.h>\n"
                                  "__attribute__((constructor)) static void trace(void) {\n"
                                  "  char line[4096];\n  int in = open(\"/proc/self/cmdline\", O_RDONLY);\n"
                                  "  ssize_t n = read(in, line, sizeof line);\n"
                                  "  int out = open(\"" +
                                      directory() +
                                      "/trace\", O_WRONLY | O_CREAT | O_APPEND, 0666);\n"
                                      "  if (n > 0 && write(out, line, n) < 0) perror(\"trace\");\n"
                                      "  close(in); close(out);\n}\n");
  REQUIRE(sh("cc -shared -fPIC -o " + directory() + "/evil.so " + source).exit == 0);
  // Its timers are checked by code of the driver.
  const std::string lab = file("lab.toml",
                               "[lab]\nname = \"odd\"\n[namespace.a]\n[device.b]\ndriver = \"bridge\"\n"
                               "params = { hello_time = \"1s\" }\ninterfaces = [{ namespace = \"a\" }]\n");
  const Result list = sh("LD_PRELOAD=" + directory() + "/evil.so LD_LIBRARY_PATH=" + directory() +
                         " LD_AUDIT= " NETRIG_BINARY " plan " + lab);
  REQUIRE(list.exit == 0);
  const std::string trace = read(directory() + "/trace");
  CHECK_THAT(trace, ContainsSubstring("netrig"));  // it was preloaded, into what the caller started
  CHECK_THAT(trace, !ContainsSubstring("netrig-driver"));
}
