// SPDX-License-Identifier: Apache-2.0
#include "plan/rule_row.hpp"

#include <fmt/format.h>

namespace netrig::plan {

std::vector<SettingChange> Row<Rule>::other_changes(const Rule& wanted, const Rule& seen) {
  if (!wanted.priority || wanted.priority == seen.priority) return {};
  return {{.name = "priority",
           .expected = fmt::format("{}", *wanted.priority),
           .found = seen.priority ? fmt::format("{}", *seen.priority) : "0",
           .where = wanted.where}};
}

void Row<Rule>::keep_rest(Rule& goal, const Rule& seen) {
  if (!goal.priority) goal.priority = seen.priority;
}

Stage Row<Rule>::stage(const Step& step, const Rule& /*one*/, const Course& /*course*/) {
  return step.verb == Verb::remove ? Stage::remove_rule : Stage::rule;
}

}  // namespace netrig::plan
