// SPDX-License-Identifier: Apache-2.0
// The journal as a crash, a full disk or a hand may have left it.
#include "catch.hpp"
#include "engine/events.hpp"

namespace netrig::engine {
namespace {

Record record() {
  Record record;
  record.begun = true;
  record.lab = "two";
  record.file = "/labs/two.toml";
  record.boot = "0f1e2d3c-0000-4000-8000-000000000000";
  record.version = "0.1.0";
  record.began = 1'700'000'000;
  record.phase = Phase::running;
  record.namespaces = {{.name = "a", .cookie = 11, .existing = false},
                       {.name = "b", .cookie = 12, .existing = true, .path = "/proc/self/ns/net"}};
  record.devices = {
      {.name = "wire",
       .driver = "veth",
       .interfaces = {{.home = "a", .name = "eth0", .ifindex = 2}, {.home = "b", .name = "x", .ifindex = 77}},
       .record = {std::byte{7}},
       .settled = true},
      {.name = "card",
       .driver = "physical",
       .interfaces = {{.home = "a",
                       .name = "wan",
                       .ifindex = 4,
                       .birth = 99,
                       .borrowed = std::make_shared<const Borrowed>(Borrowed{
                           .home = "b",
                           .name = "eno1",
                           .ifindex = 3,
                           .objects = {Link{.name = "eno1", .settings = {.mtu = 1400U}},
                                       Sysctl{.key_text = "net.ipv4.conf.eno1.rp_filter", .value = {"2"}},
                                       Address{.interface = "eno1", .prefix = *Prefix::parse("192.0.2.7/24")}}})}},
       .settled = true}};
  record.sysctls = {{.home = "b", .key = "net.ipv4.ip_forward", .before = "0", .shared = true}};
  Route route;
  route.destination = *Prefix::parse("10.0.0.0/8");
  record.objects = {{.home = "b", .object = route}};
  record.services = {{.name = "s@a",
                      .home = "a",
                      .cookie = 11,
                      .fingerprint = ~0ULL,
                      .stop = 5000,
                      .identity = {.process = 4711, .began = 99, .space = 4026531836, .seen_from = 4026531837},
                      .ready = true},
                     {.name = "t", .home = "a", .cookie = 11}};
  return record;
}

MadeNamespace space(const std::string& name, std::uint64_t cookie) {
  return {.name = name, .cookie = cookie, .existing = false};
}

/// What is appended while a lab is changed.
std::string appended() {
  const MadeDevice more{
      .name = "more", .driver = "veth", .interfaces = {{.home = "a", .name = "y", .ifindex = 3}}, .settled = false};
  return event_of(Phase::changing) + event_of(more) + event_of(space("c", 13)) +
         end_of(MadeDevice{.name = "wire", .driver = {}}) + end_of(space("a", 11));
}

std::string refusal_of(const std::string& journal) {
  try {
    replay(journal, "/run/netrig/two/journal");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::failed);
    CHECK_THAT(error.where(), ContainsSubstring("/run/netrig/two/journal:"));
    return error.message();
  }
  return {};
}

}  // namespace

TEST_CASE("a journal cut to any length is refused or tells all that was made until then") {
  const Record whole = record();
  const std::string base = all_events(whole);
  const std::string journal = base + appended();
  for (std::size_t length = 0; length <= journal.size(); ++length) {
    CAPTURE(length);
    const std::string cut = journal.substr(0, length);
    if (length < base.size()) {
      // What came in one piece cannot be there in part unless somebody cut it.
      CHECK_THAT(refusal_of(cut), ContainsSubstring("the lab's record is damaged: it"));
      continue;
    }
    // What was appended is there up to its last whole line: what the next one says was not begun.
    const std::size_t end = cut.rfind('\n') + 1;
    CHECK(all_events(replay(cut, "journal")) == all_events(replay(cut.substr(0, end), "journal")));
    CHECK(replay(cut, "journal").sysctls.size() == 1);
  }
}

TEST_CASE("a first run that is cut off anywhere tells all that it has made") {
  Record fresh = record();
  fresh.phase = Phase::starting;
  fresh.namespaces.clear();
  fresh.devices.clear();
  fresh.sysctls.clear();
  fresh.objects.clear();
  const std::string begin = all_events(fresh);
  const std::string first = event_of(space("a", 11));
  const std::string journal = begin + first + event_of(space("b", 12));
  for (std::size_t length = 0; length <= journal.size(); ++length) {
    CAPTURE(length);
    if (length < begin.size()) {
      CHECK(!refusal_of(journal.substr(0, length)).empty());
      continue;
    }
    const Record seen = replay(journal.substr(0, length), "journal");
    CHECK(seen.phase == Phase::starting);
    CHECK(seen.namespaces.size() == (length >= journal.size() ? 2U : length >= begin.size() + first.size() ? 1U : 0U));
  }
}

TEST_CASE("a record is the same after it was written and read") {
  Record one = record();
  one.purpose = Purpose::run;
  one.damaged = true;
  one.only = {"a*"};
  const Record again = replay(all_events(one), "journal");
  CHECK(all_events(again) == all_events(one));
  CHECK(again.purpose == Purpose::run);
  CHECK(again.damaged);
  CHECK(again.sysctls.at(0).shared);
  REQUIRE(again.devices.at(1).interfaces.at(0).borrowed != nullptr);
  CHECK(again.devices.at(1).interfaces.at(0).borrowed->objects == one.devices.at(1).interfaces.at(0).borrowed->objects);
  CHECK(again.devices.at(0).interfaces.at(0).borrowed == nullptr);
}

TEST_CASE("what is wrong with a line is told in words") {
  const auto [line, message] = GENERATE(table<std::string, std::string>({
      {R"({"e":"ns","n":"a"})", R"(line 2 lacks "c")"},
      {R"({"e":"ns","n":1,"c":2})", "line 2 has something else where a value should be"},
      {R"({"e":"ns","n":"a","c":-1})", "line 2 has a number that cannot be"},
      {R"({"e":"ns",x)", "line 2 is not as netrig writes it, from byte 11 on"},
      {R"({"e":"moon"})", R"(line 2 tells of "moon", which this netrig does not know)"},
      {R"({"e":"dev","n":"d","d":"veth","i":[],"r":"0x"})", "line 2 has bytes that are not in hexadecimal"},
  }));
  const std::string base = all_events(record());
  const std::string refusal = refusal_of(base.substr(0, base.find('\n') + 1) + line + "\n");
  CHECK_THAT(refusal, ContainsSubstring("the lab's record is damaged: " + message));
  CHECK_THAT(refusal, !ContainsSubstring("json.exception"));
}

TEST_CASE("lines out of their place are refused") {
  const std::string base = all_events(record());
  CHECK_THAT(refusal_of(base.substr(base.find('\n') + 1)), ContainsSubstring("does not begin with its beginning"));
  CHECK_THAT(refusal_of(base + base), ContainsSubstring("a second beginning"));
  CHECK_THAT(refusal_of(base + "{}\n"), ContainsSubstring("damaged"));
  CHECK_THAT(refusal_of(base + "\n"), ContainsSubstring("damaged"));
  CHECK_THAT(refusal_of(""), ContainsSubstring("it is empty"));
}

TEST_CASE("a journal of a netrig that did not count its lines is read") {
  std::string text = all_events(record());
  const std::string counted = "\"rest\":9,";
  REQUIRE(text.find(counted) != std::string::npos);
  text.erase(text.find(counted), counted.size());
  CHECK(replay(text, "journal").namespaces.size() == 2);
}

TEST_CASE("of a damaged journal all lines are salvaged that can be read") {
  const std::string base = all_events(record());
  const std::size_t second = base.find('\n') + 1;
  SECTION("its beginning is lost") {
    const Record saved = salvage(base.substr(second));
    CHECK(saved.begun);
    CHECK(saved.damaged);
    CHECK(saved.boot.empty());
    CHECK(saved.namespaces.size() == 2);
    CHECK(saved.devices.size() == 2);
  }
  SECTION("a line in the middle is none") {
    std::string text = base;
    text[second + 3] = '\0';
    const Record saved = salvage(text);
    CHECK(saved.namespaces.size() == 1);
    CHECK(saved.devices.size() == 2);
    CHECK(saved.lab == "two");
  }
  SECTION("nothing is left") { CHECK(salvage("{\"e\":\"beg").damaged); }
}

}  // namespace netrig::engine
