// SPDX-License-Identifier: Apache-2.0
#include "report/json_report.hpp"

#include <nlohmann/json.hpp>

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

Json test_of(const check::TestResult& test) {
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

}  // namespace

std::string json_report(const check::Report& report) {
  const check::Totals totals = report.totals();
  const check::Environment& here = report.environment;
  const Json json = {
      {"schema", kSchema},
      {"lab", report.lab},
      {"file", report.file},
      {"description", report.description},
      {"began", report.began},
      {"seconds", report.seconds},
      {"interrupted", report.interrupted},
      {"totals",
       {{"passed", totals.passed},
        {"failed", totals.failed},
        {"error", totals.error},
        {"skipped", totals.skipped},
        {"interrupted", totals.interrupted}}},
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
      {"tests", list_of(report.tests, test_of)}};
  return printable_json(json.dump(2, ' ', false, Json::error_handler_t::replace)) + "\n";
}

}  // namespace netrig::report
