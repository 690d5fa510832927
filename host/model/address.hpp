// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace netrig {

enum class Family : std::uint8_t { ipv4 = 4, ipv6 = 6 };

/// An IPv4 or IPv6 address in network byte order; IPv4 uses the first four bytes.
struct IpAddress {
  Family family = Family::ipv4;
  std::array<std::uint8_t, 16> bytes{};

  /// Text form of RFC 5952; no zone, no prefix length. Nothing if the text is no address.
  static std::optional<IpAddress> parse(std::string_view text);
  [[nodiscard]] std::string str() const;
  /// Bytes of the family: 4 or 16.
  [[nodiscard]] std::size_t size() const noexcept { return family == Family::ipv4 ? 4 : 16; }
  [[nodiscard]] std::uint8_t bits() const noexcept { return family == Family::ipv4 ? 32 : 128; }
  [[nodiscard]] bool is_unspecified() const noexcept;
  [[nodiscard]] bool is_multicast() const noexcept;
  [[nodiscard]] bool is_loopback() const noexcept;
  [[nodiscard]] bool is_link_local() const noexcept;
  /// This address counted on (or back); nothing if that leaves the family's range.
  [[nodiscard]] std::optional<IpAddress> plus(std::int64_t offset) const;
  // clang-tidy 14 takes the 0 in a comparison that the compiler wrote for a null pointer.
  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;  // NOLINT(modernize-use-nullptr)
};

/// An address and a prefix length. As a destination its host bits are zero; as an interface's address they are not.
struct Prefix {
  IpAddress address;
  std::uint8_t length = 0;

  /// "192.0.2.0/24"; the length is required.
  static std::optional<Prefix> parse(std::string_view text);
  [[nodiscard]] std::string str() const;
  /// The same prefix with host bits cleared.
  [[nodiscard]] Prefix network() const;
  [[nodiscard]] bool contains(const IpAddress& other) const;
  /// Last address of the prefix (the IPv4 broadcast address where length < 31).
  [[nodiscard]] IpAddress last() const;
  friend auto operator<=>(const Prefix&, const Prefix&) = default;  // NOLINT(modernize-use-nullptr): as IpAddress
};

/// A 48-bit MAC address.
struct MacAddress {
  std::array<std::uint8_t, 6> bytes{};

  /// "02:00:00:00:00:01" (colons or dashes).
  static std::optional<MacAddress> parse(std::string_view text);
  [[nodiscard]] std::string str() const;
  /// Group bit set (IEEE 802): no interface may have such an address.
  [[nodiscard]] bool is_multicast() const noexcept { return (bytes[0] & 1U) != 0; }
  [[nodiscard]] bool is_zero() const noexcept { return *this == MacAddress{}; }
  friend auto operator<=>(const MacAddress&,
                          const MacAddress&) = default;  // NOLINT(modernize-use-nullptr): as IpAddress
};

}  // namespace netrig
