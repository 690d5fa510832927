// SPDX-License-Identifier: Apache-2.0
// This folder takes packets from interfaces and writes them down: a filtered packet socket an interface, packets of
// many of them in the order of time, files in the form of pcapng. It knows interfaces by what they are called, and no
// lab.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace netrig::capture {

/// What was seen of one packet.
struct Packet {
  std::chrono::nanoseconds when{};        ///< since 1970, by the kernel's clock
  std::uint32_t length = 0;               ///< on the wire
  std::span<const std::byte> bytes = {};  ///< of it, as many as are kept
};

/// A packet that outlives the buffer it was found in.
struct KeptPacket {
  std::chrono::nanoseconds when{};
  std::uint32_t length = 0;
  std::vector<std::byte> bytes = {};

  explicit KeptPacket(const Packet& packet)
      : when(packet.when), length(packet.length), bytes(packet.bytes.begin(), packet.bytes.end()) {}
  [[nodiscard]] Packet packet() const { return {.when = when, .length = length, .bytes = bytes}; }
};

/// Link types of www.tcpdump.org/linktypes.html that interfaces here mostly have.
enum LinkType : std::uint16_t {
  kEthernet = 1,
  kRaw = 101,     ///< IPv4 or IPv6 at once: tun, sit, ipip
  kCooked = 113,  ///< a header of libpcap's own, where it does not know the interface's: gre
};

/// What a file says of an interface that is captured at.
struct Interface {
  std::string name;             ///< "namespace:interface"
  std::uint16_t link_type = 0;  ///< LinkType, or another number of that list
  std::uint32_t snap = 0;       ///< most bytes of a packet
  std::string filter = {};
};

/// Of one interface, since it was opened.
struct Counts {
  std::uint64_t received = 0;  ///< that the filter took, with those dropped
  std::uint64_t dropped = 0;   ///< for want of room: nobody read them in time
};

/// Where packets go. Thread: one.
class Sink {
 public:
  using Count = std::function<std::vector<Counts>()>;  ///< by interface, as it is now

  Sink() = default;
  virtual ~Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  virtual void begin(const std::vector<Interface>& interfaces, Count count) = 0;
  /// One more, which `count` knows of from now on; its number is the next.
  virtual void add(const Interface& interface) = 0;
  virtual void packet(std::size_t interface, const Packet& packet) = 0;
  /// All that was given is out when this returns. Throws Error.
  virtual void flush() = 0;
  virtual void end() = 0;
  /// Whoever reads has gone, which is no error.
  [[nodiscard]] virtual bool is_unread() = 0;
};

}  // namespace netrig::capture
