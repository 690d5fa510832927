// SPDX-License-Identifier: Apache-2.0
// Which addresses an interface can have, and which are likely a slip.
#include <fmt/format.h>

#include <array>

#include "config/parts.hpp"

namespace netrig::config {
namespace {

Prefix prefix(std::string_view text) { return *Prefix::parse(text); }

struct Special {
  Prefix prefix;
  std::string_view what;
};

void warn(const Context& context, Position where, std::string message) {
  context.warnings->add(context.place(where), std::move(message));
}

constexpr std::string_view kAdvice =
    "labs use private (RFC 1918: 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16) or documentation addresses "
    "(RFC 5737: 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24)";
constexpr std::string_view kAdvice6 =
    "labs use unique local (RFC 4193: fd00::/8) or documentation addresses (RFC 3849: 2001:db8::/32)";

void check_range(const Prefix& address, Position where, const Context& context) {
  static const std::array kOdd = {
      Special{prefix("240.0.0.0/4"), "reserved for future use (RFC 1112)"},
      Special{prefix("0.0.0.0/8"), "\"this network\" (RFC 1122)"},
      Special{prefix("192.0.0.0/24"), "reserved for protocols (RFC 6890)"},
      Special{prefix("::/96"), "deprecated (RFC 4291, 2.5.5.1)"},
      Special{prefix("::ffff:0:0/96"), "IPv4 mapped (RFC 4291, 2.5.5.2)"},
      Special{prefix("fec0::/10"), "deprecated (RFC 3879)"},
  };
  static const std::array kUsual = {prefix("10.0.0.0/8"),    prefix("172.16.0.0/12"),   prefix("192.168.0.0/16"),
                                    prefix("192.0.2.0/24"),  prefix("198.51.100.0/24"), prefix("203.0.113.0/24"),
                                    prefix("100.64.0.0/10"), prefix("198.18.0.0/15"),   prefix("169.254.0.0/16"),
                                    prefix("2001:db8::/32"), prefix("3fff::/20"),       prefix("fc00::/7"),
                                    prefix("fe80::/10"),     prefix("2001:2::/48")};
  const std::string_view advice = address.address.family == Family::ipv4 ? kAdvice : kAdvice6;
  for (const Special& odd : kOdd)
    if (odd.prefix.contains(address.address)) {
      warn(context, where, fmt::format("address {} is {}; {}", address.str(), odd.what, advice));
      return;
    }
  for (const Prefix& usual : kUsual)
    if (usual.contains(address.address)) return;
  warn(context, where, fmt::format("address {} is public and belongs to somebody; {}", address.str(), advice));
}

}  // namespace

void check_interface_address(const Prefix& address, const std::string& interface, Position where,
                             const Context& context) {
  const IpAddress& ip = address.address;
  const auto refuse = [&](std::string_view what) {
    context.fail(where, fmt::format("address {} is {}, which no interface can have; use the address of a host",
                                    address.str(), what));
  };
  if (ip.is_unspecified()) refuse("the unspecified address");
  if (ip.is_multicast()) refuse("a multicast address");
  if (ip.is_loopback()) {
    if (interface != "lo")
      context.fail(where, fmt::format("address {} is a loopback address, which no interface can have; lo = [\"{}\"] of "
                                      "its namespace can",
                                      ip.str(), address.str()));
    if (ip == *IpAddress::parse("127.0.0.1") || ip == *IpAddress::parse("::1"))
      context.fail(where, fmt::format("address {} is on every lo; leave it out", ip.str()));
    return;
  }
  if (ip.family == Family::ipv4 && ip == *IpAddress::parse("255.255.255.255")) refuse("the limited broadcast address");
  if (address.length == 0) refuse("on a prefix of length 0");
  if (ip.family == Family::ipv4 && address.length < 31) {
    if (ip == address.network().address)
      warn(context, where,
           fmt::format("address {} is the network address of its prefix; hosts begin one above", address.str()));
    if (ip == address.last())
      warn(context, where,
           fmt::format("address {} is the broadcast address of its prefix; hosts end one below", address.str()));
  }
  check_range(address, where, context);
}

}  // namespace netrig::config
