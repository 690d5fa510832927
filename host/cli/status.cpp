// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <ctime>

#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "engine/engine.hpp"
#include "model/printable.hpp"
#include "report/table.hpp"

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

/// One word for how a lab is, from its record alone.
std::string state_of(const engine::Record& record) {
  if (record.boot.empty()) return "empty";
  if (record.boot != engine::boot_id()) return "lost in a reboot";
  return record.phase == engine::Phase::running ? "up" : fmt::format("cut off while {}", to_text(record.phase));
}

Json to_json(const engine::InterfaceView& view) {
  Json json = {{"namespace", view.made.home},
               {"name", view.made.name},
               {"ifindex", view.made.ifindex},
               {"present", view.present}};
  if (!view.present) return json;
  json["name_now"] = view.link.name;
  json["up"] = (view.link.flags & kUp) != 0;
  json["operstate"] = netlink::operstate_text(view.link.operstate);
  json["mtu"] = view.link.mtu;
  if (view.link.mac) json["mac"] = view.link.mac->str();
  json["addresses"] = Json::array();
  for (const auto& address : view.addresses) json["addresses"].push_back(address.prefix.str());
  return json;
}

std::string interface_state(const engine::InterfaceView& view) {
  if (!view.present) return "GONE";
  const std::string renamed = view.link.name == view.made.name ? "" : fmt::format(" (now {})", view.link.name);
  return ((view.link.flags & kUp) != 0 ? netlink::operstate_text(view.link.operstate) : "admin down") + renamed;
}

int status(Session& session, const std::string& typed) {
  const engine::Record record = record_of(resolve_lab(typed));
  const std::string state = state_of(record);
  Json json = {{"lab", record.lab},
               {"state", state},
               {"file", record.file},
               {"since", time_text(record.began)},
               {"only", record.only}};
  std::string text =
      fmt::format("lab {}: {}, from {}, since {}\n", record.lab, state, one_line(record.file), time_text(record.began));
  bool whole = false;
  if (record.boot == engine::boot_id()) {
    require_privileges("looking into a lab");
    raise_open_files();
    const engine::LabView view = engine::look(record, session.drivers());
    whole = view.whole() && record.phase == engine::Phase::running;
    json["whole"] = whole;
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
    report::TextTable table({"DEVICE", "DRIVER", "INTERFACE", "STATE", "MTU", "MAC", "ADDRESSES"});
    json["devices"] = Json::array();
    for (const auto& device : view.devices) {
      Json one = {{"name", device.made.name},
                  {"driver", device.made.driver},
                  {"interfaces", Json::array()},
                  {"state", Json::object()}};
      for (const auto& [name, value] : device.state.values) one["state"][name] = value;
      if (!device.unavailable.empty()) one["driver_error"] = device.unavailable;
      for (const auto& interface : device.interfaces) {
        one["interfaces"].push_back(to_json(interface));
        std::vector<std::string> addresses;
        for (const auto& address : interface.addresses) addresses.push_back(address.prefix.str());
        table.add({device.made.name, device.made.driver, fmt::format("{}:{}", interface.made.home, interface.made.name),
                   interface_state(interface), interface.present ? fmt::format("{}", interface.link.mtu) : "",
                   interface.link.mac ? interface.link.mac->str() : "", fmt::format("{}", fmt::join(addresses, " "))});
      }
      json["devices"].push_back(std::move(one));
    }
    if (!view.devices.empty()) text += table.str(Session::columns());
    text += fmt::format("{}, {}; {}\n", report::counted(view.namespaces.size(), "namespace"),
                        report::counted(view.devices.size(), "device"),
                        whole ? "all there" : fmt::format("NOT WHOLE: run \"netrig down {}\"", record.lab));
  } else {
    json["whole"] = false;
    text += fmt::format("nothing of it is in the kernel; \"netrig up\" makes it anew, \"netrig down {}\" forgets it\n",
                        record.lab);
  }
  session.say(text);
  session.answer(json);
  return whole ? 0 : 1;
}

int list(Session& session) {
  report::TextTable table({"LAB", "STATE", "NAMESPACES", "DEVICES", "SINCE", "FILE"});
  Json json = Json::array();
  for (const std::string& name : engine::Journal::labs()) {
    try {
      const auto record = engine::Journal::peek(name);
      if (!record) continue;
      table.add({name, state_of(*record), fmt::format("{}", record->namespaces.size()),
                 fmt::format("{}", record->devices.size()), time_text(record->began), record->file});
      json.push_back({{"lab", name},
                      {"state", state_of(*record)},
                      {"namespaces", record->namespaces.size()},
                      {"devices", record->devices.size()},
                      {"since", time_text(record->began)},
                      {"file", record->file}});
    } catch (const Error& error) {
      // One that cannot be read is shown all the same: it is there.
      const std::string state = error.code() == ErrorCode::denied ? "unknown (needs root)" : "unreadable";
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
  auto* command = app.add_subcommand("status", "Show a lab as the kernel has it; exit code 1 if something is missing");
  command->add_option("LAB", *lab, "Name of a lab, or its file")->required()->type_name("NAME|FILE");
  describe(*command, {{"netrig status two-hosts", "namespaces, interfaces and addresses as the kernel has them"}},
           {{"0", "all of it is there"},
            {"1", "something of it is missing"},
            {"3", "a privilege is missing"},
            {"7", "no such lab is up"}});
  command->callback([lab, &action] { action = [lab](Session& session) { return status(session, *lab); }; });
}

void add_list(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("list", "List the labs on this machine");
  describe(*command, {{"netrig list", "names, states and files of all labs"}, {"netrig list --json", "for programs"}},
           {{"0", "listed, also if there is none"}});
  command->callback([&action] { action = [](Session& session) { return list(session); }; });
}

}  // namespace netrig::cli
