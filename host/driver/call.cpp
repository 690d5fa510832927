// SPDX-License-Identifier: Apache-2.0
#include "driver/call.hpp"

#include <fmt/format.h>
#include <netrig/rules.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "driver/file_content.hpp"

void netrig_call::prepare(netrig::driver::Operation operation, std::uint32_t granted,
                          const std::vector<std::string>* named) {
  permission.emplace(*description, granted, operation, interfaces, references.size(), named);
  raw_interfaces.reserve(interfaces.size());
  for (const auto& interface : interfaces) {
    netrig_interface raw{};
    raw.struct_size = sizeof raw;
    raw.name = interface.name.c_str();
    raw.netns_fd = interface.netns_fd;
    raw.ifindex = interface.ifindex;
    raw.mtu = interface.mtu.value_or(0);
    raw.has_mac = interface.mac.has_value() ? 1 : 0;
    if (interface.mac) std::copy(interface.mac->bytes.begin(), interface.mac->bytes.end(), raw.mac);
    raw_interfaces.push_back(raw);
  }
  for (const auto& raw : raw_interfaces) interface_pointers.push_back(&raw);
  reference_texts.reserve(references.size());
  raw_references.reserve(references.size());
  for (std::size_t i = 0; i < references.size(); ++i) {
    const auto& reference = references[i];
    reference_texts.push_back(reference.text());
    netrig_reference raw{};
    raw.struct_size = sizeof raw;
    raw.text = reference_texts.back().c_str();
    raw.name = reference.target.name.c_str();
    raw.netns_fd = reference.netns_fd;
    raw.ifindex = reference.ifindex;
    raw.number = static_cast<std::uint32_t>(i);
    raw_references.push_back(raw);
  }
}

std::string netrig_call::clean(const char* text) const {
  if (text == nullptr) return {};
  return mask.clean({text, strnlen(text, netrig::driver::kMostHeard)});
}

namespace netrig::driver {
namespace {

/// What a driver is told that a service failed with.
netrig_status status_for(ErrorCode code, int error) {
  if (const netrig_status status = netrig_status_of(error); status != NETRIG_IO) return status;
  switch (code) {
    case ErrorCode::denied:
      return NETRIG_DENIED;
    case ErrorCode::not_found:
      return NETRIG_NOT_FOUND;
    case ErrorCode::unsupported:
      return NETRIG_UNSUPPORTED;
    case ErrorCode::conflict:
      return NETRIG_EXISTS;
    case ErrorCode::invalid:
      return NETRIG_INVALID;
    case ErrorCode::interrupted:
      return NETRIG_TIMEOUT;
    default:
      return NETRIG_IO;
  }
}

netrig_status fail(netrig_call* call, netrig_status status, const char* message) {
  return callback(call, [&] {
    call->status = status;
    call->message = call->clean(message);
    return status;
  });
}

const void* service(netrig_call* call, const char* id) {
  return call->services == nullptr || id == nullptr ? nullptr : find_service(id);
}

const ParameterDeclaration* declared(const netrig_call* call, const char* name) {
  return name == nullptr ? nullptr : call->description->parameter(name);
}

std::uint32_t count(netrig_call* call, const char* name) {
  if (call->parameters == nullptr || name == nullptr) return 0;
  const auto found = call->parameters->find(std::string_view(name));
  return found == call->parameters->end() ? 0 : static_cast<std::uint32_t>(found->second.values.size());
}

/// The value, after checks that are the same for every type. `status` says why there is none.
const ParameterScalar* value_of(netrig_call* call, const char* name, std::uint32_t index,
                                std::initializer_list<ParameterType> types, netrig_status& status) {
  const ParameterDeclaration* declaration = declared(call, name);
  const bool fits = declaration != nullptr && std::find(types.begin(), types.end(), declaration->type) != types.end();
  status = fits ? NETRIG_NOT_FOUND : NETRIG_INVALID;
  if (!fits || index >= count(call, name)) return nullptr;
  status = NETRIG_OK;
  return &call->parameters->find(std::string_view(name))->second.values[index];
}

netrig_status get_bool(netrig_call* call, const char* name, std::uint32_t index, std::uint8_t* value) {
  netrig_status status = NETRIG_OK;
  if (const auto* scalar = value_of(call, name, index, {ParameterType::boolean}, status))
    *value = std::get<bool>(*scalar) ? 1 : 0;
  return status;
}

netrig_status get_integer(netrig_call* call, const char* name, std::uint32_t index, std::int64_t* value) {
  netrig_status status = NETRIG_OK;
  const auto* scalar = value_of(call, name, index,
                                {ParameterType::integer, ParameterType::duration, ParameterType::rate,
                                 ParameterType::fraction, ParameterType::enumeration},
                                status);
  if (scalar == nullptr) return status;
  if (const auto* text = std::get_if<std::string>(scalar)) {
    *value = static_cast<std::int64_t>(declared(call, name)->choice(*text)->value);
  } else {
    *value = std::get<std::int64_t>(*scalar);
  }
  return status;
}

netrig_status get_string(netrig_call* call, const char* name, std::uint32_t index, const char** value) {
  netrig_status status = NETRIG_OK;
  if (const auto* scalar = value_of(call, name, index, {ParameterType::string, ParameterType::enumeration}, status))
    *value = std::get<std::string>(*scalar).c_str();
  return status;
}

netrig_status get_mac(netrig_call* call, const char* name, std::uint32_t index, std::uint8_t value[6]) {
  netrig_status status = NETRIG_OK;
  if (const auto* scalar = value_of(call, name, index, {ParameterType::mac}, status)) {
    const auto& bytes = std::get<MacAddress>(*scalar).bytes;
    std::copy(bytes.begin(), bytes.end(), value);
  }
  return status;
}

netrig_status get_address(netrig_call* call, const char* name, std::uint32_t index, std::uint8_t value[16],
                          std::uint8_t* family, std::uint8_t* prefix_length) {
  netrig_status status = NETRIG_OK;
  if (const auto* scalar = value_of(call, name, index, {ParameterType::address, ParameterType::prefix}, status)) {
    const auto& prefix = std::get<Prefix>(*scalar);
    std::copy(prefix.address.bytes.begin(), prefix.address.bytes.end(), value);
    *family = prefix.address.family == Family::ipv4 ? AF_INET : AF_INET6;
    *prefix_length = prefix.length;
  }
  return status;
}

netrig_status get_reference(netrig_call* call, const char* name, std::uint32_t index, const netrig_reference** value) {
  netrig_status status = NETRIG_OK;
  if (value_of(call, name, index, {ParameterType::interface, ParameterType::name_space}, status) == nullptr)
    return status;
  for (std::size_t i = 0; i < call->references.size(); ++i)
    if (call->references[i].parameter == name && call->references[i].index == index) {
      *value = &call->raw_references[i];
      return NETRIG_OK;
    }
  return NETRIG_NOT_FOUND;
}

netrig_status get_bytes(netrig_call* call, const char* name, std::uint32_t index, const void** value,
                        std::uint32_t* size) {
  netrig_status status = NETRIG_OK;
  if (const auto* scalar = value_of(call, name, index, {ParameterType::bytes}, status)) {
    const std::string& bytes = std::get<ByteString>(*scalar).bytes;
    *value = bytes.data();
    *size = static_cast<std::uint32_t>(bytes.size());
  }
  return status;
}

netrig_status get_file(netrig_call* call, const char* name, std::uint32_t index, std::int32_t* fd,
                       std::uint64_t* size) {
  netrig_status status = NETRIG_OK;
  const auto* scalar = value_of(call, name, index, {ParameterType::file}, status);
  if (scalar == nullptr) return status;
  return callback(call, [&] {
    const auto& file = std::get<FileContent>(*scalar);
    int found = file.fd;
    if (found < 0 && file.text) {
      UniqueFd& copy = call->files[&file];
      if (!copy) copy = sealed_copy(*file.text);
      found = copy.get();
    }
    if (found < 0) return NETRIG_NOT_FOUND;
    ::lseek(found, 0, SEEK_SET);
    *fd = found;
    *size = file.size;
    return NETRIG_OK;
  });
}

netrig_status set_interface(netrig_call* call, std::uint32_t interface, std::uint32_t ifindex) {
  return callback(call, [&] {
    call->permission->admit_made(interface, ifindex);
    call->made.emplace_back(interface, ifindex);
    return NETRIG_OK;
  });
}

netrig_status save_record(netrig_call* call, const void* record, std::uint32_t size) {
  return service_call(call, [&] {
    if (size > NETRIG_RECORD_MAX || (record == nullptr && size != 0))
      throw ServiceError(ErrorCode::invalid, fmt::format("a record of {} bytes", size));
    call->permission->check_record();
    const auto* from = static_cast<const std::byte*>(record);
    call->services->save_record(Bytes(from, from + size));
    return NETRIG_OK;
  });
}

netrig_status last_error(netrig_call* call, netrig_error* error) {
  if (error == nullptr || !NETRIG_HAS(error, message)) return NETRIG_INVALID;
  if (!call->last) return NETRIG_NOT_FOUND;
  const LastError& last = *call->last;
  error->struct_size = std::min(error->struct_size, static_cast<std::uint32_t>(sizeof *error));
  error->status = last.status;
  error->error_number = last.kernel.error;
  error->offset = last.kernel.offset;
  error->text = last.kernel.text.c_str();
  error->message = last.message.c_str();
  return NETRIG_OK;
}

std::uint32_t changed(netrig_call* call, const char* parameter) {
  if (parameter == nullptr || call->changed == nullptr) return 0;
  // A table differs where any of its cells does.
  const std::string cells = std::string(parameter) + "[";
  const auto is_it = [&](const std::string& one) { return one == parameter || one.starts_with(cells); };
  return std::any_of(call->changed->begin(), call->changed->end(), is_it) ? 1 : 0;
}

netrig_status set_state(netrig_call* call, const char* name, const char* value) {
  return callback(call, [&] {
    if (name == nullptr || value == nullptr || call->state.size() == kMostStates) return NETRIG_INVALID;
    call->state.emplace_back(call->clean(name), call->clean(value));
    return NETRIG_OK;
  });
}

}  // namespace

netrig_status note_failure(netrig_call* call) noexcept {
  try {
    throw;
  } catch (const Error& error) {
    const auto* of_service = dynamic_cast<const ServiceError*>(&error);
    LastError last{.code = error.code(),
                   .message = error.message(),
                   .kernel = of_service == nullptr ? KernelWords{} : of_service->kernel()};
    const bool late = error.code() == ErrorCode::failed && last.kernel.error == 0 && Clock::now() >= call->deadline;
    last.status = late ? NETRIG_TIMEOUT : status_for(error.code(), last.kernel.error);
    call->interrupted = call->interrupted || error.code() == ErrorCode::interrupted;
    // What the host does not permit, and a host that cannot be spoken with, no driver can handle.
    const bool decides =
        of_service == nullptr &&
        (error.code() == ErrorCode::denied || error.code() == ErrorCode::driver || error.code() == ErrorCode::internal);
    if (decides && !call->failure) call->failure = std::current_exception();
    call->last = std::move(last);
    return call->last->status;
  } catch (...) {
    if (!call->failure) call->failure = std::current_exception();
    return NETRIG_INTERNAL;
  }
}

const netrig_host& host_table() {
  static constexpr netrig_host kTable = {
      .struct_size = sizeof(netrig_host),
      .abi_major = NETRIG_ABI_MAJOR,
      .abi_minor = NETRIG_ABI_MINOR,
      .fail = fail,
      .service = service,
      .count = count,
      .get_bool = get_bool,
      .get_integer = get_integer,
      .get_string = get_string,
      .get_mac = get_mac,
      .get_address = get_address,
      .get_reference = get_reference,
      .set_interface = set_interface,
      .save_record = save_record,
      .set_state = set_state,
      .last_error = last_error,
      .changed = changed,
      .set_bool = tell_bool,
      .set_integer = tell_integer,
      .set_string = tell_string,
      .set_mac = tell_mac,
      .set_address = tell_address,
      .get_bytes = get_bytes,
      .get_file = get_file,
      .set_bytes = tell_bytes,
  };
  return kTable;
}

}  // namespace netrig::driver
