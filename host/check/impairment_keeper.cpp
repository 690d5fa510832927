// SPDX-License-Identifier: Apache-2.0
#include "check/impairment_keeper.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "kernel/link.hpp"
#include "kernel/qdisc.hpp"
#include "plan/compare.hpp"

namespace netrig::check {

void ImpairmentKeeper::keep(const SendingLink& link) {
  if (std::any_of(kept_.begin(), kept_.end(),
                  [&](const SendingLink& one) { return one.space == link.space && one.ifindex == link.ifindex; }))
    return;
  SendingLink kept = link;
  // The kernel does not tell all of what the lab says.
  if (const auto said = said_of(ground_.lab(), link.space, link.interface);
      said && kept.root && plan::changes_of(*said, *kept.root).empty())
    kept.root = said;
  const bool is_known =
      !kept.root || (!kept.root->beyond && (kept.root->kind == Qdisc::kNetem || kept.root->kind == Qdisc::kTbf));
  if (!is_known)
    throw Error(ErrorCode::conflict,
                fmt::format("cannot impair {}: it has a {} that could not be given back", link.name, kept.root->kind));
  kept_.push_back(std::move(kept));
}

std::vector<std::string> ImpairmentKeeper::set(const InterfacePattern& pattern, const Qdisc& what) {
  std::vector<std::string> names;
  for_each_sending(ground_, pattern, [&](const SendingLink& link) {
    keep(link);
    impair(link, what.kind.empty() ? std::nullopt : std::optional(what));
    names.push_back(link.name);
  });
  return names;
}

std::vector<std::string> ImpairmentKeeper::restore() {
  std::vector<std::string> faults;
  for (SendingLink& kept : std::exchange(kept_, {})) {
    try {
      ground_.inside(kept.space, [&] {
        kernel::Socket socket;
        if (!kernel::get_link(socket, kept.ifindex)) return;  // and with it all that was to be given back
        std::optional<Qdisc> before = std::exchange(kept.root, std::nullopt);
        for (const kernel::RootQdisc& root : kernel::list_root_qdiscs(socket))
          if (root.ifindex == kept.ifindex) kept.root = root.qdisc;
        impair(kept, std::move(before));
      });
    } catch (const Error& error) {
      faults.push_back(fmt::format("what {} sends is not as it was: {}", kept.name, error.what()));
    }
  }
  return faults;
}

}  // namespace netrig::check
