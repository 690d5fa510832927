// SPDX-License-Identifier: Apache-2.0
#include "kernel/inside.hpp"

#include <fcntl.h>
#include <sched.h>
#include <spdlog/spdlog.h>

#include <exception>
#include <system_error>
#include <thread>

#include "kernel/namespace.hpp"
#include "model/error.hpp"

namespace netrig::kernel {
namespace {

UniqueFd own_namespace() { return UniqueFd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)); }

/// That of the thread which asks first: one that has entered no other yet.
const UniqueFd& first_namespace() {
  static const UniqueFd kFirst = own_namespace();
  return kFirst;
}

}  // namespace

Homecoming::Homecoming() : here_(own_namespace()) {
  if (!here_ && !first_namespace())
    throw Error(ErrorCode::failed, "no thread can be started, nor this one's network namespace be opened");
}

Homecoming::~Homecoming() {
  // It cannot be refused: who was in it may be in it.
  static_cast<void>(::setns((here_ ? here_ : first_namespace()).get(), CLONE_NEWNET));
}

void Homecoming::prepare() { static_cast<void>(first_namespace()); }

void aside(const std::function<void()>& work) {
  std::exception_ptr thrown;
  std::jthread other;
  try {
    other = std::jthread([&] {
      try {
        work();
      } catch (...) {
        thrown = std::current_exception();
      }
    });
  } catch (const std::system_error& error) {
    spdlog::debug("0 of 1 threads: {}", error.what());
    const Homecoming home;
    return work();
  }
  other.join();
  if (thrown) std::rethrow_exception(thrown);
}

void inside(const UniqueFd& space, const std::function<void()>& work) {
  aside([&] {
    enter(space);
    work();
  });
}

}  // namespace netrig::kernel
