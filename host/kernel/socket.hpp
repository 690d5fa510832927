// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernel/batch.hpp"
#include "model/patience.hpp"
#include "model/unique_fd.hpp"

namespace netrig::kernel {

/// The kernel's no to one message of a batch.
struct Refusal {
  std::size_t index = 0;                     ///< of the message in the batch
  int error = 0;                             ///< errno
  std::string text;                          ///< extended acknowledgement (NLMSGERR_ATTR_MSG); often empty
  std::optional<std::uint32_t> offset = {};  ///< of the attribute in the message, nlmsghdr included; often not told

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
  std::vector<Refusal> run(Batch& batch, OnRefusal on_refusal = OnRefusal::stop, const Patience& patience = {});
  /// One request, dump or not; every answer goes to `each`. Returns the refusal, if any.
  std::optional<Refusal> ask(Batch& batch, const Receive& each, const Patience& patience = {});
  /// False once an exchange has ended by a throw: answers to it may still come, so the socket is to be dropped.
  [[nodiscard]] bool usable() const { return !in_exchange_; }
  /// Identity of the namespace, never used twice in one boot (SO_NETNS_COOKIE, kernel 5.14).
  [[nodiscard]] std::uint64_t namespace_cookie() const;
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  /// The numbers that one batch's messages have, first to last.
  struct Numbers {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
  };
  /// Gives a batch numbers that no earlier one on this socket had. Throws Error if something in it did not fit.
  Numbers number(Batch& batch);
  void send(std::span<const std::byte> bytes);
  /// Reads answers until message `numbers.last` is acknowledged or its dump is done.
  void receive(const Numbers& numbers, std::vector<Refusal>& refusals, const Receive* each, const Patience& patience);

  UniqueFd fd_;
  std::uint32_t next_number_ = 1;
  bool in_exchange_ = false;
  bool has_room_ = false;  ///< for the answers of a dump
};

}  // namespace netrig::kernel
