// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace netrig::driver {

/// What a plugin must prove before it is loaded.
enum class TrustMode : std::uint8_t {
  path,  ///< protected path: every component owned by a trusted user, writable by nobody else, no symbolic link
  any,   ///< nothing; for development, warns at every load
};

/// The host's policy: what an administrator allows. A lab file can never widen it.
struct Policy {
  std::string file;  ///< where it was read from; empty: built in
  std::vector<std::string> directories;
  TrustMode mode = TrustMode::path;
  /// Directory at which the check of path components begins; "/" unless a development policy says otherwise.
  std::string anchor = "/";
  std::chrono::nanoseconds deadline = std::chrono::seconds(10);  ///< of one driver operation
};

/// Reads a policy file. The file must be owned by root, by the user who runs netrig or by the owner of the netrig
/// binary, and be writable by nobody else. `required`: a missing file is an error; otherwise the built-in policy (path
/// mode, `default_directory`) applies. Throws Error{invalid} with file:line:column, or Error{denied} for a file that
/// others can write.
Policy load_policy(const std::string& path, bool required, const std::string& default_directory);

}  // namespace netrig::driver
