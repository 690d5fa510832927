// SPDX-License-Identifier: Apache-2.0
// What a service writes, kept within bounds: NAME.log takes it, and becomes NAME.log.1 when it holds half of what may
// be kept. So a disk does not fill, and the last of it is always there.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/unique_fd.hpp"

namespace netrig::process {

std::string log_name(const std::string& service);
std::string old_log_name(const std::string& service);

/// The end that writes. Never throws: what cannot be written is lost, for the service must go on.
class LogWriter {
 public:
  /// `directory`: open, root's alone; must outlive it. `most`: bytes of both files together; 0: nothing is kept.
  LogWriter(int directory, const std::string& service, std::uint64_t most)
      : directory_(directory), name_(log_name(service)), old_(old_log_name(service)), half_(most / 2) {}

  void write(std::string_view text);
  /// A line of netrig's own, with the time: "netrig: started at 2026-01-01T00:00:00Z".
  void note(std::string_view what);

 private:
  bool open();
  bool make_room(std::size_t size);

  int directory_;
  std::string name_;
  std::string old_;
  std::uint64_t half_;
  UniqueFd file_;
  std::uint64_t size_ = 0;
  bool line_open_ = false;
};

/// The end that reads, now and again. Thread: one at a time.
class LogReader {
 public:
  LogReader(int directory, const std::string& service) : directory_(directory), service_(service) {}

  /// All that has come since the last time; at first, all that is kept. What came and went between two calls is lost.
  std::string read();
  /// As if all that there is had been read.
  void skip();

 private:
  [[nodiscard]] UniqueFd open(const std::string& name) const;
  static void append(const UniqueFd& file, std::string& text);

  int directory_;
  std::string service_;
  UniqueFd file_;
};

}  // namespace netrig::process
