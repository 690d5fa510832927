// SPDX-License-Identifier: Apache-2.0
// The worker's end of the protocol: what a host sends.
#include <array>

#include "driver/messages.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace driver = netrig::driver;
  if (size == 0) return 0;
  const auto bytes = bytes_of(data + 1, size - 1);
  const std::array<int, 4> descriptors = {5, 6, 7, 8};
  refused_or_fine([&] {
    switch (data[0] % 3) {
      case 0: {
        // What was read is written as it was.
        const driver::CallMessage call = driver::decode_call(bytes, descriptors);
        const driver::WireWriter again = driver::encode(call);
        driver::decode_call(again.data(), descriptors);
        break;
      }
      case 1:
        driver::decode_done(bytes);
        break;
      default:
        driver::decode_item(bytes);
    }
  });
  return 0;
}
