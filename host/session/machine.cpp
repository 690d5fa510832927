// SPDX-License-Identifier: Apache-2.0
// Whether this machine can take a lab, and whether the user may make it.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "session/services.hpp"
#include "session/session.hpp"
#include "session/views.hpp"

namespace netrig::session {
namespace {

plan::Limits limits_here() {
  plan::Limits limits;
  limits.open_files = raise_open_files();
  std::ifstream("/proc/sys/user/max_net_namespaces") >> limits.net_namespaces;
  return limits;
}

}  // namespace

void check_machine(const Lab& lab) {
  plan::check_limits(lab, limits_here());
  check_services(lab);
  check_views(lab);
  require_privileges("bringing up a lab");
}

void require_privileges(const std::string& what) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (::syscall(SYS_capget, &header, data.data()) != 0) return;
  const auto has = [&](unsigned capability) {
    return (data.at(capability / 32).effective >> (capability % 32) & 1U) != 0;
  };
  std::vector<std::string> missing;
  if (!has(CAP_SYS_ADMIN)) missing.emplace_back("CAP_SYS_ADMIN (network namespaces)");
  if (!has(CAP_NET_ADMIN)) missing.emplace_back("CAP_NET_ADMIN (interfaces, addresses, routes)");
  if (missing.empty()) return;
  throw Error(ErrorCode::denied, fmt::format("{} needs {}; run it with sudo", what, fmt::join(missing, " and ")));
}

std::uint64_t raise_open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

}  // namespace netrig::session
