// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "capture/packet.hpp"

struct pcap;

namespace netrig::capture {

inline constexpr std::uint32_t kLongestSnap = 262144;  ///< of libpcap; no packet is longer

inline constexpr std::uint32_t kBlock = 256 << 10;  ///< of a ring, by libpcap; Units: bytes

struct TapSpec {
  std::string filter = {};  ///< pcap-filter(7); empty: every packet
  std::uint32_t snap = kLongestSnap;
  std::uint32_t ring = 4 << 20;  ///< Units: bytes
  /// Unset: what has arrived can be read, but the ring has a slot of the snap length for each packet, so it holds few.
  /// Else it holds as many as its bytes, in blocks that can be read when they are full or so old.
  std::optional<std::chrono::milliseconds> gather = {};
};
/// When all that has arrived can be read. A block may be looked at twice (tp_retire_blk_tov of packet(7)), by a clock
/// of up to 10 ms; the rest is for a busy machine.
[[nodiscard]] constexpr std::chrono::milliseconds latest_of(std::chrono::milliseconds gather) {
  return 2 * gather + std::chrono::milliseconds(30);
}

/// The packets of one interface, in both directions. Nothing of the interface changes: it does not become promiscuous.
/// Thread: one at a time; it need not be in the interface's namespace, which lives as long as this does.
class Tap {
 public:
  /// Of an interface in the namespace that the calling thread is in. Throws Error without its name: {invalid} for a
  /// filter that is none there, {not_found} if it is not there or not up, {denied}, {failed}.
  Tap(const std::string& interface, const TapSpec& spec);

  [[nodiscard]] int fd() const;
  [[nodiscard]] std::uint16_t link_type() const;
  /// Hands over what can be read. Returns why there will be no more: the interface is gone.
  std::optional<std::string> read(const std::function<void(const Packet&)>& take);
  /// The same without reading: the kernel tells of an interface's end when it goes down, and not again when it is gone
  /// (packet_notifier), so who reads in between is not told.
  [[nodiscard]] bool is_gone() const;
  Counts counts();

 private:
  struct Closer {
    void operator()(pcap* handle) const;
  };
  std::unique_ptr<pcap, Closer> handle_;
  Counts counts_;
  std::uint32_t received_ = 0;  ///< as libpcap counts, in 32 bits
  std::uint32_t dropped_ = 0;
};

/// Why a text is no capture filter, in libpcap's words; nothing if it is one (of Ethernet).
std::optional<std::string> filter_fault(const std::string& filter);

}  // namespace netrig::capture
