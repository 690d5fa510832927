// SPDX-License-Identifier: Apache-2.0
// The `[service]` tables of a lab file, read and checked: processes that a lab has while it is up, or its tests.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/error.hpp"

namespace netrig {

using std::chrono::nanoseconds;
using namespace std::chrono_literals;

/// argv; what a lab file writes as one string is { "/bin/sh", "-c", string }.
using Command = std::vector<std::string>;

/// How one knows that a service is ready.
struct Readiness {
  std::optional<std::uint16_t> tcp_port = {};  ///< something listens on it in the service's namespace
  std::optional<std::uint16_t> udp_port = {};
  std::string output = {};  ///< a line that matches this regular expression
  Command command = {};     ///< ends with 0 in the service's namespace
  friend bool operator==(const Readiness&, const Readiness&) = default;
};

/// A process in one namespace. One that the file wants in several is as many.
struct Service {
  enum class Start : std::uint8_t {
    up,    ///< by `up`; it runs until `down`
    test,  ///< by the tests that name it
  };
  std::string name = {};  ///< "web", or where the file has a pattern or a list of namespaces "web@h1"
  std::string stem = {};  ///< "web"
  std::string space = {};
  Command command;
  Start start = Start::up;
  Readiness ready = {};       ///< nothing set: ready when started
  nanoseconds timeout = 10s;  ///< to become ready
  nanoseconds stop = 5s;      ///< between SIGTERM and SIGKILL
  /// The command ends, and its children are the service.
  bool forks = false;
  std::vector<std::string> after = {};                                ///< names of services that must be ready before
  std::string user = {};                                              ///< name or number; empty: netrig's own
  std::string directory = {};                                         ///< where it begins; empty: as its start says
  std::vector<std::pair<std::string, std::string>> environment = {};  ///< beside that of netrig, sorted
  std::uint64_t log = 1U << 20U;                                      ///< Units: bytes kept of what it writes
  Position where;
  friend bool operator==(const Service&, const Service&) = default;
};

/// What a service is, as far as one that runs must be started anew when it is another: all but how one waits for it and
/// where it stands in the file. Not to be read back, for the environment may hold secrets.
std::uint64_t fingerprint_of(const Service& service);

/// A command as one shell-quoted line.
std::string shell_line(const Command& command);

}  // namespace netrig
