// SPDX-License-Identifier: Apache-2.0
#include "driver/file_content.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "model/error.hpp"
#include "model/error_number.hpp"

// linux/memfd.h of 6.3.
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

namespace netrig::driver {

UniqueFd sealed_copy(std::string_view bytes) {
  const auto fail = [] {
    throw Error(ErrorCode::failed, fmt::format("cannot hold a file for a driver: {}", errno_text(errno)));
  };
  UniqueFd copy(::memfd_create("netrig-file", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL));
  if (!copy && errno == EINVAL) copy = UniqueFd(::memfd_create("netrig-file", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!copy) fail();
  while (!bytes.empty()) {
    const ssize_t written = ::write(copy.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail();
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fcntl(copy.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0) fail();
  if (::lseek(copy.get(), 0, SEEK_SET) != 0) fail();
  return copy;
}

}  // namespace netrig::driver
