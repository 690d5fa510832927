// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>

#include "engine/between_files.hpp"
#include "engine/commands.hpp"
#include "engine/services.hpp"
#include "session/commands.hpp"
#include "session/files.hpp"
#include "session/services.hpp"
#include "session/session.hpp"
#include "session/setup.hpp"
#include "session/views.hpp"

namespace netrig::session {
namespace {

/// Who names another file by mistake must not lose what he has.
void require_same_file(const engine::Record& record, const Lab& next) {
  if (!is_from_another_file(record, next)) return;
  throw Error(
      ErrorCode::conflict,
      fmt::format("lab \"{}\" is up from {}, another file; \"netrig up --replace {}\" makes it what this one says",
                  record.lab, record.file, next.file),
      next.file);
}

/// Brings a lab whose edit was cut off back to the file that it was up by, unless `next` is that edit once more: then
/// it only has to go on. False: there is no way back.
bool take_edit_back(const Host& host, engine::Journal& journal, const Lab& next, const UpRequest& request) {
  const engine::Record record = journal.record();
  const bool goes_on = engine::Journal::edit_source(record.lab) == next.source && record.edit->only == request.only;
  spdlog::warn("an earlier run on lab \"{}\" was cut off while changing; {}", record.lab,
               goes_on ? "this one goes on with it" : "what it had begun is taken back first");
  try {
    const Lab before = host.applied(record);
    std::vector<std::string> going;  // whatever comes, what the edit had begun is made anew
    for (const engine::MadeNamespace& made : record.namespaces)
      if (!before.find_namespace(made.name)) going.push_back(made.name);
    require_unused(record, going, "");
    if (goes_on) return true;
    const Lab made = engine::under_edit(before, host.edited(record));
    engine::take_leftovers(journal, host.drivers, host.options, made);
    engine::Bringing back(journal, host.drivers, host.options, &made, before);
    if (back.plan().empty())
      back.accept(record.only);
    else
      back.run(record.only);
    return true;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::interrupted || error.code() == ErrorCode::denied) throw;
    spdlog::warn("{}", error.what());
    return journal.record().settled();  // all but what resists is back
  }
}

/// A lab that an earlier run left between states is taken away before it is begun anew, but one that was up and is
/// between two files.
engine::Journal open_settled(const Host& host, const Lab& next, const UpRequest& request) {
  const std::string& lab = next.name.str();
  auto journal =
      engine::Journal::open(lab, {.create = true, .wait = request.wait, .interrupted = host.options.interrupted});
  const engine::Record& record = journal->record();
  if (!record.begun) return std::move(*journal);
  if (!engine::is_lost(record)) {
    const bool stays = record.settled() || record.half_edited();
    if (stays && request.purpose == engine::Purpose::run)
      throw Error(ErrorCode::conflict,
                  fmt::format("lab {0} is up already, and run would take it down; run its tests with \"netrig test "
                              "{0}\", or take it down first",
                              lab));
    if (stays && !request.replace) require_same_file(record, next);
    if (record.settled()) return std::move(*journal);
    if (record.half_edited() && take_edit_back(host, *journal, next, request)) return std::move(*journal);
    require_unused(record, {}, fmt::format("; or take this one down first with \"netrig down --force {}\"", lab));
    spdlog::warn("an earlier run on lab \"{}\" was cut off while {}; what it left is removed first", lab,
                 record.doing());
  }
  try {
    engine::down(*journal, host.drivers, {});
  } catch (const Error& error) {
    if (error.code() != ErrorCode::left) throw;
    if (engine::Journal::peek(lab))
      throw Error(ErrorCode::conflict, fmt::format("lab \"{}\" cannot be brought up: {}", lab, error.message()));
    spdlog::warn("{}", error.message());
  }
  return open_settled(host, next, request);
}

/// Comes before the commit point: whoever finds the lab up finds its directories.
void bring_views(engine::Journal& journal, const Lab& next, bool fresh) {
  try {
    make_views(next);
    // Of a lab that is up, they are as its file says until this one is what is up.
    if (!fresh) return;
    make_files(next);
    make_hosts(next);
  } catch (...) {
    if (fresh) journal.remove();
    throw;
  }
}

/// Comes after the commit point: from here a lab that was up stays as it now is, and one that was not is taken away
/// again if what belongs to it cannot be had.
void bring_to_life(const Host& host, const Lab& next, BroughtUp& up) {
  try {
    // What is to be another afterwards is over before the files that it has in hand are.
    end_changed_services(up.journal, next);
    for (std::string& fault : engine::undo_commands(up.journal, engine::commands_to_undo(up.journal.record(), next),
                                                    host.options.interrupted)) {
      spdlog::warn("{}", fault);
      up.warnings.push_back(std::move(fault));
    }
    if (!up.fresh) {
      remove_views_of_gone(next);
      make_files(next);
      make_hosts(next);
    }
    run_commands(up.journal, next, host.options.interrupted);
    bring_services(up.journal, next, {.interrupted = host.options.interrupted, .progress = host.options.progress});
  } catch (const Error& error) {
    if (!up.fresh)
      throw Error(error.code() == ErrorCode::interrupted ? error.code() : ErrorCode::left,
                  fmt::format("the network of lab {} is as its file says, but what lives in it is not: {}; the next "
                              "\"netrig up\" tries again",
                              next.name.str(), error.message()),
                  error.where());
    try {
      engine::down(up.journal, host.drivers, {});
    } catch (const Error& second) {
      throw Error(error.code(),
                  fmt::format("{}; and rolling back did not end well ({}): run \"netrig down {}\"", error.message(),
                              second.what(), next.name.str()),
                  error.where());
    }
    throw;
  }
}

}  // namespace

bool is_from_another_file(const engine::Record& record, const Lab& lab) {
  return !engine::is_same_file(record, lab.file) && engine::Journal::applied_source(record.lab) != lab.source;
}

BroughtUp bring_up(const Host& host, const Lab& lab, const UpRequest& request) {
  const auto began = std::chrono::steady_clock::now();
  std::optional<Lab> removing;
  if (request.remove_foreign) {
    removing = lab;
    for (Namespace& space : removing->namespaces) space.foreign = Foreign::remove;
  }
  const Lab& next = removing ? *removing : lab;
  require_commands(host.drivers.policy(), next,
                   request.purpose == engine::Purpose::run ? CommandUse::test : CommandUse::up);
  BroughtUp result{.journal = open_settled(host, next, request)};
  engine::Journal& journal = result.journal;
  result.fresh = !journal.record().begun;
  try {
    std::optional<Lab> other;
    const Lab* current = nullptr;
    std::vector<plan::Line> leftovers;
    std::optional<std::string> resists;
    // To read the same text a second time takes longer than to look at all that it says.
    const bool same_text = !result.fresh && journal.record().only == request.only &&
                           engine::Journal::applied_source(journal.record().lab) == next.source;
    const bool same = same_text && engine::is_same_file(journal.record(), next.file);
    if (!result.fresh) {
      if (!same_text || journal.record().half_edited()) other = same_text ? lab : host.applied(journal.record());
      current = other ? &*other : &lab;
      // Every namespace would be another one of the same name.
      if (current->prefix != next.prefix)
        throw Error(
            ErrorCode::conflict,
            fmt::format("lab \"{0}\" is up with the prefix \"{1}\", and a prefix stays; take it down first with "
                        "\"netrig down {0}\", or bring this one up beside it with --name",
                        next.name.str(), current->prefix),
            next.file);
      leftovers = leftovers_of(journal.record(), *current);
      try {
        engine::take_leftovers(journal, host.drivers, host.options, *current);
      } catch (const Error& error) {
        resists = error.message();  // what is wanted now does not wait for it
      }
      remove_views_of_gone(*current);  // of namespaces that a netrig which was killed had taken away
      if (other && journal.record().half_edited()) engine::add_made(*other, journal.record());
    }
    engine::Bringing bringing(journal, host.drivers, host.options, current, next);
    const plan::Plan& plan = bringing.plan();
    result.lines = plan::lines_of(plan, current, next);
    result.lines.insert(result.lines.end(), leftovers.begin(), leftovers.end());
    for (const std::vector<plan::Line>& more :
         {view_lines(current, next), engine::command_lines(journal.record(), next),
          engine::service_lines(journal.record(), current, next)})
      result.lines.insert(result.lines.end(), more.begin(), more.end());
    engine::check_conflicts(journal.record(), current, next, plan);
    std::vector<std::string> going;
    for (const std::size_t s : plan.remove_namespaces) going.push_back(current->namespaces[s].name.str());
    require_unused(journal.record(), going, "");
    if (result.fresh) journal.begin(next, request.only, request.purpose);
    bring_views(journal, next, result.fresh);
    if (result.fresh || !plan.empty())
      bringing.run(request.only);
    else if (!same || journal.record().half_edited())
      bringing.accept(request.only);  // comments may have changed
    result.warnings = bringing.warnings();
    bring_to_life(host, next, result);
    if (resists)
      throw Error(
          ErrorCode::left,
          fmt::format("lab {} is as its file says, but what an earlier run was to take away is still there ({}); "
                      "the next \"netrig up\" or \"netrig down {}\" tries again",
                      next.name.str(), *resists, next.name.str()));
  } catch (...) {
    // Refused before anything was begun: the name is free again.
    if (!journal.record().begun) journal.remove();
    throw;
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return result;
}

}  // namespace netrig::session
