// SPDX-License-Identifier: Apache-2.0
// Whether a process is the one that was meant, whoever has its number now.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "catch.hpp"
#include "process/identity.hpp"

using namespace netrig::process;

TEST_CASE("a process is found by all that it is, and by nothing less") {
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  const auto identity = identity_of(child);
  REQUIRE(identity);
  CHECK(identity->process == child);
  CHECK(find(*identity).whereabouts == Whereabouts::here);
  Identity later = *identity;
  ++later.began;
  CHECK(find(later).whereabouts == Whereabouts::gone);
  Identity elsewhere = *identity;
  ++elsewhere.space;
  CHECK(find(elsewhere).whereabouts == Whereabouts::gone);
  CHECK(find({}).whereabouts == Whereabouts::gone);
  // From another PID namespace it would have another number; here it is found all the same.
  Identity inner = *identity;
  inner.process = 1;
  ++inner.seen_from;
  CHECK(find(inner).whereabouts == Whereabouts::here);
  inner.began += 1;
  CHECK(find(inner).whereabouts == Whereabouts::unknown);

  const Found found = find(*identity);
  std::vector<netrig::UniqueFd> processes;
  processes.push_back(netrig::UniqueFd(::dup(found.process.get())));
  CHECK(await_ends(processes, std::chrono::milliseconds(1)) == std::vector<std::size_t>{0});
  CHECK(send_signal(found.process, SIGKILL));
  CHECK(await_ends(processes, std::chrono::minutes(1)).empty());
  // Dead, though nobody has waited for it.
  CHECK(has_ended(found.process));
  CHECK(find(*identity).whereabouts == Whereabouts::gone);
  ::waitpid(child, nullptr, 0);
  CHECK_FALSE(send_signal(found.process, SIGKILL));
  CHECK(find(*identity).whereabouts == Whereabouts::gone);
  CHECK_FALSE(identity_of(child));
}
