// SPDX-License-Identifier: Apache-2.0
// TOML lab file -> model.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/lab.hpp"
#include "toml/warnings.hpp"

namespace netrig::config {

/// Looks a driver up by its name. Returns nullptr for one that is not there; throws Error{driver} for one that is there
/// but refused (the message says why).
using DriverLookup = std::function<std::shared_ptr<const DriverDescription>(std::string_view kind)>;

struct Drivers {
  DriverLookup find;
  std::function<std::vector<std::string>()> kinds;  ///< names of all, for suggestions
};

using tomlfile::Warning;

/// A file that a namespace's commands are to have, or one of a directory of such.
struct Content {
  std::string path;  ///< from the lab file's directory
  std::string text;
  bool executable = false;
};

/// What is kept of a file that is a secret.
struct SecretFile {
  std::string path;    ///< from the lab file's directory
  std::string key;     ///< of the digest
  std::string digest;  ///< of what it holds
  std::uint64_t size = 0;
};

/// Where a lab is read from, and what the command line has to say to it.
struct Source {
  /// Text of a file that is included: `path` is where it is from the lab file's directory, `name` where from here.
  /// Throws Error.
  using ReadInclude = std::function<std::string(const std::string& path, const std::string& name)>;

  /// A file, or all files of a directory, however deep, sorted. `path` and `name` as above. Throws Error.
  using ReadContents = std::function<std::vector<Content>(const std::string& path, const std::string& name)>;

  std::string file;                      ///< what the lab file is called in messages
  ReadInclude read = {};                 ///< unset: no file can be included
  ReadContents contents = {};            ///< unset: there are none
  std::vector<SecretFile> secrets = {};  ///< that were read before: what they hold is not to be had here
  std::vector<std::string> set = {};     ///< "NAME=VALUE": over [vars]
  std::string name = {};                 ///< of the lab, and with "-" its prefix; empty: as the file says
  bool expand = false;                   ///< Parsed::expanded is wanted
  bool all_faults = false;               ///< not the first alone, but tomlfile::Errors
};

struct Parsed {
  Lab lab;
  std::vector<Warning> warnings;
  std::string expanded = {};  ///< the lab as TOML without shorthand
};

/// Reads and checks a lab file. Throws Error{invalid} for the first thing that is wrong.
Parsed load(const std::string& path, const Drivers& drivers);
/// The same with all that a command has to say; `text` is that of the lab file. Throws tomlfile::Errors if all faults
/// are wanted: one of each thing, and of what things have to do with each other only once each is right.
Parsed parse(std::string_view text, const Source& source, const Drivers& drivers);
/// The same for a text alone; `name` stands for the file in messages.
Parsed parse(std::string_view text, const std::string& name, const Drivers& drivers);
/// The lab that Lab::source is of.
Parsed parse_source(std::string_view source, const std::string& file, const Drivers& drivers);
/// What the command line had to say to the lab that Lab::source is of; the rest of it is empty.
Source said_in(std::string_view source);
/// The text of a lab file, or of one that is included.
std::string read_file(const std::string& path);
/// Source::contents from the disk. No link below a directory is followed. `text_of`: reads a file; unset: as it is.
using ReadText = std::function<std::string(const std::string& name)>;
std::vector<Content> read_contents(const std::string& path, const std::string& name, const ReadText& text_of = {});
/// What keys of `impair` say that stand on a command line, percents also as "1%". `about` stands for it in messages.
/// Throws Error{invalid}.
Qdisc impairment_of(const std::vector<std::pair<std::string, std::string>>& said, const std::string& about);
/// Only `lab.name` of a file, without any other check, so that a broken file can still be taken down.
std::string lab_name_of(const std::string& path);

}  // namespace netrig::config
