// SPDX-License-Identifier: Apache-2.0
#include "plan/words.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "plan/rows.hpp"

namespace netrig::plan {
namespace {

std::string shown(const std::string& value) { return value.empty() ? "none" : value; }

Line device_line(Verb verb, const Lab& lab, const Device& device) {
  std::vector<std::string> ends;
  for (const Interface& interface : device.interfaces)
    ends.push_back(fmt::format("{}:{}", lab.namespaces[interface.home].name.str(), interface.name.str()));
  return {.verb = verb,
          .kind = "device",
          .space = {},
          .name = device.name.str(),
          .detail = fmt::format("{} {}", device.driver, fmt::join(ends, " ")),
          .where = device.where};
}

Line namespace_line(Verb verb, const Namespace& space) {
  return {.verb = verb, .kind = "namespace", .space = space.name.str(), .name = {}, .detail = {}, .where = space.where};
}

std::string words_of_making(const Object& object) {
  return std::visit([]<typename Kind>(const Kind& one) { return Row<Kind>::words_of_making(one); }, object);
}

}  // namespace

static std::string words_of(const std::vector<SettingChange>& changes) {
  std::vector<std::string> words;
  words.reserve(changes.size());
  for (const SettingChange& change : changes)
    words.push_back(change.found.empty()
                        ? fmt::format("{} {}", change.name, shown(change.expected))
                        : fmt::format("{} {} -> {}", change.name, change.found, shown(change.expected)));
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string words_of(const Step& step) { return words_of(step.changes); }

Line line_of(const Device& device, const std::vector<SettingChange>& changes) {
  return {.verb = Verb::change,
          .kind = "device",
          .space = {},
          .name = device.name.str(),
          .detail = words_of(changes),
          .changes = changes,
          .where = device.where};
}

Line line_of(const Step& step, const std::string& space) {
  const auto interfaces =
      std::visit([]<typename Kind>(const Kind& one) { return Row<Kind>::interfaces_of(one); }, step.object);
  return {.verb = step.verb,
          .kind = std::string(kind_of(step.object)),
          .space = space,
          .name = text_of(step.object),
          .detail = step.verb == Verb::make ? words_of_making(step.object) : words_of(step),
          .changes = step.changes,
          .where = position_of(step.object),
          .restores = step.restores,
          .interface = interfaces.size() == 1 ? interfaces.front() : std::string()};
}

std::vector<Fault> faults_of(const Line& line) {
  const std::string about = line.name.empty()    ? fmt::format("{} {}", line.kind, line.space)
                            : line.space.empty() ? fmt::format("{} {}", line.kind, line.name)
                                                 : fmt::format("{} {} {}", line.space, line.kind, line.name);
  if (line.verb == Verb::make) {
    const std::string wrong = line.kind == "device"     ? line.detail
                              : line.kind == "service"  ? "not running"
                              : line.kind == "commands" ? "not run"
                                                        : "missing";
    return {{.about = about, .wrong = wrong, .where = line.where, .line = line}};
  }
  if (line.verb == Verb::remove)
    return {{.about = about, .wrong = "there, but not in the file", .where = {}, .line = line}};
  std::vector<Fault> faults;
  for (const SettingChange& change : line.changes) {
    Fault& fault = faults.emplace_back(
        Fault{.about = fmt::format("{} {}", about, change.name),
              .wrong = fmt::format("expected {}, found {}", shown(change.expected), shown(change.found)),
              .where = change.where.line != 0 ? change.where : line.where,
              .line = line});
    fault.line.changes = {change};
  }
  return faults;
}

std::vector<Line> lines_of(const Plan& plan, const Lab* current, const Lab& next) {
  std::vector<Line> lines;
  if (current != nullptr) {
    for (const auto* devices : {&plan.clear_devices, &plan.retire_devices})
      for (const std::size_t d : *devices) lines.push_back(device_line(Verb::remove, *current, current->devices[d]));
    for (const std::size_t s : plan.remove_namespaces)
      if (!current->namespaces[s].existing) lines.push_back(namespace_line(Verb::remove, current->namespaces[s]));
  }
  for (const std::size_t s : plan.create_namespaces)
    if (!next.namespaces[s].existing) lines.push_back(namespace_line(Verb::make, next.namespaces[s]));
  for (const auto& level : plan.create_devices)
    for (const std::size_t d : level) lines.push_back(device_line(Verb::make, next, next.devices[d]));
  for (const DeviceChange& one : plan.change_devices) lines.push_back(line_of(next.devices[one.device], one.changes));
  for (const SpacePlan& one : plan.spaces)
    for (const Step& step : one.difference.steps) {
      const auto* link = std::get_if<Link>(&step.object);
      if (one.fresh && link != nullptr && link->name == "lo") continue;  // as every namespace has it
      if (step.part == Step::Part::removal) continue;
      lines.push_back(line_of(step, next.namespaces[one.space].name.str()));
    }
  return lines;
}

}  // namespace netrig::plan
