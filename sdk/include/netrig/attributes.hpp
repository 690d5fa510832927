// SPDX-License-Identifier: Apache-2.0
// Netlink attributes, built and read. Part of netrig/driver.hpp.
#ifndef NETRIG_ATTRIBUTES_HPP
#define NETRIG_ATTRIBUTES_HPP

#include <netrig/attributes.h>
#include <netrig/failure.hpp>

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <type_traits>

namespace netrig {

using Mac = std::array<std::uint8_t, 6>;

/// Netlink attributes in a buffer of their own; nests close with their scope. Range: at most 8 KiB.
class Attributes {
 public:
  class Nest {
   public:
    Nest(netrig_attributes& list, std::uint16_t type) : list_(list), mark_(netrig_nest_begin(&list, type)) {}
    ~Nest() { netrig_nest_end(&list_, mark_); }
    Nest(const Nest&) = delete;
    Nest& operator=(const Nest&) = delete;

   private:
    netrig_attributes& list_;
    std::uint32_t mark_;
  };

  Attributes() = default;
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;

  Attributes& u8(std::uint16_t type, std::uint8_t value) { return netrig_put_u8(&list_, type, value), *this; }
  Attributes& u16(std::uint16_t type, std::uint16_t value) { return netrig_put_u16(&list_, type, value), *this; }
  Attributes& be16(std::uint16_t type, std::uint16_t value) { return netrig_put_be16(&list_, type, value), *this; }
  Attributes& u32(std::uint16_t type, std::uint32_t value) { return netrig_put_u32(&list_, type, value), *this; }
  Attributes& u64(std::uint16_t type, std::uint64_t value) { return netrig_put_u64(&list_, type, value), *this; }
  Attributes& mac(std::uint16_t type, const Mac& value) { return netrig_put(&list_, type, value.data(), 6), *this; }
  Attributes& bytes(std::uint16_t type, const void* value, std::uint32_t size) {
    return netrig_put(&list_, type, value, size), *this;
  }
  /// Open until the end of the scope that it is a variable of.
  [[nodiscard]] Nest nest(std::uint16_t type) { return {list_, type}; }

  /// Throws when something did not fit.
  [[nodiscard]] const void* data() const {
    if (list_.overflow != 0) throw Failure(NETRIG_INVALID, "the parameters make attributes that do not fit into 8 KiB");
    return buffer_.data();
  }
  [[nodiscard]] std::uint32_t size() const noexcept { return list_.size; }

 private:
  alignas(4) std::array<std::uint8_t, 8192> buffer_{};
  netrig_attributes list_{buffer_.data(), static_cast<std::uint32_t>(buffer_.size()), 0, 0, 0};
};

/// Calls each(type, value, size) for every attribute in a nest; stops at the first that is cut off.
template <typename Each>
void for_each_attribute(const void* attributes, std::uint32_t size, Each&& each) {
  constexpr unsigned kTypeMask = 0x3fff;  // NLA_TYPE_MASK
  const auto* at = static_cast<const std::uint8_t*>(attributes);
  while (size >= 4) {
    std::uint16_t header[2];
    std::memcpy(header, at, sizeof header);
    const std::uint32_t length = header[0];
    if (length < 4 || length > size) return;
    each(static_cast<std::uint16_t>(header[1] & kTypeMask), static_cast<const void*>(at + 4), length - 4);
    const std::uint32_t step = (length + 3) & ~std::uint32_t{3};
    if (step >= size) return;
    at += step;
    size -= step;
  }
}

/// A number from an attribute of its size; nothing if the attribute is shorter.
template <typename Number>
std::optional<Number> number(const void* value, std::uint32_t size) {
  static_assert(std::is_integral_v<Number>);
  if (size < sizeof(Number)) return std::nullopt;
  Number result{};
  std::memcpy(&result, value, sizeof result);
  return result;
}

}  // namespace netrig

#endif  // NETRIG_ATTRIBUTES_HPP
