// SPDX-License-Identifier: Apache-2.0
#include "check/transfer.hpp"

#include <fmt/format.h>
#include <linux/tcp.h>
#include <poll.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <exception>
#include <mutex>
#include <thread>

#include "check/socket_address.hpp"
#include "model/error_number.hpp"
#include "model/thread.hpp"

namespace netrig::check {
namespace {

constexpr std::size_t kChunk = 128 << 10;
constexpr int kLook = 20;  // milliseconds until the end of time, or of the other thread, is seen
constexpr auto kInterval = std::chrono::milliseconds(200);

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_THREAD, &used);
  const auto of = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return of(used.ru_utime) + of(used.ru_stime);
}

tcp_info info_of(int socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  ::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size);
  return info;
}

/// One end's connections.
struct Stream {
  UniqueFd fd;
  std::uint64_t left = 0;  ///< to be sent
};

class Transfer {
 public:
  Transfer(const Ground& ground, const TransferSpec& spec, const Until& until)
      : ground_(ground), spec_(spec), until_(until) {}

  Transferred run() {
    ground_.inside(spec_.to, [this] { listen(); });
    std::exception_ptr wrong;
    std::thread near = start_thread([&] {
      try {
        ground_.inside(spec_.from, [this] {
          connect();
          carry(spec_.reverse ? Role::receiver : Role::sender, near_);
        });
      } catch (...) {
        wrong = std::current_exception();
        stop_ = true;
      }
    });
    try {
      ground_.inside(spec_.to, [this] {
        accept();
        carry(spec_.reverse ? Role::sender : Role::receiver, far_);
      });
    } catch (...) {
      stop_ = true;
      near.join();
      throw;
    }
    near.join();
    if (wrong) std::rethrow_exception(wrong);
    if (result_.fault.empty() && result_.received < spec_.size)
      result_.fault = fmt::format("{} of {} bytes had arrived when time was over", result_.received, spec_.size);
    return std::move(result_);
  }

 private:
  enum class Role : std::uint8_t { sender, receiver };

  [[nodiscard]] bool over() const { return stop_ || until_.over(); }
  /// The first fault ends both sides.
  void fail(const std::string& why) {
    const std::lock_guard lock(mutex_);
    if (result_.fault.empty()) result_.fault = why;
    stop_ = true;
  }

  UniqueFd socket() const {
    UniqueFd fd(::socket(socket_family(spec_.address.family), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) throw Error(ErrorCode::failed, "cannot open a socket: " + errno_text(errno));
    return fd;
  }

  void listen() {
    listener_ = socket();
    const int on = 1;
    ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (spec_.address.family == Family::ipv6) ::setsockopt(listener_.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    const SocketAddress here(spec_.address, spec_.port);
    if (::bind(listener_.get(), here.get(), here.size) != 0 ||
        ::listen(listener_.get(), static_cast<int>(spec_.streams)) != 0)
      throw Error(errno == EADDRINUSE ? ErrorCode::conflict : ErrorCode::failed,
                  fmt::format("cannot listen at {} port {} in {}: {}", spec_.address.str(), spec_.port,
                              ground_.name(spec_.to), errno_text(errno)));
  }

  void accept() {
    while (far_.size() < spec_.streams && !over()) {
      pollfd wait{listener_.get(), POLLIN, 0};
      if (::poll(&wait, 1, kLook) <= 0) continue;
      UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (fd) far_.push_back({.fd = std::move(fd)});
    }
  }

  void connect() {
    const SocketAddress to(spec_.address, spec_.port);
    for (std::uint32_t i = 0; i < spec_.streams && !over(); ++i) {
      Stream one{.fd = socket()};
      int error = ::connect(one.fd.get(), to.get(), to.size) == 0 ? 0 : errno;
      for (pollfd wait{one.fd.get(), POLLOUT, 0}; error == EINPROGRESS && !over();) {
        if (::poll(&wait, 1, kLook) <= 0) continue;
        socklen_t size = sizeof error;
        ::getsockopt(one.fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
      }
      if (error == EINPROGRESS) return fail(fmt::format("no answer to the connection request on port {}", spec_.port));
      if (error != 0) return fail(fmt::format("TCP port {}: {}", spec_.port, errno_text(error)));
      near_.push_back(std::move(one));
    }
  }

  void carry(Role role, std::vector<Stream>& streams) {
    if (streams.size() < spec_.streams) return;
    // Both have all connections within the time that the last takes to be told.
    const double cpu = cpu_seconds();
    const auto begin = Clock::now();
    role == Role::sender ? send_all(streams) : receive_all(streams, begin);
    const double took = std::max(seconds_since(begin), 1e-9);
    (role == Role::sender ? result_.cpu_sender : result_.cpu_receiver) = 100 * (cpu_seconds() - cpu) / took;
  }

  void send_all(std::vector<Stream>& streams) {
    const std::vector<char> chunk(kChunk, 'n');
    for (std::size_t i = 0; i < streams.size(); ++i) {
      streams[i].left = spec_.size / streams.size() + (i < spec_.size % streams.size() ? 1 : 0);
      if (!spec_.rate) continue;
      const auto pace = static_cast<std::uint64_t>(std::max<std::int64_t>(*spec_.rate / 8 / spec_.streams, 1));
      ::setsockopt(streams[i].fd.get(), SOL_SOCKET, SO_MAX_PACING_RATE, &pace, sizeof pace);
    }
    const auto left = [](const Stream& one) { return one.left > 0; };
    while (std::any_of(streams.begin(), streams.end(), left) && !over()) {
      std::vector<pollfd> waits;
      waits.reserve(streams.size());
      for (const Stream& one : streams) waits.push_back({one.left > 0 ? one.fd.get() : -1, POLLOUT, 0});
      if (::poll(waits.data(), waits.size(), kLook) <= 0) continue;
      for (std::size_t i = 0; i < waits.size(); ++i)
        if (waits[i].revents != 0) send_some(streams[i], chunk);
    }
    // Once all is acknowledged it is known what was sent again.
    while (!whole_ && !over()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    for (const Stream& one : streams) result_.segments_sent_again += info_of(one.fd.get()).tcpi_total_retrans;
  }

  void send_some(Stream& one, const std::vector<char>& chunk) {
    const ssize_t size =
        ::send(one.fd.get(), chunk.data(), std::min<std::uint64_t>(one.left, chunk.size()), MSG_NOSIGNAL);
    if (size < 0 && errno != EAGAIN && errno != EINTR) return fail("the connection broke: " + errno_text(errno));
    if (size <= 0) return;
    one.left -= static_cast<std::uint64_t>(size);
    if (one.left == 0) ::shutdown(one.fd.get(), SHUT_WR);
  }

  void receive_all(std::vector<Stream>& streams, Clock::time_point begin) {
    std::vector<char> chunk(kChunk);
    auto next = begin + kInterval;
    double segment = 1;
    while (result_.received < spec_.size && !over()) {
      std::vector<pollfd> waits;
      waits.reserve(streams.size());
      for (const Stream& one : streams) waits.push_back({one.fd ? one.fd.get() : -1, POLLIN, 0});
      const int ready = ::poll(waits.data(), waits.size(), kLook);
      for (std::size_t i = 0; ready > 0 && i < waits.size(); ++i) {
        if (waits[i].revents == 0) continue;
        const ssize_t size = ::recv(streams[i].fd.get(), chunk.data(), chunk.size(), 0);
        if (size > 0) result_.received += static_cast<std::uint64_t>(size);
        if (size < 0 && errno != EAGAIN && errno != EINTR) return fail("the connection broke: " + errno_text(errno));
        segment = std::max<double>(segment, info_of(streams[i].fd.get()).tcpi_rcv_mss);
        if (size == 0) streams[i].fd.reset();
      }
      if (Clock::now() < next) continue;
      result_.course.emplace_back(seconds_since(begin), result_.received);
      next += kInterval;
    }
    result_.seconds = seconds_since(begin);
    result_.course.emplace_back(result_.seconds, result_.received);
    result_.packets = static_cast<double>(result_.received) / segment;
    whole_ = true;
  }

  const Ground& ground_;
  const TransferSpec& spec_;
  const Until& until_;
  UniqueFd listener_;
  std::vector<Stream> near_;
  std::vector<Stream> far_;
  std::atomic<bool> stop_ = false;
  std::atomic<bool> whole_ = false;  ///< the receiver has all
  std::mutex mutex_;
  Transferred result_;  ///< each thread fills in its own
};

}  // namespace

Transferred transfer(const Ground& ground, const TransferSpec& spec, const Until& until) {
  return Transfer(ground, spec, until).run();
}

}  // namespace netrig::check
