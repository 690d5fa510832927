// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "check/watch.hpp"
#include "kernel/counters.hpp"

namespace netrig::check {
namespace {

/// The counters of each part's interface; nothing where there is none.
std::vector<std::optional<kernel::LinkCounters>> read_all(const Job& job) {
  const std::vector<Share::Part>& parts = job.test.share->parts;
  std::vector<std::optional<kernel::LinkCounters>> readings(parts.size());
  for (std::size_t space = 0; space < job.lab().namespaces.size(); ++space) {
    const auto is_here = [&](const Share::Part& part) { return part.interface.space == job.ground.name(space); };
    if (std::none_of(parts.begin(), parts.end(), is_here)) continue;
    job.ground.inside(space, [&] {
      kernel::Socket socket;
      for (const kernel::LinkCounters& one : kernel::list_counters(socket))
        for (std::size_t i = 0; i < parts.size(); ++i)
          if (is_here(parts[i]) && parts[i].interface.interface == one.name) readings[i] = one;
    });
  }
  return readings;
}

}  // namespace

struct ShareWatch::State {
  std::vector<std::optional<kernel::LinkCounters>> before;
};

ShareWatch::ShareWatch(const Job& job) : state_(std::make_unique<State>()) {
  state_->before = read_all(job);
  for (std::size_t i = 0; i < state_->before.size(); ++i)
    if (!state_->before[i])
      throw Error(ErrorCode::not_found,
                  fmt::format("there is no interface {} to count at", job.test.share->parts[i].interface.str()),
                  job.lab().at(job.test.share->where));
}
ShareWatch::~ShareWatch() = default;

void ShareWatch::finish(const Job& job) {
  const Share& share = *job.test.share;
  const auto after = read_all(job);
  std::vector<std::uint64_t> sent;
  std::uint64_t sum = 0;
  std::uint64_t whole = 0;
  for (std::size_t i = 0; i < after.size(); ++i) {
    const std::string name = share.parts[i].interface.str();
    if (!after[i] || after[i]->ifindex != state_->before[i]->ifindex)
      return job.fail({.about = name,
                       .seen = after[i] ? "the interface is another one than before the test"
                                        : "the interface went away during the test",
                       .expected = "that it is there to count",
                       .look_at = fmt::format("netrig status {}", job.lab().name.str())});
    sent.push_back(after[i]->sent - state_->before[i]->sent);
    sum += sent.back();
    whole += share.parts[i].ratio;
  }
  std::vector<std::string> seen;
  std::vector<std::string> expected;
  std::vector<std::string> names;
  bool good = sum > 0;
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const std::string name = share.parts[i].interface.str();
    const double part = static_cast<double>(sum) * share.parts[i].ratio / static_cast<double>(whole);
    const double most = part * share.tolerance / 100;
    good = good && std::abs(static_cast<double>(sent[i]) - part) <= most;
    const double percent = sum == 0 ? 0 : 100 * static_cast<double>(sent[i]) / static_cast<double>(sum);
    job.result.metrics.push_back({name + " share", percent, "%"});
    names.push_back(name);
    seen.push_back(fmt::format("{} {} ({:.1f}%)", name, sent[i], percent));
    expected.push_back(fmt::format("{} {:.0f} to {:.0f} ({:.1f}%)", name, std::ceil(part - most),
                                   std::floor(part + most), 100.0 * share.parts[i].ratio / static_cast<double>(whole)));
  }
  if (good) return;
  const std::size_t space = *job.lab().find_namespace(share.parts.front().interface.space);
  job.fail({.about = fmt::format("{}", fmt::join(names, ", ")),
            .seen = sum == 0 ? std::string("they sent no packet")
                             : fmt::format("of {} packets: {}", sum, fmt::join(seen, ", ")),
            .expected = sum == 0
                            ? std::string("packets to share out")
                            : fmt::format("{}, within {:g}% of each part", fmt::join(expected, ", "), share.tolerance),
            .look_at = job.exec_line(space, "ip -s link")});
}

}  // namespace netrig::check
