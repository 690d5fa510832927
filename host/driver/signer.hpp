// SPDX-License-Identifier: Apache-2.0
// Who signed a plugin, and whether that counts.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "driver/elf.hpp"
#include "driver/minisign.hpp"
#include "driver/policy.hpp"

namespace netrig::driver {

/// A key of the policy's key directory.
struct TrustedKey {
  minisign::PublicKey key = {};
  std::string file;
  std::int64_t changed = 0;  ///< of the file; Units: seconds since 1970
  bool revoked = false;
};

/// Reads KEYS/*.pub. Each file, and all above it, must be such as nobody but root can have written. Throws
/// Error{denied} for one that is not, Error{invalid} for one that is no key.
std::vector<TrustedKey> read_trusted_keys(const Policy& policy);

/// What a valid signature says.
struct Signer {
  std::string key;      ///< id
  std::string comment;  ///< of the key, untrusted
  std::string trusted_comment;
};

/// Checks a signature over a plugin: a trusted key that is not revoked, these bytes, and a trusted comment that names
/// driver, version and ABI of the table. Throws Error{driver} with the reason.
Signer check_signature(const Policy& policy, const std::string& signature_text, std::span<const unsigned char> plugin,
                       const DriverDescription& about);
/// The same over any other file, whose comment need not say anything.
Signer check_signature(const Policy& policy, const std::string& signature_text, std::span<const unsigned char> file);

/// The trusted comment that binds a plugin: "netrig driver=veth version=1.0.0 abi=0.9".
std::string binding_comment(const DriverDescription& about);
/// Why a trusted comment does not bind this plugin; empty: it does.
std::string binding_fault(const std::string& trusted_comment, const DriverDescription& about);

}  // namespace netrig::driver
