// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
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
};
/// All addresses of the socket's namespace.
std::vector<AddressState> list_addresses(Socket& socket);

}  // namespace netrig::kernel
