// SPDX-License-Identifier: Apache-2.0
#include "cli/worlds.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <list>

#include "check/runner.hpp"
#include "model/error_number.hpp"
#include "model/printable.hpp"
#include "process/world.hpp"
#include "report/json_report.hpp"
#include "report/output.hpp"
#include "report/progress.hpp"
#include "report/text_report.hpp"

namespace netrig::cli {
namespace {

constexpr int kPause = 100;  // Units: ms, until an interruption is seen that came before poll(2) began

/// The body of a world's process.
int live(const Session& outside, const WorldsRequest& request, const std::string& file, const Teller& teller) {
  try {
    // What is logged in all of them goes to one place.
    if (request.several) spdlog::set_default_logger(spdlog::default_logger()->clone(file));
    Session session = outside.apart();
    request.run(session, file, teller);
    return 0;
  } catch (const Error& error) {
    teller.error(error);
  } catch (const std::bad_alloc&) {
    teller.error({ErrorCode::failed, "out of memory"});
  } catch (const std::exception& error) {
    const ErrorCode code = code_of(error);
    teller.error({code, code == ErrorCode::internal
                            ? fmt::format("internal error: {}; please report this", error.what())
                            : std::string(error.what())});
  }
  return 1;
}

class Worlds {
 public:
  Worlds(Session& session, const WorldsRequest& request)
      : session_(session),
        request_(request),
        colour_(colour_wanted(session.options(), STDOUT_FILENO)),
        lines_({}, Session::columns(), colour_),
        progress_(!session.options().quiet && !session.options().json),
        outcomes_(request.files.size()) {}

  std::vector<LabOutcome> run() {
    for (;;) {
      if (interrupted() && !passed_on_) {
        for (const Running& one : running_) one.world.signal(SIGINT);
        passed_on_ = true;
      }
      while (!interrupted() && !stops() && next_ < request_.files.size() && running_.size() < request_.at_once)
        begin(next_++);
      if (running_.empty()) break;
      if (request_.several) progress_.show("labs", done_, request_.files.size());
      wait();
    }
    progress_.clear();
    for (; next_ < request_.files.size(); ++next_) leave_out(next_);
    return std::move(outcomes_);
  }

 private:
  struct Running {
    std::size_t lab;  ///< index of its file
    process::World world;
    std::string unread = {};  ///< a line that is not whole
  };

  [[nodiscard]] bool stops() const { return request_.fail_fast && broken_; }

  void leave_out(std::size_t lab) {
    if (interrupted()) {
      outcomes_[lab].error = Error(ErrorCode::interrupted, "interrupted before it began");
      return complete(lab);
    }
    skip(lab, fmt::format("not run, for {} did not pass", request_.files[*broken_]));
  }

  void skip(std::size_t lab, const std::string& why) {
    progress_.clear();
    session_.say(about(lab) + why + "\n");
    complete(lab);
    add_itself(lab, check::Outcome::skipped, why);
  }

  void begin(std::size_t lab) {
    progress_.clear();
    try {
      running_.push_back({.lab = lab, .world = process::World::begin([&](int results) {
                                        return live(session_, request_, request_.files[lab], Teller(results));
                                      })});
      begun_ = true;
    } catch (const Error& error) {
      // What is refused to the first is refused to all.
      if (!begun_) throw;
      outcomes_[lab].error = error;
      end(lab);
    }
  }

  void wait() {
    std::vector<pollfd> waits;
    for (const Running& one : running_) waits.push_back({.fd = one.world.results(), .events = POLLIN, .revents = 0});
    if (::poll(waits.data(), waits.size(), kPause) <= 0) return;
    auto one = running_.begin();
    for (const pollfd& wait : waits) {
      const auto here = one++;
      if (wait.revents != 0 && !read(*here)) {
        finish(*here);
        running_.erase(here);
      }
    }
  }

  /// False: nothing more will come.
  bool read(Running& one) {
    std::array<char, 65536> chunk{};
    const ssize_t size = ::read(one.world.results(), chunk.data(), chunk.size());
    if (size < 0) return errno == EINTR || errno == EAGAIN;
    one.unread.append(chunk.data(), static_cast<std::size_t>(size));
    std::size_t at = 0;
    for (std::size_t end = one.unread.find('\n'); end != std::string::npos;
         at = end + 1, end = one.unread.find('\n', at))
      take(one.lab, Json::parse(one.unread.begin() + static_cast<std::ptrdiff_t>(at),
                                one.unread.begin() + static_cast<std::ptrdiff_t>(end)));
    one.unread.erase(0, at);
    return size > 0;
  }

  void take(std::size_t lab, const Json& message) {
    LabOutcome& outcome = outcomes_[lab];
    if (message.contains("ended")) {
      check::TestResult test = report::test_of(message["ended"]);
      if (request_.several) test.name = fmt::format("{}: {}", request_.files[lab], test.name);
      if (test.outcome != check::Outcome::passed && test.outcome != check::Outcome::skipped)
        broken_ = broken_.value_or(lab);
      progress_.clear();
      session_.say_painted(lines_.line(test));
    } else if (message.contains("said")) {
      progress_.clear();
      session_.say(about(lab) + message["said"].get<std::string>());
    } else if (message.contains("answers_to")) {
      outcome.answers_to = message["answers_to"].get<std::vector<std::string>>();
    } else if (message.contains("report")) {
      outcome.run = {.report = report::report_of(message["report"]), .drawing = message["drawing"]};
    } else {
      outcome.error =
          Error(static_cast<ErrorCode>(message.at("error").get<int>()), message.at("message"), message.at("where"));
    }
  }

  void finish(Running& one) {
    const int code = one.world.await();
    LabOutcome& outcome = outcomes_[one.lab];
    if (code == 0 && outcome.answers_to && outcome.answers_to->empty()) {
      ++done_;
      return skip(one.lab, "not run, for no test of it is meant by --filter");
    }
    if (outcome.run.report.began.empty() && !outcome.error)
      outcome.error =
          Error(ErrorCode::failed, fmt::format("its netrig ended without a word ({} {})",
                                               code > 128 ? "signal" : "exit code", code > 128 ? code - 128 : code));
    end(one.lab);
  }

  void end(std::size_t lab) {
    ++done_;
    LabOutcome& outcome = outcomes_[lab];
    if (outcome.error) broken_ = broken_.value_or(lab);
    if (request_.several) {
      progress_.clear();
      if (outcome.error)
        complain(outcome.error->where().empty() ? about(lab) + outcome.error->what() : outcome.error->what());
      session_.say_painted(report::troubles(outcome.run.report, colour_));
      if (!outcome.run.report.began.empty())
        session_.say(fmt::format("{}{}{} ({:.2f} s)\n", about(lab), report::totals_text(outcome.run.report.totals()),
                                 report::circumstances(outcome.run.report), outcome.run.report.seconds));
    }
    complete(lab);
  }

  /// Makes the report tell all.
  void complete(std::size_t lab) {
    LabOutcome& outcome = outcomes_[lab];
    check::Report& report = outcome.run.report;
    report.file = request_.files[lab];
    if (report.began.empty()) {
      report.lab = std::filesystem::path(report.file).stem();
      report.began =
          fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                      fmt::gmtime(std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now())));
      report.environment = check::environment_here();
    }
    if (!outcome.error) return;
    const bool cut_off = outcome.error->code() == ErrorCode::interrupted;
    report.interrupted = report.interrupted || cut_off;
    add_itself(lab, cut_off ? check::Outcome::interrupted : check::Outcome::error, outcome.error->message());
  }

  void add_itself(std::size_t lab, check::Outcome what, const std::string& why) {
    LabOutcome& outcome = outcomes_[lab];
    check::Report& report = outcome.run.report;
    report.tests.push_back(
        {.name = report::kLabItself,
         .description = {},
         .check = "lab",
         .where = !outcome.error || outcome.error->where().empty() ? report.file : outcome.error->where(),
         .tags = {},
         .outcome = what,
         .reason = why,
         .repetitions = 0});
  }

  [[nodiscard]] std::string about(std::size_t lab) const {
    return request_.several ? request_.files[lab] + ": " : std::string();
  }

  Session& session_;
  const WorldsRequest& request_;
  bool colour_;
  report::ResultLines lines_;
  report::Progress progress_;
  std::vector<LabOutcome> outcomes_;
  std::list<Running> running_;
  std::size_t next_ = 0;
  std::size_t done_ = 0;
  bool begun_ = false;
  std::optional<std::size_t> broken_ = {};  ///< the first lab of which something did not pass
  bool passed_on_ = false;
};

}  // namespace

void Teller::send(const Json& message) const {
  // Who does not listen any more will end us.
  static_cast<void>(report::write_all(pipe_, message.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"));
}
void Teller::ended(const check::TestResult& test) const { send({{"ended", report::to_json(test)}}); }
void Teller::said(const std::string& text) const { send({{"said", text}}); }
void Teller::report(const report::LabRun& run) const {
  send({{"report", report::to_json(run.report)}, {"drawing", run.drawing}});
}
void Teller::answers_to(const std::vector<std::string>& patterns) const { send({{"answers_to", patterns}}); }
void Teller::error(const Error& error) const {
  send({{"error", static_cast<int>(error.code())}, {"message", error.message()}, {"where", error.where()}});
}

std::vector<LabOutcome> run_in_worlds(Session& session, const WorldsRequest& request) {
  return Worlds(session, request).run();
}

}  // namespace netrig::cli
