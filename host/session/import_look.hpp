// SPDX-License-Identifier: Apache-2.0
// What import sees, before any of it is said.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "kernel/namespace.hpp"
#include "kernel/survey.hpp"
#include "session/import.hpp"

namespace netrig::session {

using Tables = std::vector<std::shared_ptr<const DriverDescription>>;

/// A namespace that is imported.
struct ImportedSpace {
  std::string name = {};
  UniqueFd fd = {};
  bool here = false;  ///< the caller's own, which takes no privilege to look at
  SpaceState state = {};
  std::vector<kernel::LinkFacts> links = {};
  std::vector<kernel::LeftOut> left_out = {};
  /// As it numbers other namespaces (LinkFacts::lower_space): their index among those that are imported, or beyond.
  std::map<std::int32_t, std::int32_t> numbers = {};

  /// nullptr: it has none.
  [[nodiscard]] const kernel::LinkFacts* facts(std::uint32_t ifindex) const;
  [[nodiscard]] const Link* link(const std::string& interface) const;
};

/// What there is where nobody has touched anything: a namespace made for that, with a link of each kind. Of a user who
/// may not make one there is none.
class Untouched {
 public:
  explicit Untouched(const Tables& tables);

  /// Of a sysctl of the whole namespace; nothing: it has none.
  [[nodiscard]] std::optional<std::string> sysctl(const std::string& key) const;
  /// nullptr: such a link could not be made. "": lo.
  [[nodiscard]] const kernel::LinkFacts* facts(const std::string& kind) const;
  [[nodiscard]] const Link* link(const std::string& kind) const;
  kernel::Socket& socket() { return space_->socket; }

 private:
  void make_links(const Tables& tables);

  std::optional<kernel::CreatedNamespace> space_;
  SpaceState state_;
  std::unordered_map<std::string, kernel::LinkFacts> facts_;
  std::unordered_map<std::string, std::string> sysctls_;
};

struct ImportLook {
  std::vector<ImportedSpace> spaces;
  std::vector<std::string> others = {};  ///< names of namespaces that are not imported, by number beyond those that are
  std::unique_ptr<Untouched> untouched;  ///< nullptr: the user may not make one
};
/// Calls each as its interface where that is the only one of its name, else with its namespace; pairs as [[link]] does.
void name_devices(Lab& lab);
/// Of an IPv4 route, as ip-route(8) chooses it.
Scope usual_scope(const Route& route);

ImportLook look_at(const std::vector<ImportTarget>& targets, const Tables& tables);

}  // namespace netrig::session
