// SPDX-License-Identifier: Apache-2.0
// Events of the journal as JSON lines, and back.
#pragma once
#include <string>
#include <string_view>

#include "engine/record.hpp"

namespace netrig::engine {

std::string begin_event(const Record& record);
std::string phase_event(Phase phase);
std::string namespace_event(const MadeNamespace& made);
std::string namespace_gone_event(const std::string& name);
/// settled decides between "intended" and "made".
std::string device_event(const MadeDevice& made);
std::string device_gone_event(const std::string& name);
std::string sysctl_event(const SavedSysctl& sysctl);
std::string sysctl_gone_event(const std::string& home, const std::string& key);
std::string route_event(const MadeRoute& made, bool gone);

/// A whole record as events, in an order that replays to it.
std::string all_events(const Record& record);

/// Applies a journal to an empty record. A last line without its end is what a crash in mid-write leaves, and is
/// ignored; anything else that cannot be read throws Error{failed} naming `path` and the line.
Record replay(std::string_view journal, const std::string& path);

}  // namespace netrig::engine
