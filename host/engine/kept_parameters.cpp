// SPDX-License-Identifier: Apache-2.0
// Parameters of a device in the ledger.
#include <algorithm>
#include <charconv>

#include "engine/record.hpp"

namespace netrig::engine {
namespace {

/// To the last digit, also where a lab file would have a unit.
std::string written(const ParameterScalar& value, ParameterType type) {
  const auto* number = std::get_if<std::int64_t>(&value);
  return number != nullptr ? std::to_string(*number) : to_text(value, type);
}

std::optional<ParameterScalar> read(const ParameterDeclaration& one, const std::string& text) {
  if (one.type == ParameterType::interface) {
    const std::size_t colon = text.find(':');
    if (colon == std::string::npos) return std::nullopt;
    return InterfaceReference{.home = NamespaceName(text.substr(0, colon)),
                              .name = InterfaceName(text.substr(colon + 1))};
  }
  if (one.type == ParameterType::integer || one.type == ParameterType::duration || one.type == ParameterType::rate) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
  }
  auto parsed = parse_parameter(one, text);
  if (auto* value = std::get_if<ParameterScalar>(&parsed)) return std::move(*value);
  return std::nullopt;
}

}  // namespace

std::vector<MadeParameter> parameters_to_keep(const Device& device) {
  std::vector<MadeParameter> kept;
  if (!device.about || !device.about->has(DriverDescription::kLooksBack)) return kept;
  for (const ParameterDeclaration& one : device.about->parameters) {
    const auto found = one.secret ? device.parameters.end() : device.parameters.find(one.name);
    if (found == device.parameters.end()) continue;
    MadeParameter& parameter = kept.emplace_back(MadeParameter{.name = one.name});
    for (const ParameterScalar& value : found->second.values) parameter.values.push_back(written(value, one.type));
  }
  return kept;
}

Parameters kept_parameters(const MadeDevice& made, const DriverDescription& about) {
  Parameters parameters;
  for (const MadeParameter& one : made.parameters) {
    const auto declaration = std::find_if(about.parameters.begin(), about.parameters.end(),
                                          [&](const auto& declared) { return declared.name == one.name; });
    if (declaration == about.parameters.end()) continue;
    ParameterValue value;
    try {
      for (const std::string& text : one.values)
        if (auto scalar = read(*declaration, text)) value.values.push_back(std::move(*scalar));
    } catch (const Error&) {
      continue;  // a name that cannot be: not what this netrig wrote
    }
    if (value.values.size() == one.values.size()) parameters.emplace(one.name, std::move(value));
  }
  return parameters;
}

}  // namespace netrig::engine
