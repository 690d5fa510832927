// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/record.hpp"
#include "model/unique_fd.hpp"

namespace netrig::engine {

inline constexpr const char* kRunDirectory = "/run/netrig";

/// Identity of the running kernel; after a reboot nothing of a record exists any more.
std::string boot_id();

/// The directory /run/netrig/LAB, locked: `journal` (JSON lines, appended to), `lab.toml` (the file as applied).
/// An event is written before the kernel is asked and settled after it has answered, so that whatever is found after a
/// crash is known. Thread: the event members may be called from several threads at once.
class Journal {
 public:
  enum class Wait : std::uint8_t { no, yes };

  /// Locks the lab and reads its record. `create`: make the directory if it is not there. Nothing: no such lab.
  /// Throws Error{conflict} if another process holds it and `wait` is no.
  static std::optional<Journal> open(const std::string& lab, bool create, Wait wait);
  /// Names of all labs that have a directory.
  static std::vector<std::string> labs();
  /// Reads a record without locking, for showing. Nothing: no such lab.
  static std::optional<Record> peek(const std::string& lab);
  /// The lab file as it was applied. Empty: `up` has not got so far.
  static std::string applied_source(const std::string& lab);

  Journal(Journal&& other) noexcept;
  Journal& operator=(Journal&&) = delete;
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  ~Journal() = default;

  [[nodiscard]] const Record& record() const { return record_; }

  void begin(const Lab& lab, const std::vector<std::string>& only);
  void set_phase(Phase phase);
  /// The lab is as `lab` says: keeps its source, and writes the journal anew without what is past.
  void commit(const Lab& lab, const std::vector<std::string>& only);

  void add_namespaces(const std::vector<MadeNamespace>& made);
  void namespace_gone(const std::string& name);
  void intend_devices(const std::vector<MadeDevice>& devices);
  /// More is known of devices that were intended. Those marked as settled are there: ifindexes and record are final.
  void settle_devices(const std::vector<MadeDevice>& devices);
  void device_gone(const std::string& name);
  void add_sysctl(const SavedSysctl& sysctl);
  void sysctl_gone(const std::string& home, const std::string& key);
  void add_route(const MadeRoute& route);
  void route_gone(const MadeRoute& route);

  /// Nothing of the lab is left: removes the directory.
  void remove();

 private:
  Journal() = default;
  void append(const std::string& lines);
  void write_all_anew();
  void write_file(const std::string& name, const std::string& text) const;
  [[nodiscard]] std::string path(const std::string& name) const;

  UniqueFd lock_;
  UniqueFd file_;
  Record record_;
  std::mutex mutex_;
};

}  // namespace netrig::engine
