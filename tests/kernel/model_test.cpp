// SPDX-License-Identifier: Apache-2.0
// What netrig believes of the kernel (plan/kernel_model.hpp) against the kernel.
#include "plan/kernel_model.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "catch.hpp"
#include "engine/sight.hpp"
#include "engine/spaces.hpp"
#include "kernel/inside.hpp"
#include "kernel/namespace.hpp"
#include "kernel/objects.hpp"
#include "plan/compare.hpp"
#include "plan/wanted.hpp"
#include "scratch.hpp"
#include "states.hpp"

using namespace netrig;

namespace {

const std::vector<std::string> kSysctls = {"net.ipv4.conf.eth0.forwarding", "net.ipv4.ip_forward"};

bool filters_vlans() {
  static const bool kFilters = scratch::kernel_lacks("CONFIG_BRIDGE_VLAN_FILTERING").empty();
  return kFilters;
}

/// A namespace with three links whose other ends are up, and a bridge.
class Twin {
 public:
  Twin() {
    REQUIRE(scratch::sh("ip netns add m && ip -n m link add eth0 type veth peer name far0 && "
                        "ip -n m link add eth1 type veth peer name far1 && "
                        "ip -n m link add p0 type veth peer name far2 && ip -n m link add br0 address "
                        "02:00:00:00:00:b0 up type bridge" +
                        std::string(filters_vlans() ? " vlan_filtering 1" : "") +
                        " && "
                        "ip netns add far && ip -n m link set far2 netns far up && ip -n m link set far0 netns far up "
                        "&& ip -n m link set far1 netns far up")
                .exit == 0);
    auto fd = kernel::open_namespace("/run/netns/m");
    kernel::aside([&] {
      const std::uint64_t cookie = kernel::cookie_of(*fd);
      space_.emplace(std::move(*fd), cookie);
    });
  }
  ~Twin() { scratch::sh("ip netns del m; ip netns del far"); }
  Twin(const Twin&) = delete;
  Twin& operator=(const Twin&) = delete;

  SpaceState look() {
    SpaceState state;
    kernel::aside([&] {
      state = engine::look_again(*space_, {.sysctls = kSysctls, .ports = true, .vlans = filters_vlans()});
      space_->release_socket();
    });
    return state;
  }

  /// Does one step; what the kernel says to it.
  std::vector<std::string> carry_out(const Step& step) {
    std::vector<std::string> refusals;
    kernel::aside([&] {
      space_->release_socket();
      kernel::Socket& socket = space_->socket();
      if (const auto* sysctl = std::get_if<Sysctl>(&step.object)) {
        kernel::write_sysctl(sysctl->key_text, *sysctl->value);
        return;
      }
      kernel::Batch batch;
      const auto ifindex_of = [&](const std::string& name) { return space_->ifindex.at(name); };
      if (step.verb == Verb::change && !plan::changes_in_place(step.object, step.changes)) {
        if (step.part == Step::Part::whole)
          kernel::append(batch, {.verb = Verb::remove, .object = *step.before}, ifindex_of);
        kernel::append(batch, {.verb = Verb::make, .object = step.object}, ifindex_of);
      } else {
        kernel::append(batch, step, ifindex_of);
      }
      for (const auto& refusal : socket.run(batch, kernel::Socket::OnRefusal::go_on))
        if (step.verb != Verb::remove || !kernel::already_so(step, refusal.error)) refusals.push_back(refusal.str());
    });
    return refusals;
  }

 private:
  std::optional<engine::Space> space_;
};

}  // namespace

TEST_CASE("the kernel does to 500 random states what netrig expects of it, step by step") {
  Twin ground;
  states::Random states(20261125, filters_vlans());
  int steps = 0;
  for (int i = 0; i < 500; ++i) {
    SpaceState wanted = states.next();
    plan::make_canonical(wanted);
    SpaceState expected = ground.look();
    const plan::Difference difference =
        plan::diff({.wanted = wanted, .made = expected, .seen = expected, .own = true, .foreign = Foreign::remove});
    INFO("state " << i << "\n" << fmt::format("{}", fmt::join(states::words(difference.steps), "\n")));
    for (const Step& step : difference.steps) {
      if (step.is_void) continue;
      INFO(fmt::format("{} of it: {}", static_cast<int>(step.part), fmt::join(states::words({step}), "")));
      plan::apply(step, expected);
      REQUIRE(ground.carry_out(step) == std::vector<std::string>{});
      const SpaceState seen = ground.look();
      const plan::Difference rest =
          plan::compare({.wanted = expected, .made = expected, .seen = seen, .own = true, .foreign = Foreign::remove});
      REQUIRE(states::words(rest.steps) == std::vector<std::string>{});
      ++steps;
    }
    const SpaceState seen = ground.look();
    REQUIRE(states::words(plan::compare({.wanted = wanted, .made = wanted, .seen = seen, .own = true}).steps) ==
            std::vector<std::string>{});
  }
  CHECK(steps > 1000);
}
