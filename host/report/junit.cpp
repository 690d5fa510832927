// SPDX-License-Identifier: Apache-2.0
#include "report/junit.hpp"

#include <fmt/format.h>

#include "report/escape.hpp"

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

}  // namespace

std::string junit(const check::Report& report) {
  const check::Totals totals = report.totals();
  const std::string counts =
      fmt::format("tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3f}\"", totals.all(),
                  totals.failed, totals.error + totals.interrupted, totals.skipped, report.seconds);
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  text += fmt::format("<testsuites name=\"netrig\" {}>\n", counts);
  // Ant's timestamp has no zone.
  text += fmt::format("  <testsuite name=\"{}\" {} timestamp=\"{}\" hostname=\"{}\">\n", xml(report.lab), counts,
                      xml(report.began.substr(0, 19)), xml(report.environment.host));
  text += properties(report);
  for (const check::TestResult& test : report.tests) {
    text += fmt::format("    <testcase name=\"{}\" classname=\"{}.{}\" time=\"{:.3f}\">\n", xml(one_line(test.name)),
                        xml(report.lab), xml(test.check), test.seconds);
    text += body(test) + output(test) + "    </testcase>\n";
  }
  return text + "  </testsuite>\n</testsuites>\n";
}

}  // namespace netrig::report
