// SPDX-License-Identifier: Apache-2.0
#include "report/formats.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "model/error.hpp"
#include "report/html.hpp"
#include "report/json_report.hpp"
#include "report/junit.hpp"
#include "report/tap.hpp"
#include "report/text_report.hpp"

namespace netrig::report {
namespace {

struct Format {
  std::string_view name;
  std::string_view ending;
  std::string (*render)(const check::Report&, const Lab&);
};

constexpr std::array kFormats = {
    Format{"text", ".txt", [](const check::Report& report, const Lab&) { return text_report(report, false); }},
    Format{"tap", ".tap", [](const check::Report& report, const Lab&) { return tap(report, TapVersion::v13); }},
    Format{"tap14", ".tap14", [](const check::Report& report, const Lab&) { return tap(report, TapVersion::v14); }},
    Format{"junit", ".xml", [](const check::Report& report, const Lab&) { return junit(report); }},
    Format{"json", ".json", [](const check::Report& report, const Lab&) { return json_report(report); }},
    Format{"html", ".html", [](const check::Report& report, const Lab& lab) { return html(report, lab); }},
};

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
  throw Error(ErrorCode::invalid,
              fmt::format("\"{}\" does not say which form of report it is; write text:FILE, tap:FILE, tap14:FILE, "
                          "junit:FILE, json:FILE or html:FILE, or a file that ends in .txt, .tap, .xml, .json or .html",
                          text));
}

std::string rendered(const check::Report& report, const Lab& lab, std::string_view format) {
  const auto found =
      std::find_if(kFormats.begin(), kFormats.end(), [&](const Format& one) { return one.name == format; });
  if (found == kFormats.end()) throw Error(ErrorCode::internal, fmt::format("no report has the form \"{}\"", format));
  return found->render(report, lab);
}

}  // namespace netrig::report
