// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>

#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "cli/lab.hpp"
#include "engine/engine.hpp"
#include "engine/shared.hpp"
#include "kernel/inside.hpp"
#include "kernel/link.hpp"
#include "kernel/namespace.hpp"
#include "report/progress.hpp"
#include "report/table.hpp"

namespace netrig::cli {
namespace {

struct DownOptions {
  std::vector<std::string> labs;
  bool all = false;
  bool wait = false;
  bool force = false;
};

/// The lab as it was brought up, if that can still be read.
std::optional<Lab> lab_as_applied(Session& session, const engine::Record& record) {
  try {
    return session.applied(record);
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
      if (!space.existing && kernel::namespace_exists(space.name))
        rest.push_back(fmt::format("namespace {}", space.name.str()));
  if (lab)
    for (const Device& device : lab->devices)
      for (const Interface& interface : device.interfaces)
        if (const Namespace& home = lab->namespaces[interface.home]; home.existing && has_link(home, interface.name))
          rest.push_back(fmt::format("interface {} in {}", interface.name.str(), home.name.str()));
  for (const engine::SavedSysctl& one : engine::forget_uses(record.lab))
    rest.push_back(fmt::format("sysctl {} in {} (it was {})", one.key, one.home, one.before));
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

Json take_down(Session& session, engine::Journal& journal, Force force) {
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
      throw;
    }
  }
  std::vector<std::string> warnings;
  if (force == Force::yes) warnings = warn_of_users(record);
  const auto applied = record.damaged ? lab_as_applied(session, record) : std::nullopt;
  report::Progress progress(!session.options().quiet && !session.options().json);
  engine::Options options;
  options.progress = [&](std::string_view stage, std::size_t done, std::size_t total) {
    progress.show(stage, done, total);
  };
  try {
    const auto more = engine::down(journal, session.drivers(), options);
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
  progress.clear();
  if (record.damaged) name_the_rest(record, applied);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  session.say(record.begun ? fmt::format("lab {} is down: {}, {} ({:.2f} s)\n", record.lab,
                                         report::counted(record.namespaces.size(), "namespace"),
                                         report::counted(record.devices.size(), "device"), seconds)
                           : fmt::format("lab {} had made nothing yet; it is forgotten\n", record.lab));
  return {{"lab", record.lab},
          {"namespaces", record.namespaces.size()},
          {"devices", record.devices.size()},
          {"seconds", seconds},
          {"warnings", warnings}};
}

namespace {

/// Labs that use namespaces of others go before those.
std::vector<std::string> users_first(std::vector<std::string> labs) {
  std::vector<std::string> ordered;
  while (!labs.empty()) {
    const auto free = std::find_if(labs.begin(), labs.end(), [&](const std::string& lab) {
      try {
        const auto record = engine::Journal::peek(lab);
        const auto others = record ? engine::other_uses(*record) : std::vector<engine::OtherUse>{};
        return std::none_of(others.begin(), others.end(), [&](const engine::OtherUse& other) {
          return std::find(labs.begin(), labs.end(), other.lab) != labs.end();
        });
      } catch (const Error&) {
        return true;  // taking it down will tell
      }
    });
    const auto next = free == labs.end() ? labs.begin() : free;
    ordered.push_back(std::move(*next));
    labs.erase(next);
  }
  return ordered;
}

Json down_one(Session& session, const std::string& lab, const DownOptions& options) {
  const auto wait = options.wait ? engine::Journal::Wait::yes : engine::Journal::Wait::no;
  auto journal = engine::Journal::open(lab, {.wait = wait, .salvage = options.force, .interrupted = &interrupted()});
  if (!journal) throw Error(ErrorCode::not_found, fmt::format("no lab \"{}\" is up", lab));
  return take_down(session, *journal, options.force ? Force::yes : Force::no);
}

int down(Session& session, const DownOptions& options) {
  require_privileges("taking down a lab");
  raise_open_files();
  // What is begun is finished: half a lab helps nobody, and the rest of it would be asked for next.
  catch_signals();
  std::vector<std::string> labs;
  if (options.all) labs = engine::Journal::labs();
  for (const std::string& typed : options.labs) labs.push_back(resolve_lab(typed));
  if (labs.size() > 1) labs = users_first(std::move(labs));
  Json answers = Json::array();
  std::optional<Error> first;
  for (const std::string& lab : labs) {
    try {
      answers.push_back(down_one(session, lab, options));
    } catch (const Error& error) {
      // With --all one lab that resists must not keep the others.
      if (!first) first = error;
      if (labs.size() > 1) complain(fmt::format("netrig: lab {}: {}", lab, error.what()));
    }
  }
  if (first) throw Error(*first);
  if (options.all && labs.empty()) session.say("no lab is up\n");
  session.answer({{"labs", answers}});
  session.stands(labs.size() == 1 ? fmt::format("lab {} is down", labs.front()) : "all labs are down");
  return 0;
}

}  // namespace

void add_down(CLI::App& app, Action& action) {
  auto options = std::make_shared<DownOptions>();
  auto* command = app.add_subcommand("down", "Take a lab away: everything it made, and nothing else");
  auto* labs = command->add_option("LAB", options->labs, "Name of a lab, or its file")->type_name("NAME|FILE");
  auto* all = command->add_flag("--all", options->all, "All labs on this machine");
  labs->excludes(all);
  command->add_flag("--wait", options->wait, "Wait if another netrig is changing the lab");
  command->add_flag("--force", options->force,
                    "Also a lab whose namespaces another lab uses, or whose record is damaged: what cannot be told to "
                    "be the lab's is left and named");
  describe(*command,
           {{"netrig down two-hosts", "take a lab away by its name, wherever its file is now"},
            {"netrig down two-hosts.toml", "or by its file"},
            {"netrig down --all", "all labs on this machine"}},
           {{"0", "it is gone"},
            {"1", "something could not be removed"},
            {"3", "a privilege is missing"},
            {"4", "another netrig holds the lab, or another lab uses a namespace of it (--force)"},
            {"7", "no such lab is up"},
            {"8", "it is gone, but for interfaces that were there before: left, and named"}});
  command->callback([options, &action] {
    if (options->labs.empty() && !options->all) throw CLI::RequiredError("LAB or --all");
    action = [options](Session& session) { return down(session, *options); };
  });
}

}  // namespace netrig::cli
