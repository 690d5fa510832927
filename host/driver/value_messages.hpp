// SPDX-License-Identifier: Apache-2.0
// Values of parameters between host and worker: part of messages.hpp.
#pragma once
#include <netrig/driver.h>

#include "driver/wire.hpp"
#include "model/parameter.hpp"

namespace netrig::driver {

inline constexpr std::size_t kMostText = 4096;
/// FileContent::fd of one whose descriptor travels beside the message.
inline constexpr int kComesAlong = 1 << 30;
inline constexpr std::size_t kMostValues = 65536;
/// With the cells of tables.
inline constexpr std::size_t kMostParameters = 65536;

void put_mac(WireWriter& out, const MacAddress& mac);
MacAddress get_mac(WireReader& in);
void put_target(WireWriter& out, const InterfaceReference& target);
InterfaceReference get_target(WireReader& in);
void put_parameters(WireWriter& out, const Parameters& parameters);
Parameters get_parameters(WireReader& in);

}  // namespace netrig::driver
