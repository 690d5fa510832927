// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "model/address.hpp"

namespace netrig::kernel {

/// Several netlink messages in one buffer, built in place and sent together. A message ends where the next begins.
/// Sequence numbers count up by one a message, so that an answer leads to who asked. What does not fit is remembered
/// and told when the batch is sent, so that nobody who appends has to look. Thread: one at a time.
class Batch {
 public:
  /// Writes its length when it goes out of scope.
  class Nest {
   public:
    /// Of what begins with its length, in 16 bits, at this place.
    Nest(Batch& batch, std::size_t at) : batch_(batch), at_(at) {}
    ~Nest() { batch_.close(at_); }
    Nest(const Nest&) = delete;
    Nest& operator=(const Nest&) = delete;

   private:
    Batch& batch_;
    std::size_t at_;
  };

  /// Begins a message. `family_header` is ifinfomsg, ifaddrmsg, rtmsg...; flags: NLM_F_REQUEST is added.
  template <typename Header>
  Batch& begin(std::uint16_t type, std::uint16_t flags, const Header& family_header) {
    begin_message(type, flags);
    return append(&family_header, sizeof family_header);
  }
  Batch& begin_raw(std::uint16_t type, std::uint16_t flags, std::span<const std::byte> payload) {
    begin_message(type, flags);
    return append(payload.data(), payload.size());
  }

  Batch& put(std::uint16_t type, const void* value, std::size_t size);
  Batch& put(std::uint16_t type, std::uint32_t value) { return put(type, &value, sizeof value); }
  Batch& put_u16(std::uint16_t type, std::uint16_t value) { return put(type, &value, sizeof value); }
  Batch& put_u8(std::uint16_t type, std::uint8_t value) { return put(type, &value, sizeof value); }
  Batch& put(std::uint16_t type, const IpAddress& address) { return put(type, address.bytes.data(), address.size()); }
  Batch& put(std::uint16_t type, const MacAddress& mac) { return put(type, mac.bytes.data(), mac.bytes.size()); }
  /// Text with its NUL, as IFLA_IFNAME and IFLA_INFO_KIND want it.
  Batch& put_text(std::uint16_t type, std::string_view text);
  /// Attributes that are built already; a multiple of 4 bytes.
  Batch& put_built(std::span<const std::byte> attributes) { return append(attributes.data(), attributes.size()); }
  /// A struct inside a nest, such as the ifinfomsg of VETH_INFO_PEER or a whole rtnexthop.
  Batch& append(const void* data, std::size_t size);
  [[nodiscard]] Nest nest(std::uint16_t type) { return {*this, open(type)}; }
  /// What belongs to a struct that begins with its own length, as rtnexthop does.
  [[nodiscard]] Nest nest(const rtnexthop& hop);

  /// Something that is longer than its length can say.
  struct Overflow {
    std::uint16_t type = 0;  ///< of the message: RTM_*
    std::size_t bytes = 0;
  };
  /// The first there was. Such a batch is not to be sent.
  [[nodiscard]] const std::optional<Overflow>& overflow() const { return overflow_; }

  void clear();
  [[nodiscard]] std::size_t count() const { return starts_.size(); }
  [[nodiscard]] bool empty() const { return starts_.empty(); }
  /// Bytes of messages first..last-1.
  [[nodiscard]] std::span<std::byte> messages(std::size_t first, std::size_t last);
  [[nodiscard]] nlmsghdr header(std::size_t index) const;
  void set_flags(std::size_t index, std::uint16_t flags);
  /// Gives the first message that sequence number, and the others those that follow.
  void number_from(std::uint32_t first);

 private:
  void begin_message(std::uint16_t type, std::uint16_t flags);
  void finish_message();
  /// Begins an attribute with so many bytes of value; false: it does not fit.
  bool begin_attribute(std::uint16_t type, std::size_t size);
  void note_overflow(std::size_t bytes);
  std::size_t open(std::uint16_t type);
  void close(std::size_t at);

  std::vector<std::byte> buffer_;
  std::vector<std::size_t> starts_;
  std::optional<Overflow> overflow_;
};

}  // namespace netrig::kernel
