// SPDX-License-Identifier: Apache-2.0
// A protected place with one plugin, a policy for it, and what netrig says of it.
#pragma once
#include <string>

#include "scratch.hpp"

namespace attack {

/// /opt/netrig-test-PID/drivers/KIND.so, root's alone; /tmp would not do, which is what one case shows.
struct Place {
  explicit Place(const std::string& kind = "veth", const std::string& from = NETRIG_PLUGIN_DIR);
  ~Place();
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  /// Copies another plugin in.
  void add(const std::string& kind, const std::string& from) const;
  /// A policy file with this place as its only directory. `plugins` are lines for [plugins], `rest` what follows it.
  [[nodiscard]] std::string policy(const std::string& plugins = "", const std::string& rest = "") const;
  /// What `netrig drivers show KIND` says under that policy: "loaded", or the error.
  [[nodiscard]] std::string outcome(const std::string& policy_file, const std::string& kind = "veth") const;
  [[nodiscard]] std::string outcome() const { return outcome(policy()); }

  std::string root;
  std::string drivers;
  std::string file;  ///< of the first plugin
};

/// A lab of one device of driver `kind` with interfaces a:x and b:y (or a:x alone), parameters as given.
std::string lab_of(const std::string& kind, const std::string& params, int interfaces = 2);
/// Limits of a policy that soon loses its patience, but not with a driver that a busy machine keeps waiting.
inline const std::string kImpatient = "[limits]\ndeadline = \"5s\"\nmemory = \"256MiB\"\n";

struct Attack {
  std::string when = "create";
  int interfaces = 2;
  std::string limits = kImpatient;
};
/// Brings a lab up whose driver does that; returns what netrig says. Then nothing may be left.
std::string attack_by(const std::string& how, const Attack& attack = {});
/// No namespace, no record and no worker of ours is left.
void require_no_trace();

}  // namespace attack
