// SPDX-License-Identifier: Apache-2.0
// TOML lab file -> model.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "model/lab.hpp"
#include "toml/context.hpp"

namespace netrig::config {

/// Looks a driver up by its name. Returns nullptr for one that is not there; throws Error{driver} for one that is there
/// but refused (the message says why).
using DriverLookup = std::function<const DriverDescription*(std::string_view kind)>;

struct Drivers {
  DriverLookup find;
  std::function<std::vector<std::string>()> kinds;  ///< names of all, for suggestions
};

using tomlfile::Warning;

struct Parsed {
  Lab lab;
  std::vector<Warning> warnings;
};

/// Reads and checks a lab file. Throws Error{invalid} for the first thing that is wrong.
Parsed load(const std::string& path, const Drivers& drivers);
/// The same for a text; `name` stands for the file in messages.
Parsed parse(std::string_view text, const std::string& name, const Drivers& drivers);
/// Only `lab.name` of a file, without any other check, so that a broken file can still be taken down.
std::string lab_name_of(const std::string& path);

}  // namespace netrig::config
