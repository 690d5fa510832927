// SPDX-License-Identifier: Apache-2.0
#include "cli/drift.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "model/printable.hpp"

namespace netrig::cli {
namespace {

const char* verb_text(Verb verb) {
  switch (verb) {
    case Verb::make:
      return "create";
    case Verb::change:
      return "change";
    case Verb::remove:
      return "remove";
  }
  return "";
}

Json where_json(Position where, const Lab& lab) { return where.line == 0 ? Json() : Json(lab.at(where)); }

}  // namespace

Json lines_json(const std::vector<plan::Line>& lines, const Lab& lab) {
  Json json = Json::array();
  for (const plan::Line& line : lines) {
    Json one = {{"verb", verb_text(line.verb)}, {"object", line.kind},
                {"namespace", line.space},      {"name", line.name},
                {"detail", line.detail},        {"restores", line.restores}};
    // What is removed stands in the file that it came from.
    one["where"] = line.verb == Verb::remove ? Json() : where_json(line.where, lab);
    one["changes"] = Json::array();
    for (const SettingChange& change : line.changes)
      one["changes"].push_back({{"setting", change.name},
                                {"expected", change.expected},
                                {"found", change.found},
                                {"where", where_json(change.where, lab)}});
    json.push_back(std::move(one));
  }
  return json;
}

Json foreign_json(const std::vector<session::ForeignObject>& foreign) {
  Json json = Json::array();
  for (const auto& one : foreign)
    json.push_back({{"namespace", one.space}, {"object", kind_of(one.object)}, {"name", text_of(one.object)}});
  return json;
}

std::string fault_text(const plan::Fault& fault, const Lab& lab) {
  return one_line(fmt::format("{}: {}{}", fault.about, fault.wrong,
                              fault.where.line == 0 ? "" : fmt::format("  ({})", lab.at(fault.where)))) +
         "\n";
}

std::string drift_text(const std::vector<plan::Line>& lines, const Lab& lab) {
  std::string text;
  for (const plan::Line& line : lines)
    for (const plan::Fault& fault : plan::faults_of(line)) text += fault_text(fault, lab);
  return text;
}

std::string foreign_text(const std::vector<session::ForeignObject>& foreign) {
  constexpr std::size_t kShown = 10;
  std::string text;
  for (std::size_t i = 0; i < std::min(foreign.size(), kShown); ++i)
    text += one_line(fmt::format("? {} {} {}: not in the file", foreign[i].space, kind_of(foreign[i].object),
                                 text_of(foreign[i].object))) +
            "\n";
  if (foreign.size() > kShown) text += fmt::format("? {} more like this\n", foreign.size() - kShown);
  return text;
}

}  // namespace netrig::cli
