// SPDX-License-Identifier: Apache-2.0
// What nobody is to see of what a driver was given, and how its words are shown without.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "driver/permission.hpp"

namespace netrig::driver {

/// Bytes of a text that are looked at: more than are kept, for one cut inside a secret would tell its begin.
inline constexpr std::size_t kMostHeard = 4 * static_cast<std::size_t>(NETRIG_MESSAGE_MAX);
/// Stands for what a driver says of a device whose secrets this netrig does not know, though the driver may.
inline constexpr std::string_view kNotShown = "(not shown: a secret may be in it)";

/// What secrets can look like in a text, the longest first: one may be the begin of another.
struct LongestFirst {
  bool operator()(const std::string& a, const std::string& b) const {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  }
};
using Forms = std::set<std::string, LongestFirst>;

class Secrets;

/// A driver's words as the host may show them. Keeps no secrets itself: whoever has them must outlive it.
class Mask {
 public:
  Mask() = default;
  /// `forms`: of the device that is asked about; `whose`: of all of the driver, which its words may have, too.
  Mask(std::vector<const std::string*> forms, bool blind, const Secrets* whose = nullptr)
      : forms_(std::move(forms)), blind_(blind), whose_(whose) {}

  /// The text as one_line(), with secrets as "***". At most NETRIG_MESSAGE_MAX bytes are kept.
  [[nodiscard]] std::string clean(std::string text) const;
  /// What a driver tells of a device, but where it is what the lab file says in clear (`given`).
  void clean(State& state, const DriverDescription& about, const Parameters* given) const;
  /// The driver may know secrets that are not known here: nothing that it says is shown.
  [[nodiscard]] bool is_blind() const { return blind_; }
  /// The same, for where the words only pass on to who knows more.
  [[nodiscard]] Mask on_the_way() const { return {forms_, false, whose_}; }

 private:
  [[nodiscard]] std::string clean(std::string text, const std::vector<const std::string*>& forms) const;
  /// `text` with secrets as "***", and otherwise as it is.
  [[nodiscard]] static std::string masked(std::string text, const std::vector<const std::string*>& forms);

  std::vector<const std::string*> forms_;
  bool blind_ = false;
  const Secrets* whose_ = nullptr;
};

/// The secrets of one driver's devices. Thread: safe.
class Secrets {
 public:
  /// Has learn() called for the devices of a lab that an earlier netrig made; throws Error where that cannot be.
  using Recall = std::function<void(const std::string& lab)>;

  explicit Secrets(std::shared_ptr<const DriverDescription> about, Recall recall = {})
      : about_(std::move(about)), recall_(std::move(recall)) {}

  /// A lab's file says these of a device that is there.
  void learn(const std::string& lab, const std::string& device, const Parameters& parameters);
  /// For the words of an operation, which is about to begin. `parameters`: nullptr: it has none.
  [[nodiscard]] Mask mask(Operation operation, const std::string& lab, const std::string& device,
                          const Parameters* parameters);
  /// For words of which nobody knows whose device they are about.
  [[nodiscard]] Mask mask_of_all() const { return {all(), false}; }
  /// What the secrets of all devices can look like, the longest first.
  [[nodiscard]] std::vector<const std::string*> all() const;

 private:
  struct Of {
    std::vector<const std::string*> forms = {};  ///< in forms_; as sorted as that is
    std::vector<FileContent> files = {};         ///< with their text
    std::optional<bool> is_whole = {};           ///< whether there are no others; nothing: nobody has said any
  };
  void add(Of& of, const Parameters& parameters);

  std::shared_ptr<const DriverDescription> about_;
  Recall recall_;
  mutable std::mutex mutex_;
  Forms forms_;                                                ///< what is in it stays
  std::map<std::pair<std::string, std::string>, Of> devices_;  ///< by lab and device
};

/// Whether a driver declares anything secret.
bool has_secrets(const DriverDescription& about);
/// All that a driver may make of the secrets among these.
Forms forms_of(const Parameters& parameters, const DriverDescription& about);
/// The same as Mask::clean() with nothing but these; nullptr: there are none.
std::string clean_text(std::string text, const DriverDescription& description, const Parameters* parameters);

}  // namespace netrig::driver
