// SPDX-License-Identifier: Apache-2.0
#include "report/escape.hpp"

#include <algorithm>

namespace netrig::report {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

bool continues(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80U;
}

/// Bytes of the character that begins here; 0 if none does (RFC 3629: no overlong forms, no surrogates).
std::size_t character(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(at);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return continues(text, at + 1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    if (!continues(text, at + 1) || !continues(text, at + 2)) return 0;
    if ((first == 0xe0 && byte(at + 1) < 0xa0) || (first == 0xed && byte(at + 1) > 0x9f)) return 0;
    // U+FFFE and U+FFFF are no characters of XML.
    return first == 0xef && byte(at + 1) == 0xbf && byte(at + 2) >= 0xbe ? 0 : 3;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    if (!continues(text, at + 1) || !continues(text, at + 2) || !continues(text, at + 3)) return 0;
    return (first == 0xf0 && byte(at + 1) < 0x90) || (first == 0xf4 && byte(at + 1) > 0x8f) ? 0 : 4;
  }
  return 0;
}

}  // namespace

std::string clean(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = character(text, at);
    const auto first = static_cast<unsigned char>(text[at]);
    if (size == 0 || (first < 0x20 && first != '\n' && first != '\t') || first == 0x7f)
      result += kReplacement;
    else
      result += text.substr(at, size);
    at += std::max<std::size_t>(size, 1);
  }
  return result;
}

std::string xml(std::string_view text) {
  std::string result;
  for (const char c : clean(text)) switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  return result;
}

std::string one_line(std::string_view text) {
  std::string result = clean(text);
  std::replace(result.begin(), result.end(), '\n', ' ');
  return result;
}

}  // namespace netrig::report
