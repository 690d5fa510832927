// SPDX-License-Identifier: Apache-2.0
// Who a process is, so that another that has got its number is never taken for it.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "model/unique_fd.hpp"

namespace netrig::process {

/// The first process of a PID namespace. A number alone is given to others later; with the time at which it began and
/// the namespace that it is the first of it is one process of one boot.
struct Identity {
  pid_t process = 0;
  std::uint64_t began = 0;      ///< Units: clock ticks since boot, field 22 of /proc/PID/stat
  std::uint64_t space = 0;      ///< inode of its PID namespace
  std::uint64_t seen_from = 0;  ///< inode of the PID namespace in which it has that number
  friend bool operator==(const Identity&, const Identity&) = default;
};

/// Of a process that cannot go while it is looked at, such as a child that nobody has waited for. Nothing: there is
/// none of that number, or /proc does not show this PID namespace.
std::optional<Identity> identity_of(pid_t process);

enum class Whereabouts : std::uint8_t {
  here,
  gone,
  unknown,  ///< it cannot be told from here
};
/// One that is looked for. Signals go by the descriptor, which is that process whatever becomes of its number.
struct Found {
  Whereabouts whereabouts = Whereabouts::gone;
  UniqueFd process = {};  ///< pidfd, if it is here
  std::string why = {};   ///< of unknown: a clause
};
/// Gone is only what is proved to be: what cannot be looked at is unknown.
Found find(const Identity& identity);

/// Whether a process has ended, and with a first process all of its namespace.
bool has_ended(const UniqueFd& process);
/// False: it has ended.
bool send_signal(const UniqueFd& process, int signal);
/// Waits until it has ended, or time is over; whether it has.
bool await_end(const UniqueFd& process, std::chrono::steady_clock::time_point until);

}  // namespace netrig::process
