// SPDX-License-Identifier: Apache-2.0
// Parameters that only functions of a driver read: what a plan says of them, and what the journal keeps.
#include "catch.hpp"
#include "config/config.hpp"
#include "driver/call.hpp"
#include "driver/messages.hpp"
#include "engine/events.hpp"
#include "fake_drivers.hpp"
#include "plan/devices.hpp"
#include "plan/drift.hpp"
#include "plan/plan.hpp"

using namespace netrig;

namespace {

Lab tuned(const std::string& params) {
  return config::parse(
             "[lab]\nname = \"l\"\n[namespace.a]\n[namespace.b]\n[device.wire]\ndriver = \"veth\"\ninterfaces = [{ "
             "namespace = \"a\", name = \"x\" }, { namespace = \"b\", name = \"y\" }]\n[device.harp]\ndriver = "
             "\"tuner\"\nparams = { " +
                 params + " }\ninterfaces = [{ namespace = \"a\", name = \"h\" }]\n",
             "lab.toml", fake_drivers())
      .lab;
}

/// What a plan does with the device: lines of it.
std::vector<std::string> lines_of(const Lab& before, const Lab& after, std::optional<Parameters> told = {}) {
  plan::Seen seen = plan::as_wanted(&before);
  if (told) seen.told.emplace("harp", std::move(*told));
  const auto one_by_one = [](std::size_t count, const std::function<void(std::size_t)>& body) {
    for (std::size_t i = 0; i < count; ++i) body(i);
  };
  const plan::Plan plan = plan::make(&before, after, std::move(seen), one_by_one);
  std::vector<std::string> lines;
  for (const plan::Line& line : plan::lines_of(plan, &before, after))
    if (line.kind == "device")
      lines.push_back(std::string(line.verb == Verb::change ? "~ "
                                  : line.verb == Verb::make ? "+ "
                                                            : "- ") +
                      line.detail);
  return lines;
}

using Lines = std::vector<std::string>;

Parameters tone(const std::string& value) { return {{"tone", {.values = {value}, .where = {}}}}; }

}  // namespace

TEST_CASE("what only functions read is changed by them, unless it is for the making") {
  const Lab lab = tuned("tone = \"a\", wood = \"oak\", strings = [1, 2]");
  CHECK(lines_of(lab, lab).empty());
  CHECK(lines_of(lab, tuned("tone = \"b\", wood = \"oak\", strings = [1, 2]")) == Lines{"~ tone a -> b"});
  CHECK(lines_of(lab, tuned("tone = \"a\", wood = \"oak\", strings = [2], wait = \"1s\"")) ==
        Lines{"~ strings 1 2 -> 2, wait 1s"});
  CHECK(lines_of(lab, tuned("wood = \"oak\", strings = [1, 2]")) == Lines{"~ tone a -> none"});
  CHECK(lines_of(lab, tuned("tone = \"a\", wood = \"ash\", strings = [1, 2]")) == Lines{"- tuner a:h", "+ tuner a:h"});
  CHECK(lines_of(tuned("secret_tone = \"x\""), tuned("secret_tone = \"y\"")) ==
        Lines{"~ secret_tone (secret) -> (secret)"});
}

TEST_CASE("what a driver tells counts more than what the last file said") {
  const Lab lab = tuned("tone = \"a\"");
  CHECK(lines_of(lab, lab, tone("a")).empty());
  CHECK(lines_of(lab, lab, tone("b")) == Lines{"~ tone b -> a"});
  CHECK(lines_of(lab, lab, Parameters{}) == Lines{"~ tone a"});  // it says that it has none
  // An edit to what it has by now, whoever made it so.
  CHECK(lines_of(lab, tuned("tone = \"b\""), tone("b")).empty());
  // What the file does not set is free.
  CHECK(lines_of(tuned(""), tuned(""), tone("b")).empty());
}

TEST_CASE("a journal keeps what a driver may be asked with later, but no secret") {
  const Lab lab = tuned(
      R"(tone = "a\"b", secret_tone = "s3cret", strings = [-1, 9007199254740993], wait = "1500ms", stand = "b:y")");
  const Device& device = lab.devices[1];
  engine::Record record;
  record.begun = true;
  record.lab = "l";
  record.devices = {
      {.name = "harp", .driver = "tuner", .settled = true, .parameters = engine::parameters_to_keep(device)}};
  const std::string text = engine::all_events(record);
  CHECK_THAT(text, !ContainsSubstring("s3cret"));
  const engine::Record again = engine::replay(text, "journal");
  REQUIRE(again.devices.size() == 1);
  Parameters wanted = device.parameters;
  wanted.erase("secret_tone");
  CHECK(engine::kept_parameters(again.devices[0], *device.about) == wanted);
  // A driver of another version, which declares something else.
  DriverDescription other = *device.about;
  for (ParameterDeclaration& one : other.parameters)
    if (one.name == "tone") one.type = ParameterType::integer;
  CHECK_FALSE(engine::kept_parameters(again.devices[0], other).contains("tone"));
  // Of a driver that never looks back nothing is kept.
  CHECK(engine::parameters_to_keep(lab.devices[0]).empty());
}

TEST_CASE("what a worker says it was told is believed only where the table says so, and of the right type") {
  const DriverDescription& about = *fake_drivers().find("tuner");
  const auto can = [&](const char* name, ParameterScalar value) {
    return driver::can_be_told({{name, {.values = {std::move(value)}, .where = {}}}}, about);
  };
  CHECK(can("tone", std::string("a")));
  CHECK_FALSE(can("tone", true));
  CHECK_FALSE(can("wood", std::string("oak")));
  CHECK_FALSE(can("nothing", std::string("oak")));
  CHECK_FALSE(driver::can_be_told({{"tone", {.values = {std::string("a"), std::string("b")}, .where = {}}}}, about));
}

TEST_CASE("messages about what failed and what was told arrive as they were sent") {
  driver::DoneMessage done;
  done.error = 1;
  done.message = "no";
  done.forbidden = true;
  done.kernel = {.error = 17, .offset = 20, .text = "not so"};
  const auto received = driver::decode_done(driver::encode(done).data());
  CHECK(received.forbidden);
  CHECK(received.kernel.error == 17);
  CHECK(received.kernel.offset == 20);
  CHECK(received.kernel.text == "not so");
  driver::AnswerMessage answer;
  answer.state.told = tone("a");
  CHECK(driver::decode_answer(driver::encode(answer).data()).state.told == tone("a"));
  driver::ServiceMessage service{.id = driver::ServiceId::create_tun};
  service.tun = {.interface = 1, .type = 2, .flags = 3, .owner = 4, .group = 5};
  const auto tun = driver::decode_service(driver::encode(service).data()).tun;
  CHECK((tun.interface == 1 && tun.type == 2 && tun.flags == 3 && tun.owner == 4 && tun.group == 5));
}
