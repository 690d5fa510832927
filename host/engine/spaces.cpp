// SPDX-License-Identifier: Apache-2.0
#include "engine/spaces.hpp"

#include <algorithm>
#include <exception>
#include <thread>

#include "model/error.hpp"
#include "netns/netns.hpp"
#include "netns/sysfs.hpp"

namespace netrig::engine {

netlink::Socket& Space::socket() {
  if (!socket_ || !socket_->usable()) {
    netns::enter(fd_);
    socket_.emplace();
  }
  return *socket_;
}

std::uint64_t Space::birth_of(const std::string& interface) {
  if (!sysfs_) {
    sysfs_.emplace();
    netns::enter(fd_);
    try {
      sysfs_ = netns::open_sysfs();
    } catch (const Error&) {  // without sysfs nothing is known of births
    }
  }
  return *sysfs_ ? netns::birth_of(*sysfs_, interface) : 0;
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
    // Never in the calling thread: bodies enter namespaces, and the caller must stay in its own.
    std::vector<std::jthread> pool;
    const auto wanted = std::min<std::size_t>(count, std::max(1U, threads));
    for (std::size_t t = 0; t < wanted; ++t) pool.emplace_back(work);
  }
  if (first) std::rethrow_exception(first);
}

unsigned worker_count() { return std::clamp(std::thread::hardware_concurrency(), 1U, 8U); }

}  // namespace netrig::engine
