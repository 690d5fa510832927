// SPDX-License-Identifier: Apache-2.0
#include "report/html.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "report/drawing.hpp"
#include "report/escape.hpp"
#include "report/plot.hpp"
#include "report/style.hpp"
#include "report/table.hpp"
#include "report/text_report.hpp"

namespace netrig::report {
namespace {

using check::Outcome;
using check::TestResult;

constexpr std::size_t kMostFindings = 200;
constexpr std::size_t kMostListed = 24;      // pairs in a table; more become a matrix
constexpr std::size_t kMostCells = 250'000;  // of a matrix

std::string badge(Outcome outcome) { return fmt::format(R"(<b class="badge {0}">{0}</b>)", to_text(outcome)); }

std::string code(const std::string& text) { return fmt::format("<code>{}</code>", xml(one_line(text))); }

/// Between which namespaces something passed or failed, over all tests.
std::vector<Reach> reaches_of(const check::Report& report) {
  std::map<std::pair<std::string, std::string>, Reach> found;
  for (const TestResult& test : report.tests)
    for (const check::PairResult& pair : test.pairs) {
      if (pair.to.empty()) continue;
      Reach& reach = found[{pair.from, pair.to}];
      reach.from = pair.from;
      reach.to = pair.to;
      ++(pair.outcome == Outcome::passed ? reach.passed : reach.failed);
    }
  std::vector<Reach> reaches;
  reaches.reserve(found.size());
  for (auto& [ends, reach] : found) reaches.push_back(std::move(reach));
  return reaches;
}

/// `lab`: before the names of anchors, which are those of one page.
std::string summary_table(const check::Report& report, const std::string& lab) {
  std::string text =
      "<table class=\"tests\">\n<thead><tr><th>Test</th><th>Check</th><th>Outcome</th><th>Measured</th>"
      "<th class=\"number\">Time</th></tr></thead>\n";
  for (std::size_t i = 0; i < report.tests.size(); ++i) {
    const TestResult& test = report.tests[i];
    text += fmt::format(
        "<tr><td><a href=\"#{}t{}\">{}</a></td><td>{}</td><td>{}</td><td>{}</td><td class=\"number\">{}</td></tr>\n",
        lab, i + 1, xml(one_line(test.name)), xml(test.check), badge(test.outcome), xml(headline(test)),
        test.repetitions == 0 ? "" : fmt::format("{:.2f} s", test.seconds));
  }
  return text + "</table>\n";
}

std::string findings_of(const TestResult& test) {
  if (test.findings.empty()) return {};
  std::string text = "<table class=\"findings\">\n";
  for (std::size_t i = 0; i < test.findings.size() && i < kMostFindings; ++i) {
    const check::Finding& finding = test.findings[i];
    text += fmt::format("<tbody><tr><th colspan=\"2\">{}</th></tr>\n", xml(one_line(finding.about)));
    text += fmt::format("<tr><td>seen</td><td>{}</td></tr>\n", xml(finding.seen));
    if (!finding.expected.empty())
      text += fmt::format("<tr><td>expected</td><td>{}</td></tr>\n", xml(finding.expected));
    if (!finding.look_at.empty()) text += fmt::format("<tr><td>look at</td><td>{}</td></tr>\n", code(finding.look_at));
    text += "</tbody>\n";
  }
  text += "</table>\n";
  if (test.findings.size() > kMostFindings)
    text += fmt::format("<p>and {} more; they are in the JSON report</p>\n", test.findings.size() - kMostFindings);
  return text;
}

std::string metrics_text(const std::vector<check::Metric>& metrics) {
  std::vector<std::string> words;
  words.reserve(metrics.size());
  for (const check::Metric& metric : metrics) words.push_back(fmt::format("{} {}", metric.name, to_text(metric)));
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string pair_table(const TestResult& test) {
  std::string text =
      "<div "
      "class=\"wide\"><table><thead><tr><th>From</th><th>To</th><th>Address</th><th></th><th>Measured</th></tr></"
      "thead>\n";
  for (const check::PairResult& pair : test.pairs)
    text += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n", xml(pair.from),
                        xml(pair.to), xml(pair.address), badge(pair.outcome), xml(metrics_text(pair.metrics)));
  return text + "</table></div>\n";
}

/// A cell for every pair: rows are where from, columns are where to.
std::string pair_matrix(const TestResult& test) {
  std::map<std::string, std::size_t> rows;
  std::map<std::string, std::size_t> columns;
  std::vector<std::string> row_names;
  std::vector<std::string> column_names;
  const auto index = [](auto& map, auto& names, const std::string& name) {
    const auto [found, fresh] = map.emplace(name, names.size());
    if (fresh) names.push_back(name);
    return found->second;
  };
  constexpr double kCell = 8;
  constexpr double kMargin = 4;
  std::string cells;
  for (const check::PairResult& pair : test.pairs) {
    const auto row = static_cast<double>(index(rows, row_names, pair.from));
    const auto column = static_cast<double>(index(columns, column_names, pair.to.empty() ? pair.address : pair.to));
    cells +=
        fmt::format(R"(<rect class="{}" x="{}" y="{}" width="7" height="7"><title>{} → {} ({}): {}</title></rect>)",
                    to_text(pair.outcome), kMargin + column * kCell, kMargin + row * kCell, xml(pair.from),
                    xml(pair.to), xml(pair.address), to_text(pair.outcome));
  }
  const double width = 2 * kMargin + static_cast<double>(column_names.size()) * kCell;
  const double height = 2 * kMargin + static_cast<double>(row_names.size()) * kCell;
  return fmt::format(
      "<figure><svg class=\"matrix\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\">{2}</svg>\n"
      "<figcaption>A row for each namespace asked from, {3} to {4}; a column for each one asked, {5} to "
      "{6}.</figcaption>"
      "</figure>\n",
      width, height, cells, xml(row_names.front()), xml(row_names.back()), xml(column_names.front()),
      xml(column_names.back()));
}

std::string pairs_of(const TestResult& test) {
  if (test.pairs.size() < 2) return {};
  if (test.pairs.size() <= kMostListed) return pair_table(test);
  return test.pairs.size() <= kMostCells
             ? pair_matrix(test)
             : fmt::format("<p>{}; they are in the JSON report</p>\n", counted(test.pairs.size(), "pair"));
}

/// One plot for all series of one quantity and unit; repetitions have one for each metric.
std::string plots_of(const TestResult& test) {
  std::vector<std::pair<std::string, std::vector<const check::Series*>>> groups;
  for (const check::Series& series : test.series) {
    const std::string key =
        series.quantity == "repetition" ? series.name : fmt::format("{} in {}", series.quantity, series.unit);
    auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& one) { return one.first == key; });
    if (group == groups.end()) group = groups.insert(group, {key, {}});
    group->second.push_back(&series);
  }
  std::string text;
  for (const auto& [key, series] : groups) {
    const bool repetitions = series.front()->quantity == "repetition";
    text += fmt::format("<h4>{}{}</h4>\n", xml(key), repetitions ? " over repetitions" : "") +
            line_plot(series, repetitions ? std::vector<check::EventResult>{} : test.events);
    if (series.front()->quantity != "rtt") continue;
    if (const std::string plot = distribution_plot(series); !plot.empty())
      text += "<h4>share of requests answered within that time</h4>\n" + plot;
  }
  return text;
}

std::string events_of(const TestResult& test) {
  if (test.events.empty()) return {};
  std::string text = "<h4>What happened</h4>\n<ol class=\"events\">\n";
  for (const check::EventResult& event : test.events)
    text += fmt::format("<li>{:.3f} s: {}</li>\n", event.at, xml(one_line(event.what)));
  return text + "</ol>\n";
}

std::string reproduce_of(const TestResult& test, const check::Report& report) {
  std::string lines;
  for (const std::string& line : test.reproduce) lines += xml(one_line(line)) + "\n";
  return fmt::format("<h4>Run it again, after netrig up {}</h4>\n<pre>{}netrig test {} --filter {}</pre>\n",
                     xml(shell_word(report.file)), lines, xml(report.lab), xml(shell_word(one_line(test.name))));
}

std::string attachments_of(const TestResult& test) {
  std::string text;
  for (const check::Attachment& attachment : test.attachments) {
    text += fmt::format("<h4>{}</h4>\n", xml(one_line(attachment.name)));
    if (!attachment.path.empty()) text += fmt::format("<p>kept as {}</p>\n", code(attachment.path));
    if (!attachment.text.empty()) text += fmt::format("<pre>{}</pre>\n", xml(attachment.text));
  }
  return text;
}

std::string test_section(const TestResult& test, const std::string& anchor, const check::Report& report) {
  std::string text = fmt::format("<details class=\"test\" id=\"{}\"{}>\n<summary>{} {} <small>{}</small></summary>\n",
                                 anchor, test.outcome == Outcome::passed ? "" : " open", badge(test.outcome),
                                 xml(one_line(test.name)), xml(headline(test)));
  if (!test.description.empty()) text += fmt::format("<p>{}</p>\n", xml(test.description));
  text += fmt::format("<p class=\"where\">{} check, {}{}{}</p>\n", xml(test.check), xml(test.where),
                      test.tags.empty() ? "" : ", tagged " + xml(fmt::format("{}", fmt::join(test.tags, ", "))),
                      test.repetitions > 1 ? fmt::format(", {} times", test.repetitions) : "");
  if (!test.reason.empty()) text += fmt::format("<p class=\"reason\">{}</p>\n", xml(test.reason));
  text += findings_of(test) + plots_of(test) + events_of(test);
  if (!test.metrics.empty()) text += fmt::format("<h4>Measured</h4>\n<p>{}</p>\n", xml(metrics_text(test.metrics)));
  text += pairs_of(test) + attachments_of(test) + reproduce_of(test, report);
  return text + "</details>\n";
}

std::string environment_of(const check::Report& report) {
  const check::Environment& here = report.environment;
  std::string text = "<h2>Where it ran</h2>\n<table>\n";
  const auto row = [&](std::string_view name, const std::string& value) {
    text += fmt::format("<tr><th>{}</th><td>{}</td></tr>\n", name, xml(one_line(value)));
  };
  row("machine", fmt::format("{} ({}, {} × {})", here.host, here.machine, here.cpus, here.cpu));
  row("kernel", here.kernel);
  row("netrig", here.netrig);
  for (const check::DriverUsed& driver : here.drivers)
    row("driver " + xml(driver.name), fmt::format("{} ({})", driver.version, driver.path));
  row("lab file", report.file);
  return text + "</table>\n";
}

/// All about one lab. `anchor`: before the names of its tests' anchors, and its own; empty: it is alone on the page.
std::string lab_section(const LabRun& run, const std::string& anchor) {
  const check::Report& report = run.report;
  std::string text = fmt::format("<h1{}>{} {}</h1>\n", anchor.empty() ? "" : fmt::format(" id=\"{}\"", anchor),
                                 xml(report.lab), badge(outcome_of(report)));
  if (!report.description.empty()) text += fmt::format("<p>{}</p>\n", xml(report.description));
  text += fmt::format("<p>{}{}{}, in {:.2f} s, begun {}</p>\n", totals_text(report.totals()),
                      report.interrupted ? "; interrupted" : "", xml(circumstances(report)), report.seconds,
                      xml(report.began));
  if (!run.drawing.empty()) text += "<figure class=\"drawing\">\n" + run.drawing + "</figure>\n";
  text += summary_table(report, anchor);
  for (std::size_t i = 0; i < report.tests.size(); ++i)
    text += test_section(report.tests[i], fmt::format("{}t{}", anchor, i + 1), report);
  return text + environment_of(report);
}

}  // namespace

std::string drawing_of(const check::Report& report, const Lab& lab) { return svg(lab, reaches_of(report)); }

std::string html(const LabRun& run) {
  return page_head(fmt::format("{}: {}", run.report.lab, totals_text(run.report.totals()))) + lab_section(run, "") +
         kPageEnd;
}

std::string html(LabRuns runs, double seconds) {
  const std::string totals = labs_totals_text(runs, seconds);
  std::string text = page_head(totals) + fmt::format("<h1>{}</h1>\n", xml(totals)) +
                     "<table class=\"tests\">\n<thead><tr><th>Lab</th><th>File</th><th>Outcome</th><th>Tests</th>"
                     "<th class=\"number\">Time</th></tr></thead>\n";
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const check::Report& report = runs[i].report;
    text += fmt::format(
        "<tr><td><a href=\"#lab{}-\">{}</a></td><td>{}</td><td>{}</td><td>{}</td><td class=\"number\">{:.2f} "
        "s</td></tr>\n",
        i + 1, xml(one_line(report.lab)), xml(one_line(report.file)), badge(outcome_of(report)),
        totals_text(report.totals()), report.seconds);
  }
  text += "</table>\n";
  for (std::size_t i = 0; i < runs.size(); ++i) text += lab_section(runs[i], fmt::format("lab{}-", i + 1));
  return text + kPageEnd;
}

}  // namespace netrig::report
