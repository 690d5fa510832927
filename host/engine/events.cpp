// SPDX-License-Identifier: Apache-2.0
#include "engine/events.hpp"

#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>

#include "engine/object_json.hpp"

namespace netrig::engine {
namespace {

using Json = nlohmann::json;

// A path need not be UTF-8; what is not is replaced, for JSON must be.
std::string line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

std::string to_hex(const driver::Bytes& bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::byte byte : bytes) fmt::format_to(std::back_inserter(text), "{:02x}", static_cast<unsigned>(byte));
  return text;
}

/// What is not known yet is not written.
void append_interface(std::string& text, const MadeInterface& made) {
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "[\"{}\",\"{}\",{}", made.home, made.name, made.ifindex);
  const bool more = made.birth != 0 || made.leans_outside;
  // Of a kind only its author has said that it is a word.
  if (more || !made.kind.empty())
    fmt::format_to(out, ",{}", Json(made.kind).dump(-1, ' ', false, Json::error_handler_t::replace));
  if (more) fmt::format_to(out, ",{},{}", made.birth, made.leans_outside);
  text += "]";
}

std::string borrowed_text(std::size_t interface, const Borrowed& borrowed) {
  Json objects = Json::array();
  for (const Object& one : borrowed.objects) objects.push_back(to_json(one));
  const Json json = {{"i", interface},
                     {"ns", borrowed.home},
                     {"n", borrowed.name},
                     {"index", borrowed.ifindex},
                     {"was", std::move(objects)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json json_of(const std::optional<std::string>& text) { return text ? Json(*text) : Json(); }

}  // namespace

std::string begin_event(const Record& record, std::size_t rest) {
  return line({{"e", "begin"},
               {"v", 1},
               {"rest", rest},
               {"for", static_cast<int>(record.purpose)},
               {"damaged", record.damaged},
               {"lab", record.lab},
               {"file", record.file},
               {"only", record.only},
               {"boot", record.boot},
               {"netrig", record.version},
               {"time", record.began}});
}
std::string event_of(Phase phase) { return line({{"e", "phase"}, {"p", static_cast<int>(phase)}}); }
std::string event_of(const Edit& edit) { return line({{"e", "edit"}, {"file", edit.file}, {"only", edit.only}}); }

// Names are checked: none has a character that JSON would escape. One a namespace and two a device are written while
// the lab comes up, so these are formatted without building a tree.
std::string event_of(const MadeNamespace& made) {
  if (!made.existing && made.path.empty())
    return fmt::format("{{\"e\":\"ns\",\"n\":\"{}\",\"c\":{}}}\n", made.name, made.cookie);
  return line({{"e", "ns"}, {"n", made.name}, {"c", made.cookie}, {"existing", made.existing}, {"path", made.path}});
}
std::string end_of(const MadeNamespace& made) { return line({{"e", "ns-gone"}, {"n", made.name}}); }

std::string event_of(const MadeDevice& made) {
  std::string text = fmt::format("{{\"e\":\"{}\",\"n\":\"{}\",\"d\":\"{}\",\"i\":[", made.settled ? "dev" : "dev?",
                                 made.name, made.driver);
  const char* separator = "";
  for (const MadeInterface& interface : made.interfaces) {
    text += separator;
    append_interface(text, interface);
    separator = ",";
  }
  text += "]";
  for (std::size_t i = 0; i < made.interfaces.size(); ++i)
    if (made.interfaces[i].borrowed) text += fmt::format(",\"b\":{}", borrowed_text(i, *made.interfaces[i].borrowed));
  if (made.hands_from) text += fmt::format(",\"h\":{}", *made.hands_from);
  if (made.created) text += ",\"c\":true";
  if (made.fresh) text += ",\"new\":true";
  if (!made.record.empty()) text += fmt::format(",\"r\":\"{}\"", to_hex(made.record));
  if (!made.parameters.empty()) {
    Json parameters = Json::array();
    for (const MadeParameter& one : made.parameters) parameters.push_back({one.name, one.values});
    text += ",\"p\":" + parameters.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  return text + "}\n";
}
std::string end_of(const MadeDevice& made) { return line({{"e", "dev-gone"}, {"n", made.name}}); }
std::string event_of(const SavedSysctl& sysctl) {
  Json event = {{"e", "sysctl"}, {"ns", sysctl.home}, {"k", sysctl.key}, {"old", json_of(sysctl.before)}};
  if (sysctl.shared) event["shared"] = true;
  return line(event);
}
std::string event_of(const ShownSysctl& sysctl) {
  return line({{"e", "shown"},
               {"ns", sysctl.home},
               {"k", sysctl.key},
               {"new", sysctl.written},
               {"reads", json_of(sysctl.shown)}});
}
std::string end_of(const SavedSysctl& sysctl) {
  return line({{"e", "sysctl-gone"}, {"ns", sysctl.home}, {"k", sysctl.key}});
}
std::string event_of(const MadeObject& made) {
  return line({{"e", "object"}, {"ns", made.home}, {"o", to_json(made.object)}});
}
std::string end_of(const MadeObject& made) {
  return line({{"e", "object-gone"}, {"ns", made.home}, {"o", to_json(made.object)}});
}

std::string event_of(const MadeService& made) {
  Json event = {{"e", "service"},   {"n", made.name},         {"ns", made.home},
                {"c", made.cookie}, {"is", made.fingerprint}, {"stop", made.stop}};
  const process::Identity& who = made.identity;
  if (who.process != 0) event["p"] = Json::array({who.process, who.began, who.space, who.seen_from});
  if (made.ready) event["ready"] = true;
  return line(event);
}
std::string end_of(const MadeService& made) { return line({{"e", "service-gone"}, {"n", made.name}}); }

std::string event_of(const MadeCommand& made) {
  Json paths = Json::array();
  for (const PrivateDirectory& one : made.view.directories) paths.push_back(one.path);
  Json values = Json::array();
  for (const auto& [name, value] : made.view.values) values.push_back({name, value});
  Json event = {{"e", "command"},
                {"ns", made.home},
                {"i", made.index},
                {"c", made.cookie},
                {"is", made.fingerprint},
                {"undo", made.undo},
                {"view", Json::array({made.view.hostname, std::move(paths), std::move(values)})}};
  if (made.done) event["done"] = true;
  return line(event);
}
std::string end_of(const MadeCommand& made) {
  return line({{"e", "command-gone"}, {"ns", made.home}, {"i", made.index}});
}

std::string all_events(const Record& record) {
  std::string text = begin_event(record, record.namespaces.size() + record.devices.size() + record.sysctls.size() +
                                             record.shown.size() + record.objects.size() + record.services.size() +
                                             record.commands.size() + (record.edit ? 2 : 1));
  for (const auto& made : record.namespaces) text += event_of(made);
  for (const auto& made : record.devices) text += event_of(made);
  for (const auto& saved : record.sysctls) text += event_of(saved);
  for (const auto& shown : record.shown) text += event_of(shown);
  for (const auto& made : record.objects) text += event_of(made);
  for (const auto& made : record.services) text += event_of(made);
  for (const auto& made : record.commands) text += event_of(made);
  if (record.edit) text += event_of(*record.edit);
  return text + event_of(record.phase);
}

}  // namespace netrig::engine
