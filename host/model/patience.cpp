// SPDX-License-Identifier: Apache-2.0
#include "model/patience.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <thread>

namespace netrig {
namespace {

constexpr auto kAskAgain = std::chrono::milliseconds(100);
// Half a second in all.
constexpr int kMostTries = 50;
constexpr auto kTryAgain = std::chrono::milliseconds(10);

}  // namespace

Waited wait_for(int fd, short events, const Patience& patience) {
  int tries = 0;
  for (;;) {
    const bool forever = patience.deadline == std::chrono::steady_clock::time_point::max();
    const auto left = patience.deadline - std::chrono::steady_clock::now();
    if (!forever && left <= left.zero()) return Waited::late;
    std::chrono::milliseconds slice =
        forever ? std::chrono::milliseconds(-1) : std::chrono::ceil<std::chrono::milliseconds>(left);
    if (patience.gave_up && (forever || slice > kAskAgain)) slice = kAskAgain;
    pollfd one{.fd = fd, .events = events, .revents = 0};
    const int ready = ::poll(&one, 1, static_cast<int>(std::min<std::int64_t>(slice.count(), 1 << 30)));
    if (ready > 0) return Waited::ready;
    if (ready < 0 && errno != EINTR && !passes_by_itself(errno, tries)) return Waited::failed;
    if (patience.gave_up && patience.gave_up()) return Waited::gave_up;
  }
}

bool passes_by_itself(int error, int& tries) {
  if (error != ENOBUFS && error != ENOMEM && error != EAGAIN) return false;
  if (++tries > kMostTries) return errno = error, false;
  std::this_thread::sleep_for(kTryAgain);
  return true;
}

}  // namespace netrig
