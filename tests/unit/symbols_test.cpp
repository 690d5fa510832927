// SPDX-License-Identifier: Apache-2.0
// Names in a plugin's file, for the words of a crash.
#include "driver/symbols.hpp"

#include <link.h>

#include <fstream>
#include <iterator>

#include "catch.hpp"
#include "driver/crash.hpp"

namespace netrig::symbols_test {

/// Which nobody folds or inlines.
__attribute__((noinline, used)) int a_function_of_the_test(int value) {
  __asm__ volatile("");
  return value + 1;
}

namespace {

std::vector<std::byte> bytes_of(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto* from = reinterpret_cast<const std::byte*>(text.data());
  return {from, from + text.size()};
}

std::uint64_t place_of(int (*function)(int)) {
  std::uint64_t base = 0;
  ::dl_iterate_phdr(
      [](dl_phdr_info* program, std::size_t, void* to) {
        *static_cast<std::uint64_t*>(to) = program->dlpi_addr;
        return 1;  // the first is the program itself
      },
      &base);
  return reinterpret_cast<std::uint64_t>(function) - base;
}

}  // namespace

TEST_CASE("functions of a file are found by their places") {
  const auto file = bytes_of("/proc/self/exe");
  const std::uint64_t place = place_of(&a_function_of_the_test);
  CHECK(driver::functions_at(file, {place, place + 1, 8}) ==
        std::vector<std::string>{"netrig::symbols_test::a_function_of_the_test",
                                 "netrig::symbols_test::a_function_of_the_test", ""});
  const std::vector<driver::CrashPlace> crash = {{place, false}, {place + 1, true}, {place + 1, true}, {8, true}};
  CHECK_THAT(driver::to_text(crash, "mynic", file),
             Catch::Matchers::StartsWith(" at mynic.so+0x") &&
                 ContainsSubstring(" (netrig::symbols_test::a_function_of_the_test); called from +0x") &&
                 ContainsSubstring("a_function_of_the_test), 2 times, +0x8"));
  CHECK(driver::to_text({}, "mynic", file).empty());
  CHECK(driver::to_text(std::vector<driver::CrashPlace>{{0x1139, true}}, "mynic", {}) ==
        " in what is called at mynic.so+0x1139");
}

TEST_CASE("a damaged file has no names, and harms nobody") {
  auto file = bytes_of(NETRIG_TEST_PLUGIN_DIR "/cveth.so");
  REQUIRE(file.size() > 64);
  for (std::size_t size = 0; size < file.size(); size += 13)
    driver::functions_at(std::span(file).first(size), {0x1139});
  const std::size_t sections = file.size() > 4096 ? file.size() - 4096 : 0;
  for (std::size_t at = 0; at < file.size(); at += at < 64 || at > sections ? 1 : 64) {
    const std::byte was = file[at];
    for (const unsigned char flipped : {0xff, 0x01}) {
      file[at] = was ^ std::byte{flipped};
      driver::functions_at(file, {0x1139});
    }
    file[at] = was;
  }
  SUCCEED();
}

TEST_CASE("mangled names are read as far as they are names") {
  for (const auto& [symbol, name] : std::vector<std::pair<const char*, const char*>>{
           {"fill", "fill"},
           {"fill.part.0", "fill"},
           {".fill", ".fill"},
           {"_ZL4fillPKc", "fill"},
           {"_ZN12_GLOBAL__N_15Mynic6createERN6netrig8CreationE", "Mynic::create"},
           {"_ZNK6netrig4Call5countEPKc", "netrig::Call::count"},
           {"_ZN6netrig6detail6createIN12_GLOBAL__N_15MynicEEEiPK11netrig_hostP11netrig_callPK14netrig_request",
            "netrig::detail::create"},
           {"_ZN3FooIiLi4EE3barEv", "Foo::bar"},
           {"_ZZN5Mynic6createERN6netrig8CreationEENKUlvE_clEv", "Mynic::create"},
           {"_ZN5MynicC2Ev", "Mynic"},
           {"_ZNSt6vectorIiSaIiEE9push_backEOi", "std::vector::push_back"},
           {"_ZN6driver6create17h0123456789abcdefE", "driver::create"},
           {"_ZN99999999999999999999x", "_ZN99999999999999999999x"},
           {"_ZN3Foo", "_ZN3Foo"},
           {"_ZN3FooI", "_ZN3FooI"},
           {"_Z", "_Z"},
           {"_ZplRK1AS1_", "_ZplRK1AS1_"},
           {"_RNvCs1234_6driver6create", "_RNvCs1234_6driver6create"}}) {
    INFO(symbol);
    CHECK(driver::readable_name(symbol) == name);
  }
}

}  // namespace netrig::symbols_test
