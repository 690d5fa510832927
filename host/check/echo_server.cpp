// SPDX-License-Identifier: Apache-2.0
#include "check/echo_server.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <numeric>
#include <set>

#include "check/sender.hpp"
#include "check/socket_address.hpp"
#include "model/error_number.hpp"
#include "model/thread.hpp"

namespace netrig::check {
namespace {

constexpr int kBacklog = 1024;
constexpr int kLook = 20;  // milliseconds until an order to stop is seen
// Whoever comes may be anybody: what is kept for those who never take it back has an end.
constexpr std::size_t kMostPending = 256UL << 10U;      // bytes of one
constexpr std::size_t kMostPendingOfAll = 64UL << 20U;  // bytes
constexpr std::size_t kMostClients = 4096;
constexpr std::chrono::seconds kIdle{1};  // who has done nothing for so long makes room for others

/// A connection and what it has not yet taken back.
struct Client {
  UniqueFd fd;
  std::vector<char> pending = {};
  bool closing = false;  ///< the other end sends no more
  std::chrono::steady_clock::time_point active = std::chrono::steady_clock::now();
};

/// What is waited for: nothing more is read from who takes nothing back.
short events_of(const Client& client, bool is_full) {
  const bool reads = !client.closing && (client.pending.empty() || (!is_full && client.pending.size() < kMostPending));
  return static_cast<short>((reads ? POLLIN : 0) | (client.pending.empty() ? 0 : POLLOUT));
}

std::size_t pending_of(const std::vector<Client>& clients) {
  return std::accumulate(clients.begin(), clients.end(), std::size_t{0},
                         [](std::size_t sum, const Client& one) { return sum + one.pending.size(); });
}

/// Closes the one that has been idle for longest, if it has been for long enough. Whether there is room for another.
bool make_room(std::vector<Client>& clients) {
  if (clients.empty()) return false;
  const auto idlest = std::min_element(clients.begin(), clients.end(),
                                       [](const Client& a, const Client& b) { return a.active < b.active; });
  if (std::chrono::steady_clock::now() - idlest->active < kIdle) return false;
  clients.erase(idlest);
  return true;
}

/// Reads and writes once. Whether the connection lives on.
bool turn(Client& client, short events) {
  if ((events & (POLLERR | POLLNVAL)) != 0) return false;
  client.active = std::chrono::steady_clock::now();
  std::array<char, 65536> chunk{};
  if ((events & (POLLIN | POLLHUP)) != 0 && !client.closing && client.pending.size() < kMostPending) {
    const ssize_t size = ::recv(client.fd.get(), chunk.data(), chunk.size(), 0);
    if (size > 0) client.pending.insert(client.pending.end(), chunk.data(), chunk.data() + size);
    if (size == 0) client.closing = true;
    if (size < 0 && errno != EAGAIN && errno != EINTR) return false;
  }
  if (!client.pending.empty()) {
    const ssize_t size = ::send(client.fd.get(), client.pending.data(), client.pending.size(), MSG_NOSIGNAL);
    if (size > 0) client.pending.erase(client.pending.begin(), client.pending.begin() + size);
    // Room that was taken once would stay.
    if (client.pending.capacity() > 2 * client.pending.size()) client.pending.shrink_to_fit();
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
    if (protocol == Protocol::udp) enlarge_buffer(fd.get());
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
  std::set<IpAddress> shared;
  for (const Pair& pair : pairs) {
    if (pair.to)
      wanted.emplace(*pair.to, pair.address);
    else
      shared.insert(pair.address);
  }
  for (const IpAddress& address : shared)
    for (const std::size_t space : owners_of(ground.lab(), address)) wanted.emplace(space, address);
  for (const auto& [space, address] : wanted) listeners_.push_back(listen_at(ground, space, address, protocol, port));
  thread_ = start_thread([this] {
    try {
      serve();
    } catch (...) {
      fault_ = std::current_exception();
    }
  });
}

EchoServers::~EchoServers() { stop(); }

void EchoServers::stop() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

void EchoServers::finish() {
  stop();
  if (!fault_) return;
  try {
    std::rethrow_exception(fault_);
  } catch (const std::exception& error) {
    throw Error(ErrorCode::failed, fmt::format("the echo server ended too early: {}", error.what()));
  }
}

void EchoServers::serve() {
  std::vector<Client> clients;
  std::vector<char> datagram(65536);
  while (!stop_) {
    const bool has_room = clients.size() < kMostClients || make_room(clients);
    const bool is_full = pending_of(clients) >= kMostPendingOfAll;
    std::vector<pollfd> waits;
    for (const UniqueFd& listener : listeners_)
      waits.push_back({listener.get(), static_cast<short>(has_room ? POLLIN : 0), 0});
    for (const Client& client : clients) waits.push_back({client.fd.get(), events_of(client, is_full), 0});
    if (::poll(waits.data(), waits.size(), kLook) <= 0) continue;
    for (std::size_t i = clients.size(); i-- > 0;) {
      const short events = waits[listeners_.size() + i].revents;
      if (events != 0 && !turn(clients[i], events)) clients.erase(clients.begin() + static_cast<std::ptrdiff_t>(i));
    }
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
      if (waits[i].revents == 0) continue;
      if (protocol_ == Protocol::tcp) {
        UniqueFd fd(::accept4(listeners_[i].get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (!fd && (errno == EMFILE || errno == ENFILE)) make_room(clients);
        if (!fd) continue;
        ++arrived_;
        clients.push_back({.fd = std::move(fd)});
      } else {
        answer_datagram(listeners_[i], datagram);
      }
    }
  }
}

void EchoServers::answer_datagram(const UniqueFd& listener, std::vector<char>& buffer) {
  sockaddr_storage from{};
  socklen_t length = sizeof from;
  const ssize_t size =
      ::recvfrom(listener.get(), buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &length);
  if (size < 0) return;
  ++arrived_;
  ::sendto(listener.get(), buffer.data(), static_cast<std::size_t>(size), 0, reinterpret_cast<const sockaddr*>(&from),
           length);
}

}  // namespace netrig::check
