// SPDX-License-Identifier: Apache-2.0
#include "check/again.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <thread>

#include "check/run_checks.hpp"

namespace netrig::check {
namespace {

// Looking at what the kernel has costs a dump; asking others is work for them, too.
constexpr Clock::duration kBetweenLooks = 50ms;
constexpr Clock::duration kBetweenQuestions = 250ms;

bool only_looks(const Check& check) {
  return std::holds_alternative<RouteCheck>(check) || std::holds_alternative<NeighbourCheck>(check) ||
         std::holds_alternative<AddressCheck>(check) || std::holds_alternative<LinkCheck>(check) ||
         std::holds_alternative<FdbCheck>(check);
}

std::string seconds_text(Clock::duration time) {
  return fmt::format("{:.1f}s", std::chrono::duration<double>(time).count());
}

void run_now(const Job& job) {
  std::visit([&](const auto& check) { run(check, job); }, job.test.check);
}

/// One run of the check.
struct Try {
  TestResult result = {};
  std::exception_ptr missing = {};  ///< what it needs is not there, or not yet
  bool cut = false;                 ///< time was over before it was done
  [[nodiscard]] bool holds() const { return !cut && missing == nullptr && result.findings.empty(); }
};

class Waiter {
 public:
  explicit Waiter(const Job& job)
      : job_(job),
        waiting_(job.test.waiting),
        begin_until_(waiting_.within ? job.until.at_most(*waiting_.within) : job.until) {}

  void run() {
    while (true) {
      Try one = attempt(since_ ? job_.until : begin_until_);
      const bool holds = one.holds();
      // What was cut short says less than one that was not.
      if (!one.cut || !last_) last_ = std::move(one);
      // The test's time is over: what held until then did not stop holding.
      if (job_.until.over()) break;
      if (holds && !since_) since_ = Clock::now();
      if (!holds && since_) held_ = Clock::now() - *std::exchange(since_, std::nullopt);
      if (since_ ? Clock::now() >= *since_ + waiting_.holds.value_or(0ns) : !waiting_.within || begin_until_.over())
        break;
      rest();
      if (job_.until.over() || (!since_ && begin_until_.over())) break;
    }
    settle();
  }

 private:
  Try attempt(const Until& until) {
    Try one;
    const auto began = Clock::now();
    try {
      run_now({.ground = job_.ground,
               .test = job_.test,
               .until = until,
               .result = one.result,
               .began = job_.began,
               .journal = job_.journal});
    } catch (const Error& error) {
      if (error.code() != ErrorCode::not_found) throw;
      one.missing = std::current_exception();
    }
    one.cut = until.over();
    ++tries_;
    took_ = Clock::now() - began;
    return one;
  }

  /// At least as long as a try takes, so that waiting never is most of what the machine does.
  void rest() const {
    auto next = Clock::now() + std::max(took_, only_looks(job_.test.check) ? kBetweenLooks : kBetweenQuestions);
    if (since_) next = std::min<Clock::time_point>(next, *since_ + waiting_.holds.value_or(0ns));
    const Until& until = since_ ? job_.until : begin_until_;
    while (Clock::now() < next && !until.over())
      std::this_thread::sleep_for(std::chrono::milliseconds(until.at_most(next - Clock::now()).poll_timeout()));
  }

  [[nodiscard]] std::string seen(const std::string& last) const {
    std::string text = held_ ? fmt::format("it held for {} and no longer; ", seconds_text(*held_)) : "";
    if (waiting_.within)
      return text + fmt::format("after {} and {} {}: {}", seconds_text(Clock::now() - begin_), tries_,
                                tries_ == 1 ? "try" : "tries", last);
    return text + (held_ ? "then: " : "at the first try: ") + last;
  }
  [[nodiscard]] std::string expected(std::string what) const {
    if (waiting_.within) what += fmt::format(", within {}", format_duration(waiting_.within->count()));
    if (waiting_.holds)
      what += fmt::format(", {}for {}", waiting_.within ? "and then " : "", format_duration(waiting_.holds->count()));
    return what;
  }

  void settle() {
    const bool good = since_.has_value();
    if (!good && last_->missing) std::rethrow_exception(last_->missing);
    TestResult& from = last_->result;
    TestResult& to = job_.result;
    to.pairs = std::move(from.pairs);
    to.metrics = std::move(from.metrics);
    to.series = std::move(from.series);
    to.reproduce = std::move(from.reproduce);
    std::move(from.attachments.begin(), from.attachments.end(), std::back_inserter(to.attachments));
    const auto waited = (good ? *since_ : Clock::now()) - begin_;
    to.metrics.push_back({"waited", std::chrono::duration<double, std::milli>(waited).count(), "ms"});
    to.metrics.push_back({"tries", static_cast<double>(tries_), ""});
    if (good) return;
    if (from.findings.empty())  // cut short, and nothing before it
      from.findings.push_back({.seen = "the check did not come to its end", .expected = "that it holds"});
    for (Finding& finding : from.findings) {
      finding.seen = seen(finding.seen);
      finding.expected = expected(std::move(finding.expected));
      job_.fail(std::move(finding));
    }
  }

  const Job& job_;
  const Waiting& waiting_;
  const Clock::time_point begin_ = Clock::now();
  const Until begin_until_;
  std::optional<Clock::time_point> since_;  ///< that it holds
  std::optional<Clock::duration> held_;     ///< when it held before, how long
  std::optional<Try> last_;
  std::size_t tries_ = 0;
  Clock::duration took_{};
};

}  // namespace

void run_check(const Job& job) {
  if (!job.test.waiting.within && !job.test.waiting.holds) return run_now(job);
  Waiter(job).run();
}

}  // namespace netrig::check
