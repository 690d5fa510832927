// SPDX-License-Identifier: Apache-2.0
#include "engine/spaces.hpp"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <random>
#include <system_error>
#include <thread>

#include "kernel/inside.hpp"
#include "kernel/namespace.hpp"
#include "kernel/sysfs.hpp"
#include "model/error.hpp"

namespace netrig::engine {

kernel::Socket& Space::socket() {
  if (!socket_ || !socket_->usable()) {
    kernel::enter(fd_);
    socket_.emplace();
  }
  return *socket_;
}

std::uint32_t Space::take_ifindex(Space& home, const std::vector<Space*>& others) {
  std::uint32_t index = home.free_from_;
  for (const Space* other : others) index = std::max(index, other->free_from_);
  const auto is_reserved = [&] {
    return home.reserved_.contains(index) || std::any_of(others.begin(), others.end(), [&](const Space* other) {
             return other->reserved_.contains(index);
           });
  };
  while (is_reserved()) ++index;
  home.free_from_ = index + 1;
  for (Space* other : others) other->free_from_ = index + 1;
  return index;
}

std::uint64_t Space::birth_of(const std::string& interface) {
  if (!sysfs_) {
    kernel::enter(fd_);
    try {
      sysfs_ = kernel::open_sysfs();
    } catch (const Error& error) {
      if (error.code() == ErrorCode::failed) throw;
      sysfs_.emplace();  // without sysfs nothing is known of births
    }
  }
  return *sysfs_ ? kernel::birth_of(*sysfs_, interface) : 0;
}

std::uint32_t far_ifindex() {
  thread_local std::mt19937 random{std::random_device{}()};
  return std::uniform_int_distribution<std::uint32_t>(1U << 20, 1U << 30)(random);
}

void Spaces::expect(std::size_t count) {
  // The kernel enlarges the table of descriptors when one is beyond its end, step by step, and where threads share it,
  // it waits for its readers each time (expand_fdtable of fs/file.c).
  constexpr std::size_t kOthers = 64;
  const int last = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, static_cast<int>(2 * count + kOthers));
  if (last >= 0) ::close(last);
}

Space& Spaces::add(const std::string& name, UniqueFd fd, std::uint64_t cookie) {
  auto space = std::make_unique<Space>(std::move(fd), cookie);
  const std::lock_guard guard(mutex_);
  return *(spaces_[name] = std::move(space));
}

Space* Spaces::find(const std::string& name) {
  const std::lock_guard guard(mutex_);
  const auto found = spaces_.find(name);
  return found == spaces_.end() ? nullptr : found->second.get();
}

Space& Spaces::at(const std::string& name) {
  const std::lock_guard guard(mutex_);
  return *spaces_.at(name);
}

void Spaces::erase(const std::string& name) {
  const std::lock_guard guard(mutex_);
  spaces_.erase(name);
}

void parallel(std::size_t count, unsigned threads, const std::function<void(std::size_t)>& body) {
  if (count == 0) return;
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::exception_ptr first;
  const auto work = [&] {
    for (std::size_t i = next++; i < count; i = next++) {
      try {
        body(i);
      } catch (...) {
        next = count;
        const std::lock_guard guard(mutex);
        if (!first) first = std::current_exception();
      }
    }
  };
  {
    // In the calling thread only if there is no other: bodies enter namespaces, and the caller must stay in its own.
    std::vector<std::jthread> pool;
    const auto wanted = std::min<std::size_t>(count, std::max(1U, threads));
    pool.reserve(wanted);
    try {
      while (pool.size() < wanted) pool.emplace_back(work);
    } catch (const std::system_error& error) {
      spdlog::debug("{} of {} threads: {}", pool.size(), wanted, error.what());
    }
    if (pool.empty()) {
      const kernel::Homecoming home;
      work();
    }
  }
  if (first) std::rethrow_exception(first);
}

unsigned worker_count() { return std::clamp(std::thread::hardware_concurrency(), 1U, 8U); }

}  // namespace netrig::engine
