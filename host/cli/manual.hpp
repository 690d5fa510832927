// SPDX-License-Identifier: Apache-2.0
// A manual page for each command, made of what its help says. The build writes them; netrig(1) is written by hand.
#pragma once
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace netrig::cli {

struct ManualPage {
  std::string name;  ///< "netrig-drivers-show"
  std::string text;  ///< for man(7)
};
ManualPage manual_page(const CLI::App& command);
/// Of all commands.
std::vector<ManualPage> manual_pages();

}  // namespace netrig::cli
