// SPDX-License-Identifier: Apache-2.0
#include "model/address.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace netrig {

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  IpAddress address;
  const std::string copy(text);
  if (copy.size() != text.size() || copy.find('\0') != std::string::npos) return std::nullopt;
  if (inet_pton(AF_INET, copy.c_str(), address.bytes.data()) == 1) return address;
  address.family = Family::ipv6;
  if (inet_pton(AF_INET6, copy.c_str(), address.bytes.data()) == 1) return address;
  return std::nullopt;
}

std::string IpAddress::str() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family == Family::ipv4 ? AF_INET : AF_INET6, bytes.data(), text.data(), text.size());
  return text.data();
}

bool IpAddress::is_unspecified() const noexcept {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}
bool IpAddress::is_multicast() const noexcept {
  return family == Family::ipv4 ? (bytes[0] & 0xf0U) == 0xe0 : bytes[0] == 0xff;
}
bool IpAddress::is_loopback() const noexcept {
  if (family == Family::ipv4) return bytes[0] == 127;
  IpAddress one{Family::ipv6, {}};
  one.bytes[15] = 1;
  return *this == one;
}
bool IpAddress::is_link_local() const noexcept {
  if (family == Family::ipv4) return bytes[0] == 169 && bytes[1] == 254;
  return bytes[0] == 0xfe && (bytes[1] & 0xc0U) == 0x80;
}

std::optional<IpAddress> IpAddress::plus(std::int64_t offset) const {
  IpAddress result = *this;
  // Schoolbook addition from the last byte; the carry is a signed number, so counting back works the same way.
  std::int64_t carry = offset;
  for (std::size_t i = size(); i-- > 0;) {
    const std::int64_t sum = static_cast<std::int64_t>(result.bytes.at(i)) + (carry & 0xff);
    result.bytes.at(i) = static_cast<std::uint8_t>(sum & 0xff);
    carry = (carry >> 8) + (sum >> 8);
  }
  if (carry != 0) return std::nullopt;
  return result;
}

std::optional<Prefix> Prefix::parse(std::string_view text) {
  const std::size_t slash = text.rfind('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = IpAddress::parse(text.substr(0, slash));
  const std::string_view digits = text.substr(slash + 1);
  unsigned length = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (!address || error != std::errc{} || end != digits.data() + digits.size() || length > address->bits())
    return std::nullopt;
  return Prefix{*address, static_cast<std::uint8_t>(length)};
}

std::string Prefix::str() const { return fmt::format("{}/{}", address.str(), length); }

Prefix Prefix::network() const {
  Prefix result = *this;
  for (std::size_t i = 0; i < address.size(); ++i) {
    const int keep = std::clamp(static_cast<int>(length) - static_cast<int>(i) * 8, 0, 8);
    result.address.bytes.at(i) &= static_cast<std::uint8_t>(0xff00U >> static_cast<unsigned>(keep));
  }
  return result;
}

bool Prefix::contains(const IpAddress& other) const {
  return other.family == address.family && Prefix{other, length}.network().address == network().address;
}

IpAddress Prefix::last() const {
  IpAddress result = network().address;
  for (std::size_t i = 0; i < address.size(); ++i) {
    const int keep = std::clamp(static_cast<int>(length) - static_cast<int>(i) * 8, 0, 8);
    result.bytes.at(i) |= static_cast<std::uint8_t>(0xffU >> static_cast<unsigned>(keep));
  }
  return result;
}

std::optional<MacAddress> MacAddress::parse(std::string_view text) {
  if (text.size() != 17) return std::nullopt;
  MacAddress mac;
  for (std::size_t i = 0; i < 6; ++i) {
    const char* from = text.data() + i * 3;
    const auto [end, error] = std::from_chars(from, from + 2, mac.bytes.at(i), 16);
    if (error != std::errc{} || end != from + 2) return std::nullopt;
    if (i < 5 && from[2] != ':' && from[2] != '-') return std::nullopt;
  }
  return mac;
}

std::string MacAddress::str() const { return fmt::format("{:02x}", fmt::join(bytes, ":")); }

}  // namespace netrig
