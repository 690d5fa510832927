// SPDX-License-Identifier: Apache-2.0
// `commands` of namespaces: which have run, and their undoing. Who runs them is in session/.
#pragma once
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "engine/journal.hpp"
#include "model/lab.hpp"
#include "plan/words.hpp"
#include "process/until.hpp"

namespace netrig::engine {

/// How long one command may take, and one undo.
inline constexpr auto kCommandTime = std::chrono::minutes(1);

/// What the commands of a namespace are, together with what it is to them.
std::uint64_t fingerprint_of_commands(const Namespace& space);

/// Namespaces of a lab, as indices, whose commands are to be run: they have not, or not to their end, or are others
/// now, or the namespace is another.
std::vector<std::size_t> commands_to_run(const Record& record, const Lab& lab);
/// Namespaces whose commands have run, and are to be undone before anything else is done: those of commands_to_run(),
/// and those that have no commands any more.
std::unordered_set<std::string> commands_to_undo(const Record& record, const Lab& lab);
/// What is to be done about commands, as far as the record tells.
std::vector<plan::Line> command_lines(const Record& record, const Lab& next);
/// By the files alone.
std::vector<plan::Line> compare_commands(const Lab* current, const Lab& next);

/// Undoes what has run in these namespaces, the latest first; nothing: in all. An undo that fails is told, one sentence
/// each, and not tried again.
std::vector<std::string> undo_commands(Journal& journal, const std::optional<std::unordered_set<std::string>>& spaces,
                                       const std::atomic<bool>* interrupted = nullptr);

/// The last lines of what a command wrote, as one clause.
std::string last_words(const std::string& out, const std::string& err);

}  // namespace netrig::engine
