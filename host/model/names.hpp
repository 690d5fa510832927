// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <compare>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace netrig {

/// Why a text is no valid name: one clause without the value ("is longer than 15 bytes"), or nothing if it is valid.
using NameFault = std::optional<std::string>;

NameFault interface_name_fault(std::string_view text);
NameFault namespace_name_fault(std::string_view text);
NameFault lab_name_fault(std::string_view text);
NameFault device_name_fault(std::string_view text);

/// A checked name. Constructing one from a bad text throws Error{invalid}.
template <NameFault (*fault)(std::string_view)>
class Name {
 public:
  explicit Name(std::string text);
  [[nodiscard]] const std::string& str() const noexcept { return text_; }
  [[nodiscard]] const char* c_str() const noexcept { return text_.c_str(); }
  friend auto operator<=>(const Name&, const Name&) = default;  // NOLINT(modernize-use-nullptr): as IpAddress
  friend bool operator==(const Name&, const Name&) = default;

 private:
  std::string text_;
};

/// 1 to 15 bytes, printable ASCII without '/', ':', '%' and white space, not "." or ".." (dev_valid_name in
/// net/core/dev.c, narrowed to what every tool can print and parse; '%' would be a name template).
using InterfaceName = Name<interface_name_fault>;
/// 1 to 255 bytes of [A-Za-z0-9._@+-], not beginning with '-' or '.': a file in /run/netns.
using NamespaceName = Name<namespace_name_fault>;
/// 1 to 64 bytes of [A-Za-z0-9._-], beginning with a letter or digit: a directory in /run/netrig.
using LabName = Name<lab_name_fault>;
/// 1 to 255 bytes of [A-Za-z0-9._@+-], beginning with a letter, digit or '_'.
using DeviceName = Name<device_name_fault>;

/// Shell pattern ("h1-*", "?", "[a-c]") against a name; fnmatch(3) without path rules.
bool matches(std::string_view pattern, std::string_view name);

/// The candidate most like `word`, if one is close enough to be worth suggesting.
template <typename Range>
std::optional<std::string> closest(std::string_view word, const Range& candidates);
std::size_t edit_distance(std::string_view a, std::string_view b);

template <typename Range>
std::optional<std::string> closest(std::string_view word, const Range& candidates) {
  std::optional<std::string> best;
  std::size_t best_distance = word.size() / 3 + 2;  // exclusive: one slip in short words, more in long ones
  for (const auto& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = std::string(candidate);
    }
  }
  return best;
}

}  // namespace netrig

template <netrig::NameFault (*fault)(std::string_view)>
struct std::hash<netrig::Name<fault>> {
  std::size_t operator()(const netrig::Name<fault>& name) const noexcept {
    return std::hash<std::string>{}(name.str());
  }
};
