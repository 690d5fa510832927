// SPDX-License-Identifier: Apache-2.0
#include "config/environment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace netrig::config {

std::string netrigs_own(const std::string& name) {
  return fmt::format("{} is netrig's own to set; choose another name", name);
}

Environment read_variables_of(const Table& owner, const char* key,
                              const std::function<std::optional<std::string>(const std::string&)>& fault) {
  Environment all;
  const auto* given = owner.table(key);
  if (given == nullptr) return all;
  const Table table(*given, key, owner.context());
  for (const auto& [written, node] : *given) {
    const std::string name(written.str());
    if (const auto why = fault(name)) table.fail(position_of(written), *why);
    if (name.starts_with("NETRIG_")) table.fail(position_of(written), netrigs_own(name));
    std::string value = node.is_integer() ? std::to_string(*table.integer(name, INT64_MIN, INT64_MAX))
                                          : table.required_text(name).value;
    if (value.find('\0') != std::string::npos)
      table.fail(table.where(name), fmt::format("{} holds a zero byte, which no variable can", name));
    all.emplace_back(name, std::move(value));
  }
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace netrig::config
