// SPDX-License-Identifier: Apache-2.0
#include "model/forwarding.hpp"

namespace netrig {
namespace {

constexpr std::string_view kSwitch4 = "net.ipv4.ip_forward";
constexpr std::string_view kSwitch6 = "net.ipv6.conf.all.forwarding";
constexpr std::string_view kSame4 = "net.ipv4.conf.all.forwarding";
constexpr std::string_view kRedirects = "net.ipv4.conf.all.accept_redirects";

}  // namespace

std::string_view one_name(std::string_view key) { return key == kSame4 ? kSwitch4 : key; }

bool is_switch(std::string_view key) { return key == kSwitch6 || one_name(key) == kSwitch4; }

std::string_view switch_of(std::string_view key) {
  if (key == kRedirects) return kSwitch4;
  if (is_switch(key) || !key.ends_with(".forwarding")) return {};
  if (key.starts_with("net.ipv4.conf.")) return kSwitch4;
  return key.starts_with("net.ipv6.conf.") ? kSwitch6 : std::string_view{};
}

bool is_written_with(std::string_view key, std::string_view other) {
  return one_name(key) == one_name(other) || (is_switch(other) && switch_of(key) == one_name(other));
}

bool is_opposite(std::string_view key) { return key == kRedirects; }

}  // namespace netrig
