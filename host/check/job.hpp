// SPDX-License-Identifier: Apache-2.0
// What a check gets to run: the lab's namespaces, a deadline, and the result to fill in.
#pragma once
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "check/result.hpp"
#include "model/lab.hpp"
#include "model/unique_fd.hpp"
#include "process/process.hpp"

namespace netrig::engine {
class Journal;
}

namespace netrig::check {

using process::Clock;
using process::Until;

/// The namespaces of a lab that is up, held open. Thread: any.
class Ground {
 public:
  /// `fds` in the order of Lab::namespaces.
  /// `seed`: for what is drawn at random; 0: as every run without one draws it.
  Ground(const Lab& lab, std::vector<UniqueFd> fds, std::uint64_t seed = 0)
      : lab_(&lab), fds_(std::move(fds)), seed_(seed) {}

  [[nodiscard]] const Lab& lab() const { return *lab_; }
  [[nodiscard]] std::uint64_t seed() const { return seed_; }
  [[nodiscard]] const UniqueFd& space(std::size_t index) const { return fds_.at(index); }
  [[nodiscard]] const std::string& name(std::size_t index) const { return lab_->namespaces.at(index).name.str(); }
  /// For commands in it.
  [[nodiscard]] process::Place place(std::size_t index) const {
    return {.space = fds_.at(index), .home = lab_->namespaces.at(index), .lab = lab_->name.str()};
  }
  /// Runs `body` in a new thread that is in the namespace (so sockets opened there belong to it) and waits. What it
  /// throws is thrown here.
  void inside(std::size_t space, const std::function<void()>& body) const;

 private:
  const Lab* lab_;
  std::vector<UniqueFd> fds_;
  std::uint64_t seed_;
};

/// Waits until IPv6 works in a lab that has just come up, if one of the tests needs it. The kernel joins the multicast
/// groups of addresses in the background (addrconf_dad_work), and a router resolves nobody while its link-local address
/// is tentative (ndisc_send_ns), one to two seconds long. Gives up when time is over; the checks will tell.
void await_ipv6(const Ground& ground, const std::vector<Test>& tests, const Until& until);
/// The same, whoever needs it.
void await_ipv6(const Ground& ground, const Until& until);

/// Waits until every link of the lab takes packets again, as far as its other end is up (see kernel::is_settling).
void await_links(const Ground& ground, const Until& until);

/// From a namespace to an address, which mostly is one of another namespace.
struct Pair {
  std::size_t from = 0;           ///< index in Lab::namespaces
  std::optional<std::size_t> to;  ///< namespace that has the address; unset: none of the lab, or several
  IpAddress address;
};

/// One repetition of a test. A check adds to `result` and throws Error only when it could not run.
/// Outcome: a check that adds a finding, here or by fail(), has failed; the runner sets result.outcome.
struct Job {
  const Ground& ground;
  const Test& test;
  Until until;
  TestResult& result;
  Clock::time_point began = Clock::now();
  engine::Journal* journal = nullptr;  ///< of the lab, for who changes its services; nullptr: nobody may

  [[nodiscard]] const Lab& lab() const { return ground.lab(); }
  [[nodiscard]] double now() const { return std::chrono::duration<double>(Clock::now() - began).count(); }
  /// Of the test and its target, as check/aim.hpp finds them. Throws Error{not_found} if ends have no address of a
  /// common family, in the file or in the kernel.
  [[nodiscard]] std::vector<Pair> pairs(const Target& target) const;
  /// "h1 -> h2 (192.0.2.2)".
  [[nodiscard]] std::string about(const Pair& pair) const;
  /// "netrig exec LAB SPACE -- COMMAND".
  [[nodiscard]] std::string exec_line(std::size_t space, std::string_view command) const;
  /// Adds the pair to the result and returns it for metrics; valid until the next is added.
  PairResult& add(const Pair& pair) const;
  void fail(Finding finding) const { result.findings.push_back(std::move(finding)); }
};

/// Indexes of the namespaces that match a pattern.
std::vector<std::size_t> spaces_of(const Lab& lab, const std::string& pattern);
/// Calls each(namespace, interface, prefix) for what the lab file gives interfaces, and then for what it gives lo.
void for_each_address(const Lab& lab,
                      const std::function<void(std::size_t, const std::string& interface, const Prefix&)>& each);
/// Namespaces that have this address, each once.
std::vector<std::size_t> owners_of(const Lab& lab, const IpAddress& address);

}  // namespace netrig::check
