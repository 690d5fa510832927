// SPDX-License-Identifier: Apache-2.0
#include "model/qdisc.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

namespace netrig {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kMillisecond = 1'000'000;

/// Bytes that a rate sends in some nanoseconds.
double sent(ByteRate rate, double nanoseconds) {
  return static_cast<double>(rate) * nanoseconds / static_cast<double>(kSecond);
}

}  // namespace

PacketShare share_of(double percent) {
  return PacketShare(static_cast<std::uint32_t>(std::llround(percent / 100 * UINT32_MAX)));
}

double percent_of(PacketShare share) {
  const double exact = static_cast<double>(share) / UINT32_MAX * 100;
  return std::strtod(fmt::format("{:.6g}", exact).c_str(), nullptr);
}

std::string setting_text(PacketShare value) {
  return value == PacketShare{} ? std::string() : fmt::format("{}%", fmt::format("{:.6g}", percent_of(value)));
}

std::string setting_text(PacketDelay value) {
  return value == PacketDelay{} ? std::string() : format_duration(static_cast<std::int64_t>(value));
}

std::string setting_text(ByteRate value) {
  return value == ByteRate{} ? std::string() : format_rate(static_cast<std::int64_t>(value) * 8);
}

std::string setting_text(DelayDistribution value) {
  switch (value) {
    case DelayDistribution::uniform:
      return "uniform";
    case DelayDistribution::normal:
      return "normal";
    case DelayDistribution::pareto:
      return "pareto";
    case DelayDistribution::paretonormal:
      return "paretonormal";
  }
  return fmt::format("{}", static_cast<unsigned>(value));
}

std::string Qdisc::words() const {
  std::string words;
  each_setting([&](std::string_view name, auto setting) {
    if (!(this->*setting)) return;
    const std::string text = setting_text(*(this->*setting));
    const bool is_usual = text.empty() || (name == "distribution" && *distribution == DelayDistribution::uniform) ||
                          (name == "limit" && *limit == kUsualLimit);
    if (!is_usual) words += fmt::format("{}{} {}", words.empty() ? "" : " ", name, text);
  });
  return words;
}

std::uint32_t Qdisc::queue_wanted() const {
  const double waiting = sent(rate.value_or({}), static_cast<double>(kQueueTime));
  return static_cast<std::uint32_t>(std::min(waiting + burst.value_or(0), static_cast<double>(UINT32_MAX)));
}

PacketDelay Qdisc::queue_time() const {
  if (queue == 0 || !rate || *rate == ByteRate{}) return kQueueTime;
  // A byte or two of it may be the burst's, which is not told exactly.
  const double tolerance = static_cast<double>(burst_tolerance()) + sent(*rate, kMillisecond / 2.0);
  if (std::abs(static_cast<double>(queue) - static_cast<double>(queue_wanted())) <= tolerance) return kQueueTime;
  const std::uint64_t waiting = queue > burst.value_or(0) ? queue - burst.value_or(0) : 0;
  const double nanoseconds = static_cast<double>(waiting) * kSecond / static_cast<double>(*rate);
  return PacketDelay(static_cast<std::uint64_t>(std::round(nanoseconds / kMillisecond)) * kMillisecond);
}

std::uint64_t Qdisc::burst_tolerance() const {
  constexpr double kTicks = 2 * 64;  // PSCHED_SHIFT of net/pkt_sched.h
  return 2 + static_cast<std::uint64_t>(sent(rate.value_or({}), kTicks)) + burst.value_or(0) / 10'000;
}

void Qdisc::complete(std::uint32_t mtu) {
  if (kind == kTbf && !burst) burst = {usual_burst(rate.value_or({}), mtu), where};
}

std::uint32_t usual_burst(ByteRate rate, std::uint32_t mtu) {
  constexpr double kTick = 4.0 * kMillisecond;
  return static_cast<std::uint32_t>(std::min(std::max(sent(rate, kTick), 2.0 * mtu), double{UINT32_MAX}));
}

}  // namespace netrig
