// SPDX-License-Identifier: Apache-2.0
// What interfaces on one link must not have together.
#include <fmt/format.h>

#include <map>

#include "config/space_rules.hpp"

namespace netrig::config {
namespace {

/// Interfaces that hear each other's broadcasts, as far as a lab says so: the two ends of a wire, and a bridge with its
/// ports. A bridge that filters VLANs keeps some apart, so with it nothing is known.
class Links {
 public:
  Links(const Lab& lab, const std::vector<Inside>& spaces) : first_(lab.devices.size()) {
    for (std::size_t d = 0; d < lab.devices.size(); ++d) {
      first_[d] = above_.size();
      for (std::size_t i = 0; i < lab.devices[d].interfaces.size(); ++i) above_.push_back(above_.size());
    }
    is_split_.resize(above_.size());
    for (std::size_t d = 0; d < lab.devices.size(); ++d) {
      const Device& device = lab.devices[d];
      if (device.interfaces.size() == 2 && device.about && device.about->link_kinds == std::vector<std::string>{"veth"})
        join({d, 0}, {d, 1});
      for (std::size_t i = 0; i < device.interfaces.size(); ++i) {
        const Interface& interface = device.interfaces[i];
        if (!interface.of<Vlans>().empty()) is_split_[root({d, i})] = true;
        const auto& others = spaces[interface.home].interfaces;
        const auto master = others.find(interface.link.master.value_or(""));
        if (master != others.end() && is_bridge(lab.devices[master->second.device])) join({d, i}, master->second);
      }
    }
  }

  [[nodiscard]] std::size_t of(Place place) const { return root(place); }
  [[nodiscard]] bool is_split(std::size_t link) const { return is_split_[link]; }

 private:
  [[nodiscard]] std::size_t root(Place place) const {
    std::size_t at = first_[place.device] + place.interface;
    while (above_[at] != at) at = above_[at];
    return at;
  }
  void join(Place one, Place other) {
    const std::size_t under = root(one);
    const std::size_t over = root(other);
    above_[under] = over;
    is_split_[over] = is_split_[over] || is_split_[under];
  }

  std::vector<std::size_t> first_;  ///< by device: of its first interface in above_
  std::vector<std::size_t> above_;  ///< another interface of the link, or itself
  std::vector<bool> is_split_;      ///< by the interface that is above all
};

}  // namespace

void warn_of_doubles(const Lab& lab, const std::vector<Inside>& spaces, const Context& context) {
  const Links links(lab, spaces);
  std::map<std::pair<std::size_t, IpAddress>, const Interface*> seen;
  for (std::size_t d = 0; d < lab.devices.size(); ++d)
    for (std::size_t i = 0; i < lab.devices[d].interfaces.size(); ++i) {
      const Interface& interface = lab.devices[d].interfaces[i];
      const std::size_t link = links.of({d, i});
      if (links.is_split(link)) continue;
      for (const Address& address : interface.of<Address>()) {
        const auto [found, fresh] = seen.emplace(std::pair(link, address.prefix.address), &interface);
        const Interface& other = *found->second;
        if (fresh || other.home == interface.home) continue;
        context.warnings->add(
            context.place(address.where),
            fmt::format("address {} is also that of {}:{}, on the same link", address.prefix.address.str(),
                        lab.namespaces[other.home].name.str(), other.name.str()));
      }
    }
}

}  // namespace netrig::config
