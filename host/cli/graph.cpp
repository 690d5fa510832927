// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <filesystem>
#include <map>

#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "cli/values.hpp"
#include "model/printable.hpp"
#include "report/drawing.hpp"
#include "report/output.hpp"

namespace netrig::cli {
namespace {

struct GraphOptions {
  std::string lab;
  std::vector<std::string> only;
  LabSettings settings;
  std::string format;
  std::string output = "-";
};

std::string format_of(const GraphOptions& options) {
  static const std::map<std::string, std::string> kEndings = {
      {".svg", "svg"}, {".dot", "dot"}, {".gv", "dot"}, {".mmd", "mermaid"}, {".json", "json"}};
  if (!options.format.empty()) return options.format;
  const std::string ending = std::filesystem::path(options.output).extension();
  const auto found = kEndings.find(ending);
  if (found != kEndings.end()) return found->second;
  if (ending.empty()) return "svg";
  throw Error(ErrorCode::invalid,
              fmt::format("a drawing cannot be written as {0}; end the file in .svg, .dot, .gv, .mmd or .json, or say "
                          "--format; Graphviz makes others: \"netrig graph {1} --format dot | dot -T{0} -o {2}\"",
                          ending.substr(1), shell_word(options.lab), shell_word(options.output)),
              options.output);
}

/// From its file, which needs no privilege; else the running lab of that name.
Lab lab_of(Session& session, const GraphOptions& options) {
  std::error_code none;
  Json warnings;
  if (std::filesystem::exists(options.lab, none))
    return session.load(options.lab, options.only, warnings, options.settings);
  const std::string name = resolve_lab(options.lab);
  const auto found = engine::Journal::look(name);
  if (!found) throw Error(ErrorCode::not_found, fmt::format("no lab \"{}\" is up", name));
  const engine::Record& record = found->record;
  // A lab is drawn as it came up, which it has not.
  if (!record.begun || record.phase == engine::Phase::starting)
    throw Error(ErrorCode::not_found,
                found->holder
                    ? fmt::format("lab \"{}\" is coming up, and cannot be drawn yet; draw its file", name)
                    : fmt::format("lab \"{0}\" was cut off while it came up, so there is nothing to draw; draw its "
                                  "file, and take what is left of the lab away with \"netrig down {0}\"",
                                  name));
  const Lab lab = session.applied(record);
  return options.only.empty() ? lab : select(lab, options.only);
}

std::string svg_of(Session& session, const Lab& lab) {
  report::Drawing drawing = report::drawn(lab, {});
  if (drawing.wants_graphviz && !session.options().quiet)
    complain("hint: a lab without layers is drawn clearer with the help of Graphviz: apt-get install graphviz");
  return std::move(drawing.svg);
}

int graph(Session& session, const GraphOptions& options) {
  const bool json = session.options().json;
  if (json && options.output == "-" && !options.format.empty() && options.format != "json")
    throw Error(ErrorCode::invalid, fmt::format("--json and --format {} cannot both have standard output; leave one of "
                                                "them out, or write the drawing to a file with -o",
                                                options.format));
  const std::string format = format_of(options);
  // Warnings must not get into the drawing.
  if (options.output == "-") session.mute(true);
  const Lab lab = lab_of(session, options);
  std::string text;
  if (json && options.output == "-")
    text = report::drawing_json(lab);
  else if (format == "svg")
    text = svg_of(session, lab);
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
      ->check(one_of({"svg", "dot", "mermaid", "json"}))
      ->type_name("svg|dot|mermaid|json");
  command->add_option("-o,--output", options->output, "File to write; default: standard output")->type_name("FILE");
  command->add_option("--only", options->only, "Only namespaces that match this pattern; may be repeated")
      ->type_name("PATTERN")
      ->allow_extra_args(false);
  add_settings(*command, options->settings.set);
  describe(*command,
           {{"netrig graph two-hosts.toml -o two-hosts.svg", "from a file: needs no privilege"},
            {"netrig graph campus --format mermaid", "a lab that is up, by its name"},
            {"netrig graph lab.toml --format dot | dot -Tpng -o lab.png", "as a PNG, by Graphviz"}},
           {{"0", "drawn"},
            {"1", "the drawing could not be written"},
            {"2", "the lab file, the policy or the command line is wrong"},
            {"3", "others could have written what must be protected"},
            {"5", "a driver is missing, refused, or does not take its parameters"},
            {"7", "there is no such file, and no such lab is up"}});
  command->callback([options, &action] { action = [options](Session& session) { return graph(session, *options); }; });
}

}  // namespace netrig::cli
