// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <fstream>

#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "cli/lab.hpp"
#include "engine/engine.hpp"
#include "report/progress.hpp"
#include "report/table.hpp"

namespace netrig::cli {
namespace {

struct UpOptions {
  std::string file;
  std::vector<std::string> only;
  bool wait = false;
};

plan::Limits limits_here() {
  plan::Limits limits;
  limits.open_files = raise_open_files();
  std::ifstream("/proc/sys/user/max_net_namespaces") >> limits.net_namespaces;
  return limits;
}

/// A lab that an earlier run left between states is taken away before it is begun anew.
engine::Journal open_settled(Session& session, const std::string& lab, engine::Journal::Wait wait) {
  auto journal = engine::Journal::open(lab, true, wait);
  const engine::Record& record = journal->record();
  if (record.boot.empty() || (record.phase == engine::Phase::running && record.boot == engine::boot_id()))
    return std::move(*journal);
  if (record.boot == engine::boot_id())
    spdlog::warn("an earlier run on lab \"{}\" was cut off while {}; what it left is removed first", lab,
                 to_text(record.phase));
  engine::down(*journal, session.drivers(), {});
  return std::move(*engine::Journal::open(lab, true, wait));
}

}  // namespace

void check_machine(const Lab& lab) {
  plan::check_limits(lab, limits_here());
  require_privileges("bringing up a lab");
}

Json bring_up(Session& session, const Lab& next, const std::vector<std::string>& only, engine::Journal::Wait wait) {
  const auto began = std::chrono::steady_clock::now();
  engine::Journal journal = open_settled(session, next.name.str(), wait);
  const bool fresh = journal.record().boot.empty();
  const Lab none{.name = next.name,
                 .description = {},
                 .file = {},
                 .source = {},
                 .namespaces = {},
                 .devices = {},
                 .services = {},
                 .tests = {}};
  std::size_t steps = 0;
  try {
    const Lab current = fresh ? none : session.applied(journal.record());
    const plan::Plan plan = plan::make(current, next);
    steps = plan::describe(plan, current, next).size();
    if (!fresh && !engine::look(journal.record(), session.drivers()).whole())
      throw Error(ErrorCode::failed,
                  fmt::format("lab \"{}\" is up but not whole, see \"netrig status {}\"; run \"netrig down {}\" first",
                              next.name.str(), next.name.str(), next.name.str()));
    engine::check_conflicts(current, next, plan);
    if (fresh) journal.begin(next, only);
    report::Progress progress(!session.options().quiet && !session.options().json);
    engine::Options options;
    options.interrupted = &interrupted();
    options.progress = [&](std::string_view stage, std::size_t done, std::size_t total) {
      progress.show(stage, done, total);
    };
    if (!plan.empty() || fresh)
      engine::up(journal, current, next, plan, only, session.drivers(), options);
    else
      journal.commit(next, only);  // comments may have changed
  } catch (...) {
    // Refused before anything was begun: the name is free again.
    if (fresh && journal.record().boot.empty()) journal.remove();
    throw;
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const bool changed = fresh || steps != 0;
  session.say(changed ? fmt::format("lab {} is up: {}, {}{} ({:.2f} s)\n", next.name.str(),
                                    report::counted(next.namespaces.size(), "namespace"),
                                    report::counted(next.devices.size(), "device"),
                                    fresh ? "" : fmt::format(", {}", report::counted(steps, "change")), seconds)
                      : fmt::format("lab {} is up already; nothing to change\n", next.name.str()));
  return {
      {"lab", next.name.str()},         {"changed", changed}, {"steps", steps}, {"namespaces", next.namespaces.size()},
      {"devices", next.devices.size()}, {"seconds", seconds}};
}

namespace {

int up(Session& session, const UpOptions& options) {
  Json warnings;
  const Lab next = session.load(options.file, options.only, warnings);
  check_machine(next);
  catch_signals();
  Json answer =
      bring_up(session, next, options.only, options.wait ? engine::Journal::Wait::yes : engine::Journal::Wait::no);
  answer["warnings"] = std::move(warnings);
  session.answer(answer);
  return 0;
}

}  // namespace

void add_up(CLI::App& app, Action& action) {
  auto options = std::make_shared<UpOptions>();
  auto* command = app.add_subcommand("up", "Bring a lab up, or bring a running one to what its file says now");
  command->add_option("LAB", options->file, "Lab file (TOML)")->required()->type_name("FILE");
  command
      ->add_option("--only", options->only,
                   "Only namespaces that match this pattern, and the devices within; may be repeated")
      ->type_name("PATTERN")
      ->allow_extra_args(false);
  command->add_flag("--wait", options->wait, "Wait if another netrig is changing the lab");
  describe(*command,
           {{"netrig up two-hosts.toml", "bring it up; on a running lab, apply what changed in the file"},
            {"netrig up campus.toml --only 'h1-*' --only floor1", "a part of it"}},
           {{"0", "the lab is as its file says"},
            {"1", "the kernel or a driver said no; rolled back"},
            {"2", "the lab file, the policy or the command line is wrong; nothing was touched"},
            {"3", "a privilege is missing, or others could have written what must be protected"},
            {"4", "a name is taken already, or another netrig holds the lab"},
            {"5", "a driver is missing, refused, or misbehaves; rolled back"},
            {"6", "the kernel or this machine lacks something; rolled back"},
            {"130", "interrupted; rolled back"}});
  command->callback([options, &action] { action = [options](Session& session) { return up(session, *options); }; });
}

}  // namespace netrig::cli
