// SPDX-License-Identifier: Apache-2.0
#include "process/until.hpp"

namespace netrig::process {
namespace {

constexpr int kSlice = 50;  // milliseconds

}  // namespace

int Until::poll_timeout() const {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, kSlice));
}

}  // namespace netrig::process
