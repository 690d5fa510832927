// SPDX-License-Identifier: Apache-2.0
#include "kernel/namespace.hpp"
#include "kernel/rows.hpp"

namespace netrig::kernel {

void write_step(Batch& /*batch*/, const Doing<Sysctl>& /*doing*/, const IfindexOf& /*ifindex_of*/) {}

void see(const View& view, std::vector<Sysctl>& into) {
  for (const std::string& key : view.at.interest.sysctls) {
    if (auto value = find_sysctl(key)) into.push_back({.key_text = key, .value = std::move(*value)});
  }
}

}  // namespace netrig::kernel
