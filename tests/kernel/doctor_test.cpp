// SPDX-License-Identifier: Apache-2.0
// doctor in places where something is missing: what it says works must work, and what it says does not must fail.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "catch.hpp"
#include "scratch.hpp"

using namespace scratch;

namespace {

/// A machine that lacks something: a command that runs its last argument, a shell script, there.
struct Place {
  std::string name;
  std::string enter;
  std::vector<std::string> lacks;  ///< ids of what must not work, besides what the kernel lacks
  int exit = 6;
};

constexpr const char* kGround =
    "for place in /run/netns /run/netrig; do mount -t tmpfs -o mode=0755 tmpfs $place || exit 99; done; ";

std::string run_in(const std::string& enter, const std::string& script) { return enter + " sh -c '" + script + "'"; }

std::vector<Place> places() {
  const std::string all_labs = "labs";
  return {
      {"this machine", "", {}, 0},
      {"without CAP_NET_RAW", "setpriv --bounding-set=-net_raw --inh-caps=-net_raw", {"icmp", "captures"}},
      {"with a read-only /proc/sys",
       "unshare -m --propagation private sh -c 'mount --bind -o ro /proc/sys /proc/sys && exec \"$@\"' sh",
       {"sysctls"}},
      {"with a read-only /run/netrig",
       "unshare -m --propagation private sh -c 'mount -o remount,ro,bind /run/netrig && exec \"$@\"' sh",
       {all_labs}},
      {"with an open /run/netrig",
       "unshare -m --propagation private sh -c 'mount -t tmpfs -o mode=1777 tmpfs /run/netrig && exec \"$@\"' sh",
       {all_labs}},
      {"as an unmapped root",
       std::string("unshare -U -m -n --keep-caps sh -c '") + kGround + "exec \"$@\"' sh",
       {"driver:veth", "driver:bridge", "driver:macvlan"}},
      {"as root of a user namespace without mounts", "unshare -U -r -n", {all_labs}},
      {"as root of a user namespace of its own",
       std::string("unshare -U -r -m -n sh -c '") + kGround + "exec \"$@\"' sh",
       {},
       0},
      {"without privileges", "setpriv --bounding-set=-all --inh-caps=-all", {all_labs}},
  };
}

/// A lab that needs, of all that doctor names, only this.
std::map<std::string, std::string> labs() {
  const std::string spaces = "[lab]\nname = \"trial\"\n[namespace.a]\n[namespace.b]\n";
  const auto wire = [](const std::string& a, const std::string& b) {
    return "[device.w]\ndriver = \"veth\"\ninterfaces = [{ namespace = \"a\", name = \"x\", addresses = [\"" + a +
           "\"] }, { namespace = \"b\", name = \"x\", addresses = [\"" + b + "\"] }]\n";
  };
  const std::string ipv4 = wire("192.0.2.1/24", "192.0.2.2/24");
  const auto impaired = [](const std::string& impair) {
    return "[namespace.a.interface.x]\nimpair = { " + impair + " }\n";
  };
  const auto bridge = [&](const std::string& params) {
    return spaces + "[device.br0]\ndriver = \"bridge\"\nparams = { " + params +
           " }\ninterfaces = [{ namespace = \"a\" }]\n";
  };
  return {
      {"labs", "[lab]\nname = \"trial\"\n[namespace.a]\n"},
      {"driver:veth", spaces + ipv4},
      {"driver:bridge", bridge("stp = false")},
      {"driver:macvlan", spaces + ipv4 +
                             "[device.m]\ndriver = \"macvlan\"\nparams = { parent = \"a:x\" }\n"
                             "interfaces = [{ namespace = \"b\", name = \"m\" }]\n"},
      {"parameter:bridge.vlan_filtering", bridge("vlan_filtering = true")},
      {"sysctls", "[lab]\nname = \"trial\"\n[namespace.a]\nsysctl = { \"net.ipv4.ip_forward\" = 1 }\n"},
      {"ipv6", spaces + wire("2001:db8::1/64", "2001:db8::2/64")},
      {"icmp", spaces + ipv4 + "[[test]]\nname = \"p\"\nfrom = \"a\"\nping = { to = \"b\", count = 1 }\n"},
      {"impair", spaces + ipv4 + impaired("delay = \"1ms\"")},
      {"rate", spaces + ipv4 + impaired("rate = \"1Mbit\"")},
      {"captures", spaces + ipv4 +
                       "[[test]]\nname = \"c\"\nfrom = \"a\"\ntcp = { to = \"b\" }\n"
                       "capture = [{ interface = \"b:x\", filter = \"tcp\", sees = true }]\n"},
  };
}

struct Doctor {
  int exit = 0;
  Json json;
  std::map<std::string, bool> works = {};
};

Doctor doctor_in(const std::string& enter) {
  const Result result = sh(run_in(enter, std::string("exec ") + NETRIG_BINARY + " --json doctor"));
  INFO(enter << "\n" << result.out << result.err);
  REQUIRE(Json::accept(result.out));
  Doctor doctor{.exit = result.exit, .json = Json::parse(result.out)};
  for (const Json& one : doctor.json["works"]) {
    doctor.works[one["id"]] = one["works"];
    CHECK(one["works"] == one["because"].get<std::string>().empty());
    const Json& except = doctor.json["except"];
    CHECK(one["works"] == (std::find(except.begin(), except.end(), one["id"]) == except.end()));
  }
  return doctor;
}

}  // namespace

TEST_CASE("what doctor says works works and the rest fails") {
  const auto trials = labs();
  for (const Place& place : places()) {
    if (sh(run_in(place.enter, std::string(NETRIG_BINARY) + " --version")).exit != 0) {
      WARN("this machine cannot be made one " << place.name);
      continue;
    }
    const Doctor doctor = doctor_in(place.enter);
    INFO(place.name << ": " << doctor.json.dump(1));
    CHECK(doctor.exit == place.exit);
    CHECK(doctor.json["ready"] == (place.exit == 0));
    for (const std::string& id : place.lacks) CHECK_FALSE(doctor.works.at(id));
    for (const auto& [id, lab] : trials) {
      // Where no lab comes up, the simplest one shows it for all.
      if (id != "labs" && !doctor.works.at("labs")) continue;
      const std::string path = file("trial.toml", lab);
      const bool tested = lab.find("[[test]]") != std::string::npos;
      // A lab also needs its drivers. What a kernel takes of a driver's parameters is not named.
      const auto works = [&](const std::string& what) { return !doctor.works.contains(what) || doctor.works.at(what); };
      bool expected = works("labs") && works(id);
      for (const char* driver : {"veth", "bridge", "macvlan"})
        if (lab.find(fmt::format("driver = \"{}\"", driver)) != std::string::npos)
          expected = expected && doctor.works.at(fmt::format("driver:{}", driver));
      const std::string netrig = NETRIG_BINARY;
      const Result result =
          sh(run_in(place.enter, tested ? netrig + " run " + path
                                        : netrig + " up " + path + "; code=$?; " + netrig + " down --all; exit $code"));
      INFO(id << "\n" << result.out << result.err);
      CHECK((result.exit == 0) == expected);
    }
  }
  require_nothing_left();
}

TEST_CASE("doctor names what does not work also where the machine is ready") {
  const Doctor doctor = doctor_in("");
  const std::string text = cli("doctor").out;
  const bool whole = std::all_of(doctor.works.begin(), doctor.works.end(), [](const auto& one) { return one.second; });
  CHECK(text.ends_with("this machine is ready\n") == whole);
  if (!doctor.works.contains("parameter:bridge.vlan_filtering")) return;
  CHECK(text.find("this machine is ready, but not for labs that set vlan_filtering of bridge") != std::string::npos);
  CHECK(text.find("needs a kernel with CONFIG_BRIDGE_VLAN_FILTERING") != std::string::npos);
}

TEST_CASE("doctor leaves nothing behind and shows no neighbour table of none") {
  const Result before = sh("ip -j link; ls -A /run/netns /run/netrig; cat /proc/self/mountinfo | wc -l");
  const Result text = cli("doctor");
  const Result after = sh("ip -j link; ls -A /run/netns /run/netrig; cat /proc/self/mountinfo | wc -l");
  CHECK(before.out == after.out);
  // These tests run in a network namespace of their own, which does not show it.
  CHECK(text.out.find(" 0 entries") == std::string::npos);
}
