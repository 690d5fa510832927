// SPDX-License-Identifier: Apache-2.0
// One case: a world of its own, a command in it with a fault, and what must be true afterwards.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "look.hpp"
#include "tracer.hpp"

namespace fault {

/// How the one fault begins that a busy machine can feign.
inline constexpr const char* kSlow = "it takes";

struct Setting {
  std::string netrig;   ///< the program under test
  std::string labs;     ///< folder of lab.toml, before.toml and after.toml
  std::string command;  ///< "up", "down", "run"; "edit", "mend": see change.hpp
  Sight whole = {};     ///< what an edit or a mend that ended well shows; empty: not known yet
};

struct Verdict {
  Traced traced;
  std::vector<std::string> faults;  ///< what is wrong; empty: all is well
  Sight whole = {};                 ///< of an edit or a mend without a fault
};

/// Makes mount, network and process namespaces with an existing network namespace, runs the command in them and
/// judges. `usual`: what it takes without a fault. The calling process is in those namespaces afterwards: it is one
/// made for this case, and ends with it.
Verdict play(const Setting& setting, const std::optional<Point>& point, std::chrono::duration<double> usual);

}  // namespace fault
