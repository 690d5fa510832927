// SPDX-License-Identifier: Apache-2.0
// A lab that is up, as a user has it: its file, what `verify` says, what `up` does.
#pragma once
#include <string>

#include "catch.hpp"
#include "scratch.hpp"

namespace running {

using scratch::Json;

/// Brings "lab.toml" up; what `up --json` answers.
inline Json up(const std::string& text, const std::string& options = "") {
  const scratch::Result result = scratch::cli("--json up " + options + " " + scratch::file("lab.toml", text));
  INFO(result.out << result.err);
  REQUIRE(result.exit == 0);
  return Json::parse(result.out);
}

/// What `verify --json` answers, with the exit code that goes with it.
inline Json verify(const std::string& lab, const std::string& options = "") {
  const scratch::Result result = scratch::cli("verify --json " + options + " " + lab);
  INFO(result.out << result.err);
  REQUIRE(result.exit <= 1);
  Json answer = Json::parse(result.out);
  CHECK(answer["drift"] == (result.exit == 1));
  UNSCOPED_INFO("verify: " << answer.dump(1));
  return answer;
}

/// The lab is as its file says.
inline void require_clean(const std::string& lab) {
  const Json answer = verify(lab);
  CHECK(answer["drift"] == false);
  CHECK(answer["differences"] == Json::array());
  CHECK(answer["foreign"] == Json::array());
}

}  // namespace running
