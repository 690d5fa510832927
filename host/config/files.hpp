// SPDX-License-Identifier: Apache-2.0
// The lab file and the files that it includes, with the variables of all: what there is to read.
#pragma once
#include <deque>

#include "config/parts.hpp"

namespace netrig::config {

struct Files {
  std::vector<std::string> names;  ///< in messages, of the second and on: Position::file is the index of the next
  std::deque<toml::table> tables;
  Roots roots;  ///< as they are read: what a file includes comes before it
  Variables globals;
  std::string source;  ///< Lab::source
};

/// Reads `text` as the lab file, and what it includes by `source`. `context` is at `files`. Throws Error{invalid}.
void read_files(std::string_view text, const Source& source, const Context& context, Files& files);

/// A text of a lab file, checked for what the parser takes long for, as a table.
toml::table parse_toml(std::string_view text, const std::string& name, std::uint16_t file);
/// The text of a lab file.
std::string read_file(const std::string& path);

/// What a lab was read from, in one text: the file's own, unless there is more to it.
struct Origin {
  struct File {
    std::string path;  ///< from the lab file's directory
    std::string text;
  };
  std::string text;  ///< of the lab file
  std::vector<File> includes = {};
  std::vector<std::string> set = {};
  std::string name = {};
};
std::string packed(const Origin& origin);
Origin unpacked(std::string_view source);

}  // namespace netrig::config
