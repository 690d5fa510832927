// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cerrno>
#include <exception>
#include <new>
#include <string>
#include <system_error>

#include "model/error.hpp"

namespace netrig {

/// Whether an errno tells of the machine's state (too little of something, a failing disk) and not of what was asked.
[[nodiscard]] constexpr bool is_of_machine(int error) {
  switch (error) {
    case EAGAIN:
    case EBUSY:
    case EDQUOT:
    case EINTR:
    case EIO:
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOLCK:
    case ENOMEM:
    case ENOSPC:
      return true;
    default:
      return false;
  }
}

/// Code of an error with this errno: a lab file is not wrong, nor a driver to be refused, because descriptors ran out.
[[nodiscard]] constexpr ErrorCode code_of(int error, ErrorCode otherwise) {
  return is_of_machine(error) ? ErrorCode::failed : otherwise;
}

/// Code of the kernel's no: the one rule for "a privilege is missing". Not EACCES, which is also what the kernel says
/// of an IPv6 address where IPv6 is off.
[[nodiscard]] constexpr ErrorCode refusal_code(int error) {
  return error == EPERM ? ErrorCode::denied : ErrorCode::failed;
}

/// Name of an errno, "EEXIST".
std::string errno_name(int error);
/// "File exists (EEXIST)".
std::string errno_text(int error);

/// Code of whatever was thrown. What the standard library throws for a system call that failed, or for lack of memory,
/// is no defect.
[[nodiscard]] inline ErrorCode code_of(const std::exception& error) {
  if (const auto* known = dynamic_cast<const Error*>(&error)) return known->code();
  const bool of_system = dynamic_cast<const std::system_error*>(&error) != nullptr;
  return of_system || dynamic_cast<const std::bad_alloc*>(&error) != nullptr ? ErrorCode::failed : ErrorCode::internal;
}

}  // namespace netrig
