// SPDX-License-Identifier: Apache-2.0
// The namespaces, devices and links of a lab file that is being written, and those that stand for many.
#pragma once
#include <toml++/toml.h>

#include <string>
#include <vector>

#include "config/fold.hpp"

namespace netrig::config {

struct SaidItem {
  enum class Kind : std::uint8_t { space, device, link };
  Kind kind = Kind::space;
  std::string name;              ///< of a namespace or device
  std::vector<std::string> ids;  ///< what it is called, best first: that is what it may be counted by
  toml::table keys;
  std::vector<std::string> comments = {};
  std::size_t space = 0;  ///< the namespace's index; of a device or link: its first interface's

  [[nodiscard]] std::string heading(bool in_repeat) const;
};

/// Those that one `for` makes.
struct SaidRepeat {
  std::string range;  ///< as TOML: "\"1..100\""
  std::string variable;
  std::vector<SaidItem> bodies;
};

/// What is left to be said one by one, and what repeats; each in the order of its first.
struct SaidBodies {
  std::vector<SaidItem> items;
  std::vector<SaidRepeat> repeats;
};
SaidBodies fold(std::vector<SaidItem> items);

}  // namespace netrig::config
