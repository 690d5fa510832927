// SPDX-License-Identifier: Apache-2.0
#include "engine/object_json.hpp"

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

namespace netrig::engine {
namespace {

using Json = nlohmann::json;

// Values, each as JSON and back. The library converts any number to any other; a ledger holds only what fits.
template <typename T>
requires std::is_integral_v<T> &&(!std::is_same_v<T, bool>)void read(const Json& json, T& value) {
  if (!json.is_number_unsigned() || !std::in_range<T>(json.get<std::uint64_t>()))
    throw std::invalid_argument("has a number that cannot be");
  value = json.get<T>();
}
void read(const Json& json, bool& value) { value = json.get<bool>(); }
void read(const Json& json, std::string& value) { value = json.get<std::string>(); }
template <typename T>
requires std::is_enum_v<T>
void read(const Json& json, T& value) {
  std::underlying_type_t<T> number{};
  read(json, number);
  value = static_cast<T>(number);
}
template <typename T>
void parse(const Json& json, T& value) {
  const auto parsed = T::parse(json.get<std::string>());
  if (!parsed) throw std::invalid_argument("has a bad address");
  value = *parsed;
}
void read(const Json& json, IpAddress& value) { parse(json, value); }
void read(const Json& json, Prefix& value) { parse(json, value); }
void read(const Json& json, MacAddress& value) { parse(json, value); }
void read(const Json& json, NumberRange& value) {
  read(json.at(0), value.first);
  read(json.at(1), value.last);
}
void read(const Json& json, std::pair<std::uint32_t, std::uint32_t>& value) {
  read(json.at(0), value.first);
  read(json.at(1), value.second);
}
void read(const Json& json, std::vector<std::string>& value) { value = json.get<std::vector<std::string>>(); }
void read(const Json& json, std::vector<VlanRange>& value) {
  for (const Json& one : json) {
    VlanRange& range = value.emplace_back();
    read(one.at(0), range.first);
    read(one.at(1), range.last);
    read(one.at(2), range.pvid);
    read(one.at(3), range.untagged);
    if (range.first < 1 || range.last < range.first || range.last > kLastVlan)
      throw std::invalid_argument("has a VLAN that cannot be");
  }
}
template <typename T>
void read(const Json& json, std::optional<T>& value) {
  T inner{};
  read(json, inner);
  value = std::move(inner);
}
template <typename T>
void read(const Json& json, Given<T>& value) {
  T inner{};
  read(json, inner);
  value = {std::move(inner)};
}
void read(const Json& json, std::optional<InterfaceName>& value) { value = InterfaceName(json.get<std::string>()); }

template <typename T>
requires std::is_integral_v<T> Json write(T value) { return value; }
template <typename T>
requires std::is_enum_v<T> Json write(T value) { return static_cast<std::underlying_type_t<T>>(value); }
Json write(const std::string& value) { return value; }
Json write(const std::vector<std::string>& value) { return value; }
Json write(const IpAddress& value) { return value.str(); }
Json write(const Prefix& value) { return value.str(); }
Json write(const MacAddress& value) { return value.str(); }
Json write(const InterfaceName& value) { return value.str(); }
Json write(const NumberRange& value) { return Json::array({value.first, value.last}); }
Json write(const std::vector<VlanRange>& value) {
  Json list = Json::array();
  for (const VlanRange& one : value) list.push_back(Json::array({one.first, one.last, one.pvid, one.untagged}));
  return list;
}
Json write(const std::pair<std::uint32_t, std::uint32_t>& value) { return Json::array({value.first, value.second}); }

/// Members by name, in whichever direction: what is not set is not written.
class Writer {
 public:
  template <typename T>
  void operator()(std::string_view name, const T& value) {
    json_[name] = write(value);
  }
  template <typename T>
  void operator()(std::string_view name, const std::optional<T>& value) {
    if (value) json_[name] = write(*value);
  }
  template <typename T>
  void operator()(std::string_view name, const Given<T>& value) {
    if (value) json_[name] = write(*value);
  }
  void operator()(std::string_view name, const std::vector<NextHop>& value);
  Json json_ = Json::object();
};

class Reader {
 public:
  explicit Reader(const Json& json) : json_(json) {}
  template <typename T>
  void operator()(std::string_view name, T& value) const {
    if (const auto found = json_.find(name); found != json_.end()) read(*found, value);
  }
  void operator()(std::string_view name, std::vector<NextHop>& value) const;

 private:
  const Json& json_;
};

template <typename Visit>
void members(Visit&& visit, auto& hop) requires std::is_same_v<std::decay_t<decltype(hop)>, NextHop> {
  visit("via", hop.via);
  visit("dev", hop.interface);
  visit("weight", hop.weight);
  visit("onlink", hop.onlink);
}

void Writer::operator()(std::string_view name, const std::vector<NextHop>& value) {
  Json list = Json::array();
  for (const NextHop& hop : value) {
    Writer one;
    members(one, hop);
    list.push_back(std::move(one.json_));
  }
  json_[name] = std::move(list);
}

void Reader::operator()(std::string_view name, std::vector<NextHop>& value) const {
  for (const Json& one : json_.at(name)) members(Reader(one), value.emplace_back());
}

template <typename T, typename Visit>
void each_member(T& object, Visit&& visit) {
  std::decay_t<T>::each_other(object, visit);
  std::decay_t<T>::each_setting([&](std::string_view name, auto member) { visit(name, object.own().*member); });
}

}  // namespace

Json to_json(const Object& object) {
  Writer writer;
  std::visit([&](const auto& one) { each_member(one, writer); }, object);
  writer.json_["kind"] = kind_of(object);
  return std::move(writer.json_);
}

Object object_of(const Json& json) {
  const auto kind = json.at("kind").get<std::string>();
  std::optional<Object> result;
  ObjectKinds::each([&](auto tag) {
    using T = typename decltype(tag)::type;
    if (kind != T::kKind) return;
    T one;
    each_member(one, Reader(json));
    result = std::move(one);
  });
  if (!result) throw std::invalid_argument("tells of a kind of object that this netrig does not know");
  return std::move(*result);
}

}  // namespace netrig::engine
