// SPDX-License-Identifier: Apache-2.0
#include "check/sender.hpp"

#include <fmt/format.h>

#include <cerrno>

#include "check/socket_address.hpp"
#include "model/error.hpp"
#include "model/error_number.hpp"

namespace netrig::check {

void apply_sender(int socket, Family family, const Sender& sender, const std::string& space) {
  if (sender.dev) {
    const std::string& name = sender.dev->str();
    if (::setsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, name.c_str(), static_cast<socklen_t>(name.size() + 1)) != 0)
      throw Error(errno == ENODEV ? ErrorCode::not_found : ErrorCode::failed,
                  errno == ENODEV ? fmt::format("{} has no interface {} to send by", space, name)
                                  : fmt::format("cannot send by {} in {}: {}", name, space, errno_text(errno)));
  }
  if (sender.source) send_from(socket, *sender.source, 0, space);
  if (sender.tos) {
    const int tos = *sender.tos;
    const bool v4 = family == Family::ipv4;
    if (::setsockopt(socket, v4 ? IPPROTO_IP : static_cast<int>(IPPROTO_IPV6), v4 ? IP_TOS : IPV6_TCLASS, &tos,
                     sizeof tos) != 0)
      throw Error(ErrorCode::failed, fmt::format("cannot set tos {:#x} in {}: {}", tos, space, errno_text(errno)));
  }
}

bool send_from(int socket, const IpAddress& source, std::uint16_t port, const std::string& space) {
  const SocketAddress from(source, port);
  if (::bind(socket, from.get(), from.size) == 0) return true;
  if (errno == EADDRINUSE && port != 0) return false;
  throw Error(errno == EADDRNOTAVAIL ? ErrorCode::not_found : ErrorCode::failed,
              errno == EADDRNOTAVAIL
                  ? fmt::format("{} has no address {} to send from", space, source.str())
                  : fmt::format("cannot send from {} in {}: {}", source.str(), space, errno_text(errno)));
}

void enlarge_buffer(int socket) {
  const int size = kDatagramBuffer;
  // Without the privilege it has as much as the machine allows everybody.
  if (::setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
    ::setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

std::string ping_options(const Sender& sender) {
  std::string text;
  if (sender.dev) text += " -I " + sender.dev->str();
  if (sender.source) text += " -I " + sender.source->str();
  if (sender.tos) text += fmt::format(" -Q {:#x}", *sender.tos);
  return text;
}

std::string netcat_options(const Sender& sender) {
  std::string text;
  if (sender.source) text += " -s " + sender.source->str();
  if (sender.tos) text += fmt::format(" -T {:#x}", *sender.tos);
  return text;
}

}  // namespace netrig::check
