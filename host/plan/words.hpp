// SPDX-License-Identifier: Apache-2.0
// A plan in words, line by line: the words of a step come from the step.
#pragma once
#include <string>
#include <vector>

#include "plan/plan.hpp"

namespace netrig::plan {

/// What a step does, in one clause: "mtu 1400 -> 1500", "missing".
std::string words_of(const Step& step);

/// One thing to be done.
struct Line {
  Verb verb = Verb::make;
  std::string kind;   ///< "namespace", "device", "address"...
  std::string space;  ///< namespace; empty: of a device, which may lie in several
  std::string name;   ///< "wire", "eth0 10.0.0.1/24", "default via 10.0.0.1"
  std::string detail;
  std::vector<SettingChange> changes = {};
  Position where = {};         ///< in the lab file; of what is removed: in the file it came from
  bool restores = false;       ///< another step takes it with it
  std::string interface = {};  ///< that it is, or hangs on; empty: none
};

Line line_of(const Step& step, const std::string& space);
/// Of a device that its driver changes.
Line line_of(const Device& device, const std::vector<SettingChange>& changes);

/// A line as who verifies a lab tells it: of a change, one setting.
struct Fault {
  std::string about;  ///< "h1 address eth0 10.0.0.1/24", "h1 interface eth0 mtu", "namespace h1"
  std::string wrong;  ///< "missing", "expected 1500, found 1400", "there, but not in the file"
  Position where;     ///< in the lab file, down to the setting; what is not in it is nowhere
  Line line;          ///< with that one change

  friend bool operator==(const Fault& one, const Fault& other) {
    return one.about == other.about && one.wrong == other.wrong;
  }
};
std::vector<Fault> faults_of(const Line& line);

/// Everything to be done, namespaces and devices first; then namespace by namespace.
std::vector<Line> lines_of(const Plan& plan, const Lab* current, const Lab& next);

}  // namespace netrig::plan
