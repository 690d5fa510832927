// SPDX-License-Identifier: Apache-2.0
#include "driver/security.hpp"

#include <netrig/rules.h>

#include <algorithm>
#include <iterator>

namespace netrig::driver {

static_assert(static_cast<int>(Reach::peer) == NETRIG_REACHES_PEER &&
              static_cast<int>(Reach::interface) == NETRIG_REACHES_INTERFACE &&
              static_cast<int>(Reach::descriptor) == NETRIG_REACHES_DESCRIPTOR);

std::optional<Reach> reach_of(std::string_view kind, std::uint16_t attribute) {
  for (const netrig_reach_row& row : netrig_reaches)
    if (row.kind == kind && row.attribute == attribute) return static_cast<Reach>(row.reach);
  return std::nullopt;
}

std::uint16_t peer_attribute(std::string_view kind) {
  for (const netrig_reach_row& row : netrig_reaches)
    if (row.kind == kind && row.reach == NETRIG_REACHES_PEER) return row.attribute;
  return 0;
}

bool is_harmless(std::uint16_t attribute) {
  return std::find(std::begin(netrig_harmless), std::end(netrig_harmless), attribute) != std::end(netrig_harmless);
}

}  // namespace netrig::driver
