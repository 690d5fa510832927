// SPDX-License-Identifier: Apache-2.0
// Reports from results that hold everything hostile that a lab, a command or a packet can bring.
#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "../catch.hpp"
#include "model/error.hpp"
#include "model/printable.hpp"
#include "report/comparison.hpp"
#include "report/escape.hpp"
#include "report/formats.hpp"
#include "report/github.hpp"
#include "report/html.hpp"
#include "report/json_report.hpp"
#include "report/junit.hpp"
#include "report/lab_run.hpp"
#include "report/markdown.hpp"
#include "report/output.hpp"
#include "report/place.hpp"
#include "report/plot.hpp"
#include "report/progress.hpp"
#include "report/table.hpp"
#include "report/tap.hpp"
#include "report/text_report.hpp"

using namespace netrig;

namespace {

check::TestResult test_of(const std::string& name, check::Outcome outcome) {
  check::TestResult test;
  test.name = name;
  test.check = "ping";
  test.where = "lab.toml:7:8";
  test.outcome = outcome;
  test.seconds = 1.5;
  return test;
}

/// One test of every outcome.
check::Report everything() {
  check::Report report;
  report.lab = "lab";
  report.file = "/labs/lab.toml";
  report.began = "2026-01-02T03:04:05Z";
  report.seconds = 12.25;
  report.environment.kernel = "6.1";
  report.environment.drivers = {{.name = "veth", .version = "1.0", .path = "/usr/lib/veth.so"}};
  report.tests.push_back(test_of("good # 1 \\ done", check::Outcome::passed));
  report.tests.back().metrics = {{"rtt_avg", 0.0534, "ms"}, {"throughput", 9.41e9, "bit/s"}, {"hops", 3, "hops"}};
  report.tests.push_back(test_of("<b>bad</b> & \"worse\"\x1b[31m", check::Outcome::failed));
  report.tests.back().findings.push_back({.about = "h1 -> h2 (192.0.2.2)",
                                          .seen = "3 of 3 echo requests got \xff\xfe no reply\x07",
                                          .expected = "at most 0% loss",
                                          .look_at = "netrig exec lab h1 -- ip route get 192.0.2.2"});
  report.tests.back().reproduce = {"netrig exec lab h1 -- ping 192.0.2.2"};
  report.tests.back().attachments = {{.name = "service web: output", .text = "]]> </script>\n"}};
  report.tests.push_back(test_of("broken", check::Outcome::error));
  report.tests.back().reason = "cannot run iperf3: No such file or directory (ENOENT)";
  report.tests.push_back(test_of("left out", check::Outcome::skipped));
  report.tests.back().reason = "it depends on \"broken\",\nwhich did not pass";
  report.tests.push_back(test_of("cut off", check::Outcome::interrupted));
  report.tests.back().reason = "interrupted while it ran";
  return report;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t at = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; at = end + 1, end = text.find('\n', at))
    lines.push_back(text.substr(at, end - at));
  return lines;
}

}  // namespace

TEST_CASE("what came from outside is made fit for reports") {
  CHECK(printable("a\tb\nc") == "a\tb\nc");
  CHECK(printable("\x1b[31mred\x07") == "\\x1b[31mred\\x07");
  CHECK(printable("gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80") == "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80");
  // Overlong, surrogate, cut off, beyond Unicode: RFC 3629 allows none of them.
  for (const char* wrong : {"\xc0\xaf", "\xed\xa0\x80", "\xe2\x82", "\xf4\x90\x80\x80", "\xff"})
    CHECK(printable(wrong).find(wrong) == std::string::npos);
  CHECK(report::xml("<a href='x'>&\"") == "&lt;a href=&#39;x&#39;&gt;&amp;&quot;");
  CHECK(one_line("a\nb") == "a b");
}

TEST_CASE("nothing that turns text around, hides in it or controls a terminal is printable") {
  // U+202E, U+2066, U+200F, U+061C, U+009B, U+2028, U+200B, U+FEFF, U+E0041.
  for (const char* sly : {"\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x80\x8f", "\xd8\x9c", "\xc2\x9b", "\xe2\x80\xa8",
                          "\xe2\x80\x8b", "\xef\xbb\xbf", "\xf3\xa0\x81\x81"}) {
    const std::string text = std::string("a") + sly + "b";
    INFO(text);
    CHECK(printable(text).find(sly) == std::string::npos);
    CHECK(printable(text).starts_with("a\\u"));
    const std::string json = printable_json(nlohmann::json(text).dump());
    CHECK(json.find(sly) == std::string::npos);
    CHECK(nlohmann::json::parse(json) == text);
  }
  CHECK(printable("\xe2\x80\xae") == "\\u202e");
  CHECK(printable_json("\"\x7f\"") == "\"\\u007f\"");
  // Persian and emoji are written with a joiner.
  CHECK(printable("\xd9\x85\xdb\x8c\xe2\x80\x8c\xd8\xae") == "\xd9\x85\xdb\x8c\xe2\x80\x8c\xd8\xae");
  CHECK(width_of("gr\xc3\xbc\xc3\x9f") == 4);
  CHECK(width_of("\xe6\xbc\xa2") == 2);
}

TEST_CASE("TAP has a point a test, with what went wrong below it") {
  const auto lines = lines_of(report::tap(everything(), report::TapVersion::v13));
  CHECK(lines[0] == "TAP version 13");
  CHECK(lines_of(report::tap(everything(), report::TapVersion::v14))[0] == "TAP version 14");
  CHECK(lines[1] == "1..5");
  CHECK(lines[2] == "ok 1 - good \\# 1 \\\\ done");
  CHECK(lines[3] == "not ok 2 - <b>bad</b> & \"worse\"\\\\x1b[31m");
  CHECK(lines[4] == "  ---");
  const std::string text = report::tap(everything(), report::TapVersion::v13);
  CHECK_THAT(text, ContainsSubstring("      expected: \"at most 0% loss\"\n"));
  CHECK_THAT(text, ContainsSubstring("\nnot ok 3 - broken\n"));
  CHECK_THAT(text, ContainsSubstring("\nok 4 - left out # SKIP it depends on \"broken\", which did not pass\n"));
  CHECK_THAT(text, ContainsSubstring("\nnot ok 5 - cut off\n"));
  CHECK_THAT(text, !ContainsSubstring("Bail out!"));
  auto interrupted = everything();
  interrupted.interrupted = true;
  CHECK_THAT(report::tap(interrupted, report::TapVersion::v13), ContainsSubstring("\nBail out! interrupted\n"));
}

TEST_CASE("JUnit counts what it holds and escapes it") {
  const std::string text = report::junit(everything());
  CHECK_THAT(text,
             ContainsSubstring("<testsuites name=\"netrig\" tests=\"5\" failures=\"1\" errors=\"2\" skipped=\"1\""));
  CHECK_THAT(text, ContainsSubstring("timestamp=\"2026-01-02T03:04:05\""));
  CHECK_THAT(text, ContainsSubstring("name=\"&lt;b&gt;bad&lt;/b&gt; &amp; &quot;worse&quot;"));
  CHECK_THAT(text, ContainsSubstring("<failure message=\"h1 -&gt; h2 (192.0.2.2): 3 of 3"));
  CHECK_THAT(text, ContainsSubstring("<error message=\"cannot run iperf3"));
  CHECK_THAT(text, ContainsSubstring("<skipped message=\"it depends on"));
  CHECK_THAT(text, ContainsSubstring("]]&gt; &lt;/script&gt;"));
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK_THAT(text, ContainsSubstring("hostname=\"\" file=\"/labs/lab.toml\">"));
  CHECK_THAT(text, ContainsSubstring("time=\"1.500\" file=\"lab.toml\" line=\"7\">"));
}

TEST_CASE("places are told apart from names of files that look alike") {
  const auto parts = [](const std::string& where) {
    const report::FilePlace place = report::place_of(where);
    return place.file + " " + std::to_string(place.line) + " " + std::to_string(place.column);
  };
  CHECK(parts("lab.toml:7:8") == "lab.toml 7 8");
  CHECK(parts("lab.toml:7") == "lab.toml 7 0");
  CHECK(parts("a:b.toml") == "a:b.toml 0 0");
  CHECK(parts("1:2:lab.toml:3:4") == "1:2:lab.toml 3 4");
  CHECK(parts("") == " 0 0");
  CHECK(parts("lab.toml:99999999999:1") == "lab.toml:99999999999 1 0");
}

TEST_CASE("what one process writes of a report another reads") {
  check::Report report = everything();
  report.seed = 7;
  report.rounds = 3;
  check::TestResult& test = report.tests[0];
  test.tags = {"quick"};
  test.pairs = {
      {.from = "h1", .to = "h2", .address = "192.0.2.2", .outcome = check::Outcome::failed, .metrics = test.metrics}};
  test.series = {{.name = "h1 -> h2",
                  .quantity = "rtt",
                  .unit = "ms",
                  .points = {{.at = 0.5, .value = 2}, {.at = 1, .lost = true}}}};
  test.events = {{.at = 0.25, .what = "r1:left down"}};
  test.attachments = {{.name = "capture", .path = "/a.pcap", .text = "one\n"}};
  test.repetitions = 9;
  // Bytes that are no UTF-8 do not survive JSON.
  report.tests[1].findings[0].seen = "nothing";
  CHECK(report::json_report(report::report_of(report::to_json(report))) == report::json_report(report));
  CHECK(report::report_of(report::to_json(report)).tests[0].series[0].points[1].lost);
  auto wrong = report::to_json(report);
  wrong["tests"][0]["outcome"] = "perhaps";
  CHECK_THROWS(report::report_of(wrong));
}

TEST_CASE("several labs are one report, in which each is told by its file") {
  std::vector<report::LabRun> runs(2);
  runs[0].report = everything();
  runs[1].report = everything();
  runs[1].report.file = "/labs/<other>.toml";
  runs[1].report.tests.resize(1);
  CHECK(report::outcome_of(runs[0].report) == check::Outcome::failed);
  CHECK(report::outcome_of(runs[1].report) == check::Outcome::passed);
  CHECK(report::labs_totals_text(runs, 2) == "2 labs: 1 passed, 1 failed (6 tests, 2.00 s)");
  const std::string xml = report::rendered(runs, 2, "junit");
  CHECK_THAT(xml, ContainsSubstring("<testsuites name=\"netrig\" tests=\"6\" failures=\"1\" errors=\"2\""));
  CHECK_THAT(xml, ContainsSubstring("<testsuite name=\"lab (/labs/lab.toml)\" tests=\"5\"") &&
                      ContainsSubstring("<testsuite name=\"lab (/labs/&lt;other&gt;.toml)\" tests=\"1\""));
  CHECK_THAT(report::rendered(runs, 2, "tap"),
             ContainsSubstring("1..6\n") && ContainsSubstring("\nok 6 - /labs/<other>.toml: good "));
  const auto json = nlohmann::json::parse(report::rendered(runs, 2, "json"));
  CHECK(json["labs"].size() == 2);
  CHECK(json["totals"]["labs"]["failed"] == 1);
  CHECK(json["totals"]["tests"]["passed"] == 2);
  const std::string page = report::rendered(runs, 2, "html");
  CHECK_THAT(page, ContainsSubstring("<a href=\"#lab2-t1\">") && ContainsSubstring("id=\"lab2-t1\"") &&
                       ContainsSubstring("id=\"lab2-\"") && !ContainsSubstring("<other>"));
}

TEST_CASE("Markdown shows what came from outside and obeys none of it") {
  std::vector<report::LabRun> runs(1);
  runs[0].report = everything();
  check::TestResult& test = runs[0].report.tests[1];
  test.findings[0].seen = "a|b `c` *d* <img src=x> [e](f)";
  test.attachments[0].text = "one\n\n# two\n</pre><script>";
  const std::string text = report::markdown(runs);
  CHECK_THAT(text, Catch::Matchers::StartsWith(
                       "## lab: 5 tests: 1 passed, 1 failed, 1 could not run, 1 skipped, 1 interrupted\n"));
  CHECK_THAT(text, ContainsSubstring("a\\|b \\`c\\` \\*d\\* &lt;img src=x&gt; \\[e\\](f)"));
  CHECK_THAT(text, ContainsSubstring("<pre>one\n \n# two\n&lt;/pre&gt;&lt;script&gt;</pre>"));
  CHECK_THAT(text, ContainsSubstring("<code>lab.toml:7:8</code>"));
  // Each row of a table has as many cells as its head, whatever the names are.
  CHECK_THAT(text, ContainsSubstring("\n| &lt;b&gt;bad&lt;/b&gt; &amp; &quot;worse&quot;\\\\x1b\\[31m | **failed** |"));
  const std::string cut = report::markdown(runs, text.size() - 200);
  CHECK(cut.size() <= text.size() - 200);
  CHECK_THAT(cut, ContainsSubstring("did not pass; other reports have them."));
}

TEST_CASE("annotations are commands that no text of a lab can break out of") {
  std::vector<report::LabRun> runs(1);
  runs[0].report = everything();
  runs[0].report.tests[1].name = "a,b:c%d\n::set-output name=x::y";
  runs[0].report.tests[1].findings[0].seen = "100%\r\n::error::no";
  const auto lines = lines_of(report::github_annotations(runs, ""));
  REQUIRE(lines.size() == 2);  // failed, and could not run
  CHECK(lines[0] ==
        "::error file=lab.toml,line=7,col=8,title=lab%3A a%2Cb%3Ac%25d %3A%3Aset-output name=x%3A%3Ay::"
        "h1 -> h2 (192.0.2.2): 100%25\\x0d%0A::error::no; expected at most 0%25 loss%0A"
        "look at: netrig exec lab h1 -- ip route get 192.0.2.2");
  CHECK_THAT(lines[1],
             Catch::Matchers::StartsWith("::error file=lab.toml,line=7,col=8,title=lab%3A broken::cannot run"));
}

TEST_CASE("the JSON report holds everything, also what is no UTF-8") {
  const auto json = nlohmann::json::parse(report::json_report(everything()));
  CHECK(json["schema"] == 1);
  CHECK(json["totals"] ==
        nlohmann::json{{"passed", 1}, {"failed", 1}, {"error", 1}, {"skipped", 1}, {"interrupted", 1}});
  CHECK(json["tests"].size() == 5);
  CHECK(json["tests"][0]["metrics"][1]["value"] == 9.41e9);
  CHECK(json["tests"][1]["findings"][0]["expected"] == "at most 0% loss");
  CHECK(json["environment"]["drivers"][0]["name"] == "veth");
}

TEST_CASE("the text report says what failed, and sums up") {
  const std::string text = report::text_report(everything(), false);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK_THAT(text, ContainsSubstring("rtt avg 0.053 ms, throughput 9.41 Gbit/s, 3 hops"));
  CHECK_THAT(text, ContainsSubstring("    seen:     3 of 3 echo requests got"));
  CHECK_THAT(text,
             ContainsSubstring("5 tests: 1 passed, 1 failed, 1 could not run, 1 skipped, 1 interrupted (12.25 s)"));
  const std::string coloured = report::text_report(everything(), true);
  CHECK_THAT(coloured, ContainsSubstring("\x1b[31m"));
}

TEST_CASE("the form of a report is what the file ends in, or stands before it") {
  CHECK(report::parse_target("x.xml").format == "junit");
  CHECK(report::parse_target("a/b.html").format == "html");
  CHECK(report::parse_target("a/b.md").format == "md");
  CHECK(report::parse_target("tap:-").path == "-");
  CHECK(report::parse_target("json:x.txt").format == "json");
  CHECK_THROWS_AS(report::parse_target("report"), Error);
  CHECK_THROWS_AS(report::parse_target("tap:"), Error);
  CHECK_THROWS_AS(report::parse_target("pdf:x"), Error);
}

TEST_CASE("a line of a message is no order to a CI that reads it") {
  CHECK(log_line("unknown key \"##[add-mask]x\" ##[error]y") == "unknown key \"##\\[add-mask]x\" ##\\[error]y");
  CHECK(log_line("::error::x") == "\\::error::x");
  CHECK(log_line("  \t::error::x\n::y") == "  \t\\::error::x ::y");
  CHECK(log_line("lab.toml:1:2: a # [b] ## c::d") == "lab.toml:1:2: a # [b] ## c::d");
  CHECK(log_line("###[x]") == "###\\[x]");
  CHECK(log_line("").empty());
}

TEST_CASE("a distribution ends at the share that was not lost, and few values have none") {
  check::Series series{.name = "h1 -> h2", .quantity = "rtt", .unit = "ms"};
  for (int i = 0; i < 19; ++i) series.points.push_back({.at = i * 0.1, .value = 1.0 + i});
  CHECK(report::distribution_plot({&series}).empty());
  for (int i = 19; i < 50; ++i) series.points.push_back({.at = i * 0.1, .value = 1.0 + i});
  for (int i = 0; i < 50; ++i) series.points.push_back({.at = 5 + i * 0.1, .lost = true});
  const std::string svg = report::distribution_plot({&series});
  CHECK_THAT(svg, ContainsSubstring("h1 -&gt; h2"));
  CHECK_THAT(svg, ContainsSubstring("100%"));
  CHECK_THAT(svg, !ContainsSubstring("class=\"lost\""));
  // The last of its points is the largest value, half way up: y of 50 % between those of 0 and 100 %.
  CHECK_THAT(svg, ContainsSubstring(" 708.0,"));
  // A line for each of eight, one for all of nine.
  const auto lines = [](const std::string& text) {
    std::size_t count = 0;
    for (std::size_t at = text.find("<polyline"); at != std::string::npos; at = text.find("<polyline", at + 1)) ++count;
    return count;
  };
  CHECK(lines(report::distribution_plot(std::vector<const check::Series*>(8, &series))) == 8);
  const std::string all = report::distribution_plot(std::vector<const check::Series*>(9, &series));
  CHECK(lines(all) == 1);
  CHECK_THAT(all, ContainsSubstring("all 9 together"));
}

namespace {

/// Reports of a lab, one a round, of one test with one metric.
std::vector<check::Report> rounds(const std::string& lab, const std::string& metric,
                                  const std::vector<double>& values) {
  std::vector<check::Report> reports;
  for (const double value : values) {
    check::TestResult test;
    test.name = "t";
    test.metrics = {{metric, value, metric == "throughput" ? "bit/s" : "ms"}};
    check::Report one;
    one.lab = lab;
    one.file = lab + ".toml";
    one.tests = {test};
    reports.push_back(std::move(one));
  }
  return reports;
}

}  // namespace

TEST_CASE("a comparison tells the baseline, the spread, and the best that is better in each round") {
  const auto comparison =
      report::compare({rounds("a", "throughput", {9e9, 10e9, 11e9}), rounds("b", "throughput", {11.5e9, 12e9, 12e9}),
                       rounds("c", "throughput", {5e9, 5e9, 5e9})});
  REQUIRE(comparison.metrics.size() == 1);
  CHECK(comparison.metrics[0].best() == 1);
  const std::string text = report::comparison_text(comparison);
  CHECK_THAT(text, ContainsSubstring("10 Gbit/s ±10%"));
  CHECK_THAT(text, ContainsSubstring("12 Gbit/s ±4.2% (1.20x) *"));
  CHECK_THAT(text, ContainsSubstring("5 Gbit/s ±0.0% (0.50x)"));
  CHECK_THAT(text, ContainsSubstring("a is the baseline"));
  const auto json = nlohmann::json::parse(report::comparison_json(comparison));
  CHECK(json["baseline"] == "a");
  CHECK(json["metrics"][0]["best"] == "b");
  CHECK(json["metrics"][0]["better"] == "more");
  const std::string page = report::comparison_html(comparison);
  CHECK_THAT(page, ContainsSubstring("a<small> baseline</small>"));
  CHECK_THAT(page,
             ContainsSubstring("<td class=\"number best\">12 Gbit/s<small>11.5 Gbit/s to 12 Gbit/s; 1.20x</small>"));
  CHECK_THAT(page, ContainsSubstring("class=\"range\""));
}

TEST_CASE("of times the shortest is the best, and of values that overlap none is") {
  const auto best = [](const std::vector<std::vector<check::Report>>& runs) {
    return report::compare(runs).metrics.at(0).best();
  };
  CHECK(best({rounds("a", "rtt_avg", {2, 2.1}), rounds("b", "rtt_avg", {1, 1.9})}) == 1);
  CHECK_FALSE(best({rounds("a", "rtt_avg", {2, 2.1}), rounds("b", "rtt_avg", {1, 2})}));
  CHECK_FALSE(best({rounds("a", "rtt_avg", {2})}));
}

TEST_CASE("pages are for phones, too, and run nothing") {
  const auto comparison = report::compare({rounds("a", "rtt_avg", {1}), rounds("b", "rtt_avg", {2})});
  check::TestResult test;
  test.name = "t";
  check::Report lab;
  lab.lab = "x";
  lab.tests = {test};
  for (const std::string& page : {report::comparison_html(comparison), report::html({.report = lab, .drawing = ""})}) {
    CHECK_THAT(page, ContainsSubstring("width=device-width"));
    CHECK_THAT(page, ContainsSubstring("@media (max-width: 640px)"));
    CHECK_THAT(page, !ContainsSubstring("<script"));
  }
}

TEST_CASE("a plot keeps its peak and its losses, however many points there are") {
  check::Series series{.name = "h1 -> h2", .quantity = "rtt", .unit = "ms"};
  for (int i = 0; i < 100'000; ++i) series.points.push_back({.at = i * 0.001, .value = 1});
  series.points[54'321].value = 20;
  series.points[77'777].lost = true;
  const std::string svg = report::line_plot({&series}, {{.at = 5, .what = "r1:eth0 goes down"}});
  CHECK(svg.size() < 40'000);
  // The peak is the highest point: it touches the top of the frame, but for the margin of one twentieth.
  CHECK_THAT(svg, ContainsSubstring("class=\"lost\""));
  CHECK_THAT(svg, ContainsSubstring("r1:eth0 goes down at 5.000 s"));
  CHECK_THAT(svg, ContainsSubstring(",16."));
  CHECK(report::line_plot({}, {}).empty());
  check::Series flat{.name = "x", .quantity = "rtt", .unit = "ms", .points = {{.at = 0, .value = 0}}};
  CHECK_THAT(report::line_plot({&flat}, {}), ContainsSubstring("<circle"));
}

TEST_CASE("a table that does not fit is broken at blanks or has its last column below or becomes paragraphs") {
  report::TextTable table({"NAME", "ABOUT"});
  table.add({"one", "some words that go on"});
  table.add({"two", ""});
  CHECK(table.str() == "NAME  ABOUT\none   some words that go on\ntwo\n");
  CHECK(table.str(20) == "NAME  ABOUT\none   some words\n      that go on\ntwo\n");
  report::TextTable wide({"FILE", "SIZE", "ABOUT"});
  wide.add({"/a/path/that/is/long", "12", "words that can be broken"});
  wide.add({"/b", "", "x"});
  CHECK(wide.str(30) ==
        "FILE                  SIZE\n    ABOUT\n/a/path/that/is/long  12\n    words that can be broken\n/b\n    x\n");
  CHECK(wide.str(24) ==
        "FILE   /a/path/that/is/long\nSIZE   12\nABOUT  words that can be\n       broken\n\nFILE   /b\nABOUT  x\n");
  // Columns are those of the terminal, not bytes; a newline would end the row.
  report::TextTable wider({"A", "B"});
  wider.add({"\xc3\xbc\xe6\xbc\xa2", "x\ny\x1b"});
  wider.add({"abcd", "z"});
  CHECK(wider.str() == "A     B\n\xc3\xbc\xe6\xbc\xa2   x y\\x1b\nabcd  z\n");
}

TEST_CASE("progress fits the terminal that it is shown on") {
  CHECK(report::progress_line("devices", 50, 100, 80) == "[###############...............] devices 50/100");
  const std::string narrow = report::progress_line("tests, at \"a name that is long\"", 1, 2, 40);
  CHECK(narrow == "[#####.....] tests, at \"a name t... 1/2");
  for (std::size_t columns : {1, 2, 5, 10, 20, 39, 40, 41, 80, 200})
    CHECK(width_of(report::progress_line("\xe6\xbc\xa2\xe6\xbc\xa2 \x1b[2J stage", 123, 4567, columns)) < columns);
}

TEST_CASE("a report is written whole or not at all") {
  const auto directory = std::filesystem::temp_directory_path() / ("netrig-report-" + std::to_string(::getpid()));
  std::filesystem::create_directory(directory);
  const std::string path = directory / "report.txt";
  report::write_output(path, "one");
  report::write_output(path, "two");
  std::ifstream file(path);
  CHECK(std::string(std::istreambuf_iterator<char>(file), {}) == "two");
  CHECK_THROWS_AS(report::write_output(directory / "missing" / "report.txt", "x"), Error);
  CHECK_THROWS_WITH(report::write_output("/dev/full", "x"), ContainsSubstring("ENOSPC"));
  CHECK(std::distance(std::filesystem::directory_iterator(directory), {}) == 1);
  std::filesystem::remove_all(directory);
}
