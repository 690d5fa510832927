// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <atomic>
#include <exception>
#include <thread>
#include <vector>

#include "check/job.hpp"

namespace netrig::check {

/// TCP and UDP echo (RFC 862) at the targets of a check, all in one thread. Each listens on the one address that it is
/// asked at, so that answers come from it. What it keeps for who sends and takes nothing back is bounded. Ends with its
/// object.
class EchoServers {
 public:
  /// One for each address of a namespace of the lab among the pairs. Throws Error{conflict} if a port is taken.
  EchoServers(const Ground& ground, const std::vector<Pair>& pairs, Protocol protocol, std::uint16_t port);
  ~EchoServers();
  EchoServers(const EchoServers&) = delete;
  EchoServers& operator=(const EchoServers&) = delete;
  /// Connections accepted, or datagrams received.
  [[nodiscard]] std::size_t arrived() const { return arrived_; }
  /// Ends it. Throws Error{failed} if it had ended by itself: what was seen says nothing then.
  void finish();

 private:
  void serve();
  void answer_datagram(const UniqueFd& listener, std::vector<char>& buffer);
  void stop();

  Protocol protocol_;
  std::vector<UniqueFd> listeners_;
  std::atomic<std::size_t> arrived_ = 0;
  std::atomic<bool> stop_ = false;
  std::exception_ptr fault_;  ///< what ended it; read when the thread is over
  std::thread thread_;
};

}  // namespace netrig::check
