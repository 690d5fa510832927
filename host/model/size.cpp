// SPDX-License-Identifier: Apache-2.0
#include "model/size.hpp"

#include <charconv>

namespace netrig {

std::optional<std::uint64_t> parse_size(std::string_view text, std::uint64_t most) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  const std::string_view unit(stop, static_cast<std::size_t>(end - stop));
  const unsigned shift = unit == "KiB" ? 10 : unit == "MiB" ? 20 : unit == "GiB" ? 30 : unit.empty() ? 0 : 64;
  if (error != std::errc() || shift == 64 || number > (most >> shift)) return std::nullopt;
  return number << shift;
}

}  // namespace netrig
