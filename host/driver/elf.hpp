// SPDX-License-Identifier: Apache-2.0
// Reads what a plugin says about itself from its bytes, before anything of it can run.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/parameter.hpp"

namespace netrig::driver {

/// A plugin file, checked.
struct Plugin {
  DriverDescription about;               ///< its table (driver/table.hpp)
  std::vector<std::string> needed = {};  ///< DT_NEEDED: allowed libraries, all of them
};

/// Checks that the file is a plugin for this machine and this ABI: ELF class, machine and type, one well-formed note
/// with its table, its functions exported as data if it has any, only system libraries needed and none by a path of its
/// own, no executable stack, no text relocations, none into the table. Every offset in the file is checked before it is
/// followed. Throws Error{driver} with the reason.
Plugin read_plugin(std::span<const std::byte> file);

/// What a plugin gives the dynamic loader to do beyond what read_plugin() refuses.
struct Linkage {
  std::vector<std::string> exports;  ///< names of symbols that others can find
  std::vector<std::string> imports;  ///< names of those that are looked for elsewhere
  bool sealed = false;               ///< its relocations are all done at once and read-only then (RELRO, BIND_NOW)
  bool writable_code = false;        ///< it has a segment that can be written and run
};
/// Of a file that read_plugin() takes; throws what that throws. Names of more than 255 bytes are cut,
/// and of more than 65,536 symbols the others left out.
Linkage read_linkage(std::span<const std::byte> file);

/// Libraries a plugin may need: the C and C++ runtimes.
bool is_allowed_library(const std::string& name);

}  // namespace netrig::driver
