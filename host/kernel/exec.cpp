// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "kernel/namespace.hpp"
#include "kernel/sysfs.hpp"
#include "model/error_number.hpp"

namespace netrig::kernel {
namespace {

[[noreturn]] void fail(const std::string& what) {
  const int error = errno;
  throw Error(refusal_code(error), fmt::format("{}: {}", what, errno_text(error)));
}

/// Files of /etc/netns/NAME/ cover those of the same name in /etc (ip-netns(8)).
void cover_etc(const std::string& name) {
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator("/etc/netns/" + name, missing)) {
    const std::string target = "/etc/" + entry.path().filename().string();
    if (::mount(entry.path().c_str(), target.c_str(), "none", MS_BIND, nullptr) != 0)
      fail(fmt::format("cannot put {} over {}", entry.path().string(), target));
  }
}

/// A mount namespace of its own, with a /sys that shows this network namespace.
void remount_sys() {
  if (::unshare(CLONE_NEWNS) != 0) fail("cannot create a mount namespace");
  if (::mount("", "/", "none", MS_SLAVE | MS_REC, nullptr) != 0) fail("cannot make mounts private");
  remount_sysfs();
}

}  // namespace

void move_in(const UniqueFd& fd, const std::string& name) {
  enter(fd);
  remount_sys();
  cover_etc(name);
}

void run_program(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::execvp(arguments.front(), arguments.data());
  const int error = errno;
  throw Error(error == ENOENT ? ErrorCode::not_found : ErrorCode::failed,
              fmt::format("cannot run {}: {}", command.front(), errno_text(error)));
}

}  // namespace netrig::kernel
