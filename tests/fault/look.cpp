// SPDX-License-Identifier: Apache-2.0
#include "look.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>
#include <tuple>
#include <vector>

#include "process.hpp"

namespace fault {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr const char* kScript = R"(
printf 'link\naddr\nroute show table all\nrule\nneigh show nud permanent\n' | ip -j -d -b -
printf 'route show table all\nrule\nneigh show nud permanent\n' | ip -6 -j -d -b -
cd /proc/sys/net
LC_ALL=C exec grep -H . ipv4/ip_forward ipv4/conf/*/arp_ignore ipv4/conf/*/forwarding ipv4/conf/*/rp_filter \
  ipv6/conf/*/forwarding ipv6/conf/*/accept_ra ipv6/conf/*/disable_ipv6
)";
/// What the script prints, in its order.
constexpr std::array kKinds = {"link", "addr", "route", "rule", "neigh", "route6", "rule6", "neigh6"};

/// Numbers that nobody chose, clocks, and what a bridge thinks of them.
bool is_of_the_moment(const std::string& key) {
  constexpr std::array kKeys = {"link_index",
                                "link_netnsid",
                                "promiscuity",
                                "id",
                                "no",
                                "designated_bridge",
                                "root_id",
                                "bridge_id",
                                "root_port",
                                "designated_port",
                                "designated_root",
                                "topology_change_ack",
                                "config_pending",
                                "topology_change"};
  return key.ends_with("_timer") || std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end();
}

void strip(Json& json) {
  if (json.is_array())
    for (Json& one : json) strip(one);
  if (!json.is_object()) return;
  for (auto one = json.begin(); one != json.end();)
    if (is_of_the_moment(one.key()))
      one = json.erase(one);
    else
      strip(*one++);
}

/// Without MAC addresses that no file has (those begin with 02:00:00) and what the kernel makes of them.
std::string without_chances(const std::string& text) {
  static const std::regex kMac("\"(?!02:00:00|00:00:00|ff:ff:ff)[0-9a-f]{2}(:[0-9a-f]{2}){5}\"");
  static const std::regex kLinkLocal("fe80::[0-9a-f:]*ff:fe[0-9a-f:]+");
  return std::regex_replace(std::regex_replace(text, kMac, "\"MAC\""), kLinkLocal, "fe80::MAC");
}

void look_at_links(const std::string& space, Json& links, Sameness sameness, const std::set<std::string>& made_again) {
  for (Json& link : links)
    if (sameness == Sameness::kind || made_again.contains(fmt::format("{}/{}", space, link.value("ifname", "?"))))
      link.erase("ifindex");
}

Json addresses_of(const Json& links) {
  Json all = Json::array();
  for (const Json& link : links)
    for (Json address : link.at("addr_info")) {
      address["on"] = link.at("ifname");
      all.push_back(std::move(address));
    }
  // The order of IPv4 addresses says which is the first; that of IPv6 ones nothing.
  std::stable_sort(all.begin(), all.end(), [](const Json& a, const Json& b) {
    const auto key = [](const Json& one) {
      return std::tuple(one.at("on").get<std::string>(), one.at("family").get<std::string>(),
                        one.at("family") == "inet" ? std::string() : one.dump());
    };
    return key(a) < key(b);
  });
  return all;
}

void look_at(const std::string& space, Sameness sameness, const std::set<std::string>& made_again,
             std::vector<std::string>& lines) {
  const Done done = run({"nsenter", fmt::format("--net=/run/netns/{}", space), "sh", "-c", kScript});
  std::istringstream text(done.out);
  std::string line;
  for (const char* kind : kKinds) {
    Json objects;
    if (!std::getline(text, line) || (objects = Json::parse(line, nullptr, false)).is_discarded()) {
      lines.push_back(fmt::format("{} cannot be looked at: {}", space, done.err.substr(0, 200)));
      return;
    }
    if (kind == std::string_view("link")) look_at_links(space, objects, sameness, made_again);
    if (kind == std::string_view("addr")) objects = addresses_of(objects);
    strip(objects);
    std::vector<std::string> of_kind;
    for (const Json& object : objects) {
      const std::string said = sameness == Sameness::kind ? without_chances(object.dump()) : object.dump();
      of_kind.push_back(fmt::format("{} {} {}", space, kind, said));
    }
    // Of rules and IPv4 addresses the order counts.
    const bool ordered = std::string_view(kind).starts_with("rule") || kind == std::string_view("addr");
    if (!ordered) std::sort(of_kind.begin(), of_kind.end());
    lines.insert(lines.end(), of_kind.begin(), of_kind.end());
  }
  std::vector<std::string> sysctls;
  while (std::getline(text, line)) sysctls.push_back(fmt::format("{} sysctl {}", space, line));
  std::sort(sysctls.begin(), sysctls.end());
  lines.insert(lines.end(), sysctls.begin(), sysctls.end());
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace

Sight look(Sameness sameness, const std::set<std::string>& made_again) {
  std::vector<std::string> spaces;
  for (const auto& entry : fs::directory_iterator("/run/netns")) spaces.push_back(entry.path().filename());
  std::sort(spaces.begin(), spaces.end());
  std::vector<std::string> lines;
  for (const std::string& space : spaces) look_at(space, sameness, made_again, lines);
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

std::string difference(const Sight& is, const Sight& should_be) {
  if (is == should_be) return {};
  constexpr std::size_t kShown = 3;
  auto here = lines_of(is);
  auto there = lines_of(should_be);
  std::sort(here.begin(), here.end());
  std::sort(there.begin(), there.end());
  std::vector<std::string> more;
  std::vector<std::string> less;
  std::set_difference(here.begin(), here.end(), there.begin(), there.end(), std::back_inserter(more));
  std::set_difference(there.begin(), there.end(), here.begin(), here.end(), std::back_inserter(less));
  if (more.empty() && less.empty()) return "the order of addresses or rules";
  std::string text;
  for (const auto& [word, lines] : {std::pair("there is ", &more), std::pair("there is no ", &less)})
    for (std::size_t i = 0; i < std::min(lines->size(), kShown); ++i)
      text += fmt::format("{}{}{}", text.empty() ? "" : "\n        ", word, (*lines)[i].substr(0, 700));
  return text;
}

}  // namespace fault
