// SPDX-License-Identifier: Apache-2.0
#include "session/commands.hpp"

#include <fmt/format.h>

namespace netrig::session {
namespace {

/// Where a test has a command of its own; nothing: it has none.
std::optional<Position> command_of(const Test& test) {
  if (std::holds_alternative<ExecCheck>(test.check)) return test.where;
  if (!test.after.empty()) return test.after.front().where;
  for (const auto* events : {&test.before, &test.during})
    for (const Event& event : *events)
      if (std::holds_alternative<PlacedCommand>(event.what)) return event.where;
  return std::nullopt;
}

}  // namespace

void require_commands(const driver::Policy& policy, const Lab& lab, CommandUse use) {
  using driver::LabCommands;
  if (policy.lab_commands == LabCommands::always) return;
  const bool never = policy.lab_commands == LabCommands::never;
  if (!never && use == CommandUse::test) return;
  const auto refuse = [&](const std::string& what, Position where, std::string_view advice = {}) {
    throw Error(ErrorCode::denied,
                never ? fmt::format("{} runs a command, and the policy lets no lab do that: labs.commands = \"never\" "
                                    "in {}",
                                    what, policy.origin())
                      : fmt::format("{} runs a command while the lab is up, and the policy lets labs do that only in "
                                    "tests (labs.commands = \"test\" in {}): use \"netrig run\"{}",
                                    what, policy.origin(), advice),
                lab.at(where));
  };
  // Programs that netrig itself runs there, for tests, see them, too: what they load is then the lab's choice.
  for (const Namespace& space : lab.namespaces)
    if (!space.view.files.empty() || !space.view.values.empty())
      throw Error(ErrorCode::denied,
                  fmt::format("namespace {} has files or values, which choose what programs in it load, and the policy "
                              "{}: labs.commands = \"{}\" in {}",
                              space.name.str(), never ? "lets no lab run commands" : "lets labs do that only in tests",
                              never ? "never" : "test", policy.origin()),
                  lab.at(space.where));
  for (const Namespace& space : lab.namespaces)
    if (!space.commands.empty()) refuse(fmt::format("namespace {}", space.name.str()), space.commands.front().where);
  for (const Service& service : lab.services)
    if (never || service.start == Service::Start::up)
      refuse(fmt::format("service {}", service.name), service.where, ", or write start = \"test\"");
  if (!never) return;
  for (const Test& test : lab.tests)
    if (const auto where = command_of(test)) refuse(fmt::format("test \"{}\"", test.name), *where);
}

}  // namespace netrig::session
