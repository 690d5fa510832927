// SPDX-License-Identifier: Apache-2.0
#include "engine/commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "kernel/inside.hpp"
#include "kernel/namespace.hpp"
#include "model/fingerprint.hpp"
#include "process/process.hpp"

namespace netrig::engine {
namespace {

constexpr const char* kKind = "commands";

using ByHome = std::unordered_map<std::string_view, std::vector<const MadeCommand*>>;

ByHome by_home(const Record& record) {
  ByHome made;
  for (const MadeCommand& one : record.commands) made[one.home].push_back(&one);
  return made;
}

/// Of namespaces with commands, and where some have run.
class Known {
 public:
  explicit Known(const Record& record) : commands_(by_home(record)) {
    for (const MadeNamespace& made : record.namespaces) cookies_.emplace(made.name, made.cookie);
  }
  [[nodiscard]] bool has_run(const std::string& home) const { return commands_.contains(home); }
  /// All of a namespace's, to their end, as they are now.
  [[nodiscard]] bool is_done(const Namespace& space) const {
    const auto made = commands_.find(space.name.str());
    if (made == commands_.end()) return space.commands.empty();
    const auto cookie = cookies_.find(space.name.str());
    const std::uint64_t wanted = fingerprint_of_commands(space);
    return made->second.size() == space.commands.size() &&
           std::all_of(made->second.begin(), made->second.end(), [&](const MadeCommand* one) {
             return one->done && one->fingerprint == wanted && cookie != cookies_.end() &&
                    one->cookie == cookie->second;
           });
  }

 private:
  ByHome commands_;
  std::unordered_map<std::string_view, std::uint64_t> cookies_;
};

plan::Line line_of(Verb verb, const std::string& space, std::string detail, Position where) {
  return {.verb = verb, .kind = kKind, .space = space, .name = {}, .detail = std::move(detail), .where = where};
}

std::string words_of(const Namespace& space) {
  std::string text;
  for (const NamespaceCommand& one : space.commands) text += (text.empty() ? "" : "; ") + shell_line(one.run);
  return text;
}

plan::Line make_line(const Namespace& space) {
  return line_of(Verb::make, space.name.str(), words_of(space), space.commands.front().where);
}

plan::Line change_line(const Namespace& space) {
  plan::Line line = line_of(Verb::change, space.name.str(), "undone, and run again", space.commands.front().where);
  line.changes.push_back(
      {.name = "commands", .expected = "run", .found = "not run as the file says", .where = line.where});
  return line;
}

/// Nothing: all has gone well.
std::string undo(const Record& record, const MadeCommand& made, const std::atomic<bool>* interrupted) {
  const auto home = std::find_if(record.namespaces.begin(), record.namespaces.end(),
                                 [&](const MadeNamespace& one) { return one.name == made.home; });
  if (made.undo.empty() || home == record.namespaces.end()) return {};
  const auto fd = kernel::open_namespace(path_of(*home));
  std::uint64_t cookie = 0;
  if (fd) kernel::aside([&] { cookie = kernel::cookie_of(*fd); });
  if (!fd || cookie != made.cookie) return {};  // gone, and with it what was done there
  const Namespace space{.name = NamespaceName(made.home), .view = made.view};
  const process::Output output =
      process::run_command({.space = *fd, .home = space, .lab = record.lab}, {.command = made.undo, .directory = "/"},
                           {process::Clock::now() + kCommandTime, interrupted});
  if (output.ended.exit == 0 && !output.ended.timed_out) return {};
  return fmt::format("{}; {}",
                     output.ended.timed_out ? std::string("it did not end in its time")
                                            : fmt::format("exit code {}", output.ended.exit),
                     last_words(output.out, output.err));
}

}  // namespace

std::uint64_t fingerprint_of_commands(const Namespace& space) {
  Fingerprint print;
  for (const NamespaceCommand& one : space.commands)
    for (const Command& command : {one.run, one.undo}) {
      for (const std::string& word : command) print.add(word);
      print.add(static_cast<std::uint64_t>(command.size()));
    }
  print.add(fingerprint_of(space.view));
  return print.value();
}

std::vector<std::size_t> commands_to_run(const Record& record, const Lab& lab) {
  std::vector<std::size_t> list;
  const Known known(record);
  for (std::size_t i = 0; i < lab.namespaces.size(); ++i)
    if (!lab.namespaces[i].commands.empty() && !known.is_done(lab.namespaces[i])) list.push_back(i);
  return list;
}

std::unordered_set<std::string> commands_to_undo(const Record& record, const Lab& lab) {
  std::unordered_set<std::string> homes;
  for (const MadeCommand& made : record.commands) homes.insert(made.home);
  if (homes.empty()) return homes;
  const Known known(record);
  for (const Namespace& space : lab.namespaces)
    if (known.is_done(space)) homes.erase(space.name.str());
  return homes;
}

std::vector<plan::Line> command_lines(const Record& record, const Lab& next) {
  std::vector<plan::Line> lines;
  const Known known(record);
  std::unordered_set<std::string_view> wanted;
  for (const Namespace& one : next.namespaces) {
    if (one.commands.empty()) continue;
    wanted.insert(one.name.str());
    if (known.is_done(one)) continue;
    lines.push_back(known.has_run(one.name.str()) ? change_line(one) : make_line(one));
  }
  for (const MadeCommand& made : record.commands)
    if (wanted.insert(made.home).second) lines.push_back(line_of(Verb::remove, made.home, "undone", {}));
  return lines;
}

std::vector<plan::Line> compare_commands(const Lab* current, const Lab& next) {
  std::vector<plan::Line> lines;
  std::map<std::string_view, const Namespace*> before;
  if (current != nullptr)
    for (const Namespace& space : current->namespaces)
      if (!space.commands.empty()) before.emplace(space.name.str(), &space);
  for (const Namespace& space : next.namespaces) {
    const auto found = before.find(space.name.str());
    if (found == before.end()) {
      if (!space.commands.empty()) lines.push_back(make_line(space));
      continue;
    }
    const Namespace& old = *found->second;
    before.erase(found);
    if (space.commands.empty())
      lines.push_back(line_of(Verb::remove, space.name.str(), "undone", old.commands.front().where));
    else if (fingerprint_of_commands(old) != fingerprint_of_commands(space))
      lines.push_back(change_line(space));
  }
  for (const auto& [name, space] : before)
    lines.push_back(line_of(Verb::remove, std::string(name), "undone", space->commands.front().where));
  return lines;
}

std::vector<std::string> undo_commands(Journal& journal, const std::optional<std::unordered_set<std::string>>& spaces,
                                       const std::atomic<bool>* interrupted) {
  const Record record = journal.record();
  std::vector<std::string> faults;
  for (auto made = record.commands.rbegin(); made != record.commands.rend(); ++made) {
    if (spaces && !spaces->contains(made->home)) continue;
    std::string fault;
    try {
      fault = undo(record, *made, interrupted);
    } catch (const Error& error) {
      fault = error.what();
    }
    if (interrupted != nullptr && *interrupted)
      throw Error(ErrorCode::interrupted, "interrupted while commands were undone");
    if (!fault.empty())
      faults.push_back(fmt::format("undo \"{}\" in {}: {}", shell_line(made->undo), made->home, fault));
    journal.undone(*made);
  }
  return faults;
}

std::string last_words(const std::string& out, const std::string& err) {
  constexpr std::size_t kMost = 500;
  constexpr int kLines = 5;
  std::string text = err.find_first_not_of(" \n") == std::string::npos ? out : err;
  while (!text.empty() && text.back() == '\n') text.pop_back();
  if (text.empty()) return "it said nothing";
  std::size_t begin = text.size();
  for (int i = 0; i < kLines && begin != std::string::npos && begin > 0; ++i) begin = text.rfind('\n', begin - 1);
  if (begin != std::string::npos && begin < text.size()) text.erase(0, begin == 0 ? 0 : begin + 1);
  if (text.size() > kMost) text.erase(0, text.size() - kMost);
  return fmt::format("it said: {}", text);
}

}  // namespace netrig::engine
