// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <net/if.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <exception>
#include <filesystem>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "capture/packet_text.hpp"
#include "capture/pcapng.hpp"
#include "capture/tap.hpp"
#include "check/watch.hpp"
#include "kernel/link.hpp"
#include "kernel/link_notices.hpp"
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
  std::uint32_t ifindex = 0;               ///< that the tap is of
  std::unique_ptr<capture::Tap> tap = {};  ///< nullptr: it was not up yet
  bool ended = false;                      ///< nothing comes from the tap any more
  capture::Counts before = {};             ///< of the taps before this one
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
    // One that is gone has shown all that it could, until it comes again.
    if (tap && tap->read([this](const capture::Packet& packet) { keep(packet); })) ended = true;
  }
  [[nodiscard]] capture::Counts counts() const {
    const capture::Counts now = tap ? tap->counts() : capture::Counts{};
    return {.received = before.received + now.received, .dropped = before.dropped + now.dropped};
  }
};

/// A namespace that assertions name, where interfaces may come up.
struct Home {
  std::size_t space = 0;
  std::unique_ptr<kernel::LinkNotices> notices = {};
};

std::string name_of(const Job& job, const Point& point) {
  return fmt::format("{}:{}", job.ground.name(point.space), point.interface);
}

/// Opens the interface in the namespace that the calling thread is in, unless it has gone or down in the meantime.
void open(const Job& job, Point& point, std::uint32_t ifindex) {
  try {
    auto tap = std::make_unique<capture::Tap>(point.interface, capture::TapSpec{.filter = point.wanted->filter});
    point.collect();
    point.before = point.counts();
    point.tap = std::move(tap);
    point.ifindex = ifindex;
    point.ended = false;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::not_found) return;
    throw Error(ErrorCode::failed, fmt::format("cannot capture at {}: {}", name_of(job, point), error.message()),
                job.lab().at(point.wanted->where));
  }
}

/// Finds the interfaces of a namespace, and opens those that are up and have no tap that lives. Thread: in the
/// namespace.
void look(const Job& job, std::size_t space, std::vector<Point>& points) {
  kernel::Socket socket;
  const std::vector<kernel::LinkState> links = kernel::list_links(socket);
  for (const CaptureAssertion& wanted : job.test.captures) {
    if (!picks(wanted.interface.space, job.lab().namespaces[space])) continue;
    for (const kernel::LinkState& link : links) {
      if (!matches(wanted.interface.interface, link.name)) continue;
      auto point = std::find_if(points.begin(), points.end(), [&](const Point& one) {
        return one.wanted == &wanted && one.space == space && one.interface == link.name;
      });
      if (point == points.end())
        point = points.insert(points.end(), {.wanted = &wanted, .space = space, .interface = link.name});
      const bool lives = point->tap && !point->ended && point->ifindex == link.ifindex;
      if (!lives && (link.flags & IFF_UP) != 0) open(job, *point, link.ifindex);
    }
  }
}

/// Those of all assertions, each once.
std::vector<Home> homes_of(const Job& job) {
  std::set<std::size_t> spaces;
  for (const CaptureAssertion& wanted : job.test.captures) {
    const std::vector<std::size_t> meant = spaces_of(job.lab(), wanted.interface.space);
    spaces.insert(meant.begin(), meant.end());
  }
  std::vector<Home> homes;
  homes.reserve(spaces.size());
  for (const std::size_t space : spaces) homes.push_back({.space = space});
  return homes;
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
    std::size_t interface = 0;
    const capture::KeptPacket* packet = nullptr;
  };
  std::vector<const Point*> opened;
  std::vector<Found> all;
  capture::append_section(text, fmt::format("lab {}, test \"{}\"", job.lab().name.str(), job.test.name));
  for (const Point& point : points) {
    if (!point.tap) continue;
    capture::append_interface(text, {.name = name_of(job, point),
                                     .link_type = point.tap->link_type(),
                                     .snap = capture::kLongestSnap,
                                     .filter = point.wanted->filter});
    for (const capture::KeptPacket& packet : point.kept) all.push_back({.interface = opened.size(), .packet = &packet});
    opened.push_back(&point);
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Found& one, const Found& other) { return one.packet->when < other.packet->when; });
  for (const Found& one : all) capture::append_packet(text, one.interface, one.packet->packet());
  for (std::size_t i = 0; i < opened.size(); ++i)
    capture::append_statistics(text, i,
                               {.began = began,
                                .ended = capture::wall_clock(),
                                .counts = opened[i]->counts(),
                                .written = opened[i]->kept.size()});
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
  const std::uint64_t lost = point.counts().dropped;
  const bool right = point.seen >= wanted.min && (!wanted.max || point.seen <= *wanted.max);
  if (right && !(lost > 0 && wanted.max)) return std::nullopt;
  std::string expected = wanted.max && *wanted.max == 0 ? "none" : fmt::format("at least {}", wanted.min);
  if (wanted.max && *wanted.max > 0) expected = fmt::format("{} to {}", wanted.min, *wanted.max);
  Finding finding{
      .about = about,
      .seen = point.tap ? counted(point.seen, wanted.filter) : "none, for it was never up",
      .expected = std::move(expected),
      .look_at = job.exec_line(point.space, fmt::format("tcpdump -nni {} '{}'", point.interface, wanted.filter))};
  if (lost > 0) finding.seen += fmt::format(", and {} more that the capture lost", lost);
  return finding;
}

}  // namespace

struct CaptureWatch::State {
  const Job& job;
  std::string directory;
  std::chrono::nanoseconds began = capture::wall_clock();
  std::vector<Home> homes = homes_of(job);
  std::vector<Point> points = {};
  std::exception_ptr fault = {};  ///< that ended the watch
  std::mutex mutex = {};
  std::atomic<bool> stop = false;
  std::thread thread = {};

  void collect() {
    const std::lock_guard lock(mutex);
    for (Point& point : points) point.collect();
  }
  /// Interfaces that are there, and up, by now.
  void look_at(const Home& home) {
    home.notices->clear();
    job.ground.inside(home.space, [this, &home] {
      const std::lock_guard lock(mutex);
      look(job, home.space, points);
    });
  }
  void watch() {
    try {
      while (!stop) watch_once();
    } catch (...) {
      fault = std::current_exception();
    }
  }
  void watch_once() {
    std::vector<pollfd> waits;
    for (const Home& home : homes) waits.push_back({home.notices->fd(), POLLIN, 0});
    for (const Point& point : points)
      if (point.tap && !point.ended) waits.push_back({point.tap->fd(), POLLIN, 0});
    if (::poll(waits.data(), waits.size(), kLook) <= 0) return;
    for (std::size_t i = 0; i < homes.size(); ++i)
      if (waits[i].revents != 0) look_at(homes[i]);
    collect();
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

CaptureWatch::CaptureWatch(const Job& job, std::string directory)
    : state_(new State{.job = job, .directory = std::move(directory)}) {
  for (Home& home : state_->homes) {
    // Of what comes from now on, before what is there is looked at.
    job.ground.inside(home.space, [&] { home.notices = std::make_unique<kernel::LinkNotices>(); });
    state_->look_at(home);
  }
  state_->thread = start_thread([state = state_.get()] { state->watch(); });
}

CaptureWatch::~CaptureWatch() { state_->end(); }

void CaptureWatch::finish(const Job& job) {
  const auto latest = Clock::now() + kOnTheWay;
  while (state_->is_short() && Clock::now() < latest) std::this_thread::sleep_for(5ms);
  state_->end();
  if (state_->fault) std::rethrow_exception(state_->fault);
  state_->collect();
  for (const CaptureAssertion& wanted : job.test.captures)
    if (std::none_of(state_->points.begin(), state_->points.end(), [&](const Point& p) { return p.wanted == &wanted; }))
      throw Error(ErrorCode::failed,
                  fmt::format("there was no interface {} to capture at while the test ran", wanted.interface.str()),
                  job.lab().at(wanted.where));
  std::optional<Trace> trace;
  const bool failed = !job.result.findings.empty();  // by something else
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
  const bool any =
      std::any_of(state_->points.begin(), state_->points.end(), [](const Point& p) { return !p.kept.empty(); });
  if (!failed || trace || !any) return;
  trace = keep(job, state_->directory, trace_of(job, state_->points, state_->began));
  job.result.attachments.push_back({.name = "capture", .path = trace->path, .text = trace->fault});
}

}  // namespace netrig::check
