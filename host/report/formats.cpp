// SPDX-License-Identifier: Apache-2.0
#include "report/formats.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "model/error.hpp"
#include "report/html.hpp"
#include "report/json_report.hpp"
#include "report/junit.hpp"
#include "report/markdown.hpp"
#include "report/tap.hpp"
#include "report/text_report.hpp"

namespace netrig::report {
namespace {

/// What is written: one lab, whatever it is called, or several.
struct Content {
  LabRuns runs;
  bool several = false;
  double seconds = 0;
};

struct Format {
  std::string_view name;
  std::string_view ending;
  std::string (*render)(const Content&);
};

check::Report as_one(const Content& content) {
  return content.several ? merged(content.runs, content.seconds) : content.runs.front().report;
}

constexpr std::array kFormats = {
    Format{"text", ".txt", [](const Content& content) { return text_report(as_one(content), false); }},
    Format{"tap", ".tap", [](const Content& content) { return tap(as_one(content), TapVersion::v13); }},
    Format{"tap14", ".tap14", [](const Content& content) { return tap(as_one(content), TapVersion::v14); }},
    Format{"junit", ".xml", [](const Content& content) { return junit(content.runs); }},
    Format{"json", ".json",
           [](const Content& content) {
             return content.several ? json_report(content.runs) : json_report(content.runs.front().report);
           }},
    Format{"html", ".html",
           [](const Content& content) {
             return content.several ? html(content.runs, content.seconds) : html(content.runs.front());
           }},
    Format{"md", ".md", [](const Content& content) { return markdown(content.runs); }},
};

std::string render(const Content& content, std::string_view format) {
  const auto found =
      std::find_if(kFormats.begin(), kFormats.end(), [&](const Format& one) { return one.name == format; });
  if (found == kFormats.end()) throw Error(ErrorCode::internal, fmt::format("no report has the form \"{}\"", format));
  return found->render(content);
}

}  // namespace

ReportTarget parse_target(std::string_view text) {
  for (const Format& format : kFormats)
    if (text.starts_with(format.name) && text.substr(format.name.size()).starts_with(':')) {
      const std::string_view path = text.substr(format.name.size() + 1);
      if (path.empty())
        throw Error(ErrorCode::invalid, fmt::format("\"{}\" names no file; \"-\" is standard output", text));
      return {.format = std::string(format.name), .path = std::string(path)};
    }
  for (const Format& format : kFormats)
    if (text.ends_with(format.ending)) return {.format = std::string(format.name), .path = std::string(text)};
  throw Error(
      ErrorCode::invalid,
      fmt::format("\"{}\" does not say which form of report it is; write text:FILE, tap:FILE, tap14:FILE, "
                  "junit:FILE, json:FILE, html:FILE or md:FILE, or a file that ends in .txt, .tap, .xml, .json, .html "
                  "or .md",
                  text));
}

std::string rendered(const LabRun& run, std::string_view format) { return render({.runs = LabRuns(&run, 1)}, format); }

std::string rendered(LabRuns runs, double seconds, std::string_view format) {
  return render({.runs = runs, .several = true, .seconds = seconds}, format);
}

}  // namespace netrig::report
