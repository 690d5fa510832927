// SPDX-License-Identifier: Apache-2.0
#include "session/capture_points.hpp"

#include <fmt/format.h>
#include <net/if.h>

#include <algorithm>
#include <iterator>

#include "engine/spaces.hpp"
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

/// A namespace of the lab that patterns mean, and its interfaces.
struct Home {
  const engine::MadeNamespace* made = nullptr;
  UniqueFd space = {};
  std::vector<kernel::LinkState> links = {};
};

std::vector<Home> homes_of(const engine::Record& record, const std::vector<InterfacePattern>& patterns) {
  std::vector<Home> homes;
  for (const engine::MadeNamespace& made : record.namespaces)
    if (std::any_of(patterns.begin(), patterns.end(),
                    [&](const InterfacePattern& pattern) { return matches(pattern.space, made.name); }))
      homes.push_back({.made = &made});
  engine::parallel(homes.size(), engine::worker_count(), [&](std::size_t i) {
    homes[i].space = open_own(*homes[i].made, record.lab);
    kernel::enter(homes[i].space);
    kernel::Socket socket;
    homes[i].links = kernel::list_links(socket);
  });
  return homes;
}

bool is_meant(const InterfacePattern& pattern, const Home& home, const kernel::LinkState& link) {
  return matches(pattern.space, home.made->name) && matches(pattern.interface, link.name);
}

/// Throws Error{not_found} for the first pattern without an interface.
void require_matches(const engine::Record& record, const std::vector<InterfacePattern>& patterns,
                     const std::vector<Home>& homes) {
  for (const InterfacePattern& pattern : patterns) {
    bool found = false;
    std::vector<std::string> spaces;
    std::vector<std::string> interfaces;
    for (const engine::MadeNamespace& made : record.namespaces) spaces.push_back(made.name);
    for (const Home& home : homes)
      for (const kernel::LinkState& link : home.links) {
        found = found || is_meant(pattern, home, link);
        if (matches(pattern.space, home.made->name)) interfaces.push_back(link.name);
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

/// Thread: in the namespace.
void open_point(const Home& home, const kernel::LinkState& link, const capture::TapSpec& spec, CapturePoints& opened) {
  const std::string name = home.made->name + ":" + link.name;
  try {
    CapturePoint point{.space = home.made->name, .cookie = home.made->cookie, .result = {.name = name}};
    point.tap = std::make_unique<capture::Tap>(link.name, spec);
    opened.points.push_back(std::move(point));
  } catch (const Error& error) {
    // It went down, or away, since it was looked at.
    if (error.code() != ErrorCode::not_found)
      throw Error(error.code(), error.code() == ErrorCode::invalid
                                    ? fmt::format("\"{}\" is no filter for {}: {}", spec.filter, name, error.message())
                                    : fmt::format("cannot capture at {}: {}", name, error.message()));
    opened.not_up.push_back(name);
  }
}

}  // namespace

CapturePoints open_points(const engine::Record& record, const CaptureRequest& request) {
  const std::vector<Home> homes = homes_of(record, request.interfaces);
  require_matches(record, request.interfaces, homes);
  const auto is_wanted = [&](const Home& home, const kernel::LinkState& link) {
    return std::any_of(request.interfaces.begin(), request.interfaces.end(),
                       [&](const InterfacePattern& pattern) { return is_meant(pattern, home, link); });
  };
  std::uint32_t count = 0;
  for (const Home& home : homes)
    count += static_cast<std::uint32_t>(
        std::count_if(home.links.begin(), home.links.end(), [&](const auto& link) { return is_wanted(home, link); }));
  const std::uint32_t ring = std::clamp(kAllRings / count, kSmallestRing, kLargestRing);
  const milliseconds gather = kMostPause / (ring / capture::kBlock);
  const capture::TapSpec spec{.filter = request.filter, .snap = request.snap, .ring = ring, .gather = gather};
  std::vector<CapturePoints> parts(homes.size());
  engine::parallel(homes.size(), kRingThreads, [&](std::size_t i) {
    kernel::enter(homes[i].space);
    for (const kernel::LinkState& link : homes[i].links) {
      if (!is_wanted(homes[i], link)) continue;
      if ((link.flags & IFF_UP) != 0)
        open_point(homes[i], link, spec, parts[i]);
      else
        parts[i].not_up.push_back(homes[i].made->name + ":" + link.name);
    }
  });
  CapturePoints all{.gather = gather};
  for (CapturePoints& part : parts) {
    std::move(part.points.begin(), part.points.end(), std::back_inserter(all.points));
    std::move(part.not_up.begin(), part.not_up.end(), std::back_inserter(all.not_up));
  }
  if (all.points.empty())
    throw Error(ErrorCode::not_found, fmt::format("cannot capture at {}{}: it is not up", all.not_up.front(),
                                                  all.not_up.size() == 1 ? "" : ", nor at others"));
  return all;
}

}  // namespace netrig::session
