// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/unique_fd.hpp"
#include "netlink/batch.hpp"

namespace netrig::netlink {

/// The kernel's no to one message of a batch.
struct Refusal {
  std::size_t index = 0;  ///< of the message in the batch
  int error = 0;          ///< errno
  std::string text;       ///< extended acknowledgement (NLMSGERR_ATTR_MSG); often empty

  /// "File exists (EEXIST)", with the kernel's own words where it gave any.
  [[nodiscard]] std::string str() const;
};

/// A NETLINK_ROUTE socket in the network namespace that the calling thread is in. Thread: one at a time.
class Socket {
 public:
  /// type of the message and what follows nlmsghdr; valid until the function returns.
  using Receive = std::function<void(std::uint16_t type, std::span<const std::byte> payload)>;

  explicit Socket(int protocol = NETLINK_ROUTE);

  enum class OnRefusal : std::uint8_t {
    stop,   ///< sends no more after the chunk that had a refusal
    go_on,  ///< sends everything
  };
  /// Sends all messages, as many at once as fit. Only refused ones are acknowledged one by one; the last of each send
  /// asks for an acknowledgement, so that all are done when this returns. Throws Error when the socket itself fails.
  std::vector<Refusal> run(Batch& batch, OnRefusal on_refusal = OnRefusal::stop);
  /// One request, dump or not; every answer goes to `each`. Returns the refusal, if any.
  std::optional<Refusal> ask(Batch& batch, const Receive& each);
  /// Identity of the namespace, never used twice in one boot (SO_NETNS_COOKIE, kernel 5.14).
  [[nodiscard]] std::uint64_t namespace_cookie() const;
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  void send(std::span<const std::byte> bytes);
  /// Reads answers until `last_sequence` is acknowledged or its dump is done.
  void receive(std::uint32_t last_sequence, std::vector<Refusal>& refusals, const Receive* each);

  UniqueFd fd_;
};

/// Name of an errno, "EEXIST".
std::string errno_name(int error);
/// Kernel's text of an errno with its name: "File exists (EEXIST)".
std::string errno_text(int error);

}  // namespace netrig::netlink
