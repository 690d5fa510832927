// SPDX-License-Identifier: Apache-2.0
#include "conformance/ground.hpp"

#include <fmt/format.h>
#include <linux/netlink.h>
#include <linux/veth.h>

#include <algorithm>
#include <array>

#include "kernel/inside.hpp"
#include "kernel/link.hpp"
#include "kernel/namespace.hpp"
#include "kernel/parameter.hpp"

namespace netrig::conformance {
namespace {

constexpr std::uint32_t kFirstIfindex = 100;
constexpr std::uint16_t kLinkInfo = 18;  // IFLA_LINKINFO, IFLA_INFO_KIND, IFLA_INFO_DATA
constexpr std::uint16_t kInfoKind = 1;
constexpr std::uint16_t kInfoData = 2;

std::unique_ptr<engine::Space> new_space() {
  kernel::CreatedNamespace created = kernel::create_namespace();
  auto space = std::make_unique<engine::Space>(std::move(created.fd), created.cookie);
  space->set_free_from(kFirstIfindex);
  return space;
}

std::uint32_t add_pair(engine::Space& space, const std::string& name) {
  const std::uint32_t ifindex = engine::Space::take_ifindex(space, {});
  kernel::Batch batch;
  kernel::begin_new_link(batch, {.name = name, .ifindex = ifindex, .netns_fd = -1, .up = false});
  {
    const auto info = batch.nest(kLinkInfo);
    batch.put_text(kInfoKind, "veth");
  }
  const auto refusals = space.socket().run(batch);
  if (!refusals.empty())
    throw Error(ErrorCode::unsupported, fmt::format("no link for devices to stand beside: {}", refusals.front().str()));
  return ifindex;
}

/// Passes everything on, and interferes once.
class Disturbed final : public driver::Services {
 public:
  Disturbed(engine::DeviceServices& services, const Interference& interference)
      : services_(services), interference_(interference) {}

  driver::Flushed flush(std::vector<driver::Order> orders) override {
    try {
      return next().flush(std::move(orders));
    } catch (const driver::ServiceError& refusal) {
      return {.made = {}, .done = 0, .refusal = refusal};
    }
  }
  void save_record(driver::Bytes record) override { next().save_record(std::move(record)); }
  std::uint32_t ifindex(std::uint32_t interface) override { return next().ifindex(interface); }
  bool get_link(std::uint32_t interface, const Receive& each) override { return next().get_link(interface, each); }
  void request(std::uint32_t interface, std::uint16_t type, std::uint16_t flags, std::span<const std::byte> message,
               const Receive& answer) override {
    next().request(interface, type, flags, message, answer);
  }
  std::optional<std::uint16_t> genl_family(std::uint32_t interface, const std::string& name) override {
    return next().genl_family(interface, name);
  }
  void genl_request(std::uint32_t interface, std::uint16_t family, std::uint8_t command, std::uint8_t version,
                    std::uint16_t flags, std::span<const std::byte> attributes, const Receive& answer) override {
    next().genl_request(interface, family, command, version, flags, attributes, answer);
  }
  std::optional<std::string> sysfs(std::uint32_t interface, const std::string& path) override {
    return next().sysfs(interface, path);
  }
  bool write_sysfs(std::uint32_t interface, const std::string& path, std::span<const std::byte> value) override {
    return next().write_sysfs(interface, path, value);
  }
  UniqueFd open_socket(std::uint32_t interface, std::uint32_t kind) override {
    return next().open_socket(interface, kind);
  }
  std::uint32_t create_tun(const driver::TunOrder& order) override { return next().create_tun(order); }
  UniqueFd open_queue(std::uint32_t interface) override { return next().open_queue(interface); }
  void log(std::uint32_t /*level*/, const std::string& /*text*/) override {}
  [[nodiscard]] bool interrupted() const override { return services_.interrupted(); }

  [[nodiscard]] std::uint32_t asked() const { return asked_; }

 private:
  driver::Services& next() {
    services_.finish_by(deadline());
    if (++asked_ == interference_.at) interference_.act();
    return services_;
  }

  engine::DeviceServices& services_;
  const Interference& interference_;
  std::uint32_t asked_ = 0;
};

driver::DeviceRequest request_of(const Device& device, const engine::DeviceServices::Context& context) {
  return {.lab = "trial",
          .device = device.name,
          .interfaces = context.interfaces,
          .references = context.references,
          .parameters = &device.parameters,
          .record = device.record};
}

engine::DeviceServices::Context with_record(Device& device) {
  engine::DeviceServices::Context context = device.context;
  context.save = [&device](driver::Bytes record) { device.record = std::move(record); };
  return context;
}

/// As recorded, which is what destroy and inspect are told.
engine::DeviceServices::Context recorded(Device& device) {
  engine::DeviceServices::Context context = with_record(device);
  for (std::size_t i = 0; i < context.interfaces.size(); ++i) context.interfaces[i].ifindex = context.made[i].ifindex;
  return context;
}

void carry_out(engine::DeviceServices& services, std::vector<driver::Order> orders) {
  const driver::Flushed flushed = services.flush(std::move(orders));
  if (flushed.refusal) throw driver::ServiceError(*flushed.refusal);
}

}  // namespace

InterfaceReference lower_link() { return {.home = NamespaceName("trial"), .name = InterfaceName("lower")}; }

Ground::Ground(std::size_t interfaces) {
  for (std::size_t i = 0; i < interfaces; ++i) {
    homes_.push_back(new_space());
    add_pair(*homes_.back(), "others");
  }
  below_ = new_space();
  beyond_ = new_space();
  lower_ = add_pair(*below_, "lower");
}

Device Ground::device(const std::string& name, const Parameters& parameters) {
  Device device{.name = name, .parameters = parameters, .context = {}};
  engine::DeviceServices::Context& context = device.context;
  context.about = "trial";
  std::vector<engine::Space*> others = {below_.get()};
  for (const auto& [parameter, value] : parameters)
    for (std::uint32_t i = 0; i < value.values.size(); ++i) {
      const auto target = reference_of(value.values[i]);
      if (!target) continue;
      const bool is_namespace = std::holds_alternative<NamespaceReference>(value.values[i]);
      context.spaces.references.push_back(below_.get());
      context.references.push_back({.parameter = parameter,
                                    .index = i,
                                    .target = *target,
                                    .netns_fd = below_->fd().get(),
                                    .ifindex = is_namespace ? kLoopbackIndex : lower_,
                                    .is_namespace = is_namespace});
    }
  for (std::size_t i = 0; i < homes_.size(); ++i) {
    const std::string interface = fmt::format("{}{}", name, i);
    context.spaces.homes.push_back(homes_[i].get());
    context.made.push_back(
        {.home = "trial", .name = interface, .ifindex = engine::Space::take_ifindex(*homes_[i], others)});
    context.interfaces.push_back({.name = interface, .netns_fd = homes_[i]->fd().get(), .ifindex = 0});
  }
  return device;
}

void Ground::lend(Device& device) {
  for (std::size_t i = 0; i < homes_.size(); ++i) {
    engine::MadeInterface& made = device.context.made[i];
    if (kind_of(i, made.name)) continue;
    kernel::Batch batch;
    kernel::begin_new_link(batch, {.name = made.name, .ifindex = made.ifindex});
    {
      const auto info = batch.nest(kLinkInfo);
      batch.put_text(kInfoKind, "veth");
      const auto data = batch.nest(kInfoData);
      const auto peer = batch.nest(VETH_INFO_PEER);
      kernel::append_peer(batch, {.name = made.name, .netns_fd = beyond_->fd().get()});
    }
    const auto refusals = homes_[i]->socket().run(batch);
    if (!refusals.empty())
      throw Error(ErrorCode::unsupported, fmt::format("no link to be borrowed: {}", refusals.front().str()));
    made.kind = "veth";
    made.borrowed = std::make_shared<const engine::Borrowed>();
    device.context.interfaces[i].ifindex = made.ifindex;
  }
}

void Ground::take_back(Device& device) {
  for (std::size_t i = 0; i < homes_.size(); ++i)
    if (device.context.made[i].borrowed) delete_link(i, device.context.made[i].name);
}

std::uint32_t Ground::make(driver::Driver& driver, Device& device, const Interference& interference) {
  if (driver.description().borrows()) lend(device);
  engine::DeviceServices services(with_record(device));
  Disturbed disturbed(services, interference);
  driver::CreateAnswer answer = driver.create({.lab = "trial",
                                               .device = device.name,
                                               .interfaces = device.context.interfaces,
                                               .references = device.context.references,
                                               .parameters = &device.parameters},
                                              disturbed);
  carry_out(services, std::move(answer.orders));
  for (const auto& [interface, ifindex] : answer.made) device.context.made.at(interface).ifindex = ifindex;
  return disturbed.asked();
}

std::uint32_t Ground::remove(driver::Driver& driver, Device& device, const Interference& interference) {
  const engine::DeviceServices::Context context = recorded(device);
  engine::DeviceServices services(context);
  Disturbed disturbed(services, interference);
  carry_out(services, driver.destroy(request_of(device, context), disturbed).orders);
  take_back(device);
  return disturbed.asked();
}

driver::State Ground::inspect(driver::Driver& driver, Device& device, const Interference& interference) {
  const engine::DeviceServices::Context context = recorded(device);
  engine::DeviceServices services(context);
  Disturbed disturbed(services, interference);
  driver::DeviceRequest request = request_of(device, context);
  for (auto& one : request.interfaces) one.netns_fd = -1;
  return driver.inspect(request, disturbed);
}

void Ground::settle(driver::Driver& driver, Device& device) {
  const engine::DeviceServices::Context context = recorded(device);
  engine::DeviceServices services(context);
  carry_out(services, driver.settle(request_of(device, context), services).orders);
}

void Ground::change(driver::Driver& driver, Device& device, const std::vector<std::string>& parameters) {
  const engine::DeviceServices::Context context = recorded(device);
  engine::DeviceServices services(context);
  driver::DeviceRequest request = request_of(device, context);
  request.changed = parameters;
  carry_out(services, driver.change(request, services).orders);
}

std::vector<std::string> Ground::traits(Device& device, std::uint32_t interface) {
  // IFLA_ADDRESS, IFLA_MTU, IFLA_TXQLEN, IFLA_LINKMODE, IFLA_GROUP, IFLA_PROMISCUITY, IFLA_NUM_TX_QUEUES and
  // IFLA_NUM_RX_QUEUES, IFLA_GSO_MAX_SEGS, IFLA_GSO_MAX_SIZE, IFLA_GRO_MAX_SIZE: what no traffic and no time changes.
  static constexpr std::array kSet = {1, 4, 13, 17, 27, 30, 31, 32, 40, 41, 58};
  engine::DeviceServices services(recorded(device));
  std::vector<std::string> traits;
  services.get_link(interface, [&](std::uint16_t type, std::span<const std::byte> value) {
    if (std::find(kSet.begin(), kSet.end(), type) == kSet.end()) return;
    std::string& text = traits.emplace_back(fmt::format("link attribute {} is", type));
    for (const std::byte one : value) text += fmt::format(" {:02x}", static_cast<unsigned>(one));
  });
  return traits;
}

void Ground::roll_back(Device& device) {
  for (std::size_t i = 0; i < homes_.size(); ++i) delete_link(i, device.context.interfaces[i].name);
}

std::optional<std::vector<LinkParameter>> Ground::look(const std::shared_ptr<const DriverDescription>& about,
                                                       Device& device, std::uint32_t interface) {
  engine::DeviceServices services(recorded(device));
  std::vector<std::byte> attributes;
  const bool there = services.get_link(interface, [&](std::uint16_t type, std::span<const std::byte> value) {
    nlattr header{};
    header.nla_len = static_cast<std::uint16_t>(sizeof header + value.size());
    header.nla_type = type;
    const auto* raw = reinterpret_cast<const std::byte*>(&header);
    attributes.insert(attributes.end(), raw, raw + sizeof header);
    attributes.insert(attributes.end(), value.begin(), value.end());
    attributes.resize(NLA_ALIGN(attributes.size()));
  });
  if (!there) return std::nullopt;
  return kernel::decode(about, attributes);
}

void Ground::change(Device& device, const LinkParameter& parameter, const std::string& kind) {
  engine::DeviceServices services(recorded(device));
  const auto in = [&](std::uint16_t place) { return kernel::encode({parameter}, place); };
  driver::LinkChange change{
      .interface = 0, .kind = {}, .attributes = in(KernelPlace::kLink), .data = in(KernelPlace::kData)};
  if (!change.data.empty()) change.kind = kind;
  std::vector<driver::Order> orders;
  orders.emplace_back(std::move(change));
  carry_out(services, std::move(orders));
}

std::vector<std::string> Ground::links() {
  std::vector<std::string> all;
  const auto add = [&](engine::Space& space, std::size_t number) {
    for (const auto& link : kernel::list_links(space.socket()))
      all.push_back(fmt::format("{} {} in namespace {}", link.name, link.kind, number));
  };
  for (std::size_t i = 0; i < homes_.size(); ++i) add(*homes_[i], i);
  add(*below_, homes_.size());
  std::sort(all.begin(), all.end());
  return all;
}

std::optional<std::string> Ground::kind_of(std::size_t interface, const std::string& name) {
  for (const auto& link : kernel::list_links(homes_.at(interface)->socket()))
    if (link.name == name) return link.kind;
  return std::nullopt;
}

void Ground::add_link(std::size_t interface, const std::string& name) { add_pair(*homes_.at(interface), name); }

void Ground::delete_link(std::size_t interface, const std::string& name) {
  kernel::Socket& socket = homes_.at(interface)->socket();
  for (const auto& link : kernel::list_links(socket))
    if (link.name == name) {
      kernel::Batch batch;
      kernel::delete_link(batch, link.ifindex);
      static_cast<void>(socket.run(batch));  // its other end may have taken it along
    }
}

void on_ground(std::size_t interfaces, const std::function<void(Ground&)>& body) {
  kernel::aside([&] {
    Ground ground(interfaces);
    body(ground);
  });
}

}  // namespace netrig::conformance
