// SPDX-License-Identifier: Apache-2.0
#include "config/lab_schema.hpp"

#include <fmt/format.h>

#include <cmath>

#include "config/keys.hpp"
#include "model/qdisc.hpp"

namespace netrig::config {
namespace {

using tomlfile::SchemaJson;

const tomlfile::SchemaStyle kStyle = {.title = "netrig lab", .repeats = true};

std::string parameters_of(const std::string& kind) { return "parameters-of-" + kind; }

/// What one value of a parameter may be.
std::string type_of_scalar(const ParameterDeclaration& parameter) {
  const bool bounded = parameter.minimum != 0 || parameter.maximum != 0;
  switch (parameter.type) {
    case ParameterType::boolean:
      return "boolean";
    case ParameterType::integer:
      return bounded ? fmt::format("integer {}..{}", parameter.minimum, parameter.maximum) : "integer";
    case ParameterType::mac:
      return "mac";
    case ParameterType::duration:
      return "duration";
    case ParameterType::rate:
      return "rate";
    case ParameterType::fraction: {
      const auto percent = [](std::int64_t fraction) { return percent_of(static_cast<PacketShare>(fraction)); };
      return fmt::format("number {}..{}", std::floor(percent(parameter.minimum)),
                         std::ceil(percent(parameter.maximum)));
    }
    case ParameterType::enumeration: {
      std::string words;
      for (const std::string& word : parameter.choice_names())
        words += fmt::format("{}\"{}\"", words.empty() ? "" : " | ", word);
      return words;
    }
    default:
      return "string";
  }
}

SchemaJson schema_of_rows(const ParameterDeclaration& table, const DriverDescription& driver);

SchemaJson schema_of_parameter(const ParameterDeclaration& parameter, const DriverDescription& driver) {
  if (parameter.type == ParameterType::table) return schema_of_rows(parameter, driver);
  // Whoever sets it is refused.
  if (parameter.type == ParameterType::unknown)
    return {{"description", fmt::format("{} (of a type that this netrig does not know)", parameter.help)},
            {"not", SchemaJson::object()}};
  const std::string type = type_of_scalar(parameter);
  SchemaJson schema = {{"description", parameter.help}};
  if (parameter.default_text)
    schema["description"] = fmt::format("{} (default: {})", parameter.help, *parameter.default_text);
  schema.update(tomlfile::schema_of_type(parameter.list ? fmt::format("[{}]", type) : type, kStyle));
  return schema;
}

/// Of the parameters themselves, or of the columns of a table.
SchemaJson schema_of_keys(const DriverDescription& driver, std::string_view table, SchemaJson schema) {
  SchemaJson properties = SchemaJson::object();
  SchemaJson required = SchemaJson::array();
  for (const ParameterDeclaration& parameter : driver.parameters) {
    if (parameter.table() != table) continue;
    const std::string key(parameter.column());
    properties[key] = schema_of_parameter(parameter, driver);
    if (parameter.required) required.push_back(key);
  }
  if (!table.empty())
    for (const char* key : {"for", "when"}) properties[key] = SchemaJson::object();
  schema["properties"] = std::move(properties);
  if (!required.empty()) schema["required"] = std::move(required);
  schema["additionalProperties"] = false;
  return schema;
}

SchemaJson schema_of_rows(const ParameterDeclaration& table, const DriverDescription& driver) {
  SchemaJson rows = schema_of_keys(driver, table.name, {{"type", "object"}});
  return {{"description", table.help}, {"type", "array"}, {"items", std::move(rows)}};
}

SchemaJson schema_of_parameters(const DriverDescription& driver) {
  return schema_of_keys(driver, {}, {{"description", driver.summary}});
}

/// What follows where it is known which driver it is.
SchemaJson branch_of(const DriverDescription& driver) {
  SchemaJson branch = {{"properties", {{"params", tomlfile::schema_reference(parameters_of(driver.kind))}}}};
  for (const ParameterDeclaration& parameter : driver.parameters)
    if (parameter.required && parameter.table().empty()) branch["required"] = SchemaJson::array({"params"});
  return branch;
}

}  // namespace

SchemaJson lab_schema(const std::vector<std::shared_ptr<const DriverDescription>>& drivers) {
  SchemaJson schema = tomlfile::schema_of(all_keys(), kStyle);
  SchemaJson& definitions = schema["definitions"];
  if (drivers.empty()) return schema;
  SchemaJson kinds = SchemaJson::array();
  // Editors that offer keys do not look into branches: for those there is what any driver has.
  SchemaJson any = SchemaJson::object();
  for (const auto& driver : drivers) {
    kinds.push_back(driver->kind);
    definitions[parameters_of(driver->kind)] = schema_of_parameters(*driver);
    for (const ParameterDeclaration& parameter : driver->parameters)
      if (parameter.table().empty())
        any[parameter.name] = {{"description", fmt::format("{}: {}", driver->kind, parameter.help)}};
  }
  for (const auto& [section, otherwise] : {std::pair<const char*, const char*>{"device", nullptr}, {"link", "veth"}}) {
    SchemaJson& table = definitions[section];
    SchemaJson& driver = table["properties"]["driver"];
    driver.erase("type");
    driver["anyOf"] = {{{"enum", kinds}}, {{"type", "string"}, {"pattern", "\\{"}}};
    table["properties"]["params"]["properties"] = any;
    SchemaJson whole = SchemaJson::array({std::move(table)});
    for (const auto& one : drivers) {
      SchemaJson is_it = {{"properties", {{"driver", {{"const", one->kind}}}}},
                          {"required", SchemaJson::array({"driver"})}};
      whole.push_back({{"if", std::move(is_it)}, {"then", branch_of(*one)}});
      if (otherwise != nullptr && one->kind == otherwise)
        whole.push_back({{"if", {{"not", {{"required", SchemaJson::array({"driver"})}}}}}, {"then", branch_of(*one)}});
    }
    definitions[section] = {{"allOf", std::move(whole)}};
  }
  for (const auto& one : drivers)
    if (one->kind == "bridge")
      definitions["lan"]["properties"]["params"]["allOf"] =
          SchemaJson::array({tomlfile::schema_reference(parameters_of(one->kind))});
  return schema;
}

}  // namespace netrig::config
