// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "model/settings.hpp"

namespace netrig {

/// A share of all packets, as netem counts: UINT32_MAX are all of them.
enum class PacketShare : std::uint32_t {};
/// Units: ns.
enum class PacketDelay : std::uint64_t {};
/// Units: bytes a second.
enum class ByteRate : std::uint64_t {};
/// How delays lie around their mean.
enum class DelayDistribution : std::uint8_t { uniform, normal, pareto, paretonormal };
/// What is nothing is an empty text: none.
std::string setting_text(PacketShare value);
std::string setting_text(PacketDelay value);
std::string setting_text(ByteRate value);
std::string setting_text(DelayDistribution value);

/// `percent`: 0 to 100.
PacketShare share_of(double percent);
/// As a file would say it: 0.1, and not what is left of it in 32 bits.
double percent_of(PacketShare share);

/// The queueing discipline at the root of an interface (tc(8)), through which goes all that it sends; those that every
/// link has by itself are none. Of kind "netem" or "tbf" it is what a lab's `impair` says (tc-netem(8), tc-tbf(8)).
struct Qdisc {
  static constexpr std::string_view kKind = "qdisc";
  static constexpr Realm kRealm = Realm::netlink;
  static constexpr std::string_view kNetem = "netem";
  static constexpr std::string_view kTbf = "tbf";
  static constexpr std::uint32_t kUsualLimit = 1000;                  ///< of a netem, as tc-netem(8) has it
  static constexpr PacketDelay kQueueTime = PacketDelay(50'000'000);  ///< how long a packet may wait in a tbf

  std::string interface = {};
  std::string kind = {};  ///< the kernel's word; empty: nothing is impaired
  Given<PacketDelay> delay = {};
  Given<PacketDelay> jitter = {};
  Given<DelayDistribution> distribution = {};  ///< the kernel does not tell it
  Given<PacketShare> loss = {};
  Given<PacketShare> duplicate = {};
  Given<PacketShare> reorder = {};  ///< of all packets, those that are not delayed
  Given<PacketShare> corrupt = {};
  Given<ByteRate> rate = {};
  Given<std::uint32_t> burst = {};  ///< of a tbf; Units: bytes
  Given<std::uint32_t> limit = {};  ///< of a netem; Units: packets
  std::uint32_t queue = 0;          ///< of a tbf, as seen: how many bytes may wait; 0: as its rate and burst have it
  bool beyond = false;              ///< as seen: it does more than a lab can say
  Position where = {};

  [[nodiscard]] std::string_view key() const { return interface; }
  [[nodiscard]] const std::string& text() const { return kind; }
  /// "delay 50ms loss 1%": what it does.
  [[nodiscard]] std::string words() const;
  /// Whether a lab says all that one does which was seen.
  [[nodiscard]] bool is_impairment() const {
    return !beyond && (kind == kNetem || (kind == kTbf && queue_time() == kQueueTime));
  }
  /// Of a tbf, how much must be allowed to wait.
  [[nodiscard]] std::uint32_t queue_wanted() const;
  /// How long a packet may wait in a tbf that was seen.
  [[nodiscard]] PacketDelay queue_time() const;
  /// How far the kernel's word for a burst may be from what was asked for: it counts in ticks of 64 ns.
  [[nodiscard]] std::uint64_t burst_tolerance() const;
  /// A tbf that does not say gets its burst.
  void complete(std::uint32_t mtu);
  Qdisc& own() { return *this; }
  [[nodiscard]] const Qdisc& own() const { return *this; }
  /// What is no setting of an object or of a constant one, by name, for who writes it down.
  template <typename Self, typename Visit>
  static void each_other(Self& self, Visit&& visit) {
    visit("interface", self.interface);
    visit("qdisc", self.kind);
  }
  template <typename Visit>
  static void each_setting(Visit&& visit) {
    visit("delay", &Qdisc::delay);
    visit("jitter", &Qdisc::jitter);
    visit("distribution", &Qdisc::distribution);
    visit("loss", &Qdisc::loss);
    visit("duplicate", &Qdisc::duplicate);
    visit("reorder", &Qdisc::reorder);
    visit("corrupt", &Qdisc::corrupt);
    visit("rate", &Qdisc::rate);
    visit("burst", &Qdisc::burst);
    visit("limit", &Qdisc::limit);
  }
  friend bool operator==(const Qdisc&, const Qdisc&) = default;
};

/// Of a link that does not say: Ethernet's.
inline constexpr std::uint32_t kUsualMtu = 1500;
/// The burst of a tbf that does not say: what its rate sends in 4 ms, a timer's tick on the slowest kernels, and two
/// packets at least.
std::uint32_t usual_burst(ByteRate rate, std::uint32_t mtu);

}  // namespace netrig
