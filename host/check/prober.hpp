// SPDX-License-Identifier: Apache-2.0
// Sends echo requests from many namespaces and collects what comes back, in one loop: one raw socket a namespace and
// family, no process or thread a ping.
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "check/icmp.hpp"
#include "check/job.hpp"
#include "check/machine_room.hpp"

namespace netrig::check {

/// One echo request, and what became of it.
struct Probe {
  enum class Fate : std::uint8_t {
    unsent,   ///< time was over before its turn
    waiting,  ///< sent; nothing came back (yet)
    replied,
    refused,     ///< an ICMP error came back
    unsendable,  ///< the kernel did not take it
  };
  std::size_t pair = 0;                  ///< index in the pairs asked for
  nanoseconds at{};                      ///< when to send, after the begin
  std::uint32_t size = 56;               ///< payload; Units: bytes
  std::optional<std::uint8_t> ttl = {};  ///< or hop limit

  Fate fate = Fate::unsent;
  nanoseconds sent_at{};              ///< after the begin
  nanoseconds rtt{};                  ///< of a reply or an error
  std::uint32_t resent = 0;           ///< times, for ProbeOptions::again
  std::uint32_t duplicates = 0;       ///< further replies
  bool corrupt = false;               ///< the reply's payload is not the request's
  std::optional<IpAddress> who = {};  ///< sender of the error
  std::uint8_t type = 0;              ///< of the error
  std::uint8_t code = 0;
  std::uint32_t mtu = 0;  ///< told by "too big"
  int error = 0;          ///< errno of `unsendable`
};

struct ProbeOptions {
  bool dont_fragment = false;
  nanoseconds timeout = 1s;  ///< after which a request is given up
  bool again = false;        ///< one that nobody heard, while the machine had no room for packets, is sent again
};

/// Thread: one at a time.
class Prober {
 public:
  explicit Prober(const Ground& ground, Sender sender = {});
  ~Prober();
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  /// Sends all, in the order of `at` (which must rise), from `begin` on; returns when each has its fate or has been
  /// waited for, or `until` is over.
  void run(const std::vector<Pair>& pairs, std::vector<Probe>& probes, const ProbeOptions& options, const Until& until,
           Clock::time_point begin);

 private:
  struct Socket;
  class Loop;
  Socket& socket_of(std::size_t space, Family family);

  const Ground& ground_;
  Sender sender_;
  std::map<std::pair<std::size_t, Family>, std::unique_ptr<Socket>> sockets_;
  std::uint16_t ident_ = 0;
  std::uint64_t cookie_ = 0;
  MachineRoom room_;
  nanoseconds patience_{};           ///< with a machine that does not come after
  std::size_t most_broadcasts_ = 1;  ///< at once, so that the machine's queue holds them
};

/// "no reply", "192.0.2.254 says: network unreachable", "cannot send: ...": why a probe has no reply.
std::string fate_text(const Probe& probe, const Pair& pair);

}  // namespace netrig::check
