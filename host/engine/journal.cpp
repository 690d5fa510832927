// SPDX-License-Identifier: Apache-2.0
#include "engine/journal.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/events.hpp"
#include "kernel/layer.hpp"
#include "kernel/view.hpp"
#include "model/error_number.hpp"

namespace netrig::engine {
namespace {

namespace fs = std::filesystem;

constexpr const char* kJournal = "journal";
constexpr const char* kSource = "lab.toml";
constexpr const char* kEditSource = "edit.toml";
constexpr const char* kLogs = "logs";

/// Path of a lab's file as a record has it: absolute, and with what is not UTF-8 replaced, for the journal is JSON.
std::string recorded_path(const std::string& file) {
  const std::string path = fs::absolute(file).lexically_normal();
  return nlohmann::json::parse(nlohmann::json(path).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

/// A lab whose directory has no journal has not begun: the journal comes whole, before anything is made.
Record read_record(const RecordDirectory& directory, const std::string& lab, bool salvaged) {
  Record record;
  const auto text = directory.read(kJournal);
  try {
    if (text) record = replay(*text, directory.path(kJournal));
    if (record.damaged)
      throw Error(ErrorCode::failed, "the lab's record was damaged, and taking the lab down did not end",
                  directory.path(kJournal));
    if (!text && directory.read(kSource))
      throw Error(ErrorCode::failed, "the lab's record is damaged: the lab was up, and this file is gone",
                  directory.path(kJournal));
  } catch (const Error& error) {
    if (!salvaged)
      throw Error(
          error.code(),
          fmt::format("{}; \"netrig down --force {}\" removes what can still be told from it, and names the rest",
                      error.message(), lab),
          error.where());
    record = salvage(text.value_or(""));
  }
  record.lab = lab;
  return record;
}

/// What whoever holds a lab is doing to it, as far as its record tells.
std::string deed_of(const RecordDirectory& directory, const std::string& lab) {
  try {
    const Record record = read_record(directory, lab, false);
    if (!record.begun || record.phase == Phase::starting) return "brought up";
    if (record.phase == Phase::removing) return "taken down";
    // `up` says that it changes a lab only once it has looked at it.
    if (record.phase == Phase::running)
      return record.purpose == Purpose::run ? "tested" : "tested, or is about to be changed,";
  } catch (const Error&) {
    // Whoever comes next will see that it cannot be read.
  }
  return "changed";
}

/// No key has a space in it.
std::string key_of(const std::string& home, const std::string& sysctl) { return home + " " + sysctl; }

}  // namespace

std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string text;
  std::getline(file, text);
  return text;
}

bool is_of_another_boot(const Record& record) {
  const std::string now = boot_id();
  return record.begun && !record.boot.empty() && !now.empty() && record.boot != now;
}

bool is_same_file(const Record& record, const std::string& file) {
  std::error_code missing;
  return record.file == recorded_path(file) || fs::equivalent(record.file, file, missing);
}

Journal::Journal(std::optional<RecordDirectory> directory, Record record)
    : directory_(std::move(directory)), record_(std::move(record)) {
  for (const SavedSysctl& saved : record_.sysctls) saved_.insert(key_of(saved.home, saved.key));
}

Journal::Journal(Journal&& other) noexcept
    : directory_(std::move(other.directory_)),
      file_(std::move(other.file_)),
      record_(std::move(other.record_)),
      saved_(std::move(other.saved_)) {}

std::optional<Journal> Journal::open(const std::string& lab, const Opening& opening) {
  auto directory = RecordDirectory::lock(LabName(lab).str(),
                                         {.create = opening.create,
                                          .wait = opening.wait,
                                          .interrupted = opening.interrupted,
                                          .doing = [&](const RecordDirectory& held) { return deed_of(held, lab); }});
  if (!directory) return std::nullopt;
  Record record;
  try {
    record = read_record(*directory, lab, opening.salvage);
  } catch (const Error&) {
    directory->unmake();
    throw;
  }
  // What there is, is written anew before anything is appended: a line that a crash cut short must not run into the
  // next.
  return Journal(std::move(*directory), std::move(record));
}

std::vector<std::string> Journal::labs() {
  std::vector<std::string> names = RecordDirectory::names();
  std::erase_if(names, [](const std::string& name) { return lab_name_fault(name).has_value(); });
  return names;
}

std::optional<Record> Journal::peek(const std::string& lab) {
  const auto directory = RecordDirectory::look(LabName(lab).str());
  if (!directory) return std::nullopt;
  return read_record(*directory, lab, false);
}

std::optional<MadeNamespace> Journal::find_namespace(const std::string& lab, const std::string& name) {
  const auto directory = RecordDirectory::look(LabName(lab).str());
  const auto text = directory ? directory->read(kJournal) : std::nullopt;
  // One that has not begun or cannot be read is for peek() to tell.
  if (!text || namespace_name_fault(name)) return std::nullopt;
  for (const MadeNamespace& made : replay_about(name, *text, directory->path(kJournal)).namespaces)
    if (made.name == name) return made;
  return std::nullopt;
}

std::optional<Journal::View> Journal::look(const std::string& lab) {
  // Between a look at the record and one at the lock a run may have ended or begun; twice in a row is no chance.
  constexpr int kLooks = 3;
  std::optional<View> view;
  for (int i = 0; i < kLooks; ++i) {
    const auto directory = RecordDirectory::look(LabName(lab).str());
    if (!directory) return std::nullopt;
    const Record record = read_record(*directory, lab, false);
    view = View{.record = record, .holder = directory->holder()};
    if (record.settled() || view->holder) break;
  }
  return view;
}

std::optional<Journal::Mark> Journal::mark(const std::string& lab) {
  struct stat status {};
  if (::stat(fmt::format("{}/{}/{}", kRunDirectory, LabName(lab).str(), kJournal).c_str(), &status) != 0)
    return std::nullopt;
  constexpr std::int64_t kNanoseconds = 1'000'000'000;
  return Mark{.file = status.st_ino,
              .size = status.st_size,
              .changed = status.st_mtim.tv_sec * kNanoseconds + status.st_mtim.tv_nsec};
}

std::string Journal::applied_source(const std::string& lab) {
  const auto directory = RecordDirectory::look(LabName(lab).str());
  return directory ? directory->read(kSource).value_or("") : "";
}

std::string Journal::edit_source(const std::string& lab) {
  const auto directory = RecordDirectory::look(LabName(lab).str());
  return directory ? directory->read(kEditSource).value_or("") : "";
}

Journal Journal::in_memory(const std::string& lab) {
  Record record;
  record.lab = lab;
  return {std::nullopt, std::move(record)};
}

void Journal::append(const std::string& lines) {
  if (!directory_) return;
  if (!file_) write_all_anew();
  try {
    write_all(file_, lines, directory_->path(kJournal));
  } catch (const Error&) {
    file_ = {};  // half a line may stand there, which the next must not run into
    throw;
  }
}

void Journal::append_gone(const std::string& lines) {
  try {
    append(lines);
  } catch (const Error& error) {
    spdlog::debug("{}", error.what());
  }
}

void Journal::write_all_anew() {
  if (!directory_) return;
  directory_->replace(kJournal, all_events(record_));
  file_ = directory_->append_to(kJournal);
}

void Journal::begin(const Lab& lab, const std::vector<std::string>& only, Purpose purpose) {
  const std::lock_guard guard(mutex_);
  record_.purpose = purpose;
  record_.file = recorded_path(lab.file);
  record_.only = only;
  record_.boot = boot_id();
  record_.version = NETRIG_VERSION;
  record_.began = std::time(nullptr);
  record_.phase = Phase::starting;
  write_all_anew();
  record_.begun = true;
}

void Journal::begin_edit(const Lab& next, const std::vector<std::string>& only) {
  const std::lock_guard guard(mutex_);
  Edit edit{.file = recorded_path(next.file), .only = only};
  if (directory_) directory_->replace(kEditSource, next.source);
  append(event_of(edit));
  record_.edit = std::move(edit);
  record_.phase = Phase::changing;
}

void Journal::set_phase(Phase phase) {
  const std::lock_guard guard(mutex_);
  // It may have to be written anew first, as it still is: if no more can be written then, it has not changed.
  if (phase == Phase::removing)
    append_gone(event_of(phase));
  else
    append(event_of(phase));
  record_.phase = phase;
}

void Journal::commit(const Lab& lab, const std::vector<std::string>& only) {
  const std::lock_guard guard(mutex_);
  if (directory_) directory_->replace(kSource, lab.source);
  record_.file = recorded_path(lab.file);
  record_.only = only;
  record_.phase = Phase::running;
  record_.edit.reset();
  for (MadeDevice& made : record_.devices) made.fresh = false;
  write_all_anew();
}

void Journal::keep() {
  const std::lock_guard guard(mutex_);
  record_.purpose = Purpose::up;
  write_all_anew();
}

void Journal::intend(const std::vector<MadeNamespace>& made) {
  std::string lines;
  for (const auto& one : made) lines += event_of(one);
  const std::lock_guard guard(mutex_);
  append(lines);
  record_.namespaces.insert(record_.namespaces.end(), made.begin(), made.end());
}

void Journal::undone(const MadeNamespace& gone) {
  const std::lock_guard guard(mutex_);
  append_gone(end_of(gone));
  std::erase_if(record_.namespaces, [&](const MadeNamespace& made) { return made.name == gone.name; });
}

void Journal::intend(std::vector<MadeDevice> devices) {
  const std::lock_guard guard(mutex_);
  for (MadeDevice& one : devices) one.fresh = record_.phase == Phase::changing;
  std::string lines;
  for (const auto& one : devices) lines += event_of(one);
  append(lines);
  record_.devices.insert(record_.devices.end(), devices.begin(), devices.end());
}

void Journal::done(std::vector<MadeDevice> devices) {
  const std::lock_guard guard(mutex_);
  // They are the latest that were intended, in the same order.
  std::vector<MadeDevice*> places(devices.size());
  std::size_t at = record_.devices.size();
  for (std::size_t i = devices.size(); i-- > 0;) {
    while (at > 0 && record_.devices[at - 1].name != devices[i].name) --at;
    if (at == 0) continue;
    places[i] = &record_.devices[--at];
    devices[i].fresh = places[i]->fresh;
  }
  std::string lines;
  for (const auto& one : devices) lines += event_of(one);
  append(lines);
  for (std::size_t i = 0; i < devices.size(); ++i)
    if (places[i] != nullptr) *places[i] = std::move(devices[i]);
}

void Journal::undone(const MadeDevice& gone) {
  const std::lock_guard guard(mutex_);
  append_gone(end_of(gone));
  std::erase_if(record_.devices, [&](const MadeDevice& made) { return made.name == gone.name; });
}

void Journal::intend(const SavedSysctl& sysctl) {
  const std::lock_guard guard(mutex_);
  // What it was before the lab is the first value seen; a later change must not take its place.
  if (saved_.contains(key_of(sysctl.home, sysctl.key))) return;
  append(event_of(sysctl));
  record_.sysctls.push_back(sysctl);
  saved_.insert(key_of(sysctl.home, sysctl.key));
}

void Journal::done(const ShownSysctl& sysctl) {
  const std::lock_guard guard(mutex_);
  const bool differs = sysctl.shown != sysctl.written;
  const auto is_it = [&](const ShownSysctl& s) { return s.home == sysctl.home && s.key == sysctl.key; };
  if (!differs && std::none_of(record_.shown.begin(), record_.shown.end(), is_it)) return;
  append(event_of(sysctl));
  std::erase_if(record_.shown, is_it);
  if (differs) record_.shown.push_back(sysctl);
}

std::vector<ShownSysctl> Journal::shown_in(const std::string& home) {
  const std::lock_guard guard(mutex_);
  std::vector<ShownSysctl> result;
  for (const ShownSysctl& one : record_.shown)
    if (one.home == home) result.push_back(one);
  return result;
}

void Journal::undone(const SavedSysctl& sysctl) {
  const std::lock_guard guard(mutex_);
  append_gone(end_of(sysctl));
  if (saved_.erase(key_of(sysctl.home, sysctl.key)) == 0) return;
  const auto is_it = [&](const auto& other) { return other.home == sysctl.home && other.key == sysctl.key; };
  std::erase_if(record_.sysctls, is_it);
  std::erase_if(record_.shown, is_it);
}

std::optional<SavedSysctl> Journal::saved_sysctl(const std::string& home, const std::string& key) {
  const std::lock_guard guard(mutex_);
  if (!saved_.contains(key_of(home, key))) return std::nullopt;
  const auto found = std::find_if(record_.sysctls.begin(), record_.sysctls.end(),
                                  [&](const SavedSysctl& s) { return s.home == home && s.key == key; });
  return found == record_.sysctls.end() ? std::nullopt : std::optional(*found);
}

namespace {

bool same(const MadeObject& a, const MadeObject& b) { return a.home == b.home && is_same(a.object, b.object); }

}  // namespace

void Journal::intend(const MadeObject& made) {
  const std::lock_guard guard(mutex_);
  append(event_of(made));
  std::erase_if(record_.objects, [&](const MadeObject& other) { return same(other, made); });
  record_.objects.push_back(made);
}

void Journal::undone(const MadeObject& made) {
  const std::lock_guard guard(mutex_);
  append_gone(end_of(made));
  forget(record_.objects, made);
}

void Journal::intend(const MadeService& service) {
  const std::lock_guard guard(mutex_);
  append(event_of(service));
  std::erase_if(record_.services, [&](const MadeService& other) { return other.name == service.name; });
  record_.services.push_back(service);
}

void Journal::undone(const MadeService& service) {
  const std::lock_guard guard(mutex_);
  append_gone(end_of(service));
  std::erase_if(record_.services, [&](const MadeService& other) { return other.name == service.name; });
}

namespace {

bool same(const MadeCommand& a, const MadeCommand& b) { return a.home == b.home && a.index == b.index; }

}  // namespace

void Journal::intend(const MadeCommand& command) {
  const std::lock_guard guard(mutex_);
  append(event_of(command));
  const auto found = std::find_if(record_.commands.begin(), record_.commands.end(),
                                  [&](const MadeCommand& other) { return same(other, command); });
  if (found == record_.commands.end())
    record_.commands.push_back(command);
  else
    *found = command;
}

void Journal::undone(const MadeCommand& command) {
  const std::lock_guard guard(mutex_);
  append_gone(end_of(command));
  std::erase_if(record_.commands, [&](const MadeCommand& other) { return same(other, command); });
}

UniqueFd Journal::logs() const { return directory_ ? directory_->subdirectory(kLogs, true) : UniqueFd(); }

UniqueFd Journal::find_logs(const std::string& lab) {
  const auto directory = RecordDirectory::look(LabName(lab).str());
  return directory ? directory->subdirectory(kLogs, false) : UniqueFd();
}

void Journal::keep_only(const std::unordered_set<std::string>& namespaces) {
  const std::lock_guard guard(mutex_);
  const auto gone = [&](const auto& one) { return !namespaces.contains(one.home); };
  std::erase_if(record_.namespaces, [&](const MadeNamespace& made) { return !namespaces.contains(made.name); });
  std::erase_if(record_.devices, [&](const MadeDevice& made) {
    return std::all_of(made.interfaces.begin(), made.interfaces.end(), gone);
  });
  std::erase_if(record_.sysctls, gone);
  std::erase_if(record_.shown, gone);
  saved_.clear();
  for (const SavedSysctl& s : record_.sysctls) saved_.insert(key_of(s.home, s.key));
  std::erase_if(record_.objects, gone);
  std::erase_if(record_.services, gone);
  std::erase_if(record_.commands, gone);
  file_ = {};
  append_gone({});
}

void Journal::remove() {
  const std::lock_guard guard(mutex_);
  if (directory_) try {
      directory_->remove_subdirectory(kLogs);
      kernel::unmount_layers(record_.lab);
      // What commands have put there may be deep.
      for (const char* name : {kernel::kPrivate, kernel::kLayers}) {
        std::error_code fault;
        fs::remove_all(directory_->path(name), fault);
        if (fault)
          throw Error(ErrorCode::failed,
                      fmt::format("cannot remove {}: {}", directory_->path(name), errno_text(fault.value())));
      }
      directory_->remove({kernel::kHosts, kEditSource, kSource, kJournal});
    } catch (const Error& error) {
      throw Error(error.code(),
                  fmt::format("{}; what is left is the record of lab {}, and \"netrig down {}\" tries again",
                              error.message(), record_.lab, record_.lab));
    }
  Record nothing;
  nothing.lab = std::move(record_.lab);
  record_ = std::move(nothing);
  saved_.clear();
}

}  // namespace netrig::engine
