// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "engine/run.hpp"
#include "engine/shared.hpp"
#include "kernel/namespace.hpp"

namespace netrig::engine {
namespace {

// Namespaces a thread makes between two lines of the journal: few enough that both threads end together.
constexpr std::size_t kChunk = 16;

/// Whether each namespace can have a socket open beside its own descriptor, with as many more as a run needs.
bool has_room_for_sockets(std::size_t namespaces) {
  constexpr rlim_t kReserve = 256;
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= 2 * namespaces + kReserve;
}

/// Links that every new namespace has of itself (lo, and tunnels of loaded modules) take the first ifindexes.
std::uint32_t first_free_ifindex(kernel::Socket& socket) {
  std::uint32_t highest = 0;
  for (const auto& link : kernel::list_links(socket)) highest = std::max(highest, link.ifindex);
  return highest + 1;
}

void open_existing(Run& run, const Namespace& space) {
  auto fd = kernel::open_namespace(kernel::path_of(space));
  if (!fd)
    throw Error(ErrorCode::not_found, fmt::format("namespace \"{}\" is said to be existing, but {} is not there",
                                                  space.name.str(), kernel::path_of(space)));
  const std::uint64_t cookie = kernel::cookie_of(*fd);
  if (const Space* seen = run.spaces.find(space.name.str()); seen != nullptr && seen->cookie() != cookie)
    throw Error(ErrorCode::conflict,
                fmt::format("namespace {} has been replaced by another while netrig looked", space.name.str()));
  // One that has taken the place of another since was not looked at.
  if (run.spaces.find(space.name.str()) == nullptr) {
    Space& place = run.spaces.add(space.name.str(), std::move(*fd), cookie);
    for (const auto& link : kernel::list_links(place.socket())) place.ifindex[link.name] = link.ifindex;
    place.set_free_from(far_ifindex());
    place.release_socket();
  }
  run.journal.intend(
      std::vector<MadeNamespace>{{.name = space.name.str(), .cookie = cookie, .existing = true, .path = space.path}});
  join_existing({.lab = run.journal.record().lab, .home = space.name.str(), .cookie = cookie});
}

/// Once the lab has joined them.
void require_unremoved(Run& run, const Lab& next, const std::vector<std::size_t>& existing) {
  std::unordered_map<std::uint64_t, const Namespace*> joined;
  std::unordered_set<std::uint64_t> cookies;
  for (const std::size_t s : existing) {
    const std::uint64_t cookie = run.spaces.at(next.namespaces[s].name.str()).cookie();
    joined.emplace(cookie, &next.namespaces[s]);
    cookies.insert(cookie);
  }
  if (const auto removal = removal_among(cookies))
    throw Error(ErrorCode::conflict, fmt::format("namespace {} is being taken away, with lab \"{}\" that made it",
                                                 joined.at(removal->cookie)->name.str(), removal->lab));
}

/// Nothing: it is not there any more, or another has its name.
std::optional<UniqueFd> open_own(Run& run, const MadeNamespace& made) {
  try {
    auto fd = kernel::open_namespace(path_of(made));
    if (!fd || kernel::cookie_of(*fd) == made.cookie) return fd;
    run.warn(made.existing
                 ? fmt::format("namespace {} is another than the one that this lab used, which is gone with all that "
                               "the lab had in it; the new one was left alone",
                               made.name)
                 : fmt::format("namespace {} is not the one that this lab made; it was left alone", made.name));
  } catch (const Error& error) {
    // A name without a namespace is what a crash leaves.
    if ((!made.existing || made.path.empty()) && kernel::is_hollow(path_of(made))) return std::nullopt;
    if (error.code() == ErrorCode::conflict || error.code() == ErrorCode::invalid)  // no namespace any more
      run.warn(fmt::format("{}; it was left alone", error.what()));
    else
      run.leave({.what = fmt::format("namespace {}", made.name), .why = error.what(), .homes = {made.name}});
  }
  return std::nullopt;
}

}  // namespace

std::string path_of(const MadeNamespace& made) {
  return made.path.empty() ? kernel::path_of(NamespaceName(made.name)) : made.path;
}

void create_namespaces(Run& run, const Lab& next, const std::vector<std::size_t>& which) {
  std::vector<std::size_t> fresh;
  std::vector<std::size_t> existing;
  for (const std::size_t s : which) (next.namespaces[s].existing ? existing : fresh).push_back(s);
  parallel(existing.size(), 1, [&](std::size_t i) { open_existing(run, next.namespaces[existing[i]]); });
  require_unremoved(run, next, existing);
  if (fresh.empty()) return;
  kernel::prepare_run_directory();

  const bool keeps_sockets = has_room_for_sockets(next.namespaces.size());
  Spaces::expect(next.namespaces.size());
  std::atomic<std::uint32_t> first_ifindex{0};
  std::atomic<std::size_t> done{0};
  const std::size_t chunks = (fresh.size() + kChunk - 1) / kChunk;
  parallel(chunks, run.threads, [&](std::size_t chunk) {
    run.checkpoint();
    const std::size_t begin = chunk * kChunk;
    const std::size_t end = std::min(begin + kChunk, fresh.size());
    std::vector<kernel::CreatedNamespace> created;
    std::vector<MadeNamespace> made;
    created.reserve(end - begin);
    for (std::size_t i = begin; i < end; ++i) {
      created.push_back(kernel::create_namespace());
      const Namespace& space = next.namespaces[fresh[i]];
      made.push_back(
          {.name = space.name.str(), .cookie = created.back().cookie, .existing = false, .path = space.path});
    }
    if (first_ifindex == 0) {
      kernel::Socket socket;
      first_ifindex = first_free_ifindex(socket);
    }
    // The journal knows a namespace before it has a name; without a name it ends with this process.
    run.journal.intend(made);
    for (std::size_t i = begin; i < end; ++i) {
      kernel::CreatedNamespace& one = created[i - begin];
      kernel::publish(one, kernel::path_of(next.namespaces[fresh[i]]));
      Space& space = run.spaces.add(made[i - begin].name, std::move(one.fd), one.cookie);
      if (keeps_sockets) space.keep(std::move(one.socket));
      space.set_free_from(first_ifindex);
      space.ifindex.emplace("lo", 1);
    }
    run.report("namespaces", done += end - begin, fresh.size());
  });
}

void open_recorded(Run& run, const std::vector<MadeNamespace>& namespaces) {
  Spaces::expect(namespaces.size());
  parallel(namespaces.size(), run.threads, [&](std::size_t i) {
    const MadeNamespace& made = namespaces[i];
    if (run.spaces.find(made.name) != nullptr) return;
    if (auto fd = open_own(run, made)) run.spaces.add(made.name, std::move(*fd), made.cookie);
  });
}

void remove_namespaces(Run& run, const std::vector<MadeNamespace>& namespaces) {
  std::atomic<std::size_t> done{0};
  // Descriptors stay open until all names are gone: the kernel takes namespaces down in batches, and waits for its
  // readers once a batch, so the fewer and larger the better. One thread: an unmount waits for other processors that
  // are busy, and two that unmount keep each other waiting.
  parallel(namespaces.size(), 1, [&](std::size_t i) {
    const MadeNamespace& made = namespaces[i];
    try {
      const std::string path = path_of(made);
      if (!made.existing && (run.spaces.find(made.name) != nullptr || kernel::is_hollow(path))) kernel::unpublish(path);
    } catch (const Error& error) {
      run.leave({.what = fmt::format("namespace {}", made.name), .why = error.what(), .homes = {made.name}});
    }
    if (const std::size_t count = ++done; count % 64 == 0) run.report("removing namespaces", count, namespaces.size());
  });
  for (const MadeNamespace& made : namespaces) run.spaces.erase(made.name);
}

}  // namespace netrig::engine
