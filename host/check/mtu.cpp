// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "check/prober.hpp"
#include "check/run_checks.hpp"
#include "kernel/link.hpp"
#include "kernel/route.hpp"

namespace netrig::check {
namespace {

constexpr int kTries = 2;

constexpr std::uint32_t least_of(Family family) { return family == Family::ipv4 ? 68 : 1280; }  // RFC 791, RFC 8200

/// Size of the largest packet that the first link takes, whatever path MTU the kernel remembers.
std::uint32_t first_link(const Job& job, const Pair& pair) {
  std::uint32_t mtu = 0;
  job.ground.inside(pair.from, [&] {
    kernel::Socket socket;
    const auto route = kernel::look_up_route(socket, {.to = pair.address});
    if (!route || route->next_hops.empty()) return;
    if (const auto link = kernel::get_link(socket, route->next_hops.front().ifindex)) mtu = link->mtu;
  });
  return std::min<std::uint32_t>(mtu, 65535);
}

/// What is known of the way to one target.
struct Discovery {
  std::uint32_t mtu = 0;  ///< largest packet that is proven to pass
  bool black_hole = false;
  std::optional<IpAddress> told_by = {};
};

class Explorer {
 public:
  Explorer(const MtuCheck& check, const Job& job, const Pair& pair)
      : check_(check), job_(job), pairs_{pair}, prober_(job.ground) {}

  /// One packet of this size, twice if it is lost.
  Probe send(std::uint32_t size) {
    std::vector<Probe> probes;
    for (int attempt = 0; attempt < kTries; ++attempt) {
      probes = {{.pair = 0, .size = size - echo_overhead(pairs_[0].address.family)}};
      prober_.run(pairs_, probes, {.dont_fragment = true, .timeout = check_.timeout, .again = true}, job_.until,
                  Clock::now());
      if (probes[0].fate != Probe::Fate::waiting) break;
    }
    return probes[0];
  }

  /// A packet that was lost by chance would pass for a black hole: the smallest one that did not come back is sent
  /// again, and if it comes back, all that followed from its loss is forgotten.
  Discovery explore(std::uint32_t top) {
    Discovery found{.mtu = least_of(pairs_[0].address.family)};
    do {
      found.black_hole = false;
      narrow(found, top);
    } while (found.black_hole && !job_.until.over() && send(found.mtu + 1).fate == Probe::Fate::replied);
    return found;
  }

 private:
  void narrow(Discovery& found, std::uint32_t top) {
    const Family family = pairs_[0].address.family;
    std::uint32_t above = top + 1;  // smallest size known not to pass
    std::uint32_t size = top;
    while (found.mtu < above - 1 && !job_.until.over()) {
      const Probe probe = send(size);
      if (probe.fate == Probe::Fate::replied) {
        found.mtu = size;
      } else {
        above = size;
        const bool told = probe.fate == Probe::Fate::refused && is_too_big(family, probe.type, probe.code);
        if (told) found.told_by = probe.who;
        // Larger than the first link: the sender knows. Anything else that is lost is lost without a word.
        if (!told && !(probe.fate == Probe::Fate::unsendable && probe.error == EMSGSIZE)) found.black_hole = true;
        if (told && probe.mtu > found.mtu && probe.mtu < size) {
          size = probe.mtu;
          continue;
        }
      }
      size = found.mtu + (above - found.mtu) / 2;
    }
  }

  const MtuCheck& check_;
  const Job& job_;
  std::vector<Pair> pairs_;
  Prober prober_;
};

void discover(const MtuCheck& check, const Job& job, const Pair& pair) {
  PairResult& result = job.add(pair);
  const auto fail = [&](std::string seen, std::string expected) {
    result.outcome = Outcome::failed;
    job.fail({.about = job.about(pair),
              .seen = std::move(seen),
              .expected = std::move(expected),
              .look_at = job.exec_line(pair.from, fmt::format("tracepath -n {}", pair.address.str()))});
  };
  const std::string wanted = fmt::format("a path MTU of {}", check.equals);
  Explorer explorer(check, job, pair);
  const Probe small = explorer.send(least_of(pair.address.family));
  if (small.fate != Probe::Fate::replied) {
    fail(fmt::format("not even a packet of {} bytes comes back: {}", least_of(pair.address.family),
                     fate_text(small, pair)),
         wanted);
    return;
  }
  const Discovery found = explorer.explore(std::max(first_link(job, pair), least_of(pair.address.family)));
  result.metrics = {{"mtu", static_cast<double>(found.mtu), "bytes"}, {"black_hole", found.black_hole ? 1.0 : 0.0, ""}};
  job.result.reproduce.push_back(job.exec_line(
      pair.from,
      fmt::format("ping -c 3 -M do -s {} {}", found.mtu - echo_overhead(pair.address.family), pair.address.str())));
  const std::string seen = fmt::format(
      "a path MTU of {}{}{}", found.mtu,
      found.told_by ? fmt::format(", told by {}", found.told_by->str()) : std::string(),
      found.black_hole ? fmt::format("; larger packets are lost without a word (black hole)") : std::string());
  if (found.mtu != check.equals)
    fail(seen, wanted);
  else if (found.black_hole && !check.black_hole)
    fail(seen, "\"fragmentation needed\" or \"packet too big\" for larger packets");
  else if (!found.black_hole && check.black_hole)
    fail(seen, "larger packets lost without a word (black_hole = true)");
}

}  // namespace

void run(const MtuCheck& check, const Job& job) {
  for (const Pair& pair : job.pairs(check.to)) {
    if (job.until.over()) break;
    discover(check, job, pair);
  }
  if (!job.result.pairs.empty()) job.result.metrics = job.result.pairs.front().metrics;
}

}  // namespace netrig::check
