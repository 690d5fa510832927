// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <linux/if_link.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <set>

#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "driver/fence.hpp"
#include "engine/spaces.hpp"
#include "netlink/link.hpp"
#include "netns/netns.hpp"
#include "report/table.hpp"

namespace netrig::cli {
namespace {

enum class Verdict : std::uint8_t { good, advice, bad };

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

std::uint64_t number_in(const std::string& path) {
  std::uint64_t value = 0;
  std::ifstream(path) >> value;
  return value;
}

Finding check_kernel() {
  utsname name{};
  ::uname(&name);
  int major = 0;
  int minor = 0;
  if (std::sscanf(name.release, "%d.%d", &major, &minor) == 2 && (major > 5 || (major == 5 && minor >= 14)))
    return {"kernel", Verdict::good, fmt::format("Linux {}", name.release)};
  return {"kernel", Verdict::bad, fmt::format("Linux {}; netrig needs 5.14 or later (SO_NETNS_COOKIE)", name.release)};
}

Finding check_privileges() {
  try {
    require_privileges("bringing up labs");
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

/// Whether the kernel knows a link kind, tried in a namespace without a name that ends with the thread.
Finding try_kind(const std::string& kind) {
  netlink::Socket socket;
  netlink::Batch batch;
  netlink::begin_new_link(batch, {.name = "probe", .ifindex = 0, .netns_fd = -1, .mtu = {}, .mac = {}, .up = false});
  {
    const auto info = batch.nest(IFLA_LINKINFO);
    batch.put_text(IFLA_INFO_KIND, kind);
  }
  const auto refusals = socket.run(batch);
  // A kind that wants more attributes is there; only an unknown one is not supported.
  if (refusals.empty() || refusals.front().error != EOPNOTSUPP)
    return {"link kind " + kind, Verdict::good, "this kernel can make it"};
  return {"link kind " + kind, Verdict::bad,
          fmt::format("{}; load the module \"{}\" or use a kernel that has it", refusals.front().str(), kind)};
}

void check_kinds(const std::set<std::string>& kinds, std::vector<Finding>& findings) {
  try {
    engine::parallel(1, 1, [&](std::size_t) {
      const auto scratch = netns::create();
      findings.push_back({"namespaces", Verdict::good, "network namespaces can be made"});
      for (const std::string& kind : kinds) findings.push_back(try_kind(kind));
    });
  } catch (const Error& error) {
    findings.push_back({"namespaces", Verdict::bad, error.message()});
  }
}

void check_drivers(Session& session, std::set<std::string>& kinds, std::vector<Finding>& findings) {
  try {
    const auto& policy = session.drivers().policy();
    findings.push_back(
        {"policy", policy.mode == driver::TrustMode::any ? Verdict::advice : Verdict::good,
         fmt::format("{}, mode {}{}", policy.file.empty() ? "built in" : policy.file, driver::to_text(policy.mode),
                     policy.mode == driver::TrustMode::any ? ": plugins are not checked; use it for development only"
                                                           : "; \"netrig audit\" says more")});
    for (const auto& found : session.drivers().survey()) {
      const std::string subject = found.kind.empty() ? "drivers" : "driver " + found.kind;
      if (!found.refusal.empty())
        findings.push_back({subject, Verdict::bad, found.refusal});
      else
        findings.push_back({subject, Verdict::good, fmt::format("{} {}", found.path, found.description.version)});
      kinds.insert(found.description.link_kinds.begin(), found.description.link_kinds.end());
    }
  } catch (const Error& error) {
    findings.push_back({"policy", Verdict::bad, error.what()});
  }
}

void check_limits(std::vector<Finding>& findings) {
  const std::uint64_t files = raise_open_files();
  findings.push_back({"open files", files < 4096 ? Verdict::advice : Verdict::good,
                      fmt::format("{}: enough for {} namespaces in one lab{}", files, files > 256 ? files - 256 : 0,
                                  files < 4096 ? "; raise the hard limit (ulimit -Hn) for larger ones" : "")});
  const std::uint64_t spaces = number_in("/proc/sys/user/max_net_namespaces");
  findings.push_back(
      {"namespaces limit", spaces < 1000 ? Verdict::advice : Verdict::good,
       fmt::format("{}{}", spaces, spaces < 1000 ? "; raise it with sysctl -w user.max_net_namespaces=10000" : "")});
  const std::uint64_t neighbours = number_in("/proc/sys/net/ipv4/neigh/default/gc_thresh3");
  findings.push_back(
      {"neighbour table", neighbours < 4096 ? Verdict::advice : Verdict::good,
       fmt::format("{} entries over all namespaces{}", neighbours,
                   neighbours < 4096
                       ? "; when thousands of hosts talk to each other raise net.ipv4.neigh.default.gc_thresh3 "
                         "and net.ipv6.neigh.default.gc_thresh3"
                       : "")});
}

void check_tools(std::vector<Finding>& findings) {
  struct Tool {
    const char* name;
    const char* package;
    const char* purpose;
  };
  constexpr const char* kForPeople = "netrig does not need it, people do";
  constexpr std::array kTools = {Tool{"ip", "iproute2", kForPeople}, Tool{"ping", "iputils-ping", kForPeople},
                                 Tool{"iperf3", "iperf3", "throughput tests need it"},
                                 Tool{"curl", "curl", "http tests need it"}};
  const char* path = std::getenv("PATH");
  for (const auto& [tool, package, purpose] : kTools) {
    bool found = false;
    std::string rest = path == nullptr ? "" : path;
    for (std::size_t at = 0; at <= rest.size() && !found;) {
      const std::size_t end = std::min(rest.find(':', at), rest.size());
      found = ::access((rest.substr(at, end - at) + "/" + tool).c_str(), X_OK) == 0;
      at = end + 1;
    }
    findings.push_back({fmt::format("tool {}", tool), found ? Verdict::good : Verdict::advice,
                        found ? "is there" : fmt::format("is not in PATH; {}: apt-get install {}", purpose, package)});
  }
}

int doctor(Session& session) {
  std::vector<Finding> findings = {check_kernel(), check_privileges(), check_fence()};
  std::set<std::string> kinds;
  check_drivers(session, kinds, findings);
  check_kinds(kinds, findings);
  check_limits(findings);
  check_tools(findings);
  report::TextTable table({"WHAT", "", "FINDING"});
  Json json = Json::array();
  std::size_t bad = 0;
  for (const auto& finding : findings) {
    if (finding.verdict == Verdict::bad) ++bad;
    table.add({finding.subject, word_of(finding.verdict), finding.text});
    json.push_back({{"subject", finding.subject},
                    {"verdict", finding.verdict == Verdict::bad ? "bad" : word_of(finding.verdict)},
                    {"text", finding.text}});
  }
  session.say(table.str(Session::columns()) +
              (bad == 0 ? "this machine is ready\n" : fmt::format("{} to mend\n", report::counted(bad, "thing"))));
  session.answer({{"ready", bad == 0}, {"findings", json}});
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
