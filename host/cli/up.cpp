// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "cli/lab.hpp"
#include "cli/values.hpp"
#include "engine/engine.hpp"
#include "model/printable.hpp"
#include "report/plan_tree.hpp"
#include "report/progress.hpp"
#include "report/table.hpp"

namespace netrig::cli {
namespace {

struct UpOptions {
  std::string file;
  std::vector<std::string> only;
  LabSettings settings;
  bool wait = false;
  bool replace = false;
  bool remove_foreign = false;
};

int up(Session& session, const UpOptions& options) {
  Json warnings;
  const Lab next = session.load(options.file, options.only, warnings, options.settings);
  session::check_machine(next);
  catch_signals();
  Json answer = bring_up(session, next,
                         {.only = options.only,
                          .wait = options.wait ? engine::Journal::Wait::yes : engine::Journal::Wait::no,
                          .replace = options.replace,
                          .remove_foreign = options.remove_foreign})
                    .answer;
  answer["warnings"] = std::move(warnings);
  session.answer(answer);
  session.stands(fmt::format("lab {} is up", next.name.str()));
  return 0;
}

}  // namespace

BroughtUp bring_up(Session& session, const Lab& next, const session::UpRequest& request) {
  report::Progress progress(!session.options().quiet && !session.options().json);
  session::BroughtUp up = session::bring_up(session.host(&progress), next, request);
  progress.clear();
  const bool changed = up.fresh || !up.lines.empty();
  session.say(changed ? fmt::format("lab {} is up: {}, {}{} ({:.2f} s)\n{}", next.name.str(),
                                    report::counted(next.namespaces.size(), "namespace"),
                                    report::counted(next.devices.size(), "device"),
                                    up.fresh ? "" : fmt::format(", {}", report::counted(up.lines.size(), "change")),
                                    up.seconds, up.fresh ? "" : report::plan_tree(up.lines, next, false))
                      : fmt::format("lab {} is up already; nothing to change\n", next.name.str()));
  return {.journal = std::move(up.journal),
          .answer = {{"lab", next.name.str()},
                     {"changed", changed},
                     {"steps", up.lines.size()},
                     {"namespaces", next.namespaces.size()},
                     {"devices", next.devices.size()},
                     {"seconds", up.seconds}}};
}

void add_up(CLI::App& app, Action& action) {
  auto options = std::make_shared<UpOptions>();
  auto* command = app.add_subcommand("up", "Bring a lab up, or bring a running one to what its file says now");
  command->add_option("LAB", options->file, "Lab file (TOML)")->required()->type_name("FILE");
  command
      ->add_option("--only", options->only,
                   "Only namespaces that match this pattern, and the devices within; may be repeated")
      ->type_name("PATTERN")
      ->allow_extra_args(false);
  add_settings(*command, options->settings.set);
  command
      ->add_option("--name", options->settings.name,
                   "Call the lab like this, and put this and \"-\" before its namespaces in /run/netns, so that it "
                   "runs beside itself")
      ->type_name("NAME");
  command->add_flag("--wait", options->wait, "Wait if another netrig is changing the lab");
  command->add_flag("--replace", options->replace,
                    "Also change a running lab of this name that came from another file");
  command->add_flag(
      "--remove-foreign", options->remove_foreign,
      "Also take away what is in the lab's own namespaces and neither the file nor a daemon accounts for");
  describe(
      *command,
      {{"netrig up two-hosts.toml",
        "bring it up; on a running lab, apply what changed in the file, and mend what was changed by hand"},
       {"netrig up campus.toml --only 'h1-*' --only floor1", "a part of it"}},
      {{"0", "the lab is as its file says"},
       {"1", "the kernel or a driver said no; rolled back"},
       {"2", "the lab file, the policy or the command line is wrong; nothing was touched"},
       {"3",
        "a privilege is missing, others could have written what must be protected, or the policy does not let the "
        "lab's commands run"},
       {"4", "a name is taken, another netrig holds the lab, or it is up from another file (--replace)"},
       {"5", "a driver is missing, refused, or misbehaves; rolled back"},
       {"6", "the kernel or this machine lacks something; rolled back"},
       {"7",
        "a namespace that is said to be existing, or the user or the program of a service, is not there; nothing was "
        "touched, or rolled back"},
       {"8",
        "done or rolled back, but for what is named: interfaces that were there before, what resists, or a service of "
        "a lab that was up already"},
       {"130", "interrupted; rolled back"}});
  command->callback([options, &action] { action = [options](Session& session) { return up(session, *options); }; });
}

}  // namespace netrig::cli
