// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "check/process.hpp"
#include "check/rig.hpp"

using namespace netrig;
using namespace std::chrono_literals;

namespace {

std::string start(const std::string& service) {
  const rig::Rig rig(std::string(rig::kWire) + "[service.s]\nstart = \"test\"\nnamespace = \"h2\"\n" + service);
  try {
    auto process = check::start_service(rig.ground(), rig.lab().services.at(0), {check::Clock::now() + 20s, nullptr});
    REQUIRE_FALSE(process.wait({check::Clock::now(), nullptr}).has_value());
    return "ready";
  } catch (const Error& error) {
    return error.message();
  }
}

}  // namespace

TEST_CASE("a service is ready when it listens, writes a line, or a command says so") {
  const std::string server = "command = [\"iperf3\", \"--server\", \"--forceflush\"]\n";
  CHECK(start(server + "ready = { tcp = 5201 }") == "ready");
  CHECK(start(server + "ready = { output = \"^Server listening on [0-9]+\" }") == "ready");
  CHECK(start(server + "ready = { command = \"ss -Hltn sport = 5201 | grep -q .\" }") == "ready");
  CHECK(
      start("command = [\"python3\", \"-c\", \"import socket,time; s=socket.socket(socket.AF_INET6,socket.SOCK_DGRAM); "
            "s.bind(('::',5353)); time.sleep(60)\"]\nready = { udp = 5353 }") == "ready");
  CHECK(start("command = \"sleep 60\"") == "ready");
}

TEST_CASE("a service that ends, or never becomes ready, is told with what it said") {
  CHECK(start("command = \"echo no such zone >&2; exit 3\"\nready = { tcp = 53 }") ==
        "service s ended with exit code 3 before it was ready; it said: no such zone");
  CHECK(start("command = \"echo waiting; sleep 60\"\nready = { tcp = 53 }\ntimeout = \"3s\"") ==
        "service s was not ready after 3s: nothing listens on TCP port 53; it said: waiting");
  CHECK(start("command = \"sleep 60\"\nready = { output = \"ok\" }\ntimeout = \"200ms\"") ==
        "service s was not ready after 200ms: it wrote no line that matches \"ok\"; it said nothing");
  CHECK(start("command = [\"no-such-server\"]") ==
        "service s: cannot run no-such-server: No such file or directory (ENOENT)");
}

namespace {

/// Services a, b... that are started together, and what came of it.
std::string start_all(const std::vector<std::string>& services) {
  std::string lab = rig::kWire;
  char name = 'a';
  for (const std::string& service : services)
    lab += std::string("[service.") + name++ + "]\nstart = \"test\"\nnamespace = \"h2\"\n" + service + "\n";
  const rig::Rig rig(lab);
  std::vector<const Service*> all;
  for (const Service& service : rig.lab().services) all.push_back(&service);
  try {
    return std::to_string(check::start_services(rig.ground(), all, {check::Clock::now() + 30s, nullptr}).size()) +
           " are ready";
  } catch (const Error& error) {
    return error.message();
  }
}

}  // namespace

TEST_CASE("a service may wait for one that stands behind it in the list") {
  const std::string mark = scratch::directory() + "/mark";
  CHECK(start_all({"command = \"sleep 60\"\nready = { command = \"test -e " + mark + "\" }\ntimeout = \"30s\"",
                   "command = \"touch " + mark + "; echo ok; sleep 60\"\nready = { output = \"ok\" }",
                   "command = \"sleep 60\""}) == "3 are ready");
}

TEST_CASE("a service that is not ready is told with the others that are not and with those that were not started") {
  const std::string never = "command = \"sleep 60\"\nready = { tcp = 53 }\ntimeout = ";
  // A readiness command that hangs keeps nobody from being looked at.
  CHECK(start_all({"command = \"sleep 60\"\nready = { command = \"sleep 60\" }\ntimeout = \"30s\"", never + "\"300ms\"",
                   "command = \"sleep 60\""}) ==
        "service b was not ready after 300ms: nothing listens on TCP port 53; it said nothing; not yet ready: a");
  CHECK(start_all({never + "\"30s\"", "command = [\"no-such-server\"]", never + "\"30s\"", never + "\"30s\""}) ==
        "service b: cannot run no-such-server: No such file or directory (ENOENT); not yet ready: a; not yet started: "
        "c, d");
}
