// SPDX-License-Identifier: Apache-2.0
// netrig ping: whether the namespaces of a lab reach each other, without a test.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "check/aim.hpp"
#include "check/run_checks.hpp"
#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "cli/testing.hpp"
#include "cli/values.hpp"
#include "engine/engine.hpp"
#include "model/printable.hpp"
#include "report/table.hpp"
#include "report/terminal.hpp"

namespace netrig::cli {
namespace {

constexpr std::size_t kLineWidth = 80;  // where there is no terminal
constexpr std::size_t kWidestName = 20;
constexpr std::size_t kMostFailures = 20;
constexpr auto kUntilIpv6 = std::chrono::seconds(5);

struct PingOptions {
  std::string lab;
  std::string from = "*";
  std::string to = "*";
  std::string family;
  std::uint32_t count = 1;
};

/// What came of one pair.
struct Answer {
  std::size_t sent = 0;
  std::size_t received = 0;
  std::optional<double> rtt = {};  ///< average; Units: ms
  std::string why = {};            ///< of one that did not get all of its replies
  [[nodiscard]] bool whole() const { return sent == received; }
};

struct Pinged {
  check::Pairing pairing;
  check::TestResult result = {};
  std::vector<Answer> answers = {};  ///< by the result's pairs
  bool interrupted = false;
  [[nodiscard]] std::size_t answered() const {
    return static_cast<std::size_t>(
        std::count_if(answers.begin(), answers.end(), [](const Answer& one) { return one.whole(); }));
  }
};

double value_of(const std::vector<check::Metric>& metrics, std::string_view name) {
  const auto found = std::find_if(metrics.begin(), metrics.end(), [&](const auto& one) { return one.name == name; });
  return found == metrics.end() ? 0 : found->value;
}

/// A finding's words without what counts the requests: "3 of 3 echo requests got no reply: no reply".
std::string reason_of(const check::Finding& finding) {
  const std::size_t colon = finding.seen.find(": ");
  return colon == std::string::npos ? finding.seen : finding.seen.substr(colon + 2);
}

std::vector<Answer> answers_of(const check::TestResult& result) {
  std::map<std::string, std::string> reasons;  // by what findings are about, which names both ends and the address
  for (const check::Finding& finding : result.findings) reasons.emplace(finding.about, reason_of(finding));
  std::vector<Answer> answers;
  for (const check::PairResult& pair : result.pairs) {
    Answer answer{.sent = static_cast<std::size_t>(value_of(pair.metrics, "sent")),
                  .received = static_cast<std::size_t>(value_of(pair.metrics, "received"))};
    if (answer.received > 0) answer.rtt = value_of(pair.metrics, "rtt_avg");
    const std::string about = pair.to.empty() ? fmt::format("{} -> {}", pair.from, pair.address)
                                              : fmt::format("{} -> {} ({})", pair.from, pair.to, pair.address);
    if (const auto reason = reasons.find(about); reason != reasons.end()) answer.why = reason->second;
    answers.push_back(std::move(answer));
  }
  return answers;
}

void require_match(const Lab& lab, const std::string& pattern, std::string_view what) {
  if (!check::spaces_of(lab, pattern.substr(0, pattern.find(':'))).empty() ||
      (what == "TO" && IpAddress::parse(pattern)))
    return;
  std::vector<std::string> names;
  for (const Namespace& space : lab.namespaces) names.push_back(space.name.str());
  const auto hint = closest(pattern, names);
  throw Error(ErrorCode::not_found,
              fmt::format("{} \"{}\" matches no namespace of lab {}{}", what, pattern, lab.name.str(),
                          hint ? fmt::format("; did you mean \"{}\"?", *hint) : ""));
}

Pinged ping_all(const Lab& lab, const engine::Record& record, const PingOptions& options) {
  const check::Ground ground = open_ground(lab, record);
  PingCheck ping{.to = {.text = options.to}, .count = options.count};
  if (!options.family.empty()) ping.to.family = options.family == "ipv4" ? Family::ipv4 : Family::ipv6;
  const auto to = IpAddress::parse(options.to);
  if (to && ping.to.family.value_or(to->family) != to->family)
    throw Error(ErrorCode::invalid, fmt::format("--family {}: {} is none", options.family, options.to));
  Pinged pinged{.pairing = check::pair_up(ground, check::all_aims(lab, options.from, ping.to), ping.to)};
  const auto& pairs = pinged.pairing.pairs;
  if (pairs.empty())
    throw Error(ErrorCode::invalid,
                fmt::format("no two of \"{}\" and \"{}\" have {} to ask each other at", options.from, options.to,
                            options.family.empty() ? std::string("addresses") : options.family + " addresses"));
  if (std::any_of(pairs.begin(), pairs.end(), [](const auto& pair) { return pair.address.family == Family::ipv6; }))
    check::await_ipv6(ground, {check::Clock::now() + kUntilIpv6, &interrupted()});
  const Test test{.name = "ping", .from = options.from, .check = ping, .where = {}};
  const check::Job job{.ground = ground,
                       .test = test,
                       .until = {check::Clock::time_point::max(), &interrupted()},
                       .result = pinged.result};
  check::run_pings(ping, job, pairs);
  pinged.answers = answers_of(pinged.result);
  pinged.interrupted = interrupted();
  return pinged;
}

Json ping_json(const Lab& lab, const Pinged& pinged) {
  Json pairs = Json::array();
  for (std::size_t i = 0; i < pinged.answers.size(); ++i) {
    const check::PairResult& pair = pinged.result.pairs[i];
    const Answer& answer = pinged.answers[i];
    Json one = {{"from", pair.from}, {"to", pair.to}, {"address", pair.address}};
    if (pair.to.empty()) one["to"] = nullptr;
    one["sent"] = answer.sent;
    one["received"] = answer.received;
    one["rtt_ms"] = answer.rtt ? Json(*answer.rtt) : Json(nullptr);
    if (!answer.whole()) one["why"] = answer.why;
    pairs.push_back(std::move(one));
  }
  Json apart = Json::array();
  for (const check::Aim& aim : pinged.pairing.apart)
    apart.push_back({{"from", lab.namespaces[aim.from].name.str()}, {"to", lab.namespaces[*aim.to].name.str()}});
  return {{"lab", lab.name.str()},
          {"asked", pinged.answers.size()},
          {"answered", pinged.answered()},
          {"pairs", std::move(pairs)},
          {"without_address", std::move(apart)}};
}

/// Rows are who asks, columns who is asked.
class Matrix {
 public:
  explicit Matrix(const Pinged& pinged) {
    for (const check::PairResult& pair : pinged.result.pairs) {
      place_of(rows_, pair.from);
      place_of(columns_, pair.to.empty() ? pair.address : pair.to);
    }
    // Alike, so that the diagonal is one.
    if (std::is_permutation(rows_.begin(), rows_.end(), columns_.begin(), columns_.end())) columns_ = rows_;
    for (std::size_t i = 0; i < pinged.answers.size(); ++i) {
      const check::PairResult& pair = pinged.result.pairs[i];
      const Answer& answer = pinged.answers[i];
      cells_[{pair.from, pair.to.empty() ? pair.address : pair.to}] = answer.whole()        ? kWhole
                                                                      : answer.received > 0 ? kSome
                                                                                            : kNone;
    }
  }

  /// Nothing: it does not fit.
  [[nodiscard]] std::optional<std::string> str(std::size_t width) const {
    const std::size_t label = longest(rows_);
    std::size_t column = longest(columns_);
    // Names above the columns where there is room for them, else numbers, which then stand before the names.
    const bool named = label + (column + 1) * columns_.size() <= width;
    std::vector<std::string> keys;
    if (!named) {
      for (const std::string& name : columns_)
        if (std::find(rows_.begin(), rows_.end(), name) == rows_.end()) keys.push_back(name);
      column = std::to_string(columns_.size()).size();
    }
    const std::size_t begin = named ? label : column + 1 + label;
    if (begin + (column + 1) * columns_.size() > width || (!named && !keys.empty())) return std::nullopt;
    std::string text(begin, ' ');
    for (std::size_t c = 0; c < columns_.size(); ++c)
      text += fmt::format(" {:>{}}", named ? short_name(columns_[c]) : std::to_string(c + 1), column);
    text += "\n";
    for (const std::string& row : rows_) {
      if (!named) text += fmt::format("{:>{}} ", number_of(row), column);
      text += fmt::format("{:<{}}", short_name(row), label);
      for (const std::string& to : columns_) {
        const auto cell = cells_.find({row, to});
        text += fmt::format(" {:>{}}", cell == cells_.end() ? kNotAsked : cell->second, column);
      }
      text += "\n";
    }
    return text;
  }

  static constexpr const char* kLegend = ". all replies   ~ some lost   X none   - not asked\n";

 private:
  static constexpr char kWhole = '.';
  static constexpr char kSome = '~';
  static constexpr char kNone = 'X';
  static constexpr char kNotAsked = '-';

  static void place_of(std::vector<std::string>& names, const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  /// The end of a name tells it from others more often than its middle: "tenant-blue..host-12".
  static std::string short_name(const std::string& name) {
    if (name.size() <= kWidestName) return name;
    constexpr std::size_t kHalf = (kWidestName - 2) / 2;
    return name.substr(0, kHalf) + ".." + name.substr(name.size() - kHalf);
  }
  static std::size_t longest(const std::vector<std::string>& names) {
    std::size_t most = 0;
    for (const std::string& name : names) most = std::max(most, short_name(name).size());
    return most;
  }
  [[nodiscard]] std::string number_of(const std::string& row) const {
    const auto found = std::find(columns_.begin(), columns_.end(), row);
    return found == columns_.end() ? "" : std::to_string(found - columns_.begin() + 1);
  }

  std::vector<std::string> rows_;
  std::vector<std::string> columns_;
  std::map<std::pair<std::string, std::string>, char> cells_;
};

std::string failures_text(const Pinged& pinged) {
  std::string text;
  std::size_t told = 0;
  for (std::size_t i = 0; i < pinged.answers.size(); ++i) {
    const Answer& answer = pinged.answers[i];
    if (answer.whole()) continue;
    if (++told > kMostFailures) continue;
    const check::PairResult& pair = pinged.result.pairs[i];
    text += fmt::format(
        "{} -> {}: {}{}\n", pair.from, pair.to.empty() ? pair.address : fmt::format("{} ({})", pair.to, pair.address),
        answer.received == 0 ? "" : fmt::format("{} of {} replies; ", answer.received, answer.sent), answer.why);
  }
  if (told > kMostFailures) text += fmt::format("and {} more; --json tells all\n", told - kMostFailures);
  return text;
}

std::string ping_text(const Pinged& pinged) {
  const std::size_t terminal = Session::columns();
  std::string text;
  if (const auto matrix = Matrix(pinged).str(terminal == 0 ? kLineWidth : terminal)) text = *matrix + Matrix::kLegend;
  const std::string failures = failures_text(pinged);
  if (!text.empty() && !failures.empty()) text += "\n";
  text += failures;
  text += fmt::format("{} of {} answered\n", pinged.answered(), report::counted(pinged.answers.size(), "pair"));
  if (value_of(pinged.result.metrics, "received") > 0)
    text += fmt::format("round trips took {:.3f} to {:.3f} ms, {:.3f} on average\n",
                        value_of(pinged.result.metrics, "rtt_min"), value_of(pinged.result.metrics, "rtt_max"),
                        value_of(pinged.result.metrics, "rtt_avg"));
  if (!pinged.pairing.apart.empty())
    text += fmt::format("{} not asked, for lack of an address of a common family\n",
                        report::counted(pinged.pairing.apart.size(), "pair"));
  return text;
}

int ping_lab(Session& session, const PingOptions& options) {
  const std::string name = resolve_lab(options.lab);
  session::require_privileges("asking from the namespaces of a lab");
  const engine::Record record = record_of(name);
  if (!record.begun || record.phase != engine::Phase::running || engine::is_lost(record))
    throw Error(ErrorCode::not_found, fmt::format("lab \"{0}\" is not up, see \"netrig status {0}\"", name));
  session::raise_open_files();
  catch_signals();
  const Lab lab = session.applied(record);
  require_match(lab, options.from, "FROM");
  require_match(lab, options.to, "TO");
  const Pinged pinged = ping_all(lab, record, options);
  if (pinged.interrupted) throw Error(ErrorCode::interrupted, "interrupted before all had answered");
  session.say(ping_text(pinged));
  session.answer(ping_json(lab, pinged));
  return pinged.answered() == pinged.answers.size() ? 0 : 1;
}

}  // namespace

void add_ping(CLI::App& app, Action& action) {
  auto options = std::make_shared<PingOptions>();
  auto* command = app.add_subcommand("ping", "Ping between all namespaces of a lab that is up, at once");
  command->add_option("LAB", options->lab, "Name of a lab, or its file")->required()->type_name("NAME|FILE");
  command->add_option("FROM", options->from, "Namespaces that ask")->type_name("PATTERN")->capture_default_str();
  command->add_option("TO", options->to, "Namespaces that are asked, an interface (\"h1:eth*\") or an address")
      ->type_name("PATTERN")
      ->capture_default_str();
  command->add_option("--family", options->family, "Only IPv4 or IPv6; otherwise IPv4 where both ends have it")
      ->check(one_of({"ipv4", "ipv6"}))
      ->type_name("ipv4|ipv6");
  command->add_option("--count", options->count, "Echo requests for each pair")
      ->check(number_from(1, 1000))
      ->type_name("N")
      ->capture_default_str();
  describe(*command,
           {{"netrig ping two-hosts", "from every namespace to every other"},
            {"netrig ping campus 'h*' server --family ipv6", "from the hosts to one of them"},
            {"netrig ping campus --json", "every pair, for programs"}},
           {{"0", "all answered"},
            {"1", "some did not, or the record cannot be read"},
            {"2", "the command line is wrong, or no two have addresses"},
            {"3", "a privilege is missing"},
            {"7", "no such lab is up, or it has no such namespace"},
            {"130", "interrupted"}});
  command->callback(
      [options, &action] { action = [options](Session& session) { return ping_lab(session, *options); }; });
}

}  // namespace netrig::cli
