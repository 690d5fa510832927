// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

namespace netrig {

/// What kind of failure it was; decides the exit code of the command (docs/exit-codes.md).
enum class ErrorCode : std::uint8_t {
  internal = 70,      ///< a defect in netrig
  failed = 1,         ///< the kernel or a driver said no; what was begun has been rolled back
  invalid = 2,        ///< lab file, policy or command line is wrong; nothing was changed
  denied = 3,         ///< a privilege is missing
  conflict = 4,       ///< something exists already, or another netrig holds the lab
  driver = 5,         ///< a driver is missing or refused
  unsupported = 6,    ///< this kernel or machine lacks something
  not_found = 7,      ///< no such lab, namespace or driver
  left = 8,           ///< all was removed but what netrig did not make, which was left and named
  interrupted = 130,  ///< by a signal (128 + SIGINT); what was begun has been rolled back
};

/// Word for a code in JSON: "invalid", "conflict"...
[[nodiscard]] constexpr const char* to_text(ErrorCode code) {
  switch (code) {
    case ErrorCode::internal:
      return "internal";
    case ErrorCode::failed:
      return "failed";
    case ErrorCode::invalid:
      return "invalid";
    case ErrorCode::denied:
      return "denied";
    case ErrorCode::conflict:
      return "conflict";
    case ErrorCode::driver:
      return "driver";
    case ErrorCode::unsupported:
      return "unsupported";
    case ErrorCode::not_found:
      return "not_found";
    case ErrorCode::left:
      return "left";
    case ErrorCode::interrupted:
      return "interrupted";
  }
  return "internal";
}

/// Place in a text file. Line and column count from 1, columns in code points; 0: unknown. Positions never take part in
/// comparisons: two values that differ only in where they were written are the same value.
struct Position {
  std::uint32_t line = 0;
  std::uint16_t column = 0;  ///< 65535: there or further right; a lab has many positions, and they are kept small
  std::uint16_t file = 0;    ///< 0: the file itself; else the one before this index in Lab::includes
  friend constexpr bool operator==(Position, Position) { return true; }
};

/// The one exception type of the host. `where` is "file:line:column", or "lab/device", or empty.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, std::string message, std::string where = {})
      : std::runtime_error(where.empty() ? message : where + ": " + message),
        code_(code),
        message_(std::move(message)),
        where_(std::move(where)) {}

  [[nodiscard]] ErrorCode code() const noexcept { return code_; }
  [[nodiscard]] const std::string& message() const noexcept { return message_; }
  [[nodiscard]] const std::string& where() const noexcept { return where_; }

 private:
  ErrorCode code_;
  std::string message_;
  std::string where_;
};

}  // namespace netrig
