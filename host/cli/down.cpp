// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "cli/lab.hpp"
#include "engine/engine.hpp"
#include "engine/shared.hpp"
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

}  // namespace

Json take_down(Session& session, engine::Journal& journal, session::Force force) {
  report::Progress progress(!session.options().quiet && !session.options().json);
  session::Host host = session.host(&progress);
  host.options.forget_unknown = force == session::Force::yes;
  const session::TakenDown down = session::take_down(host, journal, force);
  progress.clear();
  const engine::Record& record = down.record;
  session.say(record.begun ? fmt::format("lab {} is down: {}, {} ({:.2f} s)\n", record.lab,
                                         report::counted(record.namespaces.size(), "namespace"),
                                         report::counted(record.devices.size(), "device"), down.seconds)
                           : fmt::format("lab {} had made nothing yet; it is forgotten\n", record.lab));
  return {{"lab", record.lab},
          {"namespaces", record.namespaces.size()},
          {"devices", record.devices.size()},
          {"seconds", down.seconds},
          {"warnings", down.warnings}};
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
  return take_down(session, *journal, options.force ? session::Force::yes : session::Force::no);
}

int down(Session& session, const DownOptions& options) {
  session::require_privileges("taking down a lab");
  session::raise_open_files();
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
            {"8", "it is gone, but for interfaces that were there before: left, and named"},
            {"130", "interrupted while it waited for another netrig; what is begun is finished"}});
  command->callback([options, &action] {
    if (options->labs.empty() && !options->all) throw CLI::RequiredError("LAB or --all");
    action = [options](Session& session) { return down(session, *options); };
  });
}

}  // namespace netrig::cli
