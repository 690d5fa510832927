// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "driver/driver.hpp"
#include "driver/policy.hpp"

namespace netrig::driver {

/// What `netrig drivers list` shows of one file, loadable or not.
struct Found {
  std::string kind;
  std::string path;
  std::string digest;             ///< SHA-256, hex; empty if it could not be read
  std::string refusal;            ///< empty: it may be loaded
  DriverDescription description;  ///< as far as known
};

/// Turns a driver's name into something callable: the one place that does. Thread: safe.
class Registry {
  struct Verified;

 public:
  explicit Registry(Policy policy);
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  /// Loads on first use. Throws Error{driver}: not found (with a suggestion) or refused (with the reason).
  Driver& open(std::string_view kind);
  /// Description of one driver; nullptr if no directory has it. Throws Error{driver} if it is refused.
  const DriverDescription* find(std::string_view kind);
  /// Names of all plugin files in the policy's directories, sorted.
  [[nodiscard]] std::vector<std::string> kinds() const;
  /// Every plugin file with its decision, without running any of its code.
  [[nodiscard]] std::vector<Found> survey();
  [[nodiscard]] const Policy& policy() const { return policy_; }

 private:
  /// `digest` is set as soon as it is known, also when this throws.
  Verified verify(const std::string& directory, const std::string& kind, std::string& digest);

  Policy policy_;
  std::mutex mutex_;
  std::map<std::string, Verified, std::less<>> verified_;  ///< by survey(), for the open() that follows
  std::map<std::string, std::unique_ptr<Driver>, std::less<>> drivers_;
};

}  // namespace netrig::driver
