// SPDX-License-Identifier: Apache-2.0
#include "check/neighbours.hpp"

#include <linux/neighbour.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "kernel/neighbour.hpp"

namespace netrig::check {
namespace {

/// Entries that one wave may make: what others use and what has just been deleted needs room, too.
std::size_t budget() {
  std::size_t most = 1024;
  std::ifstream("/proc/sys/net/ipv4/neigh/default/gc_thresh3") >> most;
  return std::max<std::size_t>(most / 2, 64);
}

/// The prefixes of every namespace's links.
std::vector<std::vector<const Prefix*>> links_of(const Lab& lab) {
  std::vector<std::vector<const Prefix*>> links(lab.namespaces.size());
  for (const Device& device : lab.devices)
    for (const Interface& interface : device.interfaces)
      for (const Address& address : interface.of<Address>()) links[interface.home].push_back(&address.prefix);
  return links;
}

}  // namespace

std::vector<std::vector<Pair>> waves_of(const Lab& lab, const std::vector<Pair>& pairs) {
  const auto links = links_of(lab);
  const std::size_t most = budget();
  // Both directions of a pair share their entries, so they go into the same wave.
  std::vector<std::size_t> order(pairs.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto ends = [&](std::size_t i) {
    const std::size_t to = pairs[i].to.value_or(lab.namespaces.size());
    return std::pair(std::min(pairs[i].from, to), std::max(pairs[i].from, to));
  };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return ends(a) < ends(b); });

  std::vector<std::vector<Pair>> waves;
  std::set<std::pair<std::size_t, std::size_t>> entries;  // in a namespace: of which; itself stands for its routers
  for (const std::size_t i : order) {
    const Pair& pair = pairs[i];
    const auto& own = links[pair.from];
    const bool near = std::any_of(own.begin(), own.end(), [&](const Prefix* p) { return p->contains(pair.address); });
    const std::size_t to = pair.to.value_or(lab.namespaces.size());
    entries.emplace(pair.from, near ? to : pair.from);
    if (pair.to) entries.emplace(to, near ? pair.from : to);
    if (waves.empty() || entries.size() > most) {
      waves.emplace_back();
      entries.clear();
    }
    waves.back().push_back(pair);
  }
  return waves;
}

struct NeighbourBroom::Space {
  std::optional<kernel::Socket> socket;
  std::set<std::pair<std::uint32_t, IpAddress>> before;
};

NeighbourBroom::NeighbourBroom(const Ground& ground, const std::vector<Pair>& pairs) {
  std::set<std::size_t> wanted;
  for (const Pair& pair : pairs) {
    wanted.insert(pair.from);
    if (pair.to) wanted.insert(*pair.to);
  }
  for (const std::size_t space : wanted) {
    spaces_.push_back(std::make_unique<Space>());
    Space& one = *spaces_.back();
    ground.inside(space, [&] { one.socket.emplace(); });
    for (const auto& entry : kernel::list_neighbours(*one.socket)) one.before.emplace(entry.ifindex, entry.address);
  }
}
NeighbourBroom::~NeighbourBroom() = default;

void NeighbourBroom::sweep() {
  for (const auto& space : spaces_) {
    kernel::Batch batch;
    for (const auto& entry : kernel::list_neighbours(*space->socket))
      if ((entry.state & (NUD_PERMANENT | NUD_NOARP)) == 0 && !space->before.contains({entry.ifindex, entry.address}))
        kernel::delete_neighbour(batch, entry.ifindex, entry.address);
    // One that went by itself meanwhile is as good.
    if (!batch.empty()) space->socket->run(batch, kernel::Socket::OnRefusal::go_on);
  }
}

}  // namespace netrig::check
