// SPDX-License-Identifier: Apache-2.0
#include "engine/whose.hpp"

#include <algorithm>

namespace netrig::engine {

bool is_borrowed_one(Space& space, const MadeInterface& made, const kernel::LinkState& link) {
  if (made.birth != 0)
    if (const std::uint64_t birth = space.birth_of(link.name); birth != 0) return birth == made.birth;
  return link.ifindex == made.ifindex && link.name == made.name && link.kind == made.kind;
}

bool is_made(Space& space, const MadeInterface& made, const kernel::LinkState& link) {
  if (made.ifindex != 0 && made.ifindex != link.ifindex) return false;
  if (made.borrowed) return is_borrowed_one(space, made, link);
  if (made.kind.empty()) return link.name == made.name;
  if (made.kind != link.kind) return false;
  if (made.birth == 0) return true;
  const std::uint64_t birth = space.birth_of(link.name);
  return birth == 0 || birth == made.birth;
}

const kernel::LinkState* find_made(Space& space, const MadeInterface& made,
                                   const std::vector<kernel::LinkState>& links) {
  const auto found = std::find_if(links.begin(), links.end(),
                                  [&](const kernel::LinkState& link) { return is_made(space, made, link); });
  return found == links.end() ? nullptr : &*found;
}

bool seen_made(Space& space, const MadeDevice& device, const MadeInterface& made, const kernel::LinkState& link) {
  if (!device.hands_from) return true;
  return device.settled ? !made.kind.empty() : born_since(space, device, link);
}

bool born_since(Space& space, const MadeDevice& device, const kernel::LinkState& link) {
  return device.hands_from.value_or(0) != 0 && space.birth_of(link.name) > *device.hands_from;
}

}  // namespace netrig::engine
