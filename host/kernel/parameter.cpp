// SPDX-License-Identifier: Apache-2.0
#include "kernel/parameter.hpp"

#include <linux/if_link.h>
#include <linux/netlink.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

#include "kernel/message.hpp"

namespace netrig::kernel {
namespace {

using Bytes = std::vector<std::byte>;

void append(Bytes& to, const void* from, std::size_t size) {
  const auto* bytes = static_cast<const std::byte*>(from);
  to.insert(to.end(), bytes, bytes + size);
}

void append_attribute(Bytes& to, std::uint16_t type, std::span<const std::byte> value) {
  nlattr header{};
  header.nla_len = static_cast<std::uint16_t>(sizeof header + value.size());
  header.nla_type = type;
  append(to, &header, sizeof header);
  append(to, value.data(), value.size());
  to.resize(NLA_ALIGN(to.size()));
}

std::size_t size_of(Encoding encoding) {
  switch (encoding) {
    case Encoding::u8:
      return 1;
    case Encoding::u16:
    case Encoding::be16:
      return 2;
    case Encoding::u64:
    case Encoding::be64:
    case Encoding::masked32:
      return 8;
    case Encoding::mac:
      return 6;
    case Encoding::in6:
      return 16;
    case Encoding::nothing:
    case Encoding::flag:
    case Encoding::text:
    case Encoding::ip:
      return 0;
    default:
      return 4;
  }
}

bool is_big_endian(Encoding encoding) {
  return encoding == Encoding::be16 || encoding == Encoding::be32 || encoding == Encoding::be64;
}

/// The least bytes of a number, in the order that the encoding wants.
Bytes number_bytes(std::uint64_t number, std::size_t size, bool big_endian) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) {
    const bool first_is_least = (std::endian::native == std::endian::little) != big_endian;
    bytes[first_is_least ? i : size - 1 - i] = static_cast<std::byte>(number >> (8 * i) & 0xff);
  }
  return bytes;
}
std::uint64_t number_of(std::span<const std::byte> bytes, bool big_endian) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const bool first_is_least = (std::endian::native == std::endian::little) != big_endian;
    number |= std::to_integer<std::uint64_t>(bytes[first_is_least ? i : bytes.size() - 1 - i]) << (8 * i);
  }
  return number;
}

/// A value as the kernel's number, without its place among shared bits.
std::uint64_t kernel_number(const ParameterDeclaration& one, const ParameterScalar& value) {
  if (const auto* word = std::get_if<std::string>(&value)) return one.choice(*word)->value;
  if (const auto* on = std::get_if<bool>(&value)) return *on ? 1 : 0;
  return static_cast<std::uint64_t>(std::get<std::int64_t>(value) / static_cast<std::int64_t>(one.kernel.scale));
}

/// The bits that a value has in its attribute.
std::uint64_t bits_of(const ParameterDeclaration& one, const ParameterScalar& value) {
  const std::uint64_t number = kernel_number(one, value);
  if (one.kernel.mask == 0) return number;
  if (one.type == ParameterType::boolean) return number != 0 ? one.kernel.mask : 0;
  return number << std::countr_zero(one.kernel.mask) & one.kernel.mask;
}

template <typename Number>
std::optional<ParameterScalar> scaled(Number number, std::uint64_t scale) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(number, scale, &product)) return std::nullopt;
  return product;
}

std::optional<ParameterScalar> value_of(const ParameterDeclaration& one, std::uint64_t bits) {
  std::uint64_t number = bits;
  if (one.kernel.mask != 0) number = (bits & one.kernel.mask) >> std::countr_zero(one.kernel.mask);
  if (one.type == ParameterType::boolean) return number != 0;
  if (one.type == ParameterType::enumeration) {
    for (const ParameterChoice& choice : one.choices)
      if (choice.value == number) return choice.name;
    return std::nullopt;  // newer than the driver
  }
  if (one.kernel.encoding == Encoding::s32) return scaled(static_cast<std::int32_t>(number), one.kernel.scale);
  return scaled(number, one.kernel.scale);
}

/// One value that is no number.
Bytes bytes_of(const ParameterDeclaration& one, const ParameterScalar& value, const IfindexOfReference& ifindex_of) {
  Bytes bytes;
  switch (one.kernel.encoding) {
    case Encoding::text: {
      const auto& text = std::get<std::string>(value);
      append(bytes, text.c_str(), text.size() + 1);
      break;
    }
    case Encoding::mac:
      append(bytes, std::get<MacAddress>(value).bytes.data(), size_of(Encoding::mac));
      break;
    case Encoding::in4:
    case Encoding::in6:
    case Encoding::ip: {
      const IpAddress& address = std::get<Prefix>(value).address;
      append(bytes, address.bytes.data(), address.size());
      break;
    }
    case Encoding::ifindex: {
      const std::uint32_t ifindex = ifindex_of(std::get<InterfaceReference>(value));
      append(bytes, &ifindex, sizeof ifindex);
      break;
    }
    case Encoding::flag:
    case Encoding::nothing:
      break;
    default:
      return number_bytes(bits_of(one, value), size_of(one.kernel.encoding), is_big_endian(one.kernel.encoding));
  }
  return bytes;
}

std::optional<ParameterScalar> scalar_of(const ParameterDeclaration& one, std::span<const std::byte> bytes) {
  const Encoding as = one.kernel.encoding;
  const auto address = [&](Family family, std::size_t size) -> std::optional<ParameterScalar> {
    if (bytes.size() < size) return std::nullopt;
    Prefix prefix;
    prefix.address.family = family;
    std::memcpy(prefix.address.bytes.data(), bytes.data(), size);
    prefix.length = prefix.address.bits();
    return prefix;
  };
  switch (as) {
    case Encoding::flag:
      return true;
    case Encoding::text: {
      const auto* text = reinterpret_cast<const char*>(bytes.data());
      return std::string(text, bytes.empty() ? 0 : ::strnlen(text, bytes.size()));
    }
    case Encoding::mac: {
      MacAddress mac;
      if (bytes.size() < mac.bytes.size()) return std::nullopt;
      std::memcpy(mac.bytes.data(), bytes.data(), mac.bytes.size());
      return mac;
    }
    case Encoding::in4:
      return address(Family::ipv4, 4);
    case Encoding::in6:
      return address(Family::ipv6, 16);
    case Encoding::nothing:
    case Encoding::ip:
    case Encoding::ifindex:
      return std::nullopt;
    default:
      break;
  }
  const std::size_t size = as == Encoding::masked32 ? 4 : size_of(as);
  if (bytes.size() < size) return std::nullopt;
  return value_of(one, number_of(bytes.first(size), is_big_endian(as)));
}

/// An attribute under construction: its number, and what several parameters say of it together.
struct Shared {
  std::uint16_t attribute = 0;
  Encoding encoding = Encoding::nothing;
  std::uint64_t bits = 0;
  std::uint64_t mask = 0;
};

Shared& shared(std::vector<Shared>& all, std::uint16_t attribute, Encoding encoding) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Shared& one) { return one.attribute == attribute; });
  return found != all.end() ? *found : all.emplace_back(Shared{.attribute = attribute, .encoding = encoding});
}

void append_list(Bytes& out, const LinkParameter& list) {
  const ParameterDeclaration& one = *list.declaration;
  Bytes nest;
  for (std::size_t i = 0; i < list.values.size(); ++i)
    append_attribute(nest,
                     one.kernel.element == KernelPlace::kCounted ? static_cast<std::uint16_t>(i) : one.kernel.element,
                     bytes_of(one, list.values[i], {}));
  append_attribute(out, one.kernel.attribute | NLA_F_NESTED, nest);
}

}  // namespace

std::vector<std::byte> encode(const std::vector<LinkParameter>& parameters, std::uint16_t place,
                              const IfindexOfReference& ifindex_of) {
  Bytes out;
  std::vector<Shared> numbers;
  for (const LinkParameter& parameter : parameters) {
    const ParameterDeclaration& one = *parameter.declaration;
    const KernelPlace& kernel = one.kernel;
    if ((kernel.places & place) == 0) continue;
    // What a link is made on, or in, stands beside its attributes.
    if (place != KernelPlace::kData && kernel.encoding == Encoding::ifindex) continue;
    if (kernel.encoding == Encoding::name_space) continue;
    if (!parameter.is_told()) continue;
    if (kernel.also_attribute != 0) {
      // What goes along says that there is a value; of a list, also that there is none any more.
      const auto unset = one.list ? std::nullopt : one.unset();
      Shared& along = shared(numbers, kernel.also_attribute, kernel.also_encoding);
      if (!unset || !agrees(one, *unset, parameter.values)) along.bits |= kernel.also_value;
    }
    if (one.list) {
      append_list(out, parameter);
      continue;
    }
    const ParameterScalar& value = parameter.values.front();
    if (kernel.mask != 0) {
      Shared& number = shared(numbers, kernel.attribute, kernel.encoding);
      number.bits |= bits_of(one, value);
      number.mask |= kernel.mask;
    } else if (kernel.encoding != Encoding::flag) {
      const bool second = kernel.encoding == Encoding::ip && std::get<Prefix>(value).address.family == Family::ipv6;
      append_attribute(out, second ? kernel.attribute6 : kernel.attribute, bytes_of(one, value, ifindex_of));
    } else if (std::get<bool>(value)) {
      append_attribute(out, kernel.attribute, {});
    }
  }
  for (const Shared& one : numbers) {
    if (one.encoding != Encoding::masked32) {
      append_attribute(out, one.attribute, number_bytes(one.bits, size_of(one.encoding), is_big_endian(one.encoding)));
      continue;
    }
    Bytes both = number_bytes(one.bits, 4, false);
    const Bytes mask = number_bytes(one.mask, 4, false);
    both.insert(both.end(), mask.begin(), mask.end());
    append_attribute(out, one.attribute, both);
  }
  return out;
}

namespace {

/// The attributes of a nest, by number; of several the last.
struct Told {
  explicit Told(std::span<const std::byte> attributes) {
    for_each_attribute(attributes, [&](const Attribute& one) { all.emplace_back(one.type, one.value); });
  }
  [[nodiscard]] std::optional<std::span<const std::byte>> find(std::uint16_t type) const {
    for (auto one = all.rbegin(); one != all.rend(); ++one)
      if (one->first == type) return one->second;
    return std::nullopt;
  }
  std::vector<std::pair<std::uint16_t, std::span<const std::byte>>> all;
};

std::optional<std::vector<ParameterScalar>> values_of(const ParameterDeclaration& one, const Told& told) {
  const KernelPlace& kernel = one.kernel;
  auto bytes = told.find(kernel.attribute);
  if (kernel.encoding == Encoding::ip) {
    const auto second = told.find(kernel.attribute6);
    if (!bytes && !second) return one.unset();
    ParameterDeclaration plain = one;
    plain.kernel.encoding = second ? Encoding::in6 : Encoding::in4;
    const auto value = scalar_of(plain, second ? *second : *bytes);
    return value ? std::optional(std::vector{*value}) : std::nullopt;
  }
  if (!bytes) return one.unset();
  if (!one.list) {
    const auto value = scalar_of(one, *bytes);
    return value ? std::optional(std::vector{*value}) : std::nullopt;
  }
  std::vector<ParameterScalar> values;
  for_each_attribute(*bytes, [&](const Attribute& element) {
    if (kernel.element != KernelPlace::kCounted && element.type != kernel.element) return;
    if (auto value = scalar_of(one, element.value)) values.push_back(std::move(*value));
  });
  return values;
}

}  // namespace

std::vector<LinkParameter> decode(const std::shared_ptr<const DriverDescription>& about,
                                  std::span<const std::byte> attributes) {
  const Told link(attributes);
  const Told info(link.find(IFLA_LINKINFO).value_or(std::span<const std::byte>{}));
  const Told data(info.find(IFLA_INFO_DATA).value_or(std::span<const std::byte>{}));
  std::vector<LinkParameter> parameters;
  for (const ParameterDeclaration& one : about->parameters) {
    if (!one.is_seen()) continue;
    auto values = values_of(one, (one.kernel.places & KernelPlace::kData) != 0 ? data : link);
    parameters.push_back({.declaration = {about, &one}, .values = {}});
    if (values) parameters.back().values = std::move(*values);
  }
  return parameters;
}

}  // namespace netrig::kernel
