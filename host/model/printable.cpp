// SPDX-License-Identifier: Apache-2.0
#include "model/printable.hpp"

#include <fmt/format.h>
#include <locale.h>
#include <wchar.h>

#include <algorithm>
#include <array>

namespace netrig {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

/// Beyond ASCII: what is obeyed, is invisible, or turns its neighbours around. The joiners U+200C and U+200D are not
/// here, for words of some languages are wrong without them.
constexpr std::array kObeyed = {
    Range{0x80, 0x9f},    // control characters; U+009B begins an escape sequence like ESC [
    Range{0x61c, 0x61c},  // direction marks, overrides and isolates
    Range{0x200e, 0x200f},   Range{0x202a, 0x202e}, Range{0x2066, 0x2069},
    Range{0x2028, 0x2029},                                                  // ends of line and of paragraph
    Range{0x200b, 0x200b},                                                  // of no width
    Range{0x2060, 0x2064},   Range{0xfeff, 0xfeff}, Range{0xfff9, 0xfffb},  // annotations
    Range{0xfffe, 0xffff},                                                  // no characters of XML
    Range{0xe0000, 0xe007f},                                                // tags
};

bool is_obeyed(char32_t code) {
  if (code < 0x7f) return code < 0x20 && code != '\n' && code != '\t';
  if (code == 0x7f) return true;
  return std::any_of(kObeyed.begin(), kObeyed.end(),
                     [&](const Range& range) { return code >= range.first && code <= range.last; });
}

struct Character {
  char32_t code = 0;
  std::size_t size = 0;  ///< Units: bytes; 0: none begins here
};

/// RFC 3629: no overlong forms, no surrogates.
Character character_at(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(at);
  if (first < 0x80) return {first, 1};
  const std::size_t size = first >= 0xc2 && first <= 0xdf   ? 2
                           : first >= 0xe0 && first <= 0xef ? 3
                           : first >= 0xf0 && first <= 0xf4 ? 4
                                                            : 0;
  if (size == 0 || at + size > text.size()) return {};
  char32_t code = first & (0x7fU >> size);
  for (std::size_t i = at + 1; i < at + size; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return {};
    code = (code << 6U) | (byte(i) & 0x3fU);
  }
  constexpr std::array<char32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kLeast.at(size) || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return {};
  return {code, size};
}

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= ' ' && c < 0x7f) || c == '\n' || c == '\t'; });
}

/// Copies text; what is obeyed, and bytes that are no character, as `shown` writes them.
template <typename Shown>
std::string rewritten(std::string_view text, const Shown& shown) {
  if (is_plain(text)) return std::string(text);
  std::string result;
  result.reserve(text.size() + 16);
  for (std::size_t at = 0; at < text.size();) {
    const Character one = character_at(text, at);
    if (one.size != 0 && !is_obeyed(one.code))
      result += text.substr(at, one.size);
    else
      result += shown(one, static_cast<unsigned char>(text[at]));
    at += std::max<std::size_t>(one.size, 1);
  }
  return result;
}

}  // namespace

std::string printable(std::string_view text) {
  return rewritten(text, [](const Character& one, unsigned byte) {
    return one.size <= 1 ? fmt::format("\\x{:02x}", byte) : fmt::format("\\u{:04x}", static_cast<unsigned>(one.code));
  });
}

std::string one_line(std::string_view text) {
  std::string result = printable(text);
  std::replace(result.begin(), result.end(), '\n', ' ');
  return result;
}

std::string log_line(std::string_view text) {
  std::string result = one_line(text);
  if (const std::size_t begin = result.find_first_not_of(" \t");
      begin != std::string::npos && result.compare(begin, 2, "::") == 0)
    result.insert(begin, "\\");
  for (std::size_t at = result.find("##["); at != std::string::npos; at = result.find("##[", at + 4))
    result.insert(at + 2, "\\");
  return result;
}

std::string printable_json(std::string_view json) {
  return rewritten(json, [](const Character& one, unsigned) {
    const auto code = static_cast<unsigned>(one.code);
    if (one.size == 0) return std::string("\\ufffd");
    if (code < 0x10000) return fmt::format("\\u{:04x}", code);
    return fmt::format("\\u{:04x}\\u{:04x}", 0xd7c0U + (code >> 10U), 0xdc00U + (code & 0x3ffU));
  });
}

std::string shell_word(std::string_view text) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+@%:,=-";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos) return std::string(text);
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::size_t width_of(std::string_view text) {
  if (is_plain(text)) return text.size();
  // What the C library knows of widths, whatever locale the user has.
  static const locale_t kUtf8 = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  const locale_t before = kUtf8 == nullptr ? nullptr : ::uselocale(kUtf8);
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Character one = character_at(text, at);
    const int columns = before == nullptr ? 1 : ::wcwidth(static_cast<wchar_t>(one.code));
    width += columns < 0 ? 1 : static_cast<std::size_t>(columns);
    at += std::max<std::size_t>(one.size, 1);
  }
  if (before != nullptr) ::uselocale(before);
  return width;
}

}  // namespace netrig
