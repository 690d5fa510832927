// SPDX-License-Identifier: Apache-2.0
#include "plan/plan.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <map>

#include "cli/commands.hpp"
#include "cli/drift.hpp"
#include "cli/help.hpp"
#include "cli/lab.hpp"
#include "cli/values.hpp"
#include "engine/between_files.hpp"
#include "engine/engine.hpp"
#include "model/printable.hpp"
#include "report/plan_tree.hpp"
#include "session/commands.hpp"

namespace netrig::cli {
namespace {

struct PlanOptions {
  std::string file;
  std::vector<std::string> only;
  LabSettings settings;
  bool all = false;
  bool expand = false;
};

/// What is known of the lab before.
struct Seen {
  std::optional<engine::Record> record;
  bool allowed = true;   ///< to look at it: others than root may plan, and no more
  bool cut_off = false;  ///< its last run did not end, or has not yet
};

Seen see(const std::string& lab) {
  Seen seen;
  try {
    seen.record = engine::Journal::peek(lab);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::denied || ::geteuid() == 0) throw;
    seen.allowed = false;
  }
  seen.cut_off = seen.record && seen.record->begun && !seen.record->settled() && !engine::is_lost(*seen.record);
  return seen;
}

/// The lab as TOML, to be read, or kept as it is now.
int expand_lab(Session& session, const PlanOptions& options) {
  if (!options.only.empty()) throw Error(ErrorCode::invalid, "--expand prints the whole lab; leave --only out");
  const std::string text = session.expand(options.file, options.settings);
  session.say(text);
  session.answer({{"toml", text}});
  return 0;
}

/// The last line about the lab itself.
std::string outcome_text(const std::vector<plan::Line>& lines, const Lab& next, bool running) {
  if (!lines.empty()) {
    std::map<Verb, std::size_t> counts;
    for (const plan::Line& line : lines) ++counts[line.verb];
    return fmt::format("{} to create, {} to change, {} to remove\n", counts[Verb::make], counts[Verb::change],
                       counts[Verb::remove]);
  }
  if (next.namespaces.empty() && next.devices.empty())
    return fmt::format(
        "lab {} is empty: its file has no [namespace.NAME] and no [device.NAME], so there is nothing to make\n",
        next.name.str());
  return running
             ? fmt::format("lab {} is up as the file says; nothing to change\n", next.name.str())
             : fmt::format("nothing to make for lab {}: all that its file says is there already\n", next.name.str());
}

int plan_lab(Session& session, const PlanOptions& options) {
  if (options.expand) return expand_lab(session, options);
  Json warnings;
  const Lab next = session.load(options.file, options.only, warnings, options.settings);
  session::require_commands(session.drivers().policy(), next, session::CommandUse::up);
  plan::check_limits(next, {.open_files = session::raise_open_files(), .net_namespaces = 0});
  const Seen seen = see(next.name.str());
  const auto& record = seen.record;
  const bool running = record && record->begun && record->phase == engine::Phase::running && !engine::is_lost(*record);
  std::optional<Lab> current;
  if (running || (record && record->half_edited())) current = session.applied(*record);
  if (current && record->half_edited()) engine::add_made(*current, *record);
  const Lab* before = current ? &*current : nullptr;
  const engine::Record none;
  session::Observation observation;
  // Only who may look into namespaces sees what they hold, and what is in the way.
  const bool looks = ::geteuid() == 0 && !seen.cut_off;
  observation = looks ? session::observe(session.drivers(), running ? *record : none, before, next)
                      : session::compare_files(before, next);
  const std::vector<plan::Line>& lines = observation.lines;

  std::string text = report::plan_tree(lines, next, options.all) + outcome_text(lines, next, running);
  text += foreign_text(observation.foreign);
  const bool other = running && session::is_from_another_file(*record, next);
  if (other) text += fmt::format("it is up from {}, another file: \"netrig up\" will want --replace\n", record->file);
  if (seen.cut_off)
    text +=
        fmt::format("an earlier run on lab {} was cut off, or is still at it: \"netrig up\" {}\n", next.name.str(),
                    record->half_edited() ? "goes on with it, or takes it back first" : "removes first what it made");
  if (!seen.allowed) text += "whether the lab is up only root can see; this is what \"netrig up\" does if it is not\n";
  session.say(text);
  session.answer({{"lab", next.name.str()},
                  {"running", seen.allowed ? Json(running) : Json()},
                  {"needs_replace", other},
                  {"steps", lines_json(lines, next)},
                  {"foreign", foreign_json(observation.foreign)},
                  {"warnings", warnings}});
  return 0;
}

}  // namespace

void add_plan(CLI::App& app, Action& action) {
  auto options = std::make_shared<PlanOptions>();
  auto* command = app.add_subcommand(
      "plan", "Check a lab file and show what \"up\" would do, going by the kernel; changes nothing");
  command->add_option("LAB", options->file, "Lab file (TOML)")->required()->type_name("FILE");
  command->add_option("--only", options->only, "Only namespaces that match this pattern; may be repeated")
      ->type_name("PATTERN")
      ->allow_extra_args(false);
  add_settings(*command, options->settings.set);
  command
      ->add_option("--name", options->settings.name,
                   "Call the lab like this, and put this and \"-\" before its namespaces in /run/netns, so that it "
                   "runs beside itself")
      ->type_name("NAME");
  command->add_flag("-a,--all", options->all, "Every line, also of what repeats");
  command->add_flag("--expand", options->expand, "Only print the lab as TOML without shorthand");
  describe(
      *command,
      {{"netrig plan two-hosts.toml", "what would be made, changed and removed"},
       {"netrig plan two-hosts.toml --json", "the same for programs"},
       {"netrig plan campus.toml --expand", "the lab with all that repeats, groups and links stand for"}},
      {{"0", "the file is right"},
       {"1", "the output could not be written"},
       {"2", "the lab file, the policy or the command line is wrong"},
       {"3", "the policy does not let the lab's commands run, or others could have written what must be protected"},
       {"4", "something is in the way (seen only by root)"},
       {"5", "a driver is missing, refused, or does not take its parameters"},
       {"6", "this machine lacks something"},
       {"7", "a namespace that is said to be existing is not there"}});
  command->callback(
      [options, &action] { action = [options](Session& session) { return plan_lab(session, *options); }; });
}

}  // namespace netrig::cli
