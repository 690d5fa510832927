// SPDX-License-Identifier: Apache-2.0
// Devices of a lab and what they stand on.
#pragma once
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "model/lab.hpp"

namespace netrig::plan {

/// Which device has an interface, by namespace and name.
class DeviceOfInterface {
 public:
  explicit DeviceOfInterface(const Lab& lab);
  /// SIZE_MAX: none of the lab.
  [[nodiscard]] std::size_t find(const std::string& space, const std::string& interface) const;
  /// Devices that a device refers to in its parameters.
  [[nodiscard]] std::vector<std::size_t> dependencies(const Device& device) const;
  /// Level of every device: 0 without references, else one more than the highest it refers to. config/ has refused
  /// cycles.
  [[nodiscard]] std::vector<std::size_t> levels() const;

 private:
  using Key = std::pair<std::string, std::string>;
  struct Hash {
    std::size_t operator()(const Key& key) const noexcept {
      return std::hash<std::string>{}(key.first) * 31 + std::hash<std::string>{}(key.second);
    }
  };
  const Lab& lab_;
  std::unordered_map<Key, std::size_t, Hash> index_;
};

/// What the file sets of one of its interfaces that the kernel tells, and so is compared.
std::vector<LinkParameter> wanted_parameters(const Device& device, std::size_t interface);

/// Whether a link can get this value of a parameter without being made anew, and get it back. `from`: nullptr: not
/// known; no value: the kernel does not tell it.
bool is_changeable(const ParameterDeclaration& one, const std::vector<ParameterScalar>* from,
                   const std::vector<ParameterScalar>& to);

/// Parameters that only functions of its driver read, and that `after` says otherwise than the device has them: as the
/// driver tells, or as `before` said where it does not tell. `told`: nullptr: nothing is known of it.
std::vector<SettingChange> function_changes(const Device& before, const Parameters* told, const Device& after);

/// Whether the device can become the other by changing what the host sets; otherwise it is made anew.
bool is_changeable(const Lab& current, const Device& before, const Lab& next, const Device& after);

}  // namespace netrig::plan
