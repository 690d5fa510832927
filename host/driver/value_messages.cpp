// SPDX-License-Identifier: Apache-2.0
#include "driver/value_messages.hpp"

#include <type_traits>

namespace netrig::driver {
namespace {

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

}  // namespace

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

namespace {

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
        else if constexpr (std::is_same_v<T, ByteString>)
          out.text(value.bytes);
        else if constexpr (std::is_same_v<T, NamespaceReference>)
          out.text(value.name.str());
        else if constexpr (std::is_same_v<T, FileContent>)
          out.text(value.path).text(value.digest).put(value.size).template put<std::uint8_t>(value.fd >= 0);
        else
          put_target(out, value);
      },
      scalar);
}
FileContent get_file(WireReader& in) {
  FileContent file;
  file.path = in.text(kMostText);
  file.digest = in.text(kMostText);
  file.size = in.get<std::uint64_t>();
  file.fd = in.flag() ? kComesAlong : -1;
  return file;
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
    case 6: {
      const auto bytes = in.bytes(kMostText);
      return ByteString{std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size())};
    }
    case 7:
      return NamespaceReference{NamespaceName(in.text(kMostText))};
    case 8:
      return get_file(in);
    default:
      WireReader::garbled();
  }
}

}  // namespace

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

}  // namespace netrig::driver
