// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernel/batch.hpp"
#include "kernel/socket.hpp"
#include "model/lab.hpp"

namespace netrig::kernel {

void add_address(Batch& batch, std::uint32_t ifindex, const Address& address);
void delete_address(Batch& batch, std::uint32_t ifindex, const Address& address);

/// An address as RTM_GETADDR shows it.
struct AddressState {
  std::uint32_t ifindex = 0;
  Prefix prefix;            ///< local address with the prefix length
  std::uint32_t flags = 0;  ///< IFA_F_*
  std::optional<IpAddress> peer;
  std::uint8_t scope = 0;  ///< RT_SCOPE_*
  std::optional<IpAddress> broadcast;
  std::string label;
  std::uint32_t valid = 0xffffffff;  ///< seconds that are left
  std::uint32_t preferred = 0xffffffff;
  std::uint32_t metric = 0;  ///< IFA_RT_PRIORITY; 0: none
  /// IFAPROT_KERNEL_* or a daemon's; 0: none told, as always before 5.18.
  std::uint8_t protocol = 0;
};
/// All addresses of the socket's namespace, IPv4 first.
std::vector<AddressState> list_addresses(Socket& socket);
/// Those of one family, and of one interface; 0: of all.
std::vector<AddressState> list_addresses(Socket& socket, Family family, std::uint32_t ifindex = 0);

}  // namespace netrig::kernel
