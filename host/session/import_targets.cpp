// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <set>

#include "kernel/namespace.hpp"
#include "model/error.hpp"
#include "session/import.hpp"

namespace netrig::session {

bool counts_before(const std::string& one, const std::string& other) {
  return ::strverscmp(one.c_str(), other.c_str()) < 0;
}

std::vector<std::string> named_namespaces() {
  std::vector<std::string> names;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(kernel::kRunDirectory, none))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end(), counts_before);
  return names;
}

std::vector<ImportTarget> named_targets(const std::vector<std::string>& patterns) {
  const std::vector<std::string> names = named_namespaces();
  std::vector<ImportTarget> targets;
  std::set<std::string> taken;
  for (const std::string& pattern : patterns) {
    bool any = false;
    for (const std::string& name : names) {
      if (name != pattern && !matches(pattern, name)) continue;
      any = true;
      if (const auto fault = namespace_name_fault(name); fault && name == pattern)
        throw Error(ErrorCode::invalid, fmt::format("no lab file can name a namespace \"{}\": it {}", name, *fault));
      if (namespace_name_fault(name) || !taken.insert(name).second) continue;
      targets.push_back(
          {.name = name, .path = fmt::format("{}/{}", kernel::kRunDirectory, name), .by_pattern = name != pattern});
    }
    if (any) continue;
    const auto hint = closest(pattern, names);
    throw Error(ErrorCode::not_found,
                fmt::format("no namespace in {} is called \"{}\"{}", kernel::kRunDirectory, pattern,
                            hint            ? fmt::format("; did you mean \"{}\"?", *hint)
                            : names.empty() ? std::string("; there is none at all")
                                            : std::string("; \"ip netns list\" has them all")));
  }
  return targets;
}

ImportTarget target_of_process(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string digits = text.substr(0, equals);
  int process = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), process);
  if (error != std::errc{} || end != digits.data() + digits.size() || process <= 0)
    throw Error(ErrorCode::invalid,
                fmt::format("\"{}\" is no process; write its number, or NUMBER=NAME to name its namespace", text),
                "--pid");
  const std::string path = fmt::format("/proc/{}/ns/net", process);
  std::error_code none;
  if (!std::filesystem::exists(fmt::format("/proc/{}", process), none))
    throw Error(ErrorCode::not_found, fmt::format("there is no process {}", process), "--pid");
  return {.name = equals == std::string::npos ? fmt::format("pid-{}", process) : text.substr(equals + 1), .path = path};
}

}  // namespace netrig::session
