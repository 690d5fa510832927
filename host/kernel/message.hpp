// SPDX-License-Identifier: Apache-2.0
// What a netlink message says: its header, and attributes as a policy table expects them. An attribute that the policy
// does not name is skipped, for newer kernels tell more; one that is shorter or longer than it allows refuses the
// whole.
#pragma once
#include <fmt/format.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "kernel/batch.hpp"
#include "kernel/socket.hpp"
#include "model/address.hpp"
#include "model/error.hpp"

namespace netrig::kernel {

/// AF_INET and AF_INET6, and nothing else.
inline std::optional<Family> family_of(unsigned family) {
  return family == AF_INET    ? std::optional(Family::ipv4)
         : family == AF_INET6 ? std::optional(Family::ipv6)
                              : std::nullopt;
}
inline std::uint8_t number_of(Family family) { return family == Family::ipv4 ? AF_INET : AF_INET6; }

/// A struct from its bytes, which need no alignment. What an older kernel's lacks stays zero.
template <typename T>
T struct_of(std::span<const std::byte> bytes) {
  T value{};
  std::memcpy(&value, bytes.data(), std::min(sizeof value, bytes.size()));
  return value;
}

struct Attribute {
  std::uint16_t type = 0;  ///< without NLA_F_NESTED and NLA_F_NET_BYTEORDER
  std::span<const std::byte> value;
};

/// Calls `each` for every attribute. False: one is cut short, and those before it have been told.
template <typename Each>
bool for_each_attribute(std::span<const std::byte> bytes, Each&& each) {
  while (!bytes.empty()) {
    const auto header = struct_of<nlattr>(bytes);
    if (header.nla_len < sizeof header || header.nla_len > bytes.size()) return false;
    each(Attribute{.type = static_cast<std::uint16_t>(header.nla_type & NLA_TYPE_MASK),
                   .value = bytes.first(header.nla_len).subspan(sizeof header)});
    bytes = bytes.subspan(std::min<std::size_t>(NLA_ALIGN(header.nla_len), bytes.size()));
  }
  return true;
}

/// One row of a policy: an attribute, and the lengths that it may have.
struct Expected {
  std::uint16_t type = 0;
  std::uint16_t minimum = 0;
  std::uint16_t maximum = UINT16_MAX;
};
constexpr Expected expect_u8(std::uint16_t type) { return {type, 1, 1}; }
constexpr Expected expect_u32(std::uint16_t type) { return {type, 4, 4}; }
/// With its NUL, or without (IFLA_IFALIAS).
constexpr Expected expect_text(std::uint16_t type, std::uint16_t maximum) { return {type, 0, maximum}; }
/// An address of IPv4 or IPv6.
constexpr Expected expect_address(std::uint16_t type) { return {type, 4, 16}; }
/// Bytes, nested attributes, or a struct of at least that size.
constexpr Expected expect_bytes(std::uint16_t type, std::uint16_t minimum = 0) { return {type, minimum, UINT16_MAX}; }

template <std::size_t Count>
class Policy {
 public:
  template <typename... Row>
  consteval explicit Policy(Row... rows) : rows_{rows...} {
    slots_.fill(kNone);
    for (std::size_t i = 0; i < Count; ++i) slots_.at(rows_.at(i).type) = static_cast<std::uint8_t>(i);
  }
  static constexpr std::size_t kCount = Count;
  static constexpr std::uint8_t kNone = UINT8_MAX;
  [[nodiscard]] constexpr std::uint8_t slot(std::uint16_t type) const {
    return type < slots_.size() ? slots_[type] : kNone;
  }
  [[nodiscard]] constexpr const Expected& row(std::size_t slot) const { return rows_[slot]; }

 private:
  std::array<Expected, Count> rows_;
  std::array<std::uint8_t, 128> slots_{};
};
template <typename... Row>
Policy(Row...) -> Policy<sizeof...(Row)>;

/// Attributes that were found, read by their types. They stay where they are: valid as long as the message is.
/// Asking for one that the policy does not name does not compile.
template <const auto& policy>
class Attributes {
 public:
  /// Nothing if one is cut short, or its length is not what the policy expects. Of several of a type the last counts.
  static std::optional<Attributes> read(std::span<const std::byte> bytes) {
    Attributes found;
    bool good = true;
    good &= for_each_attribute(bytes, [&](const Attribute& attribute) {
      const std::uint8_t slot = policy.slot(attribute.type);
      if (slot == policy.kNone) return;
      const std::size_t size = attribute.value.size();
      good &= size >= policy.row(slot).minimum && size <= policy.row(slot).maximum;
      found.values_[slot] = attribute.value;
    });
    return good ? std::optional(found) : std::nullopt;
  }

  template <std::uint16_t type>
  [[nodiscard]] bool has() const {
    return bytes<type>().data() != nullptr;
  }
  /// Empty if it is not there.
  template <std::uint16_t type>
  [[nodiscard]] std::span<const std::byte> bytes() const {
    static_assert(policy.slot(type) != policy.kNone, "the policy does not name this attribute");
    return values_[policy.slot(type)];
  }
  template <std::uint16_t type, typename T>
  [[nodiscard]] std::optional<T> as() const {
    return has<type>() ? std::optional(struct_of<T>(bytes<type>())) : std::nullopt;
  }
  template <std::uint16_t type>
  [[nodiscard]] std::optional<std::uint8_t> u8() const {
    static_assert(policy.row(policy.slot(type)).minimum >= 1);
    return as<type, std::uint8_t>();
  }
  template <std::uint16_t type>
  [[nodiscard]] std::optional<std::uint16_t> u16() const {
    static_assert(policy.row(policy.slot(type)).minimum >= 2);
    return as<type, std::uint16_t>();
  }
  template <std::uint16_t type>
  [[nodiscard]] std::optional<std::uint32_t> u32() const {
    static_assert(policy.row(policy.slot(type)).minimum >= 4);
    return as<type, std::uint32_t>();
  }
  /// Up to the first NUL, or to its end.
  template <std::uint16_t type>
  [[nodiscard]] std::optional<std::string> text() const {
    if (!has<type>()) return std::nullopt;
    const auto value = bytes<type>();
    const auto* from = reinterpret_cast<const char*>(value.data());
    return std::string(from, ::strnlen(from, value.size()));
  }
  /// Links of other kinds have longer and shorter ones, which are none for us.
  template <std::uint16_t type>
  [[nodiscard]] std::optional<MacAddress> mac() const {
    return bytes<type>().size() == sizeof(MacAddress::bytes) ? as<type, MacAddress>() : std::nullopt;
  }
  template <std::uint16_t type>
  [[nodiscard]] std::optional<IpAddress> address(Family family) const {
    IpAddress address{.family = family};
    if (bytes<type>().size() != address.size()) return std::nullopt;
    std::memcpy(address.bytes.data(), bytes<type>().data(), address.size());
    return address;
  }
  /// Nothing if it is not there, or its contents are not as expected.
  template <std::uint16_t type, const auto& inner>
  [[nodiscard]] std::optional<Attributes<inner>> nested() const {
    return has<type>() ? Attributes<inner>::read(bytes<type>()) : std::nullopt;
  }

 private:
  std::array<std::span<const std::byte>, policy.kCount> values_{};
};

/// A message: the struct of its family (ifinfomsg, rtmsg...), then attributes.
template <typename Header, const auto& policy>
struct Message {
  Header header = {};
  Attributes<policy> found = {};

  static std::optional<Message> read(std::span<const std::byte> payload) {
    if (payload.size() < sizeof(Header)) return std::nullopt;
    const auto rest = payload.subspan(std::min<std::size_t>(NLMSG_ALIGN(sizeof(Header)), payload.size()));
    auto found = Attributes<policy>::read(rest);
    if (!found) return std::nullopt;
    return Message{.header = struct_of<Header>(payload), .found = *found};
  }
};

/// Asks for a list and calls `each` with the payload of every entry. What is neither of IPv4 nor of IPv6, nor of no
/// family at all, is left out: a dump of all families has multicast forwarding and MPLS, too, whose attributes differ.
/// `what` is for the error: "the routes of a namespace".
template <typename Header, typename Each>
void dump(Socket& socket, Batch& request, const char* what, Each&& each) {
  // Answers to RTM_GET* are of the RTM_NEW* of the same kind.
  const auto answer = static_cast<std::uint16_t>(request.header(0).nlmsg_type - RTM_GETLINK + RTM_NEWLINK);
  const auto refusal = socket.ask(request, [&](std::uint16_t type, std::span<const std::byte> payload) {
    if (type != answer || payload.size() < sizeof(Header)) return;
    const auto family = std::to_integer<unsigned>(payload.front());  // the first member of every header
    if (family == AF_UNSPEC || family_of(family)) each(payload);
  });
  if (refusal) throw Error(ErrorCode::failed, fmt::format("cannot list {}: {}", what, refusal->str()));
}

/// An entry of such a list is not as its policy expects it.
[[noreturn]] inline void refuse_answer(const char* what) {
  throw Error(ErrorCode::failed, fmt::format("cannot list {}: the kernel's answer is not understood", what));
}

/// The same with every entry read.
template <typename Header, const auto& policy, typename Each>
void dump_read(Socket& socket, Batch& request, const char* what, Each&& each) {
  dump<Header>(socket, request, what, [&](std::span<const std::byte> payload) {
    const auto message = Message<Header, policy>::read(payload);
    if (!message) refuse_answer(what);
    each(message->header, message->found);
  });
}

}  // namespace netrig::kernel
