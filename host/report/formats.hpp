// SPDX-License-Identifier: Apache-2.0
// Every form that a report of tests can be written in.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "report/lab_run.hpp"

namespace netrig::report {

/// Where a report goes, and in which form.
struct ReportTarget {
  std::string format;  ///< "text", "tap", "tap14", "junit", "json", "html", "md"
  std::string path;    ///< "-": standard output
};

/// "junit:results.xml", or "results.html", whose end says the form: .txt .tap .tap14 .xml .json .html .md. Throws
/// Error{invalid}.
ReportTarget parse_target(std::string_view text);

/// A report in a form of ReportTarget.
std::string rendered(const LabRun& run, std::string_view format);
/// The same of several labs, also where they are but one. `seconds`: that all took, which may have run side by side.
std::string rendered(LabRuns runs, double seconds, std::string_view format);

}  // namespace netrig::report
