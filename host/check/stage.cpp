// SPDX-License-Identifier: Apache-2.0
#include "check/stage.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "check/process.hpp"

namespace netrig::check {
namespace {

std::string_view text_of(ServiceEvent::How how) {
  switch (how) {
    case ServiceEvent::How::stop:
      return "stopped";
    case ServiceEvent::How::start:
      return "started";
    case ServiceEvent::How::restart:
      return "restarted";
    case ServiceEvent::How::kill:
      return "killed";
  }
  return {};
}

}  // namespace

std::string Stage::about(const Event& event) const {
  return fmt::format("{}, at {}", when_, job_.lab().at(event.where));
}

bool Stage::happen(const Event& event) {
  try {
    if (const auto* command = std::get_if<PlacedCommand>(&event.what)) return run(*command);
    if (const auto* services = std::get_if<ServiceEvent>(&event.what))
      change_services(*services);
    else if (const auto* impairment = std::get_if<ImpairEvent>(&event.what))
      impair(*impairment);
    else
      set_links(std::get<LinkEvent>(event.what));
    return true;
  } catch (const Error& error) {
    findings.push_back({.about = about(event),
                        .seen = error.what(),
                        .expected = "that it can happen",
                        .look_at = fmt::format("netrig status {}", job_.lab().name.str())});
    return false;
  }
}

void Stage::set_links(const LinkEvent& event) {
  for (const InterfacePattern& pattern : event.interfaces)
    for (const std::string& name : links_.set(pattern, event.up))
      tell(fmt::format("{} {}", name, event.up ? "up" : "down"));
}

void Stage::impair(const ImpairEvent& event) {
  for (const InterfacePattern& pattern : event.interfaces)
    for (const std::string& name : impairments_.set(pattern, event.what))
      tell(event.what.kind.empty() ? fmt::format("{} impaired no longer", name)
                                   : fmt::format("{} impaired: {}", name, event.what.words()));
}

void Stage::change_services(const ServiceEvent& event) {
  for (const std::string& name : services_.change(event)) tell(fmt::format("service {} {}", name, text_of(event.how)));
}

bool Stage::run(const PlacedCommand& placed) {
  const std::size_t space = *job_.lab().find_namespace(placed.space);
  const std::string line = shell_line(placed.command);
  tell(fmt::format("{}: {}", placed.space, line));
  const Output output = run_command(job_.ground, {.command = placed.command, .space = space}, job_.until);
  if (output.ended.exit == 0 && !output.ended.timed_out) return true;
  constexpr std::size_t kMost = 4096;
  findings.push_back({.about = fmt::format("{}, at {}", when_, job_.lab().at(placed.where)),
                      .seen = output.ended.timed_out
                                  ? fmt::format("\"{}\" did not end in time", line)
                                  : fmt::format("\"{}\" ended with exit code {}{}", line, output.ended.exit,
                                                output.err.empty() ? "" : ": " + output.err.substr(0, kMost)),
                      .expected = "exit code 0",
                      .look_at = job_.exec_line(space, line)});
  std::string said = output.out + output.err;
  if (said.size() > kMost) said = "..." + said.substr(said.size() - kMost);
  attachments.push_back({.name = fmt::format("{} {}: output", when_, placed.space), .text = std::move(said)});
  return false;
}

void Stage::restore() {
  if (std::exchange(restored_, true)) return;
  // What links are waited for with is not to be lost.
  const std::vector<std::string> impaired = impairments_.restore();
  const std::vector<std::string> links = links_.restore();
  for (const auto* faults : {&impaired, &links})
    for (const std::string& fault : *faults) spdlog::warn("after test \"{}\": {}", job_.test.name, fault);
}

}  // namespace netrig::check
