// SPDX-License-Identifier: Apache-2.0
#include "report/terminal.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "model/printable.hpp"

namespace netrig::report {

Terminal terminal_at(int fd) {
  constexpr std::size_t kUsual = 80;
  if (::isatty(fd) == 0) return {};
  winsize size{};
  const bool known = ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  const char* kind = std::getenv("TERM");
  return {.columns = known ? size.ws_col : kUsual,
          .escapes = kind != nullptr && *kind != '\0' && std::string_view(kind) != "dumb"};
}

std::vector<std::string> wrapped(std::string_view text, std::size_t columns) {
  if (columns == 0 || width_of(text) <= columns) return {std::string(text)};
  std::vector<std::string> lines;
  std::string line;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string_view word = text.substr(at, end - at);
    if (at == 0) {
      line = word;
    } else if (width_of(line) + 1 + width_of(word) <= columns) {
      line += fmt::format(" {}", word);
    } else {
      lines.push_back(std::move(line));
      line = word;
    }
    at = end + 1;
  }
  lines.push_back(std::move(line));
  return lines;
}

std::string shortened(std::string_view text, std::size_t columns) {
  if (width_of(text) <= columns) return std::string(text);
  constexpr std::string_view kMore = "...";
  if (columns <= kMore.size()) return std::string(columns, '.');
  std::size_t size = text.size();
  // Never in the middle of a character.
  while (size > 0 && (width_of(text.substr(0, size)) > columns - kMore.size() ||
                      (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80U))
    --size;
  return std::string(text.substr(0, size)) + std::string(kMore);
}

}  // namespace netrig::report
