// SPDX-License-Identifier: Apache-2.0
#include "kernel/view.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>

#include "model/error_number.hpp"

namespace netrig::kernel {
namespace {

[[noreturn]] void fail(const std::string& what) {
  const int error = errno;
  throw Error(refusal_code(error), fmt::format("{}: {}", what, errno_text(error)));
}

/// A path as one name.
std::string flat(const std::string& path) {
  std::string name;
  for (const char c : path) name += c == '/' ? std::string("%2f") : c == '%' ? std::string("%25") : std::string(1, c);
  return name;
}

}  // namespace

std::string place_of(const std::string& lab, const std::string& space, const std::string& path) {
  return fmt::format("/run/netrig/{}/private/{}/{}", lab, space, flat(path));
}

void take_view(const View& view, const std::string& lab, const std::string& space) {
  if (!view.hostname.empty()) {
    if (::unshare(CLONE_NEWUTS) != 0) fail("cannot make a UTS namespace");
    if (::sethostname(view.hostname.data(), view.hostname.size()) != 0)
      fail(fmt::format("cannot set the host name {}", view.hostname));
  }
  for (const PrivateDirectory& one : view.directories) {
    const std::string place = place_of(lab, space, one.path);
    if (::mount(place.c_str(), one.path.c_str(), nullptr, MS_BIND, nullptr) != 0)
      fail(fmt::format("cannot put the private directory {} in its place", one.path));
  }
}

}  // namespace netrig::kernel
