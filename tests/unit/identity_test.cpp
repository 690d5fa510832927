// SPDX-License-Identifier: Apache-2.0
// Whether a process is the one that was meant, whoever has its number now.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "catch.hpp"
#include "process/identity.hpp"
#include "process/process.hpp"

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
  inner.began += 1'000'000'000;  // no other process may be taken for it
  CHECK(find(inner).whereabouts == Whereabouts::unknown);

  const Found found = find(*identity);
  const auto in = [](auto time) { return std::chrono::steady_clock::now() + time; };
  CHECK_FALSE(await_end(found.process, in(std::chrono::milliseconds(1))));
  // One that cannot be looked at is not gone for that.
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit none = before;
  none.rlim_cur = 0;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  const Found blind = find(*identity);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(blind.whereabouts == Whereabouts::unknown);
  CHECK_THAT(blind.why, ContainsSubstring("cannot be looked at: Too many open files"));
  CHECK(send_signal(found.process, SIGKILL));
  CHECK(await_end(found.process, in(std::chrono::minutes(1))));
  // Dead, though nobody has waited for it.
  CHECK(has_ended(found.process));
  CHECK(find(*identity).whereabouts == Whereabouts::gone);
  ::waitpid(child, nullptr, 0);
  CHECK_FALSE(send_signal(found.process, SIGKILL));
  CHECK(find(*identity).whereabouts == Whereabouts::gone);
  CHECK_FALSE(identity_of(child));
}

TEST_CASE("a number that no user can have does not become root") {
  CHECK(account_number("0") == 0U);
  CHECK(account_number("4294967294") == 4294967294U);
  for (const char* text : {"4294967295", "4294967296", "99999999999999999999", "-1", "1x", "", "root"}) {
    INFO(text);
    CHECK_FALSE(account_number(text));
  }
  CHECK_THROWS_WITH(user_of("4294967296"), "there is no user \"4294967296\"");
}
