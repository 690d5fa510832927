// SPDX-License-Identifier: Apache-2.0
// The play of one scene, and the tables that a driver gets of a host that makes nothing.
#pragma once
#include <fmt/format.h>
#include <netrig/services.h>
#include <unistd.h>

#include <array>
#include <initializer_list>
#include <map>
#include <string>
#include <vector>

#include "conformance/rehearse.hpp"

namespace netrig::conformance {

inline constexpr std::uint32_t kFirstIfindex = 100;
inline constexpr std::size_t kMostOrders = 1 << 16;  // bytes of their text

/// A struct of the host's as a later version may have it: longer, and its size says so.
template <typename Struct>
struct Longer {
  Struct known;
  std::array<const void*, 8> later{};
};
/// The play of one scene: what `netrig_call *` points to.
class Stage {
 public:
  Stage(const netrig_functions& functions, const DriverDescription& about, const Scene& scene);
  ~Stage() { current = nullptr; }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  Account play();

  static Stage* current;

  void misdeed(const char* check, const std::string& text) {
    for (const Misdeed& one : account.misdeeds)
      if (one.check == check) return;
    account.misdeeds.push_back({check, text});
  }
  /// The play that a call belongs to, which is the one there is.
  static Stage& of(const netrig_call* call, const char* function) {
    Stage& stage = *current;
    if (call != reinterpret_cast<const netrig_call*>(&stage))
      stage.misdeed("calls.call", fmt::format("{} is called with another call than the one that runs", function));
    if (::gettid() != stage.thread_)
      stage.misdeed("calls.thread", fmt::format("{} is called from another thread than the operation's", function));
    return stage;
  }
  /// A call that may fail: what it is to answer.
  netrig_status next() {
    failed_ = ++account.calls == scene.fails_at;
    any_failed_ = any_failed_ || failed_;
    return failed_ ? scene.fails_with : NETRIG_OK;
  }
  void order(std::string text) {
    if (account.orders.size() < kMostOrders) account.orders += std::move(text) + "\n";
  }
  [[nodiscard]] bool runs(driver::Operation operation) const { return scene.request.operation == operation; }
  [[nodiscard]] bool failed() const { return failed_; }
  /// inspect: a parameter of these types, in words.
  netrig_status told(const char* name, std::uint32_t index, std::initializer_list<ParameterType> types,
                     const std::string& text);
  [[nodiscard]] bool has_interface(std::uint32_t index) const { return index < made.size(); }
  /// nullptr: not declared, or as another type, which is the driver's fault.
  const ParameterScalar* value(const char* name, std::uint32_t index, std::initializer_list<ParameterType> types,
                               netrig_status& status);

  const DriverDescription& about;
  const Scene& scene;
  Account account;
  std::map<const FileContent*, UniqueFd> files;  ///< that the driver was given
  std::vector<bool> made;
  const netrig_reference* reference(const std::string& name, std::uint32_t index) const {
    for (std::size_t i = 0; i < scene.request.references.size(); ++i)
      if (scene.request.references[i].parameter == name && scene.request.references[i].index == index)
        return &references_[i].known;
    return nullptr;
  }

 private:
  netrig_status call_driver();
  void judge(netrig_status status);

  const netrig_functions& functions_;
  pid_t thread_ = ::gettid();
  bool failed_ = false;
  bool any_failed_ = false;
  Longer<netrig_host> host_{};
  Longer<netrig_request> request_{};
  Longer<netrig_device> device_{};
  std::vector<Longer<netrig_interface>> interfaces_;
  std::vector<const netrig_interface*> pointers_;
  std::vector<Longer<netrig_reference>> references_;
  std::vector<std::string> texts_;
};
std::string hex(const void* data, std::uint32_t size);

/// What of netrig_host asks for something: its functions, without struct_size and version.
void fill(netrig_host& table);
/// netrig_host::service.
const void* service(netrig_call* call, const char* id);

}  // namespace netrig::conformance
