// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "engine/record.hpp"
#include "engine/record_directory.hpp"
#include "model/unique_fd.hpp"

namespace netrig::engine {

/// Identity of the running kernel. Empty: it is not known, as where /proc is masked.
std::string boot_id();
/// Whether a record says that another kernel made its lab. One that is not known is not another.
bool is_of_another_boot(const Record& record);
/// Whether a lab was brought up from this file.
bool is_same_file(const Record& record, const std::string& file);

/// The directory /run/netrig/LAB, locked: `journal` (JSON lines, appended to), `lab.toml` (the file as applied),
/// `edit.toml` (the file of the last edit).
/// An event is written before the kernel is asked and settled after it has answered, so that whatever is found after a
/// crash is known. Thread: the event members may be called from several threads at once.
class Journal {
 public:
  using Wait = RecordDirectory::Wait;
  struct Opening {
    bool create = false;  ///< make the directory if it is not there
    Wait wait = Wait::no;
    bool salvage = false;                            ///< of a damaged record take what can be read
    const std::atomic<bool>* interrupted = nullptr;  ///< ends the wait
  };

  /// Locks the lab and reads its record. Nothing: no such lab. Throws Error{conflict} if another process holds it and
  /// nobody waits, Error{failed} if the record is damaged, Error{denied} if others could have written it.
  static std::optional<Journal> open(const std::string& lab, const Opening& opening);
  /// Names of all labs that have a directory.
  static std::vector<std::string> labs();
  /// Reads a record without locking, for showing. Nothing: no such lab. Throws as open() does.
  static std::optional<Record> peek(const std::string& lab);
  /// One namespace of a lab, without reading all of its record. Nothing: no such lab, or it has none of that name.
  /// Throws as open() does.
  static std::optional<MadeNamespace> find_namespace(const std::string& lab, const std::string& name);
  /// A record, and the process that is at it.
  struct View {
    Record record;
    std::optional<pid_t> holder;  ///< as RecordDirectory::holder() says
  };
  static std::optional<View> look(const std::string& lab);
  /// Another whenever the record is another, for who looks again and again; nothing: there is no record. What is done
  /// to a lab is in its record before.
  struct Mark {
    std::uint64_t file = 0;
    std::int64_t size = 0;
    std::int64_t changed = 0;  ///< Units: ns
    friend bool operator==(const Mark&, const Mark&) = default;
  };
  static std::optional<Mark> mark(const std::string& lab);
  /// The lab file as it was applied. Empty: `up` has not got so far.
  static std::string applied_source(const std::string& lab);
  /// The lab file of Record::edit.
  static std::string edit_source(const std::string& lab);

  /// One that nobody else sees and that ends with this process.
  static Journal in_memory(const std::string& lab);

  Journal(Journal&& other) noexcept;
  Journal& operator=(Journal&&) = delete;
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  ~Journal() = default;

  [[nodiscard]] const Record& record() const { return record_; }

  void begin(const Lab& lab, const std::vector<std::string>& only, Purpose purpose);
  /// `up` is about to make another lab of this one. What that is to be, is kept for who finds it cut off.
  void begin_edit(const Lab& next, const std::vector<std::string>& only);
  void set_phase(Phase phase);
  /// The lab is as `lab` says: keeps its source, and writes the journal anew without what is past.
  void commit(const Lab& lab, const std::vector<std::string>& only);
  /// The lab stays when the run that made it ends.
  void keep();

  // Three verbs for everything that a lab makes. What is intended is in the record before it is made.
  void intend(const std::vector<MadeNamespace>& made);
  void intend(std::vector<MadeDevice> devices);
  /// What it was before the lab is the first value seen, which a later one does not take the place of.
  void intend(const SavedSysctl& sysctl);
  void intend(const MadeObject& made);
  void intend(const MadeService& service);
  void intend(const MadeCommand& command);
  /// More is known of devices that were intended. Those marked as settled are there: ifindexes and record are final.
  void done(std::vector<MadeDevice> devices);
  /// It has been written; it may read otherwise, or not at all.
  void done(const ShownSysctl& sysctl);
  /// Its first process is there, and waits to be let go; or it is ready.
  void done(const MadeService& service) { intend(service); }
  void done(const MadeCommand& command) { intend(command); }
  /// It is gone, or given back. Devices and namespaces go by their names.
  void undone(const MadeNamespace& gone);
  void undone(const MadeDevice& gone);
  void undone(const SavedSysctl& sysctl);
  void undone(const MadeObject& made);
  void undone(const MadeService& service);
  void undone(const MadeCommand& command);

  /// Those of a namespace that do not read as they were written.
  [[nodiscard]] std::vector<ShownSysctl> shown_in(const std::string& home);
  /// Nothing: the lab has not set it.
  [[nodiscard]] std::optional<SavedSysctl> saved_sysctl(const std::string& home, const std::string& key);

  /// Where its services' logs are, made if it is not there; nothing: kept in memory alone.
  [[nodiscard]] UniqueFd logs() const;
  /// The same of a lab that somebody else may hold; nothing: there are none. Throws as open() does.
  static UniqueFd find_logs(const std::string& lab);

  /// Of everything else nothing is left.
  void keep_only(const std::unordered_set<std::string>& namespaces);
  /// Nothing of the lab is left: removes the directory.
  void remove();

 private:
  Journal(std::optional<RecordDirectory> directory, Record record);
  void append(const std::string& lines);
  /// The same for what is gone, or is to go. Where nothing can be written it goes all the same: a record that still
  /// names it is compared with the kernel before anything is done by it.
  void append_gone(const std::string& lines);
  void write_all_anew();

  std::optional<RecordDirectory> directory_;  ///< nothing: kept in memory alone
  UniqueFd file_;
  Record record_;
  std::unordered_set<std::string> saved_;  ///< of record_.sysctls, as key_of() says
  std::mutex mutex_;
};

}  // namespace netrig::engine
