// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <filesystem>

#include "engine/shared.hpp"
#include "kernel/inside.hpp"
#include "kernel/link.hpp"
#include "kernel/namespace.hpp"
#include "session/session.hpp"

namespace netrig::session {
namespace {

/// The lab as it was brought up, if that can still be read.
std::optional<Lab> lab_as_applied(const Host& host, const engine::Record& record) {
  try {
    return host.applied(record);
  } catch (const Error&) {
    return std::nullopt;
  }
}

bool has_link(const Namespace& space, const InterfaceName& name) {
  bool found = false;
  const auto fd = kernel::open_namespace(kernel::path_of(space));
  if (!fd) return false;
  kernel::inside(*fd, [&] {
    kernel::Socket socket;
    for (const auto& link : kernel::list_links(socket)) found = found || link.name == name.str();
  });
  return found;
}

/// A damaged record does not tell all; what the lab's file names and is still there may be the lab's or not.
void name_the_rest(const engine::Record& record, const std::optional<Lab>& lab) {
  std::vector<std::string> rest;
  if (lab)
    for (const Namespace& space : lab->namespaces)
      if (!space.existing && kernel::namespace_exists(kernel::path_of(space)))
        rest.push_back(fmt::format("namespace {}", std::filesystem::path(kernel::path_of(space)).filename().string()));
  if (lab)
    for (const Device& device : lab->devices)
      for (const Interface& interface : device.interfaces)
        if (const Namespace& home = lab->namespaces[interface.home]; home.existing && has_link(home, interface.name))
          rest.push_back(fmt::format("interface {} in {}", interface.name.str(), home.name.str()));
  for (const engine::SavedSysctl& one : engine::forget_uses(record.lab))
    rest.push_back(fmt::format("sysctl {} in {} (it was {})", one.key, one.home, one.before.value_or("")));
  if (lab && rest.empty()) return;
  if (!lab) rest.emplace_back("\"ip netns list\"");
  throw Error(
      ErrorCode::failed,
      fmt::format("lab \"{}\" is forgotten, but its record was damaged, and nothing proves whose the rest is: look at "
                  "{}, and undo by hand what is the lab's",
                  record.lab, fmt::join(rest, ", ")));
}

std::string used_by(const engine::Record& record, const engine::OtherUse& other) {
  return fmt::format("namespace {} of lab \"{}\" is used by lab \"{}\"{}", other.space, record.lab, other.lab,
                     other.file.empty() ? "" : fmt::format(" (from {})", other.file));
}

/// Who takes a lab away by force is told what of others goes with it. Returns the warnings.
std::vector<std::string> warn_of_users(const engine::Record& record) {
  std::vector<std::string> warnings;
  try {
    for (const engine::OtherUse& other : engine::other_uses(record))
      warnings.push_back(
          fmt::format("{}, whose devices in it go, too; take what is left of that lab away with "
                      "\"netrig down {}\"",
                      used_by(record, other), other.lab));
  } catch (const Error& error) {  // it goes all the same
    warnings.push_back(fmt::format("whether other labs use it is not known: {}", error.what()));
  }
  for (const std::string& warning : warnings) spdlog::warn("{}", warning);
  return warnings;
}

}  // namespace

void require_unused(const engine::Record& record, const std::optional<std::vector<std::string>>& which,
                    const std::string& advice) {
  const auto others = engine::other_uses(record, which);
  if (others.empty()) return;
  throw Error(ErrorCode::conflict, fmt::format("{}, whose devices in it would go; take that one down first{}",
                                               used_by(record, others.front()), advice));
}

TakenDown take_down(const Host& host, engine::Journal& journal, Force force) {
  const auto began = std::chrono::steady_clock::now();
  const engine::Record record = journal.record();
  if (force == Force::no && record.begun) {
    // Said before it is asked, so that nobody joins in between without seeing it.
    journal.set_phase(engine::Phase::removing);
    try {
      require_unused(record, {}, ", or say \"netrig down --force\"");
    } catch (const Error& refusal) {
      try {
        journal.set_phase(record.phase);
      } catch (const Error& error) {  // the refusal is what counts
        throw Error(refusal.code(), fmt::format("{}; and {}", refusal.message(), error.message()));
      }
      if (refusal.code() == ErrorCode::conflict) throw;
      // Whether others use it is not known.
      throw Error(refusal.code(), fmt::format("{}; so lab \"{}\" is left as it is, and \"netrig down {}\" tries again",
                                              refusal.message(), record.lab, record.lab));
    }
  }
  const auto applied = record.damaged ? lab_as_applied(host, record) : std::nullopt;
  std::vector<std::string> warnings;
  if (force == Force::yes) warnings = warn_of_users(record);
  try {
    const auto more = engine::down(journal, host.drivers, host.options);
    warnings.insert(warnings.end(), more.begin(), more.end());
  } catch (const Error& error) {
    if (!record.damaged || error.code() != ErrorCode::left) throw;
    try {
      name_the_rest(record, applied);
    } catch (const Error& rest) {
      throw Error(rest.code(), fmt::format("{}; {}", error.message(), rest.message()));
    }
    throw;
  }
  if (record.damaged) name_the_rest(record, applied);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return {.record = record, .warnings = std::move(warnings), .seconds = seconds};
}

}  // namespace netrig::session
