// SPDX-License-Identifier: Apache-2.0
#include <elf.h>
#include <netrig/driver.h>

#include <cstring>
#include <fstream>
#include <iterator>

#include "catch.hpp"
#include "driver/elf.hpp"
#include "driver/table.hpp"
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
  return text.find(std::string_view("netrig.drv\0\0", 12)) - offsetof(netrig_note, name);
}
netrig_note& note_of(Bytes& bytes) { return at<netrig_note>(bytes, note_offset(bytes)); }
netrig_table& table_of(Bytes& bytes) { return at<netrig_table>(bytes, note_offset(bytes) + sizeof(netrig_note)); }
netrig_parameter& parameter_of(Bytes& bytes, std::size_t index) {
  return at<netrig_parameter>(
      bytes, note_offset(bytes) + sizeof(netrig_note) + sizeof(netrig_table) + index * sizeof(netrig_parameter));
}
Elf64_Phdr& segment(Bytes& bytes, std::uint32_t type) {
  const auto& header = at<Elf64_Ehdr>(bytes, 0);
  for (int i = 0; i < header.e_phnum; ++i)
    if (auto& one = at<Elf64_Phdr>(bytes, header.e_phoff + i * sizeof(Elf64_Phdr)); one.p_type == type) return one;
  throw std::runtime_error("no such segment");
}

}  // namespace

TEST_CASE("what a plugin is is read without loading it") {
  const Bytes bytes = veth();
  const auto about = driver::read_plugin(std::as_bytes(std::span(bytes))).about;
  CHECK(about.kind == "veth");
  CHECK(about.version == "1.0.0");
  CHECK(about.summary == "pair of connected Ethernet interfaces");
  CHECK(about.abi_major == 0);
  CHECK(about.abi_minor == 9);
  CHECK(about.wants == 0);
  CHECK(about.functions == 0);
  CHECK(about.min_interfaces == 2);
  CHECK(about.link_kinds == std::vector<std::string>{"veth"});
  REQUIRE(about.parameters.size() == 10);
  CHECK(about.parameters[0].name == "tx_queues");
  CHECK(about.parameters[0].kernel.places == (KernelPlace::kLink | KernelPlace::kPeer));
}

TEST_CASE("a plugin with a note of 8-byte alignment beside its own is read") {
  // What compilers write by default for control-flow protection (.note.gnu.property).
  const Bytes bytes = test_plugin("protected");
  CHECK(driver::read_plugin(std::as_bytes(std::span(bytes))).about.kind == "protected");
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
  CHECK_THAT(refusal(test_plugin("nosymbol")), ContainsSubstring("it does not export netrig_driver"));
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
    table_of(bytes).abi_major = 2;
    CHECK_THAT(refusal(bytes), ContainsSubstring("built for driver ABI 2.9, this netrig speaks 0.9"));
  }
  SECTION("an older minor ABI") {
    table_of(bytes).abi_minor = 8;
    CHECK_THAT(refusal(bytes), ContainsSubstring("built for driver ABI 0.8, this netrig speaks 0.9"));
  }
  SECTION("a newer minor ABI is welcome, whatever it says in what is reserved") {
    table_of(bytes).abi_minor = 17;
    table_of(bytes).reserved = 1;
    CHECK(refusal(bytes) == "accepted");
  }
  SECTION("the draft that there was before") {
    note_of(bytes).name_size = 7;
    std::memcpy(note_of(bytes).name, "netrig\0\0\0\0\0", 12);
    CHECK_THAT(refusal(bytes), ContainsSubstring("a draft of the driver ABI (1.0) that was given up"));
  }
}

TEST_CASE("a damaged note is refused") {
  Bytes bytes = veth();
  netrig_note& note = note_of(bytes);
  SECTION("a description that is longer than the file") {
    note.description_size = 0x7fffffff;
    CHECK_THAT(refusal(bytes), ContainsSubstring("truncated or damaged"));
  }
  SECTION("a description that is too short") {
    note.description_size = 4;
    CHECK(refusal(bytes) != "accepted");
  }
  SECTION("a name size that runs over") {
    note.name_size = 0xffffffff;
    CHECK_THAT(refusal(bytes), ContainsSubstring("truncated or damaged"));
  }
  SECTION("an unknown type") {
    note.type = 9;
    CHECK_THAT(refusal(bytes), ContainsSubstring("unknown type 9"));
  }
  SECTION("two notes") {
    auto& other = segment(bytes, PT_GNU_STACK);
    other = segment(bytes, PT_NOTE);
    CHECK_THAT(refusal(bytes), ContainsSubstring("two netrig notes"));
  }
}

TEST_CASE("a table that is malformed, or contradicts itself, is refused") {
  Bytes bytes = veth();
  netrig_table& table = table_of(bytes);
  netrig_parameter& first = parameter_of(bytes, 0);
  const auto is_refused = [&](const char* words) { CHECK_THAT(refusal(bytes), ContainsSubstring(words)); };
  SECTION("a header beyond its bytes") {
    table.struct_size = 0xfffffff8;
    is_refused("its table has a header of 4294967288 bytes");
  }
  SECTION("a short header") {
    table.struct_size -= 8;
    is_refused("its table has a header of");
  }
  SECTION("more parameters than bytes") {
    table.parameter_count = 256;
    is_refused("its table ends before its last parameter");
  }
  SECTION("more parameters than there may be") {
    table.parameter_count = 257;
    is_refused("it declares 257 parameters");
  }
  SECTION("a short stride") {
    table.parameter_size = 8;
    is_refused("its table has parameters of 8 bytes");
  }
  SECTION("a short parameter") {
    first.struct_size = 16;
    is_refused("its table has a parameter of 16 bytes");
  }
  SECTION("a name without an end") {
    std::memset(table.name, 'x', sizeof table.name);
    is_refused("a driver name without an end");
  }
  SECTION("bytes after a text") {
    table.version[20] = 'x';
    is_refused("bytes after the end of the version");
  }
  SECTION("an empty name") {
    table.name[0] = 0;
    std::memset(table.name, 0, sizeof table.name);
    is_refused("empty or unprintable name");
  }
  SECTION("something in what is reserved") {
    first.reserved = 1;
    is_refused("a member that is reserved");
  }
  SECTION("flags of tomorrow") {
    first.flags |= 0x80000000;
    is_refused("parameter tx_queues has flags that this netrig does not know");
  }
  SECTION("functions of tomorrow") {
    table.functions = 0x100;
    is_refused("functions that this netrig does not know");
  }
  SECTION("no type") {
    first.type = 0;
    is_refused("parameter tx_queues has no type");
  }
  SECTION("a table without columns") {
    first.type = NETRIG_TYPE_TABLE;
    first.maximum = 4;
    first.places = first.attribute = 0;
    first.encoding = first.flags = 0;
    table.functions = NETRIG_FUNCTION_SETTLE;
    is_refused("parameter tx_queues is a table without columns");
  }
  SECTION("a column of no table") {
    std::memcpy(first.name, "none.queues", 12);
    is_refused("parameter none.queues is a column of a table that it does not declare");
  }
  SECTION("a fraction of more than all") {
    first.type = NETRIG_TYPE_FRACTION;
    first.maximum = std::int64_t{NETRIG_FRACTION_ALL} + 1;
    is_refused("larger than its attribute");
  }
  SECTION("bytes that would go to the kernel as they are") {
    first.type = NETRIG_TYPE_BYTES;
    is_refused("parameter tx_queues has an encoding that does not fit its type");
  }
  SECTION("a link made elsewhere by an attribute that is not for it") {
    first.type = NETRIG_TYPE_NAMESPACE;
    first.encoding = NETRIG_AS_NAMESPACE;
    is_refused("is where a link is made");
  }
  SECTION("the same parameter twice") {
    std::memcpy(parameter_of(bytes, 1).name, first.name, sizeof first.name);
    is_refused("declares parameter tx_queues twice");
  }
  SECTION("a default that it would refuse") {
    std::memcpy(first.default_text, "0", 2);
    is_refused("has a default that it would refuse");
  }
  SECTION("choices of what is no enum") {
    std::memcpy(first.choices, "a b", 4);
    is_refused("has choices, and is no enum");
  }
  SECTION("a condition on what there is not") {
    std::memcpy(first.only_with, "mode=source", 12);
    is_refused("which no parameter can be");
  }
}

TEST_CASE("a table that lies about what it reaches is refused") {
  Bytes bytes = veth();
  netrig_table& table = table_of(bytes);
  netrig_parameter& first = parameter_of(bytes, 0);
  const auto is_refused = [&](const char* words) { CHECK_THAT(refusal(bytes), ContainsSubstring(words)); };
  SECTION("a hidden second end") {
    table.peer_attribute = 0;
    table.min_interfaces = table.max_interfaces = 1;
    is_refused("its table hides the second end of a veth");
  }
  SECTION("a second end by another attribute") {
    table.peer_attribute = 2;
    is_refused("by attribute 2, which is none");
  }
  SECTION("a second end as a parameter") {
    first.places = NETRIG_PLACE_DATA;
    first.attribute = 1;
    is_refused("parameter tx_queues makes a second end of a veth");
  }
  SECTION("a number of an interface without a reference") {
    std::memcpy(table.link_kinds, "vxlan", 6);
    table.peer_attribute = 0;
    table.min_interfaces = table.max_interfaces = 1;
    first.places = NETRIG_PLACE_DATA;
    first.attribute = 3;  // IFLA_VXLAN_LINK
    is_refused("is the number of an interface, and no reference");
  }
  SECTION("a number of an interface that goes along") {
    std::memcpy(table.link_kinds, "vxlan", 6);
    table.peer_attribute = 0;
    table.min_interfaces = table.max_interfaces = 1;
    first.places = NETRIG_PLACE_DATA;
    first.attribute = 5;
    first.also_attribute = 3;
    first.also_encoding = NETRIG_AS_U32;
    is_refused("is the number of an interface, and no reference");
  }
  SECTION("a reference as a number") {
    first.encoding = NETRIG_AS_IFINDEX;
    is_refused("an encoding that does not fit its type");
  }
  SECTION("an open file") {
    std::memcpy(table.link_kinds, "gtp", 4);
    table.peer_attribute = 0;
    table.min_interfaces = table.max_interfaces = 1;
    first.places = NETRIG_PLACE_DATA;
    first.attribute = 1;
    is_refused("is the number of a file of a gtp");
  }
  SECTION("a link's name, namespace or master") {
    first.attribute = GENERATE(3, 10, 13, 19, 28);
    is_refused("which is not a driver's to set like that");
  }
  SECTION("a key of interfaces") {
    const std::string name = GENERATE("mtu", "name", "txqlen");
    std::memset(first.name, 0, sizeof first.name);
    std::memcpy(first.name, name.data(), name.size());
    is_refused("is called as a key of interfaces; give it another name");
  }
  SECTION("queues that come later") {
    first.flags &= ~NETRIG_PARAMETER_CREATE_ONLY;
    is_refused("parameter tx_queues is a number of queues, and that is create-only");
  }
  SECTION("units of what is none of the kernel's") {
    table.functions = NETRIG_FUNCTION_VALIDATE;
    first.places = 0;
    first.attribute = 0;
    first.encoding = 0;
    first.scale = UINT64_MAX;
    is_refused("has a scale, a tolerance or bits, and no attribute that they are of");
  }
  SECTION("what no function tells") {
    first.flags |= NETRIG_PARAMETER_INSPECTED;
    is_refused("is to be told by a function, and there is no inspect");
  }
  SECTION("what the kernel tells, and a function, too") {
    table.functions = NETRIG_FUNCTION_INSPECT;
    first.flags |= NETRIG_PARAMETER_INSPECTED;
    is_refused("is to be told by inspect, and is the kernel's to tell");
  }
  SECTION("a nest by a flag in its number") {
    first.attribute = 0x8000 | 31;
    is_refused("has no attribute");
  }
  SECTION("a nest where there is none") {
    first.element = 1;
    is_refused("is a link's own, which is one number");
  }
  SECTION("a number that does not fit") {
    first.encoding = NETRIG_AS_U8;
    is_refused("can be negative, or larger than its attribute");
  }
  SECTION("an encoding of tomorrow") {
    first.encoding = 99;
    is_refused("an encoding that this netrig does not know");
  }
  SECTION("a place of tomorrow") {
    first.places |= 0x100;
    is_refused("a place that this netrig does not know");
  }
  SECTION("interfaces that nobody makes") {
    table.max_interfaces = 5;
    is_refused("makes 2 of 2 to 5 interfaces");
  }
}

TEST_CASE("longer structs than this netrig knows are read") {
  // The table of a later version: a longer header, longer parameters.
  const Bytes whole = veth();
  const std::size_t begin = note_offset(whole) + sizeof(netrig_note);
  netrig_table table;
  std::memcpy(&table, &whole[begin], sizeof table);
  table.abi_minor = 12;
  table.struct_size += 16;
  table.parameter_size += 24;
  Bytes longer(reinterpret_cast<const char*>(&table), reinterpret_cast<const char*>(&table) + sizeof table);
  longer.resize(longer.size() + 16, 'x');
  for (std::size_t i = 0; i < table.parameter_count; ++i) {
    netrig_parameter one;
    std::memcpy(&one, &whole[begin + sizeof table + i * sizeof one], sizeof one);
    one.struct_size += 24;
    longer.insert(longer.end(), reinterpret_cast<const char*>(&one), reinterpret_cast<const char*>(&one) + sizeof one);
    longer.resize(longer.size() + 24, 'x');
  }
  const auto about = driver::read_table(std::as_bytes(std::span(longer)));
  REQUIRE(about.parameters.size() == 10);
  CHECK(about.parameters[9].name == "peer_gro_max_size");
}

TEST_CASE("a table into which anything is relocated is refused") {
  Bytes bytes = test_plugin("cveth");
  const Elf64_Phdr& note = segment(bytes, PT_NOTE);
  const std::uint64_t table = note_offset(bytes) + sizeof(netrig_note) - note.p_offset + note.p_vaddr;
  const auto entry_of = [&](std::int64_t tag) -> Elf64_Dyn& {
    for (std::size_t from = segment(bytes, PT_DYNAMIC).p_offset;; from += sizeof(Elf64_Dyn)) {
      auto& entry = at<Elf64_Dyn>(bytes, from);
      if (entry.d_tag == tag) return entry;
      REQUIRE(entry.d_tag != DT_NULL);
    }
  };
  const std::uint64_t first = entry_of(DT_RELA).d_un.d_ptr;  // in the first segment, which is at 0 in the file, too
  const auto is_refused = [&] { CHECK_THAT(refusal(bytes), ContainsSubstring("its table has relocations")); };
  REQUIRE(refusal(bytes) == "accepted");
  SECTION("by a relocation with an addend") {
    at<Elf64_Rela>(bytes, first).r_offset = table + 8;
    is_refused();
  }
  SECTION("by one of a function that is bound") {
    at<Elf64_Rela>(bytes, first).r_offset = table + 8;
    entry_of(DT_RELA).d_tag = DT_JMPREL;
    entry_of(DT_RELASZ).d_tag = DT_PLTRELSZ;
    is_refused();
  }
#ifdef __x86_64__
  SECTION("by one that copies as much as its symbol is long") {
    at<Elf64_Rela>(bytes, first).r_info = ELF64_R_INFO(1, R_X86_64_COPY);
    CHECK_THAT(refusal(bytes), ContainsSubstring("copy relocations"));
  }
#endif
  SECTION("by a packed one") {
    at<std::uint64_t>(bytes, first) = table - 80;
    at<std::uint64_t>(bytes, first + 8) = (std::uint64_t{1} << 12) | 1;
    entry_of(DT_RELA).d_tag = 36;    // DT_RELR
    entry_of(DT_RELASZ).d_tag = 35;  // DT_RELRSZ
    is_refused();
  }
}

TEST_CASE("a plugin that brings libraries along or paths to them is refused") {
  Bytes bytes = test_plugin("cveth");  // one that needs a library
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
  CHECK_THAT(refusal(bytes), ContainsSubstring("it does not export netrig_driver"));
}
