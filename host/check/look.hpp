// SPDX-License-Identifier: Apache-2.0
// For checks that look at what the kernel has in each namespace of a test.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "check/job.hpp"
#include "kernel/link.hpp"
#include "kernel/socket.hpp"

namespace netrig::check {

/// A namespace as the calling thread sees it.
struct View {
  kernel::Socket socket;
  std::vector<kernel::LinkState> links;
  std::map<std::uint32_t, std::string> names;

  View();
  [[nodiscard]] std::string name(std::uint32_t ifindex) const;
  /// Of a name; nothing: there is none.
  [[nodiscard]] std::optional<std::uint32_t> index(const std::string& name) const;
};

/// What there is instead, a few of them.
std::string instead(const std::vector<std::string>& there, const std::string& otherwise);

/// What is looked for: for messages, and so that nothing is said of interfaces that are not there, least of all that
/// something is not at them.
struct Wanted {
  std::string interface = {};  ///< pattern; empty: none in particular
  std::string expected = {};
  std::string command = {};  ///< that shows it
};
/// Looks in every namespace of the test. `look` gives what was seen if that is wrong; the calling thread is in the
/// namespace. Throws Error{not_found} if one has no such interface.
void in_each(const Job& job, const Wanted& wanted, const std::function<std::optional<std::string>(View&)>& look);

}  // namespace netrig::check
