// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <thread>

#include "check/packet_text.hpp"
#include "check/watch.hpp"
#include "kernel/link.hpp"
#include "model/error_number.hpp"
#include "model/thread.hpp"

namespace netrig::check {
namespace {

constexpr int kSnapshot = 262144;  // bytes of a packet
constexpr int kBuffer = 4 << 20;   // of the kernel's ring
constexpr std::size_t kMostPackets = 10'000;
constexpr std::size_t kMostBytes = 4 << 20;
constexpr std::size_t kShown = 20;
constexpr int kLook = 20;          // milliseconds until an order to stop is seen
constexpr auto kOnTheWay = 200ms;  // for packets that a test has just sent

struct PcapCloser {
  void operator()(pcap_t* handle) const { ::pcap_close(handle); }
};
using Pcap = std::unique_ptr<pcap_t, PcapCloser>;

struct Packet {
  timeval when{};
  std::uint32_t length = 0;  ///< on the wire
  std::vector<std::byte> bytes;
};

/// One interface under one assertion.
struct Point {
  const CaptureAssertion* wanted = nullptr;
  std::size_t space = 0;
  std::string interface;
  Pcap handle = {};
  std::uint64_t seen = 0;
  std::size_t kept_bytes = 0;
  std::vector<Packet> kept = {};
};

void keep(Point& point, const pcap_pkthdr& header, const unsigned char* bytes) {
  ++point.seen;
  if (point.kept.size() >= kMostPackets || point.kept_bytes + header.caplen > kMostBytes) return;
  const auto* first = reinterpret_cast<const std::byte*>(bytes);
  point.kept.push_back({.when = header.ts, .length = header.len, .bytes = {first, first + header.caplen}});
  point.kept_bytes += header.caplen;
}

[[noreturn]] void refuse(const Job& job, const Point& point, const std::string& why) {
  throw Error(ErrorCode::failed,
              fmt::format("cannot capture at {}:{}: {}", job.ground.name(point.space), point.interface, why),
              job.lab().at(point.wanted->where));
}

/// Opens the interface in the namespace that the calling thread is in.
void open(const Job& job, Point& point) {
  std::array<char, PCAP_ERRBUF_SIZE> fault{};
  point.handle.reset(::pcap_create(point.interface.c_str(), fault.data()));
  if (!point.handle) refuse(job, point, fault.data());
  pcap_t* handle = point.handle.get();
  ::pcap_set_snaplen(handle, kSnapshot);
  ::pcap_set_buffer_size(handle, kBuffer);
  ::pcap_set_immediate_mode(handle, 1);
  ::pcap_set_promisc(handle, 0);
  if (const int code = ::pcap_activate(handle); code < 0)
    refuse(job, point, fmt::format("{} {}", ::pcap_statustostr(code), ::pcap_geterr(handle)));
  bpf_program program{};
  if (::pcap_compile(handle, &program, point.wanted->filter.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0)
    refuse(job, point, ::pcap_geterr(handle));
  const int set = ::pcap_setfilter(handle, &program);
  ::pcap_freecode(&program);
  if (set != 0) refuse(job, point, ::pcap_geterr(handle));
  if (::pcap_setnonblock(handle, 1, fault.data()) != 0) refuse(job, point, fault.data());
}

std::vector<Point> open_points(const Job& job) {
  std::vector<Point> points;
  for (const CaptureAssertion& wanted : job.test.captures) {
    const std::size_t before = points.size();
    for (const std::size_t space : spaces_of(job.lab(), wanted.interface.space))
      job.ground.inside(space, [&] {
        kernel::Socket socket;
        for (const kernel::LinkState& link : kernel::list_links(socket)) {
          if (!matches(wanted.interface.interface, link.name)) continue;
          points.push_back({.wanted = &wanted, .space = space, .interface = link.name});
          open(job, points.back());
        }
      });
    if (points.size() == before)
      throw Error(ErrorCode::failed, fmt::format("there is no interface {} to capture at", wanted.interface.str()),
                  job.lab().at(wanted.where));
  }
  return points;
}

std::string file_name(const Job& job, const Point& point) {
  // An interface can be captured at several times, with other filters.
  const auto number = static_cast<std::size_t>(point.wanted - job.test.captures.data());
  std::string name = fmt::format("{}-{}-{}{}.pcap", job.test.name, job.ground.name(point.space), point.interface,
                                 job.test.captures.size() > 1 ? fmt::format("-{}", number + 1) : "");
  for (char& c : name)
    if ((c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '.' && c != '-') c = '_';
  return name.front() == '.' ? "_" + name : name;
}

/// A new file in the directory. netrig may run as root where others can write, so it follows no link that somebody put
/// in the directory's or the file's place.
UniqueFd new_file(const std::string& directory, const std::string& name) {
  std::error_code problem;
  const bool made = std::filesystem::create_directories(directory, problem);
  const UniqueFd place(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  // Of what was opened: another may have come into the place of the one that was made.
  struct stat status {};
  if (made && place && ::fstat(place.get(), &status) == 0 && status.st_uid == ::geteuid()) ::fchmod(place.get(), 0700);
  if (place) ::unlinkat(place.get(), name.c_str(), 0);
  UniqueFd file(place ? ::openat(place.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1);
  if (!file)
    throw Error(ErrorCode::failed, fmt::format("cannot keep the capture in {}: {}", directory, errno_text(errno)));
  return file;
}

/// Writes what was kept; returns the path.
std::string write_file(const Job& job, const Point& point, const std::string& directory) {
  const std::string name = file_name(job, point);
  std::string path = (std::filesystem::path(directory) / name).string();
  UniqueFd file = new_file(directory, name);
  FILE* stream = ::fdopen(file.get(), "w");
  pcap_dumper_t* dumper = stream == nullptr ? nullptr : ::pcap_dump_fopen(point.handle.get(), stream);
  if (stream != nullptr) static_cast<void>(file.release());
  if (dumper == nullptr) {
    if (stream != nullptr) std::fclose(stream);
    throw Error(ErrorCode::failed, fmt::format("cannot keep the capture: {}", ::pcap_geterr(point.handle.get())));
  }
  for (const Packet& packet : point.kept) {
    const pcap_pkthdr header{
        .ts = packet.when, .caplen = static_cast<bpf_u_int32>(packet.bytes.size()), .len = packet.length};
    ::pcap_dump(reinterpret_cast<unsigned char*>(dumper), &header,
                reinterpret_cast<const unsigned char*>(packet.bytes.data()));
  }
  const bool written = ::pcap_dump_flush(dumper) == 0;
  ::pcap_dump_close(dumper);
  if (!written)
    throw Error(ErrorCode::failed, fmt::format("cannot keep the capture in {}: the disk may be full", path));
  return path;
}

std::string summary(const Point& point) {
  std::string text;
  for (std::size_t i = 0; i < point.kept.size() && i < kShown; ++i) {
    const Packet& packet = point.kept[i];
    const timeval& first = point.kept.front().when;
    const double at = static_cast<double>(packet.when.tv_sec - first.tv_sec) +
                      static_cast<double>(packet.when.tv_usec - first.tv_usec) / 1e6;
    text += fmt::format("{:9.6f} {} ({} bytes)\n", at, packet_text(packet.bytes), packet.length);
  }
  if (point.seen > kShown) text += fmt::format("and {} more\n", point.seen - kShown);
  return text;
}

std::string counted(std::uint64_t packets, const std::string& filter) {
  return fmt::format("{} packet{}{}", packets, packets == 1 ? "" : "s",
                     filter.empty() ? "" : fmt::format(" that match \"{}\"", filter));
}

void judge(const Job& job, Point& point, const std::string& directory) {
  const CaptureAssertion& wanted = *point.wanted;
  const std::string about = fmt::format("{}:{}", job.ground.name(point.space), point.interface);
  job.result.metrics.push_back({about + " captured", static_cast<double>(point.seen), "packets"});
  pcap_stat stats{};
  const bool lossy = ::pcap_stats(point.handle.get(), &stats) == 0 && stats.ps_drop > 0;
  const bool right = point.seen >= wanted.min && (!wanted.max || point.seen <= *wanted.max);
  if (right && !(lossy && wanted.max)) return;
  std::string expected = wanted.max && *wanted.max == 0 ? "none" : fmt::format("at least {}", wanted.min);
  if (wanted.max && *wanted.max > 0) expected = fmt::format("{} to {}", wanted.min, *wanted.max);
  Finding finding{
      .about = about,
      .seen = counted(point.seen, wanted.filter),
      .expected = std::move(expected),
      .look_at = job.exec_line(point.space, fmt::format("tcpdump -nni {} '{}'", point.interface, wanted.filter))};
  if (lossy) finding.seen += fmt::format(", and {} more that the capture lost", stats.ps_drop);
  if (!point.kept.empty()) {
    try {
      const std::string path = write_file(job, point, directory);
      job.result.attachments.push_back({.name = "capture of " + about, .path = path, .text = summary(point)});
      finding.look_at = fmt::format("{}; {}", path, finding.look_at);
    } catch (const Error& error) {
      job.result.attachments.push_back(
          {.name = "capture of " + about, .text = fmt::format("{}\n{}", error.what(), summary(point))});
    }
  }
  job.fail(std::move(finding));
}

}  // namespace

std::optional<std::string> filter_fault(const std::string& filter) {
  const Pcap handle(::pcap_open_dead(DLT_EN10MB, kSnapshot));
  bpf_program program{};
  if (::pcap_compile(handle.get(), &program, filter.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0)
    return ::pcap_geterr(handle.get());
  ::pcap_freecode(&program);
  return std::nullopt;
}

struct CaptureWatch::State {
  std::string directory;
  std::vector<Point> points;
  std::mutex mutex;
  std::atomic<bool> stop = false;
  std::thread thread;

  void collect() {
    const std::lock_guard lock(mutex);
    for (Point& point : points)
      ::pcap_dispatch(
          point.handle.get(), -1,
          [](unsigned char* user, const pcap_pkthdr* header, const unsigned char* bytes) {
            keep(*reinterpret_cast<Point*>(user), *header, bytes);
          },
          reinterpret_cast<unsigned char*>(&point));
  }
  void watch() {
    std::vector<pollfd> waits;
    for (const Point& point : points) waits.push_back({::pcap_get_selectable_fd(point.handle.get()), POLLIN, 0});
    while (!stop)
      if (::poll(waits.data(), waits.size(), kLook) > 0) collect();
  }
  bool is_short() {
    const std::lock_guard lock(mutex);
    return std::any_of(points.begin(), points.end(), [](const Point& p) { return p.seen < p.wanted->min; });
  }
  void end() {
    stop = true;
    if (thread.joinable()) thread.join();
  }
};

CaptureWatch::CaptureWatch(const Job& job, std::string directory) : state_(std::make_unique<State>()) {
  state_->directory = std::move(directory);
  state_->points = open_points(job);
  state_->thread = start_thread([state = state_.get()] { state->watch(); });
}

CaptureWatch::~CaptureWatch() { state_->end(); }

void CaptureWatch::finish(const Job& job) {
  const auto latest = Clock::now() + kOnTheWay;
  while (state_->is_short() && Clock::now() < latest) std::this_thread::sleep_for(5ms);
  state_->end();
  state_->collect();
  for (Point& point : state_->points) judge(job, point, state_->directory);
}

}  // namespace netrig::check
