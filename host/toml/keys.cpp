// SPDX-License-Identifier: Apache-2.0
#include "toml/keys.hpp"

#include <algorithm>

namespace netrig::tomlfile {

Section Section::with(std::string_view name, const std::vector<Key>& more) const {
  Section other(name, keys_);
  other.keys_.insert(other.keys_.end(), more.begin(), more.end());
  return other;
}

Section Section::without(std::string_view name, std::initializer_list<std::string_view> keys) const {
  Section other(name, keys_);
  std::erase_if(other.keys_,
                [&](const Key& key) { return std::find(keys.begin(), keys.end(), key.name) != keys.end(); });
  return other;
}

bool Section::has(std::string_view key) const {
  return std::any_of(keys_.begin(), keys_.end(), [&](const Key& one) { return one.name == key; });
}

std::vector<std::string_view> Section::names() const {
  std::vector<std::string_view> names;
  for (const Key& key : keys_) names.push_back(key.name);
  return names;
}

}  // namespace netrig::tomlfile
