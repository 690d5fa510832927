// SPDX-License-Identifier: Apache-2.0
// Work in another namespace: the caller stays in its own, whatever happens there.
#include "kernel/inside.hpp"

#include <stdexcept>

#include "catch.hpp"
#include "kernel/namespace.hpp"
#include "kernel/socket.hpp"

namespace kernel = netrig::kernel;

namespace {

std::uint64_t here() { return kernel::Socket().namespace_cookie(); }

/// A namespace without a name, made beside the calling thread.
kernel::CreatedNamespace another() {
  kernel::CreatedNamespace made;
  kernel::aside([&] { made = kernel::create_namespace(); });
  return made;
}

}  // namespace

TEST_CASE("work in another namespace leaves the caller in its own, also when it throws") {
  const std::uint64_t home = here();
  const kernel::CreatedNamespace other = another();
  CHECK(here() == home);
  std::uint64_t seen = 0;
  kernel::inside(other.fd, [&] { seen = here(); });
  CHECK(seen == other.cookie);
  CHECK(here() == home);
  CHECK_THROWS_WITH(kernel::inside(other.fd, [] { throw std::runtime_error("enough"); }), "enough");
  CHECK(here() == home);
}

TEST_CASE("a thread that does the work itself comes back") {
  const std::uint64_t home = here();
  const kernel::CreatedNamespace other = another();
  {
    const kernel::Homecoming back;
    kernel::enter(other.fd);
    CHECK(here() == other.cookie);
  }
  CHECK(here() == home);
}
