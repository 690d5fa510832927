// SPDX-License-Identifier: Apache-2.0
#include "session/watch.hpp"

#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/drift.hpp"
#include "cli/happenings.hpp"
#include "cli/help.hpp"
#include "cli/values.hpp"
#include "model/parameter.hpp"
#include "model/printable.hpp"
#include "report/output.hpp"
#include "report/table.hpp"

namespace netrig::cli {
namespace {

using session::WatchEvent;

struct WatchOptions {
  std::string lab;
  bool strict = false;
  std::string duration;
};

std::string text_of(const WatchEvent& event, const Lab& lab) {
  const std::string& name = lab.name.str();
  switch (event.what) {
    case WatchEvent::What::drift:
      return fault_text(event.fault, lab);
    case WatchEvent::What::mended:
      return one_line(event.fault.about + (event.foreign ? " is gone again" : " is as in the file again")) + "\n";
    case WatchEvent::What::followed:
      return fmt::format("lab {} was changed: what {} says now counts from here on\n", name, one_line(lab.file));
    case WatchEvent::What::cut_off:
      return fmt::format("lab {} is between two states, for another netrig was cut off; \"netrig up {}\" mends it\n",
                         name, shell_word(lab.file));
    case WatchEvent::What::down:
      return fmt::format("lab {} was taken down\n", name);
  }
  return "";
}

const char* word_of(WatchEvent::What what) {
  switch (what) {
    case WatchEvent::What::drift:
      return "drift";
    case WatchEvent::What::mended:
      return "mended";
    case WatchEvent::What::followed:
      return "followed";
    case WatchEvent::What::cut_off:
      return "cut_off";
    case WatchEvent::What::down:
      return "down";
  }
  return "";
}

Json json_of(const WatchEvent& event, const Lab& lab) {
  Json json = happening(word_of(event.what), lab.name.str());
  if (event.what == WatchEvent::What::followed) json["file"] = lab.file;
  if (event.what != WatchEvent::What::drift && event.what != WatchEvent::What::mended) return json;
  json["difference"] = lines_json({event.fault.line}, lab).front();
  json["foreign"] = event.foreign;
  return json;
}

int watch(Session& session, const WatchOptions& options) {
  const std::string name = resolve_lab(options.lab);
  session::require_privileges("watching a lab");
  session::raise_open_files();
  catch_signals();
  bool ended = false;  // by itself
  session::WatchRequest request{.strict = options.strict};
  request.gave_up = [] { return interrupted().load() || report::reader_is_gone() || report::output_fault(); };
  request.told = [&](const WatchEvent& event, const Lab& lab) {
    ended = ended || event.what == WatchEvent::What::down;
    session.say(text_of(event, lab));
    session.answer_line(json_of(event, lab));
  };
  request.begun = [&](const Lab& lab, std::size_t differences) {
    session.say(differences == 0
                    ? fmt::format("lab {} is as its file says; watching it\n", name)
                    : fmt::format("lab {} has {}; watching it\n", name, report::counted(differences, "difference")));
    Json json = happening("watching", lab.name.str());
    json["differences"] = differences;
    session.answer_line(json);
  };
  if (!options.duration.empty()) request.how_long = std::chrono::nanoseconds(*parse_duration(options.duration));
  const std::size_t differences = session::watch(session.host(), name, request);
  // Who ends it, or takes the lab down, has seen what there was to see.
  const bool over = !ended && !interrupted() && !options.duration.empty();
  return over && differences != 0 ? 1 : 0;
}

}  // namespace

void add_watch(CLI::App& app, Action& action) {
  auto options = std::make_shared<WatchOptions>();
  auto* command = app.add_subcommand(
      "watch", "Say within a second when a lab that is up is no longer as its file says, and when it is again");
  command->add_option("LAB", options->lab, "Name of a lab, or its file")->required()->type_name("NAME|FILE");
  command->add_flag("--strict", options->strict, "What is there and not in the file is a difference, too");
  command->add_option("--for", options->duration, "Only so long: \"10s\", \"2h\"; else until it is interrupted")
      ->check(duration())
      ->type_name("DURATION");
  describe(*command,
           {{"netrig watch two-hosts", "one line for everything that somebody changes, until Ctrl-C"},
            {"netrig watch two-hosts --json | jq -r .event", "one JSON object a line, for programs"},
            {"netrig watch two-hosts --for 30s", "exit code 1 if there is drift at the end"}},
           {{"0", "interrupted, the lab was taken down, or --for is over and all is as the file says"},
            {"1", "--for is over and something is not as the file says, or the output could not be written"},
            {"3", "a privilege is missing"},
            {"7", "no such lab is up"}});
  command->callback([options, &action] { action = [options](Session& session) { return watch(session, *options); }; });
}

}  // namespace netrig::cli
