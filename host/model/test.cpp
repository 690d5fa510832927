// SPDX-License-Identifier: Apache-2.0
#include "model/test.hpp"

namespace netrig {
namespace {

struct NameOf {
  std::string_view operator()(const PingCheck&) const { return "ping"; }
  std::string_view operator()(const FailoverCheck&) const { return "failover"; }
  std::string_view operator()(const ConnectCheck& check) const {
    return check.protocol == Protocol::tcp ? "tcp" : "udp";
  }
  std::string_view operator()(const ThroughputCheck&) const { return "throughput"; }
  std::string_view operator()(const PathCheck&) const { return "path"; }
  std::string_view operator()(const MtuCheck&) const { return "mtu"; }
  std::string_view operator()(const DnsCheck&) const { return "dns"; }
  std::string_view operator()(const HttpCheck&) const { return "http"; }
  std::string_view operator()(const UnreachableCheck&) const { return "unreachable"; }
  std::string_view operator()(const NeighbourCheck&) const { return "neighbour"; }
  std::string_view operator()(const RouteCheck&) const { return "route"; }
  std::string_view operator()(const AddressCheck&) const { return "address"; }
  std::string_view operator()(const LinkCheck&) const { return "link"; }
  std::string_view operator()(const FdbCheck&) const { return "fdb"; }
  std::string_view operator()(const ExecCheck&) const { return "exec"; }
  std::string_view operator()(const VerifyCheck&) const { return "verify"; }
};

template <typename T>
concept Aimed = requires(const T& check) {
  check.to.text;
};

}  // namespace

std::string_view name_of(const Check& check) { return std::visit(NameOf{}, check); }

const std::vector<InterfacePattern>* interfaces_of(const Event& event) {
  if (const auto* link = std::get_if<LinkEvent>(&event.what)) return &link->interfaces;
  if (const auto* impair = std::get_if<ImpairEvent>(&event.what)) return &impair->interfaces;
  return nullptr;
}

const Target* target_of(const Check& check) {
  return std::visit(
      [](const auto& one) -> const Target* {
        if constexpr (Aimed<std::decay_t<decltype(one)>>)
          return &one.to;
        else
          return nullptr;
      },
      check);
}

}  // namespace netrig
