// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "check/runner.hpp"
#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "cli/lab.hpp"
#include "cli/reports.hpp"
#include "cli/testing.hpp"
#include "cli/values.hpp"
#include "report/comparison.hpp"
#include "report/output.hpp"
#include "report/text_report.hpp"

namespace netrig::cli {
namespace {

struct BenchOptions {
  std::vector<std::string> files;
  std::vector<std::string> set;
  TestChoice choice;
  ReportChoice reports;
  std::size_t rounds = 3;
};

struct Contender {
  Lab lab;
  std::vector<Test> tests;
  std::vector<check::Report> runs = {};
};

/// Tests are compared by their names, so each lab must have the same ones.
void require_same_tests(const Contender& first, const Contender& other) {
  const auto lacks = [](const Contender& contender, const Test& test) {
    return std::none_of(contender.tests.begin(), contender.tests.end(), [&](const Test& own) {
      return own.name == test.name && name_of(own.check) == name_of(test.check);
    });
  };
  const auto refuse = [](const Contender& lacking, const Contender& having, const Test& test) {
    throw Error(
        ErrorCode::invalid,
        fmt::format("labs are compared by tests that all of them have, and there is no {} test \"{}\" as in {}; "
                    "add it, or choose tests with --filter",
                    name_of(test.check), test.name, having.lab.file),
        lacking.lab.file);
  };
  for (const Test& test : first.tests)
    if (lacks(other, test)) refuse(other, first, test);
  for (const Test& test : other.tests)
    if (lacks(first, test)) refuse(first, other, test);
}

std::vector<Contender> contenders(Session& session, const BenchOptions& options) {
  std::vector<Contender> all;
  for (const std::string& file : options.files) {
    Json warnings;
    Lab lab = session.load(file, {}, warnings, {.set = options.set});
    const auto twin = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.lab.name == lab.name; });
    if (twin != all.end())
      throw Error(
          ErrorCode::invalid,
          fmt::format("lab is called \"{}\" as in {}; give each a name of its own", lab.name.str(), twin->lab.file),
          file);
    std::vector<Test> tests = chosen_tests(lab, options.choice);
    std::stable_sort(tests.begin(), tests.end(), [&](const Test& a, const Test& b) {
      // In the first lab's order, so that results can be told apart by their place. Dependencies were in order there.
      const auto place = [&](const Test& test) {
        if (all.empty()) return std::ptrdiff_t{0};
        const auto& order = all.front().tests;
        return std::find_if(order.begin(), order.end(), [&](const Test& one) { return one.name == test.name; }) -
               order.begin();
      };
      return place(a) < place(b);
    });
    all.push_back({.lab = std::move(lab), .tests = std::move(tests)});
    require_same_tests(all.front(), all.back());
    session::check_machine(all.back().lab);
  }
  return all;
}

std::vector<report::ReportTarget> bench_targets(Session& session, const ReportChoice& choice) {
  auto targets = report_targets(session, choice);
  for (const report::ReportTarget& target : targets)
    if (target.format != "text" && target.format != "json" && target.format != "html")
      throw Error(ErrorCode::invalid,
                  fmt::format("a comparison cannot be written as {}; it can be text, json or html", target.format));
  return targets;
}

int bench(Session& session, const BenchOptions& options) {
  const auto targets = bench_targets(session, options.reports);
  std::vector<Contender> all = contenders(session, options);
  catch_signals();
  const bool muted = session.mute(true);
  // Round by round, so that whatever else the machine does meets all of them alike.
  for (std::size_t round = 0; round < options.rounds && !interrupted(); ++round)
    for (Contender& contender : all) {
      if (interrupted()) break;
      contender.runs.push_back(up_test_down(session, contender.lab, {}, contender.tests, options.choice, {}));
    }
  session.mute(muted);
  std::vector<std::vector<check::Report>> runs;
  for (Contender& contender : all)
    if (!contender.runs.empty()) runs.push_back(std::move(contender.runs));
  if (runs.empty()) throw Error(ErrorCode::interrupted, "interrupted before anything was measured");
  const report::Comparison comparison = report::compare(runs);
  session.say(report::comparison_text(comparison, Session::columns()));
  for (const auto& lab : runs)
    if (const auto run = std::find_if(lab.begin(), lab.end(), [](const auto& one) { return exit_code_of(one) != 0; });
        run != lab.end())
      session.say_painted(report::troubles(*run, colour_wanted(session.options(), STDOUT_FILENO)));
  if (session.options().json) report::say(report::comparison_json(comparison));
  bool written = true;
  for (const report::ReportTarget& target : targets)
    written = write_report(target.path, target.format == "text"   ? report::comparison_text(comparison)
                                        : target.format == "json" ? report::comparison_json(comparison)
                                                                  : report::comparison_html(comparison)) &&
              written;
  int code = 0;
  for (const auto& lab : runs)
    for (const check::Report& run : lab) code = std::max(code, exit_code_of(run));
  return code == 0 && !written ? kCouldNotRun : code;
}

}  // namespace

void add_bench(CLI::App& app, Action& action) {
  auto options = std::make_shared<BenchOptions>();
  auto* command = app.add_subcommand("bench", "Compare labs: run the tests that they share over each, round by round");
  command->add_option("LAB", options->files, "Lab files (TOML) with the same tests over other devices")
      ->required()
      ->type_name("FILE");
  command
      ->add_option("-f,--filter", options->choice.filters,
                   "Only tests whose name or tag matches this pattern; may be repeated")
      ->type_name("PATTERN")
      ->allow_extra_args(false);
  command->add_option("--rounds", options->rounds, "How often each lab is run; medians are compared")
      ->check(number_from(1, 1000))
      ->type_name("N")
      ->capture_default_str();
  add_settings(*command, options->set);
  add_reports(*command, options->reports, "(.txt, .json, .html) or stands before it (json:FILE)");
  describe(*command,
           {{"netrig bench veth.toml macvlan.toml", "medians of three rounds, side by side"},
            {"netrig bench *.toml -f throughput --rounds 5 -r comparison.html", "some tests only, and a page"}},
           testing_codes());
  command->callback([options, &action] {
    action = [options](Session& session) { return answered(session, [&] { return bench(session, *options); }); };
  });
}

}  // namespace netrig::cli
