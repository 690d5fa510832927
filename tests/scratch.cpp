// SPDX-License-Identifier: Apache-2.0
#include "scratch.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <sstream>
#include <thread>

#include "catch.hpp"

namespace scratch {
namespace {

namespace fs = std::filesystem;

struct Directory {
  Directory() {
    std::string name = "/tmp/netrig-test-XXXXXX";
    path = ::mkdtemp(name.data());
  }
  ~Directory() {
    if (::getpid() == owner) fs::remove_all(path);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  std::string path;
  pid_t owner = ::getpid();
};

}  // namespace

void skip(const std::string& reason) {
  std::cout << "SKIPPED: " << reason << std::endl;
  fs::remove_all(directory());
  std::_Exit(kSkipped);
}

void enter() {
  // Where GitHub runs these tests, netrig would say more than they expect.
  ::unsetenv("GITHUB_ACTIONS");
  if (::geteuid() != 0) skip("needs root to make network namespaces");
  if (::unshare(CLONE_NEWNS | CLONE_NEWNET) != 0) skip("this machine allows no mount and network namespaces");
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) skip("mounts cannot be made private");
  for (const char* place : {"/run/netns", "/run/netrig"}) {
    ::mkdir(place, 0755);
    if (::mount("tmpfs", place, "tmpfs", 0, "mode=0755") != 0) skip(std::string("cannot mount a tmpfs on ") + place);
  }
}

Result sh(const std::string& command) {
  const std::string out = directory() + "/stdout";
  const std::string err = directory() + "/stderr";
  const int status = std::system(("{ " + command + "\n} >" + out + " 2>" + err + " </dev/null").c_str());
  return {.exit = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), .out = read(out), .err = read(err)};
}

void must(const std::string& command) {
  const Result result = sh(command);
  INFO(command << ": " << result.err);
  REQUIRE(result.exit == 0);
}

Result cli(const std::string& arguments) { return sh(std::string(NETRIG_BINARY) + " " + arguments); }

bool answers(const std::string& from, const std::string& to) {
  return sh("for n in $(seq 30); do ip netns exec " + from + " ping -q -c1 -W2 " + to + " && exit; done; exit 1")
             .exit == 0;
}

int start_netrig(const std::vector<std::string>& arguments) {
  // In a process group of its own: some are stopped, and when a group that has a stopped process in it becomes an
  // orphan, all of it is hung up on, the tests' own runner too (setpgid(2)).
  const pid_t child = ::fork();
  ::setpgid(child, child);
  if (child != 0) return child;
  const int null = ::open("/dev/null", O_RDWR);
  for (const int fd : {0, 1, 2}) ::dup2(null, fd);
  std::vector<char*> words = {const_cast<char*>(NETRIG_BINARY)};
  for (const auto& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  ::execv(NETRIG_BINARY, words.data());
  ::_exit(127);
}

void await(const std::function<bool()>& condition) {
  for (int i = 0; i < 3000; ++i) {
    if (condition()) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  FAIL("did not come true in a minute");
}

int wait_for(int process) {
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Json ip(const std::string& arguments) {
  const Result result = sh("ip -j " + arguments);
  INFO("ip -j " << arguments << ": " << result.err);
  REQUIRE(result.exit == 0);
  return result.out.empty() ? Json::array() : Json::parse(result.out);
}

std::vector<std::string> namespaces() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator("/run/netns")) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

void require_nothing_left() {
  CHECK(namespaces().empty());
  CHECK(std::filesystem::is_empty("/run/netrig"));
}

namespace {

/// Whether every IPv6 address is usable: the kernel makes its route a moment after it is no longer tentative.
bool is_settled(const std::string& space) {
  if (!sh("ip -n " + space + " -6 addr show up tentative").out.empty()) return false;
  std::set<std::string> routed;
  for (const Json& route : ip("-n " + space + " -6 route show table all type local")) routed.insert(route["dst"]);
  for (const Json& link : ip("-n " + space + " -6 addr show up"))
    // ip shows an empty object in the place of what it leaves out.
    for (const Json& address : link.value("addr_info", Json::array()))
      if (address.contains("local") && !address.contains("dadfailed") && !routed.contains(address["local"]))
        return false;
  return true;
}

}  // namespace

Json kernel_state(const std::string& space) {
  for (int i = 0; i < 300 && !is_settled(space); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  Json state;
  for (const char* what : {"-d link", "addr", "-4 route show table all", "-6 route show table all", "rule"}) {
    Json list = ip("-n " + space + " " + what);
    for (Json& item : list) {
      // Counters, timers, and what the kernel settles by itself some time after an interface came up.
      for (const char* key : {"stats64", "operstate", "linkinfo", "flags", "carrier_changes"}) item.erase(key);
      for (Json& address : item["addr_info"]) {
        address.erase("tentative");
        address.erase("valid_life_time");
        address.erase("preferred_life_time");
      }
    }
    state[what] = std::move(list);
  }
  return state;
}

std::vector<std::string> links(const std::string& space) {
  const Result fresh = sh("unshare -n ip -j link");
  REQUIRE(fresh.exit == 0);
  std::set<std::string> usual;
  for (const Json& link : Json::parse(fresh.out)) usual.insert(link["ifname"]);
  std::vector<std::string> names;
  for (const Json& link : ip("-n " + space + " link"))
    if (!usual.contains(link["ifname"])) names.push_back(link["ifname"]);
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> addresses(const std::string& space, const std::string& interface) {
  std::vector<std::string> result;
  for (const Json& link : ip("-n " + space + " addr show dev " + interface))
    for (const Json& address : link["addr_info"]) {
      if (address.value("protocol", "") == "kernel_ll" || address["local"].get<std::string>().starts_with("fe80:"))
        continue;
      result.push_back(address["local"].get<std::string>() + "/" + std::to_string(address["prefixlen"].get<int>()));
    }
  std::sort(result.begin(), result.end());
  return result;
}

const std::string& directory() {
  static const Directory kDirectory;
  return kDirectory.path;
}

std::string file(const std::string& name, const std::string& text) {
  const std::string path = directory() + "/" + name;
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

std::string read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::string policy_with_test_drivers(const std::string& rest) {
  const std::string build = std::filesystem::path(NETRIG_PLUGIN_DIR).parent_path();
  const std::string path = file("host.toml", "[plugins]\ndirectories = [\"" NETRIG_PLUGIN_DIR
                                             "\", \"" NETRIG_TEST_PLUGIN_DIR "\"]\nanchor = \"" +
                                                 build + "\"\n" + rest);
  ::chmod(path.c_str(), 0600);
  return path;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

bool kernel_has_netem() { return sh("unshare -n tc qdisc add dev lo root netem delay 1ms").exit == 0; }

std::string kernel_lacks(const std::string& option) {
  const Result config = sh("zcat /proc/config.gz 2>/dev/null || cat /boot/config-$(uname -r) 2>/dev/null");
  if (config.out.empty() || config.out.find("\n" + option + "=") != std::string::npos) return {};
  return "this kernel is built without " + option;
}

}  // namespace scratch
