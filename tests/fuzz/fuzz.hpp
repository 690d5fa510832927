// SPDX-License-Identifier: Apache-2.0
// What all targets share: an Error is a good answer, everything else that leaves is a defect.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "model/error.hpp"

template <typename Body>
void refused_or_fine(Body&& body) {
  try {
    body();
  } catch (const netrig::Error& error) {
    if (error.code() == netrig::ErrorCode::internal) __builtin_trap();
  }
}

inline std::span<const std::byte> bytes_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const std::byte*>(data), size};
}
