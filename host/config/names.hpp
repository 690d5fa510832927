// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

namespace netrig::config {

/// Names as a lab file has them written out: for who types them. Those that repeats and included files make are not
/// among them.
struct WrittenNames {
  std::string lab = {};
  std::vector<std::string> namespaces = {};
  std::vector<std::string> interfaces = {};  ///< "h1:eth0"
  std::vector<std::string> services = {};
  std::vector<std::string> tests = {};
  std::vector<std::string> tags = {};
  std::vector<std::string> variables = {};
};
/// Nothing is checked, and what is not as it should be has no names. Throws Error{invalid} for what is no TOML.
WrittenNames names_in(const std::string& path);

}  // namespace netrig::config
