// SPDX-License-Identifier: Apache-2.0
// Namespaces that are there, whoever made them, as a lab.
#pragma once
#include <string>
#include <vector>

#include "driver/registry.hpp"
#include "model/imported.hpp"

namespace netrig::session {

/// What is to be imported, and as what.
struct ImportTarget {
  std::string name;         ///< of the lab's namespace
  std::string path;         ///< where the namespace is; empty: the caller's own
  bool by_pattern = false;  ///< nobody named it, so it may as well not be there
};
/// What is called a namespace in /run/netns, in the order in which people count.
std::vector<std::string> named_namespaces();
/// The namespaces in /run/netns that match, in the order in which people count. Throws Error{not_found}
/// for a pattern that none does.
std::vector<ImportTarget> named_targets(const std::vector<std::string>& patterns);
/// "PID", or "PID=NAME". Throws Error.
ImportTarget target_of_process(const std::string& text);

/// Names in the order in which people count: h2 before h10.
bool counts_before(const std::string& one, const std::string& other);

/// Looks at all of them, in threads. A namespace that is named twice is imported once, by its first name. Throws Error.
Imported import_namespaces(driver::Registry& drivers, const LabName& name, const std::vector<ImportTarget>& targets);

}  // namespace netrig::session
