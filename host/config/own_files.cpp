// SPDX-License-Identifier: Apache-2.0
// Files of a namespace's own, and the values that stand in them.
#include "config/own_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <map>
#include <set>

#include "config/files.hpp"

namespace netrig::config {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCapitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kInName = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

bool is_value_name(std::string_view name) {
  return !name.empty() && kCapitals.find(name.front()) != std::string_view::npos &&
         name.find_first_not_of(kInName) == std::string_view::npos;
}

/// Where a file of a namespace comes to lie.
struct FilePlace {
  std::string path;           ///< "" for "/"
  bool is_directory = false;  ///< it says so
};

FilePlace read_place(const Text& text, const Context& context) {
  constexpr std::size_t kLongest = 200;
  const fs::path path(text.value);
  std::string normal = path.lexically_normal().string();
  const bool is_directory = normal.ends_with('/');
  while (normal.ends_with('/')) normal.pop_back();
  if (!path.is_absolute() || text.value.find('\0') != std::string::npos || normal.size() > kLongest ||
      std::any_of(path.begin(), path.end(), [](const auto& part) { return part == ".."; }))
    context.fail(text.where, fmt::format("file \"{}\" is no absolute path without \"..\"; write one as in "
                                         "\"/etc/frr/frr.conf\"",
                                         text.value));
  return {.path = normal, .is_directory = is_directory};
}

void refuse_taken(const std::string& path, Position where, const Context& context) {
  for (const char* taken : {"/proc", "/sys", "/dev", "/run/netns", "/run/netrig"})
    if ((path + "/").starts_with(fmt::format("{}/", taken)))
      context.fail(where,
                   fmt::format("{} cannot be a file of the lab's, for commands need the machine's {}", path, taken));
}

/// Replaces @NAME@, and notes which values were there.
class Filling {
 public:
  /// `own` comes before `values`.
  Filling(const Values& own, const Values& values, std::string_view lab, std::string_view space) {
    for (const Values* all : {&own, &values})
      for (const auto& [name, value] : *all) values_.emplace(name, value);
    values_.emplace("LAB", lab);
    values_.emplace("NAMESPACE", space);
  }

  /// `warn`: told the place in the text, from 0, of one that has no value.
  template <typename Warn>
  std::string fill(std::string_view text, Warn&& warn) {
    std::string result;
    for (std::size_t at = 0;;) {
      const std::size_t begin = text.find('@', at);
      const std::size_t end = begin == std::string_view::npos ? begin : text.find_first_not_of(kInName, begin + 1);
      if (end == std::string_view::npos) return result.append(text.substr(at));
      result.append(text.substr(at, begin - at));
      const std::string_view name = text.substr(begin + 1, end - begin - 1);
      const auto value = values_.find(name);
      if (text[end] != '@' || !is_value_name(name)) {
        result.append(text.substr(begin, end - begin));  // what ends it may begin another
        at = end;
        continue;
      }
      if (value == values_.end()) {
        warn(begin, name);
        result.append(text.substr(begin, end + 1 - begin));
      } else {
        used_.insert(value->first);
        result.append(value->second);
      }
      at = end + 1;
    }
  }

  [[nodiscard]] bool has_used(std::string_view name) const { return used_.contains(name); }

 private:
  std::map<std::string_view, std::string_view> values_;
  std::set<std::string_view> used_;
};

class Reading {
 public:
  Reading(const Table& files, const std::string& space, const Values& values, const Surroundings& around)
      : context_(files.context()), space_(space), values_(values), around_(around) {
    for (const auto& [key, node] : in_file_order(files.raw())) {
      const Text name = context_.expanded(key->str(), position_of(*key));
      const FilePlace place = read_place(name, context_);
      const toml::node& entry = context_.resolved(*node);
      if (entry.is_string()) {
        source_file(place, name, *files.text(key->str()), OwnFile{.path = {}, .text = {}, .where = name.where},
                    std::nullopt, {}, nullptr);
      } else if (entry.is_table()) {
        table_file(place, name, Table(*entry.as_table(), "file", context_));
      } else {
        files.fail(position_of(entry),
                   fmt::format("file \"{}\" is {}; write the name of one, or a table with source or "
                               "text",
                               name.value, type_of(entry)));
      }
    }
  }

  std::vector<OwnFile> take() {
    std::vector<OwnFile> all;
    for (auto& [path, found] : files_) {
      if (!all.empty() && path.starts_with(all.back().path + "/"))
        context_.fail(found.file.where, fmt::format("{} is a file, and {} would lie in it", all.back().path, path));
      all.push_back(std::move(found.file));
    }
    return all;
  }

 private:
  struct Found {
    OwnFile file;
    bool copied = false;  ///< with a directory
  };

  void table_file(const FilePlace& place, const Text& name, const Table& table) {
    table.allow(own_file_keys());
    if (table.has("source") == table.has("text"))
      table.fail(name.where, fmt::format("file \"{}\" has {} source and text; write one of them", name.value,
                                         table.has("text") ? "both" : "neither"));
    OwnFile file{.path = {}, .text = {}, .where = name.where};
    read_owner(table, file.owner, file.group);
    const auto mode = read_mode(table);
    const Values own = read_values(table);
    if (const auto source = table.text("source")) return source_file(place, name, *source, file, mode, own, &table);
    if (place.is_directory)
      table.fail(name.where, fmt::format("file \"{}\" is a directory, and has a text", name.value));
    const Text text = table.required_text("text");
    Filling filling(own, values_, around_.lab, space_);
    file.path = place.path;
    file.mode = mode.value_or(file.mode);
    file.text =
        filling.fill(text.value, [&](std::size_t, std::string_view value) { warn(context_.place(text.where), value); });
    check_use(filling, own, table, "text");
    add(std::move(file), false);
  }

  void source_file(const FilePlace& place, const Text& name, const Text& source, OwnFile file,
                   std::optional<std::uint32_t> mode, const Values& own, const Table* table) {
    const auto fail = [&](const std::string& why) { context_.fail(source.where, why); };
    std::string from = fs::path(source.value).lexically_normal().string();
    while (from.size() > 1 && from.ends_with('/')) from.pop_back();
    if (source.value.empty() || from == "." || from.starts_with('/') || source.value.find('\0') != std::string::npos)
      fail(fmt::format("source \"{}\" is no relative path of a file or a directory; write where it is from this file",
                       source.value));
    const std::vector<Content>& contents = around_.contents->read(from, source.where, context_);
    const bool is_file = contents.size() == 1 && contents.front().path == from;
    if (is_file && place.is_directory)
      fail(fmt::format("{} is a file, and \"{}\" a directory; write the name that it gets there", from, name.value));
    Filling filling(own, values_, around_.lab, space_);
    for (const Content& content : contents) {
      OwnFile one = file;
      one.path = is_file ? place.path : place.path + content.path.substr(from.size());
      one.mode = mode.value_or(content.executable ? 0755 : 0644);
      one.text = filling.fill(content.text,
                              [&](std::size_t at, std::string_view value) { warn(place_in(content, at), value); });
      add(std::move(one), !is_file);
    }
    if (table != nullptr) check_use(filling, own, *table, from);
  }

  void add(OwnFile file, bool copied) {
    if (file.path.empty()) context_.fail(file.where, "\"/\" is a directory; name one to copy, as in \"/\" = \"r1/\"");
    refuse_taken(file.path, file.where, context_);
    around_.contents->count(file.text.size(), file.where, context_);
    const auto [found, fresh] = files_.try_emplace(file.path, Found{.file = file, .copied = copied});
    if (fresh) return;
    // What is named comes before what a directory brings.
    if (found->second.copied == copied)
      context_.fail(file.where,
                    fmt::format("file {} is there already, by {}", file.path, context_.line(found->second.file.where)));
    if (found->second.copied) found->second = {.file = std::move(file), .copied = copied};
  }

  void check_use(const Filling& filling, const Values& own, const Table& table, const std::string& where) const {
    for (const auto& [name, value] : own)
      if (!filling.has_used(name))
        table.fail(
            position_of(*table.table("values")->get(name)),
            fmt::format("@{}@ occurs nowhere in {}; where only commands want it, it belongs to the values of the "
                        "namespace",
                        name, where));
  }

  [[nodiscard]] std::string place_in(const Content& content, std::size_t at) const {
    const std::string_view before = std::string_view(content.text).substr(0, at);
    const std::size_t line = before.rfind('\n');
    return fmt::format("{}:{}:{}", (fs::path(*context_.file).parent_path() / content.path).string(),
                       1 + std::count(before.begin(), before.end(), '\n'),
                       line == std::string_view::npos ? at + 1 : at - line);
  }

  void warn(const std::string& place, std::string_view value) const {
    if (context_.warnings != nullptr)
      context_.warnings->add(place, fmt::format("@{}@ has no value in \"values\", and stays as it is", value));
  }

  const Context& context_;
  const std::string& space_;
  const Values& values_;
  const Surroundings& around_;
  std::map<std::string, Found> files_;
};

}  // namespace

Values read_values(const Table& owner) {
  return read_variables_of(owner, "values", [](const std::string& name) -> std::optional<std::string> {
    if (!is_value_name(name))
      return fmt::format("\"{}\" is no name of a value: capital letters, digits and _, a letter first", name);
    if (name == "LAB" || name == "NAMESPACE") return netrigs_own(name);
    return std::nullopt;
  });
}

std::vector<OwnFile> read_own_files(const Table& files, const std::string& space, const Values& values,
                                    const Surroundings& around) {
  return Reading(files, space, values, around).take();
}

std::optional<std::uint32_t> read_mode(const Table& table) {
  const auto text = table.text("mode");
  if (!text) return std::nullopt;
  std::uint32_t mode = 0;
  const char* end = text->value.data() + text->value.size();
  const auto [stop, error] = std::from_chars(text->value.data(), end, mode, 8);
  if (error != std::errc() || stop != end || mode > 07777U)
    table.fail(text->where, fmt::format("mode \"{}\" is none; write octal digits as in \"0755\"", text->value));
  return mode;
}

void read_owner(const Table& table, std::string& owner, std::string& group) {
  for (auto [key, into] : {std::pair{"owner", &owner}, {"group", &group}}) {
    const auto name = table.text(key);
    if (!name) continue;
    if (name->value.empty()) table.fail(name->where, fmt::format("{} is empty; leave it out for root", key));
    *into = name->value;
  }
}

}  // namespace netrig::config
