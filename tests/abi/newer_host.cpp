// SPDX-License-Identifier: Apache-2.0
// The part of the host that reads tables, built against headers of a later version: drivers of today are what it finds.
#include <fmt/format.h>
#include <netrig/driver.h>

#include <fstream>
#include <iterator>
#include <span>
#include <string>

#include "driver/elf.hpp"
#include "model/error.hpp"

static_assert(sizeof(netrig_parameter::of_a_newer_minor) != 0 && sizeof(netrig_table::of_a_newer_minor) != 0);

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    try {
      const auto about = netrig::driver::read_plugin(std::as_bytes(std::span(bytes))).about;
      fmt::print("{} {}, of ABI {}.{}: {}\n", about.kind, about.version, about.abi_major, about.abi_minor,
                 about.parameters.size());
      for (const auto& one : about.parameters) fmt::print("  {}: {}\n", one.name, one.help);
    } catch (const netrig::Error& error) {
      fmt::print("{}: {}\n", argv[i], error.message());
      return 1;
    }
  }
  return 0;
}
