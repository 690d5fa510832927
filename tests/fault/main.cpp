// SPDX-License-Identifier: Apache-2.0
// Fault injector: lets every system call of netrig and its workers that can fail do so, one a case, or kills the
// process there, and looks whether what was promised holds. See tests/fault/run --help.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "calls.hpp"
#include "scene.hpp"

namespace {

using Json = nlohmann::json;
using fault::Point;

constexpr int kSkipped = 77;  // what ctest takes for it

/// What a run without a fault showed.
struct Rehearsal {
  std::chrono::duration<double> usual{};
  std::shared_ptr<const fault::Sight> whole = {};  ///< of an edit or a mend: thousands of cases share it
};

struct Case {
  std::string command;
  std::optional<Point> point = {};
  Rehearsal plain = {};
};

/// What a case's process tells.
struct Outcome {
  std::string broken = {};  ///< the case could not be played
  Json verdict = {};
};

struct Options {
  std::vector<std::string> commands = {"up", "down", "run", "edit", "mend"};
  std::vector<std::string> points;
  std::string role;
  std::string call;
  std::size_t sample = 0;
  unsigned jobs = 0;
  bool all = false;
  bool every_error = false;
  bool list = false;
  bool verbose = false;
  std::string netrig = NETRIG_BINARY;
  std::string labs = NETRIG_FAULT_LABS;
};

std::string id_of(const Case& one) {
  if (!one.point) return one.command;
  return fmt::format("{}:{}:{}:{}{}:{}", one.command, one.point->role, one.point->call, one.point->nth,
                     one.point->lasting ? "+" : "", fault::error_name(one.point->error));
}

std::optional<Case> parse_id(const std::string& id) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= id.size();) {
    const std::size_t end = std::min(id.find(':', at), id.size());
    parts.push_back(id.substr(at, end - at));
    at = end + 1;
  }
  if (parts.size() != 5 || fault::find_call(parts[2]) == nullptr || fault::error_of(parts[4]) == 0) return std::nullopt;
  Case one{.command = parts[0]};
  one.point = Point{.role = parts[1],
                    .call = parts[2],
                    .nth = static_cast<unsigned>(std::strtoul(parts[3].c_str(), nullptr, 10)),
                    .error = fault::error_of(parts[4]),
                    .lasting = parts[3].ends_with('+')};
  return one;
}

Json to_json(const fault::Verdict& verdict) {
  Json counts = Json::array();
  for (const auto& [what, count] : verdict.traced.counts) counts.push_back({what.first, what.second, count});
  return {{"exit", verdict.traced.exit},   {"reached", verdict.traced.reached},
          {"about", verdict.traced.about}, {"seconds", verdict.traced.time.count()},
          {"out", verdict.traced.out},     {"err", verdict.traced.err},
          {"faults", verdict.faults},      {"counts", counts},
          {"whole", verdict.whole}};
}

/// Plays cases, each in a process of its own, several at a time. What is said of a case may ask for it to be played
/// again.
class Player {
 public:
  enum class Then : std::uint8_t { done, again };
  using Each = std::function<Then(Case&, const Outcome&)>;

  explicit Player(const Options& options) : options_(options) {}

  void play(const std::vector<Case>& cases, const Each& each) {
    std::deque<Case> waiting(cases.begin(), cases.end());
    while (!waiting.empty() || !running_.empty()) {
      for (; !waiting.empty() && running_.size() < options_.jobs; waiting.pop_front()) start(waiting.front());
      std::vector<pollfd> waits;
      for (const Running& one : running_) waits.push_back({.fd = one.pipe, .events = POLLIN, .revents = 0});
      ::poll(waits.data(), waits.size(), -1);
      for (std::size_t i = waits.size(); i-- > 0;) {
        if (waits[i].revents == 0 || read_some(running_[i])) continue;
        const Outcome outcome = finish(running_[i]);
        Case one = std::move(running_[i].what);
        running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
        if (each(one, outcome) == Then::again) waiting.push_front(one);
      }
    }
  }

 private:
  struct Running {
    Case what;
    pid_t process;
    int pipe;
    std::string text = {};
  };

  void start(const Case& one) {
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) throw std::runtime_error("no more pipes");
    const pid_t process = ::fork();
    if (process < 0) throw std::runtime_error("no more processes");
    if (process == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      tell(pipe[1], answer_of(one));
      ::_exit(0);
    }
    ::close(pipe[1]);
    running_.push_back({.what = one, .process = process, .pipe = pipe[0]});
  }

  [[nodiscard]] Json answer_of(const Case& one) const {
    try {
      return to_json(fault::play({.netrig = options_.netrig,
                                  .labs = options_.labs,
                                  .command = one.command,
                                  .whole = one.plain.whole ? *one.plain.whole : fault::Sight()},
                                 one.point, one.plain.usual));
    } catch (const std::exception& error) {
      return {{"broken", error.what()}};
    }
  }

  static void tell(int pipe, const Json& answer) {
    const std::string text = answer.dump(-1, ' ', false, Json::error_handler_t::replace);
    for (std::size_t at = 0; at < text.size();) {
      const ssize_t size = ::write(pipe, text.data() + at, text.size() - at);
      if (size <= 0) break;
      at += static_cast<std::size_t>(size);
    }
  }

  static bool read_some(Running& one) {
    std::array<char, 65536> chunk{};
    const ssize_t size = ::read(one.pipe, chunk.data(), chunk.size());
    if (size > 0) one.text.append(chunk.data(), static_cast<std::size_t>(size));
    return size > 0;
  }

  static Outcome finish(Running& one) {
    ::close(one.pipe);
    int status = 0;
    ::waitpid(one.process, &status, 0);
    const Json answer = Json::parse(one.text, nullptr, false);
    if (answer.is_discarded()) return {.broken = fmt::format("its process ended ({})", status)};
    if (answer.contains("broken")) return {.broken = answer["broken"]};
    return {.verdict = answer};
  }

  const Options& options_;
  std::vector<Running> running_;
};

/// All points of a command, by group: role, call and error. Counts are those of a run without a fault.
std::vector<std::vector<Case>> points_of(const std::string& command, const Json& counts, const Options& options,
                                         const Rehearsal& plain) {
  std::vector<std::vector<Case>> groups;
  for (const Json& count : counts) {
    const std::string role = count[0];
    const std::string name = count[1];
    if (!options.role.empty() && role != options.role) continue;
    if (!options.call.empty() && name != options.call) continue;
    const fault::Call& call = *fault::find_call(name);
    std::map<int, std::vector<Case>> by_error;
    for (unsigned nth = 1; nth <= count[2].get<unsigned>(); ++nth) {
      std::vector<int> errors = {call.errors[(nth - 1) % call.errors.size()]};
      if (options.every_error) errors = call.errors;
      errors.push_back(fault::kKill);
      for (const int error : errors)
        by_error[error].push_back({.command = command, .point = Point{role, name, nth, error, false}, .plain = plain});
    }
    for (auto& [error, cases] : by_error) groups.push_back(std::move(cases));
    if (call.lasting == 0) continue;
    auto& lasting = groups.emplace_back();
    for (unsigned nth = 1; nth <= count[2].get<unsigned>(); ++nth)
      lasting.push_back({.command = command, .point = Point{role, name, nth, call.lasting, true}, .plain = plain});
  }
  return groups;
}

/// `count` of all, the same every time: one of each group, then a second one, and so on, spread evenly over each group.
/// Groups come in an order that spreads few of them evenly over commands, roles and calls.
std::vector<Case> sampled(std::vector<std::vector<Case>> groups, std::size_t count) {
  constexpr std::size_t kStride = 7919;  // a prime, larger than there are groups
  std::size_t total = 0;
  for (const auto& group : groups) total += group.size();
  count = std::min(count, total);
  std::vector<std::size_t> take(groups.size(), 0);
  for (std::size_t i = 0, taken = 0; taken < count; ++i) {
    const std::size_t g = i * kStride % groups.size();
    if (take[g] == groups[g].size()) continue;
    ++take[g];
    ++taken;
  }
  std::vector<Case> chosen;
  for (std::size_t g = 0; g < groups.size(); ++g)
    for (std::size_t i = 0; i < take[g]; ++i)
      chosen.push_back(groups[g][(2 * i + 1) * groups[g].size() / (2 * take[g])]);
  return chosen;
}

Rehearsal rehearsal_of(const Json& verdict) {
  return {.usual = std::chrono::duration<double>(verdict["seconds"].get<double>()),
          .whole = std::make_shared<const fault::Sight>(verdict["whole"].get<fault::Sight>())};
}

std::string shown(const Json& verdict) {
  std::string text;
  for (const Json& one : verdict["faults"]) text += fmt::format("    {}\n", one.get<std::string>());
  std::string words = verdict["err"];
  while (!words.empty() && words.back() == '\n') words.pop_back();
  for (std::size_t at = 0; (at = words.find('\n', at)) != std::string::npos; at += 7) words.replace(at, 1, "\n      ");
  return text + fmt::format("    at {}: exit {}, {:.2f} s, says: {}\n", verdict["about"].get<std::string>(),
                            verdict["exit"].get<int>(), verdict["seconds"].get<double>(), words);
}

/// A run of each command without a fault, which must hold: counts calls and time.
std::map<std::string, Json> rehearse(const Options& options) {
  constexpr unsigned kTries = 3;  // on a machine that is busy with other things
  std::map<std::string, Json> plain;
  std::map<std::string, unsigned> tries;
  std::vector<Case> cases;
  for (const std::string& command : options.commands) cases.push_back({.command = command});
  Player(options).play(cases, [&](const Case& one, const Outcome& outcome) {
    const bool held = outcome.broken.empty() && outcome.verdict["faults"].empty();
    if (!held && ++tries[one.command] < kTries) return Player::Then::again;
    if (!outcome.broken.empty()) throw std::runtime_error(one.command + ": " + outcome.broken);
    if (!held) throw std::runtime_error(one.command + " fails without a fault:\n" + shown(outcome.verdict));
    plain[one.command] = outcome.verdict;
    return Player::Then::done;
  });
  return plain;
}

/// Says which cases held. One that did not is looked at twice more: the machine may be busy with other things.
class Referee {
 public:
  explicit Referee(const Options& options) : options_(options) {}

  int run(const std::vector<Case>& cases) {
    Player(options_).play(cases, [&](Case& one, const Outcome& outcome) { return judge(one, outcome); });
    fmt::print("{} faults: {} held, {} did not, {} were not reached\n", cases.size(), held_, failed_, missed_);
    return failed_ == 0 ? 0 : 1;
  }

 private:
  Player::Then judge(Case& one, const Outcome& outcome) {
    Looks& looks = looks_[id_of(one)];
    const bool held = outcome.broken.empty() && outcome.verdict["faults"].empty();
    // What is only slow must be so each time, beside runs without a fault.
    const bool slow = !held && only_slow(outcome);
    if (slow && ++looks.slow < kSlowLooks) {
      if (options_.verbose && looks.slow == 1) show("again", one, outcome);
      one.plain.usual = std::max(one.plain.usual, usual_now(one.command));
      return Player::Then::again;
    }
    ++looks.all;
    if (!held) {
      ++looks.bad;
      if (options_.verbose && looks.bad == 1) show("again", one, outcome);
      // Whatever else is wrong must be so in two of three looks.
      if (slow || looks.bad >= 2) {
        ++failed_;
        show("FAILED", one, outcome);
        return Player::Then::done;
      }
    }
    if (looks.bad > 0 && looks.all < kLooks) return Player::Then::again;
    ++(outcome.broken.empty() && outcome.verdict["reached"].get<bool>() ? held_ : missed_);
    if (options_.verbose) show("held", one, outcome);
    return Player::Then::done;
  }

  static bool only_slow(const Outcome& outcome) {
    return outcome.broken.empty() && outcome.verdict["faults"].size() == 1 &&
           outcome.verdict["faults"][0].get<std::string>().starts_with(fault::kSlow);
  }

  [[nodiscard]] std::chrono::duration<double> usual_now(const std::string& command) const {
    Options plain = options_;
    plain.commands = {command};
    try {
      return std::chrono::duration<double>(rehearse(plain).at(command)["seconds"].get<double>());
    } catch (const std::exception&) {
      return {};  // without a fault it fails, too; the second look at the case says how
    }
  }

  static void show(const char* word, const Case& one, const Outcome& outcome) {
    fmt::print("{} {}\n{}", word, id_of(one),
               outcome.broken.empty() ? shown(outcome.verdict) : "    " + outcome.broken + "\n");
    std::fflush(stdout);
  }

  struct Looks {
    unsigned slow = 0;
    unsigned all = 0;
    unsigned bad = 0;
  };
  static constexpr unsigned kLooks = 3;
  static constexpr unsigned kSlowLooks = 8;

  const Options& options_;
  std::map<std::string, Looks> looks_;
  std::size_t held_ = 0;
  std::size_t failed_ = 0;
  std::size_t missed_ = 0;
};

void list(const std::map<std::string, Json>& plain) {
  for (const auto& [command, verdict] : plain)
    for (const Json& count : verdict["counts"])
      fmt::print("{}:{}:{}:1..{}\n", command, count[0].get<std::string>(), count[1].get<std::string>(),
                 count[2].get<unsigned>());
}

int play_points(const Options& options) {
  std::vector<Case> cases;
  for (const std::string& id : options.points) {
    const auto one = parse_id(id);
    if (!one) throw std::runtime_error(fmt::format("\"{}\" is no point; one is up:host:openat:17:EMFILE", id));
    cases.push_back(*one);
  }
  Options of_them = options;
  of_them.commands.clear();
  for (const Case& one : cases)
    if (std::find(of_them.commands.begin(), of_them.commands.end(), one.command) == of_them.commands.end())
      of_them.commands.push_back(one.command);
  auto plain = rehearse(of_them);
  for (Case& one : cases) one.plain = rehearsal_of(plain[one.command]);
  of_them.verbose = true;
  return Referee(of_them).run(cases);
}

int play_all(const Options& options) {
  auto plain = rehearse(options);
  if (options.list) {
    list(plain);
    return 0;
  }
  std::vector<std::vector<Case>> groups;
  for (const std::string& command : options.commands) {
    auto more = points_of(command, plain[command]["counts"], options, rehearsal_of(plain[command]));
    std::move(more.begin(), more.end(), std::back_inserter(groups));
  }
  return Referee(options).run(sampled(std::move(groups), options.all ? SIZE_MAX : options.sample));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Lets system calls of netrig and its workers fail, one a case, and looks whether what it promises holds.",
      "tests/fault/run");
  Options options;
  app.add_option("--command", options.commands,
                 "What to try: up, down, run, edit (up with an edited file), mend (up after somebody changed "
                 "the lab); by default all")
      ->check(CLI::IsMember(options.commands));
  app.add_option("--sample", options.sample, "So many faults, spread evenly, the same every time")->default_val(300);
  app.add_flag("--all", options.all, "Every system call: one error each, and killed");
  app.add_flag("--errors", options.every_error, "Each call with every error that it can give");
  app.add_option("--role", options.role, "Only calls of this role: host, host+, worker.KIND");
  app.add_option("--call", options.call, "Only this system call");
  app.add_option("--point", options.points, "Only this fault, as reported: up:host:openat:17:EMFILE");
  app.add_flag("--list", options.list, "List the calls that are made, without a fault");
  app.add_option("--jobs", options.jobs, "So many cases at once")
      ->default_val(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
  app.add_option("--netrig", options.netrig, "The netrig to try");
  app.add_option("--labs", options.labs, "Folder of the lab files to try it with; their lab is called \"fault\"");
  app.add_flag("-v,--verbose", options.verbose, "Show every case");
  CLI11_PARSE(app, argc, argv);
  try {
    if (::geteuid() != 0) {
      fmt::print("SKIPPED: needs root\n");
      return kSkipped;
    }
    return options.points.empty() ? play_all(options) : play_points(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 2;
  }
}
