// SPDX-License-Identifier: Apache-2.0
// A plugin file, before it is loaded: note, dynamic section and symbols.
#include "driver/elf.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  refused_or_fine([&] { netrig::driver::read_plugin(bytes_of(data, size)); });
  return 0;
}
