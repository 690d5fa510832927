// SPDX-License-Identifier: Apache-2.0
// Colour refinement (Weisfeiler and Leman, 1968): two vertices keep one colour as long as their neighbours' colours
// agree. What is drawn one by one gets a colour of its own, which then tells its neighbours apart: hosts of different
// floors.
#include "report/drawing/alike.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <numeric>
#include <unordered_map>
#include <unordered_set>

namespace netrig::report {
namespace {

// A chain of n namespaces would take n/2 rounds to tell all apart. What still looks alike after these touches itself
// and is drawn one by one all the same.
constexpr int kRounds = 24;
constexpr int kSplits = 24;
/// Alike namespaces of so many different names (without their numbers) are told apart by name; of more, names say
/// nothing.
constexpr std::size_t kNames = 24;

using Colour = std::uint64_t;

/// The finaliser of splitmix64.
Colour mix(Colour x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}
Colour mix(Colour a, Colour b) { return mix(mix(a) ^ b); }
Colour hash(std::string_view text) { return std::hash<std::string_view>{}(text); }

enum Label : std::uint8_t { kHome = 1, kContent, kPart, kWhole, kPort, kMaster, kUses, kUsed };

class Refinement {
 public:
  explicit Refinement(const LabGraph& graph)
      : graph_(graph),
        spaces_(graph.spaces.size()),
        joints_(graph.joints.size()),
        colours_(spaces_ + joints_ + graph.ends.size()),
        edges_(colours_.size()) {
    connect();
    paint();
    for (int i = 0; i < kSplits; ++i) {
      refine();
      if (i == 0) roles_ = number(0, spaces_);
      if (!split()) break;
    }
  }

  [[nodiscard]] Classes classes() const {
    return {.spaces = number(0, spaces_),
            .joints = number(spaces_, joints_),
            .ends = number(spaces_ + joints_, graph_.ends.size()),
            .roles = roles_};
  }

 private:
  [[nodiscard]] std::vector<std::size_t> number(std::size_t begin, std::size_t size) const {
    std::vector<std::size_t> result(size);
    std::unordered_map<Colour, std::size_t> numbers;
    for (std::size_t i = 0; i < size; ++i)
      result[i] = numbers.emplace(colours_[begin + i], numbers.size()).first->second;
    return result;
  }

  struct Edge {
    std::size_t to;
    Colour label;
  };

  [[nodiscard]] std::size_t joint(std::size_t i) const { return spaces_ + i; }
  [[nodiscard]] std::size_t end(std::size_t i) const { return spaces_ + joints_ + i; }

  void join(std::size_t a, Colour to_b, std::size_t b, Colour to_a) {
    edges_[a].push_back({.to = b, .label = to_b});
    edges_[b].push_back({.to = a, .label = to_a});
    const std::size_t root = component_of(b);
    components_[component_of(a)] = root;
  }

  void connect() {
    components_.resize(colours_.size());
    std::iota(components_.begin(), components_.end(), 0U);
    for (std::size_t i = 0; i < graph_.ends.size(); ++i) {
      join(end(i), kHome, graph_.ends[i].space, kContent);
      if (graph_.ends[i].master) join(end(i), kMaster, end(*graph_.ends[i].master), kPort);
    }
    for (std::size_t i = 0; i < joints_; ++i) {
      for (const std::size_t one : graph_.joints[i].ends) join(joint(i), kPart, end(one), kWhole);
      for (const auto& [parameter, to] : graph_.joints[i].references)
        join(joint(i), mix(kUses, hash(parameter)), end(to), mix(kUsed, hash(parameter)));
    }
  }

  void paint() {
    for (std::size_t i = 0; i < spaces_; ++i) {
      colours_[i] = mix(1, (graph_.spaces[i].existing ? 1 : 0) + (graph_.spaces[i].lan ? 2 : 0));
      for (const std::string& service : graph_.spaces[i].services) colours_[i] = mix(colours_[i], hash(service));
    }
    for (std::size_t i = 0; i < joints_; ++i) colours_[joint(i)] = mix(2, hash(graph_.joints[i].device->driver));
    for (std::size_t i = 0; i < graph_.ends.size(); ++i) {
      Colour colour = 3;
      if (const Interface* interface = graph_.ends[i].interface) {
        colour = mix(colour, interface->state() == AdminState::up ? 1 : 2);
        for (const Address& address : interface->of<Address>())
          colour = mix(colour, static_cast<Colour>(address.prefix.address.family) << 8U | address.prefix.length);
      }
      colours_[end(i)] = colour;
    }
  }

  [[nodiscard]] std::size_t count() const {
    return std::unordered_set<Colour>(colours_.begin(), colours_.end()).size();
  }

  void refine() {
    std::size_t before = count();
    std::vector<Colour> next(colours_.size());
    for (int round = 0; round < kRounds; ++round) {
      for (std::size_t i = 0; i < colours_.size(); ++i) {
        Colour sum = 0;  // a sum, for neighbours have no order
        for (const Edge& edge : edges_[i]) sum += mix(edge.label, colours_[edge.to]);
        next[i] = mix(colours_[i], sum);
      }
      colours_.swap(next);
      const std::size_t after = count();
      if (after == before) return;
      before = after;
    }
  }

  bool split() {
    const auto touching = touching_themselves();
    std::unordered_map<Colour, std::vector<std::size_t>> members;
    for (std::size_t i = 0; i < spaces_; ++i) members[colours_[i]].push_back(i);
    for (std::size_t i = 0; i < joints_; ++i)
      if (graph_.joints[i].is_node()) members[colours_[joint(i)]].push_back(joint(i));
    bool changed = false;
    for (const auto& [colour, all] : members) {
      if (all.size() == 1) continue;
      changed |=
          all.size() <= kFew || by_name(all) || (touching.contains(colour) && by_place(all, touching.at(colour)));
      if (all.size() <= kFew)
        for (const std::size_t one : all) colours_[one] = mix(colours_[one], one + 1);
    }
    return by_interface() || changed;
  }

  [[nodiscard]] const std::string& name_of(std::size_t vertex) const {
    return vertex < spaces_ ? graph_.spaces[vertex].name : graph_.joints[vertex - spaces_].device->name.str();
  }

  bool by_name(const std::vector<std::size_t>& members) {
    std::vector<std::string> stems;
    std::unordered_set<std::string> different;
    for (const std::size_t one : members) different.insert(stems.emplace_back(stem_of(name_of(one))));
    if (different.size() < 2 || different.size() > kNames) return false;
    for (std::size_t i = 0; i < members.size(); ++i) colours_[members[i]] = mix(colours_[members[i]], hash(stems[i]));
    return true;
  }

  /// Colours whose members are joined to each other, with the first interfaces of those wires: pairs and rings.
  [[nodiscard]] std::unordered_map<Colour, std::unordered_set<std::size_t>> touching_themselves() const {
    std::unordered_map<Colour, std::unordered_set<std::size_t>> result;
    const auto look = [&](std::size_t a, std::size_t b) {
      const std::size_t from = graph_.ends[a].space;
      const std::size_t to = graph_.ends[b].space;
      if (from != to && colours_[from] == colours_[to]) result[colours_[from]].insert(from);
    };
    for (const auto& joint : graph_.joints) {
      if (joint.is_wire()) look(joint.ends[0], joint.ends[1]);
      if (joint.ends.size() == 1)
        for (const auto& reference : joint.references) look(joint.ends[0], reference.end);
    }
    return result;
  }

  /// Tells members that touch each other apart: by which end of the wire they have; else by their order in what hangs
  /// together, so that three hundred equal rings are still one drawing of a ring.
  bool by_place(const std::vector<std::size_t>& members, const std::unordered_set<std::size_t>& first) {
    if (2 * first.size() == members.size()) {
      for (const std::size_t one : members) colours_[one] = mix(colours_[one], first.contains(one) ? 1 : 2);
      return true;
    }
    std::unordered_map<std::size_t, std::size_t> ranks;
    for (const std::size_t one : members) colours_[one] = mix(colours_[one], ++ranks[component_of(one)]);
    return true;
  }

  /// A namespace's few interfaces that are alike are still drawn one by one.
  bool by_interface() {
    std::vector<std::vector<std::size_t>> contents(spaces_);
    for (std::size_t i = 0; i < graph_.ends.size(); ++i) contents[graph_.ends[i].space].push_back(i);
    bool changed = false;
    std::unordered_map<Colour, std::vector<std::size_t>> alike;
    for (const auto& content : contents) {
      alike.clear();
      for (const std::size_t one : content) alike[colours_[end(one)]].push_back(one);
      for (auto& [colour, all] : alike) {
        if (all.size() == 1 || all.size() > kFew) continue;
        std::sort(all.begin(), all.end(),
                  [&](std::size_t a, std::size_t b) { return natural_less(graph_.ends[a].name, graph_.ends[b].name); });
        for (std::size_t i = 0; i < all.size(); ++i) colours_[end(all[i])] = mix(colour, i + 1);
        changed = true;
      }
    }
    return changed;
  }

  std::size_t component_of(std::size_t vertex) {
    while (components_[vertex] != vertex) {
      components_[vertex] = components_[components_[vertex]];
      vertex = components_[vertex];
    }
    return vertex;
  }

  const LabGraph& graph_;
  std::size_t spaces_;
  std::size_t joints_;
  std::vector<Colour> colours_;
  std::vector<std::vector<Edge>> edges_;
  std::vector<std::size_t> components_;
  std::vector<std::size_t> roles_;
};

}  // namespace

Classes alike(const LabGraph& graph) { return Refinement(graph).classes(); }

Classes distinct(const LabGraph& graph) {
  Classes all{.spaces = std::vector<std::size_t>(graph.spaces.size()),
              .joints = std::vector<std::size_t>(graph.joints.size()),
              .ends = std::vector<std::size_t>(graph.ends.size()),
              .roles = std::vector<std::size_t>(graph.spaces.size())};
  for (auto* one : {&all.spaces, &all.joints, &all.ends, &all.roles}) std::iota(one->begin(), one->end(), 0U);
  return all;
}

}  // namespace netrig::report
