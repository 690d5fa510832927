// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "model/test.hpp"

namespace netrig::check {

/// Makes a socket send as a check says: bound to its device and its source, with its type of service. `space`: of the
/// socket, for messages. Throws Error{not_found} if the namespace has no such interface or address.
void apply_sender(int socket, Family family, const Sender& sender, const std::string& space);
/// Binds a socket. False: the port, which is none of 0, is taken. Throws Error{not_found} if the namespace has no such
/// address.
bool send_from(int socket, const IpAddress& source, std::uint16_t port, const std::string& space);

/// Of a socket that gets many datagrams at once, in bytes.
constexpr int kDatagramBuffer = 4 << 20;
/// Gives it that much room: a full buffer would look like loss in the lab.
void enlarge_buffer(int socket);

/// " -I eth0 -Q 0x10": what ping(8) wants for the same.
std::string ping_options(const Sender& sender);
/// " -s 192.0.2.1 -T 0x10": nc(1), which knows no devices.
std::string netcat_options(const Sender& sender);

}  // namespace netrig::check
