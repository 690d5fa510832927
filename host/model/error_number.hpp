// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cerrno>

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

}  // namespace netrig
