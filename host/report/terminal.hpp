// SPDX-License-Identifier: Apache-2.0
// What output depends on the terminal for, and text laid out for it.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace netrig::report {

/// The terminal behind a descriptor.
struct Terminal {
  std::size_t columns = 0;  ///< 0: it is none, so lines are as long as they need
  bool escapes = false;     ///< it understands escape sequences: not TERM=dumb
};
Terminal terminal_at(int fd);

/// Text in lines of so many columns, broken at blanks; a longer word stands alone, so that it can be copied whole. With
/// 0 columns it is one line.
std::vector<std::string> wrapped(std::string_view text, std::size_t columns);

/// The beginning of a text that fits, with "..." if it is not all of it.
std::string shortened(std::string_view text, std::size_t columns);

}  // namespace netrig::report
