// SPDX-License-Identifier: Apache-2.0
#include "check/impairment.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kernel/link.hpp"
#include "kernel/objects.hpp"
#include "kernel/qdisc.hpp"
#include "model/error_number.hpp"
#include "plan/compare.hpp"

namespace netrig::check {

void for_each_sending(const Ground& ground, const InterfacePattern& pattern,
                      const std::function<void(const SendingLink&)>& each) {
  bool any = false;
  for (const std::size_t space : spaces_of(ground.lab(), pattern.space))
    ground.inside(space, [&] {
      kernel::Socket socket;
      const auto roots = kernel::list_root_qdiscs(socket);
      for (const kernel::LinkState& link : kernel::list_links(socket)) {
        if (!matches(pattern.interface, link.name)) continue;
        any = true;
        SendingLink sending{.space = space,
                            .ifindex = link.ifindex,
                            .mtu = link.mtu,
                            .interface = link.name,
                            .name = ground.name(space) + ":" + link.name};
        for (const kernel::RootQdisc& root : roots)
          if (root.ifindex == link.ifindex) sending.root = root.qdisc;
        if (sending.root) sending.root->interface = link.name;
        each(sending);
      }
    });
  if (!any) throw Error(ErrorCode::not_found, fmt::format("there is no interface {}", pattern.str()));
}

std::optional<Qdisc> said_of(const Lab& lab, std::size_t space, const std::string& interface) {
  for (const Device& device : lab.devices)
    for (const Interface& one : device.interfaces)
      if (one.home == space && one.name.str() == interface && !one.of<Qdisc>().empty()) {
        Qdisc said = one.of<Qdisc>().front();
        plan::Row<Qdisc>::make_canonical(said);
        return said;
      }
  return std::nullopt;
}

void impair(const SendingLink& link, std::optional<Qdisc> then) {
  if (!link.root && !then) return;
  if (then) {
    then->interface = link.interface;
    then->complete(link.mtu);
    plan::Row<Qdisc>::make_canonical(*then);
  }
  Step step{.verb = !then ? Verb::remove : link.root ? Verb::change : Verb::make, .object = then ? *then : *link.root};
  if (then && link.root) step.before = *link.root;
  kernel::Socket socket;
  kernel::Batch batch;
  kernel::append(batch, step, [&](const std::string&) { return link.ifindex; });
  for (const kernel::Refusal& refusal : socket.run(batch)) {
    if (step.verb == Verb::remove && kernel::already_so(step, refusal.error)) continue;
    const auto lack = then ? kernel::lack_of(*then, refusal) : std::nullopt;
    throw Error(lack ? ErrorCode::unsupported : refusal_code(refusal.error),
                fmt::format("cannot impair {}: {}", link.name, lack ? *lack : refusal.str()));
  }
}

}  // namespace netrig::check
