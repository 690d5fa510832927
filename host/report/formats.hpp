// SPDX-License-Identifier: Apache-2.0
// Every form that a report of tests can be written in.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "check/result.hpp"
#include "model/lab.hpp"

namespace netrig::report {

/// Where a report goes, and in which form.
struct ReportTarget {
  std::string format;  ///< "text", "tap", "tap14", "junit", "json", "html"
  std::string path;    ///< "-": standard output
};

/// "junit:results.xml", or "results.html", whose end says the form: .txt .tap .tap14 .xml .json .html. Throws
/// Error{invalid}.
ReportTarget parse_target(std::string_view text);

/// A report in a form of ReportTarget. `lab`: what was tested, for the drawing in HTML.
std::string rendered(const check::Report& report, const Lab& lab, std::string_view format);

}  // namespace netrig::report
