// SPDX-License-Identifier: Apache-2.0
#include "driver/messages.hpp"

#include <linux/if.h>

#include <type_traits>

namespace netrig::driver {
namespace {

constexpr std::size_t kMostText = 4096;
constexpr std::size_t kMostValues = 65536;
constexpr std::size_t kMostParameters = 256;
constexpr std::size_t kMostOrders = 4 * NETRIG_INTERFACES_MAX;

void put_address(WireWriter& out, const Prefix& prefix) {
  out.put(prefix.address.family).bytes(std::as_bytes(std::span(prefix.address.bytes))).put(prefix.length);
}
Prefix get_address(WireReader& in) {
  Prefix prefix;
  const auto family = in.get<std::uint8_t>();
  if (family != 4 && family != 6) WireReader::garbled();
  prefix.address.family = static_cast<Family>(family);
  const auto bytes = in.bytes(prefix.address.bytes.size());
  if (bytes.size() != prefix.address.bytes.size()) WireReader::garbled();
  std::memcpy(prefix.address.bytes.data(), bytes.data(), bytes.size());
  prefix.length = in.get<std::uint8_t>();
  if (prefix.length > prefix.address.bits()) WireReader::garbled();
  return prefix;
}

void put_mac(WireWriter& out, const MacAddress& mac) { out.bytes(std::as_bytes(std::span(mac.bytes))); }
MacAddress get_mac(WireReader& in) {
  MacAddress mac;
  const auto bytes = in.bytes(mac.bytes.size());
  if (bytes.size() != mac.bytes.size()) WireReader::garbled();
  std::memcpy(mac.bytes.data(), bytes.data(), bytes.size());
  return mac;
}

void put_target(WireWriter& out, const InterfaceReference& target) {
  out.text(target.home.str()).text(target.name.str());
}
InterfaceReference get_target(WireReader& in) {
  std::string home = in.text(kMostText);
  std::string name = in.text(kMostText);
  return {.home = NamespaceName(std::move(home)), .name = InterfaceName(std::move(name))};
}

void put_scalar(WireWriter& out, const ParameterScalar& scalar) {
  out.put(static_cast<std::uint8_t>(scalar.index()));
  std::visit(
      [&](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, bool>)
          out.put(static_cast<std::uint8_t>(value));
        else if constexpr (std::is_same_v<T, std::int64_t>)
          out.put(value);
        else if constexpr (std::is_same_v<T, std::string>)
          out.text(value);
        else if constexpr (std::is_same_v<T, MacAddress>)
          put_mac(out, value);
        else if constexpr (std::is_same_v<T, Prefix>)
          put_address(out, value);
        else
          put_target(out, value);
      },
      scalar);
}
ParameterScalar get_scalar(WireReader& in) {
  switch (in.get<std::uint8_t>()) {
    case 0:
      return in.flag();
    case 1:
      return in.get<std::int64_t>();
    case 2:
      return in.text(kMostText);
    case 3:
      return get_mac(in);
    case 4:
      return get_address(in);
    case 5:
      return get_target(in);
    default:
      WireReader::garbled();
  }
}

void put_parameters(WireWriter& out, const Parameters& parameters) {
  out.put(static_cast<std::uint32_t>(parameters.size()));
  for (const auto& [name, value] : parameters) {
    out.text(name).put(static_cast<std::uint32_t>(value.values.size()));
    for (const auto& scalar : value.values) put_scalar(out, scalar);
  }
}
Parameters get_parameters(WireReader& in) {
  Parameters parameters;
  for (std::size_t left = in.count(kMostParameters); left > 0; --left) {
    std::string name = in.text(kMostText);
    ParameterValue value;
    for (std::size_t more = in.count(kMostValues); more > 0; --more) value.values.push_back(get_scalar(in));
    parameters.insert_or_assign(std::move(name), std::move(value));
  }
  return parameters;
}

void put_orders(WireWriter& out, const std::vector<Order>& orders) {
  out.put(static_cast<std::uint32_t>(orders.size()));
  for (const Order& order : orders) {
    out.put(static_cast<std::uint8_t>(order.index()));
    if (const auto* link = std::get_if<LinkOrder>(&order)) {
      out.put(link->interface).text(link->kind).bytes(link->attributes).bytes(link->data);
      out.put<std::uint8_t>(link->peer.has_value());
      if (link->peer) out.put(link->peer->interface).put(link->peer->type).bytes(link->peer->attributes);
      out.put<std::uint8_t>(link->lower.has_value());
      if (link->lower) out.put(*link->lower);
    } else if (const auto* change = std::get_if<LinkChange>(&order)) {
      out.put(change->interface).text(change->kind).bytes(change->attributes).bytes(change->data);
    } else {
      out.put(std::get<LinkDeletion>(order).interface);
    }
  }
}
Bytes get_bytes(WireReader& in, std::size_t most) {
  const auto bytes = in.bytes(most);
  return {bytes.begin(), bytes.end()};
}
LinkOrder get_link_order(WireReader& in) {
  LinkOrder link;
  link.interface = in.get<std::uint32_t>();
  link.kind = in.text(IFNAMSIZ);
  link.attributes = get_bytes(in, kMostAttributes + 1);
  link.data = get_bytes(in, kMostAttributes + 1);
  if (in.flag()) {
    link.peer.emplace();
    link.peer->interface = in.get<std::uint32_t>();
    link.peer->type = in.get<std::uint16_t>();
    link.peer->attributes = get_bytes(in, kMostAttributes + 1);
  }
  if (in.flag()) link.lower = in.get<std::uint32_t>();
  return link;
}
LinkChange get_link_change(WireReader& in) {
  LinkChange change;
  change.interface = in.get<std::uint32_t>();
  change.kind = in.text(IFNAMSIZ);
  change.attributes = get_bytes(in, kMostAttributes + 1);
  change.data = get_bytes(in, kMostAttributes + 1);
  return change;
}
std::vector<Order> get_orders(WireReader& in) {
  std::vector<Order> orders;
  for (std::size_t left = in.count(kMostOrders); left > 0; --left) switch (in.get<std::uint8_t>()) {
      case 0:
        orders.emplace_back(get_link_order(in));
        break;
      case 1:
        orders.emplace_back(get_link_change(in));
        break;
      case 2:
        orders.emplace_back(LinkDeletion{in.get<std::uint32_t>()});
        break;
      default:
        WireReader::garbled();
    }
  return orders;
}

using Pairs = std::vector<std::pair<std::uint32_t, std::uint32_t>>;
void put_pairs(WireWriter& out, const Pairs& pairs) {
  out.put(static_cast<std::uint32_t>(pairs.size()));
  for (const auto& [first, second] : pairs) out.put(first).put(second);
}
Pairs get_pairs(WireReader& in) {
  Pairs pairs;
  for (std::size_t left = in.count(kMostOrders * 2); left > 0; --left) {
    const auto first = in.get<std::uint32_t>();
    pairs.emplace_back(first, in.get<std::uint32_t>());
  }
  return pairs;
}

}  // namespace

WireWriter encode(const Hello& hello) {
  WireWriter out;
  out.put(hello.version).put<std::uint8_t>(hello.fence.rooted).put<std::uint8_t>(hello.fence.other_user);
  out.put(hello.fence.landlock);
  return out;
}
Hello decode_hello(std::span<const std::byte> bytes) {
  WireReader in(bytes);
  Hello hello;
  hello.version = in.get<std::uint32_t>();
  if (hello.version != kProtocolVersion)
    throw Error(ErrorCode::driver, "its worker speaks another version of the protocol; netrig was exchanged meanwhile");
  hello.fence.rooted = in.flag();
  hello.fence.other_user = in.flag();
  hello.fence.landlock = in.get<std::uint32_t>();
  in.end();
  return hello;
}

WireWriter encode(const CallMessage& call) {
  WireWriter out;
  out.put(call.operation).text(call.lab).text(call.device);
  out.put(static_cast<std::uint32_t>(call.interfaces.size()));
  for (const auto& one : call.interfaces) {
    out.text(one.name).put(one.ifindex).put(one.mtu.value_or(0)).put<std::uint8_t>(one.netns_fd >= 0);
    out.put<std::uint8_t>(one.mac.has_value());
    if (one.mac) put_mac(out, *one.mac);
  }
  out.put(static_cast<std::uint32_t>(call.references.size()));
  for (const auto& one : call.references) {
    out.text(one.parameter).put(one.index).put(one.ifindex).put<std::uint8_t>(one.netns_fd >= 0);
    put_target(out, one.target);
  }
  out.put<std::uint8_t>(call.has_parameters);
  if (call.has_parameters) put_parameters(out, call.parameters);
  out.bytes(call.record).put(call.deadline.time_since_epoch().count());
  return out;
}
CallMessage decode_call(std::span<const std::byte> bytes, std::span<const int> descriptors) {
  WireReader in(bytes);
  CallMessage call;
  const auto descriptor = [&](bool wanted) {
    if (!wanted) return -1;
    if (descriptors.empty()) WireReader::garbled();
    const int fd = descriptors.front();
    descriptors = descriptors.subspan(1);
    return fd;
  };
  const auto operation = in.get<std::uint8_t>();
  if (operation > static_cast<std::uint8_t>(Operation::inspect)) WireReader::garbled();
  call.operation = static_cast<Operation>(operation);
  call.lab = in.text(kMostText);
  call.device = in.text(kMostText);
  for (std::size_t left = in.count(NETRIG_INTERFACES_MAX); left > 0; --left) {
    InterfaceRequest one;
    one.name = in.text(kMostText);
    one.ifindex = in.get<std::uint32_t>();
    if (const auto mtu = in.get<std::uint32_t>(); mtu != 0) one.mtu = mtu;
    one.netns_fd = descriptor(in.flag());
    if (in.flag()) one.mac = get_mac(in);
    call.interfaces.push_back(std::move(one));
  }
  for (std::size_t left = in.count(kMostValues); left > 0; --left) {
    std::string parameter = in.text(kMostText);
    const auto index = in.get<std::uint32_t>();
    const auto ifindex = in.get<std::uint32_t>();
    const int fd = descriptor(in.flag());
    call.references.push_back({.parameter = std::move(parameter),
                               .index = index,
                               .target = get_target(in),
                               .netns_fd = fd,
                               .ifindex = ifindex});
  }
  call.has_parameters = in.flag();
  if (call.has_parameters) call.parameters = get_parameters(in);
  call.record = get_bytes(in, NETRIG_RECORD_MAX);
  call.deadline = Clock::time_point(Clock::duration(in.get<Clock::rep>()));
  in.end();
  return call;
}

WireWriter encode(const ServiceMessage& service) {
  WireWriter out;
  out.put(service.id);
  put_orders(out, service.orders);
  out.put(service.interface).put(service.type).put(service.flags).put(service.number).put(service.version);
  out.text(service.text).bytes(service.payload);
  return out;
}
ServiceMessage decode_service(std::span<const std::byte> bytes) {
  WireReader in(bytes);
  ServiceMessage service;
  const auto id = in.get<std::uint8_t>();
  if (id < static_cast<std::uint8_t>(ServiceId::flush) || id > static_cast<std::uint8_t>(ServiceId::interrupted))
    WireReader::garbled();
  service.id = static_cast<ServiceId>(id);
  service.orders = get_orders(in);
  service.interface = in.get<std::uint32_t>();
  service.type = in.get<std::uint16_t>();
  service.flags = in.get<std::uint16_t>();
  service.number = in.get<std::uint32_t>();
  service.version = in.get<std::uint8_t>();
  service.text = in.text(kMostText);
  service.payload = get_bytes(in, kMostAttributes + 1);
  in.end();
  return service;
}

WireWriter encode(const DoneMessage& done) {
  WireWriter out;
  out.put(done.error).text(done.message).put<std::uint8_t>(done.found).put(done.number);
  put_pairs(out, done.pairs);
  out.text(done.text);
  return out;
}
DoneMessage decode_done(std::span<const std::byte> bytes) {
  WireReader in(bytes);
  DoneMessage done;
  done.error = in.get<std::uint8_t>();
  done.message = in.text(kLargestMessage);
  done.found = in.flag();
  done.number = in.get<std::uint32_t>();
  done.pairs = get_pairs(in);
  const auto text = in.bytes(kLargestMessage);  // of a sysfs file, which may hold anything
  done.text.assign(reinterpret_cast<const char*>(text.data()), text.size());
  in.end();
  return done;
}

WireWriter encode(const AnswerMessage& answer) {
  WireWriter out;
  out.put(answer.error).text(answer.message);
  put_orders(out, answer.orders);
  put_pairs(out, answer.made);
  out.bytes(answer.record).put<std::uint8_t>(answer.state.present);
  out.put(static_cast<std::uint32_t>(answer.state.values.size()));
  for (const auto& [name, value] : answer.state.values) out.text(name).text(value);
  return out;
}
AnswerMessage decode_answer(std::span<const std::byte> bytes) {
  WireReader in(bytes);
  AnswerMessage answer;
  answer.error = in.get<std::uint8_t>();
  answer.message = in.text(kMostText);
  answer.orders = get_orders(in);
  answer.made = get_pairs(in);
  answer.record = get_bytes(in, NETRIG_RECORD_MAX);
  answer.state.present = in.flag();
  for (std::size_t left = in.count(kMostStates); left > 0; --left) {
    std::string name = in.text(kMostText);
    answer.state.values.emplace_back(std::move(name), in.text(kMostText));
  }
  in.end();
  return answer;
}

WireWriter encode(const LogMessage& log) {
  WireWriter out;
  out.put(log.level).text(log.text);
  return out;
}
LogMessage decode_log(std::span<const std::byte> bytes) {
  WireReader in(bytes);
  LogMessage log;
  log.level = in.get<std::uint8_t>();
  log.text = in.text(kMostText);
  in.end();
  return log;
}

WireWriter encode_item(std::uint16_t type, std::span<const std::byte> payload) {
  WireWriter out;
  out.put(type).bytes(payload);
  return out;
}
std::pair<std::uint16_t, std::span<const std::byte>> decode_item(std::span<const std::byte> bytes) {
  WireReader in(bytes);
  const auto type = in.get<std::uint16_t>();
  const auto payload = in.bytes(kLargestMessage);
  in.end();
  return {type, payload};
}

std::uint32_t decode_violation(std::span<const std::byte> bytes) {
  WireReader in(bytes);
  const auto number = in.get<std::uint32_t>();
  in.end();
  return number;
}

std::string decode_refusal(std::span<const std::byte> bytes) {
  WireReader in(bytes);
  std::string reason = in.text(kMostText);
  in.end();
  return reason;
}

ErrorCode error_code_of(std::uint8_t number) {
  switch (number) {
    case static_cast<std::uint8_t>(ErrorCode::failed):
    case static_cast<std::uint8_t>(ErrorCode::invalid):
    case static_cast<std::uint8_t>(ErrorCode::denied):
    case static_cast<std::uint8_t>(ErrorCode::conflict):
    case static_cast<std::uint8_t>(ErrorCode::driver):
    case static_cast<std::uint8_t>(ErrorCode::unsupported):
    case static_cast<std::uint8_t>(ErrorCode::not_found):
    case static_cast<std::uint8_t>(ErrorCode::interrupted):
      return static_cast<ErrorCode>(number);
    default:
      return ErrorCode::internal;
  }
}

}  // namespace netrig::driver
