// SPDX-License-Identifier: Apache-2.0
// The floor that netrig is measured against: the same labs made by a plain program, one thread, one namespace after the
// other, that asks the kernel for nothing but what the lab needs. It also holds the measuring tools of bench/run.
#include <arpa/inet.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <string_view>

#include "rtnetlink.hpp"
#include "stopwatch.hpp"

namespace bench {
namespace {

// Given at creation, so that no index is ever looked up; above any fallback device that a loaded module puts there.
constexpr int kFirstIndex = 100;
constexpr std::uint32_t kPairsBase = 0x0a000001;  // 10.0.0.1
constexpr std::uint32_t kGateway = 0x0a000001;    // 10.0.0.1
constexpr std::uint32_t kHostsBase = 0x0a000100;  // 10.0.1.0

struct Space {
  Fd fd;
  Socket socket;
};

/// As iproute2 does, so that every mount namespace sees the names.
void prepare_run_directory() {
  if (::mkdir("/run/netns", 0755) != 0 && errno != EEXIST) fail("/run/netns");
  if (::mount("", "/run/netns", "none", MS_SHARED | MS_REC, nullptr) == 0) return;
  if (::mount("/run/netns", "/run/netns", "none", MS_BIND | MS_REC, nullptr) != 0) fail("bind /run/netns");
  if (::mount("", "/run/netns", "none", MS_SHARED | MS_REC, nullptr) != 0) fail("share /run/netns");
}

Space make_space(const std::string& name) {
  const std::string path = path_of(name);
  const Fd file(::open(path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444));
  if (file.get() < 0) fail(path);
  if (::unshare(CLONE_NEWNET) != 0) fail("unshare for " + name);
  if (::mount("/proc/thread-self/ns/net", path.c_str(), "none", MS_BIND, nullptr) != 0) fail("mount " + path);
  return Space{open_space("/proc/thread-self/ns/net"), Socket()};
}

void remove_space(const std::string& name) {
  const std::string path = path_of(name);
  if (::umount2(path.c_str(), MNT_DETACH) != 0) fail("umount " + path);
  if (::unlink(path.c_str()) != 0) fail("unlink " + path);
}

void put_address(Requests& requests, int index, std::uint32_t address, int length) {
  ifaddrmsg header{};
  header.ifa_family = AF_INET;
  header.ifa_prefixlen = static_cast<std::uint8_t>(length);
  header.ifa_index = static_cast<std::uint32_t>(index);
  requests.begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, header).put(IFA_LOCAL, htonl(address));
  requests.put(IFA_ADDRESS, htonl(address)).put(IFA_BROADCAST, htonl(address | (0xffffffffU >> length)));
}

void put_up(Requests& requests, int index) { requests.begin(RTM_NEWLINK, 0, link_header(index, true)); }

void put_default_route(Requests& requests, std::uint32_t via) {
  rtmsg header{};
  header.rtm_family = AF_INET;
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_protocol = RTPROT_STATIC;
  header.rtm_type = RTN_UNICAST;
  requests.begin(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, header).put(RTA_GATEWAY, htonl(via));
}

void configure(const Space& space, const std::string& name, std::uint32_t address, int length, std::uint32_t via) {
  Requests requests;
  put_up(requests, 1);
  put_address(requests, kFirstIndex, address, length);
  put_up(requests, kFirstIndex);
  put_default_route(requests, via);
  space.socket.ask(std::move(requests), "configure " + name);
}

void up_pairs(int count) {
  const auto name = [](int i) { return "f" + std::to_string(i); };
  std::vector<Space> spaces;
  for (int i = 0; i < count; ++i) spaces.push_back(make_space(name(i)));
  for (int i = 0; i < count; i += 2) {
    Requests requests;
    put_veth(requests, kFirstIndex, "eth0", kFirstIndex, "eth0", spaces[i + 1].fd.get());
    spaces[i].socket.ask(std::move(requests), "veth in " + name(i));
  }
  for (int i = 0; i < count; ++i) {
    const std::uint32_t net = kPairsBase + static_cast<std::uint32_t>(i / 2) * 4;
    const std::uint32_t side = i & 1;
    configure(spaces[i], name(i), net + side, 30, net + 1 - side);
  }
}

/// A port that comes up on a running bridge floods its neighbour discovery to all others: N^2 packets for N ports.
enum class BridgeUp { first, last };

void up_star(int count, BridgeUp bridge_up) {
  const Space hub = make_space("hub");
  Requests bridge;
  put_up(bridge, 1);
  bridge.begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, link_header(kFirstIndex)).put(IFLA_IFNAME, std::string("br0"));
  const auto info = bridge.open(IFLA_LINKINFO);
  bridge.put(IFLA_INFO_KIND, std::string("bridge"));
  bridge.close(info);
  put_address(bridge, kFirstIndex, kGateway, 16);
  if (bridge_up == BridgeUp::first) put_up(bridge, kFirstIndex);
  hub.socket.ask(std::move(bridge), "bridge");
  std::vector<Space> hosts;
  for (int i = 0; i < count; ++i) {
    const std::string name = "h" + std::to_string(i);
    const Space& host = hosts.emplace_back(make_space(name));
    const int port = kFirstIndex + 1 + i;
    Requests requests;
    put_veth(requests, port, "p" + std::to_string(i), kFirstIndex, "eth0", host.fd.get());
    requests.begin(RTM_NEWLINK, 0, link_header(port, true)).put(IFLA_MASTER, std::uint32_t{kFirstIndex});
    hub.socket.ask(std::move(requests), "port of " + name);
    configure(host, name, kHostsBase + static_cast<std::uint32_t>(i), 16, kGateway);
  }
  if (bridge_up == BridgeUp::first) return;
  Requests last;
  put_up(last, kFirstIndex);
  hub.socket.ask(std::move(last), "bridge up");
}

void remove_spaces(const char* prefix, int count) {
  for (int i = 0; i < count; ++i) remove_space(prefix + std::to_string(i));
}

void down_star(int count) {
  if (::setns(open_space(path_of("hub")).get(), CLONE_NEWNET) != 0) fail("enter hub");
  const Socket hub;
  for (int i = 0; i < count; ++i) {
    Requests requests;
    requests.begin(RTM_DELLINK, 0, link_header(0)).put(IFLA_IFNAME, "p" + std::to_string(i));
    hub.ask(std::move(requests), "delete p" + std::to_string(i));
    remove_space("h" + std::to_string(i));
  }
  remove_space("hub");
}

int usage() {
  std::fprintf(stderr,
               "usage: floor up|down|drop pairs|star N\n"
               "       floor up-last star N\n"
               "       floor observe NAMESPACE IFNAME\n"
               "       floor wait-gone IFNAME [TIMEOUT_SECONDS]\n"
               "       floor settle\n"
               "       floor time [--gone IFNAME] -- COMMAND...\n");
  return 2;
}

int lab(std::string_view action, std::string_view topology, int count) {
  const bool pairs = topology == "pairs";
  if (count < 2 || (pairs && count % 2 != 0) || (!pairs && topology != "star")) return usage();
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = std::max<rlim_t>(files.rlim_cur, static_cast<rlim_t>(count) * 2 + 64);
  files.rlim_max = std::max(files.rlim_max, files.rlim_cur);
  if (::setrlimit(RLIMIT_NOFILE, &files) != 0) fail("file descriptor limit");
  if (action == "up") {
    prepare_run_directory();
    pairs ? up_pairs(count) : up_star(count, BridgeUp::first);
  } else if (action == "up-last" && !pairs) {
    prepare_run_directory();
    up_star(count, BridgeUp::last);
  } else if (action == "down" && !pairs) {
    down_star(count);
  } else if (action == "down" || action == "drop") {
    remove_spaces(pairs ? "f" : "h", count);
    if (!pairs) remove_space("hub");
  } else {
    return usage();
  }
  return 0;
}

}  // namespace

int run(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  const auto is = [&](std::size_t at, std::string_view word) { return words.size() > at && words[at] == word; };
  if (words.size() == 3 && is(0, "observe")) return observe(path_of(words[1]), words[2]), 0;
  if (words.size() == 1 && is(0, "settle")) return settle(), 0;
  if (words.size() >= 2 && is(0, "wait-gone"))
    return wait_gone(words[1], words.size() > 2 ? std::atof(words[2].c_str()) * 1000 : 60'000) ? 0 : 1;
  if (words.size() > 2 && is(0, "time") && is(1, "--")) return time_command("", argv + 3) ? 0 : 1;
  if (words.size() > 4 && is(0, "time") && is(1, "--gone") && is(3, "--"))
    return time_command(words[2], argv + 5) ? 0 : 1;
  if (words.size() == 3) return lab(words[0], words[1], std::atoi(words[2].c_str()));
  return usage();
}

}  // namespace bench

int main(int argc, char** argv) { return bench::run(argc, argv); }
