// SPDX-License-Identifier: Apache-2.0
// Values of parameters that are more than digits: bytes, and shares of a whole.
#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <charconv>

#include "model/parameter.hpp"
#include "model/qdisc.hpp"

namespace netrig {
namespace {

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// Pairs of digits; `ignored`: what may stand between them, and nowhere else.
std::optional<std::string> hex_of(std::string_view text, const char* ignored) {
  std::string bytes(text.size() / 2, '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  if (::sodium_hex2bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(), text.size(), ignored,
                       &size, &end) != 0 ||
      end != text.data() + text.size())
    return std::nullopt;
  bytes.resize(size);
  return bytes;
}

/// "00:11:22": two digits, and a colon before the next two.
std::optional<std::string> pairs_of(std::string_view text) {
  if (text.size() % 3 != 2) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (i % 3 == 2 ? text[i] != ':' : !is_hex(text[i])) return std::nullopt;
  return hex_of(text, ":");
}

/// Whole, with its padding.
std::optional<std::string> base64_of(std::string_view text) {
  std::string bytes(text.size() / 4 * 3, '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  if (::sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(), text.size(),
                          nullptr, &size, &end, sodium_base64_VARIANT_ORIGINAL) != 0 ||
      end != text.data() + text.size())
    return std::nullopt;
  bytes.resize(size);
  return bytes;
}

}  // namespace

bool could_be_either(std::string_view text) {
  return !text.empty() && text.size() % 2 == 0 && std::all_of(text.begin(), text.end(), is_hex);
}

std::optional<std::string> parse_bytes(std::string_view text) {
  if (text.empty()) return std::string();
  // A key of 32 bytes may begin like that in base64, where its padding tells.
  if (text.starts_with("0x") && !text.ends_with('='))
    return text.size() == 2 ? std::nullopt : hex_of(text.substr(2), nullptr);
  if (could_be_either(text)) return std::nullopt;
  if (text.find(':') != std::string_view::npos) return pairs_of(text);
  return base64_of(text);
}

std::string format_bytes(std::string_view bytes) {
  std::string text = bytes.empty() ? "" : "0x";
  for (const char c : bytes) fmt::format_to(std::back_inserter(text), "{:02x}", static_cast<unsigned char>(c));
  return text;
}

std::string format_base64(std::string_view bytes) {
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  ::sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                      sodium_base64_VARIANT_ORIGINAL);
  text.pop_back();  // the NUL
  return text;
}

std::optional<std::int64_t> fraction_of(double percent) {
  if (!(percent >= 0 && percent <= 100)) return std::nullopt;
  return static_cast<std::int64_t>(share_of(percent));
}

std::optional<std::int64_t> parse_percent(std::string_view text) {
  if (text.ends_with('%')) text.remove_suffix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return fraction_of(number);
}

std::string format_fraction(std::int64_t fraction) {
  return fmt::format("{}%", percent_of(static_cast<PacketShare>(fraction)));
}

bool operator==(const FileContent& one, const FileContent& other) {
  if (one.key == other.key) return one.digest == other.digest;
  if (one.text) return digest_of(*one.text, other.key) == other.digest;
  return other.text && digest_of(*other.text, one.key) == one.digest;
}

const std::string& digest_key() {
  static const std::string kKey = [] {
    if (::sodium_init() < 0) throw Error(ErrorCode::internal, "libsodium does not start");
    std::string bytes(crypto_generichash_KEYBYTES, '\0');
    ::randombytes_buf(bytes.data(), bytes.size());
    return format_bytes(bytes).substr(2);
  }();
  return kKey;
}

std::string digest_of(std::string_view bytes, std::string_view key) {
  constexpr std::size_t kSize = 32;
  std::string digest(kSize, '\0');
  ::crypto_generichash(reinterpret_cast<unsigned char*>(digest.data()), kSize,
                       reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                       key.empty() ? nullptr : reinterpret_cast<const unsigned char*>(key.data()), key.size());
  return format_bytes(digest).substr(2);
}

}  // namespace netrig
