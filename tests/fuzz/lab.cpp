// SPDX-License-Identifier: Apache-2.0
// A lab file: any text is either a lab or one Error{invalid}, and so with all that is wrong.
#include "config/config.hpp"
#include "fuzz.hpp"
#include "unit/fake_drivers.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 16384) return 0;
  // A repeat that counts far is slow by design; fuzzing looks for what is wrong, not for what is large.
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (std::size_t digits = 0, at = 0; at < size; ++at) {
    digits = text[at] >= '0' && text[at] <= '9' ? digits + 1 : 0;
    if (digits > 3) return 0;
  }
  refused_or_fine([&] { netrig::config::parse(text, "fuzz.toml", fake_drivers()); });
  const netrig::config::Source all{.file = "fuzz.toml", .all_faults = true};
  refused_or_fine([&] { netrig::config::parse(text, all, fake_drivers()); });
  return 0;
}
