// SPDX-License-Identifier: Apache-2.0
#include "kernel/socket.hpp"

#include <fmt/format.h>
#include <netlink/attr.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "model/error_number.hpp"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

namespace netrig::kernel {
namespace {

// One send stays below the kernel's default send buffer, and the refusals of one send below its receive buffer.
constexpr std::size_t kChunkBytes = 32 * 1024;
constexpr std::size_t kChunkMessages = 128;
constexpr int kReceiveBuffer = 1 << 20;
// The kernel answers before sendto(2) returns, so what is not there by then will not come. Only a machine that is very
// slow in other ways uses up some of this.
constexpr auto kLongestAnswer = std::chrono::seconds(30);

[[noreturn]] void fail(const char* what) {
  const int error = errno;
  throw Error(refusal_code(error), fmt::format("{}: {}", what, errno_text(error)));
}

void await_answer(int fd, const Patience& patience) {
  switch (wait_for(fd, POLLIN, patience)) {
    case Waited::ready:
      return;
    case Waited::late:
      throw Error(ErrorCode::failed, "the kernel does not answer a netlink request in time");
    case Waited::gave_up:
      throw Error(ErrorCode::interrupted, "interrupted while waiting for the kernel");
    case Waited::failed:
      fail("cannot wait for the kernel");
  }
}

/// Adds what the kernel says beyond an errno.
void read_extended(const nlmsghdr* header, Refusal& refusal) {
  if ((header->nlmsg_flags & NLM_F_ACK_TLVS) == 0) return;
  // With NETLINK_CAP_ACK the request's payload is not repeated: attributes follow struct nlmsgerr.
  const auto* error = static_cast<const nlmsgerr*>(NLMSG_DATA(header));
  std::size_t offset = sizeof(nlmsghdr) + sizeof(nlmsgerr);
  if ((header->nlmsg_flags & NLM_F_CAPPED) == 0) offset += error->msg.nlmsg_len - sizeof(nlmsghdr);
  if (offset >= header->nlmsg_len) return;
  const auto* first = reinterpret_cast<const nlattr*>(reinterpret_cast<const char*>(header) + offset);
  const int size = static_cast<int>(header->nlmsg_len - offset);
  const nlattr* at = nla_find(first, size, NLMSGERR_ATTR_OFFS);
  if (at != nullptr && nla_len(at) >= static_cast<int>(sizeof(std::uint32_t))) refusal.offset = nla_get_u32(at);
  const nlattr* text = nla_find(first, size, NLMSGERR_ATTR_MSG);
  if (text == nullptr) return;
  const auto* from = static_cast<const char*>(nla_data(text));
  refusal.text.assign(from, strnlen(from, static_cast<std::size_t>(nla_len(text))));
}

}  // namespace

std::string Refusal::str() const {
  return text.empty() ? errno_text(error) : fmt::format("{}: {}", errno_text(error), text);
}

Socket::Socket(int protocol) : fd_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol)) {
  if (!fd_) fail("cannot open a netlink socket");
  const int on = 1;
  // Both are hints: without them messages are longer or say less.
  ::setsockopt(fd_.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  ::setsockopt(fd_.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  ::setsockopt(fd_.get(), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
}

std::uint64_t Socket::namespace_cookie() const {
  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  if (::getsockopt(fd_.get(), SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) == 0) return cookie;
  if (errno != ENOPROTOOPT) fail("cannot identify a network namespace");
  throw Error(
      ErrorCode::unsupported,
      fmt::format("this kernel cannot identify network namespaces: SO_NETNS_COOKIE, {}; use Linux 5.14 or later",
                  errno_text(errno)));
}

void Socket::send(std::span<const std::byte> bytes) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  while (::sendto(fd_.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel) <
         0)
    if (errno != EINTR) fail("cannot send to the kernel");
}

Socket::Numbers Socket::number(Batch& batch) {
  if (in_exchange_) throw Error(ErrorCode::internal, "a netlink socket is used on after an exchange that failed");
  if (const auto& overflow = batch.overflow())
    throw Error(ErrorCode::failed,
                fmt::format("part of a netlink request (type {}) has {} bytes; the kernel takes at most 65535",
                            overflow->type, overflow->bytes));
  const auto count = static_cast<std::uint32_t>(batch.count());
  const Numbers numbers{.first = next_number_, .last = next_number_ + count - 1};
  batch.number_from(numbers.first);
  next_number_ += count;
  return numbers;
}

void Socket::receive(const Numbers& numbers, std::vector<Refusal>& refusals, const Receive* each,
                     const Patience& patience) {
  alignas(nlmsghdr) static thread_local std::array<char, 64 * 1024> buffer;
  const Patience bounded{.deadline = std::min(patience.deadline, std::chrono::steady_clock::now() + kLongestAnswer),
                         .gave_up = patience.gave_up};
  for (;;) {
    const ssize_t size = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) {
      await_answer(fd_.get(), bounded);
      continue;
    }
    if (size < 0) fail("cannot receive from the kernel");
    auto left = static_cast<unsigned>(size);
    for (auto* header = reinterpret_cast<nlmsghdr*>(buffer.data()); NLMSG_OK(header, left);
         header = NLMSG_NEXT(header, left)) {
      const std::uint32_t index = header->nlmsg_seq - numbers.first;
      if (index > numbers.last - numbers.first) continue;  // no answer to this batch
      if (header->nlmsg_type == NLMSG_ERROR || header->nlmsg_type == NLMSG_DONE) {
        int code = 0;
        if (header->nlmsg_len >= NLMSG_LENGTH(sizeof code)) std::memcpy(&code, NLMSG_DATA(header), sizeof code);
        if (code != 0) {
          Refusal& refusal = refusals.emplace_back(Refusal{.index = index, .error = -code, .text = {}});
          if (header->nlmsg_type == NLMSG_ERROR) read_extended(header, refusal);
        }
        if (header->nlmsg_seq == numbers.last) return;
      } else if (each != nullptr) {
        (*each)(header->nlmsg_type,
                {static_cast<const std::byte*>(NLMSG_DATA(header)), header->nlmsg_len - NLMSG_HDRLEN});
      }
    }
  }
}

std::vector<Refusal> Socket::run(Batch& batch, OnRefusal on_refusal, const Patience& patience) {
  std::vector<Refusal> refusals;
  if (batch.empty()) return refusals;
  const Numbers all = number(batch);
  in_exchange_ = true;
  for (std::size_t first = 0; first < batch.count() && (refusals.empty() || on_refusal == OnRefusal::go_on);) {
    std::size_t last = first + 1;
    while (last < batch.count() && last - first < kChunkMessages &&
           batch.messages(first, last + 1).size() <= kChunkBytes)
      ++last;
    const nlmsghdr header = batch.header(last - 1);
    batch.set_flags(last - 1, header.nlmsg_flags | NLM_F_ACK);
    send(batch.messages(first, last));
    receive({.first = all.first, .last = header.nlmsg_seq}, refusals, nullptr, patience);
    first = last;
  }
  in_exchange_ = false;
  return refusals;
}

std::optional<Refusal> Socket::ask(Batch& batch, const Receive& each, const Patience& patience) {
  std::vector<Refusal> refusals;
  const Numbers numbers = number(batch);
  const nlmsghdr header = batch.header(batch.count() - 1);
  // The bits that make a get request a dump mean NLM_F_EXCL and NLM_F_REPLACE elsewhere, so flags alone do not say how
  // an exchange ends. Asked for an acknowledgement, the kernel sends it for whatever it does not take for a dump, and
  // for a dump that it refuses; one that it begins ends with NLMSG_DONE.
  batch.set_flags(batch.count() - 1, header.nlmsg_flags | NLM_F_ACK);
  if ((header.nlmsg_flags & NLM_F_DUMP) != 0 && !has_room_) {
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof kReceiveBuffer);
    has_room_ = true;
  }
  in_exchange_ = true;
  send(batch.messages(0, batch.count()));
  receive(numbers, refusals, &each, patience);
  in_exchange_ = false;
  if (refusals.empty()) return std::nullopt;
  return refusals.front();
}

}  // namespace netrig::kernel
