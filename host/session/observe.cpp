// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "plan/drift.hpp"
#include "session/session.hpp"

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

}  // namespace

engine::Record running_record(const std::string& lab) {
  auto record = engine::Journal::peek(lab);
  if (!record) throw Error(ErrorCode::not_found, fmt::format("no lab \"{}\" is up", lab));
  if (!record->begun || record->phase != engine::Phase::running || engine::is_lost(*record))
    throw Error(ErrorCode::not_found, fmt::format("lab \"{0}\" is not up, see \"netrig status {0}\"", lab));
  return std::move(*record);
}

Observation observe(const engine::Record& record, const Lab* current, const Lab& next) {
  engine::Spaces spaces;
  const unsigned threads = engine::worker_count();
  const plan::Plan plan =
      engine::make_plan(current, next, engine::look(spaces, record, current, next, threads), threads);
  engine::check_conflicts(current, next, plan);
  return observed(plan, current, next);
}

Observation compare_files(const Lab* current, const Lab& next) {
  return observed(engine::make_plan(current, next, plan::as_wanted(current), 1), current, next);
}

Observation verify(const engine::Record& record, const Lab& applied) {
  engine::Spaces spaces;
  const unsigned threads = engine::worker_count();
  plan::Drift drift =
      plan::drift_of(applied, engine::look(spaces, record, &applied, applied, threads), engine::in_threads(threads));
  Observation result{.lines = std::move(drift.lines)};
  for (auto& [space, object] : drift.foreign) result.foreign.push_back({.space = space, .object = std::move(object)});
  return result;
}

bool is_same(const Lab& one, const Lab& other) { return compare_files(&one, other).lines.empty(); }

}  // namespace netrig::session
