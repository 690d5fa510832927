// SPDX-License-Identifier: Apache-2.0
#include "report/json_report.hpp"

#include <cstdint>
#include <limits>
#include <vector>

#include "model/error.hpp"
#include "model/printable.hpp"

namespace netrig::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchema = 1;

Json metrics_of(const std::vector<check::Metric>& metrics) {
  Json list = Json::array();
  for (const check::Metric& metric : metrics)
    list.push_back({{"name", metric.name}, {"value", metric.value}, {"unit", metric.unit}});
  return list;
}

template <typename List, typename Each>
Json list_of(const List& list, Each&& each) {
  Json result = Json::array();
  for (const auto& one : list) result.push_back(each(one));
  return result;
}

Json series_of(const check::Series& series) {
  return {{"name", series.name},
          {"quantity", series.quantity},
          {"unit", series.unit},
          {"points", list_of(series.points, [](const check::Series::Point& point) {
             // What got no answer has no value.
             return Json::array({point.at, point.lost ? Json() : Json(point.value)});
           })}};
}

Json totals_of(const check::Totals& totals) {
  return {{"passed", totals.passed},
          {"failed", totals.failed},
          {"error", totals.error},
          {"skipped", totals.skipped},
          {"interrupted", totals.interrupted}};
}

std::string text_of(const Json& json) {
  return printable_json(json.dump(2, ' ', false, Json::error_handler_t::replace)) + "\n";
}

template <typename Value, typename Read>
std::vector<Value> list_from(const Json& list, Read&& read) {
  std::vector<Value> values;
  values.reserve(list.size());
  for (const Json& one : list) values.push_back(read(one));
  return values;
}

check::Outcome outcome_from(const Json& json) {
  using check::Outcome;
  for (const Outcome one : {Outcome::passed, Outcome::failed, Outcome::error, Outcome::skipped, Outcome::interrupted})
    if (json == to_text(one)) return one;
  throw Error(ErrorCode::internal, "no such outcome: " + json.dump());
}

std::vector<check::Metric> metrics_from(const Json& json) {
  return list_from<check::Metric>(json, [](const Json& one) {
    // What is no number (an average of nothing) is null in JSON.
    const Json& value = one.at("value");
    return check::Metric{.name = one.at("name"),
                         .value = value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>(),
                         .unit = one.at("unit")};
  });
}

check::Series series_from(const Json& json) {
  return {.name = json.at("name"),
          .quantity = json.at("quantity"),
          .unit = json.at("unit"),
          .points = list_from<check::Series::Point>(json.at("points"), [](const Json& point) {
            const bool lost = point.at(1).is_null();
            return check::Series::Point{
                .at = point.at(0).get<double>(), .value = lost ? 0 : point.at(1).get<double>(), .lost = lost};
          })};
}

}  // namespace

Json to_json(const check::TestResult& test) {
  return {
      {"name", test.name},
      {"description", test.description},
      {"check", test.check},
      {"where", test.where},
      {"tags", test.tags},
      {"outcome", to_text(test.outcome)},
      {"reason", test.reason},
      {"began", test.began},
      {"seconds", test.seconds},
      {"repetitions", test.repetitions},
      {"findings",
       list_of(test.findings,
               [](const check::Finding& f) {
                 return Json{{"about", f.about}, {"seen", f.seen}, {"expected", f.expected}, {"look_at", f.look_at}};
               })},
      {"metrics", metrics_of(test.metrics)},
      {"pairs", list_of(test.pairs,
                        [](const check::PairResult& pair) {
                          return Json{{"from", pair.from},
                                      {"to", pair.to},
                                      {"address", pair.address},
                                      {"outcome", to_text(pair.outcome)},
                                      {"metrics", metrics_of(pair.metrics)}};
                        })},
      {"series", list_of(test.series, series_of)},
      {"events", list_of(test.events,
                         [](const check::EventResult& e) {
                           return Json{{"at", e.at}, {"what", e.what}};
                         })},
      {"attachments", list_of(test.attachments,
                              [](const check::Attachment& a) {
                                return Json{{"name", a.name}, {"path", a.path}, {"text", a.text}};
                              })},
      {"reproduce", test.reproduce}};
}

Json to_json(const check::Report& report) {
  const check::Environment& here = report.environment;
  return {
      {"schema", kSchema},
      {"lab", report.lab},
      {"file", report.file},
      {"description", report.description},
      {"began", report.began},
      {"seconds", report.seconds},
      {"interrupted", report.interrupted},
      {"rounds", report.rounds},
      {"seed", report.seed ? Json(*report.seed) : Json()},
      {"totals", totals_of(report.totals())},
      {"environment",
       {{"netrig", here.netrig},
        {"kernel", here.kernel},
        {"machine", here.machine},
        {"cpu", here.cpu},
        {"cpus", here.cpus},
        {"host", here.host},
        {"drivers", list_of(here.drivers,
                            [](const check::DriverUsed& driver) {
                              return Json{{"name", driver.name}, {"version", driver.version}, {"path", driver.path}};
                            })}}},
      {"tests", list_of(report.tests, [](const check::TestResult& test) { return to_json(test); })}};
}

std::string json_report(const check::Report& report) { return text_of(to_json(report)); }

std::string json_report(LabRuns runs) {
  return text_of({{"schema", kSchema},
                  {"totals", {{"labs", totals_of(lab_totals(runs))}, {"tests", totals_of(test_totals(runs))}}},
                  {"labs", list_of(runs, [](const LabRun& run) { return to_json(run.report); })}});
}

check::TestResult test_of(const Json& json) {
  return {
      .name = json.at("name"),
      .description = json.at("description"),
      .check = json.at("check"),
      .where = json.at("where"),
      .tags = json.at("tags"),
      .outcome = outcome_from(json.at("outcome")),
      .reason = json.at("reason"),
      .findings = list_from<check::Finding>(json.at("findings"),
                                            [](const Json& one) {
                                              return check::Finding{.about = one.at("about"),
                                                                    .seen = one.at("seen"),
                                                                    .expected = one.at("expected"),
                                                                    .look_at = one.at("look_at")};
                                            }),
      .pairs = list_from<check::PairResult>(json.at("pairs"),
                                            [](const Json& one) {
                                              return check::PairResult{.from = one.at("from"),
                                                                       .to = one.at("to"),
                                                                       .address = one.at("address"),
                                                                       .outcome = outcome_from(one.at("outcome")),
                                                                       .metrics = metrics_from(one.at("metrics"))};
                                            }),
      .metrics = metrics_from(json.at("metrics")),
      .series = list_from<check::Series>(json.at("series"), series_from),
      .events = list_from<check::EventResult>(
          json.at("events"),
          [](const Json& one) { return check::EventResult{.at = one.at("at").get<double>(), .what = one.at("what")}; }),
      .attachments = list_from<check::Attachment>(
          json.at("attachments"),
          [](const Json& one) {
            return check::Attachment{.name = one.at("name"), .path = one.at("path"), .text = one.at("text")};
          }),
      .reproduce = json.at("reproduce"),
      .repetitions = json.at("repetitions").get<std::uint32_t>(),
      .began = json.at("began").get<double>(),
      .seconds = json.at("seconds").get<double>()};
}

check::Report report_of(const Json& json) {
  const Json& here = json.at("environment");
  check::Report report{.lab = json.at("lab"),
                       .file = json.at("file"),
                       .description = json.at("description"),
                       .began = json.at("began"),
                       .seconds = json.at("seconds").get<double>(),
                       .interrupted = json.at("interrupted").get<bool>(),
                       .rounds = json.at("rounds").get<std::uint32_t>(),
                       .environment = {.netrig = here.at("netrig"),
                                       .kernel = here.at("kernel"),
                                       .machine = here.at("machine"),
                                       .cpu = here.at("cpu"),
                                       .cpus = here.at("cpus").get<unsigned>(),
                                       .host = here.at("host"),
                                       .drivers = list_from<check::DriverUsed>(here.at("drivers"),
                                                                               [](const Json& one) {
                                                                                 return check::DriverUsed{
                                                                                     .name = one.at("name"),
                                                                                     .version = one.at("version"),
                                                                                     .path = one.at("path")};
                                                                               })},
                       .tests = list_from<check::TestResult>(json.at("tests"), test_of)};
  if (!json.at("seed").is_null()) report.seed = json.at("seed").get<std::uint64_t>();
  return report;
}

}  // namespace netrig::report
