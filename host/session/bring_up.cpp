// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <linux/capability.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>

#include <fmt/ranges.h>

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
engine::Journal open_settled(const Host& host, const Lab& next, const UpRequest& request) {
  const std::string& lab = next.name.str();
  auto journal =
      engine::Journal::open(lab, {.create = true, .wait = request.wait, .interrupted = host.options.interrupted});
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
    if (fresh) make_files(next);
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
    if (!up.fresh) remove_views_of_gone(next);
    if (!up.fresh) make_files(next);
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

void check_machine(const Lab& lab) {
  plan::check_limits(lab, limits_here());
  check_services(lab);
  check_views(lab);
  require_privileges("bringing up a lab");
}

BroughtUp bring_up(const Host& host, Lab next, const UpRequest& request) {
  const auto began = std::chrono::steady_clock::now();
  require_commands(host.drivers.policy(), next,
                   request.purpose == engine::Purpose::run ? CommandUse::test : CommandUse::up);
  BroughtUp result{.journal = open_settled(host, next, request)};
  engine::Journal& journal = result.journal;
  result.fresh = !journal.record().begun;
  try {
    std::optional<Lab> current;
    std::vector<plan::Line> leftovers;
    std::optional<std::string> resists;
    // To read the same text a second time takes longer than to look at all that it says.
    const bool same_text = !result.fresh && journal.record().only == request.only &&
                           engine::Journal::applied_source(journal.record().lab) == next.source;
    const bool same = same_text && engine::is_same_file(journal.record(), next.file);
    if (!result.fresh) {
      current = same_text ? next : host.applied(journal.record());
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
    }
    const Lab* before = current ? &*current : nullptr;
    if (request.remove_foreign)
      for (Namespace& space : next.namespaces) space.foreign = Foreign::remove;
    engine::Bringing bringing(journal, host.drivers, host.options, before, next);
    const plan::Plan& plan = bringing.plan();
    result.lines = plan::lines_of(plan, before, next);
    result.lines.insert(result.lines.end(), leftovers.begin(), leftovers.end());
    for (const std::vector<plan::Line>& more : {file_lines(before, next), engine::command_lines(journal.record(), next),
                                                engine::service_lines(journal.record(), before, next)})
      result.lines.insert(result.lines.end(), more.begin(), more.end());
    engine::check_conflicts(journal.record(), before, next, plan);
    std::vector<std::string> going;
    for (const std::size_t s : plan.remove_namespaces) going.push_back(current->namespaces[s].name.str());
    require_unused(journal.record(), going, "");
    if (result.fresh) journal.begin(next, request.only, request.purpose);
    bring_views(journal, next, result.fresh);
    if (result.fresh || !plan.empty())
      bringing.run(request.only);
    else if (!same)
      journal.commit(next, request.only);  // comments may have changed
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

void require_privileges(const std::string& what) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (::syscall(SYS_capget, &header, data.data()) != 0) return;
  const auto has = [&](unsigned capability) {
    return (data.at(capability / 32).effective >> (capability % 32) & 1U) != 0;
  };
  std::vector<std::string> missing;
  if (!has(CAP_SYS_ADMIN)) missing.emplace_back("CAP_SYS_ADMIN (network namespaces)");
  if (!has(CAP_NET_ADMIN)) missing.emplace_back("CAP_NET_ADMIN (interfaces, addresses, routes)");
  if (missing.empty()) return;
  throw Error(ErrorCode::denied, fmt::format("{} needs {}; run it with sudo", what, fmt::join(missing, " and ")));
}

std::uint64_t raise_open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

}  // namespace netrig::session
