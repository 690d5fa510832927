// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <atomic>
#include <thread>
#include <vector>

#include "check/job.hpp"

namespace netrig::check {

/// TCP and UDP echo (RFC 862) at the targets of a check, all in one thread. Each listens on the one address that it is
/// asked at, so that answers come from it. Ends with its object.
class EchoServers {
 public:
  /// One for each address of a namespace of the lab among the pairs. Throws Error{conflict} if a port is taken.
  EchoServers(const Ground& ground, const std::vector<Pair>& pairs, Protocol protocol, std::uint16_t port);
  ~EchoServers();
  EchoServers(const EchoServers&) = delete;
  EchoServers& operator=(const EchoServers&) = delete;
  /// Connections accepted, or datagrams received.
  [[nodiscard]] std::size_t arrived() const { return arrived_; }

 private:
  void serve();

  Protocol protocol_;
  std::vector<UniqueFd> listeners_;
  std::atomic<std::size_t> arrived_ = 0;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace netrig::check
