// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <unordered_map>
#include <vector>

#include "config/parts.hpp"

namespace netrig::config {

/// An interface, by its place in Lab::devices.
struct Place {
  std::size_t device = 0;
  std::size_t interface = 0;
};

/// What one namespace has of all devices.
struct Inside {
  std::unordered_map<std::string, Place> interfaces;
  std::vector<const Address*> addresses;  ///< of these interfaces; those of lo are in the namespace
};

/// Its routes lead somewhere, and no route or rule is there twice.
void check_space(const Namespace& space, const Inside& inside, const Context& context);
/// Warns of an address that two interfaces of one link have. `spaces`: in the order of Lab::namespaces.
void warn_of_doubles(const Lab& lab, const std::vector<Inside>& spaces, const Context& context);

}  // namespace netrig::config
