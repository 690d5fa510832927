// SPDX-License-Identifier: Apache-2.0
// A device's params, checked against what its driver declares.
#include <fmt/format.h>

#include <algorithm>

#include "config/parts.hpp"

namespace netrig::config {
namespace {

/// What a message may show of a value.
std::string shown(const ParameterDeclaration& declaration, std::string_view text) {
  return declaration.secret ? "(secret)" : fmt::format("\"{}\"", text);
}

ParameterScalar read_scalar(const ParameterDeclaration& declaration, const toml::node& node, const Context& context) {
  const Position where = position_of(node);
  const auto fail_with = [&](const std::string& value, const ParameterFault& fault) {
    context.fail(where, fmt::format("parameter {} = {} {}", declaration.name, value, fault.message));
  };
  const bool is_boolean = declaration.type == ParameterType::boolean;
  const bool is_integer = declaration.type == ParameterType::integer;
  if (const auto* value = node.as_boolean(); value != nullptr && is_boolean) return value->get();
  if (const auto* value = node.as_integer(); value != nullptr && is_integer) {
    ParameterScalar scalar = value->get();
    if (const auto fault = range_fault(declaration, scalar))
      fail_with(declaration.secret ? "(secret)" : fmt::format("{}", value->get()), *fault);
    return scalar;
  }
  // Inside a repeat a number or a boolean may be computed, which only a string can be.
  const bool takes_string = (!is_boolean && !is_integer) || context.computes(node);
  const auto* text = node.as_string();
  if (text == nullptr || !takes_string) {
    ParameterDeclaration one = declaration;
    one.list = false;
    const char* how = is_boolean   ? "true or false without quotes"
                      : is_integer ? "a number without quotes"
                                   : "a string in quotes";
    context.fail(where, fmt::format("parameter {} is {}; it is of type {}: write {}", declaration.name, type_of(node),
                                    type_name(one), how));
  }
  const Text expanded = context.expanded(node);
  auto parsed = parse_parameter(declaration, expanded.value);
  if (const auto* fault = std::get_if<ParameterFault>(&parsed)) fail_with(shown(declaration, expanded.value), *fault);
  if (is_boolean || is_integer) context.read_as(node, to_text(std::get<ParameterScalar>(parsed), declaration.type));
  return std::get<ParameterScalar>(std::move(parsed));
}

ParameterValue read_value(const ParameterDeclaration& declaration, const toml::node& node, const Context& context) {
  ParameterValue value{.where = position_of(node)};
  if (!declaration.list) {
    value.values.push_back(read_scalar(declaration, node, context));
    return value;
  }
  const auto* list = context.resolved(node).as_array();
  if (list == nullptr)
    context.fail(value.where,
                 fmt::format("parameter {} is {}; write a list: [ ... ]", declaration.name, type_of(node)));
  for_each_element(*list, context, [&](const toml::node& element, const Context& inside) {
    value.values.push_back(read_scalar(declaration, element, inside));
  });
  return value;
}

}  // namespace

Parameters read_parameters(const toml::table* given, Position device, const DriverDescription& driver,
                           const Context& context) {
  Parameters parameters;
  if (given != nullptr)
    for (const auto& [key, node] : in_file_order(*given)) {
      const auto found =
          std::find_if(driver.parameters.begin(), driver.parameters.end(),
                       [&, &name = key](const auto& declaration) { return declaration.name == name->str(); });
      if (found == driver.parameters.end()) {
        std::vector<std::string> names;
        for (const auto& declaration : driver.parameters) names.push_back(declaration.name);
        const auto hint = closest(key->str(), names);
        context.fail(position_of(*key),
                     fmt::format("unknown parameter \"{}\" of driver {}; {}", key->str(), driver.kind,
                                 hint ? fmt::format("did you mean \"{}\"?", *hint)
                                      : fmt::format("see \"netrig drivers show {}\"", driver.kind)));
      }
      parameters.emplace(found->name, read_value(*found, *node, context));
    }
  for (const ParameterDeclaration& declaration : driver.parameters) {
    if (parameters.contains(declaration.name)) continue;
    if (declaration.required)
      context.fail(device,
                   fmt::format("driver {} needs parameter {} ({})", driver.kind, declaration.name, declaration.help));
    if (!declaration.default_text) continue;
    // The loader has checked that the default parses.
    parameters.emplace(
        declaration.name,
        ParameterValue{.values = {std::get<ParameterScalar>(parse_parameter(declaration, *declaration.default_text))},
                       .where = device});
  }
  return parameters;
}

}  // namespace netrig::config
