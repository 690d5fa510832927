// SPDX-License-Identifier: Apache-2.0
// As much of route netlink as bench/floor needs: requests in a buffer, one socket, and what a veth looks like.
#pragma once

#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace bench {

[[noreturn]] inline void fail(const std::string& what, int error = errno) {
  std::fprintf(stderr, "floor: %s: %s\n", what.c_str(), std::strerror(error));
  std::exit(1);
}

class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

/// Several requests for one send, each acknowledged.
class Requests {
 public:
  template <typename Header>
  Requests& begin(std::uint16_t type, std::uint16_t flags, const Header& header) {
    finish();
    start_ = bytes_.size();
    nlmsghdr head{};
    head.nlmsg_type = type;
    head.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    head.nlmsg_seq = static_cast<std::uint32_t>(++count_);
    append(&head, sizeof head);
    append(&header, sizeof header);
    return *this;
  }
  void append(const void* data, std::size_t size) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + NLMSG_ALIGN(size));
    if (size != 0) std::memcpy(&bytes_[at], data, size);
  }
  Requests& put(std::uint16_t type, const void* data, std::size_t size) {
    const rtattr head{static_cast<std::uint16_t>(RTA_LENGTH(size)), type};
    append(&head, sizeof head);
    append(data, size);
    return *this;
  }
  Requests& put(std::uint16_t type, std::uint32_t value) { return put(type, &value, sizeof value); }
  Requests& put(std::uint16_t type, const std::string& text) { return put(type, text.c_str(), text.size() + 1); }
  std::size_t open(std::uint16_t type) {
    const std::size_t at = bytes_.size();
    put(type, nullptr, 0);
    return at;
  }
  void close(std::size_t at) {
    const auto size = static_cast<std::uint16_t>(bytes_.size() - at);
    std::memcpy(&bytes_[at], &size, sizeof size);
  }
  const std::vector<char>& finish() {
    const auto size = static_cast<std::uint32_t>(bytes_.size() - start_);
    if (size != 0) std::memcpy(&bytes_[start_], &size, sizeof size);
    return bytes_;
  }
  int count() const { return count_; }

 private:
  std::vector<char> bytes_;
  std::size_t start_ = 0;
  int count_ = 0;
};

/// Reads one datagram and hands on its messages.
template <typename Each>
void receive(int fd, Each each) {
  alignas(nlmsghdr) static char buffer[65536];
  const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
  if (got < 0) fail("recv");
  auto left = static_cast<unsigned>(got);
  for (auto* head = reinterpret_cast<nlmsghdr*>(buffer); NLMSG_OK(head, left); head = NLMSG_NEXT(head, left))
    each(head);
}

/// A route netlink socket of the namespace that the thread is in when it is made.
class Socket {
 public:
  explicit Socket(std::uint32_t groups = 0) : fd_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)) {
    if (fd_.get() < 0) fail("socket");
    const int on = 1;
    ::setsockopt(fd_.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
    if (groups == 0) return;
    const int space = 16 << 20;
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &space, sizeof space);
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = groups;
    if (::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("bind");
  }
  int fd() const { return fd_.get(); }

  void ask(Requests&& requests, const std::string& what) const {
    const std::vector<char>& bytes = requests.finish();
    if (::send(fd_.get(), bytes.data(), bytes.size(), 0) < 0) fail(what);
    for (int missing = requests.count(); missing > 0;)
      receive(fd_.get(), [&](const nlmsghdr* head) {
        if (head->nlmsg_type != NLMSG_ERROR) return;
        if (const int error = static_cast<const nlmsgerr*>(NLMSG_DATA(head))->error; error != 0) fail(what, -error);
        --missing;
      });
  }

 private:
  Fd fd_;
};

inline std::string path_of(const std::string& name) { return "/run/netns/" + name; }

inline Fd open_space(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) fail(path);
  return fd;
}

inline ifinfomsg link_header(int index, bool up = false) {
  ifinfomsg header{};
  header.ifi_index = index;
  if (up) header.ifi_flags = header.ifi_change = IFF_UP;
  return header;
}

inline void put_veth(Requests& requests, int index, const std::string& name, int peer_index, const std::string& peer,
                     int peer_space) {
  requests.begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, link_header(index)).put(IFLA_IFNAME, name);
  const auto info = requests.open(IFLA_LINKINFO);
  requests.put(IFLA_INFO_KIND, std::string("veth"));
  const auto data = requests.open(IFLA_INFO_DATA);
  const auto other = requests.open(VETH_INFO_PEER);
  const ifinfomsg header = link_header(peer_index);
  requests.append(&header, sizeof header);
  requests.put(IFLA_IFNAME, peer).put(IFLA_NET_NS_FD, static_cast<std::uint32_t>(peer_space));
  requests.close(other);
  requests.close(data);
  requests.close(info);
}

}  // namespace bench
