// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <chrono>

#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "cli/lab.hpp"
#include "engine/engine.hpp"
#include "report/progress.hpp"
#include "report/table.hpp"

namespace netrig::cli {
namespace {

struct DownOptions {
  std::vector<std::string> labs;
  bool all = false;
  bool wait = false;
};

}  // namespace

Json take_down(Session& session, const std::string& lab, engine::Journal::Wait wait) {
  const auto began = std::chrono::steady_clock::now();
  auto journal = engine::Journal::open(lab, false, wait);
  if (!journal) throw Error(ErrorCode::not_found, fmt::format("no lab \"{}\" is up", lab));
  const std::size_t namespaces = journal->record().namespaces.size();
  const std::size_t devices = journal->record().devices.size();
  report::Progress progress(!session.options().quiet && !session.options().json);
  engine::Options options;
  options.progress = [&](std::string_view stage, std::size_t done, std::size_t total) {
    progress.show(stage, done, total);
  };
  const auto warnings = engine::down(*journal, session.drivers(), options);
  progress.clear();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  session.say(fmt::format("lab {} is down: {}, {} ({:.2f} s)\n", lab, report::counted(namespaces, "namespace"),
                          report::counted(devices, "device"), seconds));
  return {{"lab", lab}, {"namespaces", namespaces}, {"devices", devices}, {"seconds", seconds}, {"warnings", warnings}};
}

namespace {

int down(Session& session, const DownOptions& options) {
  require_privileges("taking down a lab");
  raise_open_files();
  // What is begun is finished: half a lab helps nobody, and the rest of it would be asked for next.
  catch_signals();
  const auto wait = options.wait ? engine::Journal::Wait::yes : engine::Journal::Wait::no;
  std::vector<std::string> labs;
  if (options.all) labs = engine::Journal::labs();
  for (const std::string& typed : options.labs) labs.push_back(resolve_lab(typed));
  Json answers = Json::array();
  std::optional<Error> first;
  for (const std::string& lab : labs) {
    try {
      answers.push_back(take_down(session, lab, wait));
    } catch (const Error& error) {
      // With --all one lab that resists must not keep the others.
      if (!first) first = error;
      if (labs.size() > 1) complain(fmt::format("netrig: lab {}: {}", lab, error.what()));
    }
  }
  if (first) throw Error(*first);
  if (options.all && labs.empty()) session.say("no lab is up\n");
  session.answer({{"labs", answers}});
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
  describe(*command,
           {{"netrig down two-hosts", "take a lab away by its name, wherever its file is now"},
            {"netrig down two-hosts.toml", "or by its file"},
            {"netrig down --all", "all labs on this machine"}},
           {{"0", "it is gone"},
            {"1", "something could not be removed"},
            {"3", "a privilege is missing"},
            {"4", "another netrig holds the lab"},
            {"7", "no such lab is up"}});
  command->callback([options, &action] {
    if (options->labs.empty() && !options->all) throw CLI::RequiredError("LAB or --all");
    action = [options](Session& session) { return down(session, *options); };
  });
}

}  // namespace netrig::cli
