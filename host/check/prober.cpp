// SPDX-License-Identifier: Apache-2.0
#include "check/prober.hpp"

#include <fmt/format.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <queue>
#include <random>

#include "check/sender.hpp"
#include "check/socket_address.hpp"
#include "kernel/socket.hpp"
#include "model/error_number.hpp"

namespace netrig::check {
namespace {

constexpr std::size_t kBurst = 64;  // requests between two looks at what came back
constexpr auto kRetry = 2ms;        // after the kernel had no room
constexpr auto kLook = 2ms;         // how old news of the machine's room may be
constexpr auto kPatience = 20us;    // for each who hears a broadcast: ten times what it takes on an idle machine
constexpr auto kMostPatience = 20ms;
constexpr std::size_t kCookie = sizeof(std::uint64_t) + sizeof(std::uint32_t);

template <typename T>
void set_option(int fd, int level, int name, const T& value, const char* what) {
  if (::setsockopt(fd, level, name, &value, sizeof value) != 0)
    throw Error(ErrorCode::failed, fmt::format("cannot set {} of an ICMP socket: {}", what, errno_text(errno)));
}

/// Only replies and errors wake us, not the requests of others.
void set_filter(int fd, Family family) {
  if (family == Family::ipv4) {
    const icmp_filter filter{.data = ~(1U << ICMP_ECHOREPLY | 1U << ICMP_DEST_UNREACH | 1U << ICMP_TIME_EXCEEDED |
                                       1U << ICMP_PARAMETERPROB)};
    set_option(fd, SOL_RAW, ICMP_FILTER, filter, "the filter");
    return;
  }
  icmp6_filter filter{};
  ICMP6_FILTER_SETBLOCKALL(&filter);
  for (const int type :
       {ICMP6_DST_UNREACH, ICMP6_PACKET_TOO_BIG, ICMP6_TIME_EXCEEDED, ICMP6_PARAM_PROB, ICMP6_ECHO_REPLY})
    ICMP6_FILTER_SETPASS(type, &filter);
  set_option(fd, IPPROTO_ICMPV6, ICMP6_FILTER, filter, "the filter");
}

void set_fragmentation(int fd, Family family, bool dont_fragment) {
  if (family == Family::ipv4) {
    set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, dont_fragment ? IP_PMTUDISC_PROBE : IP_PMTUDISC_DONT, "MTU discovery");
    return;
  }
  set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, dont_fragment ? IPV6_PMTUDISC_PROBE : IPV6_PMTUDISC_WANT,
             "MTU discovery");
  set_option(fd, IPPROTO_IPV6, IPV6_DONTFRAG, dont_fragment ? 1 : 0, "fragmentation");
}

IpAddress address_in(const sockaddr_storage& from) {
  IpAddress address;
  if (from.ss_family == AF_INET6) {
    address.family = Family::ipv6;
    std::memcpy(address.bytes.data(), &reinterpret_cast<const sockaddr_in6*>(&from)->sin6_addr, 16);
  } else {
    std::memcpy(address.bytes.data(), &reinterpret_cast<const sockaddr_in*>(&from)->sin_addr, 4);
  }
  return address;
}

nanoseconds real_now() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return std::chrono::seconds(now.tv_sec) + nanoseconds(now.tv_nsec);
}

/// When the kernel got the packet, on the real-time clock.
nanoseconds arrival_of(msghdr& message) {
  for (cmsghdr* control = CMSG_FIRSTHDR(&message); control != nullptr; control = CMSG_NXTHDR(&message, control)) {
    if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_TIMESTAMPNS) continue;
    timespec when{};
    std::memcpy(&when, CMSG_DATA(control), sizeof when);
    return std::chrono::seconds(when.tv_sec) + nanoseconds(when.tv_nsec);
  }
  return real_now();
}

}  // namespace

struct Prober::Socket {
  UniqueFd fd;
  Family family = Family::ipv4;
  std::uint16_t next_sequence = 0;
  std::vector<std::uint32_t> probe_of;  ///< by sequence: index of the probe, plus one
};

Prober::Prober(const Ground& ground, Sender sender) : ground_(ground), sender_(std::move(sender)) {
  std::random_device random;
  ident_ = static_cast<std::uint16_t>(random());
  cookie_ = static_cast<std::uint64_t>(random()) << 32 | random();
  std::size_t hearers = 1;
  for (const Device& device : ground.lab().devices)
    hearers += static_cast<std::size_t>(std::count_if(device.interfaces.begin(), device.interfaces.end(),
                                                      [](const Interface& i) { return !i.of<Address>().empty(); }));
  patience_ = std::min<nanoseconds>(kPatience * hearers, kMostPatience);
  // Half of the room is left for what others send.
  most_broadcasts_ = std::max<std::size_t>(room_.queue() / 2 / hearers, 1);
}
Prober::~Prober() = default;

Prober::Socket& Prober::socket_of(std::size_t space, Family family) {
  auto& place = sockets_[{space, family}];
  if (place) return *place;
  place = std::make_unique<Socket>();
  place->family = family;
  place->probe_of.resize(65536);
  ground_.inside(space, [&] {
    const bool v4 = family == Family::ipv4;
    place->fd = UniqueFd(::socket(v4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
                                  v4 ? IPPROTO_ICMP : static_cast<int>(IPPROTO_ICMPV6)));
    if (!place->fd)
      throw Error(refusal_code(errno),
                  fmt::format("cannot open an ICMP socket in {}: {}", ground_.name(space), errno_text(errno)));
  });
  set_filter(place->fd.get(), family);
  apply_sender(place->fd.get(), family, sender_, ground_.name(space));
  set_option(place->fd.get(), SOL_SOCKET, SO_TIMESTAMPNS, 1, "timestamps");
  enlarge_buffer(place->fd.get());
  return *place;
}

/// One run.
class Prober::Loop {
 public:
  Loop(Prober& prober, const std::vector<Pair>& pairs, std::vector<Probe>& probes, const ProbeOptions& options,
       const Until& until, Clock::time_point begin)
      : prober_(prober), pairs_(pairs), probes_(probes), options_(options), until_(until), begin_(begin) {
    // Replies that are not heard would be the lab's loss.
    const auto fail = [] {
      throw Error(ErrorCode::failed, fmt::format("cannot wait for replies: {}", errno_text(errno)));
    };
    epoll_ = UniqueFd(::epoll_create1(EPOLL_CLOEXEC));
    if (!epoll_) fail();
    for (const Pair& pair : pairs) sockets_.push_back(&prober.socket_of(pair.from, pair.address.family));
    for (const auto& [key, socket] : prober.sockets_) {
      set_fragmentation(socket->fd.get(), socket->family, options.dont_fragment);
      epoll_event event{.events = EPOLLIN, .data = {.ptr = socket.get()}};
      if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket->fd.get(), &event) != 0) fail();
    }
    sent_real_.resize(probes.size());
    sequence_of_.resize(probes.size());
    refusals_at_.resize(probes.size());
    // What finds the way to the one end finds it back, too.
    std::map<std::pair<std::size_t, std::size_t>, std::size_t> ways;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      const std::size_t to = pairs[i].to.value_or(prober.ground_.lab().namespaces.size() + i);
      way_of_.push_back(ways.try_emplace(std::minmax(pairs[i].from, to), ways.size()).first->second);
    }
    is_known_.resize(ways.size());
  }

  void run() {
    while (!until_.over()) {
      send_due();
      if (settled_ == probes_.size() && !again()) return;
      wait();
      if (next_ == probes_.size() && retries_.empty() && Clock::now() >= last_sent_ + options_.timeout && !again())
        return;
    }
  }

 private:
  [[nodiscard]] nanoseconds elapsed() const { return Clock::now() - begin_; }

  void send_due() {
    std::size_t burst = 0;
    const auto now = elapsed();
    if (options_.again && Clock::now() >= next_look_) look();
    while (burst < kBurst && !retries_.empty() && retries_.front().first <= Clock::now()) {
      const std::size_t index = retries_.front().second;
      retries_.pop_front();
      make_room(way_of_[probes_[index].pair]);
      send(index);
      ++burst;
    }
    while (burst < kBurst && next_ < probes_.size() && probes_[next_].at + lag_ <= now) {
      make_room(way_of_[probes_[next_].pair]);
      send(next_++);
      ++burst;
    }
    if (burst == kBurst) prober_.room_.await(prober_.room_.queue() / 2, prober_.patience_);
  }

  /// The first request on a way may need a broadcast to find it, which becomes a packet for everybody on the link.
  void make_room(std::size_t way) {
    if (is_known_[way]) return;
    is_known_[way] = true;
    if (++broadcasts_ <= prober_.most_broadcasts_) return;
    broadcasts_ = 1;
    const auto before = Clock::now();
    prober_.room_.await(0, prober_.patience_);
    lag_ += Clock::now() - before;
  }

  void look() {
    refusals_ = prober_.room_.refusals();
    next_look_ = Clock::now() + kLook;
  }

  /// Nothing came back in time, or only the sender's own word that it finds nobody.
  [[nodiscard]] bool is_unheard(const Probe& probe) const {
    if (probe.fate == Probe::Fate::waiting) return true;
    if (probe.fate == Probe::Fate::replied) return probe.rtt > options_.timeout;
    if (probe.fate != Probe::Fate::refused) return false;
    const auto owners = owners_of(prober_.ground_.lab(), *probe.who);
    return std::find(owners.begin(), owners.end(), pairs_[probe.pair].from) != owners.end();
  }

  /// Sends those again that nobody heard and that the machine may have dropped: that says nothing about the lab.
  bool again() {
    if (!options_.again || ++round_ > kMostRounds) return false;
    look();
    for (std::size_t index = 0; index < next_; ++index) {
      Probe& probe = probes_[index];
      if (refusals_at_[index] == refusals_ || !is_unheard(probe)) continue;
      if (probe.fate != Probe::Fate::waiting) --settled_;
      probe.fate = Probe::Fate::unsent;
      ++probe.resent;
      is_known_[way_of_[probe.pair]] = false;
      retries_.emplace_back(Clock::now(), index);
    }
    return !retries_.empty();
  }

  void send(std::size_t index) {
    Probe& probe = probes_[index];
    const Pair& pair = pairs_[probe.pair];
    Socket& socket = *sockets_[probe.pair];
    const std::uint16_t sequence = socket.next_sequence++;
    socket.probe_of[sequence] = static_cast<std::uint32_t>(index) + 1;
    if (probe.resent > 0) socket.probe_of[sequence_of_[index]] = 0;
    sequence_of_[index] = sequence;
    refusals_at_[index] = refusals_;
    fill_payload(probe, index);
    build_echo(socket.family, {.ident = prober_.ident_, .sequence = sequence}, payload_, packet_);
    SocketAddress to(pair.address, 0);
    iovec bytes{.iov_base = packet_.data(), .iov_len = packet_.size()};
    msghdr message{};
    message.msg_name = &to.storage;
    message.msg_namelen = to.size;
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(int))> control{};
    if (probe.ttl) {
      message.msg_control = control.data();
      message.msg_controllen = control.size();
      cmsghdr* ttl = CMSG_FIRSTHDR(&message);
      const bool v4 = socket.family == Family::ipv4;
      ttl->cmsg_level = v4 ? IPPROTO_IP : static_cast<int>(IPPROTO_IPV6);
      ttl->cmsg_type = v4 ? IP_TTL : IPV6_HOPLIMIT;
      ttl->cmsg_len = CMSG_LEN(sizeof(int));
      const int value = *probe.ttl;
      std::memcpy(CMSG_DATA(ttl), &value, sizeof value);
    }
    if (probe.fate == Probe::Fate::unsent) probe.sent_at = elapsed();
    sent_real_[index] = real_now();
    last_sent_ = Clock::now();
    if (::sendmsg(socket.fd.get(), &message, 0) >= 0) {
      probe.fate = Probe::Fate::waiting;
      return;
    }
    // No room in a queue or in the neighbour table for the moment: that is not the lab's fault.
    if ((errno == EAGAIN || errno == ENOBUFS || errno == EINTR) && elapsed() < probe.sent_at + options_.timeout) {
      probe.fate = Probe::Fate::waiting;
      retries_.emplace_back(Clock::now() + kRetry, index);
      return;
    }
    probe.fate = Probe::Fate::unsendable;
    probe.error = errno;
    ++settled_;
  }

  void fill_payload(const Probe& probe, std::size_t index) {
    payload_.resize(probe.size);
    for (std::size_t i = 0; i < payload_.size(); ++i) payload_[i] = static_cast<std::byte>(i);
    if (probe.size < kCookie) return;
    const auto number = static_cast<std::uint32_t>(index);
    std::memcpy(payload_.data(), &prober_.cookie_, sizeof prober_.cookie_);
    std::memcpy(payload_.data() + sizeof prober_.cookie_, &number, sizeof number);
  }

  void wait() {
    int timeout = until_.poll_timeout();
    const auto no_later = [&](Clock::time_point when) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(when - Clock::now()).count();
      timeout = std::min(timeout, static_cast<int>(std::max<std::int64_t>(left, 0)));
    };
    if (next_ < probes_.size()) no_later(begin_ + probes_[next_].at + lag_);
    if (!retries_.empty()) no_later(retries_.front().first);
    if (next_ == probes_.size()) no_later(last_sent_ + options_.timeout);
    std::array<epoll_event, 64> events{};
    const int ready = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), timeout);
    for (int i = 0; i < ready; ++i) receive(*static_cast<Socket*>(events.at(static_cast<std::size_t>(i)).data.ptr));
  }

  void receive(Socket& socket) {
    while (true) {
      sockaddr_storage from{};
      iovec bytes{.iov_base = received_.data(), .iov_len = received_.size()};
      alignas(cmsghdr) std::array<std::byte, 256> control{};
      msghdr message{};
      message.msg_name = &from;
      message.msg_namelen = sizeof from;
      message.msg_iov = &bytes;
      message.msg_iovlen = 1;
      message.msg_control = control.data();
      message.msg_controllen = control.size();
      const ssize_t size = ::recvmsg(socket.fd.get(), &message, 0);
      if (size < 0) return;
      const auto parsed = parse_icmp(socket.family, std::span(received_).first(static_cast<std::size_t>(size)));
      if (parsed && parsed->id.ident == prober_.ident_) take(socket, *parsed, address_in(from), arrival_of(message));
    }
  }

  void take(Socket& socket, const IcmpMessage& message, const IpAddress& from, nanoseconds arrival) {
    const std::uint32_t found = socket.probe_of[message.id.sequence];
    if (found == 0 || found > probes_.size()) return;
    const std::size_t index = found - 1;
    Probe& probe = probes_[index];
    if (message.reply && from != pairs_[probe.pair].address) return;
    fill_payload(probe, index);
    const bool same = std::equal(payload_.begin(), payload_.end(), message.payload.begin(), message.payload.end());
    // Of an earlier run whose sequence number it has; one of this run with other bytes was damaged on the way.
    if (message.reply && !same && probe.size >= kCookie && message.payload.size() >= kCookie &&
        std::memcmp(message.payload.data(), payload_.data(), kCookie) != 0)
      return;
    if (probe.fate != Probe::Fate::waiting) {
      if (message.reply && probe.fate == Probe::Fate::replied) ++probe.duplicates;
      return;
    }
    probe.fate = message.reply ? Probe::Fate::replied : Probe::Fate::refused;
    probe.rtt = std::max<nanoseconds>(arrival - sent_real_[index], 0ns);
    probe.who = from;
    probe.type = message.type;
    probe.code = message.code;
    probe.mtu = message.mtu;
    probe.corrupt = message.reply && !same;
    ++settled_;
  }

  Prober& prober_;
  const std::vector<Pair>& pairs_;
  std::vector<Probe>& probes_;
  const ProbeOptions& options_;
  const Until& until_;
  Clock::time_point begin_;
  UniqueFd epoll_;
  std::vector<Socket*> sockets_;        ///< by pair
  std::vector<std::size_t> way_of_;     ///< by pair
  std::vector<bool> is_known_;          ///< by way
  std::size_t broadcasts_ = 0;          ///< since the machine had come after
  nanoseconds lag_{};                   ///< by which requests are later than they should be, because others had to wait
  std::vector<nanoseconds> sent_real_;  ///< by probe
  std::vector<std::uint16_t> sequence_of_;  ///< by probe
  std::vector<std::uint64_t> refusals_at_;  ///< by probe: what refusals_ was when it was sent
  std::uint64_t refusals_ = 0;              ///< of the machine, as of not long ago
  Clock::time_point next_look_{};
  int round_ = 0;
  std::deque<std::pair<Clock::time_point, std::size_t>> retries_;
  std::size_t next_ = 0;
  std::size_t settled_ = 0;
  Clock::time_point last_sent_ = Clock::now();
  std::vector<std::byte> payload_;
  std::vector<std::byte> packet_;
  std::vector<std::byte> received_ = std::vector<std::byte>(65536 + 64);
};

void Prober::run(const std::vector<Pair>& pairs, std::vector<Probe>& probes, const ProbeOptions& options,
                 const Until& until, Clock::time_point begin) {
  if (!probes.empty()) Loop(*this, pairs, probes, options, until, begin).run();
}

std::string fate_text(const Probe& probe, const Pair& pair) {
  switch (probe.fate) {
    case Probe::Fate::unsent:
      return "there was no time left to send";
    case Probe::Fate::waiting:
      return "no reply";
    case Probe::Fate::replied:
      return "a reply";
    case Probe::Fate::refused:
      return fmt::format("{} says: {}", probe.who->str(), icmp_error_text(pair.address.family, probe.type, probe.code));
    case Probe::Fate::unsendable:
      return probe.error == ENETUNREACH || probe.error == EHOSTUNREACH
                 ? fmt::format("the sender has no route to {} ({})", pair.address.str(), errno_name(probe.error))
             : probe.error == EPERM ? std::string("the sender's own firewall refuses it (EPERM)")
                                    : fmt::format("cannot send: {}", errno_text(probe.error));
  }
  return {};
}

}  // namespace netrig::check
