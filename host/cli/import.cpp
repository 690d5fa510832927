// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <filesystem>

#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "config/said.hpp"
#include "model/printable.hpp"
#include "report/output.hpp"
#include "report/table.hpp"
#include "session/import.hpp"

namespace netrig::cli {
namespace {

struct ImportOptions {
  std::vector<std::string> patterns;
  std::vector<std::string> processes;
  std::string here;
  std::string name;
  std::string output = "-";
  bool force = false;
};

/// Of the lab: as the user says, else as the file is called.
LabName name_of(const ImportOptions& options) {
  if (const auto fault = options.name.empty() ? NameFault() : lab_name_fault(options.name))
    throw Error(ErrorCode::invalid,
                fmt::format("lab name \"{}\" {}; use letters, digits and . _ -", options.name, *fault), "--name");
  if (!options.name.empty()) return LabName(options.name);
  const std::string stem = std::filesystem::path(options.output).stem();
  return LabName(options.output == "-" || lab_name_fault(stem) ? "imported" : stem);
}

std::vector<session::ImportTarget> targets_of(const ImportOptions& options) {
  std::vector<session::ImportTarget> targets;
  if (!options.patterns.empty()) targets = session::named_targets(options.patterns);
  for (const std::string& one : options.processes) targets.push_back(session::target_of_process(one));
  if (!options.here.empty()) targets.push_back({.name = options.here, .path = {}});
  if (targets.empty())
    throw Error(ErrorCode::invalid,
                "nothing is to be imported; name namespaces ('h*'), the one of a process (--pid PID) or --here");
  return targets;
}

int import_lab(Session& session, const ImportOptions& options) {
  const LabName name = name_of(options);
  const bool to_file = options.output != "-";
  std::error_code none;
  if (to_file && !options.force && std::filesystem::is_regular_file(options.output, none))
    throw Error(ErrorCode::conflict, "it is there already; name another file, or replace it with --force",
                options.output);
  if (to_file) report::check_output(options.output);
  const Imported imported = session::import_namespaces(session.drivers(), name, targets_of(options));
  const config::Said said = config::say_lab(imported, session.lookup());
  Json unsaid = Json::array();
  for (const auto& [space, text] : said.unsaid) unsaid.push_back({{"namespace", space}, {"text", text}});
  if (to_file) {
    report::write_output(options.output, said.text);
    session.say(fmt::format("{}: {}, {}{}\n", one_line(options.output),
                            report::counted(imported.lab.namespaces.size(), "namespace"),
                            report::counted(imported.lab.devices.size(), "device"),
                            said.unsaid.empty() ? std::string("; that is all there is")
                                                : fmt::format("; {} of what is there it has as comments alone",
                                                              report::counted(said.unsaid.size(), "piece"))));
  } else if (!session.options().json) {
    // What hides in a name stays an escape, which TOML reads as what it was.
    report::write_output("-", printable(said.text));
  }
  session.answer({{"lab", name.str()},
                  {"file", to_file ? Json(options.output) : Json()},
                  {"namespaces", imported.lab.namespaces.size()},
                  {"devices", imported.lab.devices.size()},
                  {"unsaid", unsaid},
                  {"toml", said.text}});
  return 0;
}

}  // namespace

void add_import(CLI::App& app, Action& action) {
  auto options = std::make_shared<ImportOptions>();
  auto* command = app.add_subcommand("import", "Write a lab file from namespaces that are there, whoever made them");
  command->add_option("NAMESPACE", options->patterns, "Names or patterns of namespaces in /run/netns")
      ->type_name("PATTERN");
  command
      ->add_option("--pid", options->processes,
                   "The namespace of a process, which is called NAME, or pid-PID; may be repeated")
      ->type_name("PID[=NAME]")
      ->allow_extra_args(false);
  command->add_flag("--here{here}", options->here,
                    "The namespace that netrig runs in, called \"here\" or --here=NAME; needs no root");
  command->add_option("--name", options->name, "Name of the lab; default: that of the output, or \"imported\"")
      ->type_name("NAME");
  command->add_option("-o,--output", options->output, "File to write; default: standard output")->type_name("FILE");
  command->add_flag("--force", options->force, "Replace the file if it is there");
  describe(*command,
           {{"netrig import 'h*' switch -o office.toml", "namespaces by name and pattern"},
            {"netrig import --pid 4711=web --pid 4712=db", "those of two processes, such as containers"},
            {"netrig import --here", "the one that netrig runs in, without being root"}},
           {{"0", "written, with comments for what no lab file can say"},
            {"1", "the file could not be written, or the kernel not be read"},
            {"2", "the policy or the command line is wrong"},
            {"3", "a privilege is missing"},
            {"4", "the file is there already"},
            {"6", "the kernel lacks something"},
            {"7", "there is no such namespace or process"}});
  command->callback(
      [options, &action] { action = [options](Session& session) { return import_lab(session, *options); }; });
}

}  // namespace netrig::cli
