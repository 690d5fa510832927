// SPDX-License-Identifier: Apache-2.0
#include "capture/pcapng.hpp"

#include <sys/utsname.h>

#include <cstring>
#include <string_view>

namespace netrig::capture {
namespace {

enum : std::uint32_t { kSection = 0x0a0d0d0a, kInterface = 1, kStatistics = 5, kPacket = 6 };
// Options: each kind of block has its own numbers.
enum : std::uint16_t { kEnd = 0, kComment = 1 };
enum : std::uint16_t { kSystem = 3, kProgram = 4 };                                          // of a section
enum : std::uint16_t { kName = 2, kResolution = 9, kFilter = 11 };                           // of an interface
enum : std::uint16_t { kBegan = 2, kEnded = 3, kReceived = 4, kDropped = 5, kWritten = 8 };  // of statistics
constexpr char kNanoseconds = 9;  // if_tsresol: ten to the power of minus nine
constexpr char kFilterText = 0;   // if_filter: what follows is pcap-filter(7)
constexpr std::size_t kMostOption = 0xffff;

/// A block: its type, what is put into it, and its length at both ends, which is known when it ends.
class Block {
 public:
  Block(std::string& out, std::uint32_t type) : out_(out), begin_(out.size()) {
    put(type);
    put(std::uint32_t{0});
  }
  ~Block() = default;
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  template <typename Number>
  void put(Number number) {
    out_.append(reinterpret_cast<const char*>(&number), sizeof number);
  }
  void bytes(std::string_view bytes) {
    constexpr std::size_t kWord = 4;
    out_ += bytes;
    out_.append((kWord - bytes.size() % kWord) % kWord, '\0');
  }
  /// High half first, whatever the byte order.
  void time(std::chrono::nanoseconds when) {
    const auto number = static_cast<std::uint64_t>(when.count());
    put(static_cast<std::uint32_t>(number >> 32U));
    put(static_cast<std::uint32_t>(number));
  }
  void option(std::uint16_t code, std::string_view value) {
    value = value.substr(0, kMostOption);
    put(code);
    put(static_cast<std::uint16_t>(value.size()));
    bytes(value);
  }
  void time_option(std::uint16_t code, std::chrono::nanoseconds when) {
    put(code);
    put(static_cast<std::uint16_t>(sizeof(std::uint64_t)));
    time(when);
  }
  void number_option(std::uint16_t code, std::uint64_t number) {
    option(code, {reinterpret_cast<const char*>(&number), sizeof number});
  }
  void end_of_options() { option(kEnd, {}); }
  void end() {
    constexpr std::size_t kLength = sizeof(std::uint32_t);
    const auto length = static_cast<std::uint32_t>(out_.size() - begin_ + kLength);
    put(length);
    std::memcpy(out_.data() + begin_ + kLength, &length, kLength);
  }

 private:
  std::string& out_;
  std::size_t begin_;
};

}  // namespace

void append_section(std::string& out, const std::string& comment) {
  constexpr std::uint32_t kByteOrder = 0x1a2b3c4d;
  constexpr std::int64_t kUnknownLength = -1;
  Block block(out, kSection);
  block.put(kByteOrder);
  block.put(std::uint16_t{1});  // version 1.0
  block.put(std::uint16_t{0});
  block.put(kUnknownLength);
  utsname system{};
  if (::uname(&system) == 0) block.option(kSystem, std::string(system.sysname) + " " + system.release);
  block.option(kProgram, std::string("netrig ") + NETRIG_VERSION);
  if (!comment.empty()) block.option(kComment, comment);
  block.end_of_options();
  block.end();
}

void append_interface(std::string& out, const Interface& interface) {
  Block block(out, kInterface);
  block.put(interface.link_type);
  block.put(std::uint16_t{0});
  block.put(interface.snap);
  block.option(kName, interface.name);
  block.option(kResolution, {&kNanoseconds, 1});
  if (!interface.filter.empty()) block.option(kFilter, std::string(1, kFilterText) + interface.filter);
  block.end_of_options();
  block.end();
}

void append_packet(std::string& out, std::size_t interface, const Packet& packet) {
  Block block(out, kPacket);
  block.put(static_cast<std::uint32_t>(interface));
  block.time(packet.when);
  block.put(static_cast<std::uint32_t>(packet.bytes.size()));
  block.put(packet.length);
  block.bytes({reinterpret_cast<const char*>(packet.bytes.data()), packet.bytes.size()});
  block.end();
}

void append_statistics(std::string& out, std::size_t interface, const Statistics& statistics) {
  Block block(out, kStatistics);
  block.put(static_cast<std::uint32_t>(interface));
  block.time(statistics.ended);
  block.time_option(kBegan, statistics.began);
  block.time_option(kEnded, statistics.ended);
  block.number_option(kReceived, statistics.counts.received);
  block.number_option(kDropped, statistics.counts.dropped);
  block.number_option(kWritten, statistics.written);
  block.end_of_options();
  block.end();
}

std::chrono::nanoseconds wall_clock() { return std::chrono::system_clock::now().time_since_epoch(); }

}  // namespace netrig::capture
