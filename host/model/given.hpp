// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <utility>

#include "model/error.hpp"

namespace netrig {

/// A value that a lab file may give, with the place where it does. What is not given is free: the kernel chooses, and
/// nobody compares or mends it.
template <typename T>
class Given {
 public:
  using Value = T;
  Given() = default;
  Given(T value, Position at = {}) : value_(std::move(value)), where(at) {}  // NOLINT: as std::optional does

  [[nodiscard]] bool has_value() const { return value_.has_value(); }
  explicit operator bool() const { return value_.has_value(); }
  const T& operator*() const { return *value_; }
  T& operator*() { return *value_; }
  const T* operator->() const { return &*value_; }
  [[nodiscard]] T value_or(T otherwise) const { return value_.value_or(std::move(otherwise)); }
  [[nodiscard]] const std::optional<T>& optional() const { return value_; }
  void reset() { value_.reset(); }
  /// Where it stands never takes part (Position).
  friend bool operator==(const Given&, const Given&) = default;

 private:
  std::optional<T> value_;

 public:
  Position where;
};

}  // namespace netrig
