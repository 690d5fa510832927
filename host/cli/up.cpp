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
  bool replace = false;
};

plan::Limits limits_here() {
  plan::Limits limits;
  limits.open_files = raise_open_files();
  std::ifstream("/proc/sys/user/max_net_namespaces") >> limits.net_namespaces;
  return limits;
}

/// Who names another file by mistake must not lose what he has.
void require_same_file(const engine::Record& record, const Lab& next) {
  if (!is_from_another_file(record, next)) return;
  throw Error(
      ErrorCode::conflict,
      fmt::format("lab \"{}\" is up from {}, another file; \"netrig up --replace {}\" makes it what this one says",
                  record.lab, record.file, next.file),
      next.file);
}

/// A lab that an earlier run left between states is taken away before it is begun anew.
engine::Journal open_settled(Session& session, const Lab& next, const UpRequest& request) {
  const std::string& lab = next.name.str();
  auto journal = engine::Journal::open(lab, {.create = true, .wait = request.wait, .interrupted = &interrupted()});
  const engine::Record& record = journal->record();
  if (!record.begun) return std::move(*journal);
  if (!engine::is_lost(record)) {
    if (record.settled() && request.purpose == engine::Purpose::run)
      throw Error(ErrorCode::conflict,
                  fmt::format("lab {0} is up already, and run would take it down; run its tests with \"netrig test "
                              "{0}\", or take it down first",
                              lab));
    const bool kept = record.settled() || record.phase == engine::Phase::changing;
    if (kept && !request.replace) require_same_file(record, next);
    if (record.settled()) return std::move(*journal);
    require_unused(record, {}, fmt::format("; or take this one down first with \"netrig down --force {}\"", lab));
    spdlog::warn("an earlier run on lab \"{}\" was cut off while {}; what it left is removed first", lab,
                 record.doing());
  }
  try {
    engine::down(*journal, session.drivers(), {});
  } catch (const Error& error) {
    if (error.code() != ErrorCode::left) throw;
    if (engine::Journal::peek(lab))
      throw Error(ErrorCode::conflict, fmt::format("lab \"{}\" cannot be brought up: {}", lab, error.message()));
    spdlog::warn("{}", error.message());
  }
  return open_settled(session, next, request);
}

}  // namespace

bool is_from_another_file(const engine::Record& record, const Lab& lab) {
  return !engine::is_same_file(record, lab.file) && engine::Journal::applied_source(record.lab) != lab.source;
}

void check_machine(const Lab& lab) {
  plan::check_limits(lab, limits_here());
  require_privileges("bringing up a lab");
}

BroughtUp bring_up(Session& session, const Lab& next, const UpRequest& request) {
  const auto began = std::chrono::steady_clock::now();
  engine::Journal journal = open_settled(session, next, request);
  const bool fresh = !journal.record().begun;
  const Lab none{.name = next.name};
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
    std::vector<std::string> going;
    for (const std::size_t s : plan.remove_namespaces) going.push_back(current.namespaces[s].name.str());
    require_unused(journal.record(), going, "");
    if (fresh) journal.begin(next, request.only, request.purpose);
    report::Progress progress(!session.options().quiet && !session.options().json);
    engine::Options options;
    options.interrupted = &interrupted();
    options.progress = [&](std::string_view stage, std::size_t done, std::size_t total) {
      progress.show(stage, done, total);
    };
    if (!plan.empty() || fresh)
      engine::up(journal, current, next, plan, request.only, session.drivers(), options);
    else
      journal.commit(next, request.only);  // comments may have changed
  } catch (...) {
    // Refused before anything was begun: the name is free again.
    if (!journal.record().begun) journal.remove();
    throw;
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const bool changed = fresh || steps != 0;
  session.say(changed ? fmt::format("lab {} is up: {}, {}{} ({:.2f} s)\n", next.name.str(),
                                    report::counted(next.namespaces.size(), "namespace"),
                                    report::counted(next.devices.size(), "device"),
                                    fresh ? "" : fmt::format(", {}", report::counted(steps, "change")), seconds)
                      : fmt::format("lab {} is up already; nothing to change\n", next.name.str()));
  return {.journal = std::move(journal),
          .answer = {{"lab", next.name.str()},
                     {"changed", changed},
                     {"steps", steps},
                     {"namespaces", next.namespaces.size()},
                     {"devices", next.devices.size()},
                     {"seconds", seconds}}};
}

namespace {

int up(Session& session, const UpOptions& options) {
  Json warnings;
  const Lab next = session.load(options.file, options.only, warnings);
  check_machine(next);
  catch_signals();
  Json answer = bring_up(session, next,
                         {.only = options.only,
                          .wait = options.wait ? engine::Journal::Wait::yes : engine::Journal::Wait::no,
                          .replace = options.replace})
                    .answer;
  answer["warnings"] = std::move(warnings);
  session.answer(answer);
  session.stands(fmt::format("lab {} is up", next.name.str()));
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
  command->add_flag("--replace", options->replace,
                    "Also change a running lab of this name that came from another file");
  describe(*command,
           {{"netrig up two-hosts.toml", "bring it up; on a running lab, apply what changed in the file"},
            {"netrig up campus.toml --only 'h1-*' --only floor1", "a part of it"}},
           {{"0", "the lab is as its file says"},
            {"1", "the kernel or a driver said no; rolled back"},
            {"2", "the lab file, the policy or the command line is wrong; nothing was touched"},
            {"3", "a privilege is missing, or others could have written what must be protected"},
            {"4", "a name is taken, another netrig holds the lab, or it is up from another file (--replace)"},
            {"5", "a driver is missing, refused, or misbehaves; rolled back"},
            {"6", "the kernel or this machine lacks something; rolled back"},
            {"7", "a namespace that is said to be existing is not there; nothing was touched"},
            {"8", "done or rolled back, but for interfaces that were there before: left, and named"},
            {"130", "interrupted; rolled back"}});
  command->callback([options, &action] { action = [options](Session& session) { return up(session, *options); }; });
}

}  // namespace netrig::cli
