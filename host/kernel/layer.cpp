// SPDX-License-Identifier: Apache-2.0
#include "kernel/layer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "model/error_number.hpp"
#include "model/unique_fd.hpp"

namespace netrig::kernel {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& what) {
  const int error = errno;
  throw Error(refusal_code(error), fmt::format("{}: {}", what, errno_text(error)));
}

UniqueFd open_directory(const std::string& path) {
  UniqueFd fd = open_unlinked(path, O_DIRECTORY);
  if (!fd && errno == ELOOP)
    throw Error(ErrorCode::denied, fmt::format("{} is reached through a symbolic link, which may be another's; name "
                                               "the place it leads to",
                                               path));
  if (!fd) fail(fmt::format("cannot open {}", path));
  return fd;
}

/// Not to be handed on: a name in /proc/self/fd needs no quoting, and leads to what was opened.
std::string name_of(const UniqueFd& fd) { return fmt::format("/proc/self/fd/{}", fd.get()); }

/// What holds where the directory lies holds for what is put over it, too.
unsigned long flags_of(const std::string& directory) {
  struct statvfs status {};
  if (::statvfs(directory.c_str(), &status) != 0) fail(fmt::format("cannot look at {}", directory));
  unsigned long flags = 0;
  if ((status.f_flag & ST_NOSUID) != 0) flags |= MS_NOSUID;
  if ((status.f_flag & ST_NODEV) != 0) flags |= MS_NODEV;
  if ((status.f_flag & ST_NOEXEC) != 0) flags |= MS_NOEXEC;
  return flags;
}

/// Of mountinfo: a blank is "\040" (proc(5)).
std::string unescaped(const std::string& text) {
  constexpr std::size_t kEscape = 4;
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + kEscape <= text.size()) {
      result += static_cast<char>(std::stoi(text.substr(i + 1, 3), nullptr, 8));
      i += 3;
    } else {
      result += text[i];
    }
  }
  return result;
}

/// Where something is mounted below a directory and to be seen from it, outer ones first. What lies in the /run of
/// netrig itself is none of it, for that directory has no layer.
std::vector<std::string> mounts_below(const std::string& directory) {
  std::vector<std::string> found;
  std::ifstream table("/proc/thread-self/mountinfo");
  for (std::string line; std::getline(table, line);) {
    std::istringstream words(line);
    std::string word;
    for (int i = 0; i < 5; ++i) words >> word;  // the fifth is where it is
    std::string path = unescaped(word);
    if (path.starts_with(directory + "/")) found.push_back(std::move(path));
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  // What is mounted in another of them comes with it.
  std::vector<std::string> outer;
  for (std::string& path : found)
    if (outer.empty() || !path.starts_with(outer.back() + "/")) outer.push_back(std::move(path));
  return outer;
}

struct Kept {
  std::string path;
  UniqueFd fd;
};

/// Opened before anything covers them.
std::vector<Kept> keep_mounts(const Layer& layer) {
  std::vector<Kept> kept;
  for (const std::string& path : mounts_below(layer.directory)) {
    // What the lab or its commands have put there comes before what the machine has.
    if (open_unlinked(upper_of(layer) + path.substr(layer.directory.size())) || errno == ELOOP) continue;
    UniqueFd fd = open_unlinked(path);
    if (fd) kept.push_back({.path = path, .fd = std::move(fd)});
  }
  return kept;
}

void show_layer(const Layer& layer) {
  const std::vector<Kept> kept = keep_mounts(layer);
  // Where another mount namespace has brought the lab up it is not mounted here.
  mount_layer(layer);
  bind_over(merged_of(layer), layer.directory, "the lab's files");
  for (const Kept& one : kept) {
    // A command may have removed what it is mounted on, or put a link there.
    const UniqueFd place = open_unlinked(one.path);
    if (place && ::mount(name_of(one.fd).c_str(), name_of(place).c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0 &&
        errno != ENOENT && errno != ENOTDIR)
      fail(fmt::format("cannot keep {} where it is", one.path));
  }
}

}  // namespace

UniqueFd open_unlinked(const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(O_PATH | O_CLOEXEC | flags);
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  UniqueFd fd(static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how)));
  return fd;
}

void bind_over(const std::string& from, const std::string& directory, const char* what) {
  const UniqueFd place = open_directory(directory);
  if (::mount(from.c_str(), name_of(place).c_str(), nullptr, MS_BIND, nullptr) != 0)
    fail(fmt::format("cannot put {} over {}", what, directory));
}

std::string flat(const std::string& path) {
  std::string name;
  for (const char c : path) name += c == '/' ? std::string("%2f") : c == '%' ? std::string("%25") : std::string(1, c);
  return name;
}

std::string unflat(const std::string& name) {
  std::string path;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const std::string_view code = std::string_view(name).substr(i, 3);
    if (code == "%2f" || code == "%25") i += 2;
    path += code == "%2f" ? '/' : code == "%25" ? '%' : name[i];
  }
  return path;
}

std::string layers_of(const std::string& lab, const std::string& space) {
  return fmt::format("/run/netrig/{}/{}/{}", lab, kLayers, space);
}

Layer layer_of(const std::string& lab, const std::string& space, const std::string& directory) {
  return {.directory = directory, .place = fmt::format("{}/{}", layers_of(lab, space), flat(directory))};
}

std::vector<Layer> list_layers(const std::string& lab, const std::string& space) {
  std::vector<Layer> layers;
  std::error_code missing;
  const fs::directory_iterator all(layers_of(lab, space), missing);
  // What cannot be read is not taken for none: commands would see the machine's files.
  if (missing && missing != std::errc::no_such_file_or_directory)
    throw Error(ErrorCode::failed,
                fmt::format("cannot read {}: {}", layers_of(lab, space), errno_text(missing.value())));
  for (const auto& entry : all) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(flat("/"))) continue;
    // One that was being made when its netrig was killed shows nothing.
    if (fs::is_directory(entry.path() / "merged", missing))
      layers.push_back({.directory = unflat(name), .place = entry.path()});
  }
  std::sort(layers.begin(), layers.end(), [](const Layer& a, const Layer& b) { return a.directory < b.directory; });
  return layers;
}

std::string upper_of(const Layer& layer) { return layer.place + "/upper"; }
std::string merged_of(const Layer& layer) { return layer.place + "/merged"; }

static bool is_mounted(const Layer& layer) {
  struct stat above {};
  struct stat here {};
  return ::stat(layer.place.c_str(), &above) == 0 && ::stat(merged_of(layer).c_str(), &here) == 0 &&
         above.st_dev != here.st_dev;
}

void mount_layer(const Layer& layer) {
  if (is_mounted(layer)) return;
  const UniqueFd lower = open_directory(layer.directory);
  const UniqueFd upper = open_directory(upper_of(layer));
  const UniqueFd work = open_directory(layer.place + "/work");
  const std::string options =
      fmt::format("lowerdir={},upperdir={},workdir={}", name_of(lower), name_of(upper), name_of(work));
  if (::mount("netrig", merged_of(layer).c_str(), "overlay", flags_of(name_of(lower)), options.c_str()) == 0) return;
  const int error = errno;
  if (error == ENODEV)
    throw Error(ErrorCode::unsupported,
                "this kernel has no overlay file system (CONFIG_OVERLAY_FS), which \"files\" need; load the module "
                "\"overlay\"");
  if (error == EINVAL || error == EOPNOTSUPP)
    throw Error(ErrorCode::unsupported,
                fmt::format("the kernel makes no overlay (\"files\") over {} with what is written kept in /run: {}; it "
                            "wants /run on a tmpfs, and no overlay of overlays below it",
                            layer.directory, errno_text(error)));
  errno = error;
  fail(fmt::format("cannot make an overlay over {}", layer.directory));
}

void unmount_layer(const Layer& layer) {
  // EINVAL: nothing is mounted there.
  while (::umount2(merged_of(layer).c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0) {
  }
  if (errno != EINVAL && errno != ENOENT) fail(fmt::format("cannot unmount {}", merged_of(layer)));
}

void unmount_layers(const std::string& lab) {
  std::error_code missing;
  const std::string all = fmt::format("/run/netrig/{}/{}", lab, kLayers);
  for (const auto& entry : fs::directory_iterator(all, missing))
    for (const Layer& layer : list_layers(lab, entry.path().filename())) unmount_layer(layer);
}

void show_layers(const std::string& lab, const std::string& space) {
  for (const Layer& layer : list_layers(lab, space)) show_layer(layer);
}

}  // namespace netrig::kernel
