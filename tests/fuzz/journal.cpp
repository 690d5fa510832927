// SPDX-License-Identifier: Apache-2.0
// A journal as a crash may have left it.
#include "engine/events.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  refused_or_fine([&] {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    netrig::engine::salvage(text);
    const netrig::engine::Record record = netrig::engine::replay(text, "journal");
    // What was understood can be written, and read again.
    netrig::engine::replay(netrig::engine::all_events(record), "journal");
  });
  return 0;
}
