// SPDX-License-Identifier: Apache-2.0
#include "driver/messages.hpp"

#include <linux/if.h>

#include "driver/value_messages.hpp"

namespace netrig::driver {
namespace {

constexpr std::size_t kMostOrders = NETRIG_ORDERS_MAX;

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
    out.put<std::uint8_t>(one.is_namespace);
    put_target(out, one.target);
  }
  out.put<std::uint8_t>(call.has_parameters);
  if (call.has_parameters) put_parameters(out, call.parameters);
  out.bytes(call.record).put(call.deadline.time_since_epoch().count());
  out.put(static_cast<std::uint32_t>(call.changed.size()));
  for (const std::string& name : call.changed) out.text(name);
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
  if (operation > static_cast<std::uint8_t>(Operation::settle)) WireReader::garbled();
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
    const bool is_namespace = in.flag();
    call.references.push_back({.parameter = std::move(parameter),
                               .index = index,
                               .target = get_target(in),
                               .netns_fd = fd,
                               .ifindex = ifindex,
                               .is_namespace = is_namespace});
  }
  call.has_parameters = in.flag();
  if (call.has_parameters) call.parameters = get_parameters(in);
  for (auto& [name, value] : call.parameters)
    for (ParameterScalar& scalar : value.values)
      if (auto* file = std::get_if<FileContent>(&scalar)) file->fd = descriptor(file->fd == kComesAlong);
  call.record = get_bytes(in, NETRIG_RECORD_MAX);
  call.deadline = Clock::time_point(Clock::duration(in.get<Clock::rep>()));
  for (std::size_t left = in.count(kMostParameters); left > 0; --left) call.changed.push_back(in.text(kMostText));
  in.end();
  return call;
}

WireWriter encode(const ServiceMessage& service) {
  WireWriter out;
  out.put(service.id);
  put_orders(out, service.orders);
  out.put(service.interface).put(service.type).put(service.flags).put(service.number).put(service.version);
  out.text(service.text).bytes(service.payload);
  const TunOrder& tun = service.tun;
  out.put(tun.interface).put(tun.type).put(tun.flags).put(tun.owner).put(tun.group);
  return out;
}
ServiceMessage decode_service(std::span<const std::byte> bytes) {
  WireReader in(bytes);
  ServiceMessage service;
  const auto id = in.get<std::uint8_t>();
  if (id < static_cast<std::uint8_t>(ServiceId::flush) || id > static_cast<std::uint8_t>(ServiceId::write_sysfs))
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
  for (std::uint32_t* number :
       {&service.tun.interface, &service.tun.type, &service.tun.flags, &service.tun.owner, &service.tun.group})
    *number = in.get<std::uint32_t>();
  in.end();
  return service;
}

WireWriter encode(const DoneMessage& done) {
  WireWriter out;
  out.put(done.error).text(done.message).put<std::uint8_t>(done.found).put(done.number);
  put_pairs(out, done.pairs);
  out.text(done.text);
  out.put<std::uint8_t>(done.forbidden).put<std::int32_t>(done.kernel.error).put(done.kernel.offset);
  out.text(done.kernel.text);
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
  done.forbidden = in.flag();
  done.kernel.error = in.get<std::int32_t>();
  done.kernel.offset = in.get<std::uint32_t>();
  done.kernel.text = in.text(kMostText);
  in.end();
  return done;
}

WireWriter encode(const AnswerMessage& answer) {
  WireWriter out;
  out.put(answer.error).text(answer.message);
  put_orders(out, answer.orders);
  put_pairs(out, answer.made);
  out.put<std::uint8_t>(answer.state.present);
  out.put(static_cast<std::uint32_t>(answer.state.values.size()));
  for (const auto& [name, value] : answer.state.values) out.text(name).text(value);
  put_parameters(out, answer.state.told);
  return out;
}
AnswerMessage decode_answer(std::span<const std::byte> bytes) {
  WireReader in(bytes);
  AnswerMessage answer;
  answer.error = in.get<std::uint8_t>();
  answer.message = in.text(kMostText);
  answer.orders = get_orders(in);
  answer.made = get_pairs(in);
  answer.state.present = in.flag();
  for (std::size_t left = in.count(kMostStates); left > 0; --left) {
    std::string name = in.text(kMostText);
    answer.state.values.emplace_back(std::move(name), in.text(kMostText));
  }
  answer.state.told = get_parameters(in);
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

CrashPlace decode_crash(std::span<const std::byte> bytes) {
  WireReader in(bytes);
  const auto offset = in.get<std::uint64_t>();
  const bool called = in.get<std::uint64_t>() != 0;
  in.end();
  return {offset, called};
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
