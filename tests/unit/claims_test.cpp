// SPDX-License-Identifier: Apache-2.0
// What has to go before what is to be can come.
#include "plan/claims.hpp"

#include "catch.hpp"
#include "config/config.hpp"
#include "fake_drivers.hpp"
#include "plan/drift.hpp"
#include "plan/plan.hpp"
#include "plan/raise.hpp"

using namespace netrig;

namespace {

using Names = std::vector<std::string>;

/// Of namespaces a, b and host, which others use.
Lab lab_of(const std::string& devices) {
  return config::parse(
             "[lab]\nname = \"l\"\n[namespace.a]\n[namespace.b]\n[namespace.host]\nexisting = true\n" + devices,
             "lab.toml", fake_drivers())
      .lab;
}

std::string device(const std::string& name, const std::string& driver, const std::string& interfaces,
                   const std::string& params = "") {
  return "[device." + name + "]\ndriver = \"" + driver + "\"\nparams = { " + params + " }\ninterfaces = [" +
         interfaces + "]\n";
}
std::string wire(const std::string& name, const std::string& interface) {
  return device(name, "veth",
                "{ namespace = \"a\", " + interface + " }, { namespace = \"b\", name = \"" + name + "\" }");
}
std::string macvlan(const std::string& name, const std::string& rest = "") {
  return device(name, "macvlan", "{ namespace = \"b\", name = \"" + name + "\"" + rest + " }", "parent = \"a:eth0\"");
}

Link& link_in(plan::Seen& seen, const std::string& space, const std::string& name) {
  for (Link& link : seen.spaces.at(space).of<Link>())
    if (link.name == name) return link;
  throw Error(ErrorCode::not_found, name);
}

/// All as the first file says.
struct Edit {
  Lab before;
  Lab after;
  plan::Seen seen;
  Edit(const std::string& one, const std::string& other)
      : before(lab_of(one)), after(lab_of(other)), seen(plan::as_wanted(&before)) {}

  plan::Plan plan() {
    return plan::make(&before, after, std::move(seen),
                      [](std::size_t count, const std::function<void(std::size_t)>& body) {
                        for (std::size_t i = 0; i < count; ++i) body(i);
                      });
  }
  Names cleared() {
    Names names;
    for (const std::size_t d : plan().clear_devices) names.push_back(before.devices[d].name.str());
    std::sort(names.begin(), names.end());
    return names;
  }
};

}  // namespace

TEST_CASE("a device that is in nobody's way goes when all else has succeeded") {
  CHECK(Edit(wire("w", "name = \"x\""), wire("v", "name = \"y\"")).cleared().empty());
  CHECK(Edit(device("v1", "vxlan", "{ namespace = \"a\", name = \"v1\" }", "id = 1"),
             device("v2", "vxlan", "{ namespace = \"a\", name = \"v2\" }", "id = 2"))
            .cleared()
            .empty());
}

TEST_CASE("a device that has what one that comes is to have goes first") {
  const std::string named = wire("w", "name = \"x\", altnames = [\"one\"]");
  CHECK(Edit(named, wire("v", "name = \"one\"")).cleared() == Names{"w"});
  CHECK(Edit(named, wire("v", "name = \"y\", altnames = [\"one\"]")).cleared() == Names{"w"});
  Edit number(wire("w", "name = \"x\""), wire("v", "name = \"y\", index = 100"));
  link_in(number.seen, "a", "x").ifindex = 100;
  CHECK(number.cleared() == Names{"w"});
  CHECK(Edit(device("v1", "vxlan", "{ namespace = \"a\", name = \"v1\" }", "id = 1"),
             device("v2", "vxlan", "{ namespace = \"a\", name = \"v2\" }", "id = 1"))
            .cleared() == Names{"v1"});
  CHECK(Edit(device("card", "card", "{ namespace = \"a\", name = \"x\" }", "mac = \"02:00:00:00:00:01\""),
             device("nic", "card", "{ namespace = \"a\", name = \"y\" }", "mac = \"02:00:00:00:00:01\""))
            .cleared() == Names{"card"});
  // Under the name that somebody has given it.
  Edit renamed(wire("w", "name = \"x\""), wire("v", "name = \"y\""));
  link_in(renamed.seen, "a", "x").ifindex = 7;
  link_in(renamed.seen, "a", "x").name = "y";
  renamed.seen.renamed["a"] = {{.from = "y", .to = "x", .ifindex = 7}};
  CHECK(renamed.cleared() == Names{"w"});
}

TEST_CASE("a device that stays gives way where another is to have what it has") {
  const std::string two = wire("w", "name = \"x\"");
  Edit number(two, two + wire("v", "name = \"y\", index = 2"));
  link_in(number.seen, "a", "x").ifindex = 2;
  CHECK(number.cleared() == Names{"w"});
  Edit free(two, two + wire("v", "name = \"y\", index = 2"));
  link_in(free.seen, "a", "x").ifindex = 3;
  CHECK(free.cleared().empty());
  CHECK(Edit(wire("w", "name = \"x\", altnames = [\"one\"]"), two + wire("v", "name = \"one\"")).cleared() ==
        Names{"w"});
  const auto macs = [](const std::string& one, const std::string& other) {
    return wire("w", "name = \"eth0\"") + macvlan("m1", ", mac = \"02:00:00:00:00:0" + one + "\"") +
           macvlan("m2", ", mac = \"02:00:00:00:00:0" + other + "\"");
  };
  for (const auto& [one, other, cleared] :
       {std::tuple("2", "1", Names{"m1", "m2"}), std::tuple("2", "3", Names{"m2"}), std::tuple("3", "2", Names{})}) {
    Edit edit(macs("1", "2"), macs(one, other));
    for (const char* name : {"m1", "m2"}) link_in(edit.seen, "b", name).kind = "macvlan";
    CHECK(edit.cleared() == cleared);
  }
}

TEST_CASE("what is cleared gets no name back") {
  Edit edit(wire("w", "name = \"x\", index = 7"), wire("w", "name = \"x\", index = 8"));
  link_in(edit.seen, "a", "x").ifindex = 7;
  link_in(edit.seen, "a", "x").name = "other";
  edit.seen.renamed["a"] = {{.from = "other", .to = "x", .ifindex = 7}};
  for (const plan::SpacePlan& one : edit.plan().spaces)
    for (const Step& step : one.difference.steps)
      for (const SettingChange& change : step.changes) CHECK(change.name != "name");
}

TEST_CASE("MTUs grow from below, also over namespaces, and back where they have shrunk") {
  const auto mtus = [](const std::string& mtu) {
    return macvlan("m", ", mtu = " + mtu) + wire("w", "name = \"eth0\", mtu = " + mtu);
  };
  Edit grows(mtus("1400"), mtus("9000"));
  const plan::Plan plan = grows.plan();
  const auto raises = plan::raises_of(grows.after, grows.after, plan, plan::Direction::forth);
  REQUIRE(raises.size() == 1);
  CHECK(raises[0].space == "a");
  CHECK(text_of(raises[0].step.object) == "eth0");
  CHECK(std::get<Link>(raises[0].step.object).settings.mtu == 9000U);
  CHECK(plan::raises_of(grows.before, grows.after, plan, plan::Direction::back).empty());
  Edit shrinks(mtus("9000"), mtus("1400"));
  const plan::Plan other = shrinks.plan();
  CHECK(plan::raises_of(shrinks.after, shrinks.after, other, plan::Direction::forth).empty());
  const auto back = plan::raises_of(shrinks.before, shrinks.after, other, plan::Direction::back);
  REQUIRE(back.size() == 1);
  CHECK(std::get<Link>(back[0].step.object).settings.mtu == 9000U);
}
