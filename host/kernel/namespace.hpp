// SPDX-License-Identifier: Apache-2.0
// Network namespaces: create, name, open, enter, remove. Names are those of ip-netns(8): bind mounts in /run/netns.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernel/socket.hpp"
#include "model/lab.hpp"
#include "model/unique_fd.hpp"

namespace netrig::kernel {

inline constexpr const char* kRunDirectory = "/run/netns";

/// Path of a named namespace.
std::string path_of(const NamespaceName& name);
/// Path of a lab's namespace: /run/netns/NAME unless the lab has a prefix, or it is an existing one elsewhere.
std::string path_of(const Namespace& space);

/// Makes /run/netns a shared mount, as ip-netns(8) does, so that names made here are seen in other mount namespaces.
void prepare_run_directory();

/// A namespace that has no name yet.
struct CreatedNamespace {
  UniqueFd fd;
  std::uint64_t cookie = 0;
  Socket socket;  ///< in it
};
/// Makes one. Afterwards the calling thread is in it, so call it from a thread of its own. Throws Error{denied} without
/// CAP_SYS_ADMIN.
CreatedNamespace create_namespace();
/// Gives it its name, which is a file in /run/netns. Throws Error{conflict} if the name is taken.
void publish(const CreatedNamespace& created, const std::string& path);
/// Takes the name away; the namespace goes when nobody uses it any more. False: the name was gone already.
bool unpublish(const std::string& path);

/// Whether the name is there at all, as a namespace or as a mere file.
bool namespace_exists(const std::string& path);
/// A named file in /run/netns that is no namespace: what a crash between two steps of publish() leaves.
bool is_hollow(const std::string& path);
/// Opens one; nothing if it is not there. Throws Error if it is no network namespace.
std::optional<UniqueFd> open_namespace(const std::string& path);
/// A process that is in a namespace.
struct Inhabitant {
  int process = 0;
  std::string command;
  std::size_t space = 0;  ///< index in the list asked for
};
/// Processes in any of these namespaces, other than this one. One look at /proc, however many namespaces there are.
std::vector<Inhabitant> inhabitants(const std::vector<const UniqueFd*>& spaces);
/// Moves the calling thread into it.
void enter(const UniqueFd& fd);
/// Identity that is never used twice in one boot. The calling thread may end up in the namespace.
std::uint64_t cookie_of(const UniqueFd& fd);

/// Prepares this process, which has one thread, for a command the way `ip netns exec` does it: in the network
/// namespace, in a mount namespace of its own where /sys shows it and files of /etc/netns/NAME/ cover those of /etc.
void move_in(const UniqueFd& fd, const std::string& name);
/// Replaces this process by `command`. Returns only by throwing: Error{not_found} if there is no such program.
[[noreturn]] void run_program(const std::vector<std::string>& command);

/// Reads one sysctl in the namespace that the calling thread is in. Nothing: there is none, or none that can be read.
/// Throws Error with errno text.
std::optional<std::string> find_sysctl(const std::string& key);
/// Writes one, and returns what it reads as afterwards; nothing: it cannot be read. Throws Error with errno text.
std::optional<std::string> write_sysctl(const std::string& key, const std::string& value);
/// Keys of all sysctls that an interface of that namespace has.
std::vector<std::string> sysctls_of(const std::string& interface);

}  // namespace netrig::kernel
