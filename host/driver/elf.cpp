// SPDX-License-Identifier: Apache-2.0
// Boost.DLL's library_info reads .symtab only, which a stripped plugin lacks, and follows offsets unchecked; so the
// dynamic symbol table is read here, the way the dynamic loader finds it (docs/decisions/003-own-elf-reader.md).
#include "driver/elf.hpp"

#include <elf.h>
#include <fmt/format.h>
#include <netrig/driver.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string_view>

#include "driver/elf_image.hpp"
#include "driver/refusal.hpp"
#include "driver/table.hpp"
#include "model/error.hpp"

namespace netrig::driver {
namespace {

// elf.h of glibc 2.36 and newer has names for them.
constexpr std::int64_t kRelrSize = 35;
constexpr std::int64_t kRelr = 36;

#if defined(__x86_64__)
constexpr std::uint16_t kMachine = EM_X86_64;
constexpr std::uint32_t kCopy = R_X86_64_COPY;
#elif defined(__aarch64__)
constexpr std::uint16_t kMachine = EM_AARCH64;
constexpr std::uint32_t kCopy = R_AARCH64_COPY;
#elif defined(__riscv)
constexpr std::uint16_t kMachine = EM_RISCV;
constexpr std::uint32_t kCopy = R_RISCV_COPY;
#elif defined(__powerpc64__)
constexpr std::uint16_t kMachine = EM_PPC64;
constexpr std::uint32_t kCopy = R_PPC64_COPY;
#elif defined(__s390x__)
constexpr std::uint16_t kMachine = EM_S390;
constexpr std::uint32_t kCopy = R_390_COPY;
#else
#error "add this machine's ELF number"
#endif

/// `check`: what of `netrig drivers test` it is.
[[noreturn]] void refuse(const std::string& reason, const char* check = "binary.file") { throw Refusal(check, reason); }

constexpr std::size_t kLongestLibrary = 255;
constexpr std::uint64_t kMostSymbols = 1 << 16;  // whose names are kept

/// What can be shown on a terminal, and stands between blanks.
bool is_word(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f && c != '"'; });
}

struct Dynamic {
  std::vector<std::uint64_t> needed;
  std::optional<std::uint64_t> strings, strings_size, symbols, hash, gnu_hash;
  std::optional<std::uint64_t> relocations, relocations_size;  // DT_RELA
  std::optional<std::uint64_t> jumps, jumps_size;              // DT_JMPREL
  std::optional<std::uint64_t> relative, relative_size;        // DT_RELR
  bool bind_now = false;
};

class Reader {
 public:
  explicit Reader(std::span<const std::byte> file) : image_(file) {}

  Plugin read() {
    check_header();
    read_segments();
    if (!table_) {
      if (is_draft_)
        refuse(
            "it is built for a draft of the driver ABI (1.0) that was given up before its release; build it anew with "
            "the SDK of ABI 0.9",
            "binary.note");
      refuse("it has no netrig note, so it is no netrig driver", "binary.note");
    }
    read_dynamic();
    check_relocations();
    plugin_.about = read_table(image_.range(*table_, table_size_));
    check_needed();
    if (plugin_.about.functions != 0) check_exports();
    return std::move(plugin_);
  }

  /// After read().
  Linkage linkage() {
    linkage_.sealed = linkage_.sealed && found_.bind_now;
    if (!found_.symbols) return std::move(linkage_);
    const std::uint64_t count = std::min(symbol_count(), kMostSymbols);
    const std::uint64_t table = offset_of(*found_.symbols, 0);
    for (std::uint64_t i = 1; i < count; ++i) {
      const auto symbol = image_.at<Elf64_Sym>(table + i * sizeof(Elf64_Sym));
      const auto bytes =
          string_from(symbol.st_name).first(std::min<std::size_t>(string_from(symbol.st_name).size(), kLongestLibrary));
      const auto* from = reinterpret_cast<const char*>(bytes.data());
      (symbol.st_shndx == SHN_UNDEF ? linkage_.imports : linkage_.exports)
          .emplace_back(from, strnlen(from, bytes.size()));
    }
    return std::move(linkage_);
  }

 private:
  void check_header() {
    if (image_.size() == 0) refuse("the file is empty");
    if (image_.size() < sizeof(Elf64_Ehdr)) refuse("the file is too short to be a shared object");
    header_ = image_.at<Elf64_Ehdr>(0);
    if (std::memcmp(header_.e_ident, ELFMAG, SELFMAG) != 0) refuse("the file is not an ELF shared object");
    if (header_.e_ident[EI_CLASS] != ELFCLASS64) refuse("the file is 32-bit; this netrig is 64-bit");
    constexpr unsigned char kOrder = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;
    if (header_.e_ident[EI_DATA] != kOrder || header_.e_machine != kMachine)
      refuse(
          fmt::format("the file is for another machine (ELF machine {}, this one is {})", header_.e_machine, kMachine));
    if (header_.e_type != ET_DYN) refuse("the file is not a shared object");
    if (header_.e_phentsize != sizeof(Elf64_Phdr)) refuse("the file is truncated or damaged");
  }

  void read_segments() {
    for (std::uint16_t i = 0; i < header_.e_phnum; ++i) {
      const auto segment = image_.at<Elf64_Phdr>(header_.e_phoff + std::uint64_t{i} * sizeof(Elf64_Phdr));
      switch (segment.p_type) {
        case PT_LOAD:
          linkage_.writable_code =
              linkage_.writable_code || ((segment.p_flags & PF_W) != 0 && (segment.p_flags & PF_X) != 0);
          add_load(segment);
          break;
        case PT_GNU_RELRO:
          linkage_.sealed = true;
          break;
        case PT_DYNAMIC:
          if (dynamic_) refuse("it has two dynamic sections");
          dynamic_ = segment;
          break;
        case PT_NOTE:
          read_notes(segment);
          break;
        case PT_INTERP:
          refuse("the file is a program, not a plugin");
        case PT_GNU_STACK:
          if ((segment.p_flags & PF_X) != 0)
            refuse("it asks for an executable stack; link it with -z noexecstack", "binary.stack");
          break;
        default:
          break;
      }
    }
  }

  /// What is read here from the file must be what the dynamic loader will find in memory. It maps one segment after the
  /// other in whole pages, so one that lay over another would put other bytes where we have looked.
  void add_load(const Elf64_Phdr& segment) {
    static const std::uint64_t kPage = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    image_.require(segment.p_offset, segment.p_filesz);
    const std::uint64_t end = segment.p_vaddr + segment.p_memsz;
    const bool whole = segment.p_memsz >= segment.p_filesz && end >= segment.p_vaddr && end <= UINT64_MAX - kPage &&
                       segment.p_vaddr % kPage == segment.p_offset % kPage;
    if (!whole) refuse("the file is truncated or damaged");
    if (segment.p_vaddr / kPage * kPage < mapped_) refuse("its segments overlap");
    mapped_ = (end + kPage - 1) / kPage * kPage;
    loads_.push_back(segment);
  }

  void read_notes(const Elf64_Phdr& segment) {
    const auto bytes = ElfImage(image_.range(segment.p_offset, segment.p_filesz));
    const std::uint64_t align = segment.p_align == 8 ? 8 : 4;
    const auto padded = [&](std::uint64_t size) { return (size + align - 1) / align * align; };
    for (std::uint64_t at = 0; at + sizeof(Elf64_Nhdr) <= bytes.size();) {
      const auto note = bytes.at<Elf64_Nhdr>(at);
      const auto name = bytes.range(at + sizeof note, note.n_namesz);
      const auto is = [&](std::string_view owner) {
        return note.n_namesz == owner.size() + 1 && std::memcmp(name.data(), owner.data(), owner.size()) == 0 &&
               name[owner.size()] == std::byte{0};
      };
      const std::uint64_t description = padded(at + sizeof note + note.n_namesz);
      const auto content = bytes.range(description, note.n_descsz);
      is_draft_ = is_draft_ || is("netrig");
      if (is(NETRIG_NOTE_NAME)) {
        if (note.n_type != NETRIG_NOTE_TYPE)
          refuse(fmt::format("its netrig note has the unknown type {}", note.n_type), "binary.note");
        if (table_) refuse("it has two netrig notes", "binary.note");
        table_ = segment.p_offset + description;
        table_size_ = content.size();
      }
      at = padded(description + note.n_descsz);
    }
  }

  /// File offset of a virtual address, with `size` bytes behind it in the same segment.
  [[nodiscard]] std::uint64_t offset_of(std::uint64_t address, std::uint64_t size) const {
    for (const Elf64_Phdr& load : loads_)
      if (address >= load.p_vaddr && address - load.p_vaddr <= load.p_filesz &&
          size <= load.p_filesz - (address - load.p_vaddr))
        return load.p_offset + (address - load.p_vaddr);
    refuse("the file is truncated or damaged");
  }

  void read_dynamic() {
    if (!dynamic_) refuse("it has no dynamic section");
    // The dynamic loader looks at the address alone, and reads on until DT_NULL.
    if (offset_of(dynamic_->p_vaddr, dynamic_->p_filesz) != dynamic_->p_offset)
      refuse("its dynamic section is at one place in the file and at another in memory");
    for (std::uint64_t at = 0; at + sizeof(Elf64_Dyn) <= dynamic_->p_filesz; at += sizeof(Elf64_Dyn)) {
      const auto entry = image_.at<Elf64_Dyn>(dynamic_->p_offset + at);
      const std::uint64_t value = entry.d_un.d_val;
      switch (entry.d_tag) {
        case DT_NULL:
          return;
        case DT_NEEDED:
          found_.needed.push_back(value);
          break;
        case DT_RPATH:
        case DT_RUNPATH:
          refuse("it has an RPATH or RUNPATH; link it without, plugins may need system libraries only", "binary.paths");
        case DT_TEXTREL:
          refuse("it has text relocations; compile it with -fPIC", "binary.text");
        case DT_AUDIT:
        case DT_DEPAUDIT:
        case DT_FILTER:
        case DT_AUXILIARY:
          refuse("it names further libraries by DT_AUDIT, DT_FILTER or DT_AUXILIARY", "binary.filters");
        case DT_BIND_NOW:
          found_.bind_now = true;
          break;
        case DT_FLAGS_1:
          found_.bind_now = found_.bind_now || (value & DF_1_NOW) != 0;
          break;
        case DT_FLAGS:
          found_.bind_now = found_.bind_now || (value & DF_BIND_NOW) != 0;
          if ((value & DF_TEXTREL) != 0) refuse("it has text relocations; compile it with -fPIC", "binary.text");
          break;
        case DT_RELA:
          found_.relocations = value;
          break;
        case DT_RELASZ:
          found_.relocations_size = value;
          break;
        case DT_JMPREL:
          found_.jumps = value;
          break;
        case DT_PLTRELSZ:
          found_.jumps_size = value;
          break;
        case kRelr:
          found_.relative = value;
          break;
        case kRelrSize:
          found_.relative_size = value;
          break;
        case DT_REL:
          refuse("it has relocations without addends, which are another machine's", "binary.relocations");
        case DT_PLTREL:
          if (value != DT_RELA)
            refuse("it has relocations without addends, which are another machine's", "binary.relocations");
          break;
        case DT_STRTAB:
          found_.strings = value;
          break;
        case DT_STRSZ:
          found_.strings_size = value;
          break;
        case DT_SYMTAB:
          found_.symbols = value;
          break;
        case DT_HASH:
          found_.hash = value;
          break;
        case DT_GNU_HASH:
          found_.gnu_hash = value;
          break;
        default:
          break;
      }
    }
    refuse("its dynamic section has no end");
  }

  [[nodiscard]] std::span<const std::byte> string_from(std::uint64_t index) const {
    if (!found_.strings || !found_.strings_size || index >= *found_.strings_size)
      refuse("the file is truncated or damaged");
    return image_.range(offset_of(*found_.strings, *found_.strings_size), *found_.strings_size).subspan(index);
  }
  /// Compares no more than it must: a table of many names may have one that is as long as the file.
  [[nodiscard]] bool is_string_at(std::uint64_t index, std::string_view text) const {
    const auto bytes = string_from(index);
    return bytes.size() > text.size() && std::memcmp(bytes.data(), text.data(), text.size()) == 0 &&
           bytes[text.size()] == std::byte{0};
  }
  [[nodiscard]] std::string string_at(std::uint64_t index) const {
    const auto bytes = string_from(index);
    const auto* from = reinterpret_cast<const char*>(bytes.data());
    const std::size_t length = strnlen(from, bytes.size());
    if (length == bytes.size()) refuse("the file is truncated or damaged");
    return {from, length};
  }

  /// The table is read from the file, and must not be another in memory.
  void check_relocations() const {
    std::optional<std::uint64_t> begin;  // in memory
    for (const Elf64_Phdr& load : loads_)
      if (*table_ >= load.p_offset && *table_ - load.p_offset < load.p_filesz) {
        // Segments may share bytes of the file, and no linker has them do so.
        if (begin) refuse("its table is loaded twice", "binary.relocations");
        begin = load.p_vaddr + (*table_ - load.p_offset);
      }
    const auto check = [&](std::uint64_t address) {
      constexpr std::uint64_t kLongest = 16;  // R_*_TLSDESC
      if (begin && address < *begin + table_size_ && *begin < address + kLongest)
        refuse("its table has relocations; it is to be bytes without a pointer", "binary.relocations");
    };
    for (const auto& [at, size] :
         {std::pair(found_.relocations, found_.relocations_size), std::pair(found_.jumps, found_.jumps_size)})
      if (at && size) check_addends(*at, *size / sizeof(Elf64_Rela), check);
    if (found_.relative && found_.relative_size) check_relative(*found_.relative, *found_.relative_size / 8, check);
  }
  template <typename Check>
  void check_addends(std::uint64_t address, std::uint64_t count, const Check& check) const {
    const std::uint64_t first = offset_of(address, count * sizeof(Elf64_Rela));
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto one = image_.at<Elf64_Rela>(first + i * sizeof(Elf64_Rela));
      // As long as the symbol is; only programs have them.
      if (ELF64_R_TYPE(one.r_info) == kCopy)
        refuse("it has copy relocations, which no shared object needs", "binary.relocations");
      check(one.r_offset);
    }
  }
  /// An address, then bitmaps of the 63 words each that follow it (ELF gABI, SHT_RELR).
  template <typename Check>
  void check_relative(std::uint64_t address, std::uint64_t count, const Check& check) const {
    const std::uint64_t first = offset_of(address, count * 8);
    std::uint64_t next = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto entry = image_.at<std::uint64_t>(first + i * 8);
      if ((entry & 1) == 0) {
        check(entry);
        next = entry + 8;
        continue;
      }
      for (unsigned bit = 0; bit < 63; ++bit)
        if ((entry >> (bit + 1) & 1) != 0) check(next + std::uint64_t{bit} * 8);
      next += std::uint64_t{63} * 8;
    }
  }

  void check_needed() {
    for (const std::uint64_t index : found_.needed) {
      std::string name = string_at(index);
      if (!is_word(name) || name.size() > kLongestLibrary)
        refuse("it needs a library with an unprintable or endless name", "binary.libraries");
      if (!is_allowed_library(name))
        refuse(fmt::format(
                   "it needs the library \"{}\"; a plugin may need the C and C++ runtimes only, link others statically",
                   name),
               "binary.libraries");
      plugin_.needed.push_back(std::move(name));
    }
  }

  /// Number of dynamic symbols, which only the hash tables tell.
  [[nodiscard]] std::uint64_t symbol_count() const {
    if (found_.hash) return image_.at<std::uint32_t>(offset_of(*found_.hash, 8) + 4);
    if (!found_.gnu_hash) refuse("it has no symbol hash table");
    const std::uint64_t table = offset_of(*found_.gnu_hash, 16);
    const auto bucket_count = image_.at<std::uint32_t>(table);
    const auto first = image_.at<std::uint32_t>(table + 4);
    const auto bloom_words = image_.at<std::uint32_t>(table + 8);
    const std::uint64_t buckets = table + 16 + std::uint64_t{bloom_words} * 8;
    image_.require(buckets, std::uint64_t{bucket_count} * 4);
    std::uint32_t last = 0;
    for (std::uint32_t i = 0; i < bucket_count; ++i)
      last = std::max(last, image_.at<std::uint32_t>(buckets + i * 4ULL));
    if (last < first) return first;
    const std::uint64_t chains = buckets + std::uint64_t{bucket_count} * 4;
    while ((image_.at<std::uint32_t>(chains + (last - first) * 4ULL) & 1U) == 0) ++last;
    return std::uint64_t{last} + 1;
  }

  void check_exports() const {
    if (!found_.symbols) refuse("it has no dynamic symbols");
    const std::uint64_t count = symbol_count();
    const std::uint64_t table = offset_of(*found_.symbols, 0);
    bool found = false;
    for (std::uint64_t i = 1; i < count; ++i) {
      const auto symbol = image_.at<Elf64_Sym>(table + i * sizeof(Elf64_Sym));
      if (symbol.st_shndx == SHN_UNDEF || !is_string_at(symbol.st_name, NETRIG_DRIVER_SYMBOL)) continue;
      if (ELF64_ST_TYPE(symbol.st_info) != STT_OBJECT || symbol.st_size < sizeof(netrig_functions))
        refuse("its symbol " NETRIG_DRIVER_SYMBOL " is not a table of functions", "binary.functions");
      found = true;
    }
    if (!found) refuse("it does not export " NETRIG_DRIVER_SYMBOL "; define it with NETRIG_EXPORT", "binary.functions");
  }

  ElfImage image_;
  Elf64_Ehdr header_{};
  std::vector<Elf64_Phdr> loads_;
  std::uint64_t mapped_ = 0;  ///< end of the last page of those
  std::optional<Elf64_Phdr> dynamic_;
  Dynamic found_;
  std::optional<std::uint64_t> table_;  ///< where in the file
  std::uint64_t table_size_ = 0;
  bool is_draft_ = false;
  Plugin plugin_;
  Linkage linkage_;
};

}  // namespace

bool is_allowed_library(const std::string& name) {
  static constexpr std::array kAllowed = {
      "libc.so.6",  "libm.so.6",  "libgcc_s.so.1",        "libstdc++.so.6",       "libpthread.so.0",
      "libdl.so.2", "librt.so.1", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"};
  if (std::find(kAllowed.begin(), kAllowed.end(), name) != kAllowed.end()) return true;
#ifdef NETRIG_SANITIZED
  // A sanitized host loads sanitized plugins, which need the sanitizers' runtimes.
  for (const std::string_view runtime : {"libasan.so.", "libubsan.so.", "libtsan.so."})
    if (name.starts_with(runtime)) return true;
#endif
  return false;
}

Plugin read_plugin(std::span<const std::byte> file) { return Reader(file).read(); }

Linkage read_linkage(std::span<const std::byte> file) {
  Reader reader(file);
  static_cast<void>(reader.read());
  return reader.linkage();
}

}  // namespace netrig::driver
