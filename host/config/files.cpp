// SPDX-License-Identifier: Apache-2.0
#include "config/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>

#include "config/bounds.hpp"
#include "model/error_number.hpp"
#include "model/unique_fd.hpp"

namespace netrig::config {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostFiles = 1000;

void check_size(std::size_t size, const std::string& name) {
  if (size > kLargestFile)
    throw Error(ErrorCode::invalid,
                fmt::format("is {} bytes long; a lab file has at most {} (use [[repeat]] for what is alike)", size,
                            kLargestFile),
                name);
}

/// Reads files into each other.
class Reader {
 public:
  Reader(const Source& source, const Context& context, Files& files)
      : source_(source), context_(context), files_(files) {}

  void read(std::string_view text) {
    origin_.text = text;
    size_ = text.size();
    std::map<std::string, Global> globals = read_one(text, source_.file, {}, {});
    for (const std::string& setting : source_.set) set(setting, globals);
    for (auto& [name, global] : globals)
      files_.globals.push_back({.name = name, .value = tomlfile::value_of(*global.node)});
    origin_.set = source_.set;
    origin_.name = source_.name;
    files_.origin = std::move(origin_);
  }

 private:
  struct Global {
    const toml::node* node = nullptr;
    Position where;
  };
  using Globals = std::map<std::string, Global>;

  /// `path`: from the lab file's directory. Returns the variables that it sees.
  Globals read_one(std::string_view text, const std::string& name, const std::string& path, Position from) {
    stack_.push_back(path);
    const auto index = static_cast<std::uint16_t>(path.empty() ? 0 : files_.names.size());
    toml::table& root = files_.tables.emplace_back(parse_toml(text, name, index));
    read_loops(root);
    settle_contents(root, fs::path(path).parent_path().string(), false);
    const Table file(root, "the file", context_);
    file.allow(file_keys());
    if (!path.empty() && file.has("lab"))
      context_.fail(
          file.where("lab"),
          fmt::format("[lab] stands in the lab file alone, not in one that it includes, in {}", context_.line(from)));
    Globals globals;
    std::map<std::string, Position> seen;
    for (const Text& include : file.texts("include")) add(globals, read_include(include, path, seen), include.where);
    read_globals(root, globals);
    files_.roots.push_back(&root);
    stack_.pop_back();
    return globals;
  }

  /// What `files` hold is no text of the lab's: its braces are braces. And where they are is said from this file.
  static void settle_contents(toml::table& body, const std::string& directory, bool repeats) {
    for (const char* kind : {"namespace", "group"})
      if (auto* all = body[kind].as_table())
        for (auto&& [name, owner] : *all)
          if (auto* table = owner.as_table())
            if (auto* files = (*table)["files"].as_table())
              for (auto&& [path, file] : *files) settle_content(file, directory, repeats);
    if (auto* all = body["repeat"].as_array())
      for (toml::node& repeat : *all)
        if (auto* table = repeat.as_table()) settle_contents(*table, directory, true);
  }

  static void settle_content(toml::node& file, const std::string& directory, bool repeats) {
    toml::value<std::string>* source = file.as_string();
    if (auto* table = file.as_table()) {
      source = (*table)["source"].as_string();
      if (auto* text = table->get("text")) tomlfile::make_literal(*text);
    }
    if (source == nullptr || directory.empty() || source->get().starts_with('/')) return;
    std::string before;
    for (const char c : directory) before += repeats && (c == '{' || c == '}') ? std::string(2, c) : std::string(1, c);
    *source = before + "/" + source->get();
  }

  Globals read_include(const Text& include, const std::string& from, std::map<std::string, Position>& seen) {
    const auto fail = [&](const std::string& why) { context_.fail(include.where, why); };
    if (include.value.empty() || include.value.front() == '/' || include.value.find('\0') != std::string::npos)
      fail(fmt::format("include \"{}\" is no relative path; write where it is from this file", include.value));
    const std::string path = (fs::path(from).parent_path() / include.value).lexically_normal().string();
    if (const auto [found, fresh] = seen.emplace(path, include.where); !fresh)
      fail(fmt::format("\"{}\" is included already, in {}", include.value, context_.line(found->second)));
    if (std::find(stack_.begin(), stack_.end(), path) != stack_.end()) {
      std::vector<std::string> chain(std::find(stack_.begin(), stack_.end(), path), stack_.end());
      chain.push_back(path);
      fail(fmt::format("files include each other in a circle: {}; the first is included in {}",
                       fmt::join(chain, " -> "), context_.line(read_[path].from)));
    }
    if (const auto found = read_.find(path); found != read_.end()) return found->second.globals;
    if (path == fs::path(source_.file).filename().string()) fail("the lab file includes itself");
    if (!source_.read) fail("there are no files to include from here");
    if (read_.size() == kMostFiles) fail(fmt::format("over {} files are included", kMostFiles));
    const std::string name = (fs::path(source_.file).parent_path() / path).string();
    std::string text;
    try {
      text = source_.read(path, name);
    } catch (const Error& error) {
      context_.fail(include.where, fmt::format("cannot include it: {}", error.what()), error.code());
    }
    size_ += text.size();
    if (size_ > kLargestFile)
      fail(fmt::format("with this file the lab has over {} bytes (use [[repeat]] for what is alike)", kLargestFile));
    files_.names.push_back(name);
    origin_.includes.push_back({.path = path, .text = text});
    read_[path].from = include.where;
    Globals globals = read_one(text, name, path, include.where);
    read_[path].globals = globals;
    return globals;
  }

  /// Every file sees all variables of those below it.
  void add(Globals& globals, const Globals& more, Position from) {
    added_ += more.size();
    if (added_ > kMostThings)
      context_.fail(from,
                    fmt::format("files that include this and those before it see over {} variables", kMostThings));
    for (const auto& [name, global] : more) {
      const auto [found, fresh] = globals.emplace(name, global);
      if (!fresh && found->second.node != global.node)
        context_.fail(global.where, fmt::format("variable \"{}\" is there already, in {}; say in the including file "
                                                "which of them it is",
                                                name, context_.line(found->second.where)));
    }
  }

  void read_globals(toml::table& root, Globals& globals) {
    if (root.get("vars") == nullptr) return;
    const Table file(root, "the file", context_);
    for (const auto& [key, value] : in_file_order(*file.table("vars"))) {
      if (!tomlfile::is_variable_name(key->str()))
        context_.fail(position_of(*key),
                      fmt::format("\"{}\" cannot be a variable; use letters, digits and '_'", key->str()));
      check_value(*value, key->str());
      toml::node& node = *root["vars"][key->str()].node();
      tomlfile::make_literal(node);
      globals[std::string(key->str())] = {.node = &node, .where = position_of(*key)};
    }
  }

  /// The tables that a `for` goes over are values as [vars] are, whose strings name nothing: what they named could be
  /// themselves.
  void read_loops(toml::node& node) const {
    if (auto* list = node.as_array())
      for (toml::node& element : *list) {
        if (auto* table = element.as_table())
          if (auto* loops = table->get_as<toml::table>("for"))
            for (auto&& [name, over] : *loops)
              if (auto* values = over.as_array()) read_values(*values, name.str());
        read_loops(element);
      }
    if (auto* table = node.as_table())
      for (auto&& [key, value] : *table) read_loops(value);
  }

  void read_values(toml::array& values, std::string_view name) const {
    for (toml::node& value : values) {
      if (!value.is_table()) continue;
      check_loops(value, name);
      tomlfile::make_literal(value);
    }
  }

  /// Lists of variables are counted where they are named, by what they hold.
  void check_loops(const toml::node& node, std::string_view variable) const {
    if (const auto* list = node.as_array())
      for (const toml::node& element : *list) {
        if (const toml::table* loop = tomlfile::loop_of(element, context_))
          context_.fail(position_of(*loop),
                        fmt::format("variable \"{}\" has an element with {} in it; write that where "
                                    "the variable is named, for values repeat nothing",
                                    variable, loop->contains("for") ? "for" : "when"));
        check_loops(element, variable);
      }
    if (const auto* table = node.as_table())
      for (const auto& [key, value] : *table) check_loops(value, variable);
  }

  void check_value(const toml::node& node, std::string_view variable) const {
    check_type(node, variable);
    check_loops(node, variable);
  }

  void check_type(const toml::node& node, std::string_view variable) const {
    if (node.is_floating_point() || node.is_date() || node.is_time() || node.is_date_time())
      context_.fail(position_of(node), fmt::format("variable \"{}\" has {} in it; it can have integers, strings, "
                                                   "booleans, lists and tables",
                                                   variable, type_of(node)));
    if (const auto* list = node.as_array())
      for (const toml::node& element : *list) check_type(element, variable);
    if (const auto* table = node.as_table())
      for (const auto& [name, value] : *table) check_type(value, variable);
  }

  /// "NAME=VALUE" of the command line.
  void set(const std::string& setting, Globals& globals) {
    const std::size_t equals = setting.find('=');
    const std::string where = fmt::format("--set {}", setting.substr(0, 64));
    const auto fail = [&](const std::string& why) { throw Error(ErrorCode::invalid, why, where); };
    if (equals == std::string::npos) fail("has no value; write --set NAME=VALUE");
    const std::string name = setting.substr(0, equals);
    const std::string value = setting.substr(equals + 1);
    const auto found = globals.find(name);
    if (found == globals.end()) {
      std::vector<std::string> names;
      for (const auto& [one, ignored] : globals) names.push_back(one);
      const auto hint = closest(name, names);
      fail(fmt::format("[vars] of the lab has no \"{}\"{}", name,
                       hint            ? fmt::format("; did you mean \"{}\"?", *hint)
                       : names.empty() ? "; it has none"
                                       : fmt::format("; it has {}", fmt::join(names, ", "))));
    }
    const toml::node& before = *found->second.node;
    const auto file = static_cast<std::uint16_t>(files_.names.size() + 1);
    files_.names.push_back(where);
    // A string is written as it is; whatever else it is said as TOML has it.
    toml::table parsed;
    if (before.is_string()) {
      parsed.insert("value", value);
    } else {
      check_shape(value, where);
      try {
        parsed = tomlfile::parse("value = " + value, where, file);
      } catch (const Error&) {
        if (before.is_array() || before.is_table()) throw;
        fail(fmt::format("\"{}\" is {}, as the file has it", name, type_of(before)));
      }
    }
    toml::table& kept = files_.tables.emplace_back(std::move(parsed));
    toml::node* node = kept.get("value");
    if (node == nullptr || kept.size() != 1 || node->type() != before.type())
      fail(fmt::format("\"{}\" is {}, as the file has it", name, type_of(before)));
    check_value(*node, name);
    tomlfile::make_literal(*node);
    found->second.node = node;
  }

  struct Known {
    Position from;
    Globals globals;
  };
  const Source& source_;
  const Context& context_;
  Files& files_;
  Origin origin_;
  std::size_t size_ = 0;
  std::size_t added_ = 0;
  std::vector<std::string> stack_;
  std::map<std::string, Known> read_;
};

}  // namespace

Bytes read_bytes(const std::string& path, const std::string& what, std::size_t most, bool links) {
  const auto refuse = [&](const std::string& why) { throw Error(ErrorCode::invalid, why, path); };
  const auto fail = [&](const char* how) {
    const int error = errno;
    throw Error(code_of(error, ErrorCode::invalid), fmt::format("cannot {} {}: {}", how, what, std::strerror(error)),
                path);
  };
  // O_PATH: looked at before it is opened, for opening alone makes some devices act.
  const UniqueFd place(::open(path.c_str(), O_PATH | O_CLOEXEC | (links ? 0 : O_NOFOLLOW)));
  if (!place) fail("open");
  struct stat status {};
  if (::fstat(place.get(), &status) != 0) fail("read");
  if (S_ISDIR(status.st_mode))
    refuse(fmt::format("is a directory, not {}", what == "the lab file" ? "a lab file" : "a file"));
  if (S_ISLNK(status.st_mode)) refuse("is a link; a directory that is copied holds files and directories alone");
  if (!S_ISREG(status.st_mode)) refuse("is not a regular file");
  if (static_cast<std::size_t>(status.st_size) > most)
    refuse(fmt::format("is {} bytes long; {} has at most {}", status.st_size, what, most));
  const UniqueFd file(::open(fmt::format("/proc/self/fd/{}", place.get()).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) fail("open");
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t size = ::read(file.get(), text.data() + done, text.size() - done);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) fail("read");
    if (size == 0) break;
    done += static_cast<std::size_t>(size);
  }
  text.resize(done);
  return {.text = std::move(text), .executable = (status.st_mode & S_IXUSR) != 0};
}

std::string read_file(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode))
    check_size(static_cast<std::size_t>(status.st_size), path);
  return read_bytes(path, "the lab file", kLargestFile, true).text;
}

toml::table parse_toml(std::string_view text, const std::string& name, std::uint16_t file) {
  const bool is_empty =
      std::all_of(text.begin(), text.end(), [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; });
  if (is_empty && file == 0)
    throw Error(ErrorCode::invalid, "is empty; a lab file begins with [lab] and name = \"...\"", name);
  check_size(text.size(), name);
  check_shape(text, name);
  return tomlfile::parse(text, name, file);
}

void read_files(std::string_view text, const Source& source, const Context& context, Files& files) {
  Reader(source, context, files).read(text);
}

}  // namespace netrig::config
