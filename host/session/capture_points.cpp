// SPDX-License-Identifier: Apache-2.0
#include "session/capture_points.hpp"

#include <fmt/format.h>
#include <net/if.h>

#include <algorithm>
#include <iterator>

#include "engine/spaces.hpp"
#include "kernel/inside.hpp"
#include "kernel/link.hpp"
#include "kernel/namespace.hpp"
#include "session/own.hpp"

namespace netrig::session {
namespace {

using std::chrono::milliseconds;

// Of the kernel's memory for all rings, unless there are so many that each would have too little: two blocks.
constexpr std::uint32_t kAllRings = 256U << 20;
constexpr std::uint32_t kLargestRing = 4U << 20;
constexpr std::uint32_t kSmallestRing = 2 * capture::kBlock;
// How long nobody may read before packets are lost, however few there are: a block goes out of use when it is handed
// over.
constexpr auto kMostPause = milliseconds(320);

bool is_meant(const InterfacePattern& pattern, const CaptureHome& home, const std::string& link) {
  return matches(pattern.space, home.space) && matches(pattern.interface, link);
}

bool is_wanted(const CaptureRequest& request, const CaptureHome& home, const std::string& link) {
  return std::any_of(request.interfaces.begin(), request.interfaces.end(),
                     [&](const InterfacePattern& pattern) { return is_meant(pattern, home, link); });
}

/// Notices come of what happens from now on.
std::vector<CaptureHome> homes_of(const engine::Record& record, const std::vector<InterfacePattern>& patterns) {
  std::vector<const engine::MadeNamespace*> meant;
  for (const engine::MadeNamespace& made : record.namespaces)
    if (std::any_of(patterns.begin(), patterns.end(),
                    [&](const InterfacePattern& pattern) { return matches(pattern.space, made.name); }))
      meant.push_back(&made);
  std::vector<CaptureHome> homes(meant.size());
  engine::parallel(homes.size(), engine::worker_count(), [&](std::size_t i) {
    homes[i] = {.space = meant[i]->name, .cookie = meant[i]->cookie, .fd = open_own(*meant[i], record.lab)};
    kernel::enter(homes[i].fd);
    homes[i].notices = std::make_unique<kernel::LinkNotices>();
  });
  return homes;
}

using Links = std::vector<kernel::LinkState>;

std::vector<Links> links_of(const std::vector<CaptureHome>& homes) {
  std::vector<Links> links(homes.size());
  engine::parallel(homes.size(), engine::worker_count(), [&](std::size_t i) {
    kernel::enter(homes[i].fd);
    kernel::Socket socket;
    links[i] = kernel::list_links(socket);
  });
  return links;
}

/// Throws Error{not_found} for the first pattern without an interface.
void require_matches(const engine::Record& record, const std::vector<InterfacePattern>& patterns,
                     const std::vector<CaptureHome>& homes, const std::vector<Links>& links) {
  for (const InterfacePattern& pattern : patterns) {
    bool found = false;
    std::vector<std::string> spaces;
    std::vector<std::string> interfaces;
    for (const engine::MadeNamespace& made : record.namespaces) spaces.push_back(made.name);
    for (std::size_t i = 0; i < homes.size(); ++i)
      for (const kernel::LinkState& link : links[i]) {
        found = found || is_meant(pattern, homes[i], link.name);
        if (matches(pattern.space, homes[i].space)) interfaces.push_back(link.name);
      }
    if (found) continue;
    const bool has_space = !interfaces.empty();
    std::optional<std::string> hint =
        has_space ? closest(pattern.interface, interfaces) : closest(pattern.space, spaces);
    if (hint) hint = has_space ? pattern.space + ":" + *hint : *hint + ":" + pattern.interface;
    throw Error(ErrorCode::not_found,
                fmt::format("\"{}\" matches no {} of lab {}{}", pattern.str(), has_space ? "interface" : "namespace",
                            record.lab, hint ? fmt::format("; did you mean \"{}\"?", *hint) : ""));
  }
}

/// Nothing: it went down, or away, since it was looked at. Thread: in the namespace.
std::optional<CapturePoint> open_point(const CaptureHome& home, const kernel::LinkState& link,
                                       const capture::TapSpec& spec) {
  const std::string name = home.space + ":" + link.name;
  try {
    CapturePoint point{.space = home.space, .cookie = home.cookie, .ifindex = link.ifindex, .result = {.name = name}};
    point.tap = std::make_unique<capture::Tap>(link.name, spec);
    return point;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::not_found) return std::nullopt;
    throw Error(error.code(), error.code() == ErrorCode::invalid
                                  ? fmt::format("\"{}\" is no filter for {}: {}", spec.filter, name, error.message())
                                  : fmt::format("cannot capture at {}: {}", name, error.message()));
  }
}

/// Those that are up. Thread: in the namespace.
std::vector<CapturePoint> open_those(CaptureHome& home, const Links& links, const CaptureRequest& request,
                                     const capture::TapSpec& spec, const std::set<std::uint32_t>& known) {
  std::vector<CapturePoint> opened;
  home.not_up.clear();
  for (const kernel::LinkState& link : links) {
    if (!is_wanted(request, home, link.name) || known.contains(link.ifindex)) continue;
    auto point = (link.flags & IFF_UP) != 0 ? open_point(home, link, spec) : std::nullopt;
    if (point)
      opened.push_back(std::move(*point));
    else
      home.not_up.push_back(home.space + ":" + link.name);
  }
  return opened;
}

}  // namespace

CapturePoints open_points(const engine::Record& record, const CaptureRequest& request) {
  CapturePoints all{.homes = homes_of(record, request.interfaces)};
  std::vector<CaptureHome>& homes = all.homes;
  const std::vector<Links> links = links_of(homes);
  require_matches(record, request.interfaces, homes, links);
  std::uint32_t count = 0;
  for (std::size_t i = 0; i < homes.size(); ++i)
    count +=
        static_cast<std::uint32_t>(std::count_if(links[i].begin(), links[i].end(), [&](const kernel::LinkState& link) {
          return is_wanted(request, homes[i], link.name);
        }));
  const std::uint32_t ring = std::clamp(kAllRings / count, kSmallestRing, kLargestRing);
  all.spec = {
      .filter = request.filter, .snap = request.snap, .ring = ring, .gather = kMostPause / (ring / capture::kBlock)};
  std::vector<std::vector<CapturePoint>> parts(homes.size());
  engine::parallel(homes.size(), kRingThreads, [&](std::size_t i) {
    kernel::enter(homes[i].fd);
    parts[i] = open_those(homes[i], links[i], request, all.spec, {});
  });
  for (std::vector<CapturePoint>& part : parts) std::move(part.begin(), part.end(), std::back_inserter(all.points));
  // Of those that are up the filter has been compiled for what they carry.
  if (const auto fault = all.points.empty() ? capture::filter_fault(request.filter) : std::nullopt)
    throw Error(ErrorCode::invalid, fmt::format("\"{}\" is no filter: {}", request.filter, *fault));
  return all;
}

std::vector<CapturePoint> open_more(CaptureHome& home, const CaptureRequest& request, const capture::TapSpec& spec,
                                    const std::set<std::uint32_t>& known) {
  home.notices->clear();
  std::vector<CapturePoint> opened;
  kernel::inside(home.fd, [&] {
    kernel::Socket socket;
    opened = open_those(home, kernel::list_links(socket), request, spec, known);
  });
  return opened;
}

}  // namespace netrig::session
