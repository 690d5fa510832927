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

class Watch {
 public:
  Watch(const Ground& ground, const Service& service, std::size_t space)
      : ground_(ground), service_(service), space_(space) {
    if (!service.ready.output.empty()) output_.emplace(service.ready.output);
  }

  bool ready(const Process& process, const Until& until) {
    const Readiness& wanted = service_.ready;
    if (wanted.tcp_port) return is_bound(ground_, space_, Protocol::tcp, *wanted.tcp_port);
    if (wanted.udp_port) return is_bound(ground_, space_, Protocol::udp, *wanted.udp_port);
    if (output_) return output_->found_in(process.out()) || output_->found_in(process.err());
    if (wanted.command.empty()) return true;
    if (Clock::now() < next_command_) return false;
    next_command_ = Clock::now() + kCommandEvery;
    const Output output = run_command(ground_, {.command = wanted.command, .space = space_}, until);
    return output.ended.exit == 0 && !output.ended.timed_out;
  }

  [[nodiscard]] std::string sign() const {
    const Readiness& wanted = service_.ready;
    if (wanted.tcp_port) return fmt::format("nothing listens on TCP port {}", *wanted.tcp_port);
    if (wanted.udp_port) return fmt::format("nothing is bound to UDP port {}", *wanted.udp_port);
    if (output_) return fmt::format("it wrote no line that matches \"{}\"", wanted.output);
    return fmt::format("\"{}\" did not end with 0", shell_line(wanted.command));
  }

 private:
  const Ground& ground_;
  const Service& service_;
  std::size_t space_;
  std::optional<Regex> output_;
  Clock::time_point next_command_{};
};

}  // namespace

Process start_service(const Ground& ground, const Service& service, const Until& until) {
  const std::size_t space = *ground.lab().find_namespace(service.space);
  const std::string where = ground.lab().at(service.where);
  Process process = Process::start(ground, {.command = service.command, .space = space});
  Watch watch(ground, service, space);
  const Until limit = until.at_most(service.timeout);
  while (true) {
    // First whether it lives: another process may hold the port.
    if (const auto ended = process.wait(limit.at_most(kLook)))
      throw Error(ErrorCode::failed,
                  fmt::format("service {} ended with exit code {} before it was ready; {}", service.name, ended->exit,
                              last_line(process)),
                  where);
    if (watch.ready(process, limit)) return process;
    if (limit.over())
      throw Error(ErrorCode::failed,
                  fmt::format("service {} was not ready after {}: {}; {}", service.name,
                              format_duration(service.timeout.count()), watch.sign(), last_line(process)),
                  where);
  }
}

}  // namespace netrig::check
