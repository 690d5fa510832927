// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <mutex>
#include <thread>

#include "capture/packet_text.hpp"
#include "capture/pcapng.hpp"
#include "capture/tap.hpp"
#include "check/watch.hpp"
#include "kernel/link.hpp"
#include "model/error_number.hpp"
#include "model/thread.hpp"

namespace netrig::check {
namespace {

constexpr std::size_t kMostPackets = 10'000;
constexpr std::size_t kMostBytes = 4 << 20;
constexpr std::size_t kShown = 20;
constexpr int kLook = 20;          // milliseconds until an order to stop is seen
constexpr auto kOnTheWay = 200ms;  // for packets that a test has just sent

/// One interface under one assertion.
struct Point {
  const CaptureAssertion* wanted = nullptr;
  std::size_t space = 0;
  std::string interface;
  std::unique_ptr<capture::Tap> tap = {};
  std::uint64_t seen = 0;
  std::size_t kept_bytes = 0;
  std::vector<capture::KeptPacket> kept = {};

  void keep(const capture::Packet& packet) {
    ++seen;
    if (kept.size() >= kMostPackets || kept_bytes + packet.bytes.size() > kMostBytes) return;
    kept.emplace_back(packet);
    kept_bytes += packet.bytes.size();
  }
  void collect() {
    // One that is gone has shown all that it could.
    static_cast<void>(tap->read([this](const capture::Packet& packet) { keep(packet); }));
  }
};

std::string name_of(const Job& job, const Point& point) {
  return fmt::format("{}:{}", job.ground.name(point.space), point.interface);
}

/// Opens the interface in the namespace that the calling thread is in.
void open(const Job& job, Point& point) {
  try {
    point.tap = std::make_unique<capture::Tap>(point.interface, capture::TapSpec{.filter = point.wanted->filter});
  } catch (const Error& error) {
    throw Error(ErrorCode::failed, fmt::format("cannot capture at {}: {}", name_of(job, point), error.message()),
                job.lab().at(point.wanted->where));
  }
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

std::string file_name(const Job& job) {
  std::string name = job.test.name + ".pcapng";
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

/// What was kept of all, in the order of time.
std::string trace_of(const Job& job, const std::vector<Point>& points, std::chrono::nanoseconds began) {
  std::string text;
  struct Found {
    std::size_t point = 0;
    const capture::KeptPacket* packet = nullptr;
  };
  std::vector<Found> all;
  capture::append_section(text, fmt::format("lab {}, test \"{}\"", job.lab().name.str(), job.test.name));
  for (std::size_t i = 0; i < points.size(); ++i) {
    capture::append_interface(text, {.name = name_of(job, points[i]),
                                     .link_type = points[i].tap->link_type(),
                                     .snap = capture::kLongestSnap,
                                     .filter = points[i].wanted->filter});
    for (const capture::KeptPacket& packet : points[i].kept) all.push_back({.point = i, .packet = &packet});
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Found& one, const Found& other) { return one.packet->when < other.packet->when; });
  for (const Found& one : all) capture::append_packet(text, one.point, one.packet->packet());
  for (std::size_t i = 0; i < points.size(); ++i)
    capture::append_statistics(text, i,
                               {.began = began,
                                .ended = capture::wall_clock(),
                                .counts = points[i].tap->counts(),
                                .written = points[i].kept.size()});
  return text;
}

/// Returns the path.
std::string write_file(const Job& job, const std::string& directory, std::string_view trace) {
  const std::string name = file_name(job);
  std::string path = (std::filesystem::path(directory) / name).string();
  const UniqueFd file = new_file(directory, name);
  while (!trace.empty()) {
    const ssize_t size = ::write(file.get(), trace.data(), trace.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0)
      throw Error(ErrorCode::failed,
                  fmt::format("cannot keep the capture in {}: {}", path, errno_text(size == 0 ? EIO : errno)));
    trace.remove_prefix(static_cast<std::size_t>(size));
  }
  return path;
}

/// What became of the file.
struct Trace {
  std::string path = {};
  std::string fault = {};  ///< a line; empty: it is there
};
Trace keep(const Job& job, const std::string& directory, std::string_view trace) {
  try {
    return {.path = write_file(job, directory, trace)};
  } catch (const Error& error) {
    return {.fault = fmt::format("{}\n", error.what())};
  }
}

std::string summary(const Point& point) {
  std::string text;
  for (std::size_t i = 0; i < point.kept.size() && i < kShown; ++i) {
    const capture::KeptPacket& packet = point.kept[i];
    const std::chrono::duration<double> at = packet.when - point.kept.front().when;
    text += fmt::format("{:9.6f} {} ({} bytes)\n", at.count(),
                        capture::packet_text(packet.bytes, point.tap->link_type()), packet.length);
  }
  if (point.seen > kShown) text += fmt::format("and {} more\n", point.seen - kShown);
  return text;
}

std::string counted(std::uint64_t packets, const std::string& filter) {
  return fmt::format("{} packet{}{}", packets, packets == 1 ? "" : "s",
                     filter.empty() ? "" : fmt::format(" that match \"{}\"", filter));
}

/// Nothing: as wanted.
std::optional<Finding> judge(const Job& job, Point& point) {
  const CaptureAssertion& wanted = *point.wanted;
  const std::string about = name_of(job, point);
  job.result.metrics.push_back({about + " captured", static_cast<double>(point.seen), "packets"});
  const std::uint64_t lost = point.tap->counts().dropped;
  const bool right = point.seen >= wanted.min && (!wanted.max || point.seen <= *wanted.max);
  if (right && !(lost > 0 && wanted.max)) return std::nullopt;
  std::string expected = wanted.max && *wanted.max == 0 ? "none" : fmt::format("at least {}", wanted.min);
  if (wanted.max && *wanted.max > 0) expected = fmt::format("{} to {}", wanted.min, *wanted.max);
  Finding finding{
      .about = about,
      .seen = counted(point.seen, wanted.filter),
      .expected = std::move(expected),
      .look_at = job.exec_line(point.space, fmt::format("tcpdump -nni {} '{}'", point.interface, wanted.filter))};
  if (lost > 0) finding.seen += fmt::format(", and {} more that the capture lost", lost);
  return finding;
}

}  // namespace

struct CaptureWatch::State {
  std::string directory;
  std::chrono::nanoseconds began = capture::wall_clock();
  std::vector<Point> points;
  std::mutex mutex;
  std::atomic<bool> stop = false;
  std::thread thread;

  void collect() {
    const std::lock_guard lock(mutex);
    for (Point& point : points) point.collect();
  }
  void watch() {
    std::vector<pollfd> waits;
    for (const Point& point : points) waits.push_back({point.tap->fd(), POLLIN, 0});
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
  std::optional<Trace> trace;
  for (Point& point : state_->points) {
    auto finding = judge(job, point);
    if (!finding) continue;
    if (!point.kept.empty()) {
      if (!trace) trace = keep(job, state_->directory, trace_of(job, state_->points, state_->began));
      job.result.attachments.push_back(
          {.name = "capture of " + finding->about, .path = trace->path, .text = trace->fault + summary(point)});
      if (!trace->path.empty()) finding->look_at = fmt::format("{}; {}", trace->path, finding->look_at);
    }
    job.fail(std::move(*finding));
  }
}

}  // namespace netrig::check
