// SPDX-License-Identifier: Apache-2.0
#include "check/rig.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "catch.hpp"
#include "config/config.hpp"
#include "driver/registry.hpp"
#include "kernel/namespace.hpp"

namespace rig {

const char* const kWire = R"(
[lab]
name = "rig"
[namespace.h1]
[namespace.h2]
[device.wire]
driver = "veth"
interfaces = [
  { namespace = "h1", name = "eth0", addresses = ["192.0.2.1/24", "2001:db8::1/64"] },
  { namespace = "h2", name = "eth0", addresses = ["192.0.2.2/24", "2001:db8::2/64"] },
]
)";

const char* const kRouted = R"(
[lab]
name = "rig"
[namespace.h1]
routes = [{ to = "default", via = "192.0.2.254" }, { to = "default", via = "2001:db8:1::fe" }]
[namespace.h2]
routes = [{ to = "default", via = "198.51.100.254" }, { to = "default", via = "2001:db8:2::fe" }]
[namespace.r]
sysctl = { "net.ipv4.ip_forward" = 1, "net.ipv6.conf.all.forwarding" = 1 }
[device.left]
driver = "veth"
interfaces = [
  { namespace = "h1", name = "eth0", addresses = ["192.0.2.1/24", "2001:db8:1::1/64"] },
  { namespace = "r", name = "eth1", addresses = ["192.0.2.254/24", "2001:db8:1::fe/64"] },
]
[device.right]
driver = "veth"
interfaces = [
  { namespace = "r", name = "eth2", addresses = ["198.51.100.254/24", "2001:db8:2::fe/64"] },
  { namespace = "h2", name = "eth0", addresses = ["198.51.100.2/24", "2001:db8:2::2/64"] },
]
)";

namespace {

netrig::Lab bring_up(const std::string& text) {
  const std::string path = scratch::file("rig.toml", text);
  const scratch::Result up = scratch::cli("up " + path);
  INFO(up.err);
  REQUIRE(up.exit == 0);
  netrig::driver::PolicySource source;
  source.file = NETRIG_TEST_POLICY;
  source.required = true;
  source.development = true;
  netrig::driver::Registry drivers(netrig::driver::load_policy(source));
  return netrig::config::load(path, {.find = [&](std::string_view kind) { return drivers.find(kind); },
                                     .kinds = [&] { return drivers.kinds(); }})
      .lab;
}

}  // namespace

Rig::Rig(const std::string& lab) : lab_(bring_up(lab)) {
  std::vector<netrig::UniqueFd> fds;
  for (const netrig::Namespace& space : lab_.namespaces)
    fds.push_back(std::move(netrig::kernel::open_namespace(netrig::kernel::path_of(space)).value()));
  ground_ = std::make_unique<netrig::check::Ground>(lab_, std::move(fds));
  netrig::check::await_ipv6(*ground_, lab_.tests, {netrig::check::Clock::now() + std::chrono::seconds(60), nullptr});
}

Rig::~Rig() { scratch::cli("--quiet down rig"); }

const netrig::Test& Rig::test(const std::string& name) const {
  const auto found = std::find_if(lab_.tests.begin(), lab_.tests.end(), [&](const auto& t) { return t.name == name; });
  REQUIRE(found != lab_.tests.end());
  return *found;
}

const std::string& an_hour() {
  static const std::string kSeconds = fmt::format("3600.{:07}", ::getpid());
  return kSeconds;
}

std::size_t processes_with(const std::string& word) {
  std::size_t found = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc"))
    if (scratch::read(entry.path() / "cmdline").find(word) != std::string::npos) ++found;
  return found;
}

double metric(const std::vector<netrig::check::Metric>& metrics, const std::string& name) {
  const auto found = std::find_if(metrics.begin(), metrics.end(), [&](const auto& m) { return m.name == name; });
  INFO("metric " << name);
  REQUIRE(found != metrics.end());
  return found->value;
}

}  // namespace rig
