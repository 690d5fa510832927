// SPDX-License-Identifier: Apache-2.0
// Files whose bytes are wrong, in a place that is right. A constructor leaves a file behind whenever code of the plugin
// runs; it must not, even where nothing is fenced.
#include <elf.h>
#include <netrig/driver.h>
#include <sys/stat.h>

#include <cstring>
#include <filesystem>

#include "attack/place.hpp"
#include "catch.hpp"

using namespace scratch;
using attack::Place;
namespace fs = std::filesystem;

namespace {

const std::string kTrace = "/run/netns/netrig-test-trace";

/// The trap: a good plugin but for its constructor, which writes a file; it runs in netrig's own process here.
struct Trap : Place {
  Trap() : Place("trap", NETRIG_TEST_PLUGIN_DIR), bytes(read(file)) {
    fs::remove(kTrace);
    REQUIRE(show() == "loaded");
    REQUIRE(fs::exists(kTrace));  // the trap works
  }
  ~Trap() { fs::remove(kTrace); }
  Trap(const Trap&) = delete;
  Trap& operator=(const Trap&) = delete;
  /// What netrig says when it is to check a device of it, which is the first that its code is needed for.
  [[nodiscard]] std::string show() const {
    const Result plan =
        cli("--host-config " + policy("isolation = \"none\"") + " plan " + attack::lab_of("trap", "", 1));
    return plan.exit == 0 ? "loaded" : plan.err;
  }
  /// Puts `bytes` in the plugin's place; what netrig says of it. No code of it may run.
  [[nodiscard]] std::string refused() {
    fs::remove(kTrace);
    scratch::file("plugin", bytes);
    fs::copy_file(directory() + "/plugin", file, fs::copy_options::overwrite_existing);
    ::chmod(file.c_str(), 0644);
    const std::string said = show();
    CHECK_FALSE(fs::exists(kTrace));
    return said;
  }
  [[nodiscard]] std::size_t note_offset() const {
    return bytes.find(std::string_view("netrig.drv\0\0", 12)) - offsetof(netrig_note, name);
  }
  netrig_note& note() { return *reinterpret_cast<netrig_note*>(&bytes.at(note_offset())); }
  netrig_table& table() { return *reinterpret_cast<netrig_table*>(&bytes.at(note_offset() + sizeof(netrig_note))); }
  Elf64_Ehdr& header() { return *reinterpret_cast<Elf64_Ehdr*>(bytes.data()); }
  Elf64_Phdr& segment(std::uint32_t type) {
    for (int i = 0; i < header().e_phnum; ++i)
      if (auto& one = *reinterpret_cast<Elf64_Phdr*>(&bytes.at(header().e_phoff + i * sizeof(Elf64_Phdr)));
          one.p_type == type)
        return one;
    throw std::runtime_error("no such segment");
  }
  Elf64_Dyn& dynamic(std::int64_t tag) {
    for (std::size_t at = segment(PT_DYNAMIC).p_offset;; at += sizeof(Elf64_Dyn))
      if (auto& one = *reinterpret_cast<Elf64_Dyn*>(&bytes.at(at)); one.d_tag == tag) return one;
  }
  std::string bytes;
};

}  // namespace

TEST_CASE("refused: an empty file") {
  Trap trap;
  trap.bytes.clear();
  CHECK_THAT(trap.refused(), ContainsSubstring("the file is empty"));
}
TEST_CASE("refused: a truncated ELF file") {
  Trap trap;
  trap.bytes.resize(trap.bytes.size() / 3);
  CHECK_THAT(trap.refused(), ContainsSubstring("truncated or damaged"));
}
TEST_CASE("refused: a 32-bit file") {
  Trap trap;
  trap.header().e_ident[EI_CLASS] = ELFCLASS32;
  CHECK_THAT(trap.refused(), ContainsSubstring("the file is 32-bit"));
}
TEST_CASE("refused: a file for another machine") {
  Trap trap;
  trap.header().e_machine = EM_SPARCV9;
  CHECK_THAT(trap.refused(), ContainsSubstring("another machine"));
}
TEST_CASE("refused: a file without a note") {
  Trap trap;
  std::memcpy(trap.note().name, "nothing.at", 10);
  CHECK_THAT(trap.refused(), ContainsSubstring("it has no netrig note"));
}
TEST_CASE("refused: two notes") {
  Trap trap;
  trap.segment(PT_GNU_STACK) = trap.segment(PT_NOTE);
  CHECK_THAT(trap.refused(), ContainsSubstring("it has two netrig notes"));
}
TEST_CASE("refused: a note that is too large") {
  Trap trap;
  trap.note().description_size = 0x10000000;
  CHECK_THAT(trap.refused(), ContainsSubstring("truncated or damaged"));
}
TEST_CASE("refused: a table that ends early") {
  Trap trap;
  trap.note().description_size = sizeof(netrig_table) - 8;
  CHECK_THAT(trap.refused(), ContainsSubstring("its table has a header of"));
}
TEST_CASE("refused: a plugin of the draft before ABI 0.9") {
  Trap trap;
  trap.note().name_size = 7;
  std::memcpy(trap.note().name, "netrig\0\0\0\0\0", 12);
  CHECK_THAT(trap.refused(), ContainsSubstring("a draft of the driver ABI (1.0) that was given up"));
}
TEST_CASE("refused: a table that another relocation would change in memory") {
  Trap trap;
  const Elf64_Phdr load = trap.segment(PT_LOAD);
  const std::uint64_t at = trap.note_offset() + sizeof(netrig_note) - load.p_offset + load.p_vaddr;
  const std::uint64_t rela = trap.dynamic(DT_RELA).d_un.d_val - load.p_vaddr + load.p_offset;
  reinterpret_cast<Elf64_Rela*>(&trap.bytes.at(rela))->r_offset = at;
  CHECK_THAT(trap.refused(), ContainsSubstring("its table has relocations"));
}
TEST_CASE("refused: another major version of the ABI") {
  Trap trap;
  trap.table().abi_major = 2;
  CHECK_THAT(trap.refused(), ContainsSubstring("built for driver ABI 2.9, this netrig speaks 0.9"));
}
TEST_CASE("loaded: a newer minor version of the ABI is welcome") {
  Place place("newer", NETRIG_TEST_PLUGIN_DIR);
  CHECK(place.outcome(place.policy(), "newer") == "loaded");
}
TEST_CASE("refused: a right note without the symbol") {
  Place place("nosymbol", NETRIG_TEST_PLUGIN_DIR);
  CHECK_THAT(place.outcome(place.policy(), "nosymbol"), ContainsSubstring("it does not export netrig_driver"));
}
TEST_CASE("refused: a driver under another name than its own: its constructor does not run") {
  Trap trap;
  trap.table().name[0] = 'x';
  CHECK_THAT(trap.refused(), ContainsSubstring("its table says driver \"xrap\", but the file is called trap.so"));
}
TEST_CASE("refused: a path to libraries of its own (RPATH, RUNPATH)") {
  Trap trap;
  trap.dynamic(DT_NEEDED).d_tag = GENERATE(DT_RPATH, DT_RUNPATH);
  CHECK_THAT(trap.refused(), ContainsSubstring("RPATH or RUNPATH"));
}
TEST_CASE("refused: a library that is not on the list") {
  Trap trap;
  trap.dynamic(DT_NEEDED).d_un.d_val += 1;
  CHECK_THAT(trap.refused(), ContainsSubstring("it needs the library \"ib"));
}
TEST_CASE("refused: a dynamic section that is another in memory than in the file") {
  Trap trap;
  trap.segment(PT_DYNAMIC).p_vaddr += sizeof(Elf64_Dyn);
  CHECK_THAT(trap.refused(), ContainsSubstring("at one place in the file and at another in memory"));
}
TEST_CASE("refused: two dynamic sections") {
  Trap trap;
  trap.segment(PT_GNU_STACK) = trap.segment(PT_DYNAMIC);
  CHECK_THAT(trap.refused(), ContainsSubstring("it has two dynamic sections"));
}
TEST_CASE("refused: a dynamic section that goes on behind its end") {
  Trap trap;
  trap.segment(PT_DYNAMIC).p_filesz = sizeof(Elf64_Dyn);
  CHECK_THAT(trap.refused(), ContainsSubstring("its dynamic section has no end"));
}
TEST_CASE("refused: a segment that is mapped over another") {
  Trap trap;
  (&trap.segment(PT_LOAD))[1].p_vaddr = 0;
  CHECK_THAT(trap.refused(), ContainsSubstring("its segments overlap"));
}
TEST_CASE("refused: names that would move a terminal's cursor") {
  Trap trap;
  SECTION("of a library") { trap.bytes.replace(trap.bytes.find("libc.so.6"), 4, "\x1b[2J"); }
  SECTION("of a link kind") { trap.table().link_kinds[0] = '\x1b'; }
  CHECK_THAT(trap.refused(), ContainsSubstring("unprintable") && !ContainsSubstring("\x1b"));
}
TEST_CASE("refused: an executable stack") {
  Trap trap;
  trap.segment(PT_GNU_STACK).p_flags |= PF_X;
  CHECK_THAT(trap.refused(), ContainsSubstring("executable stack"));
}
TEST_CASE("refused: text relocations") {
  Trap trap;
  trap.dynamic(DT_NEEDED).d_tag = DT_TEXTREL;
  CHECK_THAT(trap.refused(), ContainsSubstring("text relocations"));
}
