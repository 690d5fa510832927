// SPDX-License-Identifier: Apache-2.0
// A lab as a lab file: the way back from the model to TOML.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "config/config.hpp"
#include "model/imported.hpp"

namespace netrig::config {

struct Said {
  std::string text;
  /// What the text does not say but in comments: namespace, and what it is.
  std::vector<std::pair<std::string, std::string>> unsaid;
};

/// A lab file that says all of the lab that a lab file can; the rest, and the remarks, are comments at their places.
/// What differs by one number alone is repeated. The text has been read again, and is the same lab. Throws Error.
Said say_lab(const Imported& imported, const Drivers& drivers);

}  // namespace netrig::config
