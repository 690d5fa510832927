// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <unistd.h>

#include <ctime>
#include <map>

#include "cli/commands.hpp"
#include "cli/drift.hpp"
#include "cli/help.hpp"
#include "model/printable.hpp"
#include "report/table.hpp"
#include "session/status.hpp"

namespace netrig::cli {
namespace {

constexpr std::uint32_t kUp = 1;  // IFF_UP, net/if.h

std::string time_text(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

/// One word for how a lab is, from its record and who holds it.
std::string state_of(const engine::Journal::View& view) {
  const engine::Record& record = view.record;
  if (view.holder) {
    if (!record.begun || record.phase == engine::Phase::starting) return "coming up";
    if (record.phase == engine::Phase::removing) return "going down";
    if (record.phase == engine::Phase::changing) return "being changed";
    return record.purpose == engine::Purpose::run ? "being tested" : "up";
  }
  if (!record.begun) return "empty";
  if (engine::is_lost(record)) return "lost in a reboot";
  return record.settled() ? "up" : fmt::format("cut off while {}", record.doing());
}

/// The process that is at a lab; nothing: none is, or it has not said its number.
Json holder_of(const engine::Journal::View& view) {
  return view.holder && *view.holder != 0 ? Json(*view.holder) : Json();
}

std::string held_text(const engine::Journal::View& view) {
  if (!view.holder) return "";
  return *view.holder == 0 ? ", held by another netrig" : fmt::format(", held by netrig (process {})", *view.holder);
}

std::string summary_of(const engine::Journal::View& view, bool whole) {
  if (whole) return "all there";
  const engine::Phase phase = view.record.phase;
  if (view.holder && phase != engine::Phase::running) return "not whole while netrig is at it";
  if (view.record.half_edited())
    return fmt::format("BETWEEN TWO FILES: run \"netrig up\" with either, or \"netrig down {}\"", view.record.lab);
  if (phase == engine::Phase::running) return "NOT WHOLE: \"netrig up\" with its file makes again what is gone";
  return fmt::format("NOT WHOLE: run \"netrig down {}\"", view.record.lab);
}

/// How a lab differs from its file, by interface.
class Drift {
 public:
  explicit Drift(const session::Status& status) : problem_(status.problem) {
    if (!status.drift) return;
    if (!status.drift->unknown.empty()) problem_ = status.drift->unknown.front();
    for (const plan::Line& line : status.drift->lines) {
      const std::size_t faults = plan::faults_of(line).size();
      all_ += faults;
      if (!line.interface.empty()) by_interface_[{line.space, line.interface}] += faults;
    }
    lines_ = lines_json(status.drift->lines, status.applied);
  }

  [[nodiscard]] bool any() const { return all_ != 0; }
  /// Of an interface and what hangs on it; nothing: it is not known.
  [[nodiscard]] std::optional<std::size_t> at(const session::InterfaceStatus& view) const {
    if (lines_.is_null()) return std::nullopt;
    const auto found = by_interface_.find({view.made.home, view.made.name});
    return found == by_interface_.end() ? 0 : found->second;
  }
  [[nodiscard]] std::string cell(const session::InterfaceStatus& view) const {
    const auto count = at(view);
    return !count ? "?" : *count == 0 ? "-" : fmt::format("{}", *count);
  }
  void add_to(Json& json) const {
    json["drift"] = lines_.is_null() ? Json() : Json(any());
    json["differences"] = lines_.is_null() ? Json::array() : lines_;
    if (!problem_.empty()) json["drift_problem"] = problem_;
  }
  /// `shown`: how many of them stand in the table.
  [[nodiscard]] std::string summary(std::size_t shown, const std::string& lab) const {
    if (!problem_.empty()) return fmt::format("whether it is as its file says is not known: {}\n", one_line(problem_));
    if (!any()) return "";
    const std::string rest = all_ == shown ? "" : fmt::format(", {} of them of no interface above", all_ - shown);
    return fmt::format("{} from its file{}; \"netrig verify {}\" tells them\n", report::counted(all_, "difference"),
                       rest, lab);
  }

 private:
  std::map<std::pair<std::string, std::string>, std::size_t> by_interface_;
  std::size_t all_ = 0;
  Json lines_;  ///< null: not known
  std::string problem_;
};

Json to_json(const session::InterfaceStatus& view, const Drift& drift) {
  Json json = {{"namespace", view.made.home},
               {"name", view.made.name},
               {"ifindex", view.made.ifindex},
               {"present", view.present}};
  const auto count = drift.at(view);
  json["differences"] = count ? Json(*count) : Json();
  if (!view.present) return json;
  json["name_now"] = view.link.name;
  json["up"] = (view.link.flags & kUp) != 0;
  json["operstate"] = kernel::operstate_text(view.link.operstate);
  json["mtu"] = view.link.mtu;
  if (view.link.mac) json["mac"] = view.link.mac->str();
  json["addresses"] = Json::array();
  for (const auto& address : view.addresses) json["addresses"].push_back(address.prefix.str());
  return json;
}

std::string interface_state(const session::InterfaceStatus& view) {
  if (!view.present) return "GONE";
  const std::string renamed = view.link.name == view.made.name ? "" : fmt::format(" (now {})", view.link.name);
  return ((view.link.flags & kUp) != 0 ? kernel::operstate_text(view.link.operstate) : "admin down") + renamed;
}

/// Nothing where there are none.
std::string services_table(const session::Status& view, Json& json) {
  report::TextTable table({"SERVICE", "NAMESPACE", "STATE", "PROCESS"});
  json["services"] = Json::array();
  for (const session::ServiceStatus& one : view.services) {
    const bool running = one.process == process::Whereabouts::here;
    const bool unknown = one.process == process::Whereabouts::unknown;
    const std::string state = unknown          ? fmt::format("not known: {}", one.why)
                              : !running       ? "ENDED"
                              : one.made.ready ? "running"
                                               : "not ready";
    table.add({one.made.name, one.made.home, state, running ? fmt::format("{}", one.made.identity.process) : ""});
    json["services"].push_back({{"name", one.made.name},
                                {"namespace", one.made.home},
                                {"running", unknown ? Json() : Json(running)},
                                {"ready", running && one.made.ready},
                                {"process", running ? Json(one.made.identity.process) : Json()}});
  }
  return view.services.empty() ? "" : table.str(Session::columns());
}

int status(Session& session, const std::string& typed) {
  const std::string name = resolve_lab(typed);
  const auto found = engine::Journal::look(name);
  if (!found) throw Error(ErrorCode::not_found, fmt::format("no lab \"{}\" is up", name));
  const engine::Record& record = found->record;
  const std::string state = state_of(*found);
  Json json = {{"lab", record.lab},
               {"state", state},
               {"held_by", holder_of(*found)},
               {"file", record.file},
               {"since", time_text(record.began)},
               {"only", record.only}};
  std::string text = record.begun ? fmt::format("lab {}: {}{}, from {}, since {}\n", record.lab, state,
                                                held_text(*found), one_line(record.file), time_text(record.began))
                                  : fmt::format("lab {}: {}{}\n", record.lab, state, held_text(*found));
  bool whole = false;
  bool drifts = false;
  if (record.begun && !engine::is_lost(record)) {
    session::require_privileges("looking into a lab");
    session::raise_open_files();
    const session::Status view = session::status(session.host(), record);
    whole = view.whole() && record.phase == engine::Phase::running;
    json["whole"] = whole;
    const Drift drift(view);
    drifts = drift.any();
    drift.add_to(json);
    std::size_t shown = 0;
    json["namespaces"] = Json::array();
    for (const auto& space : view.namespaces) {
      json["namespaces"].push_back({{"name", space.made.name},
                                    {"existing", space.made.existing},
                                    {"present", space.present},
                                    {"foreign", space.foreign}});
      if (!space.present)
        text += fmt::format("namespace {} is {}\n", space.made.name,
                            space.foreign ? "there, but is not the one that the lab made" : "GONE");
    }
    report::TextTable table({"DEVICE", "DRIVER", "INTERFACE", "STATE", "DRIFT", "MTU", "MAC", "ADDRESSES"});
    json["devices"] = Json::array();
    for (const auto& device : view.devices) {
      Json one = {{"name", device.made.name},
                  {"driver", device.made.driver},
                  {"interfaces", Json::array()},
                  {"state", Json::object()}};
      for (const auto& [name, value] : device.state.values) one["state"][name] = value;
      if (!device.unavailable.empty()) one["driver_error"] = device.unavailable;
      for (const auto& interface : device.interfaces) {
        one["interfaces"].push_back(to_json(interface, drift));
        shown += drift.at(interface).value_or(0);
        std::vector<std::string> addresses;
        for (const auto& address : interface.addresses) addresses.push_back(address.prefix.str());
        table.add({device.made.name, device.made.driver, fmt::format("{}:{}", interface.made.home, interface.made.name),
                   interface_state(interface), drift.cell(interface),
                   interface.present ? fmt::format("{}", interface.link.mtu) : "",
                   interface.link.mac ? interface.link.mac->str() : "", fmt::format("{}", fmt::join(addresses, " "))});
      }
      json["devices"].push_back(std::move(one));
    }
    if (!view.devices.empty()) text += table.str(Session::columns());
    text += services_table(view, json);
    text += fmt::format("{}, {}; {}\n", report::counted(view.namespaces.size(), "namespace"),
                        report::counted(view.devices.size(), "device"), summary_of(*found, whole));
    text += drift.summary(shown, record.lab);
  } else {
    json["whole"] = false;
    if (!found->holder)
      text += fmt::format(
          "nothing of it is in the kernel; \"netrig up\" makes it anew, \"netrig down {}\" forgets it\n", record.lab);
  }
  session.say(text);
  session.answer(json);
  return whole && !drifts ? 0 : 1;
}

int list(Session& session) {
  report::TextTable table({"LAB", "STATE", "NAMESPACES", "DEVICES", "SINCE", "FILE"});
  Json json = Json::array();
  for (const std::string& name : engine::Journal::labs()) {
    try {
      const auto view = engine::Journal::look(name);
      if (!view) continue;
      const engine::Record& record = view->record;
      const std::string since = record.begun ? time_text(record.began) : "";
      table.add({name, state_of(*view) + held_text(*view), fmt::format("{}", record.namespaces.size()),
                 fmt::format("{}", record.devices.size()), since, record.file});
      json.push_back({{"lab", name},
                      {"state", state_of(*view)},
                      {"held_by", holder_of(*view)},
                      {"namespaces", record.namespaces.size()},
                      {"devices", record.devices.size()},
                      {"since", since},
                      {"file", record.file}});
    } catch (const Error& error) {
      // One that cannot be read is shown all the same: it is there.
      const std::string state = error.code() != ErrorCode::denied ? "damaged"
                                : ::geteuid() != 0                ? "unknown (needs root)"
                                                                  : "not trusted";
      table.add({name, state, "", "", "", ""});
      json.push_back({{"lab", name}, {"state", state}, {"problem", error.what()}});
    }
  }
  session.say(json.empty() ? "no lab is up\n" : table.str(Session::columns()));
  session.answer({{"labs", json}});
  return 0;
}

}  // namespace

void add_status(CLI::App& app, Action& action) {
  auto lab = std::make_shared<std::string>();
  auto* command = app.add_subcommand(
      "status", "Show a lab as the kernel has it; exit code 1 if something is missing or not as in its file");
  command->add_option("LAB", *lab, "Name of a lab, or its file")->required()->type_name("NAME|FILE");
  describe(*command, {{"netrig status two-hosts", "namespaces, interfaces and addresses as the kernel has them"}},
           {{"0", "all of it is there, and as its file says"},
            {"1", "something of it is missing or otherwise, or the output could not be written"},
            {"3", "a privilege is missing"},
            {"7", "no such lab is up"}});
  command->callback([lab, &action] { action = [lab](Session& session) { return status(session, *lab); }; });
}

void add_list(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("list", "List the labs on this machine");
  describe(*command, {{"netrig list", "names, states and files of all labs"}, {"netrig list --json", "for programs"}},
           {{"0", "listed, also if there is none"}, {"3", "others could have written the records"}});
  command->callback([&action] { action = [](Session& session) { return list(session); }; });
}

}  // namespace netrig::cli
