// SPDX-License-Identifier: Apache-2.0
// Files of sdk/template/, which the build puts into the program: there is no path to be wrong.
#pragma once
#include <span>
#include <string_view>

namespace netrig::cli {

struct Template {
  std::string_view set;   ///< "all", "c-table"...: whom it is for
  std::string_view path;  ///< in the new folder; as `text` with "{{NAME}}" and its like in it
  std::string_view text;
};
std::span<const Template> templates();

}  // namespace netrig::cli
