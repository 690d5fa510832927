// SPDX-License-Identifier: Apache-2.0
// A driver's table without the file around it, and what the kernel says to such a table: attributes of a link.
#include "driver/table.hpp"

#include "fuzz.hpp"
#include "kernel/parameter.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  refused_or_fine([&] {
    const auto bytes = bytes_of(data, size);
    const auto about = std::make_shared<const netrig::DriverDescription>(netrig::driver::read_table(bytes));
    // What was told is said again.
    const auto told = netrig::kernel::decode(about, bytes);
    netrig::kernel::encode(told, netrig::KernelPlace::kData);
    netrig::kernel::encode(told, netrig::KernelPlace::kLink);
  });
  return 0;
}
