// SPDX-License-Identifier: Apache-2.0
// What netrig opens at the word of a file.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "catch.hpp"
#include "kernel/namespace.hpp"
#include "model/unique_fd.hpp"

using namespace netrig;

TEST_CASE("a path in a lab file is looked at before it is opened") {
  // Whoever opens it breaks the lease; a device would do what it does when it is opened.
  std::string path = std::filesystem::temp_directory_path() / "netrig-lease-XXXXXX";
  const UniqueFd file(::mkostemp(path.data(), O_CLOEXEC));
  REQUIRE(file);
  std::signal(SIGIO, SIG_IGN);
  REQUIRE(::fcntl(file.get(), F_SETLEASE, F_WRLCK) == 0);
  CHECK_THROWS_WITH(kernel::open_namespace(path), ContainsSubstring("is not a network namespace"));
  CHECK(::fcntl(file.get(), F_GETLEASE) == F_WRLCK);
  // By way of the directory of names, too.
  if (std::filesystem::is_directory("/run/netns")) {
    CHECK_THROWS_WITH(kernel::open_namespace("/run/netns/../.." + path),
                      ContainsSubstring("is not a network namespace"));
    CHECK(::fcntl(file.get(), F_GETLEASE) == F_WRLCK);
  }
  ::unlink(path.c_str());
  CHECK_THROWS_WITH(kernel::open_namespace("/dev/ptmx"), ContainsSubstring("/dev/ptmx is not a network namespace"));
  CHECK_THROWS_WITH(kernel::open_namespace("/proc/self/ns/mnt"), ContainsSubstring("is not a network namespace"));
  CHECK(kernel::open_namespace("/proc/self/ns/net"));
  CHECK_FALSE(kernel::open_namespace("/proc/self/ns/none"));
}
