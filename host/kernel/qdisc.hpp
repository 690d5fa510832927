// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernel/batch.hpp"
#include "kernel/socket.hpp"
#include "model/qdisc.hpp"

namespace netrig::kernel {

/// What somebody has put at the root of an interface.
struct RootQdisc {
  std::uint32_t ifindex = 0;
  Qdisc qdisc;  ///< its interface is not told
};
/// All of the socket's namespace, one dump.
std::vector<RootQdisc> list_root_qdiscs(Socket& socket);

/// Puts one at the root of an interface. One of the same kind becomes it, and keeps what no lab says.
void put_root_qdisc(Batch& batch, std::uint32_t ifindex, const Qdisc& qdisc);
/// The interface sends as it does by itself.
void delete_root_qdisc(Batch& batch, std::uint32_t ifindex);

/// Why a qdisc cannot be: "this kernel has no netem...". Nothing: it is refused for something else.
std::optional<std::string> lack_of(const Qdisc& qdisc, const Refusal& refusal);

}  // namespace netrig::kernel
