// SPDX-License-Identifier: Apache-2.0
#include "kernel/link_notices.hpp"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>

#include "model/error.hpp"
#include "model/error_number.hpp"

namespace netrig::kernel {

LinkNotices::LinkNotices() : socket_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE)) {
  sockaddr_nl own{};
  own.nl_family = AF_NETLINK;
  own.nl_groups = RTMGRP_LINK;
  if (!socket_ || ::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0)
    throw Error(ErrorCode::failed, "cannot hear of changes of interfaces: " + errno_text(errno));
}

void LinkNotices::clear() const {
  // A byte of each is enough; that some did not fit (ENOBUFS) is told once, and as good.
  for (char byte = 0; ::recv(socket_.get(), &byte, 1, 0) >= 0 || errno == ENOBUFS || errno == EINTR;) continue;
}

}  // namespace netrig::kernel
