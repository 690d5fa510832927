// SPDX-License-Identifier: Apache-2.0
// Parameters of a device in the ledger.
#include <fmt/format.h>

#include <charconv>
#include <sstream>

#include "engine/record.hpp"

namespace netrig::engine {
namespace {

/// To the last digit, also where a lab file would have a unit.
std::string written(const ParameterScalar& value, ParameterType type) {
  // Of a file what it holds is not kept.
  if (const auto* file = std::get_if<FileContent>(&value))
    return fmt::format("{} {} {}", file->digest, file->size, file->path);
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
  if (one.type == ParameterType::file) {
    FileContent file;
    std::istringstream in(text);
    if (!(in >> file.digest >> file.size && in.get() == ' ' && std::getline(in, file.path))) return std::nullopt;
    return file;
  }
  if (is_count(one.type) || one.type == ParameterType::table) {
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
  for (const auto& [name, given] : device.parameters) {
    const ParameterDeclaration* one = device.about->parameter(name);
    if (one == nullptr || is_secret(*one, *device.about)) continue;
    MadeParameter& parameter = kept.emplace_back(MadeParameter{.name = name});
    for (const ParameterScalar& value : given.values) parameter.values.push_back(written(value, one->type));
  }
  return kept;
}

Parameters kept_parameters(const MadeDevice& made, const DriverDescription& about) {
  Parameters parameters;
  for (const MadeParameter& one : made.parameters) {
    const ParameterDeclaration* declaration = about.parameter(one.name);
    if (declaration == nullptr) continue;
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
