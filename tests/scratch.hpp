// SPDX-License-Identifier: Apache-2.0
// Ground for tests that touch the kernel: a mount namespace of their own with empty /run/netns and /run/netrig, so that
// whatever a test makes goes with its process and nothing of the machine's is in reach.
#pragma once
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace scratch {

using Json = nlohmann::json;

struct Result {
  int exit = -1;
  std::string out;
  std::string err;
};

/// Enters the scratch ground. Exits with kSkipped and the reason if this machine cannot.
void enter();
/// What ctest takes for "skipped".
inline constexpr int kSkipped = 77;
/// Ends the test process as skipped.
[[noreturn]] void skip(const std::string& reason);

/// A shell command, to its end.
Result sh(const std::string& command);
/// Likewise; fails the test unless it succeeds.
void must(const std::string& command);
/// The netrig that was built, with shell-quoted arguments.
Result cli(const std::string& arguments);
/// Starts netrig in the background; returns its process.
int start_netrig(const std::vector<std::string>& arguments);
/// Whether `to` answers a ping from a namespace, asked again until it does: what else runs on the machine at the time
/// may fill the queue of a processor, and then any packet may be dropped, all three requests for an address too.
bool answers(const std::string& from, const std::string& to);
/// Waits until something holds, however slow the machine is; fails the test after a minute.
void await(const std::function<bool()>& condition);
/// Waits for a process; exit code, or 128 + signal.
int wait_for(int process);

/// Standard output of `ip -j ...` as JSON. Fails the test if the command fails.
Json ip(const std::string& arguments);
/// Names in /run/netns, sorted.
std::vector<std::string> namespaces();
/// Fails the test if a namespace or a record of a lab is there.
void require_nothing_left();
/// Everything that ip shows of a namespace, without counters and lifetimes, once its IPv6 addresses are settled: a
/// tentative one has no route yet.
Json kernel_state(const std::string& space);
/// Names of the links in a namespace, sorted, without those that every new one has: lo, and the fallback tunnels of
/// whatever modules are loaded.
std::vector<std::string> links(const std::string& space);
/// Addresses of an interface as "address/length", sorted, without link-local ones that the kernel made.
std::vector<std::string> addresses(const std::string& space, const std::string& interface);

/// A directory of this process that is removed at its end.
const std::string& directory();
/// Writes a file there; returns its path.
std::string file(const std::string& name, const std::string& text);
std::string read(const std::string& path);
/// A policy file there that also allows the plugins of the tests; `rest` is what follows [plugins].
std::string policy_with_test_drivers(const std::string& rest = "");
/// A text with its first `from` replaced, which must be in it.
std::string replaced(std::string text, const std::string& from, const std::string& to);

/// Whether a lab file from config/ or tests could come up: reason why not, or empty.
std::string kernel_lacks(const std::string& option);
/// Whether packets can be delayed and lost here.
bool kernel_has_netem();

}  // namespace scratch
