// SPDX-License-Identifier: Apache-2.0
// Bringing a lab up and taking it down, for the commands that do both.
#pragma once
#include <string>
#include <vector>

#include "cli/session.hpp"
#include "engine/journal.hpp"

namespace netrig::cli {

struct UpRequest {
  std::vector<std::string> only;
  engine::Journal::Wait wait = engine::Journal::Wait::no;
  engine::Purpose purpose = engine::Purpose::up;
  bool replace = false;  ///< also a running lab that came from another file
};
struct BroughtUp {
  engine::Journal journal;  ///< nobody else gets at the lab while this is held
  Json answer;              ///< for --json
};
/// Whether a lab is up from a file that is neither this one nor a copy of it.
bool is_from_another_file(const engine::Record& record, const Lab& lab);

/// Brings a lab up, or a running one to what `next` says, and tells the user. Throws Error; then everything is as
/// before.
BroughtUp bring_up(Session& session, const Lab& next, const UpRequest& request);

enum class Force : std::uint8_t {
  no,
  yes,  ///< also what other labs use, and what of a damaged record can be read
};
/// Takes a lab away and tells the user. Returns the answer for --json. Throws Error{conflict} if another lab uses a
/// namespace of it.
Json take_down(Session& session, engine::Journal& journal, Force force = Force::no);

/// Throws Error{conflict} naming the labs that use these namespaces of the record, if any do; nothing: all of them.
/// `advice`: what else could be done.
void require_unused(const engine::Record& record, const std::optional<std::vector<std::string>>& which,
                    const std::string& advice);

/// Before anything is touched: whether the machine can take the lab and the user may make it. Throws Error.
void check_machine(const Lab& lab);

}  // namespace netrig::cli
