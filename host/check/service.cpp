// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <charconv>
#include <fstream>

#include "check/process.hpp"
#include "model/regex.hpp"

namespace netrig::check {
namespace {

constexpr auto kLook = 20ms;
constexpr auto kCommandEvery = 100ms;

/// Whether a socket of the namespace is bound to the port, and listens if it is TCP. Read from /proc/net, so that no
/// connection disturbs the service (Documentation/networking/proc_net_tcp.rst: fields 2 local, 4 state).
bool is_bound(const Ground& ground, std::size_t space, Protocol protocol, std::uint16_t port) {
  bool found = false;
  ground.inside(space, [&] {
    for (const char* family : {"", "6"}) {
      std::ifstream table(fmt::format("/proc/thread-self/net/{}{}", protocol == Protocol::tcp ? "tcp" : "udp", family));
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
        found = found || (number == port && (protocol == Protocol::udp || state == "0A"));
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
  Watch(const Ground& ground, const Service& service, std::size_t space)
      : ground_(ground), service_(service), space_(space) {
    if (!service.ready.output.empty()) output_.emplace(service.ready.output);
  }

  bool ready(const Process& process) {
    const Readiness& wanted = service_.ready;
    if (wanted.tcp_port) return is_bound(ground_, space_, Protocol::tcp, *wanted.tcp_port);
    if (wanted.udp_port) return is_bound(ground_, space_, Protocol::udp, *wanted.udp_port);
    if (output_) return output_->found_in(process.out()) || output_->found_in(process.err());
    return wanted.command.empty() || command_says_so();
  }

  [[nodiscard]] std::string sign() const {
    const Readiness& wanted = service_.ready;
    if (wanted.tcp_port) return fmt::format("nothing listens on TCP port {}", *wanted.tcp_port);
    if (wanted.udp_port) return fmt::format("nothing is bound to UDP port {}", *wanted.udp_port);
    if (output_) return fmt::format("it wrote no line that matches \"{}\"", wanted.output);
    return fmt::format("\"{}\" did not end with 0", shell_line(wanted.command));
  }

 private:
  /// Looks at a command that runs, and starts it again some time after it has said no. Other services are looked at
  /// meanwhile.
  bool command_says_so() {
    if (!asked_ && Clock::now() >= next_command_)
      asked_.emplace(Process::start(ground_, {.command = service_.ready.command, .space = space_}));
    if (!asked_) return false;
    const auto ended = asked_->wait({Clock::now(), nullptr});
    if (!ended) return false;
    asked_.reset();
    next_command_ = Clock::now() + kCommandEvery;
    return ended->exit == 0;
  }

  const Ground& ground_;
  const Service& service_;
  std::size_t space_;
  std::optional<Regex> output_;
  std::optional<Process> asked_;
  Clock::time_point next_command_{};
};

/// A service that has been started.
struct Running {
  const Service& service;
  Process process;
  Watch watch;
  Clock::time_point deadline;
  bool ready = false;
};

/// Services that are started together and awaited together, so that the slowest decides and not the sum.
class Startup {
 public:
  Startup(const Ground& ground, const Until& until) : ground_(ground), until_(until) {}

  void begin(const std::vector<const Service*>& services) {
    for (const Service* service : services) {
      later_.assign(services.begin() + static_cast<std::ptrdiff_t>(running_.size()) + 1, services.end());
      const std::size_t space = *ground_.lab().find_namespace(service->space);
      try {
        running_.push_back({.service = *service,
                            .process = Process::start(ground_, {.command = service->command, .space = space}),
                            .watch = Watch(ground_, *service, space),
                            .deadline = Clock::now() + service->timeout});
      } catch (const Error& error) {
        throw Error(error.code(), fmt::format("service {}: {}{}", service->name, error.message(), others()),
                    ground_.lab().at(service->where));
      }
    }
  }

  std::vector<Process> await() {
    while (!all_ready()) {
    }
    std::vector<Process> processes;
    for (Running& one : running_) processes.push_back(std::move(one.process));
    return processes;
  }

 private:
  bool all_ready() {
    bool all = true;
    for (Running& one : running_) {
      // First whether it lives: another process may hold the port.
      const auto ended = one.process.wait(until_.at_most(kLook / static_cast<int>(running_.size())));
      if (ended && !one.ready) refuse(one, fmt::format("ended with exit code {} before it was ready", ended->exit));
      one.ready = one.ready || one.watch.ready(one.process);
      all = all && one.ready;
    }
    for (const Running& one : running_)
      if (!one.ready && (until_.over() || Clock::now() >= one.deadline))
        refuse(one, fmt::format("was not ready after {}: {}", format_duration(one.service.timeout.count()),
                                one.watch.sign()));
    return all;
  }

  [[noreturn]] void refuse(const Running& one, const std::string& why) const {
    throw Error(ErrorCode::failed,
                fmt::format("service {} {}; {}{}", one.service.name, why, last_line(one.process), others(&one)),
                ground_.lab().at(one.service.where));
  }

  /// What is to be known of the other services: those that are not ready, too, and those that never began.
  [[nodiscard]] std::string others(const Running* told = nullptr) const {
    std::vector<std::string> waited;
    std::vector<std::string> unstarted;
    for (const Running& one : running_)
      if (&one != told && !one.ready) waited.push_back(one.service.name);
    for (const Service* one : later_) unstarted.push_back(one->name);
    return (waited.empty() ? "" : fmt::format("; not yet ready: {}", fmt::join(waited, ", "))) +
           (unstarted.empty() ? "" : fmt::format("; not yet started: {}", fmt::join(unstarted, ", ")));
  }

  const Ground& ground_;
  const Until& until_;
  std::vector<Running> running_;
  std::vector<const Service*> later_;  ///< in the list behind the one that is being started
};

}  // namespace

std::vector<Process> start_services(const Ground& ground, const std::vector<const Service*>& services,
                                    const Until& until) {
  Startup startup(ground, until);
  startup.begin(services);
  return startup.await();
}

Process start_service(const Ground& ground, const Service& service, const Until& until) {
  return std::move(start_services(ground, {&service}, until).front());
}

}  // namespace netrig::check
