// SPDX-License-Identifier: Apache-2.0
#include "report/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
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

/// "8.1 Gbit/s (0.87x)"; the first lab is what the others are measured by.
std::string cell(const ComparedMetric& metric, std::size_t lab) {
  const auto& spread = metric.labs[lab];
  if (!spread) return "-";
  std::string value = value_text(metric, spread->median);
  if (lab == 0 || !metric.labs[0] || metric.labs[0]->median == 0) return value;
  return fmt::format("{} ({:.2f}x)", value, spread->median / metric.labs[0]->median);
}

std::string outcome_text(const ComparedLab& lab) {
  return lab.totals.passed == lab.totals.all() ? std::string()
                                               : fmt::format("{}: {}", lab.name, totals_text(lab.totals));
}

}  // namespace

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
  text += fmt::format("\nmedians of {}; in brackets: how many times {}'s\n", counted(comparison.rounds, "round"),
                      comparison.labs.front().name);
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
    metrics.push_back({{"test", metric.test}, {"metric", metric.metric}, {"unit", metric.unit}, {"labs", values}});
  }
  const Json json = {{"schema", 1},
                     {"began", comparison.began},
                     {"rounds", comparison.rounds},
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
  text += "</ul>\n<table>\n<thead><tr><th>Test</th><th>Metric</th>";
  for (const ComparedLab& lab : comparison.labs) text += fmt::format("<th class=\"number\">{}</th>", xml(lab.name));
  text += "</tr></thead>\n";
  for (const ComparedMetric& metric : comparison.metrics) {
    text += fmt::format("<tr><td>{}</td><td>{}</td>", xml(one_line(metric.test)), xml(words(metric.metric)));
    for (std::size_t i = 0; i < metric.labs.size(); ++i)
      text += fmt::format("<td class=\"number\">{}</td>", xml(cell(metric, i)));
    text += "</tr>\n";
  }
  text += fmt::format(
      "</table>\n<p>Medians of {}; in brackets: how many times {}'s. Kernel {}, {} × {}, begun {}.</p>\n",
      counted(comparison.rounds, "round"), xml(comparison.labs.front().name), xml(comparison.environment.kernel),
      comparison.environment.cpus, xml(comparison.environment.cpu), xml(comparison.began));
  for (const ComparedMetric& metric : comparison.metrics) {
    std::vector<Bar> bars;
    for (std::size_t i = 0; i < metric.labs.size(); ++i) {
      const auto& spread = metric.labs[i];
      bars.push_back({.label = comparison.labs[i].name,
                      .value = spread ? spread->median : 0,
                      .text = !spread ? "not measured"
                              : spread->runs > 1
                                  ? fmt::format("{} ({} to {})", value_text(metric, spread->median),
                                                value_text(metric, spread->least), value_text(metric, spread->most))
                                  : value_text(metric, spread->median)});
    }
    text += bar_plot(fmt::format("{}: {}", metric.test, words(metric.metric)), bars);
  }
  return text + kPageEnd;
}

}  // namespace netrig::report
