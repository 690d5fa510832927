// SPDX-License-Identifier: Apache-2.0
// A journal's lines, read.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <utility>

#include "engine/events.hpp"
#include "engine/object_json.hpp"

namespace netrig::engine {
namespace {

using Json = nlohmann::json;

driver::Bytes from_hex(const std::string& text) {
  driver::Bytes bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    unsigned byte = 0;
    const char* end = text.data() + i + 2;
    if (std::from_chars(text.data() + i, end, byte, 16).ptr != end)
      throw std::invalid_argument("has bytes that are not in hexadecimal");
    bytes.push_back(static_cast<std::byte>(byte));
  }
  return bytes;
}

/// The library converts any number to any other; a journal holds only what fits.
template <typename Number>
Number number_of(const Json& json, Number least = std::numeric_limits<Number>::min(),
                 Number most = std::numeric_limits<Number>::max()) {
  const bool fits = json.is_number_unsigned()  ? std::in_range<Number>(json.get<std::uint64_t>())
                    : json.is_number_integer() ? std::in_range<Number>(json.get<std::int64_t>())
                                               : false;
  if (!fits) throw std::invalid_argument("has a number that cannot be");
  const auto number = json.get<Number>();
  if (number < least || number > most) throw std::invalid_argument("has a number that cannot be");
  return number;
}

MadeInterface interface_of(const Json& json) {
  MadeInterface made{.home = json.at(0), .name = json.at(1), .ifindex = number_of<std::uint32_t>(json.at(2))};
  if (json.size() > 3) made.kind = json[3];
  if (json.size() > 4) made.birth = number_of<std::uint64_t>(json[4]);
  if (json.size() > 5) made.leans_outside = json[5].get<bool>();
  return made;
}

std::optional<std::string> text_of(const Json& json) {
  return json.is_null() ? std::nullopt : std::optional(json.get<std::string>());
}

template <typename List, typename Match>
void erase_first(List& list, const Match& match) {
  const auto found = std::find_if(list.begin(), list.end(), match);
  if (found != list.end()) list.erase(found);
}

/// Replays events; removals are only marked, since erasing one by one from the middle would be quadratic.
class Replay {
 public:
  void apply(const Json& event) {
    const auto kind = event.at("e").get<std::string>();
    if (kind == "begin") {
      if (record_.begun) throw std::invalid_argument("is a second beginning");
      begin(event);
    } else if (kind == "phase")
      record_.phase = static_cast<Phase>(number_of<int>(event.at("p"), 0, static_cast<int>(Phase::removing)));
    else if (kind == "edit") {
      record_.phase = Phase::changing;
      record_.edit = Edit{.file = event.at("file"), .only = event.at("only").get<std::vector<std::string>>()};
    } else if (kind == "ns")
      add_namespace(event);
    else if (kind == "ns-gone")
      gone_namespaces_[event.at("n").get<std::string>()] = record_.namespaces.size();
    else if (kind == "dev?")
      add_device(event, false);
    else if (kind == "dev")
      add_device(event, true);
    else if (kind == "dev-gone")
      remove_device(event.at("n").get<std::string>());
    else if (kind == "sysctl")
      record_.sysctls.push_back({.home = event.at("ns"),
                                 .key = event.at("k"),
                                 .before = text_of(event.at("old")),
                                 .shared = event.value("shared", false)});
    else if (kind == "sysctl-gone")
      remove_sysctl(event);
    else if (kind == "shown")
      add_shown({.home = event.at("ns"),
                 .key = event.at("k"),
                 .written = event.at("new"),
                 .shown = text_of(event.at("reads"))});
    else if (kind == "object")
      add_object({event.at("ns"), object_of(event.at("o"))});
    else if (kind == "object-gone")
      forget(record_.objects, {event.at("ns"), object_of(event.at("o"))});
    else if (kind == "service")
      add_service(event);
    else if (kind == "service-gone")
      remove_service(event.at("n").get<std::string>());
    else if (kind == "command")
      add_command(event);
    else if (kind == "command-gone")
      remove_command(event.at("ns").get<std::string>(), number_of<std::size_t>(event.at("i")));
    else
      throw std::invalid_argument("tells of \"" + kind + "\", which this netrig does not know");
  }

  [[nodiscard]] bool begun() const { return record_.begun; }
  /// How many events are in place with the first.
  [[nodiscard]] std::size_t rest() const { return rest_; }

  Record finish() {
    std::size_t index = 0;
    std::erase_if(record_.namespaces, [&](const MadeNamespace& made) {
      const auto gone = gone_namespaces_.find(made.name);
      return index++, gone != gone_namespaces_.end() && index <= gone->second;
    });
    std::erase_if(record_.devices, [](const MadeDevice& made) { return made.name.empty(); });
    std::erase_if(record_.services, [](const MadeService& made) { return made.name.empty(); });
    std::erase_if(record_.commands, [](const MadeCommand& made) { return made.home.empty(); });
    return std::move(record_);
  }

 private:
  void begin(const Json& event) {
    if (number_of<int>(event.at("v")) != 1) throw std::invalid_argument("was written by a newer netrig");
    record_.begun = true;
    record_.damaged = event.value("damaged", false);
    // One of an earlier netrig does not say.
    rest_ = event.contains("rest") ? number_of<std::size_t>(event["rest"]) : 0;
    if (event.contains("for"))
      record_.purpose = static_cast<Purpose>(number_of<int>(event["for"], 0, static_cast<int>(Purpose::run)));
    record_.lab = event.at("lab").get<std::string>();
    record_.file = event.at("file").get<std::string>();
    record_.only = event.at("only").get<std::vector<std::string>>();
    record_.boot = event.at("boot").get<std::string>();
    record_.version = event.at("netrig").get<std::string>();
    record_.began = number_of<std::int64_t>(event.at("time"));
  }

  void add_namespace(const Json& event) {
    record_.namespaces.push_back({.name = event.at("n"),
                                  .cookie = number_of<std::uint64_t>(event.at("c")),
                                  .existing = event.value("existing", false),
                                  .path = event.value("path", std::string{})});
  }

  void add_device(const Json& event, bool settled) {
    MadeDevice made{.name = event.at("n"), .driver = event.at("d"), .settled = settled};
    if (event.contains("h")) made.hands_from = number_of<std::uint64_t>(event["h"]);
    for (const Json& one : event.at("i")) made.interfaces.push_back(interface_of(one));
    if (event.contains("b")) {
      const Json& json = event["b"];
      Borrowed borrowed{
          .home = json.at("ns"), .name = json.at("n"), .ifindex = number_of<std::uint32_t>(json.at("index"))};
      for (const Json& one : json.at("was")) borrowed.objects.push_back(object_of(one));
      made.interfaces.at(number_of<std::size_t>(json.at("i"))).borrowed =
          std::make_shared<const Borrowed>(std::move(borrowed));
    }
    made.created = event.value("c", false);
    made.fresh = event.value("new", false);
    if (event.contains("r")) made.record = from_hex(event["r"].get<std::string>());
    if (event.contains("p"))
      for (const Json& one : event["p"])
        made.parameters.push_back({.name = one.at(0), .values = one.at(1).get<std::vector<std::string>>()});
    const auto [place, fresh] = device_index_.try_emplace(made.name, record_.devices.size());
    if (fresh)
      record_.devices.push_back(std::move(made));
    else
      record_.devices[place->second] = std::move(made);
  }

  void remove_device(const std::string& name) {
    const auto found = device_index_.find(name);
    if (found == device_index_.end()) return;
    record_.devices[found->second].name.clear();
    device_index_.erase(found);
  }

  void remove_sysctl(const Json& event) {
    erase_first(record_.sysctls,
                [&](const SavedSysctl& s) { return s.home == event.at("ns") && s.key == event.at("k"); });
    std::erase_if(record_.shown,
                  [&](const ShownSysctl& s) { return s.home == event.at("ns") && s.key == event.at("k"); });
  }
  /// The last of several counts; one that reads as it was written is like any other.
  void add_shown(ShownSysctl shown) {
    std::erase_if(record_.shown, [&](const ShownSysctl& s) { return s.home == shown.home && s.key == shown.key; });
    if (shown.shown != shown.written) record_.shown.push_back(std::move(shown));
  }
  void add_object(MadeObject made) {
    erase_first(record_.objects,
                [&](const MadeObject& other) { return other.home == made.home && is_same(other.object, made.object); });
    record_.objects.push_back(std::move(made));
  }

  /// The last of several counts.
  void add_service(const Json& event) {
    MadeService made{.name = event.at("n"),
                     .home = event.at("ns"),
                     .cookie = number_of<std::uint64_t>(event.at("c")),
                     .fingerprint = number_of<std::uint64_t>(event.at("is")),
                     .stop = number_of<std::int64_t>(event.at("stop"), 0),
                     .ready = event.value("ready", false)};
    if (event.contains("p")) {
      const Json& identity = event["p"];
      made.identity = {.process = number_of<pid_t>(identity.at(0), 1),
                       .began = number_of<std::uint64_t>(identity.at(1)),
                       .space = number_of<std::uint64_t>(identity.at(2)),
                       .seen_from = number_of<std::uint64_t>(identity.at(3))};
    }
    remove_service(made.name);
    service_index_.emplace(made.name, record_.services.size());
    record_.services.push_back(std::move(made));
  }
  void remove_service(const std::string& name) {
    const auto found = service_index_.find(name);
    if (found == service_index_.end()) return;
    record_.services[found->second].name.clear();
    service_index_.erase(found);
  }

  /// The last of several counts.
  void add_command(const Json& event) {
    const Json& view = event.at("view");
    MadeCommand made{.home = event.at("ns"),
                     .index = number_of<std::size_t>(event.at("i")),
                     .cookie = number_of<std::uint64_t>(event.at("c")),
                     .fingerprint = number_of<std::uint64_t>(event.at("is")),
                     .undo = event.at("undo").get<Command>(),
                     .view = {.hostname = view.at(0)},
                     .done = event.value("done", false)};
    for (const Json& path : view.at(1)) made.view.directories.push_back({.path = path});
    for (const Json& value : view.at(2)) made.view.values.emplace_back(value.at(0), value.at(1));
    const auto [place, fresh] = command_index_.try_emplace({made.home, made.index}, record_.commands.size());
    if (fresh)
      record_.commands.push_back(std::move(made));
    else
      record_.commands[place->second] = std::move(made);
  }
  void remove_command(const std::string& home, std::size_t index) {
    const auto found = command_index_.find({home, index});
    if (found == command_index_.end()) return;
    record_.commands[found->second].home.clear();
    command_index_.erase(found);
  }

  Record record_;
  std::size_t rest_ = 0;
  std::unordered_map<std::string, std::size_t> device_index_;
  std::unordered_map<std::string, std::size_t> service_index_;
  std::map<std::pair<std::string, std::size_t>, std::size_t> command_index_;
  /// Name to the number of namespaces there were when it went: an entry that comes later is a new one of that name.
  std::unordered_map<std::string, std::size_t> gone_namespaces_;
};

/// Calls `apply` with every line that has its end.
void for_each_line(std::string_view journal, const std::function<void(std::string_view)>& apply) {
  for (std::size_t at = 0; at < journal.size();) {
    const std::size_t end = journal.find('\n', at);
    if (end == std::string_view::npos) return;
    apply(journal.substr(at, end - at));
    at = end + 1;
  }
}

}  // namespace

std::string fault_in(const std::exception& problem) {
  if (const auto* parsing = dynamic_cast<const Json::parse_error*>(&problem))
    return fmt::format("is not as netrig writes it, from byte {} on", parsing->byte);
  if (dynamic_cast<const Json::out_of_range*>(&problem) != nullptr) {
    const std::string text = problem.what();  // "... key 'n' not found"
    const std::size_t begin = text.find('\'');
    const std::size_t end = text.rfind('\'');
    return begin == end ? "lacks a value" : fmt::format("lacks \"{}\"", text.substr(begin + 1, end - begin - 1));
  }
  if (dynamic_cast<const Json::exception*>(&problem) != nullptr) return "has something else where a value should be";
  if (dynamic_cast<const Error*>(&problem) != nullptr) return fmt::format("has a bad value: {}", problem.what());
  return problem.what();
}

namespace {

/// `concerns`: of the lines after the first, which are read.
Record replay_some(std::string_view journal, const std::string& path,
                   const std::function<bool(std::string_view)>& concerns) {
  Replay replay;
  std::size_t number = 0;
  const auto damaged = [&](const std::string& how) {
    throw Error(ErrorCode::failed, fmt::format("the lab's record is damaged: {}", how),
                fmt::format("{}:{}", path, std::max<std::size_t>(number, 1)));
  };
  for_each_line(journal, [&](std::string_view text) {
    ++number;
    if (number > 1 && !concerns(text)) return;
    try {
      replay.apply(Json::parse(text));
    } catch (const std::exception& problem) {
      damaged(fmt::format("line {} {}", number, fault_in(problem)));
    }
    if (!replay.begun()) damaged("it does not begin with its beginning");
  });
  if (number == 0) damaged(journal.empty() ? "it is empty" : "it ends within its first line");
  if (number - 1 < replay.rest()) damaged(fmt::format("it ends after {} of {} lines", number, replay.rest() + 1));
  return replay.finish();
}

}  // namespace

Record replay(std::string_view journal, const std::string& path) {
  return replay_some(journal, path, [](std::string_view) { return true; });
}

Record replay_about(std::string_view word, std::string_view journal, const std::string& path) {
  const std::string quoted = fmt::format("\"{}\"", word);
  return replay_some(journal, path, [&](std::string_view line) { return line.find(quoted) != std::string_view::npos; });
}

Record salvage(std::string_view journal) {
  Replay replay;
  for_each_line(journal, [&](std::string_view text) {
    try {
      replay.apply(Json::parse(text));
    } catch (const std::exception&) {
      return;  // the next line may be whole
    }
  });
  Record record = replay.finish();
  record.begun = true;
  record.damaged = true;
  return record;
}

}  // namespace netrig::engine
