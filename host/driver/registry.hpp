// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "driver/driver.hpp"
#include "driver/policy.hpp"
#include "driver/signer.hpp"
#include "driver/worker_process.hpp"

namespace netrig::driver {

/// What `netrig drivers list` shows of one file, loadable or not.
struct Found {
  std::string kind;
  std::string path;
  std::string digest;             ///< SHA-256, hex; empty if it could not be read
  std::string refusal;            ///< empty: it may be loaded
  DriverDescription description;  ///< as far as known
  std::optional<Signer> signer;   ///< of a signature that holds, also where none is needed
  std::string signature_fault;    ///< of one that does not hold, or is missing
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
  /// `found` is filled in as far as things go, also when this throws.
  Verified verify(const std::string& directory, const std::string& kind, Found& found);
  std::unique_ptr<Driver> load(Verified verified);

  Policy policy_;
  std::optional<WorkerStarter> starter_;  ///< from the first worker on; outlives all of them
  std::mutex mutex_;
  std::map<std::string, Verified, std::less<>> verified_;  ///< by survey(), for the open() that follows
  std::map<std::string, std::unique_ptr<Driver>, std::less<>> drivers_;
};

}  // namespace netrig::driver
