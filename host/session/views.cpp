// SPDX-License-Identifier: Apache-2.0
#include "session/views.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <map>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/journal.hpp"
#include "engine/record_directory.hpp"
#include "kernel/view.hpp"
#include "model/error_number.hpp"
#include "session/accounts.hpp"
#include "session/files.hpp"

namespace netrig::session {
namespace {

[[noreturn]] void fail(const std::string& what) {
  const int error = errno;
  throw Error(refusal_code(error), fmt::format("{}: {}", what, errno_text(error)));
}

/// A directory in one that is root's alone, opened without following a link; made if it is not there.
UniqueFd make_directory(const UniqueFd& above, const std::string& name) {
  if (::mkdirat(above.get(), name.c_str(), 0700) != 0 && errno != EEXIST)
    fail(fmt::format("cannot make the private directory {}", name));
  UniqueFd fd(::openat(above.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) fail(fmt::format("cannot open the private directory {}", name));
  return fd;
}

/// It has its name once it has its owner and mode: a netrig that is killed in between leaves none that only looks made.
void make_private(const UniqueFd& home, const std::string& name, const PrivateDirectory& one) {
  struct stat status {};
  // What is in it, and whose it has become, is its commands' business.
  if (::fstatat(home.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) return;
  const std::string fresh = "new";  // no path looks like this: that of each begins with its slash
  const UniqueFd place = make_directory(home, fresh);
  if (::fchown(place.get(), process::user_of(one.owner).id, group_of(one.group)) != 0 ||
      ::fchmod(place.get(), one.mode) != 0)
    fail("cannot give it its owner and mode");
  if (::renameat(home.get(), fresh.c_str(), home.get(), name.c_str()) != 0)
    fail(fmt::format("cannot make the private directory {}", name));
}

/// What lies in /run is made when a machine boots, which a container or a world of netrig's never did.
bool is_made_at_boot(const std::string& path) { return path.starts_with("/run/"); }

/// Root's, empty, and left until the machine goes down, as /run/netns is; nobody's link is followed on the way.
void make_place(const std::string& path) {
  UniqueFd at(::open("/run", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  for (const std::filesystem::path& part : std::filesystem::path(path).lexically_relative("/run")) {
    const bool made = ::mkdirat(at.get(), part.c_str(), 0755) == 0;
    if (!made && errno != EEXIST) fail("cannot make it");
    at = UniqueFd(::openat(at.get(), part.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!at || (made && ::fchmod(at.get(), 0755) != 0)) fail("cannot make it");
  }
}

template <typename Each>
void for_each_directory(const Lab& lab, Each&& each) {
  for (const Namespace& space : lab.namespaces)
    for (const PrivateDirectory& one : space.view.directories) try {
        each(space, one);
      } catch (const Error& error) {
        throw Error(error.code(), fmt::format("private directory {}: {}", one.path, error.message()),
                    lab.at(one.where));
      }
}

}  // namespace

gid_t group_of(const std::string& name) {
  if (const auto number = process::account_number(name)) return *number;
  std::vector<char> buffer(64UL << 10U);
  group entry{};
  group* found = nullptr;
  ::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) throw Error(ErrorCode::not_found, fmt::format("there is no group \"{}\"", name));
  return found->gr_gid;
}

void check_views(const Lab& lab) {
  for_each_directory(lab, [](const Namespace&, const PrivateDirectory& one) {
    static_cast<void>(process::user_of(one.owner));
    static_cast<void>(group_of(one.group));
    std::error_code fault;
    std::filesystem::path there = one.path;
    while (is_made_at_boot(there) && !std::filesystem::exists(std::filesystem::symlink_status(there, fault)))
      there = there.parent_path();
    if (!std::filesystem::is_directory(there, fault))
      throw Error(ErrorCode::not_found, "this machine has no such directory to put it over; make one, for all labs");
    if (const std::string real = std::filesystem::canonical(there, fault); !fault && real != there)
      throw Error(ErrorCode::denied, fmt::format("it is reached through a symbolic link, which may become another; "
                                                 "write {}",
                                                 real + one.path.substr(there.string().size())));
  });
  check_files(lab);
}

void make_views(const Lab& lab) {
  UniqueFd all;
  for_each_directory(lab, [&](const Namespace& space, const PrivateDirectory& one) {
    if (!all) {
      const auto record = engine::RecordDirectory::look(lab.name.str());
      if (!record) throw Error(ErrorCode::not_found, fmt::format("lab {} has no record", lab.name.str()));
      all = record->subdirectory(kernel::kPrivate, true);
    }
    if (is_made_at_boot(one.path)) make_place(one.path);
    make_private(make_directory(all, space.name.str()),
                 std::filesystem::path(kernel::place_of(lab.name.str(), space.name.str(), one.path)).filename(), one);
  });
}

namespace {

/// Things by name, of which each has one: what comes, goes, and is another.
template <typename T, typename NameOf, typename Add>
void compare_named(const std::vector<T>& before, const std::vector<T>& after, const NameOf& name_of, const Add& add) {
  std::map<std::string_view, const T*> old;
  for (const T& one : before) old.emplace(name_of(one), &one);
  for (const T& one : after) {
    const auto found = old.find(name_of(one));
    if (found == old.end()) {
      add(Verb::make, one);
      continue;
    }
    if (!(*found->second == one)) add(Verb::change, one);
    old.erase(found);
  }
  for (const auto& [name, one] : old) add(Verb::remove, *one);
}

void add_lines(const Namespace& before, const Namespace& after, std::vector<plan::Line>& lines) {
  const auto add = [&](Verb verb, const char* kind, const std::string& name, Position where, std::string detail = {}) {
    lines.push_back({.verb = verb,
                     .kind = kind,
                     .space = after.name.str(),
                     .name = name,
                     .detail = std::move(detail),
                     .where = where});
  };
  const auto host = [](const Namespace& space) {
    return space.view.hostname.empty() ? std::string("as the machine's") : space.view.hostname;
  };
  if (before.view.hostname != after.view.hostname)
    add(Verb::change, "hostname", host(after), after.where, fmt::format("was {}", host(before)));
  compare_named(
      before.view.directories, after.view.directories, [](const auto& one) -> std::string_view { return one.path; },
      [&](Verb verb, const PrivateDirectory& one) { add(verb, "private directory", one.path, one.where); });
  compare_named(
      before.view.values, after.view.values, [](const auto& one) -> std::string_view { return one.first; },
      [&](Verb verb, const auto& one) { add(verb, "value", one.first, after.where); });
}

}  // namespace

std::vector<plan::Line> view_lines(const Lab* current, const Lab& next) {
  std::vector<plan::Line> lines;
  if (current == &next) return lines;
  if (current != nullptr) {
    if (current->resolve != next.resolve)
      lines.push_back({.verb = Verb::change,
                       .kind = "resolve",
                       .space = "",
                       .name = next.resolve ? "commands find namespaces by name" : "commands find no namespace by name",
                       .detail = ""});
    std::unordered_map<std::string_view, const Namespace*> before;
    for (const Namespace& space : current->namespaces) before.emplace(space.name.str(), &space);
    for (const Namespace& space : next.namespaces)
      if (const auto found = before.find(space.name.str()); found != before.end())
        add_lines(*found->second, space, lines);
  }
  for (plan::Line& line : file_lines(current, next)) lines.push_back(std::move(line));
  return lines;
}

View view_of(const std::string& lab, const std::string& space,
             const std::function<Lab(const engine::Record&)>& applied) {
  // To read the file of a large lab takes longer than most commands.
  const std::string source = engine::Journal::applied_source(lab);
  const auto says = [&](const char* key) { return source.find(key) != std::string::npos; };
  if (!says("hostname") && !says("private") && !says("values")) return {};
  const auto record = engine::Journal::peek(lab);
  if (!record) return {};
  const Lab whole = applied(*record);
  const auto found = whole.find_namespace(space);
  return found ? whole.namespaces[*found].view : View{};
}

}  // namespace netrig::session
