// SPDX-License-Identifier: Apache-2.0
// Reads what a plugin says about itself from its bytes, before anything of it can run.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace netrig::driver {

/// struct netrig_note, checked.
struct Note {
  std::uint16_t abi_major = 0;
  std::uint16_t abi_minor = 0;
  std::uint32_t wants = 0;
  std::string driver;
  std::string version;
  std::vector<std::string> link_kinds = {};
  std::vector<std::string> needed = {};  ///< DT_NEEDED: allowed libraries, all of them
};

/// Checks that the file is a plugin for this machine and this ABI: ELF class, machine and type, one well-formed note,
/// the descriptor exported as data, only system libraries needed and none by a path of its own, no executable stack, no
/// text relocations. Every offset in the file is checked before it is followed. Throws Error{driver} with the reason.
Note read_plugin(std::span<const std::byte> file);

/// Libraries a plugin may need: the C and C++ runtimes.
bool is_allowed_library(const std::string& name);

}  // namespace netrig::driver
