// SPDX-License-Identifier: Apache-2.0
#include "driver/channel.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace netrig::driver {
namespace {

constexpr std::size_t kMostDescriptors = 253;  // SCM_MAX_FD, net/scm.h
/// What an error on a socket pair says: the other end is gone, or the kernel cannot do it.
bool is_end(int error) { return error == EPIPE || error == ECONNRESET || error == ENOTCONN || error == EBADF; }

}  // namespace

Message::How Channel::failed(int error) {
  error_ = error;
  return is_end(error) ? Message::How::closed : Message::How::failed;
}

Message::How Channel::wait(short events, const Patience& patience) {
  switch (wait_for(socket_.get(), events, patience)) {
    case Waited::ready:
      return Message::How::arrived;
    case Waited::late:
      return Message::How::late;
    case Waited::gave_up:
      return Message::How::gave_up;
    case Waited::failed:
      break;
  }
  return failed(errno);
}

Message::How Channel::send(MessageType type, std::span<const std::byte> bytes, std::span<const int> descriptors,
                           const Patience& patience) {
  if (bytes.size() > kLargestMessage || descriptors.size() > kMostDescriptors) return Message::How::too_large;
  MessageHeader header{.size = static_cast<std::uint32_t>(bytes.size()),
                       .type = type,
                       .descriptors = static_cast<std::uint16_t>(descriptors.size())};
  std::array<iovec, 2> parts = {iovec{.iov_base = &header, .iov_len = sizeof header},
                                iovec{.iov_base = const_cast<std::byte*>(bytes.data()), .iov_len = bytes.size()}};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMostDescriptors)> control{};
  msghdr message{};
  if (!descriptors.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(rights), descriptors.data(), descriptors.size_bytes());
  }
  std::size_t sent = 0;
  int tries = 0;
  const std::size_t total = sizeof header + bytes.size();
  while (sent < total) {
    const bool in_header = sent < sizeof header;
    iovec* first = &parts[in_header ? 0 : 1];
    first->iov_base = in_header ? reinterpret_cast<std::byte*>(&header) + sent
                                : const_cast<std::byte*>(bytes.data()) + (sent - sizeof header);
    first->iov_len = in_header ? sizeof header - sent : total - sent;
    message.msg_iov = first;
    message.msg_iovlen = in_header ? 2 : 1;
    const ssize_t done = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (done < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) {
        if (const auto how = wait(POLLOUT, patience); how != Message::How::arrived) return how;
      } else if (!passes_by_itself(errno, tries)) {
        return failed(errno);
      }
      continue;
    }
    sent += static_cast<std::size_t>(done);
    message.msg_control = nullptr;  // they went with the first byte
    message.msg_controllen = 0;
  }
  return Message::How::arrived;
}

Message::How Channel::fill() {
  std::array<std::byte, 65536> chunk;  // NOLINT(cppcoreguidelines-pro-type-member-init): 64 KiB, filled by the kernel
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMostDescriptors)> control;
  iovec part{.iov_base = chunk.data(), .iov_len = chunk.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (takes_) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
  }
  ssize_t size = 0;
  int tries = 0;
  do size = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
  while (size < 0 && (errno == EINTR || passes_by_itself(errno, tries)));
  if (size < 0) return failed(errno);
  if (size == 0) return Message::How::closed;
  for (cmsghdr* one = takes_ ? CMSG_FIRSTHDR(&message) : nullptr; one != nullptr; one = CMSG_NXTHDR(&message, one)) {
    if (one->cmsg_level != SOL_SOCKET || one->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (one->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(one) + i * sizeof fd, sizeof fd);
      descriptors_.emplace_back(fd);
    }
  }
  buffer_.insert(buffer_.end(), chunk.begin(), chunk.begin() + size);
  return Message::How::arrived;
}

bool Channel::has_more() const {
  std::byte one{};
  return !buffer_.empty() || ::recv(socket_.get(), &one, sizeof one, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

Message Channel::receive(const Patience& patience) {
  Message message;
  for (;;) {
    if (buffer_.size() >= sizeof(MessageHeader)) {
      MessageHeader header;
      std::memcpy(&header, buffer_.data(), sizeof header);
      if (header.size > kLargestMessage) {
        message.how = Message::How::too_large;
        message.promised = header.size;
        return message;
      }
      const std::size_t whole = sizeof header + header.size;
      if (buffer_.size() >= whole) {
        message.type = header.type;
        message.bytes.assign(buffer_.begin() + sizeof header, buffer_.begin() + static_cast<std::ptrdiff_t>(whole));
        buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(whole));
        const std::size_t count = std::min<std::size_t>(header.descriptors, descriptors_.size());
        std::move(descriptors_.begin(), descriptors_.begin() + static_cast<std::ptrdiff_t>(count),
                  std::back_inserter(message.descriptors));
        descriptors_.erase(descriptors_.begin(), descriptors_.begin() + static_cast<std::ptrdiff_t>(count));
        return message;
      }
    }
    message.how = wait(POLLIN, patience);
    if (message.how == Message::How::arrived) message.how = fill();
    if (message.how != Message::How::arrived) return message;
  }
}

}  // namespace netrig::driver
