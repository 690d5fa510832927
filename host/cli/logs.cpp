// SPDX-License-Identifier: Apache-2.0
// netrig logs: what the services of a lab have written.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <thread>

#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "engine/journal.hpp"
#include "engine/services.hpp"
#include "model/printable.hpp"
#include "process/log.hpp"
#include "report/output.hpp"

namespace netrig::cli {
namespace {

constexpr auto kLook = std::chrono::milliseconds(100);

struct LogsOptions {
  std::string lab;
  std::vector<std::string> services;
  bool follow = false;
};

/// What one service writes, line by line.
struct Stream {
  std::string service;
  process::LogReader reader;
  std::string rest = {};  ///< a line that has not ended
};

bool is_meant(const std::string& pattern, const std::string& service) {
  return pattern == service || matches(pattern, service) || service.starts_with(pattern + "@");
}

/// Those of the record, and those that have a log: one that did not get ready is out of the record, and what it said is
/// asked for most.
std::set<std::string> known_services(const engine::Record& record) {
  std::set<std::string> all;
  for (const engine::MadeService& made : record.services) all.insert(made.name);
  const UniqueFd logs = engine::Journal::find_logs(record.lab);
  if (!logs) return all;
  const std::string end = process::log_name("");
  std::error_code fault;
  for (const auto& entry : std::filesystem::directory_iterator(fmt::format("/proc/self/fd/{}", logs.get()), fault)) {
    const std::string name = entry.path().filename();
    if (name.size() > end.size() && name.ends_with(end)) all.insert(name.substr(0, name.size() - end.size()));
  }
  return all;
}

std::vector<std::string> chosen(const engine::Record& record, const std::vector<std::string>& patterns) {
  const std::set<std::string> known = known_services(record);
  std::vector<std::string> all(known.begin(), known.end());
  if (patterns.empty()) return all;
  for (const std::string& pattern : patterns) {
    const auto meant = [&](const std::string& service) { return is_meant(pattern, service); };
    if (std::any_of(all.begin(), all.end(), meant)) continue;
    const auto hint = closest(pattern, all);
    throw Error(ErrorCode::not_found,
                fmt::format("lab {} has no service \"{}\" that was started by \"up\"{}", record.lab, pattern,
                            hint ? fmt::format("; did you mean \"{}\"?", *hint) : ""));
  }
  std::erase_if(all, [&](const std::string& service) {
    return std::none_of(patterns.begin(), patterns.end(),
                        [&](const std::string& pattern) { return is_meant(pattern, service); });
  });
  return all;
}

class Logs {
 public:
  Logs(const Session& session, const engine::Record& record, const std::vector<std::string>& services)
      : session_(session), directory_(engine::Journal::find_logs(record.lab)) {
    if (!directory_) return;
    for (const std::string& service : services) streams_.push_back({service, {directory_.get(), service}});
  }

  void tell() {
    for (Stream& one : streams_) {
      one.rest += one.reader.read();
      std::size_t begin = 0;
      for (std::size_t end = 0; (end = one.rest.find('\n', begin)) != std::string::npos; begin = end + 1)
        say(one, one.rest.substr(begin, end - begin));
      one.rest.erase(0, begin);
    }
  }
  /// What has no end of its line, and will get none.
  void finish() {
    for (Stream& one : streams_)
      if (!one.rest.empty()) say(one, std::exchange(one.rest, {}));
  }

 private:
  void say(const Stream& stream, const std::string& line) const {
    session_.answer_line({{"service", stream.service}, {"line", line}});
    session_.say((streams_.size() == 1 ? "" : stream.service + ": ") + one_line(line) + "\n");
  }

  const Session& session_;
  UniqueFd directory_;
  std::vector<Stream> streams_;
};

/// Until the lab is down, however it went, or nobody wants more.
void follow(Logs& logs, const std::string& lab) {
  catch_signals();
  while (!interrupted() && !report::reader_is_gone() && !report::output_fault()) {
    logs.tell();
    if (!engine::Journal::mark(lab)) return;
    std::this_thread::sleep_for(kLook);
  }
}

int logs(Session& session, const LogsOptions& options) {
  const std::string name = resolve_lab(options.lab);
  const engine::Record record = record_of(name);
  Logs all(session, record, chosen(record, options.services));
  all.tell();
  if (options.follow) follow(all, name);
  all.finish();
  return 0;
}

}  // namespace

void add_logs(CLI::App& app, Action& action) {
  auto options = std::make_shared<LogsOptions>();
  auto* command = app.add_subcommand("logs", "Show what the services of a lab have written");
  command->add_option("LAB", options->lab, "Name of a lab, or its file")->required()->type_name("NAME|FILE");
  command->add_option("SERVICE", options->services, "Services, by name or pattern; all if there is none")
      ->type_name("NAME");
  command->add_flag("-f,--follow", options->follow, "Go on as they write, until interrupted or the lab is down");
  describe(*command,
           {{"netrig logs ospf-ring", "all of its services, each line with its name"},
            {"netrig logs ospf-ring ospfd@r1 -f", "one, as it writes"},
            {"netrig logs ospf-ring 'ospfd@*' --json", "one JSON object a line, for programs"}},
           {{"0", "shown, also if there is nothing"},
            {"1", "the record cannot be read, or the output could not be written"},
            {"3", "a privilege is missing"},
            {"7", "no such lab is up, or it has no such service"}});
  command->callback([options, &action] { action = [options](Session& session) { return logs(session, *options); }; });
}

}  // namespace netrig::cli
