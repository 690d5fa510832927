// SPDX-License-Identifier: Apache-2.0
// Path-restricted trust: who could have written this file?
#pragma once
#include <sys/stat.h>

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "driver/policy.hpp"
#include "model/unique_fd.hpp"

namespace netrig::driver {

/// Plugin bytes, read once and sealed: what is checked is what is loaded.
struct SealedPlugin {
  std::string kind;
  std::string path;    ///< where it came from, for messages
  std::string digest;  ///< SHA-256 in hex
  UniqueFd memory;     ///< sealed memfd
  std::size_t size = 0;
  std::optional<std::string> signature = {};  ///< text of KIND.so.minisig beside it
};

/// A read-only view of sealed bytes.
class SealedView {
 public:
  explicit SealedView(const SealedPlugin& plugin);
  ~SealedView();
  SealedView(const SealedView&) = delete;
  SealedView& operator=(const SealedView&) = delete;
  [[nodiscard]] std::span<const unsigned char> bytes() const {
    return {static_cast<const unsigned char*>(data_), size_};
  }

 private:
  void* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Names of plugin files (KIND.so) in one directory, sorted; others are skipped. Throws Error{driver} if the directory
/// may not be used.
std::vector<std::string> list_plugins(const Policy& policy, const std::string& directory);

/// Opens KIND.so, and its signature if there is one, in a directory under the policy's rules and seals its bytes.
/// Throws Error{driver} with the reason and what to do. Throws Error{not_found} if the directory has no such file.
SealedPlugin open_plugin(const Policy& policy, const std::string& directory, const std::string& kind);

/// The same of a file anywhere, for `drivers sign` and `drivers check`, which load nothing. Throws Error{not_found}.
SealedPlugin open_plugin_file(const std::string& path);

/// Why a text cannot be a driver's name; empty: it can.
std::string kind_fault(std::string_view kind);

/// How to mend the owner or mode of a file, or of a directory on the way to it, after ": " or "; ". Where other
/// programs may rely on how a directory is, the advice is another place, never to change it.
std::string protection_advice(const std::string& path, const struct stat& status);

/// Whether an owner may be trusted: root, who runs netrig, who owns the netrig binary.
bool is_trusted_owner(unsigned uid);

}  // namespace netrig::driver
