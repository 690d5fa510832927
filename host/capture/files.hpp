// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "capture/packet.hpp"
#include "model/unique_fd.hpp"

namespace netrig::capture {

/// When the next file begins: at the first packet for which one of them is over. Nothing set: there is one file.
struct Rotation {
  std::optional<std::uint64_t> bytes = {};
  std::optional<std::chrono::nanoseconds> time = {};
  std::optional<std::size_t> keep = {};  ///< so many files, the newest; unset: all
  [[nodiscard]] bool wanted() const { return bytes || time; }
};

struct FilesSpec {
  std::string path;  ///< "-": standard output
  Rotation rotation = {};
  std::string comment = {};
  /// Opens a file to be written from its beginning. Throws Error.
  std::function<UniqueFd(const std::string& path)> open;
  std::function<bool()> gave_up = {};  ///< while a reader takes nothing
};

/// pcapng files, each whole in itself.
class Files final : public Sink {
 public:
  explicit Files(FilesSpec spec) : spec_(std::move(spec)) {}

  void begin(const std::vector<Interface>& interfaces, Count count) override;
  void add(const Interface& interface) override;
  void packet(std::size_t interface, const Packet& packet) override;
  void flush() override;
  void end() override;
  [[nodiscard]] bool is_unread() override;

  /// Those that are there, in the order of their numbers.
  [[nodiscard]] const std::deque<std::string>& paths() const { return paths_; }

 private:
  [[nodiscard]] std::string next_path() const;
  void open_next();
  void close_file();
  [[nodiscard]] bool is_full(const Packet& packet) const;
  [[nodiscard]] int write(std::string_view text);

  FilesSpec spec_;
  std::vector<Interface> interfaces_;
  Count count_;
  std::size_t number_ = 0;
  std::deque<std::string> paths_;
  UniqueFd file_;
  bool regular_ = false;
  bool unread_ = false;
  std::string buffer_;         ///< whole blocks
  std::uint64_t written_ = 0;  ///< bytes of the file
  std::chrono::steady_clock::time_point opened_;
  std::chrono::nanoseconds began_{};
  std::vector<Counts> before_;          ///< counts when the file began
  std::vector<std::uint64_t> packets_;  ///< of the file, by interface
};

}  // namespace netrig::capture
