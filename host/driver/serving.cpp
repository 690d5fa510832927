// SPDX-License-Identifier: Apache-2.0
#include "driver/serving.hpp"

#include <fmt/format.h>

#include <array>

namespace netrig::driver {
namespace {

constexpr unsigned kMostRecords = 1000;

bool is_about_interface(ServiceId id) {
  return id != ServiceId::flush && id != ServiceId::socket && id != ServiceId::save_record &&
         id != ServiceId::create_tun;
}

void tell(DoneMessage& done, const ServiceError& error) {
  done.error = static_cast<std::uint8_t>(error.code());
  done.message = error.message();
  done.kernel = error.kernel();
}

}  // namespace

void Serving::flush(const ServiceMessage& ask, DoneMessage& done) {
  for (const Order& order : ask.orders) permission_.admit(order);
  Flushed flushed = services_->flush(ask.orders);
  done.pairs = std::move(flushed.made);
  done.number = static_cast<std::uint32_t>(flushed.done);
  if (!flushed.refusal) return;
  for (std::size_t i = flushed.done; i < ask.orders.size(); ++i) permission_.retract(ask.orders[i]);
  tell(done, *flushed.refusal);
}

void Serving::create_tun(const ServiceMessage& ask, DoneMessage& done) {
  permission_.admit_tun(ask.tun, call_.has_parameters ? &call_.parameters : nullptr);
  try {
    done.number = services_->create_tun(ask.tun);
  } catch (const ServiceError&) {
    permission_.retract_tun(ask.tun);
    throw;
  }
}

void Serving::execute(const ServiceMessage& ask, const Services::Receive& item, DoneMessage& done,
                      UniqueFd& descriptor) {
  if (is_about_interface(ask.id)) permission_.check_interface(ask.interface);
  switch (ask.id) {
    case ServiceId::flush:
      return flush(ask, done);
    case ServiceId::ifindex:
      done.number = services_->ifindex(ask.interface);
      return;
    case ServiceId::get_link:
      done.found = services_->get_link(ask.interface, item);
      return;
    case ServiceId::request:
      permission_.check_request(ask.type, ask.flags, ask.payload);
      return services_->request(ask.interface, ask.type, ask.flags, ask.payload, item);
    case ServiceId::genl_family: {
      permission_.check_family(ask.text);
      const auto family = services_->genl_family(ask.interface, ask.text);
      done.found = family.has_value();
      done.number = family.value_or(0);
      if (family) permission_.resolved_family(*family, ask.text);
      return;
    }
    case ServiceId::genl_request: {
      const auto command = static_cast<std::uint8_t>(ask.number);
      permission_.check_genl({.family = ask.type, .command = command, .flags = ask.flags, .attributes = ask.payload},
                             call_.interfaces[ask.interface].name, [&] { return services_->ifindex(ask.interface); });
      return services_->genl_request(ask.interface, ask.type, command, ask.version, ask.flags, ask.payload, item);
    }
    case ServiceId::sysfs: {
      Permission::check_sysfs(ask.text);
      auto text = services_->sysfs(ask.interface, ask.text);
      done.found = text.has_value();
      done.text = std::move(text).value_or("");
      return;
    }
    case ServiceId::write_sysfs:
      permission_.check_sysfs_write(ask.text);
      done.found = services_->write_sysfs(ask.interface, ask.text, ask.payload);
      return;
    case ServiceId::socket:
      permission_.check_socket(ask.interface, ask.number);
      descriptor = services_->open_socket(ask.interface, ask.number);
      return;
    case ServiceId::save_record:
      permission_.check_record();
      if (ask.payload.size() > NETRIG_RECORD_MAX) WireReader::garbled();
      // Each is in the journal, which lives in memory.
      if (++records_ > kMostRecords)
        throw Error(
            ErrorCode::denied,
            fmt::format("the driver asks for what it may not: more than {} records in one operation", kMostRecords));
      return services_->save_record(ask.payload);
    case ServiceId::create_tun:
      return create_tun(ask, done);
    case ServiceId::open_queue:
      permission_.check_queue(ask.interface);
      descriptor = services_->open_queue(ask.interface);
      return;
  }
}

Message::How Serving::serve(const ServiceMessage& ask, Channel& channel, const Patience& patience) {
  Message::How how = Message::How::arrived;
  const auto item = [&](std::uint16_t type, std::span<const std::byte> payload) {
    if (how == Message::How::arrived)
      how = channel.send(MessageType::item, encode_item(type, payload).data(), {}, patience);
  };
  DoneMessage done;
  UniqueFd descriptor;
  try {
    execute(ask, item, done, descriptor);
  } catch (const ServiceError& error) {
    done = {};
    tell(done, error);
  } catch (const Error& error) {
    done = {};
    done.error = static_cast<std::uint8_t>(error.code());
    done.message = error.message();
    done.forbidden = error.code() == ErrorCode::denied;
    if (done.forbidden && !forbidden_) forbidden_ = error;
  }
  if (how != Message::How::arrived) return how;
  gave_descriptor_ = gave_descriptor_ || descriptor;
  const std::array<int, 1> along = {descriptor.get()};
  return channel.send(MessageType::done, encode(done).data(),
                      descriptor ? std::span<const int>(along) : std::span<const int>(), patience);
}

}  // namespace netrig::driver
