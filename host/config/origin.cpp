// SPDX-License-Identifier: Apache-2.0
// What a lab was read from, as its record keeps it. A file alone is kept as it is. If it includes others, or names
// files for its namespaces, or if the
// command line has a say, all that is kept together, so that the lab can be read again as it was, and so that two that
// are alike are told from two that are not by comparing bytes.
#include <fmt/format.h>

#include <charconv>
#include <sstream>

#include "config/files.hpp"

namespace netrig::config {
namespace {

// No TOML has a NUL in it, so no lab file is taken for this.
constexpr std::string_view kMark{"\0netrig lab 1\n", 14};

/// "KEY SIZE\nBYTES\n".
void put(std::string& all, std::string_view key, std::string_view bytes) {
  all += fmt::format("{} {}\n{}\n", key, bytes.size(), bytes);
}

class Unpacker {
 public:
  explicit Unpacker(std::string_view rest) : rest_(rest) {}

  Origin origin() {
    Origin origin;
    while (!rest_.empty()) {
      const std::size_t space = rest_.find(' ');
      const std::size_t line = rest_.find('\n');
      if (line == std::string_view::npos || space > line) refuse();
      const std::string_view key = rest_.substr(0, space);
      std::size_t size = 0;
      const auto [end, error] = std::from_chars(rest_.data() + space + 1, rest_.data() + line, size);
      if (error != std::errc{} || end != rest_.data() + line || size >= rest_.size() - line - 1) refuse();
      std::string bytes(rest_.substr(line + 1, size));
      rest_.remove_prefix(line + 1 + size + 1);
      if (key == "lab")
        origin.text = std::move(bytes);
      else if (key == "name")
        origin.name = std::move(bytes);
      else if (key == "set")
        origin.set.push_back(std::move(bytes));
      else if (key == "file" || key == "program")
        origin.contents.push_back({.path = std::move(bytes), .text = {}, .executable = key == "program"});
      else if (key == "content" && !origin.contents.empty())
        origin.contents.back().text = std::move(bytes);
      else if (key == "secret")
        origin.secrets.push_back(secret_of(bytes));
      else if (key == "path")
        origin.includes.push_back({.path = std::move(bytes), .text = {}});
      else if (key == "include" && !origin.includes.empty())
        origin.includes.back().text = std::move(bytes);
      else
        refuse();
    }
    return origin;
  }

 private:
  /// "KEY DIGEST SIZE PATH"
  static SecretFile secret_of(const std::string& text) {
    SecretFile one;
    std::istringstream in(text);
    if (!(in >> one.key >> one.digest >> one.size && in.get() == ' ' && std::getline(in, one.path, '\0'))) refuse();
    return one;
  }
  [[noreturn]] static void refuse() { throw Error(ErrorCode::invalid, "what the lab was read from is damaged"); }
  std::string_view rest_;
};

}  // namespace

std::string packed(const Origin& origin) {
  if (origin.includes.empty() && origin.contents.empty() && origin.secrets.empty() && origin.set.empty() &&
      origin.name.empty())
    return origin.text;
  std::string all(kMark);
  put(all, "lab", origin.text);
  if (!origin.name.empty()) put(all, "name", origin.name);
  for (const std::string& one : origin.set) put(all, "set", one);
  for (const Origin::File& one : origin.includes) {
    put(all, "path", one.path);
    put(all, "include", one.text);
  }
  for (const Content& one : origin.contents) {
    put(all, one.executable ? "program" : "file", one.path);
    put(all, "content", one.text);
  }
  for (const SecretFile& one : origin.secrets)
    put(all, "secret", fmt::format("{} {} {} {}", one.key, one.digest, one.size, one.path));
  return all;
}

Origin unpacked(std::string_view source) {
  if (!source.starts_with(kMark)) return {.text = std::string(source)};
  return Unpacker(source.substr(kMark.size())).origin();
}

}  // namespace netrig::config
