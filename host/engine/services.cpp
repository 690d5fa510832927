// SPDX-License-Identifier: Apache-2.0
#include "engine/services.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <unordered_map>
#include <unordered_set>

#include "engine/run.hpp"
#include "model/fingerprint.hpp"
#include "process/identity.hpp"
#include "process/log.hpp"

namespace netrig::engine {
namespace {

using process::Whereabouts;

// Beyond what its first process takes for it: that one is asked to end the service, and does so in its time.
constexpr auto kMargin = std::chrono::seconds(2);
// What is killed ends at once, but for what waits on a disk.
constexpr auto kKilled = std::chrono::seconds(10);

constexpr const char* kKind = "service";

/// What is looked up again and again.
class Known {
 public:
  explicit Known(const Record& record) {
    for (const MadeNamespace& made : record.namespaces) cookies_.emplace(made.name, made.cookie);
    for (const MadeService& made : record.services) services_.emplace(made.name, &made);
  }
  [[nodiscard]] std::uint64_t cookie_of(const std::string& space) const {
    const auto found = cookies_.find(space);
    return found == cookies_.end() ? 0 : found->second;
  }
  [[nodiscard]] const MadeService* find(const std::string& name) const {
    const auto found = services_.find(name);
    return found == services_.end() ? nullptr : found->second;
  }

 private:
  std::unordered_map<std::string_view, std::uint64_t> cookies_;
  std::unordered_map<std::string_view, const MadeService*> services_;
};

bool is_kept(const Service& service) { return service.start == Service::Start::up; }

/// Those that `up` starts, by name.
std::unordered_map<std::string_view, const Service*> kept_of(const Lab* lab) {
  std::unordered_map<std::string_view, const Service*> kept;
  if (lab == nullptr) return kept;
  for (const Service& service : lab->services)
    if (is_kept(service)) kept.emplace(service.name, &service);
  return kept;
}

const Service* in(const std::unordered_map<std::string_view, const Service*>& services, const std::string& name) {
  const auto found = services.find(name);
  return found == services.end() ? nullptr : found->second;
}

plan::Line line_of(Verb verb, const Service& service, std::string detail) {
  return {.verb = verb,
          .kind = kKind,
          .space = service.space,
          .name = service.name,
          .detail = std::move(detail),
          .where = service.where};
}

plan::Line line_of(const Service& service, const std::string& expected, const std::string& found) {
  plan::Line line = line_of(Verb::change, service, fmt::format("{}, and is started anew", found));
  line.changes.push_back({.name = "process", .expected = expected, .found = found, .where = service.where});
  return line;
}

/// Nothing: it is as it should be.
std::optional<plan::Line> line_for(const Known& known, const Lab& lab, const Service& service) {
  const MadeService* made = known.find(service.name);
  if (made == nullptr || !runs(*made)) return line_of(Verb::make, service, shell_line(service.command));
  if (made->home != service.space || made->cookie != known.cookie_of(service.space))
    return line_of(service, "in its namespace", "in another namespace");
  if (made->fingerprint != fingerprint_in(lab, service)) return line_of(service, "as its file says", "otherwise");
  if (!made->ready) return line_of(service, "ready", "not known to be ready");
  return std::nullopt;
}

plan::Line removal_of(const std::string& space, const std::string& name, Position where) {
  return {.verb = Verb::remove, .kind = kKind, .space = space, .name = name, .detail = {}, .where = where};
}

}  // namespace

std::uint64_t fingerprint_in(const Lab& lab, const Service& service) {
  const auto home = lab.find_namespace(service.space);
  if (!home || lab.namespaces[*home].view == View{}) return fingerprint_of(service);
  Fingerprint print;
  print.add(fingerprint_of(service));
  print.add(fingerprint_of(lab.namespaces[*home].view));
  return print.value();
}

bool runs(const MadeService& made) { return process::find(made.identity).whereabouts == Whereabouts::here; }

std::vector<plan::Line> service_lines(const Record& record, const Lab* current, const Lab& next,
                                      const std::optional<std::string>& space) {
  std::vector<plan::Line> lines;
  if (next.services.empty() && record.services.empty()) return lines;
  const Known known(record);
  const auto wanted = kept_of(&next);
  const auto concerns = [&](const std::string& home) { return !space || *space == home; };
  for (const MadeService& made : record.services) {
    if (!concerns(made.home) || in(wanted, made.name) != nullptr) continue;
    const Service* before = current == nullptr ? nullptr : current->find_service(made.name);
    lines.push_back(removal_of(made.home, made.name, before == nullptr ? Position{} : before->where));
  }
  for (const Service& service : next.services)
    if (is_kept(service) && concerns(service.space))
      if (auto line = line_for(known, next, service)) lines.push_back(std::move(*line));
  return lines;
}

std::vector<plan::Line> compare_services(const Lab* current, const Lab& next) {
  std::vector<plan::Line> lines;
  const auto wanted = kept_of(&next);
  const auto known = kept_of(current);
  if (current != nullptr)
    for (const Service& before : current->services)
      if (is_kept(before) && in(wanted, before.name) == nullptr)
        lines.push_back(removal_of(before.space, before.name, before.where));
  for (const Service& service : next.services) {
    if (!is_kept(service)) continue;
    const Service* before = in(known, service.name);
    if (current == nullptr || before == nullptr)
      lines.push_back(line_of(Verb::make, service, shell_line(service.command)));
    else if (fingerprint_in(*current, *before) != fingerprint_in(next, service))
      lines.push_back(line_of(service, "as its file says", "otherwise"));
  }
  return lines;
}

std::vector<MadeService> unwanted_services(const Record& record, const Lab& lab) {
  std::vector<MadeService> unwanted;
  const auto all = kept_of(&lab);
  for (const MadeService& made : record.services) {
    const Service* wanted = in(all, made.name);
    if (wanted == nullptr || wanted->space != made.home) unwanted.push_back(made);
  }
  return unwanted;
}

std::vector<MadeService> stranded_services(const Record& record, const std::unordered_set<std::string>& gone) {
  std::vector<MadeService> stranded;
  const Known known(record);
  for (const MadeService& made : record.services)
    if (gone.contains(made.home) || known.cookie_of(made.home) != made.cookie) stranded.push_back(made);
  return stranded;
}

std::vector<const Service*> services_to_start(const Record& record, const Lab& lab) {
  std::vector<const Service*> list;
  if (lab.services.empty()) return list;
  const Known known(record);
  for (const Service& service : lab.services)
    if (is_kept(service) && line_for(known, lab, service)) list.push_back(&service);
  return list;
}

namespace {

using std::chrono::steady_clock;

Unended of_unknown(const MadeService& made, const std::string& why) {
  return {.service = made, .why = fmt::format("whether it still runs is not known: {}", why), .unknown = true};
}

/// Those that have not ended until then. No descriptor is kept for each: there may be more of them than a process may
/// have open.
std::vector<const MadeService*> still_there(const std::vector<const MadeService*>& services,
                                            steady_clock::time_point until) {
  std::vector<const MadeService*> left;
  for (const MadeService* made : services) {
    const process::Found found = process::find(made->identity);
    if (found.whereabouts == Whereabouts::gone) continue;
    if (found.whereabouts == Whereabouts::here && process::await_end(found.process, until)) continue;
    left.push_back(made);
  }
  return left;
}

}  // namespace

std::vector<Unended> end_services(Journal& journal, const std::vector<MadeService>& services) {
  std::vector<const MadeService*> ending;
  std::vector<Unended> unended;
  std::unordered_set<std::string> stay;
  const auto leave = [&](Unended one) {
    stay.insert(one.service.name);
    unended.push_back(std::move(one));
  };
  std::chrono::nanoseconds longest{};
  for (const MadeService& made : services) {
    const process::Found found = process::find(made.identity);
    if (found.whereabouts == Whereabouts::unknown) leave(of_unknown(made, found.why));
    if (found.whereabouts != Whereabouts::here) continue;
    process::send_signal(found.process, SIGTERM);
    longest = std::max<std::chrono::nanoseconds>(longest, std::chrono::milliseconds(made.stop));
    ending.push_back(&made);
  }
  ending = still_there(ending, steady_clock::now() + longest + kMargin);
  for (const MadeService* made : ending)
    if (const process::Found found = process::find(made->identity); found.whereabouts == Whereabouts::here)
      process::send_signal(found.process, SIGKILL);
  for (const MadeService* made : still_there(ending, steady_clock::now() + kKilled)) {
    const process::Found found = process::find(made->identity);
    if (found.whereabouts == Whereabouts::unknown)
      leave(of_unknown(*made, found.why));
    else if (found.whereabouts == Whereabouts::here)
      leave({.service = *made,
             .why = fmt::format("process {} does not end, though it was killed: the kernel waits for something in it",
                                made->identity.process)});
  }
  for (const MadeService& made : services)
    if (!stay.contains(made.name)) journal.undone(made);
  return unended;
}

void end_services(Run& run) {
  const std::vector<MadeService> services = run.journal.record().services;
  if (services.empty()) return;
  run.stage("end services");
  for (const Unended& one : end_services(run.journal, services)) {
    const std::string what = fmt::format("service {}", one.service.name);
    if (!one.unknown || !run.options.forget_unknown) {
      run.leave({.what = what, .why = one.why, .homes = {one.service.home}});
      continue;
    }
    run.warn(fmt::format("{}: {}; it is forgotten", what, one.why));
    run.journal.undone(one.service);
  }
}

}  // namespace netrig::engine
