// SPDX-License-Identifier: Apache-2.0
// netrig capture: packets of a lab that is up, in files that other tools read.
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <tuple>
#include <utility>

#include "catch.hpp"
#include "check/rig.hpp"

using namespace scratch;
namespace fs = std::filesystem;

namespace {

const std::string kThreePings = "ip netns exec h1 ping -q -c 3 -i 0.01 192.0.2.2";

/// A lab that is taken down come what may.
struct UpLab {
  explicit UpLab(const std::string& text = rig::kWire) {
    const Result result = cli("up " + file("lab.toml", text));
    INFO(result.err);
    REQUIRE(result.exit == 0);
  }
  ~UpLab() { cli("--quiet down --force rig"); }
  UpLab(const UpLab&) = delete;
  UpLab& operator=(const UpLab&) = delete;
};

/// One that goes on until it is ended.
class Capturing {
 public:
  explicit Capturing(const std::string& arguments) {
    const std::string line =
        std::string("exec ") + NETRIG_BINARY + " capture " + arguments + " >" + out_path_ + " 2>" + err_path_;
    process_ = ::fork();
    if (process_ == 0) {
      ::execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
      ::_exit(127);
    }
    // What it says when every socket is open.
    await([&] {
      return err().find("capturing at ") != std::string::npos || out().find("\"capturing\"") != std::string::npos ||
             has_ended();
    });
    INFO(err());
    REQUIRE(process_ > 0);
  }
  ~Capturing() {
    if (process_ > 0) ::kill(process_, SIGKILL);
    if (process_ > 0) wait_for(process_);
  }
  Capturing(const Capturing&) = delete;
  Capturing& operator=(const Capturing&) = delete;

  [[nodiscard]] std::string err() const { return fs::exists(err_path_) ? read(err_path_) : ""; }
  [[nodiscard]] std::string out() const { return read(out_path_); }
  void tell(int signal) const { REQUIRE(::kill(process_, signal) == 0); }
  int end() { return wait_for(std::exchange(process_, 0)); }
  int end(int signal) {
    tell(signal);
    return end();
  }

 private:
  [[nodiscard]] bool has_ended() const {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(process_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
  }
  std::string out_path_ = file("capture.out", "");
  std::string err_path_ = file("capture.err", "");
  int process_ = 0;
};

/// A pcapng file, taken apart by what the format says alone.
struct Block {
  std::uint32_t type = 0;
  std::string body = {};

  template <typename Number>
  [[nodiscard]] Number at(std::size_t offset) const {
    Number number{};
    REQUIRE(offset + sizeof number <= body.size());
    std::memcpy(&number, body.data() + offset, sizeof number);
    return number;
  }
  /// Behind the fixed part of that size; fails the test where the options do not end as they must.
  [[nodiscard]] std::string option(std::uint16_t wanted, std::size_t fixed) const {
    for (std::size_t offset = fixed;;) {
      const auto code = at<std::uint16_t>(offset);
      const auto length = at<std::uint16_t>(offset + 2);
      if (code == wanted) return body.substr(offset + 4, length);
      if (code == 0) {
        CHECK(offset + 4 == body.size());
        return "none";
      }
      offset += 4 + (length + 3U) / 4 * 4;
    }
  }
  [[nodiscard]] std::uint64_t counter(std::uint16_t wanted) const {
    const std::string text = option(wanted, 12);
    std::uint64_t number = 0;
    REQUIRE(text.size() == sizeof number);
    std::memcpy(&number, text.data(), sizeof number);
    return number;
  }
};

struct Trace {
  std::vector<std::string> names = {};
  std::vector<std::uint16_t> link_types = {};
  std::vector<std::size_t> packets = {};  ///< interface of each
  std::vector<std::uint64_t> times = {};  ///< Units: ns since 1970
  std::vector<std::uint32_t> kept = {};   ///< bytes of each
  std::vector<Block> statistics = {};
};

/// Fails the test unless it is one whole section.
Trace trace_of(const std::string& path) {
  INFO(path);
  const std::string text = read(path);
  std::vector<Block> blocks;
  for (std::size_t at = 0; at < text.size();) {
    REQUIRE(text.size() - at >= 12);
    const Block head{.body = text.substr(at, 12)};
    const auto length = head.at<std::uint32_t>(4);
    REQUIRE(length % 4 == 0);
    REQUIRE((length >= 12 && length <= text.size() - at));
    blocks.push_back({.type = head.at<std::uint32_t>(0), .body = text.substr(at + 8, length - 12)});
    REQUIRE(Block{.body = text.substr(at + length - 4, 4)}.at<std::uint32_t>(0) == length);
    at += length;
  }
  REQUIRE(!blocks.empty());
  CHECK(blocks[0].type == 0x0a0d0d0a);
  CHECK(blocks[0].at<std::uint32_t>(0) == 0x1a2b3c4d);
  CHECK(blocks[0].option(1, 16) == "lab rig");
  Trace trace;
  for (std::size_t i = 1; i < blocks.size(); ++i) {
    const Block& block = blocks[i];
    if (block.type == 1) {
      CHECK(trace.packets.empty());
      trace.names.push_back(block.option(2, 8));
      trace.link_types.push_back(block.at<std::uint16_t>(0));
      CHECK(block.option(9, 8) == "\x09");
    } else if (block.type == 6) {
      CHECK(trace.statistics.empty());
      trace.packets.push_back(block.at<std::uint32_t>(0));
      trace.times.push_back(std::uint64_t{block.at<std::uint32_t>(4)} << 32U | block.at<std::uint32_t>(8));
      trace.kept.push_back(block.at<std::uint32_t>(12));
      CHECK(trace.packets.back() < trace.names.size());
    } else {
      REQUIRE(block.type == 5);
      CHECK(block.at<std::uint32_t>(0) == trace.statistics.size());
      trace.statistics.push_back(block);
    }
  }
  CHECK(trace.statistics.size() == trace.names.size());
  CHECK(std::is_sorted(trace.times.begin(), trace.times.end()));
  return trace;
}

constexpr std::uint16_t kReceived = 4;
constexpr std::uint16_t kDropped = 5;

/// Lines that tcpdump shows of a file.
std::vector<std::string> shown(const std::string& path, const std::string& filter = "") {
  const Result result = sh("tcpdump -nr " + path + " " + filter + " 2>" + directory() + "/tcpdump.err");
  INFO(read(directory() + "/tcpdump.err"));
  REQUIRE(result.exit == 0);
  std::vector<std::string> lines;
  std::istringstream stream(result.out);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

void ping(const std::string& line = kThreePings) {
  const Result result = sh(line);
  INFO(result.out << result.err);
  REQUIRE(result.exit == 0);
}

std::string trace_path() { return directory() + "/trace.pcapng"; }

}  // namespace

TEST_CASE("capture writes what all interfaces see into one file, in the order of time") {
  const UpLab up;
  Capturing capture("rig 'h*:eth0' -w " + trace_path() + " --filter icmp --count 12");
  CHECK_THAT(capture.err(), ContainsSubstring("capturing at 2 interfaces of lab rig\n"));
  ping();
  CHECK(capture.end() == 0);
  CHECK_THAT(capture.err(), ContainsSubstring("12 packets of 2 interfaces, in " + trace_path() + "\n") &&
                                ContainsSubstring("h2:eth0    6        0\n"));
  const Trace trace = trace_of(trace_path());
  CHECK(trace.names == std::vector<std::string>{"h1:eth0", "h2:eth0"});
  CHECK(trace.link_types == std::vector<std::uint16_t>{1, 1});
  // A request leaves h1, comes to h2, whose reply leaves, and comes to h1.
  CHECK(trace.packets == std::vector<std::size_t>{0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0});
  for (const Block& block : trace.statistics) {
    CHECK(block.counter(kReceived) == 6);
    CHECK(block.counter(kDropped) == 0);
  }
  CHECK(shown(trace_path(), "'icmp[icmptype] == icmp-echo'").size() == 6);
  struct stat status {};
  REQUIRE(::stat(trace_path().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE("a signal ends a capture with all that came before it") {
  const UpLab up;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    Capturing capture("rig '*:eth*' -f icmp -w " + trace_path());
    ping();
    CHECK(capture.end(signal) == 0);
    CHECK(trace_of(trace_path()).packets.size() == 12);
    CHECK(shown(trace_path()).size() == 12);
  }
}

TEST_CASE("a capture ends when its time is over") {
  const UpLab up;
  const Result result = cli("capture rig h1:eth0 --duration 50ms --json -w " + trace_path());
  REQUIRE(result.exit == 0);
  CHECK_THAT(result.out, ContainsSubstring(R"("because":"duration")"));
  CHECK(trace_of(trace_path()).names == std::vector<std::string>{"h1:eth0"});
}

TEST_CASE("every packet is in the file or counted as dropped, and no longer than it is to be") {
  const UpLab up;
  Capturing capture("rig 'h*:eth0' -f 'icmp' -s 64 -w " + trace_path());
  // As fast as one processor can, with 4000 packets at each end.
  ping("ip netns exec h1 ping -q -f -c 2000 192.0.2.2");
  CHECK(capture.end(SIGINT) == 0);
  const Trace trace = trace_of(trace_path());
  REQUIRE(trace.statistics.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(trace.statistics[i].counter(kReceived) == 4000);
    const auto written = std::count(trace.packets.begin(), trace.packets.end(), i);
    CHECK(static_cast<std::uint64_t>(written) == 4000 - trace.statistics[i].counter(kDropped));
  }
  CHECK(std::all_of(trace.kept.begin(), trace.kept.end(), [](std::uint32_t size) { return size == 64; }));
}

TEST_CASE("packets go into a pipe as they come, and a reader that goes away is a quiet end") {
  const UpLab up;
  const std::string seen = directory() + "/seen";
  const std::string errors = directory() + "/errors";
  const std::string line = std::string("(") + NETRIG_BINARY + " capture rig 'h*:eth0' -f icmp -w - 2>" + errors +
                           "; echo ended with $? >>" + errors + ") | (tcpdump -lnr - -c 4 2>/dev/null >" + seen + ")";
  const pid_t pipeline = ::fork();
  if (pipeline == 0) {
    ::execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
    ::_exit(127);
  }
  await([&] { return fs::exists(errors) && read(errors).find("capturing at") != std::string::npos; });
  ping("ip netns exec h1 ping -q -c 1 192.0.2.2");
  await([&] { return fs::exists(seen) && read(seen).find("echo reply") != std::string::npos; });
  // It has read its four and is gone; nothing tells netrig but the pipe.
  CHECK(wait_for(pipeline) == 0);
  CHECK_THAT(read(errors), ContainsSubstring("ended with 0\n") && !ContainsSubstring("cannot"));
}

TEST_CASE("packets do not go to a terminal, nor together with JSON") {
  const Result terminal =
      sh(std::string("script -qec '") + NETRIG_BINARY + " capture rig h1:eth0 -w -' /dev/null </dev/null");
  CHECK(terminal.exit == 2);
  CHECK_THAT(terminal.out, ContainsSubstring("packets are not for a terminal; write them to a file (-w FILE)"));
  const Result json = cli("--json capture rig h1:eth0 -w -");
  CHECK(json.exit == 2);
  CHECK_THAT(json.err, ContainsSubstring("packets and JSON cannot both go to standard output"));
}

TEST_CASE("a capture rotates by size and keeps the newest files, each whole") {
  const UpLab up;
  Capturing capture("rig 'h*:eth0' -f icmp -c 24 --rotate-size 4KiB --files 2 -w " + trace_path());
  ping("ip netns exec h1 ping -q -c 6 -i 0.01 -s 1000 192.0.2.2");
  CHECK(capture.end() == 0);
  // Three of them fit into one beside what a file needs.
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(directory()))
    if (entry.path().extension() == ".pcapng") files.push_back(entry.path().filename());
  std::sort(files.begin(), files.end());
  CHECK(files == std::vector<std::string>{"trace-00007.pcapng", "trace-00008.pcapng"});
  for (const std::string& name : files) {
    const std::string path = directory() + "/" + name;
    CHECK(fs::file_size(path) <= 4096);
    const Trace trace = trace_of(path);
    CHECK(trace.packets.size() == 3);
    CHECK(trace.names.size() == 2);
    CHECK(shown(path).size() == 3);
  }
  CHECK_THAT(capture.err(), ContainsSubstring("24 packets of 2 interfaces, in " + directory() +
                                              "/trace-00007.pcapng to " + directory() + "/trace-00008.pcapng\n"));
}

TEST_CASE("a capture rotates by time, with the next packet") {
  const UpLab up;
  Capturing capture("rig h1:eth0 -f 'icmp[icmptype] == icmp-echo' --rotate-time 1ms -c 3 -w " + trace_path());
  ping();
  CHECK(capture.end() == 0);
  std::size_t packets = 0;
  for (const auto& entry : fs::directory_iterator(directory()))
    if (entry.path().extension() == ".pcapng") packets += trace_of(entry.path()).packets.size();
  CHECK(packets == 3);
  CHECK_FALSE(fs::exists(trace_path()));
}

TEST_CASE("a capture ends when its lab is taken down") {
  const UpLab up;
  Capturing capture("rig '*:*' -f icmp -w " + trace_path());
  ping();
  REQUIRE(cli("down rig").exit == 0);
  CHECK(capture.end() == 0);
  CHECK_THAT(capture.err(), ContainsSubstring("lab rig was taken down\n") && !ContainsSubstring("is gone"));
  CHECK(trace_of(trace_path()).packets.size() == 12);
  require_nothing_left();
}

TEST_CASE("a capture goes on without an interface that goes away, until none is left") {
  const UpLab up(rig::kRouted);
  Capturing capture("rig h1:eth0 h2:eth0 -f icmp -w " + trace_path());
  REQUIRE(sh("ip -n h1 link del eth0").exit == 0);
  await([&] { return capture.err().find("h1:eth0 is gone: ") != std::string::npos; });
  ping("ip netns exec r ping -q -c 2 -i 0.01 198.51.100.2");
  REQUIRE(sh("ip -n h2 link del eth0").exit == 0);
  CHECK(capture.end() == 0);
  CHECK_THAT(capture.err(), ContainsSubstring("no interface is left to capture at\n"));
  const Trace trace = trace_of(trace_path());
  CHECK(trace.packets == std::vector<std::size_t>{1, 1, 1, 1});
  CHECK(trace.statistics.size() == 2);
}

TEST_CASE("a capture waits for an interface that is down, and takes packets once it is up") {
  const UpLab up;
  REQUIRE(sh("ip -n h1 link set eth0 down").exit == 0);
  Capturing capture("rig h1:eth0 -f icmp -w " + trace_path());
  CHECK_THAT(capture.err(),
             ContainsSubstring("not up yet: h1:eth0\n") && ContainsSubstring("capturing at 0 interfaces"));
  REQUIRE(sh("ip -n h1 link set eth0 up").exit == 0);
  await([&] { return capture.err().find("capturing at h1:eth0, too\n") != std::string::npos; });
  // Down and up again it is the same.
  REQUIRE(sh("ip -n h1 link set eth0 down; ip -n h1 link set eth0 up").exit == 0);
  ping();
  CHECK(capture.end(SIGINT) == 0);
  const Trace trace = trace_of(trace_path());
  CHECK(trace.names == std::vector<std::string>{"h1:eth0"});
  CHECK(trace.packets.size() == 6);
  CHECK(trace.statistics.at(0).counter(kReceived) == 6);
  CHECK_THAT(capture.err(), !ContainsSubstring("is gone"));
  CHECK(shown(trace_path()).size() == 6);
}

TEST_CASE("a capture takes packets of interfaces that are made while it runs, and ends when the last is gone") {
  const UpLab up;
  Capturing capture("rig 'h?:eth*' -f icmp -w " + trace_path() + " --json");
  REQUIRE(sh("set -e; ip -n h1 link add eth1 type veth peer name other0; ip -n h1 link set other0 netns h2; ip -n h2 "
             "address add 198.18.0.2/24 dev other0; ip -n h1 address add 198.18.0.1/24 dev eth1; ip -n h2 link set "
             "other0 up; ip -n h1 link set eth1 up")
              .exit == 0);
  await([&] { return capture.out().find("\"joined\"") != std::string::npos; });
  CHECK_THAT(capture.out(), ContainsSubstring("\"interface\":\"h1:eth1\""));
  ping("ip netns exec h1 ping -q -c 2 -i 0.01 198.18.0.2");
  REQUIRE(sh("ip -n h1 link del eth1; ip -n h1 link del eth0").exit == 0);
  CHECK(capture.end() == 0);
  const Trace trace = trace_of(trace_path());
  CHECK(trace.names == std::vector<std::string>{"h1:eth0", "h2:eth0", "h1:eth1"});
  CHECK(trace.packets == std::vector<std::size_t>{2, 2, 2, 2});
}

TEST_CASE("what a capture file's place or disk does not take is told") {
  const UpLab up;
  const Result nowhere = cli("capture rig h1:eth0 -w /nonexistent/trace.pcapng");
  CHECK(nowhere.exit == 2);
  CHECK_THAT(nowhere.err, ContainsSubstring("cannot write /nonexistent/trace.pcapng: No such file or directory"));
  const Result full = cli("capture rig h1:eth0 -w /dev/full");
  CHECK(full.exit == 1);
  CHECK_THAT(full.err, ContainsSubstring("cannot write /dev/full: No space left on device"));
  // What another put in the way is not followed.
  const std::string victim = file("victim", "mine");
  const std::string open_to_all = directory() + "/all";
  fs::create_directory(open_to_all);
  fs::create_symlink(victim, open_to_all + "/trace");
  REQUIRE(::lchown((open_to_all + "/trace").c_str(), 65534, 65534) == 0);
  const Result link = cli("capture rig h1:eth0 -w " + open_to_all + "/trace");
  CHECK(link.exit == 2);
  CHECK_THAT(link.err, ContainsSubstring("it is a symbolic link of user 65534"));
  CHECK(read(victim) == "mine");
}

TEST_CASE("a disk that becomes full ends a capture with whole blocks") {
  const UpLab up;
  const std::string small = directory() + "/small";
  fs::create_directory(small);
  REQUIRE(::mount("none", small.c_str(), "tmpfs", 0, "size=8k") == 0);
  Capturing capture("rig h1:eth0 -f icmp -w " + small + "/trace");
  ping("ip netns exec h1 ping -q -c 6 -i 0.01 -s 1000 192.0.2.2");
  CHECK(capture.end() == 1);
  CHECK_THAT(capture.err(), ContainsSubstring("cannot write " + small + "/trace: No space left on device (ENOSPC)\n"));
  const Result told = sh("tcpdump -nr " + small + "/trace 2>&1 >/dev/null | grep -v '^reading from'");
  CHECK(told.out.empty());
  CHECK(shown(small + "/trace").size() >= 1);
  CHECK(::umount2(small.c_str(), MNT_DETACH) == 0);
}

TEST_CASE("a capture says what is wrong with its words, and leaves the file that was there") {
  const UpLab up;
  const std::string old = file("trace.pcapng", "old");
  const auto refusal = [&](const std::string& arguments, int code) {
    const Result result = cli("capture " + arguments + " -w " + old);
    INFO(arguments << ": " << result.err);
    CHECK(result.exit == code);
    return result.err;
  };
  CHECK_THAT(refusal("rigg h1:eth0", 7), ContainsSubstring("rigg"));
  CHECK_THAT(refusal("rig h1", 2), ContainsSubstring("\"h1\" names no interface; write \"NAMESPACE:INTERFACE\""));
  CHECK_THAT(refusal("rig h1:eht0", 7),
             ContainsSubstring("\"h1:eht0\" matches no interface of lab rig; did you mean \"h1:eth0\"?"));
  CHECK_THAT(refusal("rig h1:eth0 'g1:eth0'", 7),
             ContainsSubstring("\"g1:eth0\" matches no namespace of lab rig; did you mean \"h1:eth0\"?"));
  CHECK_THAT(refusal("rig h1:eth0 -f 'tcp prot 80'", 2),
             ContainsSubstring("\"tcp prot 80\" is no filter for h1:eth0: ") && ContainsSubstring("syntax error"));
  CHECK_THAT(refusal("rig h1:eth0 --files 3", 2), ContainsSubstring("--files says how many to keep"));
  CHECK_THAT(refusal("rig h1:eth0 --rotate-size 10MB", 2), ContainsSubstring("\"10MB\" is no size"));
  REQUIRE(sh("ip -n h1 link set eth0 down").exit == 0);
  CHECK_THAT(refusal("rig h1:eth0 -f 'tcp prot 80'", 2), ContainsSubstring("\"tcp prot 80\" is no filter: "));
  CHECK(read(old) == "old");
  CHECK_THAT(cli("capture rig h1:eth0 --rotate-size 1MiB").err, ContainsSubstring("are for files"));
}

TEST_CASE("interfaces without Ethernet's header have the link type of what they carry") {
  const UpLab up;
  const auto tunnel = [](const std::string& kind, const std::string& prefix) {
    for (const auto& [space, here, there] : {std::tuple{"h1", "1", "2"}, {"h2", "2", "1"}}) {
      const std::string in = std::string("ip -n ") + space;
      if (sh(in + " link add " + kind + "9 type " + kind + " local 192.0.2." + here + " remote 192.0.2." + there)
              .exit != 0)
        skip("this kernel has no tunnels of kind " + kind);
      REQUIRE(sh(in + " addr add " + prefix + here + "/24 dev " + kind + "9 && " + in + " link set " + kind + "9 up")
                  .exit == 0);
    }
  };
  tunnel("ipip", "10.9.1.");
  tunnel("gre", "10.9.2.");
  const auto capture_on = [](const std::string& kind, const std::string& target, std::uint16_t link_type) {
    Capturing capture("rig 'h*:" + kind + "9' -f icmp -c 4 -w " + trace_path());
    ping("ip netns exec h1 ping -q -c 1 -I " + kind + "9 " + target);
    CHECK(capture.end() == 0);
    const Trace trace = trace_of(trace_path());
    CHECK(trace.link_types == std::vector<std::uint16_t>{link_type, link_type});
    CHECK(trace.packets == std::vector<std::size_t>{0, 1, 1, 0});
    // libpcap 1.10 takes 101 of a second interface for another type than that of the first.
    Capturing one("rig h1:" + kind + "9 -f icmp -c 2 -w " + trace_path());
    ping("ip netns exec h1 ping -q -c 1 -I " + kind + "9 " + target);
    CHECK(one.end() == 0);
    CHECK(shown(trace_path(), "icmp").size() == 2);
  };
  capture_on("ipip", "10.9.1.2", 101);
  capture_on("gre", "10.9.2.2", 113);
  // One file holds them beside Ethernet.
  Capturing all("rig 'h1:*9' h1:eth0 -w " + trace_path());
  CHECK(all.end(SIGINT) == 0);
  CHECK(trace_of(trace_path()).link_types == std::vector<std::uint16_t>{1, 101, 113});
}

TEST_CASE("a tun's packets have no header before IP's") {
  if (!fs::exists("/dev/net/tun")) skip("/dev/net/tun is not there");
  const UpLab up;
  const std::string ready = directory() + "/ready";
  // Takes packets until one is IPv4's, as a tunnel's program would.
  const std::string program = file("tun.py",
                                   "import fcntl, os, signal, struct, sys\n"
                                   "signal.alarm(300)\n"
                                   "fd = os.open('/dev/net/tun', os.O_RDWR)\n"
                                   "fcntl.ioctl(fd, 0x400454ca, struct.pack('16sH22x', b'tun9', 0x1001))\n"
                                   "os.system('ip addr add 10.9.0.1/24 dev tun9 && ip link set tun9 up')\n"
                                   "open(sys.argv[1], 'w').write('yes')\n"
                                   "while os.read(fd, 65536)[0] >> 4 != 4: pass\n"
                                   "os.read(0, 1)\n");
  const std::string held = directory() + "/held";
  REQUIRE(sh("mkfifo " + held + " && (ip netns exec h1 python3 " + program + " " + ready + " <>" + held +
             " >/dev/null 2>&1 &)")
              .exit == 0);
  await([&] { return fs::exists(ready); });
  Capturing capture("rig h1:tun9 -f icmp -c 1 -w " + trace_path());
  sh("ip netns exec h1 ping -q -c 1 -W 1 10.9.0.2");  // nobody answers
  CHECK(capture.end() == 0);
  CHECK(trace_of(trace_path()).link_types == std::vector<std::uint16_t>{101});
  CHECK_THAT(shown(trace_path()).at(0), ContainsSubstring("IP 10.9.0.1 > 10.9.0.2: ICMP echo request"));
  Capturing lines("rig h1:tun9 -f icmp -c 1");
  sh("ip netns exec h1 ping -q -c 1 -W 1 10.9.0.2");
  CHECK(lines.end() == 0);
  CHECK_THAT(lines.out(),
             ContainsSubstring(" h1:tun9 10.9.0.1 -> 10.9.0.2 ICMP echo request, sequence 1 (84 bytes)\n"));
  REQUIRE(sh("echo end >" + held).exit == 0);
}

TEST_CASE("the loopback is captured as Ethernet, each packet once") {
  const UpLab up;
  Capturing capture("rig h1:lo -f icmp -w " + trace_path());
  ping("ip netns exec h1 ping -q -c 2 -i 0.01 127.0.0.1");
  CHECK(capture.end(SIGINT) == 0);
  const Trace trace = trace_of(trace_path());
  CHECK(trace.link_types == std::vector<std::uint16_t>{1});
  CHECK(trace.packets.size() == 4);
}

TEST_CASE("without a file a capture prints a line a packet, for people or as JSON") {
  const UpLab up;
  Capturing lines("rig 'h*:eth0' -f 'icmp[icmptype] == icmp-echo' -c 2");
  ping("ip netns exec h1 ping -q -c 1 192.0.2.2");
  CHECK(lines.end() == 0);
  CHECK_THAT(lines.out(),
             Catch::Matchers::Matches(
                 "[0-9:]{8}\\.[0-9]{6} h1:eth0 192\\.0\\.2\\.1 -> 192\\.0\\.2\\.2 ICMP echo request, sequence 1 "
                 "\\(98 bytes\\)\n[0-9:]{8}\\.[0-9]{6} h2:eth0 192\\.0\\.2\\.1 -> .*\n"));
  const std::string out = directory() + "/lines.json";
  const int process = ::fork();
  if (process == 0) {
    const std::string line = std::string("exec ") + NETRIG_BINARY + " --json capture rig h1:eth0 -f icmp -c 2 >" + out;
    ::execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
    ::_exit(127);
  }
  await([&] { return fs::exists(out) && read(out).find('\n') != std::string::npos; });
  ping("ip netns exec h1 ping -q -c 1 192.0.2.2");
  CHECK(wait_for(process) == 0);
  std::vector<Json> all;
  std::istringstream stream(read(out));
  for (std::string line; std::getline(stream, line);) all.push_back(Json::parse(line));
  REQUIRE(all.size() == 4);
  CHECK(all[0]["event"] == "capturing");
  CHECK(all[0]["interfaces"] == Json{"h1:eth0"});
  CHECK(all[1]["event"] == "packet");
  CHECK(all[1]["interface"] == "h1:eth0");
  CHECK(all[2]["text"] == "192.0.2.2 -> 192.0.2.1 ICMP echo reply, sequence 1");
  CHECK(all[3]["event"] == "ended");
  CHECK(all[3]["because"] == "count");
  CHECK(all[3]["interfaces"][0]["packets"] == 2);
}
