// SPDX-License-Identifier: Apache-2.0
#include "session/setup.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/commands.hpp"
#include "engine/spaces.hpp"
#include "kernel/inside.hpp"
#include "process/process.hpp"
#include "session/own.hpp"

namespace netrig::session {
namespace {

void run_in(engine::Journal& journal, const Lab& lab, const Namespace& space, const engine::MadeNamespace& home,
            const std::atomic<bool>* interrupted) {
  const UniqueFd fd = open_own(home, lab.name.str());
  engine::MadeCommand made{.home = space.name.str(),
                           .cookie = home.cookie,
                           .fingerprint = engine::fingerprint_of_commands(space),
                           .view = space.view};
  made.view.files.clear();
  for (const NamespaceCommand& one : space.commands) {
    made.undo = one.undo;
    made.done = false;
    journal.intend(made);
    const auto fail = [&](ErrorCode code, const std::string& why) {
      throw Error(code, fmt::format("command \"{}\" in {}: {}", shell_line(one.run), space.name.str(), why),
                  lab.at(one.where));
    };
    process::Output output;
    try {
      output = process::run_command({.space = fd, .home = space, .lab = lab.name.str()},
                                    {.command = one.run, .directory = "/"},
                                    {process::Clock::now() + engine::kCommandTime, interrupted});
    } catch (const Error& error) {
      fail(error.code(), error.message());
    }
    if (interrupted != nullptr && *interrupted) fail(ErrorCode::interrupted, "interrupted");
    const std::string said = engine::last_words(output.out, output.err);
    if (output.ended.timed_out) fail(ErrorCode::failed, fmt::format("it did not end within a minute; {}", said));
    if (output.ended.exit != 0) fail(ErrorCode::failed, fmt::format("exit code {}; {}", output.ended.exit, said));
    made.done = true;
    journal.done(made);
    ++made.index;
  }
}

}  // namespace

void run_commands(engine::Journal& journal, const Lab& lab, const std::atomic<bool>* interrupted) {
  const std::vector<std::size_t> spaces = engine::commands_to_run(journal.record(), lab);
  if (spaces.empty()) return;
  std::vector<engine::MadeNamespace> homes;
  for (const std::size_t s : spaces) {
    const std::vector<engine::MadeNamespace>& all = journal.record().namespaces;
    const std::string& name = lab.namespaces[s].name.str();
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
    if (found == all.end())
      throw Error(ErrorCode::not_found, fmt::format("namespace {} of lab {} is gone", name, lab.name.str()));
    homes.push_back(*found);
  }
  kernel::Homecoming::prepare();
  engine::parallel(spaces.size(), engine::worker_count(),
                   [&](std::size_t i) { run_in(journal, lab, lab.namespaces[spaces[i]], homes[i], interrupted); });
}

}  // namespace netrig::session
