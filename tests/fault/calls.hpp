// SPDX-License-Identifier: Apache-2.0
// Which system calls can fail, with what, and what netrig may then end with. The one table of the fault injector.
#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "tracer.hpp"

namespace fault {

/// A system call that can fail, and the errors that a machine in trouble gives it.
struct Call {
  int number = 0;
  const char* name = "";
  int path = -1;            ///< which argument is a path; -1: none is
  std::vector<int> errors;  ///< the n-th occurrence of a call takes the n-th of them, round and round
  int lasting = 0;          ///< one that stays, so that from an occurrence on all fail; 0: none does
};

std::span<const Call> calls();
/// nullptr: no such call in the table.
const Call* find_call(std::string_view name);

/// "EMFILE"; "kill" for kKill.
std::string_view error_name(int error);
/// 0: no such error.
int error_of(std::string_view name);
/// Instead of an error: the process that makes the call is killed (SIGKILL) before it is carried out.
inline constexpr int kKill = -1;

/// Whether `code` is what docs/exit-codes.md has a command ("up", "down", "run") end with after that fault.
bool is_right_code(std::string_view command, const Point& point, int code);

}  // namespace fault
