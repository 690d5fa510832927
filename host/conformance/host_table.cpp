// SPDX-License-Identifier: Apache-2.0
// netrig_host, of a host that makes nothing.
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "conformance/stage.hpp"
#include "driver/file_content.hpp"

namespace netrig::conformance {
namespace {

netrig_status fail(netrig_call* call, netrig_status status, const char* message) {
  Stage& stage = Stage::of(call, "fail");
  stage.account.told = true;
  stage.account.message = message == nullptr ? "" : std::string(message, strnlen(message, NETRIG_MESSAGE_MAX));
  if (stage.account.message.empty()) stage.misdeed("calls.reason", "it calls fail without a message");
  return status;
}

std::uint32_t count(netrig_call* call, const char* name) {
  Stage& stage = Stage::of(call, "count");
  const auto given = name == nullptr ? stage.scene.request.parameters.end()
                                     : stage.scene.request.parameters.find(std::string_view(name));
  return given == stage.scene.request.parameters.end() ? 0 : static_cast<std::uint32_t>(given->second.values.size());
}

netrig_status get_bool(netrig_call* call, const char* name, std::uint32_t index, std::uint8_t* value) {
  netrig_status status = NETRIG_OK;
  if (const auto* found = Stage::of(call, "get_bool").value(name, index, {ParameterType::boolean}, status))
    *value = std::get<bool>(*found) ? 1 : 0;
  return status;
}
netrig_status get_integer(netrig_call* call, const char* name, std::uint32_t index, std::int64_t* value) {
  netrig_status status = NETRIG_OK;
  Stage& stage = Stage::of(call, "get_integer");
  const auto* found = stage.value(name, index,
                                  {ParameterType::integer, ParameterType::duration, ParameterType::rate,
                                   ParameterType::fraction, ParameterType::enumeration},
                                  status);
  if (found == nullptr) return status;
  if (const auto* number = std::get_if<std::int64_t>(found)) {
    *value = *number;
  } else {
    if (const auto* choice = stage.about.parameter(name)->choice(std::get<std::string>(*found)))
      *value = static_cast<std::int64_t>(choice->value);
  }
  return status;
}
netrig_status get_string(netrig_call* call, const char* name, std::uint32_t index, const char** value) {
  netrig_status status = NETRIG_OK;
  const auto* found =
      Stage::of(call, "get_string").value(name, index, {ParameterType::string, ParameterType::enumeration}, status);
  if (found != nullptr) *value = std::get<std::string>(*found).c_str();
  return status;
}
netrig_status get_mac(netrig_call* call, const char* name, std::uint32_t index, std::uint8_t value[6]) {
  netrig_status status = NETRIG_OK;
  if (const auto* found = Stage::of(call, "get_mac").value(name, index, {ParameterType::mac}, status)) {
    const auto& bytes = std::get<MacAddress>(*found).bytes;
    std::copy(bytes.begin(), bytes.end(), value);
  }
  return status;
}
netrig_status get_address(netrig_call* call, const char* name, std::uint32_t index, std::uint8_t value[16],
                          std::uint8_t* family, std::uint8_t* length) {
  netrig_status status = NETRIG_OK;
  const auto* found =
      Stage::of(call, "get_address").value(name, index, {ParameterType::address, ParameterType::prefix}, status);
  if (found == nullptr) return status;
  const auto& prefix = std::get<Prefix>(*found);
  std::copy(prefix.address.bytes.begin(), prefix.address.bytes.end(), value);
  *family = prefix.address.family == Family::ipv4 ? AF_INET : AF_INET6;
  *length = prefix.length;
  return status;
}
netrig_status get_reference(netrig_call* call, const char* name, std::uint32_t index, const netrig_reference** value) {
  netrig_status status = NETRIG_OK;
  Stage& stage = Stage::of(call, "get_reference");
  if (stage.value(name, index, {ParameterType::interface, ParameterType::name_space}, status) == nullptr) return status;
  const auto* found = stage.reference(name, index);
  if (found == nullptr) return NETRIG_NOT_FOUND;
  *value = found;
  return NETRIG_OK;
}
netrig_status get_bytes(netrig_call* call, const char* name, std::uint32_t index, const void** value,
                        std::uint32_t* size) {
  netrig_status status = NETRIG_OK;
  if (const auto* found = Stage::of(call, "get_bytes").value(name, index, {ParameterType::bytes}, status)) {
    const std::string& bytes = std::get<ByteString>(*found).bytes;
    *value = bytes.data();
    *size = static_cast<std::uint32_t>(bytes.size());
  }
  return status;
}
netrig_status get_file(netrig_call* call, const char* name, std::uint32_t index, std::int32_t* fd,
                       std::uint64_t* size) {
  netrig_status status = NETRIG_OK;
  Stage& stage = Stage::of(call, "get_file");
  const auto* found = stage.value(name, index, {ParameterType::file}, status);
  if (found == nullptr) return status;
  const auto& file = std::get<FileContent>(*found);
  *fd = file.fd;
  if (file.fd < 0) {  // in netrig's own process
    UniqueFd& copy = stage.files[&file];
    if (!copy) copy = sample_of(file);
    *fd = copy.get();
  }
  ::lseek(*fd, 0, SEEK_SET);
  *size = file.size;
  return NETRIG_OK;
}
netrig_status set_interface(netrig_call* call, std::uint32_t interface, std::uint32_t ifindex) {
  Stage& stage = Stage::of(call, "set_interface");
  const netrig_status status = stage.next();
  if (status != NETRIG_OK || !stage.has_interface(interface)) return status == NETRIG_OK ? NETRIG_DENIED : status;
  stage.made[interface] = true;
  stage.order(fmt::format("interface {} is {}", interface, ifindex));
  return NETRIG_OK;
}
netrig_status save_record(netrig_call* call, const void* record, std::uint32_t size) {
  Stage& stage = Stage::of(call, "save_record");
  if (size > NETRIG_RECORD_MAX || (record == nullptr && size != 0)) {
    stage.misdeed("records.size", fmt::format("it keeps a record of {} bytes", size));
    return NETRIG_INVALID;
  }
  if (const netrig_status status = stage.next(); status != NETRIG_OK) return status;
  const auto* from = static_cast<const std::byte*>(record);
  stage.account.record.assign(from, from + size);
  return NETRIG_OK;
}
netrig_status set_state(netrig_call* call, const char* name, const char* value) {
  Stage& stage = Stage::of(call, "set_state");
  if (const netrig_status status = stage.next(); status != NETRIG_OK) return status;
  if (name == nullptr || value == nullptr) return NETRIG_INVALID;
  stage.order(fmt::format("state {} = {}", name, value));
  return NETRIG_OK;
}
netrig_status last_error(netrig_call* call, netrig_error* error) {
  Stage& stage = Stage::of(call, "last_error");
  if (error == nullptr) return NETRIG_INVALID;
  if (!stage.failed()) return NETRIG_NOT_FOUND;
  error->status = stage.scene.fails_with;
  error->error_number = 0;
  error->offset = NETRIG_NONE;
  error->text = "";
  error->message = "the call was to fail";
  return NETRIG_OK;
}
std::uint32_t changed(netrig_call* call, const char* name) {
  const auto& all = Stage::of(call, "changed").scene.request.changed;
  const std::string cells = name == nullptr ? std::string() : std::string(name) + "[";
  const auto is_it = [&](const std::string& one) { return one == name || one.starts_with(cells); };
  return name != nullptr && std::any_of(all.begin(), all.end(), is_it) ? 1 : 0;
}
netrig_status set_bool(netrig_call* call, const char* name, std::uint32_t index, std::uint8_t value) {
  Stage& stage = Stage::of(call, "set_bool");
  return stage.told(name, index, {ParameterType::boolean}, fmt::format("{}", value));
}
netrig_status set_integer(netrig_call* call, const char* name, std::uint32_t index, std::int64_t value) {
  Stage& stage = Stage::of(call, "set_integer");
  return stage.told(name, index,
                    {ParameterType::integer, ParameterType::duration, ParameterType::rate, ParameterType::fraction,
                     ParameterType::enumeration},
                    fmt::format("{}", value));
}
netrig_status set_string(netrig_call* call, const char* name, std::uint32_t index, const char* value) {
  Stage& stage = Stage::of(call, "set_string");
  if (value == nullptr) return NETRIG_INVALID;
  return stage.told(name, index, {ParameterType::string, ParameterType::enumeration}, value);
}
netrig_status set_mac(netrig_call* call, const char* name, std::uint32_t index, const std::uint8_t value[6]) {
  Stage& stage = Stage::of(call, "set_mac");
  return stage.told(name, index, {ParameterType::mac}, hex(value, 6));
}
netrig_status set_address(netrig_call* call, const char* name, std::uint32_t index, const std::uint8_t value[16],
                          std::uint8_t family, std::uint8_t length) {
  Stage& stage = Stage::of(call, "set_address");
  return stage.told(name, index, {ParameterType::address, ParameterType::prefix},
                    fmt::format("{}/{}", hex(value, family == AF_INET ? 4 : 16), length));
}

netrig_status set_bytes(netrig_call* call, const char* name, std::uint32_t index, const void* value,
                        std::uint32_t size) {
  Stage& stage = Stage::of(call, "set_bytes");
  if (value == nullptr && size != 0) return NETRIG_INVALID;
  return stage.told(name, index, {ParameterType::bytes}, hex(value, size));
}

}  // namespace

void fill(netrig_host& table) {
  table.fail = fail;
  table.service = service;
  table.count = count;
  table.get_bool = get_bool;
  table.get_integer = get_integer;
  table.get_string = get_string;
  table.get_mac = get_mac;
  table.get_address = get_address;
  table.get_reference = get_reference;
  table.set_interface = set_interface;
  table.save_record = save_record;
  table.set_state = set_state;
  table.last_error = last_error;
  table.changed = changed;
  table.set_bool = set_bool;
  table.set_integer = set_integer;
  table.set_string = set_string;
  table.set_mac = set_mac;
  table.set_address = set_address;
  table.get_bytes = get_bytes;
  table.get_file = get_file;
  table.set_bytes = set_bytes;
}

}  // namespace netrig::conformance
