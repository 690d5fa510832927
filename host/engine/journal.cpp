// SPDX-License-Identifier: Apache-2.0
#include "engine/journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/events.hpp"
#include "netlink/socket.hpp"

namespace netrig::engine {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& what) {
  const int error = errno;
  if (error == EPERM || error == EACCES)
    throw Error(ErrorCode::denied, fmt::format("{}: {}; run it with sudo", what, netlink::errno_text(error)));
  throw Error(ErrorCode::failed, fmt::format("{}: {}", what, netlink::errno_text(error)));
}

std::string directory_of(const std::string& lab) { return fmt::format("{}/{}", kRunDirectory, LabName(lab).str()); }

std::optional<std::string> read_file(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file) {
    if (errno == ENOENT) return std::nullopt;
    fail(fmt::format("cannot open {}", path));
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) fail(fmt::format("cannot read {}", path));
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t size = ::read(file.get(), text.data() + done, text.size() - done);
    if (size < 0) fail(fmt::format("cannot read {}", path));
    if (size == 0) break;
    done += static_cast<std::size_t>(size);
  }
  text.resize(done);
  return text;
}

void write_all(int fd, const std::string& text, const std::string& path) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t size = ::write(fd, text.data() + done, text.size() - done);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) fail(fmt::format("cannot write {}", path));
    done += static_cast<std::size_t>(size);
  }
}

/// The process that holds the lock, for the message: its number is written into the lock file.
std::string holder_of(const std::string& path) {
  const auto text = read_file(path);
  return text && !text->empty() ? fmt::format("netrig (process {})", *text) : "another netrig";
}

/// Locks `path`. A lock file can be removed by the process that had it, together with the lab; then it is opened anew.
UniqueFd lock(const std::string& directory, const std::string& lab, bool create, Journal::Wait wait) {
  const std::string path = directory + "/lock";
  for (;;) {
    if (create && ::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
      fail(fmt::format("cannot make {}", directory));
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) {
      if (errno == ENOENT && create) continue;
      if (errno == ENOENT) return {};
      fail(fmt::format("cannot open {}", path));
    }
    if (::flock(fd.get(), LOCK_EX | (wait == Journal::Wait::yes ? 0 : LOCK_NB)) != 0) {
      if (errno == EINTR) throw Error(ErrorCode::interrupted, "interrupted while waiting for another netrig");
      if (errno == EWOULDBLOCK)
        throw Error(ErrorCode::conflict,
                    fmt::format("lab \"{}\" is being changed by {}; wait for it with --wait", lab, holder_of(path)));
      fail(fmt::format("cannot lock {}", path));
    }
    struct stat held {};
    struct stat named {};
    if (::fstat(fd.get(), &held) == 0 && ::stat(path.c_str(), &named) == 0 && held.st_ino == named.st_ino) {
      const std::string self = fmt::format("{}", ::getpid());
      if (::ftruncate(fd.get(), 0) == 0) write_all(fd.get(), self, path);
      return fd;
    }
  }
}

void make_run_directory() {
  if (::mkdir(kRunDirectory, 0755) != 0 && errno != EEXIST) fail(fmt::format("cannot make {}", kRunDirectory));
  struct stat status {};
  if (::lstat(kRunDirectory, &status) != 0) fail(fmt::format("cannot read {}", kRunDirectory));
  // Whoever can write there can make us delete what is not ours.
  if (!S_ISDIR(status.st_mode) || (status.st_uid != 0 && status.st_uid != ::geteuid()) || (status.st_mode & 022) != 0)
    throw Error(
        ErrorCode::denied,
        fmt::format("{} must be a directory that belongs to root and that nobody else can write", kRunDirectory));
}

}  // namespace

std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string text;
  std::getline(file, text);
  return text;
}

Journal::Journal(Journal&& other) noexcept
    : lock_(std::move(other.lock_)), file_(std::move(other.file_)), record_(std::move(other.record_)) {}

std::string Journal::path(const std::string& name) const { return directory_of(record_.lab) + "/" + name; }

std::optional<Journal> Journal::open(const std::string& lab, bool create, Wait wait) {
  if (create) make_run_directory();
  const std::string directory = directory_of(lab);
  struct stat status {};
  if (!create && ::lstat(directory.c_str(), &status) != 0) {
    if (errno == ENOENT) return std::nullopt;
    fail(fmt::format("cannot open {}", directory));
  }
  Journal journal;
  journal.lock_ = lock(directory, lab, create, wait);
  if (!journal.lock_) return std::nullopt;
  const std::string path = directory + "/journal";
  if (const auto text = read_file(path)) journal.record_ = replay(*text, path);
  journal.record_.lab = lab;
  journal.file_ = UniqueFd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!journal.file_) fail(fmt::format("cannot open {}", path));
  // A line that a crash cut short must not run into the next one.
  journal.write_all_anew();
  return journal;
}

std::vector<std::string> Journal::labs() {
  std::vector<std::string> names;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(kRunDirectory, missing)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_directory(missing) && !lab_name_fault(name)) names.push_back(name);
  }
  if (missing && missing != std::errc::no_such_file_or_directory) {
    errno = missing.value();
    fail(fmt::format("cannot read {}", kRunDirectory));
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<Record> Journal::peek(const std::string& lab) {
  const std::string path = directory_of(lab) + "/journal";
  const auto text = read_file(path);
  if (!text) return std::nullopt;
  Record record = replay(*text, path);
  record.lab = lab;
  return record;
}

std::string Journal::applied_source(const std::string& lab) {
  return read_file(directory_of(lab) + "/lab.toml").value_or("");
}

void Journal::append(const std::string& lines) { write_all(file_.get(), lines, path("journal")); }

void Journal::write_file(const std::string& name, const std::string& text) const {
  const std::string target = path(name);
  const std::string fresh = target + ".new";
  const UniqueFd file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) fail(fmt::format("cannot write {}", fresh));
  write_all(file.get(), text, fresh);
  if (::rename(fresh.c_str(), target.c_str()) != 0) fail(fmt::format("cannot write {}", target));
}

void Journal::write_all_anew() {
  write_file("journal", record_.boot.empty() ? "" : all_events(record_));
  file_ = UniqueFd(::open(path("journal").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW));
  if (!file_) fail(fmt::format("cannot open {}", path("journal")));
}

void Journal::begin(const Lab& lab, const std::vector<std::string>& only) {
  const std::lock_guard guard(mutex_);
  record_.file = fs::absolute(lab.file).lexically_normal();
  record_.only = only;
  record_.boot = boot_id();
  record_.version = NETRIG_VERSION;
  record_.began = std::time(nullptr);
  record_.phase = Phase::starting;
  append(begin_event(record_) + phase_event(record_.phase));
}

void Journal::set_phase(Phase phase) {
  const std::lock_guard guard(mutex_);
  record_.phase = phase;
  append(phase_event(phase));
}

void Journal::commit(const Lab& lab, const std::vector<std::string>& only) {
  const std::lock_guard guard(mutex_);
  write_file("lab.toml", lab.source);
  record_.file = fs::absolute(lab.file).lexically_normal();
  record_.only = only;
  const bool first = record_.phase == Phase::starting;
  record_.phase = Phase::running;
  // A first `up` has nothing past in its journal, so it is only closed.
  if (first)
    append(phase_event(record_.phase));
  else
    write_all_anew();
}

void Journal::add_namespaces(const std::vector<MadeNamespace>& made) {
  std::string lines;
  for (const auto& one : made) lines += namespace_event(one);
  const std::lock_guard guard(mutex_);
  append(lines);
  record_.namespaces.insert(record_.namespaces.end(), made.begin(), made.end());
}

void Journal::namespace_gone(const std::string& name) {
  const std::lock_guard guard(mutex_);
  append(namespace_gone_event(name));
  std::erase_if(record_.namespaces, [&](const MadeNamespace& made) { return made.name == name; });
}

void Journal::intend_devices(const std::vector<MadeDevice>& devices) {
  std::string lines;
  for (const auto& one : devices) lines += device_event(one);
  const std::lock_guard guard(mutex_);
  append(lines);
  record_.devices.insert(record_.devices.end(), devices.begin(), devices.end());
}

void Journal::settle_devices(const std::vector<MadeDevice>& devices) {
  std::string lines;
  for (const auto& one : devices) lines += device_event(one);
  const std::lock_guard guard(mutex_);
  append(lines);
  // They are the latest that were intended, in the same order.
  std::size_t at = record_.devices.size();
  for (std::size_t i = devices.size(); i-- > 0;) {
    while (at > 0 && record_.devices[at - 1].name != devices[i].name) --at;
    if (at > 0) record_.devices[--at] = devices[i];
  }
}

void Journal::device_gone(const std::string& name) {
  const std::lock_guard guard(mutex_);
  append(device_gone_event(name));
  std::erase_if(record_.devices, [&](const MadeDevice& made) { return made.name == name; });
}

void Journal::add_sysctl(const SavedSysctl& sysctl) {
  const std::lock_guard guard(mutex_);
  // What it was before the lab is the first value seen; a later change must not take its place.
  if (std::any_of(record_.sysctls.begin(), record_.sysctls.end(),
                  [&](const SavedSysctl& s) { return s.home == sysctl.home && s.key == sysctl.key; }))
    return;
  append(sysctl_event(sysctl));
  record_.sysctls.push_back(sysctl);
}

void Journal::sysctl_gone(const std::string& home, const std::string& key) {
  const std::lock_guard guard(mutex_);
  append(sysctl_gone_event(home, key));
  std::erase_if(record_.sysctls, [&](const SavedSysctl& s) { return s.home == home && s.key == key; });
}

void Journal::add_route(const MadeRoute& route) {
  const std::lock_guard guard(mutex_);
  append(route_event(route, false));
  record_.routes.push_back(route);
}

void Journal::route_gone(const MadeRoute& route) {
  const std::lock_guard guard(mutex_);
  append(route_event(route, true));
  std::erase_if(record_.routes, [&](const MadeRoute& r) { return r.home == route.home && r.route == route.route; });
}

void Journal::remove() {
  const std::lock_guard guard(mutex_);
  const std::string directory = directory_of(record_.lab);
  // The lock file goes last but one: until then nobody else can take the lab's name.
  for (const char* name : {"lab.toml", "lab.toml.new", "journal.new", "journal", "lock"})
    if (::unlink(path(name).c_str()) != 0 && errno != ENOENT) fail(fmt::format("cannot remove {}", path(name)));
  if (::rmdir(directory.c_str()) != 0 && errno != ENOENT && errno != ENOTEMPTY)
    fail(fmt::format("cannot remove {}", directory));
}

}  // namespace netrig::engine
