// SPDX-License-Identifier: Apache-2.0
#include "process/startup.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string_view>
#include <unordered_map>

#include "kernel/inside.hpp"
#include "model/parameter.hpp"
#include "model/regex.hpp"

namespace netrig::process {
namespace {

constexpr auto kLook = 20ms;
constexpr auto kCommandEvery = 100ms;

/// Whether a socket of the namespace is bound to the port, and listens if it is TCP. Read from /proc/net, so that no
/// connection disturbs the service (Documentation/networking/proc_net_tcp.rst: fields 2 local, 4 state).
bool is_bound(const Place& place, const char* protocol, std::uint16_t port) {
  bool found = false;
  const bool is_udp = protocol[0] == 'u';
  kernel::inside(place.space, [&] {
    for (const char* family : {"", "6"}) {
      std::ifstream table(fmt::format("/proc/thread-self/net/{}{}", protocol, family));
      std::string line;
      std::getline(table, line);
      std::string slot;
      std::string local;
      std::string remote;
      std::string state;
      while (table >> slot >> local >> remote >> state && std::getline(table, line)) {
        const std::size_t colon = local.rfind(':');
        unsigned number = 0;
        if (colon == std::string::npos) continue;
        std::from_chars(local.data() + colon + 1, local.data() + local.size(), number, 16);
        found = found || (number == port && (is_udp || state == "0A"));
      }
    }
  });
  return found;
}

std::string last_line(const Process& process) {
  std::string text = process.err().empty() ? process.out() : process.err();
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const std::size_t begin = text.rfind('\n');
  const std::string line = begin == std::string::npos ? text : text.substr(begin + 1);
  return line.empty() ? "it said nothing" : fmt::format("it said: {}", line.substr(0, 300));
}

/// Whether a service that has been started is ready.
class Watch {
 public:
  Watch(const Place& place, const Service& service) : place_(place), service_(service) {
    if (!service.ready.output.empty()) output_.emplace(service.ready.output);
  }

  bool ready(const Process& process) {
    const Readiness& wanted = service_.ready;
    if (service_.forks && !process.has_forked()) return false;
    if (wanted.tcp_port) return is_bound(place_, "tcp", *wanted.tcp_port);
    if (wanted.udp_port) return is_bound(place_, "udp", *wanted.udp_port);
    if (output_) return output_->found_in(process.out()) || output_->found_in(process.err());
    return wanted.command.empty() || command_says_so();
  }

  [[nodiscard]] std::string sign(const Process& process) const {
    const Readiness& wanted = service_.ready;
    if (service_.forks && !process.has_forked()) return "its command has not ended";
    if (wanted.tcp_port) return fmt::format("nothing listens on TCP port {}", *wanted.tcp_port);
    if (wanted.udp_port) return fmt::format("nothing is bound to UDP port {}", *wanted.udp_port);
    if (output_) return fmt::format("it wrote no line that matches \"{}\"", wanted.output);
    return fmt::format("\"{}\" did not end with 0", shell_line(wanted.command));
  }

 private:
  /// Looks at a command that runs, and starts it again some time after it has said no. Other services are looked at
  /// meanwhile.
  bool command_says_so() {
    if (!asked_ && Clock::now() >= next_command_) asked_.emplace(Process::start(place_, question_));
    if (!asked_) return false;
    const auto ended = asked_->wait({Clock::now(), nullptr});
    if (!ended) return false;
    asked_.reset();
    next_command_ = Clock::now() + kCommandEvery;
    return ended->exit == 0;
  }

  Place place_;
  const Service& service_;
  const Task question_{.command = service_.ready.command};
  std::optional<Regex> output_;
  std::optional<Process> asked_;
  Clock::time_point next_command_{};
};

/// A service that is to be started, and then has been.
struct Waiting {
  const Service* service = nullptr;
  std::vector<std::size_t> after = {};  ///< of those that are started with it; what is not among them is ready already
  std::optional<Process> process = {};
  std::optional<Watch> watch = {};
  Clock::time_point deadline = {};
  bool ready = false;
};

class Startup {
 public:
  Startup(const Starter& starter, const std::vector<const Service*>& services, const Until& until)
      : starter_(starter), until_(until) {
    std::unordered_map<std::string_view, std::size_t> index;
    for (const Service* service : services) {
      index.emplace(service->name, all_.size());
      all_.push_back({.service = service});
    }
    for (Waiting& one : all_)
      for (const std::string& name : one.service->after)
        if (const auto found = index.find(name); found != index.end()) one.after.push_back(found->second);
  }

  std::vector<Process> run() {
    for (bool over = false; !over;) {
      for (Waiting& one : all_)
        if (!one.process && may_begin(one)) begin(one);
      over = look();
    }
    // What was ready first was looked at last long ago.
    for (Waiting& one : all_)
      if (const auto ended = one.process->wait({Clock::now(), nullptr})) refuse_end(one, *ended);
    std::vector<Process> processes;
    for (Waiting& one : all_) processes.push_back(std::move(*one.process));
    return processes;
  }

 private:
  [[nodiscard]] bool may_begin(const Waiting& one) const {
    return std::all_of(one.after.begin(), one.after.end(), [&](std::size_t other) { return all_[other].ready; });
  }

  void begin(Waiting& one) {
    try {
      one.process.emplace(starter_.begin(*one.service));
      one.watch.emplace(starter_.place(*one.service), *one.service);
      one.deadline = Clock::now() + one.service->timeout;
    } catch (const Error& error) {
      throw Error(error.code(), fmt::format("service {}: {}{}", one.service->name, error.message(), others(&one)),
                  starter_.lab.at(one.service->where));
    }
  }

  /// Whether all are ready.
  bool look() {
    bool all = true;
    const auto running =
        std::count_if(all_.begin(), all_.end(), [](const Waiting& one) { return one.process.has_value(); });
    for (Waiting& one : all_) {
      if (!one.process) {
        all = false;
        continue;
      }
      // First whether it lives: another process may hold the port.
      const auto ended = one.process->wait(until_.at_most(kLook / static_cast<int>(running)));
      if (ended) refuse_end(one, *ended);
      if (!one.ready && one.watch->ready(*one.process)) {
        one.ready = true;
        if (starter_.ready) starter_.ready(*one.service);
      }
      all = all && one.ready;
    }
    for (const Waiting& one : all_)
      if (one.process && !one.ready && (until_.over() || Clock::now() >= one.deadline))
        refuse(one, fmt::format("was not ready after {}: {}", format_duration(one.service->timeout.count()),
                                one.watch->sign(*one.process)));
    return all;
  }

  [[noreturn]] void refuse_end(const Waiting& one, const Ended& ended) const {
    refuse(one, fmt::format("ended with exit code {} {}", ended.exit,
                            one.ready ? "before all services were" : "before it was ready"));
  }

  [[noreturn]] void refuse(const Waiting& one, const std::string& why) const {
    if (until_.is_interrupted())
      throw Error(ErrorCode::interrupted, fmt::format("interrupted while service {} was awaited", one.service->name));
    throw Error(ErrorCode::failed,
                fmt::format("service {} {}; {}{}", one.service->name, why, last_line(*one.process), others(&one)),
                starter_.lab.at(one.service->where));
  }

  /// What is to be known of the other services: those that are not ready, too, and those that never began.
  [[nodiscard]] std::string others(const Waiting* told) const {
    std::vector<std::string> waited;
    std::vector<std::string> unstarted;
    for (const Waiting& one : all_) {
      if (&one == told || one.ready) continue;
      (one.process ? waited : unstarted).push_back(one.service->name);
    }
    return (waited.empty() ? "" : fmt::format("; not yet ready: {}", fmt::join(waited, ", "))) +
           (unstarted.empty() ? "" : fmt::format("; not yet started: {}", fmt::join(unstarted, ", ")));
  }

  const Starter& starter_;
  const Until& until_;
  std::vector<Waiting> all_;
};

}  // namespace

std::vector<Process> start_services(const Starter& starter, const std::vector<const Service*>& services,
                                    const Until& until) {
  return Startup(starter, services, until).run();
}

}  // namespace netrig::process
