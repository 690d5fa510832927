// SPDX-License-Identifier: Apache-2.0
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"  // designated, and meant
#include "plan/difference.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "catch.hpp"
#include "plan/devices.hpp"
#include "plan/kernel_model.hpp"
#include "plan/wanted.hpp"
#include "plan/words.hpp"
#include "states.hpp"

using namespace netrig;
using states::address;
using states::link;
using states::route;
using states::sysctl;
using states::words;

namespace {

using Words = std::vector<std::string>;

/// eth0 with an address and a default route over it.
SpaceState host() {
  SpaceState state;
  state.of<Link>() = {link("eth0")};
  state.of<Address>() = {address("eth0", "10.0.0.1/24")};
  state.of<Route>() = {route("0.0.0.0/0", "10.0.0.254", "eth0")};
  return state;
}

plan::Difference diff(const SpaceState& wanted, const SpaceState& made, const SpaceState& seen,
                      Foreign foreign = Foreign::report) {
  return plan::diff({.wanted = wanted, .made = made, .seen = seen, .own = true, .foreign = foreign});
}

ParameterDeclaration one_parameter(Encoding encoding, ParameterType type) {
  ParameterDeclaration one{.name = "it", .type = type};
  one.kernel = {.places = KernelPlace::kData, .encoding = encoding, .attribute = 1};
  return one;
}

SpaceState with_parameter(const std::shared_ptr<const ParameterDeclaration>& declaration,
                          std::vector<ParameterScalar> values) {
  SpaceState state;
  Link link = states::link("eth0");
  link.parameters = {{.declaration = declaration, .values = std::move(values)}};
  state.of<Link>() = {link};
  return state;
}

std::vector<ParameterScalar> values_of(const char* text) {
  const auto address = *IpAddress::parse(text);
  return {Prefix{address, address.bits()}};
}

}  // namespace

TEST_CASE("what is as wanted needs no step") { CHECK(diff(host(), host(), host()).empty()); }

TEST_CASE("an alternative name is let go of before another interface gets it") {
  SpaceState seen;
  seen.of<Link>() = {link("eth0"), link("eth1")};
  seen.of<Link>()[0].settings.altnames = {{"one", "own"}};
  seen.of<Link>()[1].settings.altnames = {std::vector<std::string>{"two"}};
  SpaceState wanted = seen;
  wanted.of<Link>()[0].settings.altnames = {{"own", "two"}};
  wanted.of<Link>()[1].settings.altnames = {std::vector<std::string>{"one"}};
  const auto steps = diff(wanted, seen, seen).steps;
  CHECK(words(steps) ==
        Words{"change interface eth0: altnames one own -> own two", "change interface eth1: altnames two -> one"});
  REQUIRE(steps.size() == 4);
  const auto names = [](const Object& of) { return std::get<Link>(of).settings.altnames.value_or({}); };
  CHECK(steps[0].part == Step::Part::removal);
  CHECK(names(steps[0].object) == Words{"own"});
  CHECK(steps[1].part == Step::Part::removal);
  CHECK(names(steps[1].object).empty());
  CHECK(names(*steps[2].before) == Words{"own"});
  CHECK(names(*steps[3].before).empty());
  CHECK(diff(wanted, seen, wanted).empty());
}

TEST_CASE("what is missing is made, whatever was made before") {
  SpaceState seen = host();
  seen.of<Address>().clear();
  seen.of<Route>().clear();
  CHECK(words(diff(host(), host(), seen).steps) ==
        Words{"make address eth0 10.0.0.1/24", "make route default via 10.0.0.254 dev eth0"});
}

TEST_CASE("a setting that the file gives is mended, one that it leaves free is not") {
  SpaceState wanted = host();
  wanted.of<Link>()[0].settings.mtu = {1400};
  SpaceState seen = host();
  seen.of<Link>()[0].settings.mtu = {1500};
  seen.of<Link>()[0].settings.txqlen = {500};
  CHECK(words(diff(wanted, wanted, seen).steps) == Words{"change interface eth0: mtu 1500 -> 1400"});
}

TEST_CASE("a setting that was made and is no longer wanted goes back to what the kernel has by itself") {
  SpaceState made = host();
  made.of<Link>()[0].settings.promiscuous = {true};
  SpaceState seen = host();
  seen.of<Link>()[0].settings.promiscuous = {true};
  CHECK(words(diff(host(), made, seen).steps) == Words{"change interface eth0: promiscuous true -> false"});
  CHECK(diff(host(), host(), seen).empty());
}

TEST_CASE("what the lab made and no longer wants is removed, and what nobody accounts for is reported") {
  SpaceState seen = host();
  seen.of<Address>().push_back(address("eth0", "10.9.9.9/24"));
  seen.of<Route>().push_back(route("192.0.2.0/24", "10.0.0.7", "eth0"));
  SpaceState made = host();
  made.of<Route>().push_back(route("192.0.2.0/24", "10.0.0.7", "eth0"));
  const plan::Difference difference = diff(host(), made, seen);
  CHECK(words(difference.steps) == Words{"remove route 192.0.2.0/24 via 10.0.0.7 dev eth0"});
  REQUIRE(difference.foreign.size() == 1);
  CHECK(text_of(difference.foreign[0]) == "eth0 10.9.9.9/24");

  CHECK(words(diff(host(), made, seen, Foreign::remove).steps) ==
        Words{"remove route 192.0.2.0/24 via 10.0.0.7 dev eth0", "remove address eth0 10.9.9.9/24"});
  CHECK(diff(host(), made, seen, Foreign::keep).foreign.empty());
}

TEST_CASE("in a namespace that others use, what the lab did not make is nobody's business") {
  SpaceState seen = host();
  seen.of<Address>().push_back(address("eth0", "10.9.9.9/24"));
  const plan::Difference difference =
      plan::diff({.wanted = host(), .made = host(), .seen = seen, .own = false, .foreign = Foreign::remove});
  CHECK(difference.empty());
  CHECK(difference.foreign.empty());
}

TEST_CASE("the primary address takes its secondaries along, which are made again") {
  SpaceState made = host();
  made.of<Address>() = {address("eth0", "10.0.0.1/24"), address("eth0", "10.0.0.2/24", true)};
  SpaceState wanted = host();
  wanted.of<Address>() = {address("eth0", "10.0.0.2/24")};
  CHECK(words(diff(wanted, made, made).steps) == Words{"remove address eth0 10.0.0.1/24",
                                                       "make address eth0 10.0.0.2/24 (again)",
                                                       "make route default via 10.0.0.254 dev eth0 (again)"});
}

TEST_CASE("a link that is set down loses its routes and IPv6 addresses, and nothing of that is forgotten") {
  SpaceState seen = host();
  seen.of<Address>().push_back(address("eth0", "2001:db8::1/64"));
  SpaceState wanted = seen;
  wanted.of<Link>()[0].settings.state = {AdminState::down};
  SpaceState after = seen;
  for (const Step& step : diff(wanted, seen, seen).steps) plan::apply(step, after);
  CHECK(after.of<Address>().size() == 2);
}

TEST_CASE("ip_forward overwrites what an interface has, which is set again") {
  SpaceState wanted;
  wanted.of<Sysctl>() = {sysctl("net.ipv4.ip_forward", "1"), sysctl("net.ipv4.conf.eth0.forwarding", "0")};
  SpaceState seen;
  seen.of<Sysctl>() = {sysctl("net.ipv4.ip_forward", "0"), sysctl("net.ipv4.conf.eth0.forwarding", "0")};
  CHECK(words(diff(wanted, wanted, seen).steps) ==
        Words{"change sysctl net.ipv4.ip_forward: value 0 -> 1",
              "change sysctl net.ipv4.conf.eth0.forwarding: value 1 -> 0 (again)"});
}

TEST_CASE("ip_forward turns off the redirects that it takes, which are turned on again") {
  SpaceState wanted;
  wanted.of<Sysctl>() = {sysctl("net.ipv4.ip_forward", "1"), sysctl("net.ipv4.conf.all.accept_redirects", "1")};
  SpaceState seen;
  seen.of<Sysctl>() = {sysctl("net.ipv4.ip_forward", "0"), sysctl("net.ipv4.conf.all.accept_redirects", "1")};
  CHECK(words(diff(wanted, wanted, seen).steps) ==
        Words{"change sysctl net.ipv4.ip_forward: value 0 -> 1",
              "change sysctl net.ipv4.conf.all.accept_redirects: value 0 -> 1 (again)"});
}

TEST_CASE("an MTU too small for IPv6 takes its addresses, routes and sysctls") {
  SpaceState seen = host();
  seen.of<Link>()[0].settings.mtu = {1500};
  seen.of<Address>().push_back(address("eth0", "2001:db8::1/64"));
  seen.of<Sysctl>() = {sysctl("net.ipv6.conf.eth0.accept_ra", "0")};
  Link small = seen.of<Link>()[0];
  small.settings.mtu = {1000};
  plan::apply({.verb = Verb::change,
               .object = small,
               .changes = {{.name = "mtu", .expected = "1000", .found = "1500", .where = {}}}},
              seen);
  CHECK(seen.of<Address>().size() == 1);
  CHECK(seen.of<Sysctl>().empty());
  CHECK(seen.of<Route>().size() == 1);
}

TEST_CASE("a route of another metric comes before the one that it replaces goes") {
  SpaceState wanted = host();
  wanted.of<Route>() = {route("0.0.0.0/0", "10.0.0.254", "eth0", 50)};
  CHECK(words(diff(wanted, host(), host()).steps) ==
        Words{"make route default via 10.0.0.254 dev eth0 metric 50", "remove route default via 10.0.0.254 dev eth0"});
}

TEST_CASE("a rule is found by what it says, whatever its priority if the file gives none") {
  Rule rule;
  rule.from = Prefix::parse("10.0.0.0/8");
  rule.table = 100;
  SpaceState wanted;
  wanted.of<Rule>() = {rule};
  rule.priority = 32765;
  SpaceState seen;
  seen.of<Rule>() = {rule};
  CHECK(diff(wanted, wanted, seen).empty());
  wanted.of<Rule>()[0].priority = 10;
  CHECK(words(diff(wanted, wanted, seen).steps) ==
        Words{"change rule 10: from 10.0.0.0/8 lookup 100: priority 32765 -> 10"});
}

TEST_CASE("rollback undoes what a run made, and nothing else") {
  const SpaceState before = host();
  SpaceState made = host();
  made.of<Address>().push_back(address("eth0", "10.1.0.1/24"));
  made.of<Link>()[0].settings.mtu = {1400};
  SpaceState now = made;
  now.of<Route>().push_back(route("192.0.2.0/24", "10.0.0.7", "eth0"));  // by somebody else meanwhile
  SpaceState before_seen = before;
  before_seen.of<Link>()[0].settings.mtu = {1500};
  CHECK(words(plan::diff_back(before_seen, made, now).steps) ==
        Words{"change interface eth0: mtu 1400 -> 1500", "remove address eth0 10.1.0.1/24"});
}

TEST_CASE("whatever a namespace was, the difference makes it what it is to be") {
  states::Random states(GENERATE(range(0, 50)), true);
  SpaceState from = states.next();
  for (int i = 0; i < 40; ++i) {
    const SpaceState to = states.next();
    SpaceState state = from;
    const plan::Difference difference = diff(to, from, state);
    for (const Step& step : difference.steps)
      if (!step.is_void) plan::apply(step, state);
    INFO(fmt::format("{}", fmt::join(words(difference.steps), "\n")));
    CHECK(words(diff(to, to, state, Foreign::remove).steps) == Words{});
    from = to;
  }
}

namespace {

/// eth0, a port of br0, with what of either.
SpaceState switched(const Port* port = nullptr, const Vlans* vlans = nullptr) {
  SpaceState state;
  state.of<Link>() = {link("br0"), link("eth0")};
  state.of<Link>()[1].settings.master = {std::string("br0")};
  if (port != nullptr) state.of<Port>() = {*port};
  if (vlans != nullptr) state.of<Vlans>() = {*vlans};
  return state;
}

Vlans vlans_of(std::vector<VlanRange> list) {
  Vlans one{.interface = "eth0"};
  one.list = {std::move(list)};
  return one;
}

}  // namespace

TEST_CASE("what a file says of a port goes back to what the port was born with, and the rest stays") {
  Port made{.interface = "eth0"};
  made.hairpin = {true};
  made.priority = {7};
  Port seen = born_port();
  seen.interface = "eth0";
  seen.cost = {2};
  seen.state = {PortState::forwarding};
  seen.hairpin = {true};
  seen.priority = {7};
  seen.isolated = {true};  // by somebody else
  const SpaceState there = switched(&seen);
  CHECK(diff(switched(&made), switched(&made), there).steps.empty());
  CHECK(words(diff(switched(), switched(&made), there).steps) ==
        Words{"change port eth0: priority 7 -> 32, hairpin true -> false"});
  Port less = made;
  less.hairpin.reset();
  CHECK(words(diff(switched(&less), switched(&made), there).steps) == Words{"change port eth0: hairpin true -> false"});
  // Nobody says anything, so nobody minds.
  CHECK(diff(switched(), switched(), there).steps.empty());
  CHECK(diff(switched(), switched(), there).foreign.empty());
  // Where the interface goes to another bridge, it is born anew.
  SpaceState moved = there;
  moved.of<Link>()[1].settings.master = {std::string("br1")};
  CHECK(words(diff(switched(&made), switched(&made), moved).steps) ==
        Words{"change interface eth0: master br1 -> br0", "make port eth0"});
  SpaceState left = switched();
  left.of<Link>()[1].settings.master = {std::string()};
  CHECK(words(diff(left, switched(&made), there).steps) == Words{"change interface eth0: master br0 -> none"});
  SpaceState gone;
  gone.of<Link>() = {link("br0")};
  CHECK(diff(gone, switched(&made), there).steps.empty());
}

TEST_CASE("what a port is without a carrier nobody can tell") {
  Port wanted{.interface = "eth0"};
  wanted.state = {PortState::disabled};
  Port seen{.interface = "eth0"};
  CHECK(diff(switched(&wanted), switched(&wanted), switched(&seen)).steps.empty());
  seen.state = {PortState::forwarding};
  CHECK(words(diff(switched(&wanted), switched(&wanted), switched(&seen)).steps) ==
        Words{"change port eth0: state forwarding -> disabled"});
}

TEST_CASE("the list of VLANs is whole, and goes back to the one that the bridge gives") {
  const Vlans made = vlans_of({{.first = 20, .last = 30}, {.first = 10, .last = 10, .pvid = true, .untagged = true}});
  SpaceState wanted = switched(nullptr, &made);
  plan::make_canonical(wanted);
  Vlans seen = vlans_of({{.first = 10, .last = 10, .pvid = true, .untagged = true}, {.first = 20, .last = 30}});
  seen.usual = 5;
  CHECK(diff(wanted, wanted, switched(nullptr, &seen)).steps.empty());
  CHECK(words(diff(switched(), wanted, switched(nullptr, &seen)).steps) ==
        Words{"change vlans eth0: list 10 pvid untagged, 20-30 -> 5 pvid untagged"});
  CHECK(diff(switched(), switched(), switched(nullptr, &seen)).steps.empty());
  (*seen.list).push_back({.first = 99, .last = 99});
  CHECK(words(diff(wanted, wanted, switched(nullptr, &seen)).steps) ==
        Words{"change vlans eth0: list 10 pvid untagged, 20-30, 99 -> 10 pvid untagged, 20-30"});
  CHECK(words(diff(wanted, {}, switched()).steps) == Words{"make vlans eth0"});
}

TEST_CASE("VLANs that follow each other and are alike are one range") {
  CHECK(setting_text(canonical_vlans({{.first = 3, .last = 3},
                                      {.first = 1, .last = 2},
                                      {.first = 4, .last = 4, .untagged = true},
                                      {.first = 5, .last = 5, .pvid = true, .untagged = true},
                                      {.first = 6, .last = 4094, .untagged = true}})) ==
        "1-3, 4 untagged, 5 pvid untagged, 6-4094 untagged");
  CHECK(setting_text(std::vector<VlanRange>{}).empty());
}

TEST_CASE("which address of a prefix is the first is put right, whatever others have put before it") {
  SpaceState wanted = host();
  wanted.of<Address>() = {address("eth0", "10.0.0.1/24"), address("eth0", "10.0.0.2/24", true)};
  wanted.of<Route>().clear();
  SpaceState seen = wanted;
  seen.of<Address>() = {address("eth0", "10.0.0.2/24")};
  CHECK(words(diff(wanted, wanted, seen).steps) ==
        Words{"make address eth0 10.0.0.1/24", "change address eth0 10.0.0.2/24: order another -> as in the file"});
  seen.of<Address>() = {address("eth0", "10.0.0.5/24"), address("eth0", "10.0.0.1/24", true),
                        address("eth0", "10.0.0.2/24", true)};
  CHECK(diff(wanted, wanted, seen).steps.empty());
}

TEST_CASE("a setting that the file no longer gives is taken back from addresses and routes, too") {
  SpaceState made = host();
  made.of<Route>()[0].mtu = {1400};
  made.of<Address>()[0].valid = {Lifetime{3600}};
  SpaceState seen = made;
  seen.of<Address>()[0].valid = {Lifetime{3000}};
  CHECK(words(diff(host(), made, seen).steps) ==
        Words{"change address eth0 10.0.0.1/24: valid 3000s -> forever",
              "change route default via 10.0.0.254 dev eth0: mtu 1400 -> none"});
}

TEST_CASE("what others have in a namespace of theirs is neither changed nor removed, however alike it is") {
  Rule rule;
  rule.from = Prefix::parse("10.0.0.0/8");
  rule.table = 100;
  rule.priority = 1000;
  SpaceState made;
  made.of<Rule>() = {rule};
  SpaceState seen = made;
  rule.priority = 500;
  rule.protocol = 0;
  seen.of<Rule>().insert(seen.of<Rule>().begin(), rule);
  const SpaceState nothing;
  CHECK(words(plan::diff({.wanted = nothing, .made = made, .seen = seen, .own = false}).steps) ==
        Words{"remove rule 1000: from 10.0.0.0/8 lookup 100"});

  SpaceState wanted;
  wanted.of<Route>() = {route("192.0.2.0/24", "10.0.0.7", "eth0")};
  const plan::Difference taken = plan::diff({.wanted = wanted, .made = nothing, .seen = wanted, .own = false});
  CHECK(taken.steps.empty());
  CHECK(taken.taken.size() == 1);
}

TEST_CASE("a parameter that the kernel does not tell is not as the file says") {
  const auto it = std::make_shared<const ParameterDeclaration>(one_parameter(Encoding::u32, ParameterType::integer));
  const SpaceState wanted = with_parameter(it, {std::int64_t{5}});
  const auto difference = plan::diff({.wanted = wanted, .made = wanted, .seen = with_parameter(it, {}), .own = true});
  REQUIRE(difference.steps.size() == 1);
  REQUIRE(difference.steps[0].changes.size() == 1);
  CHECK(difference.steps[0].changes[0].name == "it");
  CHECK(difference.steps[0].changes[0].expected == "5");
  CHECK(difference.steps[0].changes[0].found.empty());
  CHECK(plan::diff({.wanted = with_parameter(it, {}), .made = wanted, .seen = wanted, .own = true}).steps.empty());
}

TEST_CASE("two drivers of one kind each have their own parameters, though they are called alike") {
  const auto one = std::make_shared<const ParameterDeclaration>(one_parameter(Encoding::u32, ParameterType::integer));
  const auto other = std::make_shared<const ParameterDeclaration>(one_parameter(Encoding::text, ParameterType::string));
  SpaceState seen = with_parameter(one, {std::int64_t{5}});
  seen.of<Link>()[0].parameters.push_back({.declaration = other, .values = {std::string("a")}});
  const SpaceState wanted = with_parameter(other, {std::string("b")});
  const auto difference = plan::diff({.wanted = wanted, .made = wanted, .seen = seen, .own = true});
  REQUIRE(difference.steps.size() == 1);
  CHECK(difference.steps[0].changes[0].found == "a");
}

TEST_CASE("an interest has every table once, also of drivers of one kind") {
  const auto one = std::make_shared<const DriverDescription>(DriverDescription{.link_kinds = {"any"}});
  const auto other = std::make_shared<const DriverDescription>(*one);
  Interest interest;
  for (const auto& table : {one, other, one}) interest.add(table);
  CHECK(interest.tables.size() == 2);
}

TEST_CASE("what a message cannot say, or the kernel refuses, makes a device anew") {
  const auto flag = one_parameter(Encoding::flag, ParameterType::boolean);
  const std::vector<ParameterScalar> on{true};
  const std::vector<ParameterScalar> off{false};
  CHECK_FALSE(plan::is_changeable(flag, &off, on));
  CHECK_FALSE(plan::is_changeable(flag, &on, off));
  const auto ip = one_parameter(Encoding::ip, ParameterType::address);
  const auto four = values_of("192.0.2.1");
  const auto six = values_of("2001:db8::1");
  CHECK(plan::is_changeable(ip, &four, values_of("192.0.2.2")));
  CHECK(plan::is_changeable(ip, &six, values_of("2001:db8::2")));
  CHECK_FALSE(plan::is_changeable(ip, &four, values_of("239.1.1.1")));
  const auto group = values_of("ff02::1");
  CHECK_FALSE(plan::is_changeable(ip, &group, values_of("2001:db8::2")));
  CHECK_FALSE(plan::is_changeable(ip, &four, six));
  CHECK_FALSE(plan::is_changeable(ip, &six, four));
  CHECK(plan::is_changeable(ip, nullptr, four));
  CHECK_FALSE(plan::is_changeable(ip, nullptr, six));
  const std::vector<ParameterScalar> untold;
  CHECK_FALSE(plan::is_changeable(one_parameter(Encoding::u32, ParameterType::integer), &untold, {std::int64_t{1}}));
}
