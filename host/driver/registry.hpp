// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "driver/driver.hpp"
#include "driver/policy.hpp"
#include "driver/secrets.hpp"
#include "driver/signer.hpp"
#include "driver/trace.hpp"
#include "driver/trust.hpp"
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

/// How its code runs: "worker", "none" (in netrig's own process), or, of one without any, "table".
std::string isolation_of(const Found& found, const DriverRules& rules);

/// Turns a driver's name into something callable: the one place that does. Thread: safe.
class Registry {
  struct Verified;
  struct Known {
    std::shared_ptr<const DriverDescription> about;
    std::shared_ptr<Secrets> secrets;
    std::unique_ptr<Driver> driver;
  };

 public:
  /// `trace`: what drivers are asked and answer is written there; nullptr: nowhere.
  explicit Registry(Policy policy, std::shared_ptr<Trace> trace = nullptr);
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  /// Verifies its file on first use; no code of it runs before it is called for. Throws Error{driver}: not found (with
  /// a suggestion) or refused (with the reason).
  Driver& open(std::string_view kind);
  /// What one driver's table says; nullptr if no directory has it. Throws Error{driver} if it is refused.
  std::shared_ptr<const DriverDescription> find(std::string_view kind);
  /// Names of all plugin files in the policy's directories, sorted.
  [[nodiscard]] std::vector<std::string> kinds() const;
  /// Every plugin file with its decision, without running any of its code.
  [[nodiscard]] std::vector<Found> survey();
  [[nodiscard]] const Policy& policy() const { return policy_; }
  /// How to read what the devices of a lab were made by, for their secrets, which drivers may still know: asked once
  /// for each lab, and only where it may be needed. It throws Error where that cannot be told.
  void recall_labs_by(std::function<std::vector<Lab>(const std::string& lab)> read) { labs_of_ = std::move(read); }

 private:
  /// `found` is filled in as far as things go, also when this throws.
  Verified verify(const std::string& directory, const std::string& kind, Found& found);
  Known& know(std::string_view kind);
  /// The functions of a driver. What the policy says of where they run holds.
  std::unique_ptr<Driver> load(SealedPlugin plugin, std::shared_ptr<const DriverDescription> about,
                               std::shared_ptr<Secrets> secrets);
  void recall(const std::string& lab);

  Policy policy_;
  std::shared_ptr<Trace> trace_;
  std::optional<WorkerStarter> starter_;  ///< from the first worker on; outlives all of them
  std::function<std::vector<Lab>(const std::string&)> labs_of_;
  std::mutex recalling_;
  std::set<std::string> recalled_;
  std::mutex mutex_;
  std::map<std::string, Verified, std::less<>> verified_;  ///< by survey(), for the open() that follows
  std::map<std::string, Known, std::less<>> drivers_;
};

}  // namespace netrig::driver
