// SPDX-License-Identifier: Apache-2.0
#include "session/own.hpp"

#include <fmt/format.h>

#include "kernel/inside.hpp"
#include "kernel/namespace.hpp"

namespace netrig::session {

UniqueFd open_own(const engine::MadeNamespace& made, const std::string& lab) {
  auto fd = kernel::open_namespace(engine::path_of(made));
  std::uint64_t cookie = 0;
  if (fd) kernel::aside([&] { cookie = kernel::cookie_of(*fd); });
  if (!fd || made.cookie != cookie)
    throw Error(ErrorCode::not_found, fmt::format("namespace {} of lab {} is gone", made.name, lab));
  return std::move(*fd);
}

}  // namespace netrig::session
