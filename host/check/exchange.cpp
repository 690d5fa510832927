// SPDX-License-Identifier: Apache-2.0
#include "check/exchange.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <optional>

#include "check/machine_room.hpp"
#include "check/sender.hpp"
#include "check/socket_address.hpp"
#include "kernel/inside.hpp"
#include "kernel/namespace.hpp"
#include "model/error_number.hpp"

namespace netrig::check {
namespace {

constexpr std::size_t kAtOnce = 200;
constexpr std::size_t kBytesAtOnce = kDatagramBuffer / 4;  // as the kernel counts them, small ones are larger
constexpr auto kLook = 2ms;                                // how old news of the machine's room may be
// Source ports that are looked for: above those of most servers, and from below those that the kernel gives away.
constexpr std::uint16_t kFirstPort = 10'000;
constexpr std::size_t kPorts = 65536 - kFirstPort;

/// An exchange under way.
struct Open {
  Exchange* exchange = nullptr;
  UniqueFd fd;
  Clock::time_point began;
  Clock::time_point late_at = {};
  Clock::time_point sent_since = {};
  std::size_t sent = 0;
  std::uint64_t refusals = 0;  ///< of the machine, when it began
};

class Loop {
 public:
  Loop(const Ground& ground, const std::vector<Pair>& pairs, const ExchangeOptions& options)
      : ground_(ground), pairs_(pairs), options_(options) {
    // With a port of its own a socket is bound once, to both.
    sender_ = options.sender;
    if (options.own_ports) sender_.source.reset();
    request_.resize(options.size);
    for (std::size_t i = 0; i < request_.size(); ++i) request_[i] = static_cast<char>('a' + i % 26);
    if (!is_tcp() && options.size > 0) at_once_ = std::clamp<std::size_t>(kBytesAtOnce / options.size, 1, kAtOnce);
    if (options.again) room_.emplace();
  }

  void run(std::vector<Exchange>& exchanges, const Until& until) {
    std::size_t next = 0;
    while ((next < exchanges.size() || !open_.empty()) && !until.over()) {
      while (open_.size() < at_once_ && next < exchanges.size()) begin(exchanges[next++]);
      wait(until);
      std::erase_if(open_, [&](Open& one) { return !one.fd || (Clock::now() >= one.late_at && !again(one)); });
    }
    open_.clear();
  }

 private:
  [[nodiscard]] bool is_tcp() const { return options_.protocol == Protocol::tcp; }

  void end(Open& one, Exchange::Fate fate, int error = 0) {
    one.exchange->fate = fate;
    one.exchange->error = error;
    one.fd.reset();
  }

  void begin(Exchange& exchange) {
    const Pair& pair = pairs_[exchange.pair];
    kernel::enter(ground_.space(pair.from));
    Open one{.exchange = &exchange,
             .fd = UniqueFd(::socket(socket_family(pair.address.family),
                                     (is_tcp() ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
             .began = Clock::now()};
    if (!one.fd)
      throw Error(ErrorCode::failed,
                  fmt::format("cannot open a socket in {}: {}", ground_.name(pair.from), errno_text(errno)));
    apply_sender(one.fd.get(), pair.address.family, sender_, ground_.name(pair.from));
    if (options_.own_ports) take_port(one.fd.get(), exchange);
    const SocketAddress to(pair.address, options_.port);
    if (::connect(one.fd.get(), to.get(), to.size) != 0 && errno != EINPROGRESS) {
      end(one, Exchange::Fate::refused, errno);
      return;
    }
    one.late_at = one.began + options_.timeout;
    one.refusals = refusals();
    if (is_tcp() || send_datagram(one)) open_.push_back(std::move(one));
  }

  /// Whether the exchange goes on.
  bool send_datagram(Open& one) {
    one.sent_since = Clock::now();
    one.sent = request_.size();
    if (::send(one.fd.get(), request_.data(), request_.size(), MSG_NOSIGNAL) >= 0) return true;
    end(one, Exchange::Fate::refused, errno);
    return false;
  }

  /// How often the machine had no room, as of not long ago.
  std::uint64_t refusals() {
    if (room_ && Clock::now() >= next_look_) {
      refusals_ = room_->refusals();
      next_look_ = Clock::now() + kLook;
    }
    return refusals_;
  }

  /// Whether one that is late, which says nothing about the lab where the machine may have dropped it, goes on.
  bool again(Open& one) {
    if (!room_ || one.exchange->again >= kMostRounds || refusals() == one.refusals) return false;
    ++one.exchange->again;
    one.refusals = refusals_;
    one.late_at = Clock::now() + options_.timeout;
    return is_tcp() || send_datagram(one);
  }

  void take_port(int socket, Exchange& exchange) {
    const Pair& pair = pairs_[exchange.pair];
    const std::string& space = ground_.name(pair.from);
    const IpAddress source = options_.sender.source.value_or(IpAddress{.family = pair.address.family});
    if (exchange.source_port != 0) {
      if (send_from(socket, source, exchange.source_port, space)) return;
      throw Error(ErrorCode::failed, fmt::format("source port {} of {} was taken by another in the middle of the check",
                                                 exchange.source_port, space));
    }
    std::size_t& next = next_port_[pair.from];
    for (std::size_t tries = 0; tries < kPorts; ++tries) {
      const auto port = static_cast<std::uint16_t>(kFirstPort + next++ % kPorts);
      if (!send_from(socket, source, port, space)) continue;
      exchange.source_port = port;
      return;
    }
    throw Error(ErrorCode::failed, fmt::format("{} has no free source port left; those of TCP connections rest for a "
                                               "minute after them",
                                               space));
  }

  void wait(const Until& until) {
    std::vector<pollfd> waits;
    int timeout = until.poll_timeout();
    for (const Open& one : open_) {
      const bool connecting = is_tcp() && one.exchange->fate == Exchange::Fate::waiting;
      const bool sending = connecting || one.sent < request_.size();
      waits.push_back({one.fd.get(), static_cast<short>(connecting ? POLLOUT : POLLIN | (sending ? POLLOUT : 0)), 0});
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(one.late_at - Clock::now()).count();
      timeout = std::min(timeout, static_cast<int>(std::max<std::int64_t>(left, 0)));
    }
    if (::poll(waits.data(), waits.size(), timeout) <= 0) return;
    for (std::size_t i = 0; i < waits.size(); ++i)
      if (waits[i].revents != 0) step(open_[i]);
  }

  void step(Open& one) {
    if (is_tcp() && one.exchange->fate == Exchange::Fate::waiting && !finish_connect(one)) return;
    if (one.sent < request_.size() && !send_some(one)) return;
    receive_some(one);
  }

  /// Whether the exchange goes on.
  bool finish_connect(Open& one) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(one.fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
      end(one, Exchange::Fate::refused, error);
      return false;
    }
    one.exchange->fate = Exchange::Fate::connected;
    one.exchange->connect = Clock::now() - one.began;
    one.sent_since = Clock::now();
    if (options_.size > 0) return true;
    end(one, Exchange::Fate::done);
    return false;
  }

  bool send_some(Open& one) {
    const ssize_t size = ::send(one.fd.get(), request_.data() + one.sent, request_.size() - one.sent, MSG_NOSIGNAL);
    if (size > 0) one.sent += static_cast<std::size_t>(size);
    if (size >= 0 || errno == EAGAIN || errno == EINTR) return true;
    end(one, Exchange::Fate::closed, errno);
    return false;
  }

  void receive_some(Open& one) {
    std::array<char, 65536> chunk{};
    const ssize_t size = ::recv(one.fd.get(), chunk.data(), chunk.size(), 0);
    if (size < 0) {
      if (errno != EAGAIN && errno != EINTR)
        end(one, is_tcp() ? Exchange::Fate::closed : Exchange::Fate::refused, errno);
      return;
    }
    Exchange& exchange = *one.exchange;
    const auto got = static_cast<std::size_t>(size);
    if (!is_tcp() && options_.any_answer) {
      exchange.returned = got;
      exchange.echo = Clock::now() - one.sent_since;
      end(one, Exchange::Fate::done);
      return;
    }
    if (is_tcp() && got == 0) {
      end(one, Exchange::Fate::closed);
      return;
    }
    const bool fits = exchange.returned + got <= request_.size() && (is_tcp() || got == request_.size());
    if (!fits || !std::equal(chunk.begin(), chunk.begin() + size,
                             request_.begin() + static_cast<std::ptrdiff_t>(exchange.returned))) {
      end(one, Exchange::Fate::altered);
      return;
    }
    exchange.returned += got;
    if (exchange.returned < request_.size()) return;
    exchange.echo = Clock::now() - one.sent_since;
    end(one, Exchange::Fate::done);
  }

  const Ground& ground_;
  const std::vector<Pair>& pairs_;
  const ExchangeOptions& options_;
  Sender sender_;
  std::vector<char> request_;
  std::vector<Open> open_;
  std::size_t at_once_ = kAtOnce;
  std::optional<MachineRoom> room_;
  std::uint64_t refusals_ = 0;
  Clock::time_point next_look_{};
  std::map<std::size_t, std::size_t> next_port_;  ///< by namespace, after kFirstPort
};

std::string fate_of(const Exchange& exchange, const ExchangeOptions& options) {
  const bool tcp = options.protocol == Protocol::tcp;
  switch (exchange.fate) {
    case Exchange::Fate::waiting:
      return tcp ? fmt::format("no answer to the connection request on port {}", options.port)
                 : fmt::format("no answer from UDP port {}", options.port);
    case Exchange::Fate::connected:
      return fmt::format("connected, but only {} of {} bytes came back", exchange.returned, options.size);
    case Exchange::Fate::done:
      return tcp ? "connected" : "an answer";
    case Exchange::Fate::refused:
      return fmt::format("{} port {}: {}", tcp ? "TCP" : "UDP", options.port, errno_text(exchange.error));
    case Exchange::Fate::closed:
      return exchange.error == 0 ? std::string("connected, and the other end closed the connection")
                                 : fmt::format("connected, and then: {}", errno_text(exchange.error));
    case Exchange::Fate::altered:
      return "other bytes came back than were sent";
  }
  return {};
}

}  // namespace

void run_exchanges(const Ground& ground, const std::vector<Pair>& pairs, std::vector<Exchange>& exchanges,
                   const ExchangeOptions& options, const Until& until) {
  // Sockets are opened in many namespaces, so this needs a thread that may move.
  kernel::aside([&] { Loop(ground, pairs, options).run(exchanges, until); });
}

std::string fate_text(const Exchange& exchange, const ExchangeOptions& options) {
  return fate_of(exchange, options) +
         (exchange.source_port != 0 ? fmt::format(", from source port {}", exchange.source_port) : "");
}

}  // namespace netrig::check
