// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace netrig::driver {

/// What a plugin must prove before it is loaded.
enum class TrustMode : std::uint8_t {
  path,             ///< protected path: every component owned by a trusted user, writable by nobody else, no links
  signature,        ///< signed by a trusted key
  signed_and_path,  ///< both
  any,              ///< nothing; for development, warns at every load
};
const char* to_text(TrustMode mode);
[[nodiscard]] constexpr bool needs_path(TrustMode mode) {
  return mode == TrustMode::path || mode == TrustMode::signed_and_path;
}
[[nodiscard]] constexpr bool needs_signature(TrustMode mode) {
  return mode == TrustMode::signature || mode == TrustMode::signed_and_path;
}

enum class Isolation : std::uint8_t {
  worker,  ///< in a process of its own, fenced in
  none,    ///< in netrig's own process, with all its powers
};

/// "1.12.3": numbers between dots, compared as such; missing ones count as 0.
struct Version {
  std::vector<std::uint32_t> numbers;
  static std::optional<Version> parse(std::string_view text);
  friend std::strong_ordering operator<=>(const Version& a, const Version& b);
  friend bool operator==(const Version& a, const Version& b) { return std::is_eq(a <=> b); }
};

/// How one driver is to run.
struct DriverRules {
  Isolation isolation = Isolation::worker;
  std::uint32_t granted = 0;  ///< NETRIG_WANTS_* it gets if its table asks for them
  /// What of NETRIG_WANTS_GENL and NETRIG_WANTS_SYSFS: "genl:wireguard", "sysfs:gro_*". Nothing: only the host knows,
  /// and the worker asks it.
  std::optional<std::vector<std::string>> named = std::vector<std::string>{};
  std::chrono::nanoseconds deadline = std::chrono::seconds(10);  ///< of one operation
  std::uint64_t memory = 512ULL << 20;                           ///< address space of its worker; Units: bytes
  std::uint64_t descriptors = 64;                                ///< open at once in its worker
  std::string version;                                           ///< the only one allowed; empty: any
  std::string minimum_version;                                   ///< empty: any
  std::string sha256;                                            ///< the only file allowed; empty: any
};

/// When commands of lab files run: services, `exec` checks, and what surrounds tests.
enum class LabCommands : std::uint8_t {
  never,
  test,  ///< while a lab is tested
  always,
};
const char* to_text(LabCommands commands);

/// The host's policy: what an administrator allows. A lab file can never widen it.
struct Policy {
  std::string file;        ///< where it was read from; empty: built in
  std::string looked_for;  ///< where it was looked for
  std::vector<std::string> directories;
  TrustMode mode = TrustMode::path;
  /// Directory at which the check of path components begins; "/" unless a development policy says otherwise.
  std::string anchor = "/";
  bool require_protected_labs = false;  ///< lab files must be signed, or be such as nobody but root can have written
  LabCommands lab_commands = LabCommands::always;
  std::string key_directory;                 ///< *.pub in minisign's format; empty: no keys
  std::vector<std::string> revoked_keys;     ///< ids, 16 hex digits in capitals
  std::vector<std::string> revoked_digests;  ///< SHA-256 of plugins, hex in lower case
  std::string audit_log;                     ///< JSON lines of every load and refusal; empty: none
  DriverRules rules;                         ///< of drivers without their own
  std::map<std::string, DriverRules, std::less<>> drivers;

  [[nodiscard]] const DriverRules& rules_of(std::string_view kind) const;
  /// For people: the file that was read, or that there is none and where it would be.
  [[nodiscard]] std::string origin() const;
};

/// Where a build of netrig finds its policy, and what holds if the file does not say.
struct PolicySource {
  std::string file;
  bool required = false;  ///< a missing file is an error; otherwise the built-in policy applies
  /// The build tree's own: directories above the file are not checked.
  bool development = false;
  std::string driver_directory;
  std::string key_directory;
  std::string audit_log;
};

/// Reads a policy file. The file must be owned by root, by the user who runs netrig or by the owner of the netrig
/// binary, and be writable by nobody else, and so must every directory above it. Throws Error{invalid} with
/// file:line:column, or Error{denied} for a file that others can write.
Policy load_policy(const PolicySource& source);

/// Names of the privileges in a set of NETRIG_WANTS_*: "CAP_NET_ADMIN"...
std::vector<std::string> privilege_names(std::uint32_t wants);

}  // namespace netrig::driver
