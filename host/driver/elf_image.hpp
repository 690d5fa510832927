// SPDX-License-Identifier: Apache-2.0
// The bytes of a plugin's file, which nobody has checked yet.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "driver/refusal.hpp"

namespace netrig::driver {

/// Read only within bounds; throws Refusal for what lies outside.
class ElfImage {
 public:
  explicit ElfImage(std::span<const std::byte> bytes) : bytes_(bytes) {}

  template <typename T>
  [[nodiscard]] T at(std::uint64_t offset) const {
    T value{};
    std::memcpy(&value, range(offset, sizeof value).data(), sizeof value);
    return value;
  }
  void require(std::uint64_t offset, std::uint64_t size) const {
    if (offset > bytes_.size() || size > bytes_.size() - offset)
      throw Refusal("binary.file", "the file is truncated or damaged");
  }
  [[nodiscard]] std::span<const std::byte> range(std::uint64_t offset, std::uint64_t size) const {
    require(offset, size);
    return bytes_.subspan(offset, size);
  }
  [[nodiscard]] std::uint64_t size() const { return bytes_.size(); }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace netrig::driver
