// SPDX-License-Identifier: Apache-2.0
#include "kernel/view.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "kernel/layer.hpp"
#include "model/error_number.hpp"

namespace netrig::kernel {
namespace {

[[noreturn]] void fail(const std::string& what) {
  const int error = errno;
  throw Error(refusal_code(error), fmt::format("{}: {}", what, errno_text(error)));
}

/// What a name of the lab means, unless the namespace has a file of its own for that.
void show_hosts(const std::string& lab, const std::string& space) {
  const std::string hosts = hosts_of(lab);
  if (::access(hosts.c_str(), F_OK) != 0 || ::access(kMachineHosts, F_OK) != 0) return;
  struct stat status {};
  if (::stat(fmt::format("/etc/netns/{}/hosts", space).c_str(), &status) == 0) return;
  for (const Layer& layer : list_layers(lab, space))
    if (std::string(kMachineHosts).starts_with(layer.directory + "/") &&
        ::lstat((upper_of(layer) + std::string(kMachineHosts).substr(layer.directory.size())).c_str(), &status) == 0)
      return;
  if (::mount(hosts.c_str(), kMachineHosts, nullptr, MS_BIND, nullptr) != 0)
    fail(fmt::format("cannot put the lab's names over {}", kMachineHosts));
}

}  // namespace

std::string place_of(const std::string& lab, const std::string& space, const std::string& path) {
  return fmt::format("/run/netrig/{}/{}/{}/{}", lab, kPrivate, space, flat(path));
}

std::string hosts_of(const std::string& lab) { return fmt::format("/run/netrig/{}/{}", lab, kHosts); }

void take_view(const View& view, const std::string& lab, const std::string& space) {
  if (!view.hostname.empty()) {
    if (::unshare(CLONE_NEWUTS) != 0) fail("cannot make a UTS namespace");
    if (::sethostname(view.hostname.data(), view.hostname.size()) != 0)
      fail(fmt::format("cannot set the host name {}", view.hostname));
  }
  show_layers(lab, space);
  show_hosts(lab, space);
  for (const PrivateDirectory& one : view.directories) {
    bind_over(place_of(lab, space, one.path), one.path, "the private directory");
  }
}

}  // namespace netrig::kernel
