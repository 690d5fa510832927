// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "kernel/namespace.hpp"
#include "kernel/rows.hpp"

namespace netrig::kernel {

void write_step(Batch& /*batch*/, const Doing<Sysctl>& /*doing*/, const IfindexOf& /*ifindex_of*/) {}

bool changes_in_place(const Sysctl& /*before*/, const Sysctl& /*after*/) { return true; }

void see(const View& view, std::vector<Sysctl>& into) {
  for (const std::string& key : view.at.sysctls) {
    auto value = find_sysctl(key);
    if (!value) continue;
    std::replace(value->begin(), value->end(), '\t', ' ');  // between the numbers of one with several
    into.push_back({.key_text = key, .value = std::move(*value)});
  }
}

}  // namespace netrig::kernel
