// SPDX-License-Identifier: Apache-2.0
// `impair`: what happens to what an interface sends, as the queueing discipline that does it.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "config/parts.hpp"

namespace netrig::config {
namespace {

constexpr std::uint64_t kLargestBurst = 1ULL << 30U;
/// What waits in a tbf of that rate, and its burst, can still be counted in 32 bits.
constexpr std::int64_t kHighestRate = 500'000'000'000;
constexpr std::int64_t kLowestRate = 8;  // the kernel counts in bytes

constexpr std::array kShares = {std::pair{"loss", &Qdisc::loss}, std::pair{"duplicate", &Qdisc::duplicate},
                                std::pair{"reorder", &Qdisc::reorder}, std::pair{"corrupt", &Qdisc::corrupt}};

Given<PacketDelay> read_delay(const Table& impair, std::string_view key) {
  const auto time = read_time(impair, key, 0ns, 1h);
  if (!time) return {};
  return {PacketDelay(static_cast<std::uint64_t>(time->count())), impair.where(key)};
}

Given<ByteRate> read_rate(const Table& impair) {
  const auto rate = impair.rate("rate");
  if (!rate) return {};
  if (*rate != 0 && (*rate < kLowestRate || *rate > kHighestRate))
    impair.fail(impair.where("rate"), fmt::format("rate is out of range; it can be {} to {}", format_rate(kLowestRate),
                                                  format_rate(kHighestRate)));
  return {ByteRate((static_cast<std::uint64_t>(*rate) + 4) / 8), impair.where("rate")};
}

/// The kernel counts the time of a burst in ticks of 64 ns, and 32 bits of them.
void check_burst(const Table& impair, const Qdisc& qdisc) {
  constexpr std::uint64_t kLongest = 250;  // seconds
  if (!qdisc.burst || *qdisc.burst <= static_cast<std::uint64_t>(*qdisc.rate) * kLongest) return;
  impair.fail(qdisc.burst.where,
              fmt::format("a burst of {} bytes takes more than {} seconds at a rate of {}, which the kernel does not "
                          "count; write a higher rate or a lower burst",
                          *qdisc.burst, kLongest, setting_text(*qdisc.rate)));
}

/// Whether a value that is given is more than none.
template <typename T>
bool is_some(const Given<T>& value) {
  return value && *value != T{};
}

void check_delays(const Table& impair, const Qdisc& qdisc) {
  const auto needs = [&](bool is_there, std::string_view key, std::string_view what, std::string_view example) {
    if (!is_there)
      impair.fail(impair.where(key),
                  fmt::format("{} has nothing to go by without {}; write {} beside it", key, what, example));
  };
  if (is_some(qdisc.jitter)) needs(is_some(qdisc.delay), "jitter", "a delay", "delay = \"50ms\"");
  if (qdisc.distribution) needs(is_some(qdisc.jitter), "distribution", "jitter", "jitter = \"5ms\"");
  // What overtakes is what is not delayed.
  if (is_some(qdisc.reorder)) needs(is_some(qdisc.delay), "reorder", "a delay", "delay = \"50ms\"");
  if (qdisc.burst) needs(is_some(qdisc.rate), "burst", "a rate", "rate = \"10Mbit\"");
}

/// What of it only netem does; empty: nothing.
std::string_view part_of_netem(const Qdisc& qdisc) {
  if (is_some(qdisc.delay)) return "delay";
  for (const auto& [key, share] : kShares)
    if (is_some(qdisc.*share)) return key;
  return qdisc.limit ? "limit" : std::string_view();
}

}  // namespace

std::optional<Qdisc> read_impairment(const Table& owner, std::optional<std::uint32_t> mtu) {
  const toml::table* given = owner.table("impair");
  if (given == nullptr) return std::nullopt;
  const Table impair(*given, "impair", owner.context());
  impair.allow(impair_keys());
  if (given->empty())
    impair.fail(owner.where("impair"), "impair says nothing; write impair = { delay = \"50ms\", loss = 1 }");
  Qdisc qdisc;
  qdisc.where = owner.where("impair");
  qdisc.delay = read_delay(impair, "delay");
  qdisc.jitter = read_delay(impair, "jitter");
  static constexpr std::array kDistributions = {DelayDistribution::uniform, DelayDistribution::normal,
                                                DelayDistribution::pareto, DelayDistribution::paretonormal};
  if (const auto word = impair.choice("distribution", {"uniform", "normal", "pareto", "paretonormal"}))
    qdisc.distribution = {kDistributions.at(*word), impair.where("distribution")};
  for (const auto& [key, share] : kShares)
    if (const auto percent = read_percent(impair, key)) qdisc.*share = {share_of(*percent), impair.where(key)};
  qdisc.rate = read_rate(impair);
  if (const auto burst = impair.size("burst", 1, kLargestBurst))
    qdisc.burst = {static_cast<std::uint32_t>(*burst), impair.where("burst")};
  qdisc.limit = impair.number("limit", 1, kUint32Max);
  check_delays(impair, qdisc);
  const std::string_view netem = part_of_netem(qdisc);
  if (!netem.empty() && qdisc.burst)
    impair.fail(qdisc.burst.where,
                fmt::format("burst is for a rate alone, which a token bucket (tbf) keeps; beside {} netem does, which "
                            "sends packet by packet",
                            netem));
  qdisc.kind = !netem.empty() ? Qdisc::kNetem : is_some(qdisc.rate) ? Qdisc::kTbf : std::string_view();
  if (mtu) qdisc.complete(*mtu);
  if (qdisc.kind == Qdisc::kTbf) check_burst(impair, qdisc);
  return qdisc;
}

Qdisc impairment_of(const std::vector<std::pair<std::string, std::string>>& said, const std::string& about) {
  toml::table impair;
  for (const auto& [key, value] : said) {
    const bool is_share =
        std::any_of(kShares.begin(), kShares.end(), [&, &name = key](const auto& one) { return one.first == name; });
    const std::string_view digits =
        is_share && value.ends_with('%') ? std::string_view(value).substr(0, value.size() - 1) : value;
    double number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    const bool is_number = error == std::errc{} && end == digits.data() + digits.size();
    if (is_number && is_share)
      impair.insert_or_assign(key, number);
    else if (is_number && (key == "burst" || key == "limit") && number == std::floor(number) && number < 1e15)
      impair.insert_or_assign(key, static_cast<std::int64_t>(number));
    else
      impair.insert_or_assign(key, value);
  }
  toml::table owner;
  owner.insert("impair", std::move(impair));
  Context context;
  context.file = &about;
  try {
    return *read_impairment(Table(owner, "command line", context), std::nullopt);
  } catch (const Error& error) {
    throw Error(error.code(), error.message(), about);  // there are no lines and columns
  }
}

}  // namespace netrig::config
