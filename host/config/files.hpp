// SPDX-License-Identifier: Apache-2.0
// The lab file and the files that it includes, with the variables of all: what there is to read.
#pragma once
#include <deque>
#include <map>

#include "config/parts.hpp"

namespace netrig::config {

/// What a lab was read from, in one text: the file's own, unless there is more to it.
struct Origin {
  struct File {
    std::string path;  ///< from the lab file's directory
    std::string text;
  };
  std::string text;  ///< of the lab file
  std::vector<File> includes = {};
  std::vector<Content> contents = {};    ///< sorted by path
  std::vector<SecretFile> secrets = {};  ///< likewise
  std::vector<std::string> set = {};
  std::string name = {};
};
struct Files {
  std::vector<std::string> names;  ///< in messages, of the second and on: Position::file is the index of the next
  std::deque<toml::table> tables;
  Roots roots;  ///< as they are read: what a file includes comes before it
  Variables globals;
  Origin origin;  ///< what Lab::source is of, but for what `files` name
};

/// Reads `text` as the lab file, and what it includes by `source`. `context` is at `files`. Throws Error{invalid}.
void read_files(std::string_view text, const Source& source, const Context& context, Files& files);

/// A text of a lab file, checked for what the parser takes long for, as a table.
toml::table parse_toml(std::string_view text, const std::string& name, std::uint16_t file);
/// The text of a lab file.
std::string read_file(const std::string& path);

/// A regular file's bytes. `what` begins the messages: "the lab file". With `links` unset a link is none.
struct Bytes {
  std::string text;
  bool executable = false;
};
Bytes read_bytes(const std::string& path, const std::string& what, std::size_t most, bool links);

/// What `files` name, read once each.
class Contents {
 public:
  /// Both must outlive it.
  Contents(const Source& source, const Context& context) : source_(source), context_(context) {}
  /// A file, whose path is `path`, or those of a directory. Throws Error{invalid} at `where`.
  const std::vector<Content>& read(const std::string& path, Position where, const Context& context);
  /// A file for a driver. Of a secret one what it holds is kept by nobody.
  FileContent file(const std::string& path, bool secret, Position where, const Context& context);
  /// Counts what namespaces get. Throws Error{invalid} at `where`.
  void count(std::size_t bytes, Position where, const Context& context);
  /// All that has been read, but secret files.
  std::vector<Content> take();
  std::vector<SecretFile> take_secrets();

 private:
  const Source& source_;
  const Context& context_;
  std::map<std::string, std::vector<Content>> read_;
  std::map<std::string, FileContent> secrets_;
  std::size_t read_bytes_ = 0;
  std::size_t bytes_ = 0;
  std::size_t files_ = 0;
};

std::string packed(const Origin& origin);
Origin unpacked(std::string_view source);

}  // namespace netrig::config
