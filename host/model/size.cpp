// SPDX-License-Identifier: Apache-2.0
#include "model/size.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace netrig {
namespace {

// get_size() of tc/tc_util.c, which does not tell large letters from small ones.
constexpr std::array<std::pair<std::string_view, std::uint64_t>, 10> kTcUnits = {{{"b", 1},
                                                                                  {"k", 1U << 10U},
                                                                                  {"kb", 1U << 10U},
                                                                                  {"kbit", (1U << 10U) / 8},
                                                                                  {"m", 1U << 20U},
                                                                                  {"mb", 1U << 20U},
                                                                                  {"mbit", (1U << 20U) / 8},
                                                                                  {"g", 1U << 30U},
                                                                                  {"gb", 1U << 30U},
                                                                                  {"gbit", (1U << 30U) / 8}}};

}  // namespace

std::optional<std::uint64_t> parse_size(std::string_view text, std::uint64_t most) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  const std::string_view unit(stop, static_cast<std::size_t>(end - stop));
  const unsigned shift = unit == "KiB" ? 10 : unit == "MiB" ? 20 : unit == "GiB" ? 30 : unit.empty() ? 0 : 64;
  if (error != std::errc() || shift == 64 || number > (most >> shift)) return std::nullopt;
  return number << shift;
}

std::optional<std::uint64_t> parse_tc_size(std::string_view text, std::uint64_t most) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  std::string unit(stop, end);
  for (char& c : unit)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  for (const auto& [word, bytes] : kTcUnits)
    if (error == std::errc() && unit == word && number <= most / bytes) return number * bytes;
  return std::nullopt;
}

std::string format_size(std::uint64_t bytes) {
  constexpr std::array<std::pair<unsigned, const char*>, 3> kUnits = {{{30U, "GiB"}, {20U, "MiB"}, {10U, "KiB"}}};
  for (const auto& [shift, unit] : kUnits)
    if (bytes != 0 && bytes % (std::uint64_t{1} << shift) == 0) return std::to_string(bytes >> shift) + unit;
  return std::to_string(bytes);
}

}  // namespace netrig
