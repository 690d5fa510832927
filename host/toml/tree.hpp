// SPDX-License-Identifier: Apache-2.0
// Trees of TOML that no parser made: what is left of a table when its braces and its `for` have been expanded, and
// tables laid over each other. Every node keeps the place of what the user wrote.
#pragma once
#include <toml++/toml.h>

#include <string>
#include <string_view>

#include "toml/context.hpp"

namespace netrig::tomlfile {

Position position_of(const toml::node& node);
Position position_of(const toml::key& key);

/// Whether braces in it are braces, for it is a value already.
bool is_literal(const toml::value<std::string>& text);
/// Whether it came of braces, so that it may stand for a number.
bool is_computed(const toml::value<std::string>& text);
/// Every string in it is a value, whatever is in it.
void make_literal(toml::node& node);

/// `node` stands where `at` stands.
void put_source(toml::node& node, const toml::source_region& at);

/// The table with all braces expanded, and all elements with `for` or `when` made or left out.
toml::table materialised(const toml::table& table, const Context& context);
/// A string as a value.
toml::value<std::string> literal(std::string text, const toml::source_region& at);

/// The same table with its positions, which toml++ leaves behind. Expanded already: no `for` in it repeats anything.
toml::table copied(const toml::table& table);
/// Lays `top` over `base`: its values win, tables merge key by key, lists do not.
void overlay(toml::table& base, toml::table top);

/// As the right side of "key =", on one line but for what is longer than a line.
std::string written(const toml::node& node, const Bare& bare);
std::string written_key(std::string_view key);

}  // namespace netrig::tomlfile
