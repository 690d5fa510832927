// SPDX-License-Identifier: Apache-2.0
// Messages over one end of a stream socket pair: a header with the length, then the bytes.
#pragma once
#include <functional>
#include <span>
#include <vector>

#include "driver/messages.hpp"
#include "model/patience.hpp"
#include "model/unique_fd.hpp"

namespace netrig::driver {

struct MessageHeader {
  std::uint32_t size = 0;  ///< of what follows
  MessageType type = MessageType::hello;
  std::uint16_t descriptors = 0;
};
static_assert(sizeof(MessageHeader) == 8);

struct Message {
  enum class How : std::uint8_t {
    arrived,
    closed,     ///< the other end is gone
    late,       ///< the deadline has passed
    gave_up,    ///< the caller no longer wants to wait
    too_large,  ///< a header that promises more than kLargestMessage
    failed,     ///< the kernel cannot carry it: Channel::error(). Nothing is known of the other end
  };
  How how = How::arrived;
  MessageType type = MessageType::hello;
  std::uint32_t promised = 0;  ///< too_large: how much
  std::vector<std::byte> bytes;
  std::vector<UniqueFd> descriptors;
};

/// Thread: one at a time.
class Channel {
 public:
  /// `takes_descriptors`: whether descriptors that come along are kept; otherwise the kernel closes them.
  Channel(UniqueFd socket, bool takes_descriptors) : socket_(std::move(socket)), takes_(takes_descriptors) {}

  /// Sends all of it, unless the other end is gone or does not read in time.
  Message::How send(MessageType type, std::span<const std::byte> bytes, std::span<const int> descriptors = {},
                    const Patience& patience = {});
  Message receive(const Patience& patience = {});
  /// Whether something has come that receive() would not have to wait for. Waits for nothing.
  [[nodiscard]] bool has_more() const;
  [[nodiscard]] int fd() const { return socket_.get(); }
  /// errno of what failed last.
  [[nodiscard]] int error() const { return error_; }

 private:
  Message::How wait(short events, const Patience& patience);
  /// Reads what is there.
  Message::How fill();
  Message::How failed(int error);

  UniqueFd socket_;
  bool takes_;
  int error_ = 0;
  std::vector<std::byte> buffer_;
  std::vector<UniqueFd> descriptors_;
};

}  // namespace netrig::driver
