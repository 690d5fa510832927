// SPDX-License-Identifier: Apache-2.0
// What only one interface can have: a name, a number, a place on another interface. So what there is may have to go
// before what is to be can come.
#pragma once
#include <functional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "model/lab.hpp"

namespace netrig::plan {

/// An interface of the running lab as it was seen, whatever it is called by now; nullptr: it was not.
using FindLink = std::function<const Link*(const std::string& space, const std::string& interface)>;

/// What the interfaces of a lab are to have, against what is there.
class Claims {
 public:
  /// Both labs must outlive it.
  Claims(const Lab& current, const Lab& next, FindLink find);

  /// Whether a device of the next lab that is there has what another interface is to have, and cannot let go of it in
  /// time: a number, the name of one that comes, the MAC of another macvlan of its parent.
  [[nodiscard]] bool is_owed(const Device& device) const;

  /// Devices of the current lab that cannot be there together with those that come.
  [[nodiscard]] std::unordered_set<std::size_t> in_the_way(const std::vector<std::size_t>& going,
                                                           const std::vector<std::vector<std::size_t>>& coming) const;

 private:
  [[nodiscard]] bool is_number_owed(const std::string& space, const std::string& interface) const;
  [[nodiscard]] bool is_mac_owed(const Lab& lab, const Device& device, const Interface& interface) const;
  [[nodiscard]] std::unordered_set<std::string> names_of_going(const Device& device) const;

  const Lab& current_;
  const Lab& next_;
  FindLink find_;
  using Claimant = std::pair<std::string, std::string>;                                      ///< namespace, interface
  std::unordered_map<std::string, std::unordered_map<std::uint32_t, std::string>> numbers_;  ///< by namespace
  std::unordered_map<std::string, Claimant> macs_;  ///< by the interface that it stands on, and the MAC
  using Names = std::unordered_map<std::string, std::unordered_set<std::string>>;  ///< by namespace
  Names new_names_;                                                                ///< that no interface has yet
  Names altnames_;
};

}  // namespace netrig::plan
