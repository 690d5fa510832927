// SPDX-License-Identifier: Apache-2.0
#include "report/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "report/escape.hpp"
#include "report/plot.hpp"
#include "report/style.hpp"
#include "report/table.hpp"
#include "report/text_report.hpp"

namespace netrig::report {
namespace {

using Json = nlohmann::ordered_json;

/// What is worth comparing, in this order.
constexpr std::array<std::string_view, 9> kCompared = {"throughput",     "rtt_avg",    "rtt_max",
                                                       "cpu_per_packet", "cpu_sender", "cpu_receiver",
                                                       "connect_avg",    "jitter",     "loss"};

Spread spread_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  const double median = values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {.median = median, .least = values.front(), .most = values.back(), .runs = values.size()};
}

std::optional<double> value_of(const check::TestResult& test, std::string_view name) {
  // Only what passed was measured under the conditions that are compared.
  if (test.outcome != check::Outcome::passed) return std::nullopt;
  const auto found =
      std::find_if(test.metrics.begin(), test.metrics.end(), [&](const auto& metric) { return metric.name == name; });
  return found == test.metrics.end() ? std::nullopt : std::optional(found->value);
}

/// The metric of the test at `index` in all runs of a lab.
std::optional<Spread> spread_of(const std::vector<check::Report>& runs, std::size_t index, std::string_view name) {
  std::vector<double> values;
  for (const check::Report& run : runs)
    if (const auto value = value_of(run.tests.at(index), name)) values.push_back(*value);
  if (values.empty()) return std::nullopt;
  return spread_of(std::move(values));
}

std::string unit_of(const std::vector<std::vector<check::Report>>& runs, std::size_t index, std::string_view name) {
  for (const auto& lab : runs)
    for (const check::Report& run : lab)
      for (const check::Metric& metric : run.tests.at(index).metrics)
        if (metric.name == name) return metric.unit;
  return {};
}

std::string words(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

std::string value_text(const ComparedMetric& metric, double value) {
  return check::to_text({.value = value, .unit = metric.unit});
}

/// "0.87x"; empty: of the baseline itself, or there is none.
std::string ratio_text(const ComparedMetric& metric, std::size_t lab) {
  const auto& baseline = metric.labs[0];
  if (lab == 0 || !metric.labs[lab] || !baseline || baseline->median == 0) return {};
  return fmt::format("{:.2f}x", metric.labs[lab]->median / baseline->median);
}

/// "8.1 Gbit/s ±2% (0.87x) *".
std::string cell(const ComparedMetric& metric, std::size_t lab) {
  const auto& spread = metric.labs[lab];
  if (!spread) return "-";
  std::string text = value_text(metric, spread->median);
  if (const std::string deviation = deviation_text(*spread); !deviation.empty()) text += " " + deviation;
  if (const std::string ratio = ratio_text(metric, lab); !ratio.empty()) text += fmt::format(" ({})", ratio);
  if (metric.best() == lab) text += " *";
  return text;
}

/// The same for a page, where there is room for where the values lay.
std::string html_cell(const ComparedMetric& metric, std::size_t lab) {
  const auto& spread = metric.labs[lab];
  if (!spread) return "<td class=\"number\">-</td>";
  std::vector<std::string> more;
  if (spread->runs > 1)
    more.push_back(fmt::format("{} to {}", value_text(metric, spread->least), value_text(metric, spread->most)));
  if (const std::string ratio = ratio_text(metric, lab); !ratio.empty()) more.push_back(ratio);
  return fmt::format(
      "<td class=\"number{}\">{}{}</td>", metric.best() == lab ? " best" : "", xml(value_text(metric, spread->median)),
      more.empty() ? "" : fmt::format("<small>{}</small>", xml(fmt::format("{}", fmt::join(more, "; ")))));
}

/// What the marks in a table mean.
std::string legend(const Comparison& comparison) {
  return fmt::format("medians of {}{}; {} is the baseline{}", counted(comparison.rounds, "round"),
                     comparison.rounds > 1 ? ", and how far values were off them" : "", comparison.labs.front().name,
                     comparison.labs.size() > 1 ? ", in brackets: how many times its values" : "");
}

std::string outcome_text(const ComparedLab& lab) {
  return lab.totals.passed == lab.totals.all() ? std::string()
                                               : fmt::format("{}: {}", lab.name, totals_text(lab.totals));
}

}  // namespace

std::string deviation_text(const Spread& spread) {
  if (spread.runs < 2 || spread.median == 0) return {};
  const double off = std::max(spread.most - spread.median, spread.median - spread.least) / std::abs(spread.median);
  return fmt::format("±{:.{}f}%", 100 * off, off < 0.0995 ? 1 : 0);
}

bool ComparedMetric::more_is_better() const { return metric == "throughput"; }

std::optional<std::size_t> ComparedMetric::best() const {
  const auto better = [&](const Spread& a, const Spread& b) {
    return more_is_better() ? a.least > b.most : a.most < b.least;
  };
  std::size_t measured = 0;
  for (const auto& spread : labs) measured += spread ? 1 : 0;
  if (measured < 2) return std::nullopt;
  for (std::size_t i = 0; i < labs.size(); ++i) {
    std::size_t beaten = 0;
    for (std::size_t k = 0; k < labs.size(); ++k)
      beaten += i != k && labs[i] && labs[k] && better(*labs[i], *labs[k]) ? 1 : 0;
    if (beaten + 1 == measured) return i;
  }
  return std::nullopt;
}

Comparison compare(const std::vector<std::vector<check::Report>>& runs) {
  Comparison result;
  for (const auto& lab : runs) {
    const check::Report& first = lab.front();
    result.labs.push_back({.name = first.lab,
                           .file = first.file,
                           .description = first.description,
                           .drivers = first.environment.drivers});
    check::Totals& totals = result.labs.back().totals;
    for (const check::Report& run : lab) {
      const check::Totals one = run.totals();
      totals.passed += one.passed;
      totals.failed += one.failed;
      totals.error += one.error;
      totals.skipped += one.skipped;
      totals.interrupted += one.interrupted;
      result.interrupted = result.interrupted || run.interrupted;
    }
    result.rounds = std::max(result.rounds, lab.size());
  }
  result.began = runs.front().front().began;
  result.environment = runs.front().front().environment;
  const auto& tests = runs.front().front().tests;
  for (std::size_t i = 0; i < tests.size(); ++i)
    for (const std::string_view name : kCompared) {
      ComparedMetric metric{.test = tests[i].name, .metric = std::string(name), .unit = unit_of(runs, i, name)};
      for (const auto& lab : runs) metric.labs.push_back(spread_of(lab, i, name));
      // A loss of nothing everywhere tells nothing.
      if (std::any_of(metric.labs.begin(), metric.labs.end(), [](const auto& lab) { return lab && lab->most > 0; }))
        result.metrics.push_back(std::move(metric));
    }
  return result;
}

std::string comparison_text(const Comparison& comparison, std::size_t columns) {
  std::vector<std::string> header = {"TEST", "METRIC"};
  for (const ComparedLab& lab : comparison.labs) header.push_back(lab.name);
  TextTable table(std::move(header));
  std::string last;
  for (const ComparedMetric& metric : comparison.metrics) {
    std::vector<std::string> row = {metric.test == last ? "" : one_line(metric.test), words(metric.metric)};
    last = metric.test;
    for (std::size_t i = 0; i < metric.labs.size(); ++i) row.push_back(cell(metric, i));
    table.add(std::move(row));
  }
  std::string text = table.str(columns);
  text += fmt::format("\n{}; *: better in each round than all others in any\n", legend(comparison));
  for (const ComparedLab& lab : comparison.labs)
    if (const std::string outcome = outcome_text(lab); !outcome.empty()) text += outcome + "\n";
  return text;
}

std::string comparison_json(const Comparison& comparison) {
  Json labs = Json::array();
  for (const ComparedLab& lab : comparison.labs) {
    Json drivers = Json::array();
    for (const auto& driver : lab.drivers) drivers.push_back({{"name", driver.name}, {"version", driver.version}});
    labs.push_back({{"name", lab.name},
                    {"file", lab.file},
                    {"description", lab.description},
                    {"drivers", drivers},
                    {"totals",
                     {{"passed", lab.totals.passed},
                      {"failed", lab.totals.failed},
                      {"error", lab.totals.error},
                      {"skipped", lab.totals.skipped},
                      {"interrupted", lab.totals.interrupted}}}});
  }
  Json metrics = Json::array();
  for (const ComparedMetric& metric : comparison.metrics) {
    Json values = Json::array();
    for (const auto& spread : metric.labs)
      values.push_back(!spread ? Json()
                               : Json{{"median", spread->median},
                                      {"least", spread->least},
                                      {"most", spread->most},
                                      {"runs", spread->runs}});
    const auto best = metric.best();
    metrics.push_back({{"test", metric.test},
                       {"metric", metric.metric},
                       {"unit", metric.unit},
                       {"better", metric.more_is_better() ? "more" : "less"},
                       {"best", best ? Json(comparison.labs[*best].name) : Json()},
                       {"labs", values}});
  }
  const Json json = {{"schema", 1},
                     {"began", comparison.began},
                     {"rounds", comparison.rounds},
                     {"baseline", comparison.labs.front().name},
                     {"interrupted", comparison.interrupted},
                     {"kernel", comparison.environment.kernel},
                     {"cpu", comparison.environment.cpu},
                     {"cpus", comparison.environment.cpus},
                     {"labs", labs},
                     {"metrics", metrics}};
  return printable_json(json.dump(2, ' ', false, Json::error_handler_t::replace)) + "\n";
}

std::string comparison_html(const Comparison& comparison) {
  std::string text = page_head("netrig: comparison");
  text += "<h1>Comparison</h1>\n<ul>\n";
  for (const ComparedLab& lab : comparison.labs) {
    std::vector<std::string> drivers;
    for (const auto& driver : lab.drivers) drivers.push_back(fmt::format("{} {}", driver.name, driver.version));
    text += fmt::format("<li><b>{}</b> {} <small>{}; {}</small></li>\n", xml(lab.name), xml(lab.description),
                        xml(fmt::format("{}", fmt::join(drivers, ", "))), xml(totals_text(lab.totals)));
  }
  text += "</ul>\n<div class=\"wide\"><table>\n<thead><tr><th>Test</th><th>Metric</th>";
  for (const ComparedLab& lab : comparison.labs)
    text += fmt::format("<th class=\"number\">{}{}</th>", xml(lab.name),
                        &lab == &comparison.labs.front() ? "<small> baseline</small>" : "");
  text += "</tr></thead>\n";
  for (const ComparedMetric& metric : comparison.metrics) {
    text += fmt::format("<tr><td>{}</td><td>{}</td>", xml(one_line(metric.test)), xml(words(metric.metric)));
    for (std::size_t i = 0; i < metric.labs.size(); ++i) text += html_cell(metric, i);
    text += "</tr>\n";
  }
  text += fmt::format(
      "</table></div>\n<p>Medians of {}, below them least and most, and how many times the baseline's; green: better "
      "in "
      "each round than all others in any. Kernel {}, {} × {}, begun {}.</p>\n",
      counted(comparison.rounds, "round"), xml(comparison.environment.kernel), comparison.environment.cpus,
      xml(comparison.environment.cpu), xml(comparison.began));
  for (const ComparedMetric& metric : comparison.metrics) {
    std::vector<Bar> bars;
    for (std::size_t i = 0; i < metric.labs.size(); ++i) {
      const auto& spread = metric.labs[i];
      bars.push_back({.label = comparison.labs[i].name,
                      .value = spread ? spread->median : 0,
                      .least = spread ? spread->least : 0,
                      .most = spread ? spread->most : 0,
                      .text = !spread ? "not measured"
                              : spread->runs > 1
                                  ? fmt::format("{} ({} to {})", value_text(metric, spread->median),
                                                value_text(metric, spread->least), value_text(metric, spread->most))
                                  : value_text(metric, spread->median),
                      .best = metric.best() == i});
    }
    text += bar_plot(fmt::format("{}: {}", metric.test, words(metric.metric)), bars);
  }
  return text + kPageEnd;
}

}  // namespace netrig::report
