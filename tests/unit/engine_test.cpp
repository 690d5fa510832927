// SPDX-License-Identifier: Apache-2.0
// The engine in a world in memory, refused one message after the other.
#include "engine/engine.hpp"

#include "catch.hpp"
#include "config/config.hpp"
#include "engine/between_files.hpp"
#include "fake_drivers.hpp"
#include "fake_place.hpp"
#include "plan/difference.hpp"
#include "states.hpp"

using namespace netrig;

namespace {

const std::string kHosts = R"(
[lab]
name = "hosts"
[namespace.a]
sysctl = { "net.ipv4.ip_forward" = 1 }
routes = [{ to = "default", via = "10.0.0.2" }]
[namespace.b]
[namespace.sw]
[device.wire]
driver = "veth"
interfaces = [
  { namespace = "a", name = "eth0", addresses = ["10.0.0.1/24", "10.0.0.9/24", "2001:db8::1/64"] },
  { namespace = "b", name = "eth0", addresses = ["10.0.0.2/24"] },
]
[device.br0]
driver = "bridge"
interfaces = [{ namespace = "sw", name = "br0" }]
[device.up]
driver = "veth"
interfaces = [
  { namespace = "sw", name = "p1", master = "br0" },
  { namespace = "b", name = "eth1", addresses = ["10.1.0.1/24"] },
]
[device.harp]
driver = "tuner"
params = { tone = "a", strings = [1, 2] }
interfaces = [{ namespace = "a", name = "harp0" }]
)";

/// Everything an edit can be: a namespace less and one more, a device less, one more and one made anew, the rest
/// changed.
const std::string kEdited = R"(
[lab]
name = "hosts"
[namespace.a]
routes = [{ to = "default", via = "10.0.0.3", metric = 50 }, { to = "192.0.2.0/24", via = "10.0.0.2" }]
rules = [{ from = "10.0.0.0/8", table = 100, priority = 10 }]
[namespace.sw]
[namespace.c]
[device.wire]
driver = "veth"
interfaces = [
  { namespace = "a", name = "eth0", mtu = 1400, addresses = ["10.0.0.9/24", "10.0.0.1/24"] },
  { namespace = "c", name = "eth0", addresses = ["10.0.0.2/24"] },
]
[device.br0]
driver = "bridge"
params = { stp = true }
interfaces = [{ namespace = "sw", name = "br0", alias = "anew" }]
[device.up]
driver = "veth"
interfaces = [
  { namespace = "sw", name = "p1", master = "br0" },
  { namespace = "c", name = "eth1", addresses = ["10.1.0.1/24"] },
]
[device.harp]
driver = "tuner"
params = { tone = "c", wait = "1s" }
interfaces = [{ namespace = "a", name = "harp0" }]
)";

/// In a namespace that is there without it.
const std::string kGuest = R"(
[lab]
name = "guest"
[namespace.host]
existing = true
sysctl = { "net.ipv4.ip_forward" = 1 }
routes = [{ to = "192.0.2.0/24", type = "blackhole" }]
rules = [{ from = "192.0.2.0/24", table = 100, priority = 10 }]
lo = ["10.255.0.1/32"]
[namespace.in]
[device.wire]
driver = "veth"
interfaces = [
  { namespace = "host", name = "lab0", addresses = ["10.0.0.1/24"] },
  { namespace = "in", name = "eth0", addresses = ["10.0.0.2/24"] },
]
)";

/// The same with everything else in there.
const std::string kOtherGuest = R"(
[lab]
name = "guest"
[namespace.host]
existing = true
routes = [{ to = "198.51.100.0/24", type = "blackhole" }]
rules = [{ from = "198.51.100.0/24", table = 101, priority = 11 }]
lo = ["10.255.0.2/32"]
[namespace.out]
[device.wire]
driver = "veth"
interfaces = [
  { namespace = "host", name = "lab0", addresses = ["10.0.0.1/24", "10.0.0.3/24"] },
  { namespace = "out", name = "eth0", addresses = ["10.0.0.2/24"] },
]
)";

Lab lab_of(const std::string& text) { return config::parse(text, "lab.toml", fake_drivers()).lab; }

/// What is there, as what would make it out of nothing, without MACs that nobody has chosen.
std::vector<std::string> configured(const fake::World& world) {
  std::vector<std::string> lines;
  const SpaceState nothing;
  for (const auto& [name, space] : world.spaces)
    for (const std::string& line :
         states::words(plan::compare({.wanted = space.state, .made = nothing, .seen = nothing, .own = true}).steps))
      lines.push_back(name + ": " + line);
  for (const auto& [name, parameters] : world.devices) {
    const auto settled = world.settled.find(name);
    std::string line =
        fmt::format("device {}, settled {} times", name, settled == world.settled.end() ? 0 : settled->second);
    for (const auto& [parameter, value] : parameters)
      line += fmt::format(", {} {}", parameter, to_text(value.values, ParameterType::string));
    lines.push_back(line);
  }
  // Two worlds are alike whichever came first.
  std::sort(lines.begin(), lines.end());
  return lines;
}

/// All that is there.
std::vector<std::string> shown(const fake::World& world) {
  std::vector<std::string> lines = configured(world);
  for (const auto& [name, space] : world.spaces)
    for (const Link& link : space.state.of<Link>())
      if (link.settings.mac) lines.push_back(fmt::format("{}: {} {}", name, link.name, link.settings.mac->str()));
  std::sort(lines.begin(), lines.end());
  return lines;
}

fake::World with_host() {
  fake::World world;
  world.spaces["host"] = {.cookie = ++world.last_cookie, .state = fake::Place::fresh()};
  return world;
}

/// How a run ended.
struct Ended {
  bool whole = false;        ///< otherwise it was refused
  std::size_t messages = 0;  ///< that it sent
};

bool is_refusal(const Error& error) {
  INFO(error.what());
  CHECK(std::string(error.what()).find("refused") != std::string::npos);
  CHECK(std::string(error.what()).find("did not end well") == std::string::npos);
  return true;
}

/// Brings a lab up.
Ended up(fake::World& world, engine::Journal& journal, const Lab* current, const Lab& next, std::size_t refused = 0,
         bool and_after = false) {
  driver::Registry drivers(driver::Policy{});
  const engine::Options options{.threads = 1};
  auto place = std::make_unique<fake::Place>(world, journal, refused, and_after);
  const fake::Place& asked = *place;
  engine::Bringing bringing(journal, drivers, options, current, next, std::move(place));
  if (current == nullptr) journal.begin(next, {}, engine::Purpose::up);
  try {
    bringing.run({});
  } catch (const Error& error) {
    return {.whole = !is_refusal(error), .messages = asked.messages()};
  }
  return {.whole = true, .messages = asked.messages()};
}

/// Takes it down.
Ended down(fake::World& world, engine::Journal& journal, std::size_t refused = 0) {
  driver::Registry drivers(driver::Policy{});
  auto place = std::make_unique<fake::Place>(world, journal, refused);
  std::size_t messages = 0;
  place->count_into(messages);
  try {
    engine::down(journal, drivers, {}, std::move(place));
  } catch (const Error& error) {
    return {.whole = !is_refusal(error), .messages = messages};
  }
  return {.whole = true, .messages = messages};
}

std::vector<std::string> devices_in(const engine::Record& record) {
  std::vector<std::string> names;
  for (const auto& made : record.devices) names.push_back(made.name);
  std::sort(names.begin(), names.end());
  return names;
}

/// What is still refused when it is tried once more is named, and the next run takes it away.
void check_resisting(const Lab& first, const Lab& second, std::size_t refused, const std::vector<std::string>& wanted) {
  fake::World world;
  engine::Journal journal = engine::Journal::in_memory("hosts");
  REQUIRE(up(world, journal, nullptr, first).whole);
  driver::Registry drivers(driver::Policy{});
  const engine::Options options{.threads = 1};
  engine::Bringing bringing(journal, drivers, options, &first, second,
                            std::make_unique<fake::Place>(world, journal, refused, true));
  try {
    bringing.run({});
    FAIL("nothing was refused");
  } catch (const Error& error) {
    REQUIRE(error.code() == ErrorCode::left);
    CHECK(std::string(error.what()).find("lab hosts is as its file says, but what it no longer wants") == 0);
  }
  REQUIRE(journal.record().phase == engine::Phase::running);
  REQUIRE(up(world, journal, &second, second).whole);
  CHECK(configured(world) == wanted);
}

}  // namespace

TEST_CASE("a lab that is refused any message leaves nothing") {
  const std::string& text = GENERATE_REF(kHosts, kEdited, kGuest);
  const Lab lab = lab_of(text);
  const std::vector<std::string> before = shown(with_host());
  std::size_t refused = 1;
  for (;; ++refused) {
    INFO("message " << refused);
    fake::World world = with_host();
    engine::Journal journal = engine::Journal::in_memory(lab.name.str());
    if (up(world, journal, nullptr, lab, refused).whole) break;
    REQUIRE(shown(world) == before);
    REQUIRE(journal.record().empty());
  }
  CHECK(refused > 10);
}

TEST_CASE("an edit that is refused any message is whole or not at all") {
  const bool back = GENERATE(false, true);
  const Lab first = lab_of(back ? kEdited : kHosts);
  const Lab second = lab_of(back ? kHosts : kEdited);
  fake::World wanted;
  engine::Journal other = engine::Journal::in_memory("hosts");
  REQUIRE(up(wanted, other, nullptr, second).whole);
  std::size_t past_commit = 0;
  std::size_t refused = 0;
  for (std::size_t messages = 1; refused <= messages; ++refused) {
    INFO("message " << refused);
    fake::World world;
    engine::Journal journal = engine::Journal::in_memory("hosts");
    REQUIRE(up(world, journal, nullptr, first).whole);
    const std::vector<std::string> before = shown(world);
    const auto devices = devices_in(journal.record());
    const Ended ended = up(world, journal, &first, second, refused);
    if (refused == 0) {
      messages = ended.messages;
      CHECK(messages > 20);
    }
    if (ended.whole) {
      // Refused after the commit point: what is to be taken away is tried again.
      REQUIRE(configured(world) == configured(wanted));
      REQUIRE(devices_in(journal.record()) == devices_in(other.record()));
      REQUIRE(journal.record().namespaces.size() == other.record().namespaces.size());
      REQUIRE(journal.record().phase == engine::Phase::running);
      if (refused == 0 || refused > messages) continue;
      ++past_commit;
      check_resisting(first, second, refused, configured(wanted));
    } else {
      REQUIRE(shown(world) == before);
      REQUIRE(devices_in(journal.record()) == devices);
    }
  }
  CHECK(past_commit > 0);
}

namespace {

/// An edit that is killed at a message. Returns whether it was; otherwise it has come to its end.
bool edit_killed(fake::World& world, engine::Journal& journal, const Lab& first, const Lab& second,
                 std::size_t message) {
  driver::Registry drivers(driver::Policy{});
  const engine::Options options{.threads = 1};
  auto place = std::make_unique<fake::Place>(world, journal, 0);
  place->die_at(message);
  engine::Bringing bringing(journal, drivers, options, &first, second, std::move(place));
  try {
    bringing.run({});
  } catch (const fake::Killed&) {
    return true;
  }
  return false;
}

/// Goes to `next`, as `up` does with a lab that it finds between two files.
void go_on(fake::World& world, engine::Journal& journal, const Lab& current, const Lab& next) {
  driver::Registry drivers(driver::Policy{});
  engine::take_leftovers(journal, drivers, {}, current, std::make_unique<fake::Place>(world, journal, 0));
  REQUIRE(up(world, journal, &current, next).whole);
}

/// What the edit had made itself is in nobody's way.
void require_none_taken(fake::World& world, engine::Journal& journal, const Lab& current, const Lab& next) {
  driver::Registry drivers(driver::Policy{});
  const engine::Bringing looking(journal, drivers, {}, &current, next,
                                 std::make_unique<fake::Place>(world, journal, 0));
  for (const plan::SpacePlan& one : looking.plan().spaces) REQUIRE(one.difference.taken.empty());
}

void require_like(const fake::World& world, const engine::Journal& journal, const Lab& lab) {
  fake::World wanted = with_host();
  engine::Journal other = engine::Journal::in_memory(lab.name.str());
  REQUIRE(up(wanted, other, nullptr, lab).whole);
  REQUIRE(configured(world) == configured(wanted));
  REQUIRE(devices_in(journal.record()) == devices_in(other.record()));
  REQUIRE(journal.record().namespaces.size() == other.record().namespaces.size());
  REQUIRE(journal.record().sysctls.size() == other.record().sysctls.size());
  REQUIRE(journal.record().objects.size() == other.record().objects.size());
}

}  // namespace

TEST_CASE("an edit that is killed at any message is gone on with, or taken back") {
  const auto [before, after] = GENERATE_REF(std::pair(kHosts, kEdited), std::pair(kEdited, kHosts),
                                            std::pair(kGuest, kOtherGuest), std::pair(kOtherGuest, kGuest));
  const Lab first = lab_of(before);
  const Lab second = lab_of(after);
  const bool forward = GENERATE(true, false);
  std::size_t halves = 0;
  for (std::size_t message = 1;; ++message) {
    INFO("message " << message << (forward ? ", on" : ", back"));
    fake::World world = with_host();
    engine::Journal journal = engine::Journal::in_memory(first.name.str());
    REQUIRE(up(world, journal, nullptr, first).whole);
    if (!edit_killed(world, journal, first, second, message)) break;
    if (!journal.record().half_edited()) {  // past its commit point
      go_on(world, journal, second, second);
      require_like(world, journal, second);
      continue;
    }
    ++halves;
    if (forward) {
      Lab made = first;
      engine::add_made(made, journal.record());
      require_none_taken(world, journal, made, second);
      go_on(world, journal, made, second);
    } else
      go_on(world, journal, engine::under_edit(first, second), first);
    REQUIRE_FALSE(journal.record().edit);
    require_like(world, journal, forward ? second : first);
    REQUIRE(down(world, journal).whole);
    REQUIRE(shown(world) == shown(with_host()));
  }
  CHECK(halves > 3);
}

TEST_CASE("a lab of which anything resists once goes with the next down, and leaves all else as it was") {
  const std::string& text = GENERATE_REF(kHosts, kEdited, kGuest);
  const Lab lab = lab_of(text);
  const std::vector<std::string> before = shown(with_host());
  std::size_t refused = 0;
  for (std::size_t messages = 1; refused <= messages; ++refused) {
    INFO("message " << refused);
    fake::World world = with_host();
    engine::Journal journal = engine::Journal::in_memory(lab.name.str());
    REQUIRE(up(world, journal, nullptr, lab).whole);
    const Ended ended = down(world, journal, refused);
    if (refused == 0) messages = ended.messages;
    REQUIRE(ended.whole == (refused == 0));
    if (refused != 0) {
      REQUIRE_FALSE(journal.record().empty());
      REQUIRE(down(world, journal).whole);
    }
    REQUIRE(shown(world) == before);
    REQUIRE(journal.record().empty());
  }
  CHECK(refused > 3);
}

TEST_CASE("a lab has a hand on a sysctl of an existing namespace also where it is as wanted already") {
  fake::World world = with_host();
  world.spaces["host"].state.of<Sysctl>().front().value = {"1"};
  const Lab lab = lab_of(kGuest);
  engine::Journal journal = engine::Journal::in_memory(lab.name.str());
  REQUIRE(up(world, journal, nullptr, lab).whole);
  REQUIRE(journal.record().sysctls.size() == 1);
  CHECK(journal.record().sysctls.front().key == "net.ipv4.ip_forward");
  CHECK(journal.record().sysctls.front().before == "1");
}

TEST_CASE("what somebody has changed is mended, whatever it was, and a second look finds nothing") {
  const Lab lab = lab_of(kHosts);
  fake::World world;
  engine::Journal journal = engine::Journal::in_memory("hosts");
  REQUIRE(up(world, journal, nullptr, lab).whole);
  SECTION("an address and a route are gone") {
    world.spaces["a"].state.of<Address>().clear();
    world.spaces["a"].state.of<Route>().clear();
  }
  SECTION("a link is down and has another MTU") {
    world.spaces["b"].state.of<Link>()[1].settings.state = {AdminState::down};
  }
  SECTION("a port has left its bridge") {
    for (Link& link : world.spaces["sw"].state.of<Link>()) link.settings.master = {std::string()};
  }
  SECTION("a device is gone") {
    for (const char* space : {"a", "b"})
      plan::apply({.verb = Verb::remove, .object = states::link("eth0")}, world.spaces[space].state);
  }
  SECTION("a namespace is gone") { world.spaces.erase("b"); }
  SECTION("what only a driver knows is another") { world.devices["harp"]["tone"].values = {std::string("b")}; }
  REQUIRE(up(world, journal, &lab, lab).whole);
  CHECK(std::get<std::string>(world.devices.at("harp").at("tone").values.front()) == "a");
  driver::Registry drivers(driver::Policy{});
  const engine::Options options{.threads = 1};
  const engine::Bringing again(journal, drivers, options, &lab, lab, std::make_unique<fake::Place>(world, journal, 0));
  CHECK(again.plan().empty());
}
