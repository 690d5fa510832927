// SPDX-License-Identifier: Apache-2.0
// `up` on a lab that is up: an edit of its file, or a mend of what somebody did to it. Whatever fails, the lab is as
// the file says or as it was seen before, and the exit code tells which.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "look.hpp"
#include "tracer.hpp"

namespace fault {

bool is_change(std::string_view command);

/// Exit codes of two commands about the lab.
struct Said {
  int status;
  int verify;
  std::string words = {};  ///< what they said
};

class Change {
 public:
  /// `command`: "edit" or "mend". `labs`: folder of before.toml and after.toml.
  Change(std::string netrig, std::string labs, std::string command);

  /// What the file makes of nothing, which is taken down again: what a change that ended well has to show.
  Sight make_fresh();
  /// Brings the lab up as it is before the change.
  void prepare();
  [[nodiscard]] std::vector<std::string> command() const;
  /// What is wrong now. After a kill the next `up` is tried every other time; the other times are for `down`.
  [[nodiscard]] std::vector<std::string> judge(const Traced& traced, const Point* point, const Sight& whole) const;

 private:
  [[nodiscard]] Said ask() const;
  void copy(const char* file) const;
  void must(const std::vector<std::string>& words) const;
  void judge_sight(const char* what, Sameness sameness, const Sight& wanted, const Said& wanted_said,
                   std::vector<std::string>& faults) const;
  void judge_next_up(const Sight& whole, std::vector<std::string>& faults) const;

  std::string netrig_;
  std::string labs_;
  bool is_edit_;
  Sight before_;
  Said said_before_;
};

}  // namespace fault
