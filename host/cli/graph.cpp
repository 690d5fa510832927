// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <filesystem>
#include <map>

#include "cli/commands.hpp"
#include "report/drawing.hpp"
#include "report/output.hpp"

namespace netrig::cli {
namespace {

struct GraphOptions {
  std::string lab;
  std::vector<std::string> only;
  std::string format;
  std::string output = "-";
};

std::string format_of(const GraphOptions& options) {
  static const std::map<std::string, std::string> kEndings = {
      {".svg", "svg"}, {".dot", "dot"}, {".gv", "dot"}, {".mmd", "mermaid"}, {".json", "json"}};
  if (!options.format.empty()) return options.format;
  const auto found = kEndings.find(std::filesystem::path(options.output).extension());
  return found == kEndings.end() ? "svg" : found->second;
}

/// From its file, which needs no privilege; else the running lab of that name.
Lab lab_of(Session& session, const GraphOptions& options) {
  std::error_code none;
  Json warnings;
  if (std::filesystem::exists(options.lab, none)) return session.load(options.lab, options.only, warnings);
  const Lab lab = session.applied(record_of(resolve_lab(options.lab)));
  return options.only.empty() ? lab : select(lab, options.only);
}

int graph(Session& session, const GraphOptions& options) {
  const bool json = session.options().json;
  // Warnings must not get into the drawing.
  if (options.output == "-") session.mute(true);
  const Lab lab = lab_of(session, options);
  const std::string format = format_of(options);
  std::string text;
  if (json && options.output == "-")
    text = report::drawing_json(lab);
  else if (format == "svg")
    text = report::svg(lab, {});
  else if (format == "dot")
    text = report::dot(lab);
  else if (format == "mermaid")
    text = report::mermaid(lab);
  else
    text = report::drawing_json(lab);
  report::write_output(options.output, text);
  if (json && options.output != "-") report::write_output("-", report::drawing_json(lab));
  return 0;
}

}  // namespace

void add_graph(CLI::App& app, Action& action) {
  auto options = std::make_shared<GraphOptions>();
  auto* command = app.add_subcommand("graph", "Draw a lab");
  command->add_option("LAB", options->lab, "Lab file, or name of a running lab")->required()->type_name("FILE|NAME");
  command->add_option("--format", options->format, "Form of the drawing; default: as the output's ending says, or svg")
      ->check(CLI::IsMember({"svg", "dot", "mermaid", "json"}))
      ->type_name("svg|dot|mermaid|json");
  command->add_option("-o,--output", options->output, "File to write; default: standard output")->type_name("FILE");
  command->add_option("--only", options->only, "Only namespaces that match this pattern; may be repeated")
      ->type_name("PATTERN")
      ->allow_extra_args(false);
  command->callback([options, &action] { action = [options](Session& session) { return graph(session, *options); }; });
}

}  // namespace netrig::cli
