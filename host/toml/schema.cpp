// SPDX-License-Identifier: Apache-2.0
#include "toml/schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>
#include <set>
#include <stdexcept>

namespace netrig::tomlfile {
namespace {

/// Where braces are, a value is computed.
constexpr std::string_view kBraces = "\\{";

/// As parse_duration(), parse_rate() and so on read them.
const std::map<std::string_view, SchemaJson>& known_types() {
  static const std::map<std::string_view, SchemaJson> kTypes = {
      {"string", {{"type", "string"}}},
      {"boolean", {{"type", "boolean"}}},
      {"integer", {{"type", "integer"}}},
      {"number", {{"type", "number"}}},
      {"any", SchemaJson::object()},
      {"duration", {{"type", "string"}, {"pattern", "^[0-9.]+(ns|us|ms|s|m|h)$"}}},
      {"rate", {{"type", "string"}, {"pattern", "^[0-9.]+([KkMmGgTt]|[KkMG]i)?bit$"}}},
      {"named_grant", {{"type", "string"}, {"pattern", "^(genl:[!#-~]{1,15}|sysfs:[!#-.0-~][!#-~]{0,254})$"}}},
      {"size", {{"type", "string"}, {"pattern", "^[0-9]+([KMG]iB)?$"}}},
      {"mac", {{"type", "string"}, {"pattern", "^[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}$"}}}};
  return kTypes;
}

/// Several types as one schema. Every keyword is about values of one type alone, so they stand side by side; with
/// "anyOf" an editor could only say that something within a table is wrong, and not which key.
class Merged {
 public:
  void add(const SchemaJson& one) {
    if (one.empty()) any_ = true;
    for (const auto& [keyword, value] : one.items())
      if (keyword == "type")
        add_type(value, one);
      else if (keyword != "pattern")
        schema_[keyword] = value;
  }
  void add_word(std::string word) { words_.push_back(std::move(word)); }
  /// A table of a list that stands for as many as its `for` says.
  void add_element() {
    if (!schema_.contains("allOf"))
      add({{"type", "object"}, {"allOf", SchemaJson::array({schema_reference("element")})}});
  }
  void add_braces() {
    if (!any_) add_type("string", {{"pattern", kBraces}});
  }
  SchemaJson take() {
    if (any_) return SchemaJson::object();
    SchemaJson merged = SchemaJson::object();
    if (types_.size() == 1) merged["type"] = types_.front();
    if (types_.size() > 1) merged["type"] = types_;
    if (!any_string_ && !pattern_.empty()) merged["pattern"] = pattern_;
    merged.update(schema_);
    if (words_.empty()) return merged;
    if (merged.empty()) return {{"enum", std::move(words_)}};
    return {{"anyOf", SchemaJson::array({{{"enum", std::move(words_)}}, std::move(merged)})}};
  }

 private:
  void add_type(const std::string& type, const SchemaJson& one) {
    if (std::find(types_.begin(), types_.end(), type) == types_.end()) types_.push_back(type);
    if (type != "string") return;
    if (!one.contains("pattern"))
      any_string_ = true;
    else
      pattern_ += (pattern_.empty() ? "" : "|") + one["pattern"].get<std::string>();
  }

  std::vector<std::string> types_;
  std::string pattern_;
  bool any_string_ = false;
  bool any_ = false;
  SchemaJson schema_ = SchemaJson::object();
  SchemaJson words_ = SchemaJson::array();
};

/// Reads a type.
class TypeReader {
 public:
  TypeReader(std::string_view text, const SchemaStyle& style, std::set<std::string>& sections,
             std::set<std::string>& elements)
      : text_(text), rest_(text), style_(style), sections_(sections), elements_(elements) {}

  SchemaJson read() {
    SchemaJson schema = either(false);
    if (!rest_.empty()) fail();
    return schema;
  }

 private:
  [[noreturn]] void fail() const { throw std::logic_error(fmt::format("\"{}\" is no type of a key", text_)); }

  bool take(std::string_view what) {
    if (!rest_.starts_with(what)) return false;
    rest_.remove_prefix(what.size());
    return true;
  }

  std::string_view word() {
    const std::size_t end = std::min(rest_.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), rest_.size());
    if (end == 0) fail();
    const std::string_view found = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return found;
  }

  std::int64_t number() {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc{}) fail();
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }

  SchemaJson either(bool element) {
    Merged merged;
    do {
      if (rest_.starts_with('"')) {
        const std::size_t end = rest_.find('"', 1);
        if (end == std::string_view::npos) fail();
        merged.add_word(std::string(rest_.substr(1, end - 1)));
        rest_.remove_prefix(end + 1);
      } else {
        merged.add(one(element));
      }
    } while (take(" | "));
    if (style_.repeats && element) merged.add_element();
    if (style_.repeats) merged.add_braces();
    return merged.take();
  }

  SchemaJson one(bool element) {
    if (take("[")) {
      SchemaJson items = either(true);
      if (!take("]")) fail();
      return {{"type", "array"}, {"items", std::move(items)}};
    }
    if (take("{")) {
      SchemaJson values = either(false);
      if (!take("}")) fail();
      SchemaJson table = {{"type", "object"}};
      if (!values.empty()) table["additionalProperties"] = std::move(values);
      return table;
    }
    const std::string_view name = word();
    const auto known = known_types().find(name);
    if (known == known_types().end()) {
      sections_.emplace(name);
      if (element) elements_.emplace(name);
      return {{"type", "object"}, {"allOf", SchemaJson::array({schema_reference(name)})}};
    }
    SchemaJson schema = known->second;
    const bool has_range = rest_.size() > 1 && rest_[0] == ' ' &&
                           (std::isdigit(static_cast<unsigned char>(rest_[1])) != 0 || rest_[1] == '-');
    if ((name == "integer" || name == "number") && has_range) {
      take(" ");
      schema["minimum"] = number();
      if (!take("..")) fail();
      if (!rest_.empty() && (std::isdigit(static_cast<unsigned char>(rest_[0])) != 0 || rest_[0] == '-'))
        schema["maximum"] = number();
    }
    return schema;
  }

  std::string_view text_;
  std::string_view rest_;
  const SchemaStyle& style_;
  std::set<std::string>& sections_;  ///< that were named
  std::set<std::string>& elements_;  ///< of lists
};

constexpr std::string_view kRequired = "required ";

/// What holds of tables alone: what else may stand in their place is said where they are named.
SchemaJson definition_of(const Section& section, const SchemaStyle& style, std::set<std::string>& named,
                         std::set<std::string>& elements) {
  SchemaJson properties = SchemaJson::object();
  SchemaJson required = SchemaJson::array();
  for (const Key& key : section.keys()) {
    if (key.type == "refused") continue;
    const bool is_required = key.type.starts_with(kRequired);
    if (is_required) required.push_back(std::string(key.name));
    SchemaJson described = {{"description", std::string(key.help)}};
    described.update(
        TypeReader(is_required ? key.type.substr(kRequired.size()) : key.type, style, named, elements).read());
    properties[std::string(key.name)] = std::move(described);
  }
  SchemaJson definition = {{"properties", std::move(properties)}};
  if (!required.empty()) definition["required"] = std::move(required);
  definition["additionalProperties"] = false;
  return definition;
}

/// For those that are elements of lists.
void add_loop(SchemaJson& definition) {
  SchemaJson& properties = definition["properties"];
  if (properties.contains("for")) return;  // the file says it all
  properties["for"] = {{"description", "Variables: it stands for as many as their ranges and lists have values"},
                       {"type", "object"},
                       {"additionalProperties", {{"type", SchemaJson::array({"string", "array"})}}}};
  properties["when"] = {{"description", "A comparison; where it does not hold there is none"}};
  // { for = ..., value = X } stands for X.
  if (properties.contains("value") || !definition.contains("required")) return;
  properties["value"] = {{"description", "What stands for as many, beside \"for\" alone"}};
  definition["if"] = {{"not", {{"required", SchemaJson::array({"value"})}}}};
  definition["then"] = {{"required", std::move(definition["required"])}};
  definition.erase("required");
}

}  // namespace

SchemaJson schema_reference(std::string_view definition) {
  return {{"$ref", fmt::format("#/definitions/{}", definition)}};
}

SchemaJson schema_of_type(std::string_view type, const SchemaStyle& style) {
  std::set<std::string> named;
  std::set<std::string> elements;
  SchemaJson schema = TypeReader(type, style, named, elements).read();
  if (!named.empty()) throw std::logic_error(fmt::format("\"{}\" names a section", type));
  return schema;
}

SchemaJson schema_of(const std::vector<const Section*>& sections, const SchemaStyle& style) {
  std::set<std::string> named = {sections.front()->name()};
  std::set<std::string> elements;
  SchemaJson definitions = SchemaJson::object();
  for (const Section* section : sections)
    definitions[section->name()] = definition_of(*section, style, named, elements);
  for (const std::string& name : named)
    if (!definitions.contains(name)) throw std::logic_error(fmt::format("there is no section \"{}\"", name));
  for (const Section* section : sections)
    if (!named.contains(section->name()))
      throw std::logic_error(fmt::format("no key has a table of section \"{}\"", section->name()));
  if (style.repeats) {
    for (const std::string& name : elements) add_loop(definitions[name]);
    definitions["element"] = {{"properties", {{"value", {{"description", "What stands for as many"}}}}},
                              {"required", SchemaJson::array({"value"})},
                              {"additionalProperties", false}};
    add_loop(definitions["element"]);
  }
  SchemaJson schema = {
      {"$schema", "http://json-schema.org/draft-07/schema#"}, {"title", style.title}, {"type", "object"}};
  schema.update(definitions[sections.front()->name()]);
  definitions.erase(sections.front()->name());
  schema["definitions"] = std::move(definitions);
  return schema;
}

}  // namespace netrig::tomlfile
