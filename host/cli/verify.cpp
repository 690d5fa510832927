// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cli/commands.hpp"
#include "cli/drift.hpp"
#include "cli/help.hpp"
#include "model/printable.hpp"
#include "report/table.hpp"

namespace netrig::cli {
namespace {

struct VerifyOptions {
  std::string lab;
  bool strict = false;
};

/// The services of a lab start, and what it no longer wants goes, when all else is as its file says already: what is
/// missing while a netrig is at that is no drift.
void require_quiet(const std::string& lab) {
  const auto view = engine::Journal::look(lab);
  if (!view || !view->holder) return;
  // A lab that is tested has come up whole, once its services are ready.
  const auto& services = view->record.services;
  if (view->record.purpose == engine::Purpose::run && view->record.settled() &&
      std::all_of(services.begin(), services.end(), [](const engine::MadeService& one) { return one.ready; }))
    return;
  throw Error(ErrorCode::not_found,
              fmt::format("lab \"{0}\" is being {1} by {2}, and not yet as its file says; see \"netrig status {0}\"",
                          lab, view->record.purpose == engine::Purpose::run ? "tested" : "changed",
                          *view->holder == 0 ? "another netrig" : fmt::format("netrig (process {})", *view->holder)));
}

struct Look {
  engine::Record record;
  Lab applied;
  session::Observation observation;

  [[nodiscard]] bool has_drift(bool strict) const {
    return !observation.lines.empty() || (strict && !observation.foreign.empty());
  }
};

/// A lab that another netrig changed while it was looked at, from beginning to end, would differ from the file of
/// before.
Look look_at(Session& session, const std::string& name, bool strict) {
  constexpr int kTries = 5;
  for (int i = 1;; ++i) {
    const auto mark = engine::Journal::mark(name);
    engine::Record record = session::running_record(name);
    Lab applied = session.applied(record);
    session::Observation observation = session::verify(session.drivers(), record, applied);
    Look seen{.record = std::move(record), .applied = std::move(applied), .observation = std::move(observation)};
    if (!seen.has_drift(strict)) return seen;
    require_quiet(name);
    if (mark == engine::Journal::mark(name)) return seen;
    if (i == kTries)
      throw Error(ErrorCode::conflict,
                  fmt::format("lab \"{}\" is changed again and again while it is looked at", name));
  }
}

int verify(Session& session, const VerifyOptions& options) {
  const std::string name = resolve_lab(options.lab);
  static_cast<void>(session::running_record(name));  // whether there is one is said first
  session::require_privileges("looking into a lab");
  session::raise_open_files();
  const auto [record, applied, observation] = look_at(session, name, options.strict);
  const bool drift = !observation.lines.empty() || (options.strict && !observation.foreign.empty());
  const bool removes = options.strict && !observation.foreign.empty();
  const bool keeps = removes && std::any_of(observation.foreign.begin(), observation.foreign.end(),
                                            [](const auto& one) { return std::holds_alternative<Link>(one.object); });
  std::size_t count = options.strict ? observation.foreign.size() : 0;
  for (const plan::Line& line : observation.lines) count += plan::faults_of(line).size();
  std::string text = drift_text(observation.lines, applied) + foreign_text(observation.foreign);
  text += drift ? fmt::format("lab {}: {}; \"netrig up {}{}\" mends it{}\n", name, report::counted(count, "difference"),
                              removes ? "--remove-foreign " : "", shell_word(record.file),
                              keeps ? ", but for interfaces that others made" : "")
          : observation.unknown.empty() ? fmt::format("lab {} is as its file says\n", name)
                                        : fmt::format("lab {}: whether it is as its file says is not known: {}\n", name,
                                                      fmt::join(observation.unknown, "; "));
  session.say(text);
  session.answer({{"lab", name},
                  {"drift", drift},
                  {"differences", lines_json(observation.lines, applied)},
                  {"foreign", foreign_json(observation.foreign)},
                  {"unknown", observation.unknown}});
  return drift || !observation.unknown.empty() ? 1 : 0;
}

}  // namespace

void add_verify(CLI::App& app, Action& action) {
  auto options = std::make_shared<VerifyOptions>();
  auto* command = app.add_subcommand(
      "verify", "Compare a lab that is up with its file, object by object; exit code 1 if it differs");
  command->add_option("LAB", options->lab, "Name of a lab, or its file")->required()->type_name("NAME|FILE");
  command->add_flag("--strict", options->strict, "What is there and not in the file is a difference, too");
  describe(*command,
           {{"netrig verify two-hosts", "everything that somebody has changed since it was brought up"},
            {"netrig verify two-hosts --strict --json", "also what was added by hand, for programs"}},
           {{"0", "all is as the file says"},
            {"1", "something is not, or the output could not be written"},
            {"3", "a privilege is missing"},
            {"4", "another netrig changes the lab again and again while it is looked at"},
            {"7", "no such lab is up, or another netrig is changing it"}});
  command->callback([options, &action] { action = [options](Session& session) { return verify(session, *options); }; });
}

}  // namespace netrig::cli
