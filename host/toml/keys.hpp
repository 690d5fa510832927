// SPDX-License-Identifier: Apache-2.0
// The keys that tables of a file can have. Readers refuse others by these lists, and the file's JSON Schema is made of
// them, so that neither knows a key that the other does not.
#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace netrig::tomlfile {

/// One key, and what it can have:
///   string boolean integer number duration rate size mac any    number and integer also with a range:
///   "integer 1..4094" "up"                this word NAME                a table with the keys of that section [TYPE]
///   a list        {TYPE}    a table with any keys TYPE | TYPE         either        required TYPE    the table must
///   have it
/// "refused": the reader knows the key only to say why it cannot be there.
struct Key {
  std::string_view name;
  std::string_view type;
  std::string_view help;  ///< one sentence for people, without a full stop
};

/// The keys of one kind of table.
class Section {
 public:
  Section(std::string_view name, std::vector<Key> keys) : name_(name), keys_(std::move(keys)) {}
  /// Another with more keys, or without some.
  [[nodiscard]] Section with(std::string_view name, const std::vector<Key>& more) const;
  [[nodiscard]] Section without(std::string_view name, std::initializer_list<std::string_view> keys) const;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::vector<Key>& keys() const { return keys_; }
  [[nodiscard]] bool has(std::string_view key) const;
  [[nodiscard]] std::vector<std::string_view> names() const;

 private:
  std::string name_;
  std::vector<Key> keys_;
};

}  // namespace netrig::tomlfile
