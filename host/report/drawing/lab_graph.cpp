// SPDX-License-Identifier: Apache-2.0
#include "report/drawing/lab_graph.hpp"

#include <algorithm>
#include <unordered_map>

namespace netrig::report {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Builder {
 public:
  explicit Builder(const Lab& lab) {
    for (const Namespace& space : lab.namespaces) space_of(space.name.str(), space.existing);
    for (const Device& device : lab.devices) add(device);
    for (std::size_t i = 0; i < graph_.ends.size(); ++i)
      if (const Interface* interface = graph_.ends[i].interface; interface != nullptr && interface->link.master) {
        const std::size_t master = end_of(graph_.ends[i].space, interface->link.master.value_or(""));
        graph_.ends[i].master = master;
      }
    for (LabGraph::Joint& joint : graph_.joints)
      for (const auto& [name, value] : joint.device->parameters)
        for (const ParameterScalar& one : value.values)
          if (const auto* reference = std::get_if<InterfaceReference>(&one))
            joint.references.push_back(
                {.parameter = name, .end = end_of(space_of(reference->home.str(), true), reference->name.str())});
    find_lans(lab);
    for (const Service& service : lab.services)
      if (const auto home = spaces_.find(service.space); home != spaces_.end())
        graph_.spaces[home->second].services.push_back(service.stem);
  }

  LabGraph take() { return std::move(graph_); }

 private:
  void add(const Device& device) {
    LabGraph::Joint joint{.device = &device};
    for (std::size_t i = 0; i < device.interfaces.size(); ++i) {
      const Interface& interface = device.interfaces[i];
      ends_.emplace(key(interface.home, interface.name.str()), graph_.ends.size());
      joint.ends.push_back(graph_.ends.size());
      graph_.ends.push_back({.space = interface.home,
                             .name = interface.name.str(),
                             .device = &device,
                             .interface = &interface,
                             .index = i});
    }
    graph_.joints.push_back(std::move(joint));
  }

  void find_lans(const Lab& lab) {
    for (std::size_t i = 0; i < lab.namespaces.size(); ++i) graph_.spaces[i].lan = lab.namespaces[i].is_switch;
    std::vector<std::size_t> bridges(graph_.spaces.size());
    for (const LabGraph::End& end : graph_.ends) {
      const bool plain = end.interface != nullptr && end.interface->of<Address>().empty();
      const bool bridge = plain && !end.master && end.device->interfaces.size() == 1;
      if (bridge) ++bridges[end.space];
      if (!bridge && !(plain && end.master)) graph_.spaces[end.space].lan = false;
    }
    for (std::size_t i = 0; i < bridges.size(); ++i)
      if (bridges[i] != 1) graph_.spaces[i].lan = false;
  }

  static std::string key(std::size_t space, const std::string& name) { return std::to_string(space) + ":" + name; }

  std::size_t space_of(const std::string& name, bool existing) {
    const auto [found, added] = spaces_.emplace(name, graph_.spaces.size());
    if (added) graph_.spaces.push_back({.name = name, .existing = existing});
    return found->second;
  }

  /// What no device of the lab makes was there before.
  std::size_t end_of(std::size_t space, const std::string& name) {
    const auto [found, added] = ends_.emplace(key(space, name), graph_.ends.size());
    if (added)
      graph_.ends.push_back({.space = space, .name = name, .device = nullptr, .interface = nullptr, .index = 0});
    return found->second;
  }

  LabGraph graph_;
  std::unordered_map<std::string, std::size_t> spaces_;
  std::unordered_map<std::string, std::size_t> ends_;
};

}  // namespace

LabGraph graph_of(const Lab& lab) { return Builder(lab).take(); }

bool natural_less(std::string_view a, std::string_view b) {
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() && j < b.size()) {
    if (!is_digit(a[i]) || !is_digit(b[j])) {
      if (a[i] != b[j]) return a[i] < b[j];
      ++i;
      ++j;
      continue;
    }
    const auto number = [](std::string_view text, std::size_t& at) {
      while (at < text.size() && text[at] == '0') ++at;
      const std::size_t begin = at;
      while (at < text.size() && is_digit(text[at])) ++at;
      return text.substr(begin, at - begin);
    };
    const std::string_view left = number(a, i);
    const std::string_view right = number(b, j);
    if (left.size() != right.size()) return left.size() < right.size();
    if (left != right) return left < right;
  }
  if (a.size() - i != b.size() - j) return a.size() - i < b.size() - j;
  return a < b;  // "01" and "1"
}

std::string stem_of(std::string_view name) {
  std::string stem;
  for (const char c : name)
    if (!is_digit(c))
      stem += c;
    else if (stem.empty() || stem.back() != '#')
      stem += '#';
  return stem;
}

}  // namespace netrig::report
