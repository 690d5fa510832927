// SPDX-License-Identifier: Apache-2.0
#include "check/look.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace netrig::check {
namespace {

void require_interface(const Job& job, std::size_t space, const View& view, const std::string& pattern) {
  std::vector<std::string> names;
  for (const auto& [ifindex, name] : view.names) names.push_back(name);
  if (std::any_of(names.begin(), names.end(), [&](const auto& name) { return matches(pattern, name); })) return;
  const auto hint = closest(pattern, names);
  throw Error(ErrorCode::not_found,
              fmt::format("{} has no interface {}{}", job.ground.name(space), pattern,
                          hint ? fmt::format("; did you mean \"{}\"?", *hint) : "; " + instead(names, "it has none")),
              job.lab().at(job.test.where));
}

}  // namespace

View::View() : links(kernel::list_links(socket)) {
  for (const auto& link : links) names.emplace(link.ifindex, link.name);
}

std::string View::name(std::uint32_t ifindex) const {
  const auto found = names.find(ifindex);
  return found == names.end() ? fmt::format("interface {}", ifindex) : found->second;
}

std::optional<std::uint32_t> View::index(const std::string& name) const {
  const auto found = std::find_if(names.begin(), names.end(), [&](const auto& one) { return one.second == name; });
  return found == names.end() ? std::nullopt : std::optional(found->first);
}

std::string instead(const std::vector<std::string>& there, const std::string& otherwise) {
  constexpr std::size_t kMost = 5;
  if (there.empty()) return otherwise;
  return fmt::format(
      "there is {}{}",
      fmt::join(there.begin(), there.begin() + static_cast<std::ptrdiff_t>(std::min(kMost, there.size())), "; "),
      there.size() > kMost ? fmt::format("; and {} more", there.size() - kMost) : "");
}

void in_each(const Job& job, const Wanted& wanted, const std::function<std::optional<std::string>(View&)>& look) {
  for (const std::size_t space : spaces_of(job.lab(), job.test.from)) {
    std::optional<std::string> wrong;
    job.ground.inside(space, [&] {
      View view;
      if (!wanted.interface.empty()) require_interface(job, space, view, wanted.interface);
      wrong = look(view);
    });
    job.result.pairs.push_back({.from = job.ground.name(space), .outcome = wrong ? Outcome::failed : Outcome::passed});
    const std::string line = job.exec_line(space, wanted.command);
    if (wrong)
      job.fail({.about = job.ground.name(space), .seen = *wrong, .expected = wanted.expected, .look_at = line});
    if (wrong || job.result.reproduce.empty()) job.result.reproduce.push_back(line);
  }
}

}  // namespace netrig::check
