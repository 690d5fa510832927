// SPDX-License-Identifier: Apache-2.0
#include "check/echo_server.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <set>

#include "check/socket_address.hpp"
#include "model/error_number.hpp"
#include "model/thread.hpp"

namespace netrig::check {
namespace {

constexpr int kBacklog = 1024;
constexpr int kLook = 20;  // milliseconds until an order to stop is seen

/// A connection and what it has not yet taken back.
struct Client {
  UniqueFd fd;
  std::vector<char> pending = {};
  bool closing = false;  ///< the other end sends no more
};

/// Reads and writes once. Whether the connection lives on.
bool turn(Client& client, short events) {
  if ((events & (POLLERR | POLLNVAL)) != 0) return false;
  std::array<char, 65536> chunk{};
  if ((events & (POLLIN | POLLHUP)) != 0 && !client.closing) {
    const ssize_t size = ::recv(client.fd.get(), chunk.data(), chunk.size(), 0);
    if (size > 0) client.pending.insert(client.pending.end(), chunk.data(), chunk.data() + size);
    if (size == 0) client.closing = true;
    if (size < 0 && errno != EAGAIN && errno != EINTR) return false;
  }
  if (!client.pending.empty()) {
    const ssize_t size = ::send(client.fd.get(), client.pending.data(), client.pending.size(), MSG_NOSIGNAL);
    if (size > 0) client.pending.erase(client.pending.begin(), client.pending.begin() + size);
    if (size < 0 && errno != EAGAIN && errno != EINTR) return false;
  }
  return !client.closing || !client.pending.empty();
}

UniqueFd listen_at(const Ground& ground, std::size_t space, const IpAddress& address, Protocol protocol,
                   std::uint16_t port) {
  UniqueFd fd;
  ground.inside(space, [&] {
    const int kind = protocol == Protocol::tcp ? SOCK_STREAM : SOCK_DGRAM;
    fd = UniqueFd(::socket(socket_family(address.family), kind | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int on = 1;
    // A test that follows another finds its port free, not in TIME_WAIT.
    if (protocol == Protocol::tcp) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address.family == Family::ipv6) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    const SocketAddress here(address, port);
    if (::bind(fd.get(), here.get(), here.size) != 0 ||
        (protocol == Protocol::tcp && ::listen(fd.get(), kBacklog) != 0)) {
      const int error = errno;
      throw Error(
          error == EADDRINUSE ? ErrorCode::conflict : ErrorCode::failed,
          fmt::format("cannot start an echo server at {} port {} in {}: {}{}", address.str(), port, ground.name(space),
                      errno_text(error),
                      error == EADDRINUSE ? "; choose another port, or server = false to use what is there" : ""));
    }
  });
  return fd;
}

}  // namespace

EchoServers::EchoServers(const Ground& ground, const std::vector<Pair>& pairs, Protocol protocol, std::uint16_t port)
    : protocol_(protocol) {
  std::set<std::pair<std::size_t, IpAddress>> wanted;
  for (const Pair& pair : pairs)
    if (pair.to) wanted.emplace(*pair.to, pair.address);
  for (const auto& [space, address] : wanted) listeners_.push_back(listen_at(ground, space, address, protocol, port));
  thread_ = start_thread([this] { serve(); });
}

EchoServers::~EchoServers() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

void EchoServers::serve() {
  std::vector<Client> clients;
  std::vector<char> datagram(65536);
  while (!stop_) {
    std::vector<pollfd> waits;
    for (const UniqueFd& listener : listeners_) waits.push_back({listener.get(), POLLIN, 0});
    for (const Client& client : clients)
      waits.push_back({client.fd.get(),
                       static_cast<short>((client.closing ? 0 : POLLIN) | (client.pending.empty() ? 0 : POLLOUT)), 0});
    if (::poll(waits.data(), waits.size(), kLook) <= 0) continue;
    for (std::size_t i = clients.size(); i-- > 0;) {
      const short events = waits[listeners_.size() + i].revents;
      if (events != 0 && !turn(clients[i], events)) clients.erase(clients.begin() + static_cast<std::ptrdiff_t>(i));
    }
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
      if (waits[i].revents == 0) continue;
      if (protocol_ == Protocol::tcp) {
        UniqueFd fd(::accept4(listeners_[i].get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (!fd) continue;
        ++arrived_;
        clients.push_back({.fd = std::move(fd)});
      } else {
        sockaddr_storage from{};
        socklen_t length = sizeof from;
        const ssize_t size = ::recvfrom(listeners_[i].get(), datagram.data(), datagram.size(), 0,
                                        reinterpret_cast<sockaddr*>(&from), &length);
        if (size < 0) continue;
        ++arrived_;
        ::sendto(listeners_[i].get(), datagram.data(), static_cast<std::size_t>(size), 0,
                 reinterpret_cast<const sockaddr*>(&from), length);
      }
    }
  }
}

}  // namespace netrig::check
