// SPDX-License-Identifier: Apache-2.0
#include "driver/trace.hpp"

#include <fmt/format.h>
#include <netrig/driver.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "driver/permission.hpp"
#include "model/error_number.hpp"

namespace netrig::driver {
namespace {

using Json = nlohmann::ordered_json;

/// Bytes as they are shown.
class Shown {
 public:
  explicit Shown(const DriverDescription& about)
      : secret_(std::any_of(about.parameters.begin(), about.parameters.end(), [](const auto& p) { return p.secret; })) {
  }

  Json operator()(std::span<const std::byte> bytes) const {
    if (secret_) return {{"bytes", bytes.size()}};
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const std::byte byte : bytes) fmt::format_to(std::back_inserter(text), "{:02x}", static_cast<unsigned>(byte));
    return text;
  }
  /// Words of the driver's own, or what it has put where it reads it.
  Json text(const std::string& words) const {
    if (secret_) return {{"bytes", words.size()}};
    return words;
  }

 private:
  bool secret_;
};

Json json_of(const Order& order, const Shown& shown) {
  if (const auto* link = std::get_if<LinkOrder>(&order)) {
    Json json = {{"order", "create_link"},
                 {"interface", link->interface},
                 {"kind", link->kind},
                 {"attributes", shown(link->attributes)},
                 {"data", shown(link->data)}};
    if (link->peer)
      json["peer"] = {{"interface", link->peer->interface},
                      {"type", link->peer->type},
                      {"attributes", shown(link->peer->attributes)}};
    if (link->lower) json["lower"] = *link->lower;
    if (link->beside) json["beside"] = *link->beside;
    return json;
  }
  if (const auto* change = std::get_if<LinkChange>(&order))
    return {{"order", "set_link"},
            {"interface", change->interface},
            {"kind", change->kind},
            {"attributes", shown(change->attributes)},
            {"data", shown(change->data)}};
  return {{"order", "delete_link"}, {"interface", std::get<LinkDeletion>(order).interface}};
}

Json json_of(const std::vector<Order>& orders, const Shown& shown) {
  Json json = Json::array();
  for (const Order& order : orders) json.push_back(json_of(order, shown));
  return json;
}

Json json_of(const std::vector<std::pair<std::uint32_t, std::uint32_t>>& made) {
  Json json = Json::array();
  for (const auto& [interface, ifindex] : made) json.push_back({{"interface", interface}, {"ifindex", ifindex}});
  return json;
}

Json json_of(const Error& error) {
  Json json = {{"code", to_text(error.code())}, {"message", error.message()}};
  if (const auto* refusal = dynamic_cast<const ServiceError*>(&error); refusal && refusal->kernel().error != 0) {
    json["errno"] = refusal->kernel().error;
    if (refusal->kernel().offset != NETRIG_NONE) json["offset"] = refusal->kernel().offset;
    if (!refusal->kernel().text.empty()) json["kernel"] = refusal->kernel().text;
  }
  return json;
}

Json json_of(const Parameters& parameters, const DriverDescription& about) {
  Json json = Json::object();
  for (const auto& [name, value] : parameters) {
    const ParameterDeclaration* one = about.parameter(name);
    if (one == nullptr) continue;
    json[name] = is_secret(*one, about) ? "(secret)" : to_text(value.values, one->type);
  }
  return json;
}

/// One operation: its lines have what it is about.
class Account {
 public:
  Account(Trace& trace, const DriverDescription& about, const char* operation, const std::string& device)
      : shown(about), trace_(trace), about_(about), operation_(operation), device_(device), began_(trace.now()) {}

  void begin(const std::vector<InterfaceRequest>& interfaces, const std::vector<Reference>& references,
             const Parameters* parameters, const Json& more) {
    Json json = line("begin");
    json["interfaces"] = Json::array();
    for (const InterfaceRequest& one : interfaces) {
      Json interface = {{"name", one.name}, {"ifindex", one.ifindex}};
      if (one.mtu) interface["mtu"] = *one.mtu;
      if (one.mac) interface["mac"] = one.mac->str();
      json["interfaces"].push_back(std::move(interface));
    }
    json["references"] = Json::array();
    for (const Reference& one : references) {
      const ParameterDeclaration* declaration = about_.parameter(one.parameter);
      const bool secret = declaration != nullptr && is_secret(*declaration, about_);
      json["references"].push_back({{"parameter", one.parameter},
                                    {one.is_namespace ? "namespace" : "interface", secret ? "(secret)" : one.text()},
                                    {"ifindex", one.ifindex}});
    }
    json["parameters"] = parameters == nullptr ? Json::object() : json_of(*parameters, about_);
    json.update(more);
    write(json);
  }

  /// What a service was asked and answered. What it throws is written down, and goes on.
  template <typename Work, typename Result = std::invoke_result_t<const Work&, Json&>>
  Result service(const char* name, const Json& asked, const Work& work) {
    const auto from = trace_.now();
    Json answer = Json::object();
    const auto tell = [&](const Error* error) {
      Json json = line("service");
      json["service"] = name;
      json.update(asked);
      if (error != nullptr)
        json["error"] = json_of(*error);
      else
        json["answer"] = std::move(answer);
      json["took_us"] = (trace_.now() - from).count();
      write(json);
    };
    try {
      if constexpr (std::is_void_v<Result>) {
        work(answer);
        tell(nullptr);
      } else {
        auto result = work(answer);
        tell(nullptr);
        return result;
      }
    } catch (const Error& error) {
      tell(&error);
      throw;
    }
  }

  void end(const Json& answer) {
    Json json = line("end");
    json.update(answer);
    json["took_us"] = (trace_.now() - began_).count();
    write(json);
  }

  const Shown shown;

 private:
  [[nodiscard]] Json line(const char* event) const {
    return {{"at_us", trace_.now().count()},
            {"driver", about_.kind},
            {"device", device_},
            {"operation", operation_},
            {"event", event}};
  }
  // What drivers say need not be UTF-8.
  void write(const Json& json) { trace_.write(json.dump(-1, ' ', false, Json::error_handler_t::replace)); }

  Trace& trace_;
  const DriverDescription& about_;
  const char* operation_;
  std::string device_;
  std::chrono::microseconds began_;
};

class TracedServices final : public Services {
 public:
  TracedServices(Services& services, Account& account) : services_(services), account_(account) {}

  Flushed flush(std::vector<Order> orders) override {
    const Json asked = {{"orders", json_of(orders, account_.shown)}};
    return account_.service("flush", asked, [&](Json& answer) {
      Flushed flushed = next().flush(std::move(orders));
      answer = {{"done", flushed.done}, {"made", json_of(flushed.made)}};
      if (flushed.refusal) answer["refusal"] = json_of(*flushed.refusal);
      return flushed;
    });
  }
  void save_record(Bytes record) override {
    const Json asked = {{"record", account_.shown(record)}};
    account_.service("save_record", asked, [&](Json&) { next().save_record(std::move(record)); });
  }
  std::uint32_t ifindex(std::uint32_t interface) override {
    return account_.service("link_ifindex", about(interface), [&](Json& answer) {
      const std::uint32_t found = next().ifindex(interface);
      answer = found;
      return found;
    });
  }
  bool get_link(std::uint32_t interface, const Receive& each) override {
    return account_.service("get_link", about(interface), [&](Json& answer) {
      const bool found = next().get_link(interface, heard(answer, each));
      if (!found) answer = nullptr;
      return found;
    });
  }
  void request(std::uint32_t interface, std::uint16_t type, std::uint16_t flags, std::span<const std::byte> message,
               const Receive& answer) override {
    Json asked = about(interface);
    asked.update({{"type", type}, {"flags", flags}, {"message", account_.shown(message)}});
    account_.service("request", asked,
                     [&](Json& json) { next().request(interface, type, flags, message, heard(json, answer)); });
  }
  std::optional<std::uint16_t> genl_family(std::uint32_t interface, const std::string& name) override {
    Json asked = about(interface);
    asked["name"] = account_.shown.text(name);
    return account_.service("genl.family", asked, [&](Json& answer) {
      const auto id = next().genl_family(interface, name);
      if (id) asked["name"] = name;
      answer = id ? Json(*id) : Json(nullptr);
      return id;
    });
  }
  void genl_request(std::uint32_t interface, std::uint16_t family, std::uint8_t command, std::uint8_t version,
                    std::uint16_t flags, std::span<const std::byte> attributes, const Receive& answer) override {
    Json asked = about(interface);
    asked.update({{"family", family},
                  {"command", command},
                  {"version", version},
                  {"flags", flags},
                  {"attributes", account_.shown(attributes)}});
    account_.service("genl.request", asked, [&](Json& json) {
      next().genl_request(interface, family, command, version, flags, attributes, heard(json, answer));
    });
  }
  std::optional<std::string> sysfs(std::uint32_t interface, const std::string& path) override {
    Json asked = about(interface);
    asked["path"] = account_.shown.text(path);
    return account_.service("sysfs.read", asked, [&](Json& answer) {
      auto value = next().sysfs(interface, path);
      if (value) asked["path"] = path;
      answer = value ? account_.shown.text(*value) : Json(nullptr);
      return value;
    });
  }
  bool write_sysfs(std::uint32_t interface, const std::string& path, std::span<const std::byte> value) override {
    Json asked = about(interface);
    asked.update({{"path", account_.shown.text(path)}, {"value", account_.shown(value)}});
    return account_.service("sysfs.write", asked, [&](Json& answer) {
      const bool there = next().write_sysfs(interface, path, value);
      if (there) asked["path"] = path;
      answer = there;
      return there;
    });
  }
  UniqueFd open_socket(std::uint32_t interface, std::uint32_t kind) override {
    Json asked = about(interface);
    asked["kind"] = kind;
    return account_.service("socket.open", asked, [&](Json&) { return next().open_socket(interface, kind); });
  }
  std::uint32_t create_tun(const TunOrder& order) override {
    const Json asked = {{"interface", order.interface},
                        {"type", order.type},
                        {"flags", order.flags},
                        {"owner", order.owner},
                        {"group", order.group}};
    return account_.service("tun.create", asked, [&](Json& answer) {
      const std::uint32_t made = next().create_tun(order);
      answer = made;
      return made;
    });
  }
  UniqueFd open_queue(std::uint32_t interface) override {
    return account_.service("tun.open_queue", about(interface), [&](Json&) { return next().open_queue(interface); });
  }
  void log(std::uint32_t level, const std::string& text) override {
    const Json asked = {{"level", level}, {"text", text}};
    account_.service("log.write", asked, [&](Json&) { next().log(level, text); });
  }
  [[nodiscard]] bool interrupted() const override { return services_.interrupted(); }

 private:
  Services& next() {
    services_.finish_by(deadline());
    return services_;
  }
  static Json about(std::uint32_t interface) { return {{"interface", interface}}; }
  /// Passes each answer on, and writes it down.
  Receive heard(Json& into, const Receive& each) const {
    into = Json::array();
    return [this, &into, &each](std::uint16_t type, std::span<const std::byte> payload) {
      into.push_back({{"type", type}, {"payload", account_.shown(payload)}});
      if (each) each(type, payload);
    };
  }

  Services& services_;
  Account& account_;
};

class Traced final : public Driver {
 public:
  Traced(std::unique_ptr<Driver> driver, std::shared_ptr<Trace> trace)
      : driver_(std::move(driver)), trace_(std::move(trace)) {}

  [[nodiscard]] const DriverDescription& description() const override { return driver_->description(); }

  void validate(const CreateRequest& request) override {
    Account account = account_of("validate", request.device);
    account.begin(request.interfaces, request.references, request.parameters, Json::object());
    told(account, [&](Json&) { driver_->validate(request); });
  }
  CreateAnswer create(const CreateRequest& request, Services& services) override {
    Account account = account_of("create", request.device);
    account.begin(request.interfaces, request.references, request.parameters, Json::object());
    TracedServices traced(services, account);
    return told(account, [&](Json& json) {
      CreateAnswer answer = driver_->create(request, traced);
      json = {{"orders", json_of(answer.orders, account.shown)}, {"made", json_of(answer.made)}};
      return answer;
    });
  }
  DeviceAnswer destroy(const DeviceRequest& request, Services& services) override {
    return on_device("destroy", &Driver::destroy, request, services);
  }
  DeviceAnswer change(const DeviceRequest& request, Services& services) override {
    return on_device("change", &Driver::change, request, services);
  }
  DeviceAnswer settle(const DeviceRequest& request, Services& services) override {
    return on_device("settle", &Driver::settle, request, services);
  }
  State inspect(const DeviceRequest& request, Services& services) override {
    Account account = begun("inspect", request);
    TracedServices traced(services, account);
    return told(account, [&](Json& json) {
      State state = driver_->inspect(request, traced);
      json = {{"present", state.present}, {"state", Json::object()}};
      for (const auto& [name, value] : state.values) json["state"][name] = value;
      json["told"] = json_of(state.told, description());
      return state;
    });
  }

 private:
  Account account_of(const char* operation, const std::string& device) {
    return {*trace_, description(), operation, device};
  }
  Account begun(const char* operation, const DeviceRequest& request) {
    Account account = account_of(operation, request.device);
    Json more = {{"record", account.shown(request.record)}};
    if (!request.changed.empty()) more["changed"] = request.changed;
    account.begin(request.interfaces, request.references, request.parameters, more);
    return account;
  }
  DeviceAnswer on_device(const char* operation, DeviceAnswer (Driver::*function)(const DeviceRequest&, Services&),
                         const DeviceRequest& request, Services& services) {
    Account account = begun(operation, request);
    TracedServices traced(services, account);
    return told(account, [&](Json& json) {
      DeviceAnswer answer = (*driver_.*function)(request, traced);
      json = {{"orders", json_of(answer.orders, account.shown)}};
      return answer;
    });
  }
  template <typename Work, typename Result = std::invoke_result_t<const Work&, Json&>>
  static Result told(Account& account, const Work& work) {
    Json json = Json::object();
    try {
      if constexpr (std::is_void_v<Result>) {
        work(json);
        account.end(json);
      } else {
        auto answer = work(json);
        account.end(json);
        return answer;
      }
    } catch (const Error& error) {
      account.end({{"error", json_of(error)}});
      throw;
    }
  }

  std::unique_ptr<Driver> driver_;
  std::shared_ptr<Trace> trace_;
};

}  // namespace

void Trace::write(std::string_view line) {
  const std::lock_guard guard(mutex_);
  if (failed_) return;
  const std::string whole = fmt::format("{}\n", line);
  for (std::string_view rest = whole; !rest.empty();) {
    const ssize_t size = ::write(file_.get(), rest.data(), rest.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) {
      failed_ = true;
      spdlog::warn("the trace of drivers cannot be written: {}", errno_text(errno));
      return;
    }
    rest.remove_prefix(static_cast<std::size_t>(size));
  }
}

std::unique_ptr<Driver> make_traced(std::unique_ptr<Driver> driver, std::shared_ptr<Trace> trace) {
  return std::make_unique<Traced>(std::move(driver), std::move(trace));
}

}  // namespace netrig::driver
