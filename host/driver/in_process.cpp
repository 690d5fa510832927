// SPDX-License-Identifier: Apache-2.0
#include "driver/in_process.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "driver/call.hpp"

namespace netrig::driver {
namespace {

ErrorCode code_of(netrig_status status) {
  switch (status) {
    case NETRIG_INVALID:
      return ErrorCode::invalid;
    case NETRIG_EXISTS:
      return ErrorCode::conflict;
    case NETRIG_NOT_FOUND:
      return ErrorCode::not_found;
    case NETRIG_UNSUPPORTED:
      return ErrorCode::unsupported;
    case NETRIG_DENIED:
      return ErrorCode::denied;
    default:
      return ErrorCode::failed;
  }
}

std::string word_of(netrig_status status) {
  static constexpr std::array kWords = {"ok",     "invalid",   "exists",  "not found", "busy",    "unsupported",
                                        "denied", "no memory", "timeout", "I/O error", "internal"};
  return status >= 0 && static_cast<std::size_t>(status) < kWords.size() ? kWords.at(static_cast<std::size_t>(status))
                                                                         : fmt::format("unknown status {}", status);
}

class InProcessDriver final : public Driver {
 public:
  InProcessDriver(const netrig_functions& functions, std::shared_ptr<const DriverDescription> about,
                  const DriverRules& rules, std::shared_ptr<Secrets> secrets)
      : functions_(functions),
        about_(std::move(about)),
        shows_(secrets != nullptr),
        secrets_(shows_ ? std::move(secrets) : std::make_shared<Secrets>(about_)),
        granted_(rules.granted),
        named_(rules.named),
        deadline_(rules.deadline) {}

  [[nodiscard]] const DriverDescription& description() const override { return *about_; }

  void validate(const CreateRequest& request) override {
    if (functions_.validate == nullptr) return;
    netrig_call call = begin(request);
    const auto raw = raw_request(call, Operation::validate);
    run(call, [&] { return functions_.validate(&host_table(), &call, &raw); });
  }

  CreateAnswer create(const CreateRequest& request, Services& services) override {
    require(functions_.create != nullptr, "create");
    netrig_call call = begin(request);
    call.services = &services;
    services.finish_by(call.deadline + kGrace);
    const auto raw = raw_request(call, Operation::create);
    run(call, [&] { return functions_.create(&host_table(), &call, &raw); });
    for (std::uint32_t i = 0; i < call.interfaces.size(); ++i)
      if (!call.permission->covers(i))
        throw Error(ErrorCode::driver, fmt::format("it made nothing for interface {}; this is a defect of the driver",
                                                   call.interfaces[i].name));
    return {.orders = std::move(call.orders), .made = std::move(call.made)};
  }

  DeviceAnswer destroy(const DeviceRequest& request, Services& services) override {
    require(functions_.destroy != nullptr, "destroy");
    netrig_call call = about(request, services);
    const auto raw = raw_device(call, request, Operation::destroy);
    run(call, [&] {
      const netrig_status status = functions_.destroy(&host_table(), &call, &raw);
      return status == NETRIG_NOT_FOUND ? NETRIG_OK : status;
    });
    return {.orders = std::move(call.orders)};
  }

  DeviceAnswer change(const DeviceRequest& request, Services& services) override {
    require(functions_.change != nullptr, "change");
    return on_device(functions_.change, Operation::change, request, services);
  }
  DeviceAnswer settle(const DeviceRequest& request, Services& services) override {
    require(functions_.settle != nullptr, "settle");
    return on_device(functions_.settle, Operation::settle, request, services);
  }

  State inspect(const DeviceRequest& request, Services& services) override {
    require(functions_.inspect != nullptr, "inspect");
    netrig_call call = about(request, services);
    const auto raw = raw_device(call, request, Operation::inspect);
    bool present = true;
    run(call, [&] {
      const netrig_status status = functions_.inspect(&host_table(), &call, &raw);
      if (status != NETRIG_NOT_FOUND) return status;
      present = false;
      return NETRIG_OK;
    });
    State state{.present = present, .values = std::move(call.state), .told = std::move(call.told)};
    if (shows_) call.mask.clean(state, *about_, call.parameters);
    return state;
  }

 private:
  static void require(bool there, const char* function) {
    if (!there) throw Error(ErrorCode::driver, fmt::format("it has no function \"{}\"", function));
  }
  template <typename Function>
  DeviceAnswer on_device(Function* function, Operation operation, const DeviceRequest& request, Services& services) {
    netrig_call call = about(request, services);
    const auto raw = raw_device(call, request, operation);
    run(call, [&] { return function(&host_table(), &call, &raw); });
    return {.orders = std::move(call.orders)};
  }
  netrig_call begin(const CreateRequest& request) const {
    netrig_call call;
    call.description = about_.get();
    call.parameters = request.parameters;
    call.lab = request.lab;
    call.device = request.device;
    call.interfaces = request.interfaces;
    call.references = request.references;
    call.deadline = std::min(request.deadline, Clock::now() + deadline_);
    return call;
  }
  [[nodiscard]] Mask mask_of(Operation operation, const netrig_call& call) const {
    const Mask mask = secrets_->mask(operation, call.lab, call.device, call.parameters);
    return shows_ ? mask : mask.on_the_way();
  }
  netrig_call about(const DeviceRequest& request, Services& services) const {
    netrig_call call;
    call.description = about_.get();
    call.lab = request.lab;
    call.device = request.device;
    call.interfaces = request.interfaces;
    call.references = request.references;
    call.parameters = request.parameters;
    call.changed = &request.changed;
    call.deadline = std::min(request.deadline, Clock::now() + deadline_);
    call.services = &services;
    services.finish_by(call.deadline + kGrace);
    return call;
  }

  netrig_request raw_request(netrig_call& call, Operation operation) const {
    call.prepare(operation, granted_, named_ ? &*named_ : nullptr);
    call.mask = mask_of(operation, call);
    netrig_request raw{};
    raw.struct_size = sizeof raw;
    raw.lab = call.lab.c_str();
    raw.device = call.device.c_str();
    raw.interface_count = static_cast<std::uint32_t>(call.interfaces.size());
    raw.interfaces = call.interface_pointers.data();
    return raw;
  }
  netrig_device raw_device(netrig_call& call, const DeviceRequest& request, Operation operation) const {
    call.prepare(operation, granted_, named_ ? &*named_ : nullptr);
    call.mask = mask_of(operation, call);
    netrig_device raw{};
    raw.struct_size = sizeof raw;
    raw.lab = call.lab.c_str();
    raw.device = call.device.c_str();
    raw.interface_count = static_cast<std::uint32_t>(call.interfaces.size());
    raw.interfaces = call.interface_pointers.data();
    raw.record = request.record.empty() ? nullptr : request.record.data();
    raw.record_size = static_cast<std::uint32_t>(request.record.size());
    return raw;
  }

  /// Runs one operation and turns what went wrong into an Error. It waits its turn.
  template <typename Body>
  void run(netrig_call& call, Body&& body) {
    const std::lock_guard turn(mutex_);
    const netrig_status status = body();
    if (call.failure) std::rethrow_exception(call.failure);
    if (status == NETRIG_OK) {
      if (Clock::now() > call.deadline + kGrace) throw Error(ErrorCode::failed, "it took longer than its deadline");
      return;
    }
    if (status == NETRIG_TIMEOUT && call.interrupted) throw Error(ErrorCode::interrupted, "interrupted while it ran");
    const std::string words = words_of(call);
    const bool as_said = call.last && call.last->status == status && !call.last->message.empty();
    throw Error(as_said ? call.last->code : code_of(status),
                words.empty() ? "it failed without saying why: " + word_of(status) : words);
  }

  /// The driver's words and, if it failed because a service had, what that said.
  static std::string words_of(const netrig_call& call) {
    const std::string reason = call.last ? call.mask.clean(call.last->message) : std::string();
    if (reason.empty() || call.message.find(reason) != std::string::npos) return call.message;
    return call.message.empty() ? reason : call.message + ": " + reason;
  }

  const netrig_functions& functions_;
  std::shared_ptr<const DriverDescription> about_;
  bool shows_;  ///< what the driver says; otherwise it is another's to show
  std::shared_ptr<Secrets> secrets_;
  std::uint32_t granted_;
  std::optional<std::vector<std::string>> named_;  ///< nothing: only the host knows
  std::chrono::nanoseconds deadline_;
  std::mutex mutex_;
};

}  // namespace

std::unique_ptr<Driver> make_in_process(const netrig_functions& functions,
                                        std::shared_ptr<const DriverDescription> about, const DriverRules& rules,
                                        std::shared_ptr<Secrets> secrets) {
  return std::make_unique<InProcessDriver>(functions, std::move(about), rules, std::move(secrets));
}

}  // namespace netrig::driver
