// SPDX-License-Identifier: Apache-2.0
// What checks work with: the file, what it says, and a driver to be played with.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "conformance/actor.hpp"
#include "conformance/conformance.hpp"
#include "conformance/ground.hpp"
#include "driver/elf.hpp"

namespace netrig::conformance {

/// What one check has found.
class Findings {
 public:
  /// It is not as it should be. Of many that are alike the first ten are enough.
  void add(std::string about, std::string seen) {
    constexpr std::size_t kMost = 10;
    if (list_.size() < kMost) list_.push_back({std::move(about), std::move(seen)});
  }
  void add(std::string seen) { add({}, std::move(seen)); }
  /// It cannot be told. The first reason counts.
  void skip(std::string reason) {
    if (skipped_.empty()) skipped_ = std::move(reason);
  }
  struct One {
    std::string about;
    std::string seen;
  };
  [[nodiscard]] const std::vector<One>& list() const { return list_; }
  [[nodiscard]] const std::string& skipped() const { return skipped_; }

 private:
  std::vector<One> list_;
  std::string skipped_;
};

class Bench {
 public:
  /// Throws Error{not_found}, Error{invalid}.
  Bench(const std::string& path, const Options& options);

  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  /// The check that the file fails so that nothing else can be looked at, with the reason; empty: none.
  [[nodiscard]] const std::string& refused_by() const { return refused_by_; }
  [[nodiscard]] const std::string& refusal() const { return refusal_; }
  // Only of a file that is not refused.
  [[nodiscard]] const DriverDescription& about() const { return *about_; }
  [[nodiscard]] const std::shared_ptr<const DriverDescription>& shared_about() const { return about_; }
  [[nodiscard]] const driver::Linkage& linkage() const { return linkage_; }
  [[nodiscard]] bool has(std::uint32_t function) const { return (about_->functions & function) != 0; }
  /// What a device is given: what the user said, and a guess at what else is required.
  [[nodiscard]] const Parameters& parameters() const { return parameters_; }
  /// Why there are none; empty: there are.
  [[nodiscard]] const std::string& no_parameters() const { return no_parameters_; }

  // ---- before a host that makes nothing
  /// As a lab would ask for it.
  [[nodiscard]] Scene scene(driver::Operation operation) const;
  /// Plays it, and writes down what no driver may do in any scene.
  Ending play(const Scene& scene);
  /// The same in a process of its own.
  Ending play_apart(const Scene& scene);
  /// How the operation ends when nothing goes wrong; played once.
  const Ending& plain(driver::Operation operation);
  /// How as many operations in a row end as the options say; played once, in a process of their own.
  const Ending& cycles();
  /// Whether two processes that are asked for the same do the same.
  bool is_the_same_everywhere();
  /// Whether it returns at all, so that more can be asked of it. Says so if not.
  bool returns(driver::Operation operation, Findings& findings);
  /// What has been written down of a check.
  [[nodiscard]] std::vector<std::string> misdeeds(const std::string& check) const;

  // ---- in namespaces
  /// A driver as netrig calls it, not yet called.
  std::unique_ptr<driver::Driver> driver();
  /// Runs `body` on a new ground; what it throws is a finding.
  void on_ground(Findings& findings, const std::function<void(Ground&)>& body);
  /// Whether a device can be made and removed, so that nothing is left. Says so if not.
  bool makes(Findings& findings);
  /// The worker that is serving a driver; 0: there is none.
  [[nodiscard]] static int worker();

 private:
  void note(const Ending& ending);
  /// Throws Error{interrupted} if the user wants no more.
  void go_on() const;
  void choose_parameters();

  Options options_;
  std::string path_;
  driver::SealedPlugin plugin_;
  std::string refused_by_;
  std::string refusal_;
  std::shared_ptr<const DriverDescription> about_;
  driver::Linkage linkage_;
  Parameters parameters_;
  std::string no_parameters_;
  driver::WorkerStarter starter_;
  std::optional<Scenery> scenery_;
  std::unique_ptr<Actor> actor_;
  std::map<driver::Operation, Ending> plain_;
  std::optional<Ending> cycles_;
  std::optional<bool> same_;
  std::map<std::string, std::vector<std::string>, std::less<>> misdeeds_;
  std::optional<std::string> made_;  ///< why no device can be made; empty: one can
};

/// What a check wants to be there.
enum class Needs : std::uint8_t {
  file,       ///< nothing but the bytes
  functions,  ///< code to be called
  kernel,     ///< privileges, for namespaces
};

struct Check {  // NOLINT(clang-analyzer-optin.performance.Padding): as a row is read
  const char* id;
  unsigned law;
  const char* words;
  Needs needs;
  /// nullptr: it is what the file is refused for, or what is written down while others run.
  void (*run)(Bench& bench, Findings& findings);
};

// One file a group; each adds what it looks at.
std::span<const Check> binary_checks();
std::span<const Check> table_checks();
std::span<const Check> parameter_checks();
std::span<const Check> call_checks();
std::span<const Check> fault_checks();
std::span<const Check> kernel_checks();
std::span<const Check> life_checks();
std::span<const Check> change_checks();

/// Words for an operation: "create".
const char* to_text(driver::Operation operation);
/// A value that a parameter takes; nothing: more than a guess.
std::optional<std::vector<ParameterScalar>> sample_of(const ParameterDeclaration& declaration);

}  // namespace netrig::conformance
