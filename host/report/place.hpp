// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace netrig::report {

/// "lab.toml:7:8" in its parts, for formats that have places for them.
struct FilePlace {
  std::string file = {};
  std::uint32_t line = 0;  ///< 0: unknown
  std::uint32_t column = 0;
};
/// What ends in no numbers is all file.
inline FilePlace place_of(std::string_view where) {
  const auto take_number = [&where]() -> std::uint32_t {
    const std::size_t colon = where.rfind(':');
    std::uint32_t number = 0;
    if (colon == std::string_view::npos) return 0;
    const char* end = where.data() + where.size();
    const auto read = std::from_chars(where.data() + colon + 1, end, number);
    if (read.ec != std::errc() || read.ptr != end) return 0;
    where = where.substr(0, colon);
    return number;
  };
  FilePlace place;
  place.line = take_number();
  const std::uint32_t before = place.line == 0 ? 0 : take_number();
  if (before != 0) {
    place.column = place.line;
    place.line = before;
  }
  place.file = where;
  return place;
}

}  // namespace netrig::report
