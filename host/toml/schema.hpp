// SPDX-License-Identifier: Apache-2.0
// JSON Schema of what a file can have, for editors. It is draft-07, which taplo and with it most editors of TOML read;
// of newer drafts it needs nothing.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "toml/keys.hpp"

namespace netrig::tomlfile {

using SchemaJson = nlohmann::ordered_json;

struct SchemaStyle {
  std::string title;
  bool repeats = false;  ///< braces may stand for values, and elements of lists may have `for` and `when`
};

/// The first section is the file; the others are "definitions" by name. Throws std::logic_error for a type that cannot
/// be read, and for a section that no other names.
SchemaJson schema_of(const std::vector<const Section*>& sections, const SchemaStyle& style);

/// Of one type, as it stands in a row (keys.hpp).
SchemaJson schema_of_type(std::string_view type, const SchemaStyle& style);
/// {"$ref": ...} to a definition.
SchemaJson schema_reference(std::string_view definition);

}  // namespace netrig::tomlfile
