// SPDX-License-Identifier: Apache-2.0
#include "session/capture.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <unordered_map>

#include "capture/order.hpp"
#include "capture/pcapng.hpp"
#include "engine/journal.hpp"
#include "engine/spaces.hpp"
#include "model/error_number.hpp"
#include "session/capture_points.hpp"
#include "session/session.hpp"

namespace netrig::session {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr auto kLook = milliseconds(100);
// What is held back for the order of packets goes on within.
constexpr auto kRelease = milliseconds(10);

/// Whether the lab is still there, and whose its namespaces are.
class Presence {
 public:
  explicit Presence(std::string lab) : lab_(std::move(lab)), mark_(engine::Journal::mark(lab_)) {}

  /// Nothing: as it was when last asked, or nobody can tell. A record without begin: the lab is gone.
  std::optional<engine::Record> news() {
    const auto mark = engine::Journal::mark(lab_);
    if (mark && mark == mark_) return std::nullopt;
    mark_ = mark;
    try {
      auto record = engine::Journal::peek(lab_);
      return record ? std::move(*record) : engine::Record{};
    } catch (const Error& error) {
      spdlog::debug("the record of lab {} cannot be read: {}", lab_, error.what());
      return std::nullopt;
    }
  }

 private:
  std::string lab_;
  std::optional<engine::Journal::Mark> mark_;
};

class Run {
 public:
  Run(const std::string& lab, const CaptureRequest& request, capture::Sink& sink)
      : request_(request), sink_(sink), presence_(lab), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    CapturePoints opened = open_points(running_record(lab), request);
    points_ = std::move(opened.points);
    homes_ = std::move(opened.homes);
    spec_ = std::move(opened.spec);
    hold_ = capture::latest_of(*spec_.gather);
    order_ = capture::Order(hold_);
    if (!epoll_) throw Error(ErrorCode::failed, fmt::format("cannot wait for packets: {}", errno_text(errno)));
    for (std::size_t i = 0; i < points_.size(); ++i) wait_also_for(points_[i].tap->fd(), i);
    for (std::size_t i = 0; i < homes_.size(); ++i) wait_also_for(homes_[i].notices->fd(), i | kIsHome);
    begin();
  }

  Captured run() {
    while (!end_) step();
    static_cast<void>(counts());
    counted_ = true;
    if (*end_ != CaptureEnd::count && *end_ != CaptureEnd::unread) drain();
    engine::parallel(points_.size(), kRingThreads, [this](std::size_t i) { points_[i].tap.reset(); });
    sink_.end();
    Captured captured{.end = *end_, .packets = packets_};
    for (CapturePoint& point : points_) captured.interfaces.push_back(std::move(point.result));
    return captured;
  }

 private:
  static constexpr std::uint64_t kIsHome = 1ULL << 63U;  // in what is waited for: an index in homes_, not in points_

  void wait_also_for(int fd, std::uint64_t what) {
    epoll_event event{.events = EPOLLIN, .data = {.u64 = what}};
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
      throw Error(ErrorCode::failed, fmt::format("cannot wait for packets: {}", errno_text(errno)));
    events_.emplace_back();
  }

  [[nodiscard]] capture::Interface interface_of(const CapturePoint& point) const {
    return {.name = point.result.name,
            .link_type = point.tap->link_type(),
            .snap = request_.snap,
            .filter = request_.filter};
  }

  void begin() {
    std::vector<capture::Interface> interfaces;
    for (const CapturePoint& point : points_) interfaces.push_back(interface_of(point));
    std::vector<std::string> not_up;
    for (const CaptureHome& home : homes_) not_up.insert(not_up.end(), home.not_up.begin(), home.not_up.end());
    // What came to one while others were still being opened is no part of it.
    for (CapturePoint& point : points_) {
      static_cast<void>(point.tap->read([](const capture::Packet&) {}));
      point.before = point.tap->counts();
    }
    earliest_ = capture::wall_clock();
    settled_ = Clock::now() + 3 * hold_;
    sink_.begin(interfaces, [this] { return counts(); });
    if (request_.how_long) until_ = Clock::now() + *request_.how_long;
    if (request_.begun) request_.begun(interfaces, not_up);
  }

  std::vector<capture::Counts> counts() {
    std::vector<capture::Counts> all;
    for (CapturePoint& point : points_) {
      if (point.tap) count(point);
      all.push_back(point.result.counts);
    }
    return all;
  }

  void step() {
    wait(order_.empty() ? kLook : kRelease);
    const auto now = Clock::now();
    order_.release(now, [this](std::size_t i, const capture::Packet& packet) { give(i, packet); });
    sink_.flush();
    if (end_) return;
    if (request_.gave_up && request_.gave_up())
      end_ = CaptureEnd::gave_up;
    else if (until_ && now >= *until_)
      end_ = CaptureEnd::duration;
    else if (now >= next_look_)
      look(now);
  }

  /// Reads what there is, or what comes within that time.
  void wait(Clock::duration most) {
    if (until_) most = std::clamp<Clock::duration>(*until_ - Clock::now(), Clock::duration::zero(), most);
    const auto timeout = std::chrono::ceil<milliseconds>(most).count();
    const int count =
        ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), static_cast<int>(timeout));
    const auto now = Clock::now();
    std::vector<std::size_t> changed;
    for (int e = 0; e < count; ++e) {
      const std::uint64_t what = events_[static_cast<std::size_t>(e)].data.u64;
      const auto i = static_cast<std::size_t>(what & ~kIsHome);
      if ((what & kIsHome) != 0)
        changed.push_back(i);
      else if (const auto why = read(i, now))
        leave(points_[i], *why, now);
    }
    for (const std::size_t home : changed) look_for_more(homes_[home]);
    if (!changed.empty() && !end_ && is_deserted()) miss({});
  }

  /// Interfaces that have come up since.
  void look_for_more(CaptureHome& home) {
    if (home.notices == nullptr) return;
    if (end_) return home.notices->clear();
    std::set<std::uint32_t> known;
    for (const CapturePoint& point : points_)
      if (point.tap && !point.closing && point.space == home.space) known.insert(point.ifindex);
    for (CapturePoint& point : open_more(home, request_, spec_, known)) {
      const capture::Interface interface = interface_of(point);
      wait_also_for(point.tap->fd(), points_.size());
      points_.push_back(std::move(point));
      sink_.add(interface);
      if (request_.joined) request_.joined(interface);
    }
  }

  std::optional<std::string> read(std::size_t i, Clock::time_point now) {
    return points_[i].tap->read([&](const capture::Packet& packet) { order_.add(i, packet, now); });
  }

  void leave(CapturePoint& point, const std::string& why, Clock::time_point now) const {
    if (point.closing) return;
    point.result.gone = why;
    point.closing = now + hold_;
  }

  void close_gone(Clock::time_point now) {
    std::vector<std::size_t> gone;
    for (std::size_t i = 0; i < points_.size(); ++i) {
      CapturePoint& point = points_[i];
      if (!point.tap) continue;
      if (point.tap->is_gone()) leave(point, "The interface disappeared", now);
      if (!point.closing || now < *point.closing) continue;
      static_cast<void>(read(i, now));
      close(point, *point.result.gone);
      gone.push_back(i);
    }
    if (!gone.empty()) miss(gone);
  }

  void count(CapturePoint& point) const {
    if (counted_) return;
    const capture::Counts now = point.tap->counts();
    point.result.counts = {.received = now.received - point.before.received,
                           .dropped = now.dropped - point.before.dropped};
  }

  void close(CapturePoint& point, const std::string& why) const {
    count(point);
    point.result.gone = why;
    point.tap.reset();
  }

  /// Says so, unless they go with their lab.
  void miss(const std::vector<std::size_t>& gone) {
    look_at_lab();
    if (end_ || leaving_) return;
    for (const std::size_t i : gone)
      if (request_.gone) request_.gone(points_[i].result);
    if (!has_taps())
      for (CaptureHome& home : homes_) look_for_more(home);
    if (is_deserted()) end_ = CaptureEnd::deserted;
  }

  [[nodiscard]] bool is_deserted() const {
    return !has_taps() &&
           std::all_of(homes_.begin(), homes_.end(), [](const auto& home) { return home.not_up.empty(); });
  }

  [[nodiscard]] bool has_taps() const {
    return std::any_of(points_.begin(), points_.end(), [](const CapturePoint& point) { return point.tap != nullptr; });
  }

  void give(std::size_t i, const capture::Packet& packet) {
    if (packet.when > latest_ || (request_.count && packets_ >= *request_.count)) return;
    // Only at first, for the clock can be set.
    if (packet.when < earliest_ && Clock::now() < settled_) return;
    sink_.packet(i, packet);
    ++points_[i].result.packets;
    if (++packets_ == request_.count) end_ = CaptureEnd::count;
  }

  void look(Clock::time_point now) {
    next_look_ = now + kLook;
    if (request_.progress) request_.progress(packets_);
    close_gone(now);
    if (!end_) look_at_lab();
    if (!end_ && sink_.is_unread()) end_ = CaptureEnd::unread;
  }

  /// A lab that is to be taken down may be refused to be, which is seen at the next look.
  void look_at_lab() {
    const auto record = presence_.news();
    if (!record) {
      if (leaving_ && Clock::now() >= *leaving_ + kLook) end_ = CaptureEnd::down;
      return;
    }
    if (!record->begun) {
      end_ = CaptureEnd::down;
      return;
    }
    leave_others(*record);
    if (record->phase != engine::Phase::removing)
      leaving_.reset();
    else if (!leaving_)
      leaving_ = Clock::now();
  }

  /// Namespaces that are the lab's no more.
  void leave_others(const engine::Record& record) {
    std::unordered_map<std::string_view, std::uint64_t> cookies;
    for (const engine::MadeNamespace& made : record.namespaces) cookies.emplace(made.name, made.cookie);
    const auto is_there = [&](const auto& one) {
      const auto found = cookies.find(one.space);
      return found != cookies.end() && found->second == one.cookie;
    };
    bool some = false;
    for (CaptureHome& home : homes_) {
      some = some || (is_there(home) && !home.not_up.empty());
      if (is_there(home)) continue;
      home = {.space = home.space};
    }
    for (CapturePoint& point : points_) {
      if (!point.tap || is_there(point)) {
        some = some || point.tap;
        continue;
      }
      close(point, fmt::format("namespace {} is no longer the lab's", point.space));
      if (request_.gone) request_.gone(point.result);
    }
    if (!some) end_ = CaptureEnd::down;
  }

  /// What the kernel has not handed over yet of the time before the end.
  void drain() {
    latest_ = capture::wall_clock();
    const auto last = Clock::now() + hold_;
    until_.reset();
    do {
      const auto now = Clock::now();
      wait(std::max<Clock::duration>(last - now, Clock::duration::zero()));
    } while (Clock::now() < last);
    order_.release([this](std::size_t i, const capture::Packet& packet) { give(i, packet); });
    sink_.flush();
  }

  const CaptureRequest& request_;
  capture::Sink& sink_;
  Presence presence_;
  UniqueFd epoll_;
  std::vector<epoll_event> events_;
  std::vector<CapturePoint> points_;
  std::vector<CaptureHome> homes_;
  capture::TapSpec spec_;
  std::chrono::milliseconds hold_{};
  capture::Order order_{hold_};
  std::uint64_t packets_ = 0;
  std::optional<Clock::time_point> until_;
  std::chrono::nanoseconds earliest_{};
  Clock::time_point settled_;  ///< when no block can have packets from before the beginning
  std::chrono::nanoseconds latest_ = std::chrono::nanoseconds::max();  ///< of packets that still count
  Clock::time_point next_look_ = Clock::now() + kLook;
  std::optional<Clock::time_point> leaving_;  ///< since when another netrig takes the lab down
  std::optional<CaptureEnd> end_;
  bool counted_ = false;  ///< what comes now came after the end
};

}  // namespace

Captured capture_packets(const std::string& lab, const CaptureRequest& request, capture::Sink& sink) {
  return Run(lab, request, sink).run();
}

}  // namespace netrig::session
