// SPDX-License-Identifier: Apache-2.0
#include "report/drawing/picture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <unordered_set>

#include "report/drawing/alike.hpp"
#include "report/table.hpp"

namespace netrig::report {
namespace {

/// How many namespaces more would be shown by name.
constexpr std::size_t kListed = 3;

bool lower(const Prefix& a, const Prefix& b) {
  return a.address == b.address ? a.length < b.length : a.address < b.address;
}

/// Addresses of interfaces that are alike, one line for each position.
std::vector<std::string> addresses_of(const std::vector<const Interface*>& interfaces) {
  std::vector<std::string> lines;
  const auto longer = [](const Interface* a, const Interface* b) {
    return a->of<Address>().size() < b->of<Address>().size();
  };
  const auto most = std::max_element(interfaces.begin(), interfaces.end(), longer);
  for (std::size_t i = 0; most != interfaces.end() && i < (*most)->of<Address>().size(); ++i) {
    Prefix low = (*most)->of<Address>()[i].prefix;
    Prefix high = low;
    for (const Interface* one : interfaces) {
      if (i >= one->of<Address>().size()) continue;
      low = std::min(low, one->of<Address>()[i].prefix, lower);
      high = std::max(high, one->of<Address>()[i].prefix, lower);
    }
    lines.push_back(low == high                 ? low.str()
                    : low.length == high.length ? fmt::format("{} … {}", low.address.str(), high.str())
                                                : fmt::format("{} … {}", low.str(), high.str()));
  }
  return lines;
}

/// The last number in a name, if the rest of both is the same: how far two names are apart.
std::optional<std::int64_t> distance(const std::string& a, const std::string& b) {
  const auto number_of = [](const std::string& name) -> std::optional<std::pair<std::string, std::int64_t>> {
    const std::size_t last = name.find_last_of("0123456789");
    if (last == std::string::npos) return std::nullopt;
    std::size_t first = last;
    while (first > 0 && name[first - 1] >= '0' && name[first - 1] <= '9') --first;
    std::int64_t number = 0;
    const auto [end, fault] = std::from_chars(&name[first], &name[last] + 1, number);
    if (fault != std::errc()) return std::nullopt;
    return std::pair(name.substr(0, first) + "#" + name.substr(last + 1), number);
  };
  const auto left = number_of(a);
  const auto right = number_of(b);
  if (!left || !right || left->first != right->first) return std::nullopt;
  return right->second - left->second;
}

class Painter {
 public:
  Painter(const Lab& lab, Detail detail)
      : graph_(graph_of(lab)), classes_(detail == Detail::all ? distinct(graph_) : alike(graph_)) {
    draw_boxes();
    draw_ends();
    draw_wires();
    find_nodes();
    label_wires();
  }
  Picture take() { return std::move(picture_); }

 private:
  void draw_boxes() {
    std::vector<std::vector<std::string>> titles;
    const auto box_for = [&](std::map<std::size_t, std::size_t>& boxes, std::size_t number, const std::string& name) {
      const auto [found, added] = boxes.emplace(number, picture_.boxes.size());
      if (added) {
        picture_.boxes.emplace_back().count = 0;
        titles.emplace_back();
      }
      titles[found->second].push_back(name);
      ++picture_.boxes[found->second].count;
      return found->second;
    };
    std::map<std::size_t, std::size_t> spaces;
    for (std::size_t i = 0; i < graph_.spaces.size(); ++i) {
      const std::size_t box = box_for(spaces, classes_.spaces[i], graph_.spaces[i].name);
      picture_.boxes[box].existing = graph_.spaces[i].existing;
      picture_.boxes[box].services = graph_.spaces[i].services;
      if (graph_.spaces[i].lan) picture_.boxes[box].kind = "lan";
      picture_.boxes[box].members.push_back(i);
      picture_.boxes[box].role = classes_.roles[i];
      picture_.box_of.push_back(box);
    }
    std::map<std::size_t, std::size_t> devices;
    joints_.assign(graph_.joints.size(), kNone);
    for (std::size_t i = 0; i < graph_.joints.size(); ++i) {
      const LabGraph::Joint& joint = graph_.joints[i];
      if (!joint.is_node()) continue;
      joints_[i] = box_for(devices, classes_.joints[i], joint.device->name.str());
      picture_.boxes[joints_[i]].kind = joint.device->driver;
    }
    for (std::size_t i = 0; i < titles.size(); ++i) picture_.boxes[i].title = range_of(std::move(titles[i]));
  }

  void draw_ends() {
    std::map<std::pair<std::size_t, std::size_t>, std::size_t> drawn;
    std::vector<std::vector<std::string>> names;
    std::vector<std::vector<const Interface*>> interfaces;
    for (std::size_t i = 0; i < graph_.ends.size(); ++i) {
      const LabGraph::End& end = graph_.ends[i];
      const std::size_t box = picture_.box_of[end.space];
      if (graph_.spaces[end.space].lan) {
        ends_.push_back(kNone);
        continue;
      }
      const auto [found, added] = drawn.emplace(std::pair(box, classes_.ends[i]), picture_.ends.size());
      if (added) {
        const bool whole = end.device != nullptr && end.device->interfaces.size() == 1;
        picture_.boxes[box].ends.push_back(picture_.ends.size());
        picture_.ends.push_back({.box = box,
                                 .kind = whole ? end.device->driver : std::string(),
                                 .count = 0,
                                 .down = end.interface != nullptr && end.interface->state() == AdminState::down,
                                 .outside = end.device == nullptr,
                                 .node = false});
        names.emplace_back();
        interfaces.emplace_back();
      }
      ends_.push_back(found->second);
      ++picture_.ends[found->second].count;
      names[found->second].push_back(end.name);
      if (end.interface != nullptr) interfaces[found->second].push_back(end.interface);
    }
    for (std::size_t i = 0; i < picture_.ends.size(); ++i) {
      picture_.ends[i].name = range_of(std::move(names[i]));
      picture_.ends[i].addresses = addresses_of(interfaces[i]);
    }
  }

  void draw_wires() {
    std::map<std::pair<std::size_t, std::size_t>, std::size_t> drawn;
    const auto wire = [&](Picture::Side from, Picture::Side to, const Device& device, bool reference) {
      // Ends and boxes in one space of numbers.
      const std::size_t a = from.end != kNone ? from.end : picture_.ends.size() + from.box;
      const std::size_t b = to.end != kNone ? to.end : picture_.ends.size() + to.box;
      const auto [found, added] = drawn.emplace(std::minmax(a, b), picture_.wires.size());
      if (added)
        picture_.wires.push_back({.from = from,
                                  .to = to,
                                  .kind = device.driver,
                                  .name = device.name.str(),
                                  .count = 1,
                                  .reference = reference});
      else
        ++picture_.wires[found->second].count;
    };
    const auto side = [&](std::size_t end) {
      return Picture::Side{.box = picture_.box_of[graph_.ends[end].space], .end = ends_[end]};
    };
    for (std::size_t i = 0; i < graph_.joints.size(); ++i) {
      const LabGraph::Joint& joint = graph_.joints[i];
      const Picture::Side self{.box = joints_[i], .end = kNone};
      if (joint.is_wire()) wire(side(joint.ends[0]), side(joint.ends[1]), *joint.device, false);
      if (joint.is_node())
        for (const std::size_t end : joint.ends) wire(self, side(end), *joint.device, false);
      for (const auto& reference : joint.references) {
        const Picture::Side from = joint.is_node() ? self : side(joint.ends[0]);
        const Picture::Side to = side(reference.end);
        if (from.box != to.box)
          wire(from, to, *joint.device, true);
        else if (from.end != kNone && to.end != kNone)
          sit(from.end, to.end);
      }
    }
    for (std::size_t i = 0; i < graph_.ends.size(); ++i)
      if (graph_.ends[i].master && ends_[i] != kNone) sit(ends_[i], ends_[*graph_.ends[i].master]);
  }

  void sit(std::size_t end, std::size_t below) {
    auto& on = picture_.ends[end].on;
    if (end != below && std::find(on.begin(), on.end(), below) == on.end()) on.push_back(below);
  }

  void find_nodes() {
    std::vector<std::size_t> wires(picture_.ends.size());
    for (const Picture::Wire& wire : picture_.wires) {
      for (const Picture::Side& side : {wire.from, wire.to})
        if (side.end != kNone) ++wires[side.end];
      if (wire.reference && wire.to.end != kNone) picture_.ends[wire.to.end].node = true;
    }
    for (std::size_t i = 0; i < wires.size(); ++i) {
      if (wires[i] != 1) picture_.ends[i].node = true;
      for (const std::size_t below : picture_.ends[i].on) picture_.ends[below].node = true;
    }
  }

  void label_wires() {
    std::map<std::string, std::size_t> kinds;
    std::size_t most = 0;
    const auto names_itself = [&](const Picture::Side& side) {
      return side.end == kNone && picture_.boxes[side.box].members.empty();
    };
    const auto plain = [&](const Picture::Wire& wire) {
      return !wire.reference && !names_itself(wire.from) && !names_itself(wire.to);
    };
    for (const Picture::Wire& wire : picture_.wires)
      if (plain(wire)) most = std::max(most, kinds[wire.kind] += wire.count);
    const auto usual = std::count_if(kinds.begin(), kinds.end(), [&](const auto& kind) { return kind.second == most; });
    for (Picture::Wire& wire : picture_.wires) {
      if (plain(wire) && (usual > 1 || kinds.at(wire.kind) != most)) wire.label = wire.kind;
      if (wire.count > 1) wire.label += fmt::format("{}×{}", wire.label.empty() ? "" : " ", wire.count);
    }
  }

  LabGraph graph_;
  Classes classes_;
  Picture picture_;
  std::vector<std::size_t> joints_;  ///< box of a device that is a node
  std::vector<std::size_t> ends_;    ///< drawn end of each end
};

}  // namespace

Picture picture_of(const Lab& lab, Detail detail) { return Painter(lab, detail).take(); }

std::string range_of(std::vector<std::string> names) {
  std::sort(names.begin(), names.end(), natural_less);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  if (names.empty()) return {};
  std::string text = names[0];
  if (names.size() <= kListed) {
    for (std::size_t i = 1; i < names.size(); ++i) text += ", " + names[i];
    return text;
  }
  const std::string stem = stem_of(names[0]);
  if (std::any_of(names.begin(), names.end(), [&](const std::string& name) { return stem_of(name) != stem; }))
    return text + ", " + names[1] + ", …";
  // Where names do not count on one by one, the second says how they do.
  const auto whole = distance(names.front(), names.back());
  if (whole && *whole != static_cast<std::int64_t>(names.size()) - 1) text += ", " + names[1];
  return text + " … " + names.back();
}

std::string summary_of(const Lab& lab) {
  std::map<std::string, std::size_t> kinds;
  for (const Device& device : lab.devices) ++kinds[device.driver];
  std::string list;
  for (const auto& [kind, count] : kinds) list += fmt::format("{}{} {}", list.empty() ? "" : ", ", count, kind);
  return fmt::format("{}: {}, {}{}", lab.name.str(), counted(lab.namespaces.size(), "namespace"),
                     counted(lab.devices.size(), "device"), list.empty() ? "" : fmt::format(" ({})", list));
}

}  // namespace netrig::report
