// SPDX-License-Identifier: Apache-2.0
#include "catch.hpp"
#include "check/process.hpp"
#include "check/rig.hpp"

using namespace netrig;
using namespace std::chrono_literals;

namespace {

std::string start(const std::string& service) {
  const rig::Rig rig(std::string(rig::kWire) + "[service.s]\nnamespace = \"h2\"\n" + service);
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
  CHECK(start("command = \"echo waiting; sleep 60\"\nready = { tcp = 53 }\ntimeout = \"300ms\"") ==
        "service s was not ready after 300ms: nothing listens on TCP port 53; it said: waiting");
  CHECK(start("command = \"sleep 60\"\nready = { output = \"ok\" }\ntimeout = \"200ms\"") ==
        "service s was not ready after 200ms: it wrote no line that matches \"ok\"; it said nothing");
  CHECK(start("command = [\"no-such-server\"]") == "cannot run no-such-server: No such file or directory (ENOENT)");
}
