// SPDX-License-Identifier: Apache-2.0
#include "report/plan_tree.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "model/printable.hpp"

namespace netrig::report {
namespace {

// So many of a kind are enough to see what it is about.
constexpr std::size_t kShown = 3;

char sign_of(Verb verb) {
  switch (verb) {
    case Verb::make:
      return '+';
    case Verb::change:
      return '~';
    case Verb::remove:
      return '-';
  }
  return '?';
}

/// What lines have in common that differ in names and numbers only.
std::string shape_of(const plan::Line& line) {
  std::string shape = fmt::format("{}{} ", sign_of(line.verb), line.kind);
  for (const SettingChange& change : line.changes) shape += fmt::format("{},", change.name);
  return shape;
}

/// A namespace, or the lab itself, with what is to be done in it.
struct Branch {
  std::string title;
  std::vector<const plan::Line*> lines = {};
  [[nodiscard]] std::string shape() const {
    std::string shape;
    for (const plan::Line* line : lines) shape += shape_of(*line) + ";";
    return shape;
  }
  /// Of all that is done in it.
  [[nodiscard]] char sign() const {
    const Verb verb = lines.front()->verb;
    const bool alike =
        std::all_of(lines.begin(), lines.end(), [&](const plan::Line* line) { return line->verb == verb; });
    return sign_of(alike ? verb : Verb::change);
  }
};

std::string place(const plan::Line& line, const Lab& lab) {
  // What is removed stands in the file that it came from, which may be gone.
  if (line.verb == Verb::remove || line.where.line == 0) return "";
  const Position where =
      !line.changes.empty() && line.changes.front().where.line != 0 ? line.changes.front().where : line.where;
  return "  " + lab.at(where);
}

std::string text_of(const Branch& branch, const Lab& lab, bool all) {
  const std::string indent = branch.title.empty() ? "" : "  ";
  std::string text = branch.title.empty() ? "" : branch.title + "\n";
  std::map<std::string, std::size_t> count;
  for (const plan::Line* line : branch.lines) ++count[shape_of(*line)];
  std::map<std::string, std::size_t> shown;
  for (const plan::Line* line : branch.lines) {
    const std::string shape = shape_of(*line);
    const std::size_t number = ++shown[shape];
    // Folding one or two saves nothing.
    if (!all && number > kShown && count[shape] > kShown + 2) {
      if (number == kShown + 1)
        text += fmt::format("{}{} {} more like this\n", indent, sign_of(line->verb), count[shape] - kShown);
      continue;
    }
    text += one_line(indent + plan_line(*line) + place(*line, lab)) + "\n";
  }
  return text;
}

}  // namespace

std::string plan_line(const plan::Line& line) {
  return fmt::format("{} {} {}{}{}{}", sign_of(line.verb), line.kind, line.name.empty() ? line.space : line.name,
                     line.detail.empty() ? "" : "  ", line.detail,
                     line.restores ? "  (another step takes it along)" : "");
}

std::string plan_tree(const std::vector<plan::Line>& lines, const Lab& lab, bool all) {
  std::vector<Branch> branches = {{.title = ""}};
  for (const plan::Line& line : lines) {
    const std::string title = line.kind == "device" || line.kind == "namespace" ? "" : line.space;
    if (branches.back().title != title) branches.push_back({.title = title});
    branches.back().lines.push_back(&line);
  }
  std::map<std::string, std::size_t> count;
  for (const Branch& branch : branches)
    if (!branch.title.empty()) ++count[branch.shape()];
  std::map<std::string, std::size_t> shown;
  std::string text;
  for (const Branch& branch : branches) {
    const std::string shape = branch.shape();
    const std::size_t number = branch.title.empty() ? 0 : ++shown[shape];
    if (!all && number > kShown && count[shape] > kShown + 2) {
      if (number == kShown + 1)
        text += fmt::format("{} {} more namespaces like this\n", branch.sign(), count[shape] - kShown);
      continue;
    }
    text += text_of(branch, lab, all);
  }
  return text;
}

}  // namespace netrig::report
