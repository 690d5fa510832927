// SPDX-License-Identifier: Apache-2.0
// TCP connections and UDP datagrams to many targets, in one loop.
#pragma once
#include <string>
#include <vector>

#include "check/job.hpp"

namespace netrig::check {

/// One connection with an echo over it, or one datagram and its answer.
struct Exchange {
  enum class Fate : std::uint8_t {
    waiting,    ///< nothing yet; after the run: time was over
    connected,  ///< TCP: the handshake is done, the echo has not come back
    done,
    refused,  ///< `error` says how: ECONNREFUSED (TCP reset, ICMP port unreachable), EHOSTUNREACH...
    closed,   ///< the other end closed or reset a connection that it had taken
    altered,  ///< other bytes came back
  };
  std::size_t pair = 0;
  std::uint16_t source_port = 0;  ///< 0, with ExchangeOptions::own_ports: a free one is taken and stands here

  Fate fate = Fate::waiting;
  int error = 0;             ///< errno
  nanoseconds connect{};     ///< of the handshake
  nanoseconds echo{};        ///< from sending to the last byte back
  std::size_t returned = 0;  ///< bytes that came back
  std::uint32_t again = 0;   ///< times that the machine may have dropped it, for ExchangeOptions::again
};

struct ExchangeOptions {
  Protocol protocol = Protocol::tcp;
  std::uint16_t port = 0;
  std::uint32_t size = 64;  ///< bytes to send and want back; 0 (TCP): connect only
  bool any_answer = false;  ///< UDP: whatever comes back is right
  bool own_ports = false;   ///< no two exchanges of a namespace have one source port, nor had it in a run before
  /// What got no answer in time while the machine had no room for packets gets its time once more: a datagram is sent
  /// again, and a connection does that by itself.
  bool again = false;
  nanoseconds timeout = 1s;
  Sender sender = {};
};

/// Carries all out, at most 200 at once, or 4 MiB of datagrams. Returns when each has its fate, or `until` is over.
void run_exchanges(const Ground& ground, const std::vector<Pair>& pairs, std::vector<Exchange>& exchanges,
                   const ExchangeOptions& options, const Until& until);

/// "connection refused", "no answer", "the sender has no route to ..."
std::string fate_text(const Exchange& exchange, const ExchangeOptions& options);

}  // namespace netrig::check
