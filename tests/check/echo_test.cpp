// SPDX-License-Identifier: Apache-2.0
// The echo server of checks, and clients that mean it harm.
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>

#include "catch.hpp"
#include "check/echo_server.hpp"
#include "check/socket_address.hpp"
#include "scratch.hpp"

using namespace netrig;

namespace {

constexpr std::uint16_t kPort = 7007;

UniqueFd connected(const IpAddress& address) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const check::SocketAddress there(address, kPort);
  REQUIRE(::connect(fd.get(), there.get(), there.size) == 0);
  return fd;
}

/// Sends without taking anything back, until nobody reads it any more, or that much.
std::size_t flood(const UniqueFd& fd, std::size_t most) {
  const std::string chunk(65536, 'f');
  std::size_t sent = 0;
  while (sent < most) {
    pollfd wait{fd.get(), POLLOUT, 0};
    if (::poll(&wait, 1, 1000) == 0) break;
    const ssize_t size = ::send(fd.get(), chunk.data(), chunk.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size < 0 && errno == EAGAIN) continue;
    REQUIRE(size > 0);
    sent += static_cast<std::size_t>(size);
  }
  return sent;
}

std::size_t take(const UniqueFd& fd, std::size_t wanted) {
  std::array<char, 65536> chunk{};
  std::size_t all = 0;
  while (all < wanted) {
    const ssize_t size = ::recv(fd.get(), chunk.data(), std::min(chunk.size(), wanted - all), 0);
    if (size <= 0) break;
    all += static_cast<std::size_t>(size);
  }
  return all;
}

}  // namespace

TEST_CASE("an echo server stops reading from who takes nothing back, and goes on when it is taken") {
  scratch::sh("ip link set lo up");  // that of the namespace of the tests
  Lab lab{.name = LabName("echo"), .file = "echo.toml"};
  lab.namespaces.push_back({.name = NamespaceName("here")});
  std::vector<UniqueFd> spaces;
  spaces.emplace_back(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  REQUIRE(spaces.front());
  const check::Ground ground(lab, std::move(spaces));
  const IpAddress address = *IpAddress::parse("127.0.0.1");
  check::EchoServers servers(ground, {{.from = 0, .to = 0, .address = address}}, Protocol::tcp, kPort);
  const UniqueFd hostile = connected(address);
  constexpr std::size_t kMost = 64UL << 20U;  // what the sockets of both ends hold is a part of it
  const std::size_t sent = flood(hostile, kMost);
  CHECK(sent < kMost);
  // Others are served meanwhile.
  const UniqueFd good = connected(address);
  REQUIRE(::send(good.get(), "hello", 5, 0) == 5);
  CHECK(take(good, 5) == 5);
  CHECK(take(hostile, sent) == sent);
  CHECK(servers.arrived() == 2);
  CHECK_NOTHROW(servers.finish());
}
