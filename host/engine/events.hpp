// SPDX-License-Identifier: Apache-2.0
// Events of the journal as JSON lines, and back.
#pragma once
#include <exception>
#include <string>
#include <string_view>

#include "engine/record.hpp"

namespace netrig::engine {

/// `rest`: so many events follow that are in place with it, or the journal is damaged.
std::string begin_event(const Record& record, std::size_t rest);
std::string event_of(Phase phase);
std::string event_of(const Edit& edit);
/// It is there, or is to be.
std::string event_of(const MadeNamespace& made);
/// settled decides between "intended" and "made".
std::string event_of(const MadeDevice& made);
std::string event_of(const SavedSysctl& sysctl);
std::string event_of(const ShownSysctl& sysctl);
std::string event_of(const MadeObject& made);
std::string event_of(const MadeService& made);
std::string event_of(const MadeCommand& made);
/// It is gone.
std::string end_of(const MadeNamespace& made);
std::string end_of(const MadeDevice& made);
std::string end_of(const SavedSysctl& sysctl);
std::string end_of(const MadeObject& made);
std::string end_of(const MadeService& made);
std::string end_of(const MadeCommand& made);

/// A whole record as events, in an order that replays to it.
std::string all_events(const Record& record);

/// Applies a journal to an empty record. A last line without its end is what a crash in mid-write leaves, and is
/// ignored; anything else that is not as it was written, such as a cut before the end of what begin_event() counted,
/// throws Error{failed} naming `path` and the line.
Record replay(std::string_view journal, const std::string& path);
/// Only the events that name this word in quotes, for who wants to know one thing of a large lab: nothing else is read,
/// so nothing else can be found damaged.
Record replay_about(std::string_view word, std::string_view journal, const std::string& path);

/// What is wrong with a line of JSON that could not be read, as a clause ("lacks "c""): a library's own words tell
/// a user nothing.
std::string fault_in(const std::exception& problem);

/// What can still be read of a damaged journal, line by line.
Record salvage(std::string_view journal);

}  // namespace netrig::engine
