// SPDX-License-Identifier: Apache-2.0
// What commands do with labs: bring one up, take it down, look whether it is as its file says. Between the commands,
// which know words, and the engine, which knows one run: who may touch what, and from which file.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "driver/registry.hpp"
#include "engine/engine.hpp"
#include "engine/journal.hpp"
#include "engine/sight.hpp"
#include "model/lab.hpp"
#include "plan/words.hpp"

namespace netrig::session {

/// What there is to work with.
struct Host {
  driver::Registry& drivers;
  /// The lab as it was brought up, read from the copy kept with its record. Throws Error.
  std::function<Lab(const engine::Record&)> applied;
  /// What its last edit was to make of it, read from the copy of that. Throws Error.
  std::function<Lab(const engine::Record&)> edited;
  engine::Options options;  ///< of every run: progress, interruption
};

/// Raises the soft limit on open files to the hard one; returns it.
std::uint64_t raise_open_files();
/// Throws Error{denied} naming the missing capability and how to get it. `what`: "bringing up a lab".
void require_privileges(const std::string& what);
/// Before anything is touched: whether the machine can take the lab and the user may make it. Throws Error.
void check_machine(const Lab& lab);

/// The record of a lab that is up, and not between two states. Throws Error{not_found}.
engine::Record running_record(const std::string& lab);

struct UpRequest {
  std::vector<std::string> only;
  engine::Journal::Wait wait = engine::Journal::Wait::no;
  engine::Purpose purpose = engine::Purpose::up;
  bool replace = false;         ///< also a running lab that came from another file
  bool remove_foreign = false;  ///< also takes away what nobody accounts for
};
struct BroughtUp {
  engine::Journal journal;  ///< nobody else gets at the lab while this is held
  bool fresh = false;       ///< it was not up before
  std::vector<plan::Line> lines = {};
  std::vector<std::string> warnings = {};
  double seconds = 0;
};
/// Brings a lab up, or a running one to what `lab` says. Throws Error; then everything is as before, but with
/// Error{left}: then it is as `lab` says, and something that it no longer wants is still there.
BroughtUp bring_up(const Host& host, const Lab& lab, const UpRequest& request);
/// Whether a lab is up from a file that is neither this one nor a copy of it.
bool is_from_another_file(const engine::Record& record, const Lab& lab);

enum class Force : std::uint8_t {
  no,
  yes,  ///< also what other labs use, and what of a damaged record can be read
};
struct TakenDown {
  engine::Record record;  ///< as it was
  std::vector<std::string> warnings = {};
  double seconds = 0;
};
/// Takes a lab away. Throws Error{conflict} if another lab uses a namespace of it.
TakenDown take_down(const Host& host, engine::Journal& journal, Force force = Force::no);
/// Throws Error{conflict} naming the labs that use these namespaces of the record, if any do; nothing: all of them.
/// `advice`: what else could be done.
void require_unused(const engine::Record& record, const std::optional<std::vector<std::string>>& which,
                    const std::string& advice);

/// A namespace's object that nobody accounts for.
struct ForeignObject {
  std::string space;
  Object object;
};
/// How a lab differs from what it is to be.
struct Observation {
  std::vector<plan::Line> lines = {};  ///< what `up` would do
  std::vector<ForeignObject> foreign = {};
  std::vector<std::string> unknown = {};  ///< what could not be looked at, of `verify`
};
/// What `up` would do, going by the kernel. Nothing is changed. `current`: what the running lab was brought up as;
/// nullptr: it is not up, and all is to be made. Throws Error{conflict} for names in use.
Observation observe(driver::Registry& drivers, const engine::Record& record, const Lab* current, const Lab& next);
/// What the record names and the file that is up does not: an earlier run could not take it away, and the next will.
std::vector<plan::Line> leftovers_of(const engine::Record& record, const Lab& lab);
/// The same by the files alone, for who may not look into namespaces.
Observation compare_files(const Lab* current, const Lab& next);
/// How a lab that is up differs from what it was brought up as, going by the kernel and by drivers that tell of what is
/// not the kernel's. Throws Error.
Observation verify(driver::Registry& drivers, const engine::Record& record, const Lab& applied);
/// Whether two files say the same of the network.
bool is_same(const Lab& one, const Lab& other);

}  // namespace netrig::session
