// SPDX-License-Identifier: Apache-2.0
// Own code and no library, for the file is the author's and this process may be root's: what libdw makes of hostile
// debug information, and libstdc++'s demangler of hostile names, nobody promises (docs/decisions/037-backtraces.md).
#include "driver/symbols.hpp"

#include <elf.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <optional>

#include "driver/elf_image.hpp"
#include "model/printable.hpp"

namespace netrig::driver {
namespace {

constexpr std::uint64_t kMostSymbols = 1 << 20;
constexpr std::size_t kLongestName = 255;

struct SymbolTable {
  Elf64_Shdr symbols;
  Elf64_Shdr strings;
};

std::optional<SymbolTable> table_of(const ElfImage& image) {
  const auto header = image.at<Elf64_Ehdr>(0);
  const auto section = [&](std::uint64_t index) {
    return image.at<Elf64_Shdr>(header.e_shoff + index * sizeof(Elf64_Shdr));
  };
  std::optional<SymbolTable> found;
  for (std::uint16_t i = 0; header.e_shentsize == sizeof(Elf64_Shdr) && i < header.e_shnum; ++i) {
    const Elf64_Shdr one = section(i);
    const bool better = one.sh_type == SHT_SYMTAB || (one.sh_type == SHT_DYNSYM && !found);
    if (better && one.sh_entsize == sizeof(Elf64_Sym) && one.sh_link < header.e_shnum)
      found = SymbolTable{one, section(one.sh_link)};
  }
  return found;
}

std::string name_at(const ElfImage& image, const Elf64_Shdr& strings, std::uint32_t index) {
  if (index >= strings.sh_size) return {};
  const auto bytes = image.range(strings.sh_offset, strings.sh_size).subspan(index);
  const auto* from = reinterpret_cast<const char*>(bytes.data());
  return {from, strnlen(from, std::min(bytes.size(), kLongestName))};
}

/// Takes names and scopes off the begin of a mangled name (Itanium C++ ABI, 5.1; Rust's older ones are alike).
class Names {
 public:
  explicit Names(std::string_view text) : rest_(text) {}

  /// Nothing: it is more than names and scopes.
  std::optional<std::string> read() {
    take('Z');  // something inside of it, a lambda perhaps
    const bool nested = take('N');
    while (nested && (take('K') || take('V') || take('r'))) continue;
    if (rest_.starts_with("St")) {
      rest_.remove_prefix(2);
      add("std");
    }
    do {
      take('L');  // of this file alone
      if (!read_name()) return std::nullopt;
      if (rest_.starts_with('I') && !skip_arguments()) return std::nullopt;
    } while (nested && !rest_.starts_with('E') && !is_special());
    return names_;
  }

 private:
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// A constructor or destructor: what is made or unmade has been said.
  [[nodiscard]] bool is_special() const {
    return rest_.size() > 1 && (rest_[0] == 'C' || rest_[0] == 'D') && rest_[1] >= '0' && rest_[1] <= '9';
  }
  std::optional<std::string_view> take_name() {
    std::size_t length = 0;
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9' && length < kLongestName) {
      length = length * 10 + static_cast<std::size_t>(rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    if (length == 0 || length > rest_.size()) return std::nullopt;
    const std::string_view name = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return name;
  }
  bool read_name() {
    const auto name = take_name();
    if (!name) return false;
    const bool hash = name->size() == 17 && name->front() == 'h' &&
                      std::all_of(name->begin() + 1, name->end(), [](char c) { return std::isxdigit(c) != 0; });
    if (!name->starts_with("_GLOBAL__N_") && !hash) add(*name);  // Rust's end in a hash
    return true;
  }
  /// Template arguments, which nest: "I...E".
  bool skip_arguments() {
    for (int depth = 0; !rest_.empty();) {
      const char c = rest_.front();
      if (c >= '0' && c <= '9') {
        if (!take_name()) return false;
        continue;
      }
      rest_.remove_prefix(1);
      if (c == 'L' && !skip_literal()) return false;
      if (c == 'I' || c == 'N' || c == 'J' || c == 'F' || c == 'X') ++depth;
      if (c == 'E' && --depth == 0) return true;
    }
    return false;
  }
  /// "i4E"; not one of a type that has a name.
  bool skip_literal() {
    const std::size_t end = rest_.find('E');
    if (end == std::string_view::npos || end == 0 || rest_[0] < 'a' || rest_[0] > 'z') return false;
    rest_.remove_prefix(end + 1);
    return true;
  }
  void add(std::string_view name) {
    if (!names_.empty()) names_ += "::";
    names_ += name;
  }

  std::string_view rest_;
  std::string names_;
};

}  // namespace

std::string readable_name(std::string_view symbol) {
  // "fill.cold", "fill.part.0": a part of it, as compilers take functions apart.
  if (!symbol.starts_with("_Z")) return std::string(symbol.substr(0, symbol.find('.', 1)));
  return Names(symbol.substr(2)).read().value_or(std::string(symbol));
}

std::vector<std::string> functions_at(std::span<const std::byte> file, const std::vector<std::uint64_t>& places) {
  std::vector<std::string> names(places.size());
  try {
    const ElfImage image(file);
    const auto table = table_of(image);
    const std::uint64_t count = table ? std::min(table->symbols.sh_size / sizeof(Elf64_Sym), kMostSymbols) : 0;
    // Only the last is read: a hostile file has any number of functions at one place.
    std::vector<std::optional<std::uint32_t>> found(places.size());
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto symbol = image.at<Elf64_Sym>(table->symbols.sh_offset + i * sizeof(Elf64_Sym));
      if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx == SHN_UNDEF) continue;
      for (std::size_t k = 0; k < places.size(); ++k)
        if (places[k] >= symbol.st_value && places[k] - symbol.st_value < symbol.st_size) found[k] = symbol.st_name;
    }
    for (std::size_t k = 0; k < places.size(); ++k)
      if (found[k]) names[k] = one_line(readable_name(name_at(image, table->strings, *found[k])));
  } catch (const Error&) {
    // What is damaged has no more names.
  }
  return names;
}

}  // namespace netrig::driver
