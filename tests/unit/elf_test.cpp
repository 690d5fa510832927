// SPDX-License-Identifier: Apache-2.0
#include <elf.h>
#include <netrig/driver.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>

#include "catch.hpp"
#include "driver/elf.hpp"
#include "model/error.hpp"

using namespace netrig;

namespace {

using Bytes = std::vector<char>;

Bytes plugin(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}
Bytes veth() { return plugin(std::string(NETRIG_PLUGIN_DIR) + "/veth.so"); }
Bytes test_plugin(const std::string& kind) { return plugin(std::string(NETRIG_TEST_PLUGIN_DIR) + "/" + kind + ".so"); }

std::string refusal(const Bytes& bytes) {
  try {
    driver::read_plugin(std::as_bytes(std::span(bytes)));
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

template <typename T>
T& at(Bytes& bytes, std::size_t offset) {
  return *reinterpret_cast<T*>(&bytes[offset]);
}
std::size_t note_offset(const Bytes& bytes) {
  const std::string_view text(bytes.data(), bytes.size());
  return text.find(std::string_view("netrig\0\0\x01\0", 10)) - offsetof(netrig_note, name);
}
Elf64_Phdr& segment(Bytes& bytes, std::uint32_t type) {
  const auto& header = at<Elf64_Ehdr>(bytes, 0);
  for (int i = 0; i < header.e_phnum; ++i)
    if (auto& one = at<Elf64_Phdr>(bytes, header.e_phoff + i * sizeof(Elf64_Phdr)); one.p_type == type) return one;
  throw std::runtime_error("no such segment");
}

}  // namespace

TEST_CASE("a plugin's note is read without loading it") {
  const Bytes bytes = veth();
  const auto note = driver::read_plugin(std::as_bytes(std::span(bytes)));
  CHECK(note.driver == "veth");
  CHECK(note.version == "1.0.0");
  CHECK(note.abi_major == 1);
  CHECK(note.wants == 0);
  CHECK(note.link_kinds == std::vector<std::string>{"veth"});
}

TEST_CASE("a plugin with a note of 8-byte alignment beside its own is read") {
  // What compilers write by default for control-flow protection (.note.gnu.property).
  const Bytes bytes = test_plugin("protected");
  CHECK(driver::read_plugin(std::as_bytes(std::span(bytes))).driver == "protected");
#ifdef __x86_64__
  CHECK(std::string_view(bytes.data(), bytes.size()).find(std::string_view("GNU\0\x02\0\0\xc0", 8)) !=
        std::string_view::npos);
#endif
}

TEST_CASE("files that are no plugins are refused, each with its reason") {
  CHECK(refusal({}) == "the file is empty");
  CHECK(refusal(Bytes(10)) == "the file is too short to be a shared object");
  CHECK(refusal(Bytes(1000, 'x')) == "the file is not an ELF shared object");
  CHECK_THAT(refusal(test_plugin("nonote")), ContainsSubstring("it has no netrig note"));
  CHECK_THAT(refusal(test_plugin("nosymbol")), ContainsSubstring("it does not export netrig_driver_1"));
  CHECK_THAT(refusal(plugin("/bin/true")), ContainsSubstring("a program, not a plugin"));
}

TEST_CASE("a plugin for another machine, class or ABI is refused") {
  Bytes bytes = veth();
  SECTION("32 bit") {
    at<Elf64_Ehdr>(bytes, 0).e_ident[EI_CLASS] = ELFCLASS32;
    CHECK_THAT(refusal(bytes), ContainsSubstring("32-bit"));
  }
  SECTION("another machine") {
    at<Elf64_Ehdr>(bytes, 0).e_machine = EM_68K;
    CHECK_THAT(refusal(bytes), ContainsSubstring("another machine (ELF machine 4"));
  }
  SECTION("an executable stack") {
    segment(bytes, PT_GNU_STACK).p_flags |= PF_X;
    CHECK_THAT(refusal(bytes), ContainsSubstring("executable stack"));
  }
  SECTION("a newer major ABI") {
    at<netrig_note>(bytes, note_offset(bytes)).abi_major = 2;
    CHECK_THAT(refusal(bytes), ContainsSubstring("built for driver ABI 2, this netrig speaks 1"));
  }
  SECTION("a newer minor ABI is welcome") {
    at<netrig_note>(bytes, note_offset(bytes)).abi_minor = 7;
    CHECK(refusal(bytes) == "accepted");
  }
}

TEST_CASE("a damaged note is refused") {
  Bytes bytes = veth();
  auto& note = at<netrig_note>(bytes, note_offset(bytes));
  SECTION("a description that is longer than the file") {
    note.description_size = 0x7fffffff;
    CHECK_THAT(refusal(bytes), ContainsSubstring("truncated or damaged"));
  }
  SECTION("a description that is too short") {
    note.description_size = 8;
    CHECK_THAT(refusal(bytes), ContainsSubstring("its netrig note has 8 bytes"));
  }
  SECTION("a name size that runs over") {
    note.name_size = 0xffffffff;
    CHECK_THAT(refusal(bytes), ContainsSubstring("truncated or damaged"));
  }
  SECTION("an unknown type") {
    note.type = 9;
    CHECK_THAT(refusal(bytes), ContainsSubstring("unknown type 9"));
  }
  SECTION("a name without an end") {
    std::memset(note.driver, 'x', sizeof note.driver);
    CHECK_THAT(refusal(bytes), ContainsSubstring("a driver name without an end"));
  }
  SECTION("bytes after a name") {
    note.version[20] = 'x';
    CHECK_THAT(refusal(bytes), ContainsSubstring("bytes after the end of the version"));
  }
  SECTION("an empty name") {
    note.driver[0] = 0;
    CHECK(refusal(bytes) != "accepted");
  }
  SECTION("two notes") {
    // The build id's note, made to look like ours, only further on: the same segment twice does as well.
    auto& other = segment(bytes, PT_GNU_STACK);
    other = segment(bytes, PT_NOTE);
    CHECK_THAT(refusal(bytes), ContainsSubstring("two netrig notes"));
  }
  SECTION("a misaligned one") {
    segment(bytes, PT_NOTE).p_align = 8;
    CHECK(refusal(bytes) != "accepted");
  }
}

TEST_CASE("a plugin that brings libraries along or paths to them is refused") {
  Bytes bytes = veth();
  auto& dynamic = segment(bytes, PT_DYNAMIC);
  for (std::size_t at_offset = dynamic.p_offset;; at_offset += sizeof(Elf64_Dyn)) {
    auto& entry = at<Elf64_Dyn>(bytes, at_offset);
    REQUIRE(entry.d_tag != DT_NULL);
    if (entry.d_tag != DT_NEEDED) continue;
    SECTION("RUNPATH") {
      entry.d_tag = DT_RUNPATH;
      CHECK_THAT(refusal(bytes), ContainsSubstring("RPATH or RUNPATH"));
    }
    SECTION("another library") {
      entry.d_un.d_val += 1;  // "ibc.so.6"
      CHECK_THAT(refusal(bytes), ContainsSubstring("it needs the library \"ib"));
    }
    SECTION("text relocations") {
      entry.d_tag = DT_TEXTREL;
      CHECK_THAT(refusal(bytes), ContainsSubstring("text relocations"));
    }
    SECTION("an audit library") {
      entry.d_tag = DT_AUDIT;
      CHECK_THAT(refusal(bytes), ContainsSubstring("DT_AUDIT"));
    }
    break;
  }
}

TEST_CASE("no prefix of a plugin and no flipped byte of its headers crashes the reader") {
  Bytes whole = veth();
  // What comes after the last loaded byte (section headers, debug information) nobody reads.
  std::size_t loaded = 0;
  for (int i = 0; i < at<Elf64_Ehdr>(whole, 0).e_phnum; ++i)
    if (const auto& one = at<Elf64_Phdr>(whole, sizeof(Elf64_Ehdr) + i * sizeof(Elf64_Phdr)); one.p_type == PT_LOAD)
      loaded = std::max<std::size_t>(loaded, one.p_offset + one.p_filesz);
  for (std::size_t size = 0; size < loaded; size += size < 8192 ? 1 : 997)
    CHECK(refusal({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)}) != "accepted");
  for (std::size_t i = 0; i < 4096; ++i)
    for (const unsigned char flip : {0x01, 0x80, 0xff}) {
      Bytes bytes = whole;
      bytes[i] = static_cast<char>(bytes[i] ^ flip);
      static_cast<void>(refusal(bytes));
    }
}

TEST_CASE("a file with many names as long as itself is refused in no time") {
  Bytes bytes = test_plugin("nosymbol");
  constexpr std::uint64_t kAddress = 0x1000000;
  constexpr std::size_t kSymbols = 300000;
  constexpr std::size_t kNames = 8 << 20;
  // Behind all else: a hash table that says how many symbols there are, the symbols, and their names.
  const std::size_t begin = (bytes.size() + 0xffff) / 0x10000 * 0x10000;
  const std::size_t symbols = begin + 8;
  const std::size_t names = symbols + kSymbols * sizeof(Elf64_Sym);
  bytes.resize(names + kNames, 'a');
  bytes.back() = 0;
  at<std::uint32_t>(bytes, begin) = 1;
  at<std::uint32_t>(bytes, begin + 4) = kSymbols;
  for (std::size_t i = 0; i < kSymbols; ++i) {
    Elf64_Sym symbol{};
    symbol.st_name = 16;
    symbol.st_shndx = 1;
    std::memcpy(&bytes[symbols + i * sizeof symbol], &symbol, sizeof symbol);
  }
  std::memcpy(&bytes[names], "\0libc.so.6", 11);
  segment(bytes, PT_GNU_EH_FRAME) = {.p_type = PT_LOAD,
                                     .p_flags = PF_R,
                                     .p_offset = begin,
                                     .p_vaddr = kAddress,
                                     .p_paddr = 0,
                                     .p_filesz = bytes.size() - begin,
                                     .p_memsz = bytes.size() - begin,
                                     .p_align = 0x1000};
  const Elf64_Phdr dynamic = segment(bytes, PT_DYNAMIC);
  for (std::size_t place = dynamic.p_offset; place < dynamic.p_offset + dynamic.p_filesz; place += sizeof(Elf64_Dyn)) {
    auto& entry = at<Elf64_Dyn>(bytes, place);
    if (entry.d_tag == DT_GNU_HASH) entry = {.d_tag = DT_HASH, .d_un = {.d_val = kAddress}};
    if (entry.d_tag == DT_SYMTAB) entry.d_un.d_val = kAddress + symbols - begin;
    if (entry.d_tag == DT_STRTAB) entry.d_un.d_val = kAddress + names - begin;
    if (entry.d_tag == DT_STRSZ) entry.d_un.d_val = kNames;
    if (entry.d_tag == DT_NEEDED) entry.d_un.d_val = 1;
  }
  const auto before = std::chrono::steady_clock::now();
  CHECK_THAT(refusal(bytes), ContainsSubstring("it does not export netrig_driver_1"));
  CHECK(std::chrono::steady_clock::now() - before < std::chrono::seconds(5));
}
