// SPDX-License-Identifier: Apache-2.0
// netrig doctor: tries what labs need, and says which commands and labs work here.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>

#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "driver/fence.hpp"
#include "engine/trial.hpp"
#include "kernel/inside.hpp"
#include "kernel/namespace.hpp"
#include "process/world.hpp"
#include "report/table.hpp"

namespace netrig::cli {
namespace {

enum class Verdict : std::uint8_t {
  good,
  advice,  ///< works, or what does not is something that not everybody needs
  bad,
};

/// One thing that was looked at. Its subject is what abilities name.
struct Finding {
  std::string subject;
  Verdict verdict = Verdict::good;
  std::string text;
};

const char* word_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::good:
      return "ok";
    case Verdict::advice:
      return "advice";
    case Verdict::bad:
      return "BAD";
  }
  return "";
}

std::optional<std::uint64_t> number_in(const std::string& path) {
  std::uint64_t value = 0;
  std::ifstream file(path);
  return file >> value ? std::optional(value) : std::nullopt;
}

Finding check_kernel() {
  utsname name{};
  ::uname(&name);
  int major = 0;
  int minor = 0;
  if (std::sscanf(name.release, "%d.%d", &major, &minor) == 2 && (major > 5 || (major == 5 && minor >= 14))) {
    const bool tried = major > 6 || (major == 6 && minor >= 1);
    return {
        "kernel", tried ? Verdict::good : Verdict::advice,
        fmt::format("Linux {}{}", name.release, tried ? "" : "; netrig was never tried on a kernel older than 6.1")};
  }
  return {"kernel", Verdict::bad, fmt::format("Linux {}; netrig needs 5.14 or later (SO_NETNS_COOKIE)", name.release)};
}

Finding check_privileges() {
  try {
    session::require_privileges("bringing up labs");
    return {"privileges", Verdict::good, "CAP_SYS_ADMIN and CAP_NET_ADMIN"};
  } catch (const Error& error) {
    return {"privileges", Verdict::bad, error.message()};
  }
}

Finding check_fence() {
  if (!driver::has_seccomp())
    return {"fence", Verdict::bad,
            "no seccomp filters (CONFIG_SECCOMP_FILTER); drivers run only with isolation \"none\""};
  const std::uint32_t landlock = driver::landlock_version();
  return {"fence", landlock == 0 ? Verdict::advice : Verdict::good,
          landlock == 0 ? "seccomp; no Landlock in this kernel, so one wall less"
                        : fmt::format("seccomp, Landlock {}", landlock)};
}

Finding tried(const std::string& subject, const engine::Fault& fault, const std::string& good) {
  return fault.empty() ? Finding{subject, Verdict::good, good} : Finding{subject, Verdict::bad, fault};
}

/// A parameter that the kernel refused.
struct Refused {
  std::string driver;
  std::string parameter;
  std::string text;
};

/// What was found, and what follows from it.
struct Examination {
  std::vector<Finding> findings;
  std::vector<std::string> drivers;  ///< kinds
  std::vector<Refused> parameters;
  std::uint64_t largest = 0;  ///< namespaces of one lab
  std::string unreadable;     ///< why no records can be read; empty: they can
  std::string world;          ///< why no world can be made; empty: it can
  engine::Fault netem;        ///< why the kernel has no such qdisc; empty: it has
  engine::Fault tbf;

  void add(Finding finding) { findings.push_back(std::move(finding)); }
  /// Why something does not work, if one of these subjects is in the way.
  [[nodiscard]] std::string fault_of(const std::vector<std::string>& subjects) const {
    for (const Finding& finding : findings)
      if (finding.verdict == Verdict::bad &&
          std::find(subjects.begin(), subjects.end(), finding.subject) != subjects.end())
        return fmt::format("{}: {}", finding.subject, finding.text);
    return {};
  }
};

void try_drivers(Session& session, engine::Depth depth, Examination& seen) {
  try {
    const auto& policy = session.drivers().policy();
    seen.add(
        {"policy", policy.mode == driver::TrustMode::any ? Verdict::advice : Verdict::good,
         fmt::format("{}, mode {}{}", policy.origin(), driver::to_text(policy.mode),
                     policy.mode == driver::TrustMode::any ? ": plugins are not checked; use it for development only"
                                                           : "; \"netrig audit\" says more")});
    std::set<std::string> kinds;
    for (const auto& found : session.drivers().survey()) {
      const std::string subject = found.kind.empty() ? "drivers" : "driver " + found.kind;
      if (!found.kind.empty()) seen.drivers.push_back(found.kind);
      if (!found.refusal.empty()) {
        seen.add({subject, Verdict::bad, found.refusal});
        continue;
      }
      std::string fault;
      std::vector<Finding> parameters;
      for (const engine::DeviceTrial& trial : engine::try_driver(session.drivers(), found.kind, depth)) {
        if (trial.parameter.empty()) {
          fault = trial.fault;
          continue;
        }
        const std::string text = fmt::format("needs a kernel with {}: {}", trial.kernel_option, trial.fault);
        parameters.push_back({fmt::format("{} {}", found.kind, trial.parameter), Verdict::advice, text});
        seen.parameters.push_back({found.kind, trial.parameter, text});
      }
      seen.add(tried(subject, fault, fmt::format("{} {}", found.path, found.description.version)));
      std::move(parameters.begin(), parameters.end(), std::back_inserter(seen.findings));
      kinds.insert(found.description.link_kinds.begin(), found.description.link_kinds.end());
    }
    if (depth == engine::Depth::load) return;
    for (const std::string& kind : kinds)
      seen.add(tried("link kind " + kind, engine::try_link_kind(kind), "this kernel can make it"));
  } catch (const Error& error) {
    seen.add({"policy", Verdict::bad, error.what()});
  }
}

/// Size of the neighbour table, which only the machine's own network namespace shows; process 1 may be in it.
std::optional<std::uint64_t> neighbour_limit() {
  constexpr const char* kFile = "/proc/sys/net/ipv4/neigh/default/gc_thresh3";
  auto most = number_in(kFile);
  if (most) return most;
  try {
    if (const auto space = kernel::open_namespace("/proc/1/ns/net"))
      kernel::inside(*space, [&] { most = number_in(kFile); });
  } catch (const Error&) {  // it is somebody else's
  }
  return most;
}

void check_limits(Examination& seen) {
  const std::uint64_t files = session::raise_open_files();
  const std::uint64_t by_files = files > 256 ? files - 256 : 0;
  seen.add({"open files", files < 4096 ? Verdict::advice : Verdict::good,
            fmt::format("{}: enough for {} namespaces in one lab{}", files, by_files,
                        files < 4096 ? "; raise the hard limit (ulimit -Hn) for larger ones" : "")});
  const std::uint64_t spaces = number_in("/proc/sys/user/max_net_namespaces").value_or(0);
  seen.add(
      {"namespaces limit", spaces < 1000 ? Verdict::advice : Verdict::good,
       fmt::format("{}{}", spaces, spaces < 1000 ? "; raise it with sysctl -w user.max_net_namespaces=10000" : "")});
  seen.largest = std::min(by_files, spaces);
  const auto neighbours = neighbour_limit();
  constexpr const char* kRaise =
      "; when thousands of hosts talk to each other raise net.ipv4.neigh.default.gc_thresh3 and "
      "net.ipv6.neigh.default.gc_thresh3";
  if (neighbours)
    seen.add({"neighbour table", *neighbours < 4096 ? Verdict::advice : Verdict::good,
              fmt::format("{} entries over all namespaces{}", *neighbours, *neighbours < 4096 ? kRaise : "")});
  else
    seen.add({"neighbour table", Verdict::advice,
              fmt::format("its size is not seen from this network namespace, only from the machine's own{}", kRaise)});
}

void check_tools(Examination& seen) {
  struct Tool {
    const char* name;
    const char* package;
    const char* purpose;
  };
  constexpr const char* kForPeople = "netrig does not need it, people do";
  constexpr std::array kTools = {Tool{"ip", "iproute2", kForPeople}, Tool{"ping", "iputils-ping", kForPeople},
                                 Tool{"iperf3", "iperf3", "throughput tests need it"},
                                 Tool{"curl", "curl", "http tests need it"},
                                 Tool{"neato", "graphviz", "graph draws labs without layers clearer with its help"}};
  const char* path = std::getenv("PATH");
  for (const auto& [tool, package, purpose] : kTools) {
    bool found = false;
    std::string rest = path == nullptr ? "" : path;
    for (std::size_t at = 0; at <= rest.size() && !found;) {
      const std::size_t end = std::min(rest.find(':', at), rest.size());
      found = ::access((rest.substr(at, end - at) + "/" + tool).c_str(), X_OK) == 0;
      at = end + 1;
    }
    seen.add({fmt::format("tool {}", tool), found ? Verdict::good : Verdict::advice,
              found ? "is there" : fmt::format("is not in PATH; {}: apt-get install {}", purpose, package)});
  }
}

/// Something that people do with netrig, and whether they can here.
struct Ability {
  std::string id;    ///< for programs
  std::string what;  ///< for people
  std::string fault;
};

/// Why the policy keeps commands of labs from running; empty: it does not.
std::string commands_fault(const driver::Policy& policy, driver::LabCommands least) {
  if (policy.lab_commands >= least) return "";
  return fmt::format("the policy says labs.commands = \"{}\"", driver::to_text(policy.lab_commands));
}

std::vector<Ability> abilities_of(const Examination& seen, const driver::Policy& policy) {
  const auto tool_fault = [&](const std::string& tool) {
    for (const Finding& finding : seen.findings)
      if (finding.subject == "tool " + tool && finding.verdict != Verdict::good) return tool + " " + finding.text;
    return std::string();
  };
  // Of a lab that is up, plan tells root alone.
  const bool root = ::geteuid() == 0;
  std::vector<Ability> list = {
      {"offline",
       root ? "graph of a file, drivers, audit, run --list" : "plan, graph of a file, drivers, audit, run --list",
       seen.fault_of({"policy"})},
      {"records", root ? "plan, list" : "list", seen.unreadable.empty() ? seen.fault_of({"policy"}) : seen.unreadable},
      {"labs", "up, down, status, exec, shell, run, test, bench",
       seen.fault_of({"kernel", "privileges", "policy", "namespaces", "names", "records"})}};
  const bool no_labs = !list.back().fault.empty();
  const auto add = [&](std::string id, std::string what, std::string fault) {
    if (no_labs && fault.empty()) fault = "no lab comes up here";
    list.push_back({std::move(id), std::move(what), std::move(fault)});
  };
  for (const std::string& kind : seen.drivers)
    add("driver:" + kind, fmt::format("labs with driver {}", kind), seen.fault_of({"driver " + kind}));
  for (const Refused& refused : seen.parameters)
    add(fmt::format("parameter:{}.{}", refused.driver, refused.parameter),
        fmt::format("labs that set {} of {}", refused.parameter, refused.driver), refused.text);
  add("worlds", "run of several labs, run --isolated", seen.world);
  add("sysctls", "labs that set sysctls", seen.fault_of({"sysctls"}));
  add("ipv6", "labs with IPv6 addresses", seen.fault_of({"IPv6"}));
  add("impair", "labs and tests that delay or lose packets", seen.netem);
  add("rate", "labs and tests that keep links to a rate", seen.tbf);
  add("size", fmt::format("labs of up to {} namespaces", seen.largest),
      seen.largest == 0 ? "the limits above allow none" : "");
  add("services", "labs with services that start with them", commands_fault(policy, driver::LabCommands::always));
  add("commands", "tests with commands and services", commands_fault(policy, driver::LabCommands::test));
  add("icmp", "tests with ping, failover, path, mtu, unreachable by ICMP", seen.fault_of({"ICMP sockets"}));
  add("captures", "capture, tests that capture packets", seen.fault_of({"packet sockets"}));
  add("throughput", "tests with throughput", tool_fault("iperf3"));
  add("http", "tests with http", tool_fault("curl"));
  return list;
}

Examination examine(Session& session) {
  Examination seen;
  // Before there are other threads, see World::begin().
  seen.world = process::try_world();
  seen.findings = {check_kernel(), check_privileges(), check_fence()};
  const engine::NamespaceTrial space = engine::try_namespace();
  const bool made = space.creation.empty();
  try_drivers(session, made ? engine::Depth::make : engine::Depth::load, seen);
  seen.add(tried("namespaces", space.creation, "network namespaces can be made"));
  seen.add(tried("names", engine::try_names(), "namespaces can be named in /run/netns"));
  seen.add(tried("records", engine::try_records(), "records of labs can be kept in /run/netrig"));
  // Not everybody runs several labs at once.
  seen.add({"worlds", seen.world.empty() ? Verdict::good : Verdict::advice,
            seen.world.empty() ? "labs can be run in worlds of their own" : seen.world});
  try {
    static_cast<void>(engine::Journal::labs());
  } catch (const Error& error) {
    seen.unreadable = fmt::format("records: {}", error.message());
  }
  if (made) {
    seen.add(tried("sysctls", space.sysctls, "sysctls of namespaces can be set"));
    seen.add(tried("IPv6", space.ipv6, "this kernel takes IPv6 addresses"));
    const std::string programs = "; programs that want it, such as ping, do not start either";
    seen.add(tried("ICMP sockets", space.icmp_sockets.empty() ? "" : space.icmp_sockets + programs, "can be opened"));
    seen.add(tried("packet sockets", space.packet_sockets, "can be opened"));
    // Not everybody impairs links.
    const auto advise = [&](const char* subject, const engine::Fault& fault, const char* good) {
      seen.add({subject, fault.empty() ? Verdict::good : Verdict::advice, fault.empty() ? good : fault});
    };
    seen.netem = space.netem;
    seen.tbf = space.tbf;
    advise("netem", space.netem, "links can delay and lose packets");
    advise("tbf", space.tbf, "links can keep to a rate");
  }
  check_limits(seen);
  check_tools(seen);
  return seen;
}

std::string verdict_of(std::size_t bad, const std::vector<Ability>& abilities) {
  if (bad != 0) return fmt::format("{} to mend; what works all the same stands above\n", report::counted(bad, "thing"));
  std::vector<std::string> without;
  for (const Ability& ability : abilities)
    if (!ability.fault.empty()) without.push_back(ability.what);
  return without.empty() ? "this machine is ready\n"
                         : fmt::format("this machine is ready, but not for {}\n", fmt::join(without, "; "));
}

/// One that cannot be read is told among the findings.
driver::Policy policy_of(Session& session) {
  try {
    return session.drivers().policy();
  } catch (const Error&) {
    return {};
  }
}

int doctor(Session& session) {
  const Examination seen = examine(session);
  const auto abilities = abilities_of(seen, policy_of(session));
  const auto bad = static_cast<std::size_t>(std::count_if(
      seen.findings.begin(), seen.findings.end(), [](const Finding& one) { return one.verdict == Verdict::bad; }));
  report::TextTable table({"WHAT", "", "FINDING"});
  Json findings = Json::array();
  for (const Finding& finding : seen.findings) {
    table.add({finding.subject, word_of(finding.verdict), finding.text});
    findings.push_back({{"subject", finding.subject},
                        {"verdict", finding.verdict == Verdict::bad ? "bad" : word_of(finding.verdict)},
                        {"text", finding.text}});
  }
  report::TextTable works({"COMMANDS AND LABS", "WORK", "BECAUSE"});
  Json able = Json::array();
  Json except = Json::array();
  for (const Ability& ability : abilities) {
    works.add({ability.what, ability.fault.empty() ? "yes" : "NO", ability.fault});
    able.push_back(
        {{"id", ability.id}, {"what", ability.what}, {"works", ability.fault.empty()}, {"because", ability.fault}});
    if (!ability.fault.empty()) except.push_back(ability.id);
  }
  session.say(fmt::format("{}\n{}{}", table.str(Session::columns()), works.str(Session::columns()),
                          verdict_of(bad, abilities)));
  session.answer({{"ready", bad == 0}, {"except", except}, {"findings", findings}, {"works", able}});
  return bad == 0 ? 0 : static_cast<int>(ErrorCode::unsupported);
}

}  // namespace

void add_doctor(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("doctor", "Check what this machine can do and what it lacks");
  describe(*command, {{"netrig doctor", "with the privileges that labs need"}},
           {{"0", "this machine is ready"}, {"6", "something is to mend"}});
  command->callback([&action] { action = [](Session& session) { return doctor(session); }; });
}

}  // namespace netrig::cli
