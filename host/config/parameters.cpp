// SPDX-License-Identifier: Apache-2.0
// A device's params, checked against what its driver declares.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <unordered_set>

#include "config/files.hpp"
#include "config/parts.hpp"

namespace netrig::config {
namespace {

/// How a value is written, for a message about one that is another type of TOML's.
const char* how_to_write(ParameterType type) {
  switch (type) {
    case ParameterType::boolean:
      return "true or false without quotes";
    case ParameterType::integer:
      return "a number without quotes";
    case ParameterType::fraction:
      return "a percentage, a number from 0 to 100 without quotes";
    default:
      return "a string in quotes";
  }
}

/// Reads what one table of params gives, or one row of a table.
class Reading {
 public:
  Reading(const DriverDescription& driver, const Surroundings& around, Parameters& into)
      : driver_(driver), around_(around), into_(into) {}

  /// `table`: whose row `row` it is; empty: none, but params themselves. `owner`: where that stands.
  void read(const toml::table* given, std::string_view table, std::size_t row, Position owner, const Context& context) {
    std::unordered_set<const ParameterDeclaration*> said;  // rightly or wrongly
    if (given != nullptr)
      for (const auto& [key, node] : in_file_order(*given)) {
        // What says how often a row is there is none of its cells.
        if (!table.empty() && (key->str() == "for" || key->str() == "when")) continue;
        context.guard([&, key = key, node = node] {
          const Text name = context.expanded(key->str(), position_of(*key));
          const ParameterDeclaration& declaration = declared(name, table, context);
          said.insert(&declaration);
          read_value(declaration, name_of(declaration, table, row), *node, context);
        });
      }
    for (const ParameterDeclaration& one : driver_.parameters) {
      if (one.table() != table || said.contains(&one)) continue;
      const std::string name = name_of(one, table, row);
      if (!into_.contains(name)) add_default(one, name, owner, context);
    }
  }

 private:
  static std::string name_of(const ParameterDeclaration& one, std::string_view table, std::size_t row) {
    return table.empty() ? one.name : cell_name(table, row, one.column());
  }

  const ParameterDeclaration& declared(const Text& name, std::string_view table, const Context& context) const {
    std::vector<std::string> names;
    for (const ParameterDeclaration& one : driver_.parameters) {
      if (one.table() != table) continue;
      if (one.column() == name.value) return one;
      names.emplace_back(one.column());
    }
    const auto hint = closest(name.value, names);
    context.fail(name.where,
                 fmt::format("unknown {} \"{}\" of driver {}; {}",
                             table.empty() ? "parameter" : fmt::format("key of {}", table), name.value, driver_.kind,
                             hint ? fmt::format("did you mean \"{}\"?", *hint)
                                  : fmt::format("see \"netrig drivers show {}\"", driver_.kind)));
  }

  void add_default(const ParameterDeclaration& one, const std::string& name, Position owner, const Context& context) {
    if (one.required)
      context.fail(owner, one.type == ParameterType::unknown
                              ? fmt::format("driver {} needs parameter {}, {}", driver_.kind, name, of_later_type(one))
                              : fmt::format("driver {} needs parameter {} ({})", driver_.kind, name, one.help));
    if (!one.default_text) return;
    // The loader has checked that the default parses.
    into_.emplace(name, ParameterValue{.values = {std::get<ParameterScalar>(parse_parameter(one, *one.default_text))},
                                       .where = owner});
  }

  static std::string of_later_type(const ParameterDeclaration& one) {
    return fmt::format("whose type ({}) this netrig does not know; a later netrig does", one.type_number);
  }

  void read_value(const ParameterDeclaration& one, const std::string& name, const toml::node& node,
                  const Context& context) {
    ParameterValue value{.where = position_of(node)};
    if (one.type == ParameterType::unknown)
      context.fail(value.where, fmt::format("parameter {} cannot be set: it is one {}", name, of_later_type(one)));
    if (!one.list) {
      value.values.push_back(read_scalar(one, name, node, context));
    } else {
      const Context inside = is_secret(one, driver_) ? context.veil() : context;
      const auto* list = inside.resolved(node).as_array();
      if (list == nullptr)
        context.fail(value.where,
                     fmt::format("parameter {} is {}; write a list{}", name, type_of(node),
                                 one.type == ParameterType::table ? " of tables: [{ ... }, { ... }]" : ": [ ... ]"));
      if (one.type == ParameterType::table)
        value.values = read_rows(one, *list, value.where, context);
      else
        for_each_element(*list, context, [&](const toml::node& element, const Context& inside) {
          value.values.push_back(read_scalar(one, name, element, inside));
        });
    }
    if (!into_.emplace(name, std::move(value)).second)
      context.fail(position_of(node), fmt::format("parameter {} is there already", name));
  }

  std::vector<ParameterScalar> read_rows(const ParameterDeclaration& table, const toml::array& list, Position where,
                                         const Context& context) {
    const std::size_t count = count_elements(list, context);
    const bool bounded = table.minimum != 0 || table.maximum != 0;
    const auto least = bounded ? static_cast<std::size_t>(table.minimum) : 0;
    const auto most = bounded ? static_cast<std::size_t>(table.maximum) : kMostRows;
    if (count < least || count > most)
      context.fail(where,
                   fmt::format("parameter {} has {} row{}; it can have {}", table.name, count, count == 1 ? "" : "s",
                               least == most ? fmt::format("{}", most) : fmt::format("{} to {}", least, most)));
    std::vector<ParameterScalar> rows;
    for_each_table(list, fmt::format("a row of {}", table.name), context, [&](const Table& row) {
      const std::size_t number = rows.size();
      rows.emplace_back(static_cast<std::int64_t>(number));
      read(&row.raw(), table.name, number, position_of(row.raw()), row.context());
    });
    return rows;
  }

  /// Braces come to what they stand for; what is wrong with those of a secret does not repeat it.
  static Text expanded(const std::string& name, const toml::node& node, const Context& context) {
    if (!context.veiled) return context.expanded(node);
    try {
      return context.expanded(node);
    } catch (const Error&) {
      context.fail(position_of(node),
                   fmt::format("parameter {} = (secret) has braces that hold no expression; write {{{{ and }}}} for "
                               "braces as such",
                               name));
    }
  }

  ParameterScalar read_scalar(const ParameterDeclaration& one, const std::string& name, const toml::node& node,
                              const Context& around) const {
    const Position where = position_of(node);
    const bool secret = is_secret(one, driver_);
    const Context context = secret ? around.veil() : around;
    const auto fail_with = [&](const std::string& value, const ParameterFault& fault) {
      context.fail(where, fmt::format("parameter {} = {} {}", name, secret ? "(secret)" : value, fault.message));
    };
    const auto checked = [&](ParameterScalar scalar, const std::string& shown) {
      if (const auto fault = range_fault(one, scalar)) fail_with(shown, *fault);
      return scalar;
    };
    const bool is_boolean = one.type == ParameterType::boolean;
    const bool is_integer = one.type == ParameterType::integer;
    const bool is_fraction = one.type == ParameterType::fraction;
    if (const auto* value = node.as_boolean(); value != nullptr && is_boolean) return value->get();
    if (const auto* value = node.as_integer(); value != nullptr && is_integer)
      return checked(value->get(), fmt::format("{}", value->get()));
    if (node.is_number() && is_fraction) {
      const double percent = *node.value<double>();
      const auto fraction = fraction_of(percent);
      if (!fraction) fail_with(fmt::format("{}", percent), {"is no percentage; it can be 0 to 100"});
      return checked(*fraction, fmt::format("{}", percent));
    }
    // Inside a repeat a number or a boolean may be computed, which only a string can be.
    const bool is_bare = is_boolean || is_integer || is_fraction;
    const bool takes_string = !is_bare || context.computes(node);
    const auto* text = node.as_string();
    if (text == nullptr || !takes_string) {
      ParameterDeclaration single = one;
      single.list = false;
      context.fail(where, fmt::format("parameter {} is {}; it is of type {}: write {}", name, type_of(node),
                                      type_name(single), how_to_write(one.type)));
    }
    const Text given = expanded(name, node, context);
    if (one.type == ParameterType::file)
      return checked(read_file(name, given, secret, context), fmt::format("\"{}\"", given.value));
    auto parsed = parse_parameter(one, given.value);
    if (const auto* fault = std::get_if<ParameterFault>(&parsed)) fail_with(fmt::format("\"{}\"", given.value), *fault);
    auto& scalar = std::get<ParameterScalar>(parsed);
    if (is_bare) {
      std::string bare = to_text(scalar, one.type);
      if (bare.ends_with('%')) bare.pop_back();
      context.read_as(node, bare);
    }
    if (const auto* space = std::get_if<NamespaceReference>(&scalar); space != nullptr && !is_there(*space)) {
      const auto hint = secret ? std::nullopt : closest(space->name.str(), namespace_names());
      fail_with(
          fmt::format("\"{}\"", space->name.str()),
          {fmt::format("names no namespace of the lab{}", hint ? fmt::format("; did you mean \"{}\"?", *hint) : "")});
    }
    return std::move(scalar);
  }

  [[nodiscard]] bool is_there(const NamespaceReference& space) const {
    return around_.namespaces == nullptr || around_.namespaces->contains(space.name.str());
  }
  [[nodiscard]] std::vector<std::string> namespace_names() const {
    std::vector<std::string> names;
    for (const auto& [one, index] : *around_.namespaces) names.push_back(one);
    std::sort(names.begin(), names.end());
    return names;
  }

  ParameterScalar read_file(const std::string& name, const Text& path, bool secret, const Context& context) const {
    const auto fail = [&](const std::string& why) {
      context.fail(path.where, fmt::format("parameter {} = \"{}\" {}", name, path.value, why));
    };
    std::string from = std::filesystem::path(path.value).lexically_normal().string();
    if (from.empty() || from == "." || from.starts_with('/') || from.ends_with('/') ||
        path.value.find('\0') != std::string::npos)
      fail("is no relative path of a file; write where it is from this file");
    from = (directory_of(path.where, context) / from).lexically_normal().string();
    return around_.contents->file(from, secret, path.where, context);
  }

  /// Where the file lies that a position is in, from the lab file's directory.
  static std::filesystem::path directory_of(Position where, const Context& context) {
    const bool is_other = where.file > 0 && context.includes != nullptr && where.file <= context.includes->size();
    if (!is_other) return {};
    const std::filesystem::path lab = std::filesystem::path(*context.file).parent_path();
    return std::filesystem::path((*context.includes)[where.file - 1U])
        .parent_path()
        .lexically_relative(lab.empty() ? "." : lab);
  }

  static constexpr std::size_t kMostRows = 1024;  // NETRIG_ROWS_MAX

  const DriverDescription& driver_;
  const Surroundings& around_;
  Parameters& into_;
};

}  // namespace

Parameters read_parameters(const toml::table* given, Position device, const DriverDescription& driver,
                           const Surroundings& around, const Context& context) {
  Parameters parameters;
  Reading(driver, around, parameters).read(given, {}, 0, device, context);
  return parameters;
}

}  // namespace netrig::config
