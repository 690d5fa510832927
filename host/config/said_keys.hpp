// SPDX-License-Identifier: Apache-2.0
// Parts of a lab as tables of TOML, whose keys have an order.
#pragma once
#include <toml++/toml.h>

#include <functional>
#include <string>
#include <string_view>

#include "model/lab.hpp"

namespace netrig::config {

/// A table under construction: its keys stand in the order in which they are put.
class Keys {
 public:
  template <typename T>
  Keys& put(std::string_view key, T&& value) {
    toml::source_region at;
    at.begin = at.end = {++line_, 1};
    table_.insert_or_assign(toml::key(key, at), std::forward<T>(value));
    return *this;
  }
  [[nodiscard]] bool empty() const { return table_.empty(); }
  toml::table take() { return std::move(table_); }

 private:
  toml::table table_;
  toml::source_index line_ = 0;
};

/// What the whole lab has in common.
struct SaidLab {
  const Lab& lab;
  Dad dad = Dad::off;  ///< what most addresses do
};
Dad usual_dad(const Lab& lab);

toml::table said_space(const SaidLab& in, const Namespace& space);
/// As an element of `interfaces`: with its namespace, and its name unless the device has it.
toml::table said_interface(const SaidLab& in, const Interface& interface, const Device& device);
/// As an end of [[link]]: a string if there is no more to say, else a table.
void put_end(const SaidLab& in, const Interface& interface, toml::array& into);
/// Empty: none.
toml::table said_parameters(const Device& device);

}  // namespace netrig::config
