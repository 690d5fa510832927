// SPDX-License-Identifier: Apache-2.0
// Records that are damaged, not ours, or of a netrig that is gone.
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "catch.hpp"
#include "engine/journal.hpp"
#include "scratch.hpp"

using namespace scratch;
using Texts = std::vector<std::string>;

namespace {

const std::string kPair = R"([lab]
name = "two"
[namespace.a]
[namespace.b]
[device.wire]
driver = "veth"
interfaces = [{ namespace = "a", name = "eth0" }, { namespace = "b", name = "eth0" }]
)";

const std::string kJournal = "/run/netrig/two/journal";

void bring_up(const std::string& text) {
  const Result result = cli("up " + file("lab.toml", text));
  INFO(result.err);
  REQUIRE(result.exit == 0);
}

void write(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

/// A command that ends, whatever it meets.
Result soon(const std::string& arguments) {
  return sh("timeout -s KILL 60 " + std::string(NETRIG_BINARY) + " " + arguments);
}

std::string state_in_list(const std::string& lab) {
  const Json list = Json::parse(soon("--json list").out);
  for (const Json& one : list["labs"])
    if (one["lab"] == lab) return one["state"];
  return "not there";
}

void mask_boot_id(bool on) {
  const std::string place = "/proc/sys/kernel/random/boot_id";
  const Result result = sh(on ? "mount --bind /dev/null " + place : "umount " + place);
  INFO(result.err);
  REQUIRE(result.exit == 0);
}

}  // namespace

TEST_CASE("a journal cut anywhere is never taken for one of a lab that has made nothing") {
  bring_up(kPair);
  const std::string whole = read(kJournal);
  REQUIRE(whole.size() > 126);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CAPTURE(length);
    write(kJournal, whole.substr(0, length));
    CHECK_THROWS_AS(netrig::engine::Journal::open("two", {}), netrig::Error);
    CHECK_THROWS_AS(netrig::engine::Journal::peek("two"), netrig::Error);
  }
  write(kJournal, whole.substr(0, 73));
  for (const std::string& command : {std::string("down two"), "up " + directory() + "/lab.toml",
                                     std::string("status two"), std::string("down --all")}) {
    const Result refused = soon(command);
    CHECK(refused.exit == 1);
    CHECK_THAT(refused.err,
               ContainsSubstring(kJournal + ":1: the lab's record is damaged: it ends within its first line; "
                                            "\"netrig down --force two\" removes what can still be told"));
  }
  CHECK(state_in_list("two") == "damaged");
  CHECK(namespaces() == Texts{"a", "b"});
  SECTION("what it was is not lost") {
    write(kJournal, whole);
    CHECK(soon("down two").exit == 0);
    require_nothing_left();
  }
  SECTION("by force it is forgotten, and what may be the lab's is left and named") {
    const Result forced = soon("down --force two");
    CHECK(forced.exit == 1);
    CHECK_THAT(forced.err, ContainsSubstring("namespace a, namespace b"));
    CHECK(namespaces() == Texts{"a", "b"});
    CHECK(std::filesystem::is_empty("/run/netrig"));
  }
  SECTION("also when the journal is gone altogether") {
    std::filesystem::remove(kJournal);
    const Result refused = soon("down two");
    CHECK(refused.exit == 1);
    CHECK_THAT(refused.err, ContainsSubstring("the lab was up, and this file is gone"));
    CHECK(soon("down --force two").exit == 1);
    CHECK(std::filesystem::is_empty("/run/netrig"));
  }
  SECTION("by force all goes that can still be told") {
    std::string holed = whole;
    const std::size_t line = holed.find("{\"e\":\"ns\",\"n\":\"b\"");
    REQUIRE(line != std::string::npos);
    holed[line] = '?';
    write(kJournal, holed);
    CHECK(soon("down two").exit == 1);
    const Result forced = soon("down --force two");
    CHECK(forced.exit == 1);
    CHECK_THAT(forced.err, ContainsSubstring("look at namespace b, and undo"));
    CHECK(namespaces() == Texts{"b"});
    CHECK(std::filesystem::is_empty("/run/netrig"));
  }
  for (const std::string& name : namespaces()) sh("ip netns del " + name);  // each section begins anew
}

TEST_CASE("another lab's damaged record is no hindrance") {
  bring_up(kPair);
  ::mkdir("/run/netrig/bad", 0700);
  write("/run/netrig/bad/journal", "");
  CHECK(state_in_list("two") == "up");
  CHECK(state_in_list("bad") == "damaged");
  CHECK(soon("status " + directory() + "/lab.toml").exit == 0);
  const Result all = soon("down --all");
  CHECK(all.exit == 1);
  CHECK_THAT(all.err, ContainsSubstring("/run/netrig/bad/journal:1: the lab's record is damaged: it is empty"));
  CHECK(namespaces().empty());
  CHECK(soon("down --force bad").exit == 1);
  require_nothing_left();
}

TEST_CASE("a record that others could have written is not believed") {
  bring_up(kPair);
  const std::string lab = "/run/netrig/two";
  const std::string kept = directory() + "/kept";
  const auto [spoil, mend, message] = GENERATE_COPY(table<std::string, std::string, std::string>({
      {"chown 1000 " + lab, "chown 0 " + lab,
       lab + " belongs to user 1000; it must be a directory that belongs to root"},
      {"chmod 0770 " + lab, "chmod 0700 " + lab, lab + " can be written by others (mode 0770)"},
      {"chmod 0757 /run/netrig", "chmod 0755 /run/netrig", "/run/netrig can be written by others (mode 0757)"},
      {"chown 1000 " + kJournal, "chown 0 " + kJournal, kJournal + " belongs to user 1000; it must be a regular file"},
      {"chmod 0666 " + kJournal, "chmod 0600 " + kJournal, kJournal + " can be written by others (mode 0666)"},
      {"mv " + lab + " " + kept + "; ln -s " + kept + " " + lab, "rm " + lab + "; mv " + kept + " " + lab,
       lab + " is no directory"},
      {"mv " + lab + " " + kept + "; ln -s /nowhere " + lab, "rm " + lab + "; mv " + kept + " " + lab,
       lab + " is no directory"},
      {"mv " + lab + " " + kept + "; echo > " + lab, "rm " + lab + "; mv " + kept + " " + lab,
       lab + " is no directory"},
      {"mv " + kJournal + " " + kept + "; mkfifo -m 600 " + kJournal,
       "rm " + kJournal + "; mv " + kept + " " + kJournal, kJournal + " is no regular file"},
      {"mv " + kJournal + " " + kept + "; ln -s " + kept + " " + kJournal,
       "rm " + kJournal + "; mv " + kept + " " + kJournal, kJournal + " is no regular file"},
      {"mv " + lab + "/lock " + kept + "; mkfifo -m 600 " + lab + "/lock",
       "rm " + lab + "/lock; mv " + kept + " " + lab + "/lock", lab + "/lock is no regular file"},
  }));
  CAPTURE(spoil);
  REQUIRE(sh(spoil).exit == 0);
  for (const std::string& command :
       {std::string("down two"), std::string("down --force two"), "up " + directory() + "/lab.toml"}) {
    CAPTURE(command);
    const Result refused = soon(command);
    CHECK(refused.exit == 3);
    CHECK_THAT(refused.err, ContainsSubstring(message));
  }
  if (message.find("lock") == std::string::npos) CHECK(soon("status two").exit == 3);
  if (message.starts_with("/run/netrig can"))
    CHECK(soon("list").exit == 3);
  else if (message.find("lock") == std::string::npos)
    CHECK(state_in_list("two") == "not trusted");
  CHECK(namespaces() == Texts{"a", "b"});
  REQUIRE(sh(mend).exit == 0);
  CHECK(soon("down two").exit == 0);
  require_nothing_left();
}

TEST_CASE("a directory whose lab had not begun is known, and given up or used") {
  ::mkdir("/run/netrig/two", 0700);
  CHECK(state_in_list("two") == "empty");
  CHECK(soon("status two").exit == 1);
  SECTION("down") {
    const Result down = soon("down two");
    CHECK(down.exit == 0);
    CHECK_THAT(down.out, ContainsSubstring("lab two had made nothing yet; it is forgotten"));
  }
  SECTION("down by its file") { CHECK(soon("down " + file("lab.toml", kPair)).exit == 0); }
  SECTION("up") {
    bring_up(kPair);
    CHECK(soon("down two").exit == 0);
  }
  SECTION("a beginning that was not put in place") {
    write("/run/netrig/two/journal.new", "{\"e\":\"beg");
    CHECK(soon("down --all").exit == 0);
  }
  require_nothing_left();
}

TEST_CASE("a lab whose lock cannot be had leaves no directory") {
  const std::string lab = file("lab.toml", kPair);
  const pid_t child = ::fork();
  if (child == 0) {
    // What the kernel says that has no room for another lock.
    std::array<sock_filter, 6> program = {{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fcntl, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[1])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_OFD_SETLK, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOLCK),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    }};
    const sock_fprog filter{.len = program.size(), .filter = program.data()};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
      ::_exit(126);
    ::execl(NETRIG_BINARY, NETRIG_BINARY, "up", lab.c_str(), nullptr);
    ::_exit(127);
  }
  CHECK(wait_for(child) == 1);
  require_nothing_left();
}

TEST_CASE("a lab for which there are too few descriptors leaves no directory") {
  const std::string lab = file("lab.toml", kPair);
  for (int most = 4; most <= 24; ++most) {
    INFO(most);
    const int code = sh("ulimit -n " + std::to_string(most) + "; exec " NETRIG_BINARY " up " + lab).exit;
    if (code == 0) CHECK(soon("down two").exit == 0);
    require_nothing_left();
  }
}

TEST_CASE("a boot id that cannot be read is not another boot") {
  const bool masked_at_up = GENERATE(false, true);
  if (masked_at_up) mask_boot_id(true);
  bring_up(kPair);
  mask_boot_id(!masked_at_up);
  CHECK(state_in_list("two") == "up");
  CHECK(soon("status two").exit == 0);
  const Result again = soon("up " + directory() + "/lab.toml");
  CHECK(again.exit == 0);
  CHECK_THAT(again.out, ContainsSubstring("nothing to change"));
  const Result down = soon("down two");
  CHECK(down.exit == 0);
  CHECK_THAT(down.out, ContainsSubstring("lab two is down: 2 namespaces"));
  require_nothing_left();
  if (!masked_at_up) mask_boot_id(false);
}

TEST_CASE("a lab that is coming up is not called cut off") {
  std::string text = "[lab]\nname = \"two\"\n[[repeat]]\nfor = { i = \"0..599\" }\nnamespace.\"n{i}\" = {}\n";
  const std::string lab = file("lab.toml", text);
  const int process = start_netrig({"up", lab});
  while (namespaces().size() < 20) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  ::kill(process, SIGSTOP);
  const std::string held = "held by netrig (process " + std::to_string(process) + ")";
  CHECK_THAT(soon("list").out, ContainsSubstring("coming up, " + held));
  const Result status = soon("status two");
  CHECK(status.exit == 1);
  CHECK_THAT(status.out, ContainsSubstring("lab two: coming up, " + held));
  CHECK_THAT(status.out, ContainsSubstring("not whole while netrig is at it"));
  CHECK(Json::parse(soon("--json status two").out)["held_by"] == process);
  ::kill(process, SIGKILL);
  wait_for(process);
  CHECK(state_in_list("two") == "cut off while starting");
  CHECK_THAT(soon("status two").out, ContainsSubstring("NOT WHOLE: run \"netrig down two\""));
  const Result plan = soon("plan " + lab);
  CHECK(plan.exit == 0);
  CHECK_THAT(plan.out, ContainsSubstring("\"netrig up\" removes first what it made"));
  CHECK(soon("down two").exit == 0);
  require_nothing_left();
}

TEST_CASE("a wait for another netrig can be interrupted") {
  const std::string lab = file("lab.toml", kPair);
  const int first = start_netrig({"up", lab});
  while (!std::filesystem::exists("/run/netrig/two/lock")) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  ::kill(first, SIGSTOP);
  // It may have been done already; then nobody is waited for.
  const bool held = !Json::parse(soon("--json list").out)["labs"][0]["held_by"].is_null();
  const int second = start_netrig({"up", "--wait", lab});
  // Its signals are caught before it waits: what it has open shows that it is there.
  for (int i = 0;
       held && i < 1000 && sh("ls -l /proc/" + std::to_string(second) + "/fd | grep -q /run/netrig").exit != 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  ::kill(second, SIGTERM);
  const int code = wait_for(second);
  if (held) CHECK(code == 130);
  ::kill(first, SIGCONT);
  wait_for(first);
  CHECK(soon("down --all").exit == 0);
  require_nothing_left();
}

TEST_CASE("a lab of another file's is not rewritten unless that is asked for") {
  bring_up(kPair);
  const std::string lab = directory() + "/lab.toml";
  const std::string other = file("other.toml", kPair + "[namespace.c]\n");
  const Result refused = soon("up " + other);
  CHECK(refused.exit == 4);
  CHECK_THAT(refused.err, ContainsSubstring(other + ": lab \"two\" is up from " + lab +
                                            ", another file; \"netrig up "
                                            "--replace " +
                                            other + "\""));
  CHECK(namespaces() == Texts{"a", "b"});
  SECTION("the same file by another name") {
    std::filesystem::create_symlink(lab, directory() + "/link.toml");
    CHECK(soon("up " + directory() + "/link.toml").exit == 0);
  }
  SECTION("a copy that says the same") { CHECK(soon("up " + file("copy.toml", kPair)).exit == 0); }
  SECTION("asked for") {
    CHECK(soon("up --replace " + other).exit == 0);
    CHECK(namespaces() == Texts{"a", "b", "c"});
    CHECK(soon("up " + other).exit == 0);
    CHECK(soon("up " + lab).exit == 4);
  }
  CHECK(soon("down two").exit == 0);
  require_nothing_left();
}
