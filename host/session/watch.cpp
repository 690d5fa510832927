// SPDX-License-Identifier: Apache-2.0
#include "session/watch.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <memory>
#include <unordered_map>

#include "engine/services.hpp"
#include "kernel/inside.hpp"
#include "kernel/monitor.hpp"
#include "kernel/namespace.hpp"
#include "plan/drift.hpp"

namespace netrig::session {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;
using What = WatchEvent::What;

// What belongs together comes within this: a link's state, its addresses, its routes.
constexpr auto kGather = milliseconds(5);
// A namespace in which something happens all the time is looked at for a tenth of the time.
constexpr int kShareOfSpace = 9;
constexpr auto kLeastPause = milliseconds(20);
// Sysctls, of whose changes the kernel tells nobody, and names of namespaces, for a fiftieth of the time.
constexpr auto kSweep = seconds(1);
constexpr int kShareOfSweep = 49;
// Another netrig may be at it.
constexpr auto kLookAtRecord = seconds(1);
constexpr auto kBusy = milliseconds(100);
constexpr int kShareOfBusy = 9;

/// Which namespace a name leads to; zeros: to none.
struct Identity {
  dev_t device = 0;
  ino_t inode = 0;
  friend bool operator==(const Identity&, const Identity&) = default;
};

Identity identity_of(const Namespace& space) {
  struct stat status {};
  if (::stat(kernel::path_of(space).c_str(), &status) != 0) return {};
  return {.device = status.st_dev, .inode = status.st_ino};
}

/// Something that differs.
struct Difference {
  plan::Fault fault;
  bool foreign = false;
  friend bool operator==(const Difference& one, const Difference& other) { return one.fault == other.fault; }
};
using Differences = std::vector<Difference>;

/// What is known of one namespace.
struct Watched {
  Differences differences = {};
  Identity identity = {};
  bool has_neighbours = false;                ///< that the file wants
  bool has_ports = false;                     ///< with settings or VLANs, the same
  bool has_services = false;                  ///< the same
  std::optional<Clock::time_point> due = {};  ///< to be looked at
  Clock::time_point not_before = {};
};

/// The lab as it was brought up last, and who tells of it.
class Subject {
 public:
  Subject(const Host& host, engine::Record record)
      : record_(std::move(record)), lab_(host.applied(record_)), wanted_(lab_), sight_(record_, lab_) {
    kernel::aside([&] {
      for (std::size_t s = 0; s < lab_.namespaces.size(); ++s)
        if (const auto fd = sight_.open(s)) spaces_.emplace(monitor_.listen_to(*fd), s);
    });
  }

  [[nodiscard]] const Lab& lab() const { return lab_; }
  [[nodiscard]] const engine::Sight& sight() const { return sight_; }
  [[nodiscard]] const plan::Wanted& wanted() const { return wanted_; }
  [[nodiscard]] const std::string& name_of(std::size_t space) const { return lab_.namespaces[space].name.str(); }
  /// Of whose end the kernel tells nobody.
  [[nodiscard]] std::vector<plan::Line> service_lines(std::size_t space) const {
    return engine::service_lines(record_, &lab_, lab_, name_of(space));
  }
  kernel::Monitor& monitor() { return monitor_; }
  /// Nothing: it was forgotten.
  [[nodiscard]] std::optional<std::size_t> space_of(std::int32_t number) const {
    const auto found = spaces_.find(number);
    return found == spaces_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  engine::Record record_;
  Lab lab_;
  plan::Wanted wanted_;
  engine::Sight sight_;
  kernel::Monitor monitor_;
  std::unordered_map<std::int32_t, std::size_t> spaces_;
};

class Watch {
 public:
  Watch(const Host& host, const std::string& lab, const WatchRequest& request)
      : host_(host), request_(request), lab_(lab) {}

  std::size_t run() {
    mark_ = engine::Journal::mark(lab_);
    begin(running_record(lab_));
    look_at(all());
    while (busy_ && !is_over()) follow();
    if (!is_over() && request_.begun) request_.begun(subject_->lab(), count());
    if (request_.how_long) until_ = Clock::now() + *request_.how_long;
    while (!is_over()) {
      if (busy_)
        follow();
      else
        watch_on();
    }
    return count();
  }

 private:
  [[nodiscard]] bool is_over() const {
    return down_ || (request_.gave_up && request_.gave_up()) || (until_ && Clock::now() >= *until_);
  }
  [[nodiscard]] std::size_t count() const {
    std::size_t count = 0;
    for (const Watched& one : spaces_) count += one.differences.size();
    return count;
  }
  [[nodiscard]] std::vector<std::size_t> all() const {
    std::vector<std::size_t> indexes(spaces_.size());
    for (std::size_t s = 0; s < indexes.size(); ++s) indexes[s] = s;
    return indexes;
  }
  void tell(What what) const {
    if (request_.told) request_.told({.what = what}, subject_->lab());
  }
  void tell(What what, const Difference& difference) const {
    if (request_.told)
      request_.told({.what = what, .fault = difference.fault, .foreign = difference.foreign}, subject_->lab());
  }

  /// Begins with a lab, or goes on with what became of it: what is known of its namespaces stays known.
  void begin(engine::Record record) {
    std::unordered_map<std::string, Differences> known;
    for (std::size_t s = 0; s < spaces_.size(); ++s)
      known.emplace(subject_->name_of(s), std::move(spaces_[s].differences));
    subject_.reset();  // its sockets first
    subject_ = std::make_unique<Subject>(host_, std::move(record));
    const Lab& lab = subject_->lab();
    spaces_.assign(lab.namespaces.size(), {});
    for (std::size_t s = 0; s < spaces_.size(); ++s) {
      spaces_[s].identity = identity_of(lab.namespaces[s]);
      if (const auto found = known.find(subject_->name_of(s)); found != known.end())
        spaces_[s].differences = std::move(found->second);
    }
    for (const Device& device : lab.devices)
      for (const Interface& interface : device.interfaces) {
        Watched& space = spaces_[interface.home];
        space.has_neighbours = space.has_neighbours || !interface.of<Neighbour>().empty();
        space.has_ports = space.has_ports || !interface.of<Port>().empty() || !interface.of<Vlans>().empty();
      }
    for (const Service& service : lab.services)
      if (const auto s = lab.find_namespace(service.space)) spaces_[*s].has_services = true;
    next_sweep_ = Clock::now() + kSweep;
  }

  /// Whether another netrig has begun to do something since; it says so before it does.
  bool is_another_at_it() {
    if (engine::Journal::mark(lab_) == mark_) return false;
    busy_ = true;
    pause_ = kBusy;
    return true;
  }

  /// Waits until the other netrig is done, and sees what came of it.
  void follow() {
    const auto began = Clock::now();
    mark_ = engine::Journal::mark(lab_);
    auto view = engine::Journal::look(lab_);
    if (!view) {
      tell(What::down);
      down_ = true;
      return;
    }
    const engine::Record& record = view->record;
    if (record.begun && record.phase == engine::Phase::running) {
      busy_ = false;
      cut_off_ = false;
      const std::string before = subject_->lab().source;
      begin(std::move(view->record));
      if (before != subject_->lab().source) tell(What::followed);
      look_at(all());
      return;
    }
    if (!view->holder && record.begun && !std::exchange(cut_off_, true)) tell(What::cut_off);
    const auto now = Clock::now();
    pause_ = std::max<Clock::duration>(kBusy, (now - began) * kShareOfBusy);
    const auto ignore = [](const kernel::Monitor::Notice&) {};
    // Notices are read and dropped: all is looked at afterwards.
    for (const auto until = std::min(now + pause_, until_.value_or(Clock::time_point::max()));
         subject_->monitor().wait({.deadline = until, .gave_up = request_.gave_up}, ignore) == Waited::ready;) {
    }
  }

  void watch_on() {
    auto deadline = std::min(next_sweep_, Clock::now() + kLookAtRecord);
    if (until_) deadline = std::min(deadline, *until_);
    for (const Watched& one : spaces_)
      if (one.due) deadline = std::min(deadline, *one.due);
    subject_->monitor().wait({.deadline = deadline, .gave_up = request_.gave_up},
                             [&](const kernel::Monitor::Notice& notice) { note(notice); });
    if (is_another_at_it()) return;
    std::vector<std::size_t> due;
    const auto now = Clock::now();
    for (std::size_t s = 0; s < spaces_.size(); ++s)
      if (spaces_[s].due && *spaces_[s].due <= now) due.push_back(s);
    look_at(due);
    if (!busy_ && Clock::now() >= next_sweep_) sweep();
  }

  void note(const kernel::Monitor::Notice& notice) {
    using Kind = kernel::Monitor::Notice::What;
    if (notice.what == Kind::overflowed) {
      for (std::size_t s = 0; s < spaces_.size(); ++s) expect(s);
      return;
    }
    const auto space = subject_->space_of(notice.space);
    if (!space) return;
    if (notice.what == Kind::neighbour && !concerns_neighbours(spaces_[*space])) return;
    if (notice.what == Kind::port && !spaces_[*space].has_ports) return;
    expect(*space);
  }
  static bool concerns_neighbours(const Watched& space) {
    return space.has_neighbours ||
           std::any_of(space.differences.begin(), space.differences.end(),
                       [](const Difference& one) { return one.fault.line.kind == Neighbour::kKind; });
  }
  void expect(std::size_t s) {
    Watched& one = spaces_[s];
    if (!one.due) one.due = std::max(Clock::now() + kGather, one.not_before);
  }

  void sweep() {
    const auto began = Clock::now();
    std::vector<std::size_t> list;
    for (std::size_t s = 0; s < spaces_.size(); ++s) {
      const Identity now = identity_of(subject_->lab().namespaces[s]);
      const bool other = std::exchange(spaces_[s].identity, now) != now;
      if (other || spaces_[s].has_services || subject_->sight().has_sysctls(s)) list.push_back(s);
    }
    look_at(list);
    const auto ended = Clock::now();
    next_sweep_ = ended + std::max<Clock::duration>(kSweep, (ended - began) * kShareOfSweep);
  }

  void look_at(const std::vector<std::size_t>& list) {
    if (list.empty()) return;
    for (const std::size_t s : list) spaces_[s].due.reset();
    std::vector<Differences> found(list.size());
    std::vector<Clock::duration> took(list.size());
    constexpr std::size_t kWorthThreads = 32;
    engine::parallel(list.size(), list.size() < kWorthThreads ? 1 : engine::worker_count(), [&](std::size_t i) {
      const auto began = Clock::now();
      found[i] = differences_in(list[i]);
      took[i] = Clock::now() - began;
    });
    // What was seen may be another netrig's work half done.
    if (is_another_at_it()) return;
    for (std::size_t i = 0; i < list.size(); ++i) {
      Watched& one = spaces_[list[i]];
      one.not_before = Clock::now() + std::max<Clock::duration>(kLeastPause, took[i] * kShareOfSpace);
      compare(std::exchange(one.differences, found[i]), found[i]);
    }
  }

  [[nodiscard]] Differences differences_in(std::size_t s) const {
    const plan::Drift drift = plan::drift_in(subject_->lab(), subject_->wanted(), s, subject_->sight().look(s));
    Differences all;
    for (const plan::Line& line : drift.lines)
      for (plan::Fault& fault : plan::faults_of(line)) all.push_back({.fault = std::move(fault), .foreign = false});
    for (const plan::Line& line : subject_->service_lines(s))
      for (plan::Fault& fault : plan::faults_of(line)) all.push_back({.fault = std::move(fault), .foreign = false});
    if (!request_.strict) return all;
    for (const auto& [name, object] : drift.foreign)
      for (plan::Fault& fault : plan::faults_of(plan::foreign_line(object, name)))
        all.push_back({.fault = std::move(fault), .foreign = true});
    return all;
  }

  void compare(const Differences& before, const Differences& now) const {
    for (const Difference& one : now)
      if (std::find(before.begin(), before.end(), one) == before.end()) tell(What::drift, one);
    for (const Difference& one : before)
      if (std::none_of(now.begin(), now.end(),
                       [&](const Difference& other) { return other.fault.about == one.fault.about; }))
        tell(What::mended, one);
  }

  const Host& host_;
  const WatchRequest& request_;
  const std::string lab_;
  std::unique_ptr<Subject> subject_;
  std::vector<Watched> spaces_;  ///< as Lab::namespaces
  std::optional<engine::Journal::Mark> mark_;
  std::optional<Clock::time_point> until_;
  bool busy_ = false;  ///< another netrig is at it
  bool cut_off_ = false;
  bool down_ = false;
  Clock::duration pause_ = kBusy;
  Clock::time_point next_sweep_;
};

}  // namespace

std::size_t watch(const Host& host, const std::string& lab, const WatchRequest& request) {
  return Watch(host, lab, request).run();
}

}  // namespace netrig::session
