// SPDX-License-Identifier: Apache-2.0
#include "session/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <map>
#include <optional>

#include "engine/record_directory.hpp"
#include "kernel/layer.hpp"
#include "kernel/view.hpp"
#include "model/error_number.hpp"
#include "session/accounts.hpp"

namespace netrig::session {
namespace {

/// What a file is called until it is whole.
constexpr const char* kFresh = ".netrig-new";

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& what) {
  const int error = errno;
  throw Error(refusal_code(error), fmt::format("{}: {}", what, errno_text(error)));
}

/// One step down, never by a link: what commands have put there may lead anywhere.
UniqueFd step(const UniqueFd& above, const std::string& name) {
  return UniqueFd(::openat(above.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

/// The same; made if it is not there.
UniqueFd make_step(const UniqueFd& above, const std::string& name, mode_t mode) {
  const bool made = ::mkdirat(above.get(), name.c_str(), mode) == 0;
  if (!made && errno != EEXIST) fail(fmt::format("cannot make directory {}", name));
  UniqueFd fd = step(above, name);
  if (!fd) fail(fmt::format("cannot enter {}, which must be a directory and no link", name));
  // Whatever the umask says.
  if (made && ::fchmod(fd.get(), mode) != 0) fail(fmt::format("cannot set the mode of {}", name));
  return fd;
}

UniqueFd open_root(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) fail(fmt::format("cannot open {}", path));
  return fd;
}

bool lies_in(const std::string& path, const std::string& directory) {
  return (path + "/").starts_with(directory + "/");
}

/// Where a file comes to lie: in a private directory, or in a layer over a directory of the machine.
struct Target {
  bool is_private = false;
  std::string directory;  ///< that of the lab file, or of the machine without links
  std::string rest;       ///< the file's path from there
};

/// Of the machine, or of a file that nothing but "/" holds: empty.
std::string nearest_directory(const std::string& path) {
  std::error_code fault;
  fs::path directory = fs::path(path).parent_path();
  while (directory != "/" && !fs::is_directory(directory, fault)) directory = directory.parent_path();
  return directory;
}

Target target_of(const Namespace& space, const OwnFile& file) {
  for (const PrivateDirectory& one : space.view.directories)
    if (lies_in(file.path, one.path))
      return {.is_private = true, .directory = one.path, .rest = file.path.substr(one.path.size() + 1)};
  const std::string directory = nearest_directory(file.path);
  std::error_code fault;
  const std::string real = fs::canonical(directory, fault);
  const auto refuse = [&](const std::string& why) { throw Error(ErrorCode::unsupported, why); };
  if (directory == "/" || real == "/")
    refuse(fmt::format("no directory of this machine but / is there to hold it; make {} for all labs",
                       fs::path(file.path).parent_path() == "/" ? "one" : fs::path(file.path).parent_path().string()));
  if (real.empty()) refuse(fmt::format("{} cannot be looked at", directory));
  for (const char* taken : {"/proc", "/sys", "/dev", "/run/netns", "/run/netrig"})
    if (lies_in(real, taken)) refuse(fmt::format("it would lie in {}, of which commands need the machine's", real));
  if (real == "/run")
    refuse(
        "nothing can lie over /run, of which commands need the machine's; make its directory private, as in private "
        "= [\"/run/frr\"]");
  return {.directory = real, .rest = file.path.substr(directory.size() + 1)};
}

template <typename Each>
void for_each_file(const Lab& lab, const Namespace& space, Each&& each) {
  for (const OwnFile& file : space.view.files) try {
      each(file);
    } catch (const Error& error) {
      throw Error(error.code(), fmt::format("file {} of {}: {}", file.path, space.name.str(), error.message()),
                  lab.at(file.where));
    }
}

/// What stands in a namespace's files, so that an edit is told from what commands have done to them.
struct Written {
  std::string directory;  ///< of a private one, with a slash at its end
  std::string rest;
  std::uint64_t fingerprint = 0;  ///< 0: it is being written
};
using Manifest = std::map<std::string, Written>;  // by path

constexpr const char* kManifest = "written";

std::string read_all(const UniqueFd& fd, const std::string& what) {
  std::string text;
  std::array<char, 65536> chunk{};
  for (;;) {
    const ssize_t size = ::read(fd.get(), chunk.data(), chunk.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) fail(fmt::format("cannot read {}", what));
    if (size == 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(size));
  }
}

Manifest read_manifest(const UniqueFd& home) {
  const UniqueFd fd(::openat(home.get(), kManifest, O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  // One that cannot be read is never an empty one: what commands have changed would be written over.
  if (!fd && errno != ENOENT) fail("cannot read what was written");
  if (!fd) return {};
  const std::string text = read_all(fd, "what was written");
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\0', at);
    if (end == std::string::npos) break;
    words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  Manifest manifest;
  for (std::size_t i = 0; i + 3 < words.size(); i += 4) {
    Written written{.directory = words[i + 1], .rest = words[i + 2]};
    const std::string& number = words[i + 3];
    std::from_chars(number.data(), number.data() + number.size(), written.fingerprint);
    manifest.emplace(words[i], std::move(written));
  }
  return manifest;
}

void write_whole(const UniqueFd& directory, const std::string& name, const std::string& text, mode_t mode, uid_t owner,
                 gid_t group) {
  const std::string fresh = kFresh;
  if (::unlinkat(directory.get(), fresh.c_str(), 0) != 0 && errno != ENOENT) fail("cannot begin to write it");
  const UniqueFd fd(
      ::openat(directory.get(), fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) fail("cannot write it");
  engine::write_all(fd, text, name);
  if (::fchown(fd.get(), owner, group) != 0 || ::fchmod(fd.get(), mode) != 0) fail("cannot give it its owner and mode");
  if (::renameat(directory.get(), fresh.c_str(), directory.get(), name.c_str()) != 0) {
    const int error = errno;
    ::unlinkat(directory.get(), fresh.c_str(), 0);
    errno = error;
    fail("cannot put it in its place");
  }
}

void write_manifest(const UniqueFd& home, const Manifest& manifest) {
  std::string text;
  for (const auto& [path, written] : manifest)
    for (const std::string& word : {path, written.directory, written.rest, fmt::format("{}", written.fingerprint)}) {
      text += word;
      text += '\0';
    }
  write_whole(home, kManifest, text, 0600, ::geteuid(), ::getegid());
}

/// The files of one namespace.
class Files {
 public:
  Files(const Lab& lab, const Namespace& space, UniqueFd home)
      : lab_(lab.name.str()), space_(space), home_(std::move(home)), before_(read_manifest(home_)) {
    for (const kernel::Layer& layer : kernel::list_layers(lab_, space.name.str()))
      layers_.emplace(layer.directory, layer);
    for_each_file(lab, space, [&](const OwnFile& file) { want(file); });
    take_away();
    for (const auto& [directory, layer] : layers_) mount(layer);
    const bool as_before =
        std::all_of(wanted_.begin(), wanted_.end(), [&](const auto& one) { return is_written(one); });
    if (as_before && before_.size() == wanted_.size()) return;
    // What is begun is known, so that whatever comes, a later edit finds it.
    Manifest manifest = wanted_;
    for (auto& [path, written] : manifest)
      if (!is_written({path, written})) written.fingerprint = 0;
    write_manifest(home_, manifest);
    for_each_file(lab, space, [&](const OwnFile& file) {
      const auto& one = *wanted_.find(file.path);
      if (!is_written(one)) write(file, one.second);
    });
    write_manifest(home_, wanted_);
  }

 private:
  /// A file stays in the layer that it is in: a directory that the machine has got since is not that of before.
  void want(const OwnFile& file) {
    const Target target = target_of(space_, file);
    Written written{.directory = target.directory + (target.is_private ? "/" : ""),
                    .rest = target.rest,
                    .fingerprint = fingerprint_of(file)};
    if (const auto known = before_.find(file.path);
        known != before_.end() && !target.is_private && layers_.contains(known->second.directory)) {
      written.directory = known->second.directory;
      written.rest = known->second.rest;
    }
    if (!target.is_private && !layers_.contains(written.directory)) make_layer(written.directory);
    wanted_.emplace(file.path, std::move(written));
  }

  [[nodiscard]] bool is_written(const Manifest::value_type& one) const {
    const auto known = before_.find(one.first);
    return known != before_.end() && known->second.directory == one.second.directory &&
           known->second.fingerprint == one.second.fingerprint;
  }

  /// It looks as the machine's does; what tells that it is whole, merged/, comes last.
  void make_layer(const std::string& directory) {
    struct stat status {};
    const UniqueFd machines = kernel::open_unlinked(directory, O_DIRECTORY);
    if (!machines || ::fstat(machines.get(), &status) != 0) fail(fmt::format("cannot look at {}", directory));
    const kernel::Layer layer = kernel::layer_of(lab_, space_.name.str(), directory);
    const UniqueFd place = make_step(home_, kernel::flat(directory), 0700);
    const UniqueFd upper = make_step(place, "upper", 0755);
    if (::fchown(upper.get(), status.st_uid, status.st_gid) != 0 || ::fchmod(upper.get(), status.st_mode & 07777U) != 0)
      fail(fmt::format("cannot give it the owner and mode of {}", directory));
    make_step(place, "work", 0700);
    make_step(place, "merged", 0700);
    layers_.emplace(directory, layer);
  }

  void mount(const kernel::Layer& layer) const {
    try {
      kernel::mount_layer(layer);
    } catch (const Error& error) {
      throw Error(error.code(), fmt::format("files of {}: {}", space_.name.str(), error.message()));
    }
  }

  /// Those that the lab no longer has: what the machine has there is to be seen again, so nothing of them may be left
  /// in the layer, and a layer is not changed from below while it is mounted.
  void take_away() {
    for (const auto& [path, written] : before_) {
      const auto wanted = wanted_.find(path);
      if (wanted != wanted_.end() && wanted->second.directory == written.directory) continue;
      const bool is_private = written.directory.ends_with('/');
      const auto layer = layers_.find(written.directory);
      if (!is_private && layer == layers_.end()) continue;
      if (!is_private) kernel::unmount_layer(layer->second);
      const std::string root = is_private ? kernel::place_of(lab_, space_.name.str(),
                                                             written.directory.substr(0, written.directory.size() - 1))
                                          : kernel::upper_of(layer->second);
      std::vector<UniqueFd> above;  // of each directory on the way
      UniqueFd at(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      const fs::path rest(written.rest);
      for (const fs::path& name : rest.parent_path()) {
        if (!at) break;
        UniqueFd below = step(at, name);
        above.push_back(std::move(at));
        at = std::move(below);
      }
      if (!at) continue;
      static_cast<void>(::unlinkat(at.get(), rest.filename().c_str(), 0));
      if (written.fingerprint == 0) static_cast<void>(::unlinkat(at.get(), kFresh, 0));
      // Made for it, for the machine has none of them; those that hold something else stay.
      for (fs::path directory = rest.parent_path(); !above.empty(); directory = directory.parent_path()) {
        if (::unlinkat(above.back().get(), directory.filename().c_str(), AT_REMOVEDIR) != 0) break;
        above.pop_back();
      }
    }
  }

  void write(const OwnFile& file, const Written& written) const {
    const bool is_private = written.directory.ends_with('/');
    UniqueFd at = open_root(is_private ? kernel::place_of(lab_, space_.name.str(),
                                                          written.directory.substr(0, written.directory.size() - 1))
                                       : kernel::merged_of(layers_.at(written.directory)));
    const fs::path rest(written.rest);
    for (const fs::path& name : rest.parent_path()) at = make_step(at, name, 0755);
    write_whole(at, rest.filename(), file.text, file.mode, process::user_of(file.owner).id, group_of(file.group));
  }

  std::string lab_;
  const Namespace& space_;
  UniqueFd home_;
  Manifest before_;
  Manifest wanted_;
  std::map<std::string, kernel::Layer> layers_;
};

UniqueFd open_record(const Lab& lab, bool create) {
  const auto record = engine::RecordDirectory::look(lab.name.str());
  if (!record) throw Error(ErrorCode::not_found, fmt::format("lab {} has no record", lab.name.str()));
  return record->subdirectory(kernel::kLayers, create);
}

}  // namespace

void check_files(const Lab& lab) {
  for (const Namespace& space : lab.namespaces)
    for_each_file(lab, space, [&](const OwnFile& file) {
      static_cast<void>(process::user_of(file.owner));
      static_cast<void>(group_of(file.group));
      static_cast<void>(target_of(space, file));
    });
}

void make_files(const Lab& lab) {
  const bool any = std::any_of(lab.namespaces.begin(), lab.namespaces.end(),
                               [](const Namespace& space) { return !space.view.files.empty(); });
  const UniqueFd all = open_record(lab, any);
  if (!all) return;  // there are none, and there were none
  for (const Namespace& space : lab.namespaces) {
    const std::string& name = space.name.str();
    UniqueFd home = space.view.files.empty() ? step(all, name) : make_step(all, name, 0700);
    if (home) Files(lab, space, std::move(home));
  }
}

void remove_views_of_gone(const Lab& lab) {
  const auto record = engine::RecordDirectory::look(lab.name.str());
  if (!record) return;
  for (const char* kind : {kernel::kLayers, kernel::kPrivate}) {
    if (!record->subdirectory(kind, false)) continue;
    std::error_code fault;
    for (const auto& entry : fs::directory_iterator(record->path(kind), fault)) {
      const std::string name = entry.path().filename();
      if (lab.find_namespace(name)) continue;
      for (const kernel::Layer& layer : kernel::list_layers(lab.name.str(), name)) kernel::unmount_layer(layer);
      fs::remove_all(entry.path(), fault);
      if (fault) break;
    }
    if (fault)
      throw Error(ErrorCode::failed,
                  fmt::format("cannot take away {}: {}", record->path(kind), errno_text(fault.value())));
  }
}

std::vector<plan::Line> file_lines(const Lab* current, const Lab& next) {
  std::vector<plan::Line> lines;
  const auto add = [&](Verb verb, const Namespace& space, const OwnFile& file) {
    lines.push_back({.verb = verb,
                     .kind = "file",
                     .space = space.name.str(),
                     .name = file.path,
                     .detail = verb == Verb::change ? "written anew" : "",
                     .where = file.where});
  };
  std::map<std::string_view, const Namespace*> before;
  if (current != nullptr)
    for (const Namespace& space : current->namespaces)
      if (!space.view.files.empty()) before.emplace(space.name.str(), &space);
  for (const Namespace& space : next.namespaces) {
    const auto known = before.find(space.name.str());
    std::map<std::string_view, const OwnFile*> old;
    if (known != before.end())
      for (const OwnFile& file : known->second->view.files) old.emplace(file.path, &file);
    for (const OwnFile& file : space.view.files) {
      const auto found = old.find(file.path);
      if (found == old.end())
        add(Verb::make, space, file);
      else if (!(*found->second == file))
        add(Verb::change, space, file);
      if (found != old.end()) old.erase(found);
    }
    for (const auto& [path, file] : old) add(Verb::remove, space, *file);
  }
  return lines;
}

namespace {

std::optional<std::string> read_hosts(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return std::nullopt;
  return read_all(fd, path);
}

std::string hosts_text(const Lab& lab) {
  // The first of each family, on an interface rather than on lo.
  std::vector<std::map<Family, std::string>> found(lab.namespaces.size());
  const auto look = [&](std::size_t space, const std::vector<Address>& addresses) {
    for (const Address& one : addresses) found[space].emplace(one.prefix.address.family, one.prefix.address.str());
  };
  for (const Device& device : lab.devices)
    for (const Interface& interface : device.interfaces) look(interface.home, interface.of<Address>());
  for (std::size_t i = 0; i < lab.namespaces.size(); ++i) look(i, lab.namespaces[i].of<Address>());
  std::string text = fmt::format("# lab {}\n", lab.name.str());
  for (std::size_t i = 0; i < lab.namespaces.size(); ++i)
    for (const auto& [family, address] : found[i])
      text += fmt::format("{} {}\n", address, lab.namespaces[i].name.str());
  // Who does not find its own name asks a server that may not be there. One that several have, or that has no address,
  // is that of nobody else.
  std::map<std::string_view, std::vector<std::size_t>> called;
  for (std::size_t i = 0; i < lab.namespaces.size(); ++i) called[lab.namespaces[i].view.hostname].push_back(i);
  called.erase("");
  for (std::size_t i = 0; i < lab.namespaces.size(); ++i)
    if (!found[i].empty()) called.erase(lab.namespaces[i].name.str());
  for (const auto& [name, spaces] : called) {
    const auto& addresses = found[spaces.front()];
    if (spaces.size() > 1 || addresses.empty())
      text += fmt::format("127.0.1.1 {}\n", name);
    else
      for (const auto& [family, address] : addresses) text += fmt::format("{} {}\n", address, name);
  }
  return text + read_hosts(kernel::kMachineHosts).value_or("");
}

}  // namespace

void make_hosts(const Lab& lab) {
  const auto record = engine::RecordDirectory::look(lab.name.str());
  if (!record) throw Error(ErrorCode::not_found, fmt::format("lab {} has no record", lab.name.str()));
  const std::string path = kernel::hosts_of(lab.name.str());
  if (!lab.resolve) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) fail(fmt::format("cannot remove {}", path));
    return;
  }
  const std::string text = hosts_text(lab);
  if (read_hosts(path) == text) return;
  // In place: services that run have this very file.
  const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!fd || ::fchmod(fd.get(), 0644) != 0) fail(fmt::format("cannot write {}", path));
  engine::write_all(fd, text, path);
  if (::ftruncate(fd.get(), static_cast<off_t>(text.size())) != 0) fail(fmt::format("cannot write {}", path));
}

}  // namespace netrig::session
