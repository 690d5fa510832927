// SPDX-License-Identifier: Apache-2.0
// Who loaded what, and what was refused: one JSON object a line, appended to the file that the policy names.
#pragma once
#include <string>
#include <vector>

namespace netrig::driver {

struct AuditEntry {
  bool loaded = false;
  std::string driver;
  std::string path;
  std::string sha256 = {};                   ///< empty: unread
  std::string version = {};                  ///< empty: unknown
  std::string signer = {};                   ///< key id; empty: none was needed
  std::string mode;                          ///< of the policy
  std::string isolation;                     ///< "worker", "none", "table"
  std::vector<std::string> privileges = {};  ///< granted
  std::string reason = {};                   ///< of a refusal
};

/// Appends one line, mode 0600. A log that cannot be written is warned of, once, and stops nothing: the way down from a
/// full disk must stay open. Without privileges nothing is written.
void write_audit(const std::string& log, const AuditEntry& entry);

}  // namespace netrig::driver
