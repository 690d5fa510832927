// SPDX-License-Identifier: Apache-2.0
#include "plan/rule_row.hpp"

#include <fmt/format.h>

#include "model/lab.hpp"

namespace netrig::plan {

std::vector<Rule> Row<Rule>::missing_ground(const Namespace& space, const SpaceState& /*wanted*/,
                                            const SpaceState& seen) {
  std::vector<Rule> missing;
  if (!space.commands.empty()) return missing;  // they may arrange rules
  for (const Object& one : seen.missing)
    if (const auto* rule = std::get_if<Rule>(&one)) missing.emplace_back(*rule).where = space.where;
  return missing;
}

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

void Row<Rule>::note(const Step& step, const Rule& /*one*/, Course& course) {
  if (step.verb != Verb::remove) course.coming.push_back(&step.object);
}

Stage Row<Rule>::stage(const Step& step, const Rule& one, const Course& course) {
  if (step.verb != Verb::remove) return Stage::rule;
  const bool is_in_the_way = std::any_of(course.coming.begin(), course.coming.end(), [&](const Object* object) {
    const auto* coming = std::get_if<Rule>(object);
    return coming != nullptr && coming->covers(one);
  });
  return is_in_the_way ? Stage::clear : Stage::remove_rule;
}

}  // namespace netrig::plan
