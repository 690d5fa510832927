// SPDX-License-Identifier: Apache-2.0
#include "report/junit.hpp"

#include <fmt/format.h>

#include <map>

#include "report/escape.hpp"
#include "report/place.hpp"

namespace netrig::report {
namespace {

using check::Outcome;

std::string property(std::string_view name, std::string_view value) {
  return fmt::format("      <property name=\"{}\" value=\"{}\"/>\n", xml(name), xml(one_line(value)));
}

std::string properties(const check::Report& report) {
  const check::Environment& here = report.environment;
  std::string text = "    <properties>\n";
  text += property("lab file", report.file);
  text += property("netrig", here.netrig);
  text += property("kernel", here.kernel);
  text += property("machine", here.machine);
  text += property("cpu", fmt::format("{} x {}", here.cpus, here.cpu));
  if (report.seed) text += property("seed", fmt::format("{}", *report.seed));
  for (const check::DriverUsed& driver : here.drivers) text += property("driver " + driver.name, driver.version);
  return text + "    </properties>\n";
}

std::string findings(const check::TestResult& test) {
  std::string text;
  for (const check::Finding& finding : test.findings)
    text += fmt::format("{}\n  seen: {}\n  expected: {}\n  look at: {}\n", finding.about, finding.seen,
                        finding.expected, finding.look_at);
  return text;
}

std::string body(const check::TestResult& test) {
  const auto element = [&](std::string_view name, const std::string& message, const std::string& text) {
    return fmt::format("      <{0} message=\"{1}\" type=\"{2}\">{3}</{0}>\n", name, xml(one_line(message)),
                       xml(test.check), xml(text));
  };
  switch (test.outcome) {
    case Outcome::passed:
      return {};
    case Outcome::failed: {
      const check::Finding& first = test.findings.front();
      return element(
          "failure",
          fmt::format("{}{}{}; expected {}", first.about, first.about.empty() ? "" : ": ", first.seen, first.expected),
          findings(test));
    }
    case Outcome::skipped:
      return fmt::format("      <skipped message=\"{}\"/>\n", xml(one_line(test.reason)));
    case Outcome::error:
    case Outcome::interrupted:
      return element("error", test.reason, findings(test));
  }
  return {};
}

std::string output(const check::TestResult& test) {
  std::string text;
  for (const check::Metric& metric : test.metrics) text += fmt::format("{}: {}\n", metric.name, to_text(metric));
  for (const std::string& line : test.reproduce) text += fmt::format("reproduce: {}\n", line);
  for (const check::Attachment& attachment : test.attachments)
    text += attachment.path.empty() ? fmt::format("{}:\n{}\n", attachment.name, attachment.text)
                                    : fmt::format("{}: {}\n{}", attachment.name, attachment.path, attachment.text);
  return text.empty() ? "" : fmt::format("      <system-out>{}</system-out>\n", xml(text));
}

std::string counts_of(const check::Totals& totals, double seconds) {
  return fmt::format("tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3f}\"", totals.all(),
                     totals.failed, totals.error + totals.interrupted, totals.skipped, seconds);
}

std::string place(std::string_view where) {
  const FilePlace place = place_of(where);
  if (place.file.empty()) return {};
  return fmt::format(" file=\"{}\"{}", xml(one_line(place.file)),
                     place.line == 0 ? "" : fmt::format(" line=\"{}\"", place.line));
}

std::string suite(const check::Report& report, const std::string& name) {
  // Ant's timestamp has no zone.
  std::string text = fmt::format("  <testsuite name=\"{}\" {} timestamp=\"{}\" hostname=\"{}\"{}>\n",
                                 xml(one_line(name)), counts_of(report.totals(), report.seconds),
                                 xml(report.began.substr(0, 19)), xml(report.environment.host), place(report.file));
  text += properties(report);
  for (const check::TestResult& test : report.tests) {
    text += fmt::format("    <testcase name=\"{}\" classname=\"{}.{}\" time=\"{:.3f}\"{}>\n", xml(one_line(test.name)),
                        xml(one_line(name)), xml(test.check), test.seconds, place(test.where));
    text += body(test) + output(test) + "    </testcase>\n";
  }
  return text + "  </testsuite>\n";
}

}  // namespace

std::string junit(LabRuns runs) {
  double seconds = 0;
  std::map<std::string, std::size_t> names;
  for (const LabRun& run : runs) {
    seconds += run.report.seconds;
    ++names[run.report.lab];
  }
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  text += fmt::format("<testsuites name=\"netrig\" {}>\n", counts_of(test_totals(runs), seconds));
  for (const LabRun& run : runs) {
    // Who reads it tells tests apart by the names of their suites.
    const check::Report& report = run.report;
    text += suite(report, names[report.lab] > 1 ? fmt::format("{} ({})", report.lab, report.file) : report.lab);
  }
  return text + "</testsuites>\n";
}

std::string junit(const check::Report& report) {
  const LabRun run{.report = report};
  return junit(LabRuns(&run, 1));
}

}  // namespace netrig::report
