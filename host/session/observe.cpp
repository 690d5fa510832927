// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <numeric>
#include <unordered_set>

#include "engine/commands.hpp"
#include "engine/inspection.hpp"
#include "engine/services.hpp"
#include "plan/drift.hpp"
#include "session/session.hpp"
#include "session/views.hpp"

namespace netrig::session {
namespace {

Observation observed(const plan::Plan& plan, const Lab* current, const Lab& next) {
  Observation result;
  result.lines = plan::lines_of(plan, current, next);
  for (const plan::SpacePlan& one : plan.spaces)
    for (const Object& object : one.difference.foreign)
      result.foreign.push_back({.space = next.namespaces[one.space].name.str(), .object = object});
  return result;
}

void append(std::vector<plan::Line>& lines, std::vector<plan::Line> more) {
  lines.insert(lines.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

std::vector<plan::Line> leftovers_of(const engine::Record& record, const Lab& lab) {
  std::vector<plan::Line> lines;
  const auto append = [&](const std::string& kind, const std::string& space, const std::string& name) {
    lines.push_back(
        {.verb = Verb::remove, .kind = kind, .space = space, .name = name, .detail = "left by an earlier run"});
  };
  const auto names_of = [](const auto& named) {
    std::unordered_set<std::string_view> names;
    for (const auto& one : named) names.insert(one.name.str());
    return names;
  };
  const auto devices = names_of(lab.devices);
  const auto namespaces = names_of(lab.namespaces);
  for (const engine::MadeDevice& made : record.devices)
    if (!devices.contains(made.name)) append("device", "", made.name);
  for (const engine::MadeNamespace& made : record.namespaces)
    if (!made.existing && !namespaces.contains(made.name)) append("namespace", made.name, "");
  return lines;
}

engine::Record running_record(const std::string& lab) {
  auto record = engine::Journal::peek(lab);
  if (!record) throw Error(ErrorCode::not_found, fmt::format("no lab \"{}\" is up", lab));
  if (!record->begun || record->phase != engine::Phase::running || engine::is_lost(*record))
    throw Error(ErrorCode::not_found, fmt::format("lab \"{0}\" is not up, see \"netrig status {0}\"", lab));
  return std::move(*record);
}

Observation observe(driver::Registry& drivers, const engine::Record& record, const Lab* current, const Lab& next) {
  engine::Spaces spaces;
  const unsigned threads = engine::worker_count();
  plan::Seen seen = engine::look(spaces, record, current, next, threads);
  if (current != nullptr) engine::add_told(engine::ask_devices(drivers, spaces, record, *current), seen);
  const plan::Plan plan = engine::make_plan(current, next, std::move(seen), threads);
  engine::check_conflicts(record, current, next, plan);
  Observation result = observed(plan, current, next);
  if (current != nullptr) append(result.lines, leftovers_of(record, *current));
  append(result.lines, view_lines(current, next));
  append(result.lines, engine::command_lines(record, next));
  append(result.lines, engine::service_lines(record, current, next));
  return result;
}

Observation compare_files(const Lab* current, const Lab& next) {
  Observation result = observed(engine::make_plan(current, next, plan::as_wanted(current), 1), current, next);
  append(result.lines, view_lines(current, next));
  append(result.lines, engine::compare_commands(current, next));
  append(result.lines, engine::compare_services(current, next));
  return result;
}

Observation verify(driver::Registry& drivers, const engine::Record& record, const Lab& applied) {
  std::vector<std::size_t> all(applied.namespaces.size());
  std::iota(all.begin(), all.end(), 0U);
  plan::Drift drift = engine::drift_in(record, applied, all);
  Observation result{.lines = std::move(drift.lines)};
  engine::Spaces spaces;
  const auto told = engine::ask_devices(drivers, spaces, record, applied);
  append(result.lines, engine::drift_of(told, applied));
  for (const Device& device : applied.devices)
    if (const auto found = told.find(device.name.str()); found != told.end() && !found->second.fault.empty())
      result.unknown.push_back(fmt::format("device {} could not be asked how it is", device.name.str()));
  append(result.lines, engine::command_lines(record, applied));
  append(result.lines, engine::service_lines(record, &applied, applied));
  for (auto& [space, object] : drift.foreign) result.foreign.push_back({.space = space, .object = std::move(object)});
  return result;
}

bool is_same(const Lab& one, const Lab& other) { return compare_files(&one, other).lines.empty(); }

}  // namespace netrig::session
