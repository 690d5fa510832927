// SPDX-License-Identifier: Apache-2.0
// Values as bytes between host and worker: fixed-width numbers in host byte order, and texts and lists behind their
// length. A reader believes no length.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "model/error.hpp"

namespace netrig::driver {

class WireWriter {
 public:
  template <typename T>
  requires std::is_integral_v<T> || std::is_enum_v<T> WireWriter& put(T value) {
    const auto* from = reinterpret_cast<const std::byte*>(&value);
    bytes_.insert(bytes_.end(), from, from + sizeof value);
    return *this;
  }
  WireWriter& bytes(std::span<const std::byte> value) {
    put(static_cast<std::uint32_t>(value.size()));
    bytes_.insert(bytes_.end(), value.begin(), value.end());
    return *this;
  }
  WireWriter& text(std::string_view value) { return bytes(std::as_bytes(std::span(value))); }
  [[nodiscard]] std::span<const std::byte> data() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

/// Throws Error{driver} when the bytes end early, or hold what they may not.
class WireReader {
 public:
  explicit WireReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  template <typename T>
  requires std::is_integral_v<T> T get() {
    T value{};
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  bool flag() {
    const auto value = get<std::uint8_t>();
    if (value > 1) garbled();
    return value == 1;
  }
  std::span<const std::byte> bytes(std::size_t most) { return take(count(most)); }
  std::string text(std::size_t most) {
    const auto value = bytes(most);
    if (std::find(value.begin(), value.end(), std::byte{0}) != value.end()) garbled();
    return {reinterpret_cast<const char*>(value.data()), value.size()};
  }
  /// Length of a list, whose every element takes at least one byte.
  std::size_t count(std::size_t most) {
    const auto value = get<std::uint32_t>();
    if (value > most || value > bytes_.size()) garbled();
    return value;
  }
  /// Nothing may be left.
  void end() const {
    if (!bytes_.empty()) garbled();
  }
  [[noreturn]] static void garbled() { throw Error(ErrorCode::driver, "its worker sent a message that is malformed"); }

 private:
  std::span<const std::byte> take(std::size_t size) {
    if (size > bytes_.size()) garbled();
    const auto taken = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return taken;
  }

  std::span<const std::byte> bytes_;
};

}  // namespace netrig::driver
