// SPDX-License-Identifier: Apache-2.0
// Where records are kept: a directory below /run/netrig for each lab, and for each existing namespace that labs use.
#pragma once
#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "model/unique_fd.hpp"

namespace netrig::engine {

inline constexpr const char* kRunDirectory = "/run/netrig";

/// What a record says decides what is deleted, so nothing is read here that somebody else could have written: every
/// directory must be root's (or the user's own) and closed to others, every file in it a regular one like that. No link
/// is followed, and nothing that is opened can block. All members throw Error{denied} naming the path otherwise.
/// Thread: any, but one directory one at a time.
class RecordDirectory {
 public:
  enum class Wait : std::uint8_t { no, yes };
  struct Asked {
    bool create = false;  ///< make it if it is not there
    Wait wait = Wait::no;
    const std::atomic<bool>* interrupted = nullptr;  ///< ends the wait with Error{interrupted}
    /// What is being done to it, for the message to who finds it locked; nothing: "changed".
    std::function<std::string(const RecordDirectory&)> doing = {};
  };

  /// Opens one and locks it. Nothing: it is not there. Throws Error{conflict} if another process has it.
  static std::optional<RecordDirectory> lock(const std::string& name, const Asked& asked);
  /// Opens one to look at it.
  static std::optional<RecordDirectory> look(const std::string& name);
  /// Everything in /run/netrig, sorted.
  static std::vector<std::string> names();

  /// The process that has the lock; nothing: nobody has. 0: one that did not get so far as to say its number.
  [[nodiscard]] std::optional<pid_t> holder() const;
  [[nodiscard]] std::string path(const std::string& file) const;
  /// Nothing: there is no such file.
  [[nodiscard]] std::optional<std::string> read(const std::string& file) const;
  /// Puts a file in place whole: whoever reads finds the old text or the new one.
  void replace(const std::string& file, const std::string& text) const;
  [[nodiscard]] UniqueFd append_to(const std::string& file) const;
  /// A directory in it that holds files alone. Nothing: it is not there.
  [[nodiscard]] UniqueFd subdirectory(const std::string& name, bool create) const;
  /// Removes it with its files, if it is there.
  void remove_subdirectory(const std::string& name) const;
  /// Removes these files, in this order, then the lock and the directory.
  void remove(const std::vector<std::string>& files);
  /// Gives up the lock, and takes the directory away again if it was made for it: nothing has begun.
  void unmake();

 private:
  RecordDirectory(std::string name, UniqueFd above, UniqueFd fd)
      : name_(std::move(name)), above_(std::move(above)), fd_(std::move(fd)) {}
  static std::optional<RecordDirectory> open(const std::string& name, bool create);
  [[nodiscard]] UniqueFd open_file(const std::string& file, int flags) const;
  [[nodiscard]] bool is_ours(const UniqueFd& lock) const;

  std::string name_;
  UniqueFd above_;
  UniqueFd fd_;
  UniqueFd lock_;
  bool made_ = false;  ///< by this very call
};

/// Writes all of a text; `path` is for the message.
void write_all(const UniqueFd& file, const std::string& text, const std::string& path);

}  // namespace netrig::engine
