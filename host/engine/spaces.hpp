// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "kernel/link.hpp"
#include "kernel/socket.hpp"
#include "model/unique_fd.hpp"

namespace netrig::engine {

/// A namespace that this run works in. Thread: one at a time.
class Space {
 public:
  Space(UniqueFd fd, std::uint64_t cookie) : fd_(std::move(fd)), cookie_(cookie) {}

  [[nodiscard]] const UniqueFd& fd() const { return fd_; }
  [[nodiscard]] std::uint64_t cookie() const { return cookie_; }
  /// Its rtnetlink socket, opened on first use; then the calling thread is in the namespace.
  kernel::Socket& socket();
  /// Makes a socket of it the one that stays open.
  void keep(kernel::Socket socket) {
    socket_.emplace(std::move(socket));
    keeps_socket_ = true;
  }
  /// Keeps the number of open descriptors at one a namespace, where there is not room for two each.
  void release_socket() {
    if (!keeps_socket_) socket_.reset();
    sysfs_.reset();
  }
  /// kernel::birth_of an interface of it; 0: not there, or not to be had. The calling thread may end up in the
  /// namespace.
  std::uint64_t birth_of(const std::string& interface);
  /// From here on no link of it has an ifindex; in a namespace that others use too it is far from theirs.
  void set_free_from(std::uint32_t index) { free_from_ = index; }
  /// An ifindex that the lab file has chosen; nobody else gets it.
  void reserve(std::uint32_t index) { reserved_.insert(index); }
  /// An ifindex that no link has, neither in `home` nor in any of `others`; it is free no longer. A kernel looks for
  /// the chosen number where the link is to be; an older one (6.1 for one) where the request is sent: in the namespace
  /// of the lower link.
  static std::uint32_t take_ifindex(Space& home, const std::vector<Space*>& others);

  /// Ifindex by name, for what this run knows of.
  std::unordered_map<std::string, std::uint32_t> ifindex;

 private:
  UniqueFd fd_;
  std::uint64_t cookie_ = 0;
  std::optional<kernel::Socket> socket_;
  bool keeps_socket_ = false;
  std::optional<UniqueFd> sysfs_;  ///< holding nothing: it cannot be opened
  std::uint32_t free_from_ = 0;
  std::set<std::uint32_t> reserved_;
};

/// In a namespace that others use, an ifindex far from where the kernel counts, and by chance from where other labs do:
/// it marks a link as ours should we die before its creation is settled.
std::uint32_t far_ifindex();

/// The namespaces of a run, by name. Thread: any; a reference lives until its name is erased.
class Spaces {
 public:
  /// Makes room for the descriptors of so many. Only a hint, for speed; to be given while there is but one thread.
  static void expect(std::size_t count);
  Space& add(const std::string& name, UniqueFd fd, std::uint64_t cookie);
  /// nullptr: not open.
  [[nodiscard]] Space* find(const std::string& name);
  Space& at(const std::string& name);
  void erase(const std::string& name);

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::unique_ptr<Space>> spaces_;
};

/// Runs body(0) ... body(count - 1) in up to `threads` threads, each of which may enter namespaces as it likes. The
/// first exception stops the others and is thrown here.
///
/// Where no more threads can be had (a limit on processes) those there are do it all; where there is none, the calling
/// one does, and is then in its own namespace again.
void parallel(std::size_t count, unsigned threads, const std::function<void(std::size_t)>& body);

/// Threads worth using for work that waits on the kernel's locks.
unsigned worker_count();

}  // namespace netrig::engine
