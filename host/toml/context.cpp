// SPDX-License-Identifier: Apache-2.0
#include "toml/context.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "model/printable.hpp"
#include "toml/tree.hpp"

namespace netrig::tomlfile {
namespace {

/// Cut in the middle, between characters, if it is long: what is wrong stands in front, what would be right at the end.
std::string shortened(const std::string& message) {
  constexpr std::size_t kFront = 700;
  constexpr std::size_t kBack = 300;
  if (message.size() <= kFront + kBack) return message;
  const auto inside = [&](std::size_t at) { return (static_cast<unsigned char>(message[at]) & 0xc0U) == 0x80; };
  std::size_t front = kFront;
  while (front > 0 && inside(front)) --front;
  std::size_t back = message.size() - kBack;
  while (back < message.size() && inside(back)) ++back;
  return message.substr(0, front) + " ... " + message.substr(back);
}

}  // namespace

std::string Context::place(Position where) const {
  const bool is_other = where.file > 0 && includes != nullptr && where.file <= includes->size();
  return fmt::format("{}:{}:{}", is_other ? (*includes)[where.file - 1U] : *file, where.line, where.column);
}

std::string Context::line(Position where) const {
  const bool is_other = where.file > 0 && includes != nullptr && where.file <= includes->size();
  return is_other ? fmt::format("line {} of {}", where.line, (*includes)[where.file - 1U])
                  : fmt::format("line {}", where.line);
}

namespace {

/// In place of words that would repeat the text.
constexpr const char* kVeiledFault =
    "the braces in this text, which may be secret, hold no expression; write {{ and }} for braces as such";

}  // namespace

std::string Context::iteration() const {
  const Variables* told = variables != nullptr ? variables : loops;
  if (told == nullptr || told->empty()) return {};
  std::vector<std::string> words;
  for (const Variable& one : *told) {
    // What it is may be the secret, which one it is says as much to who has the file.
    words.push_back(veiled || std::holds_alternative<const toml::node*>(one.value)
                        ? fmt::format("#{} = {}", one.name, one.ordinal)
                        : fmt::format("{} = {}", one.name, in_words(one.value)));
  }
  return fmt::format(" ({})", fmt::join(words, ", "));
}

void Warnings::add(std::string where, std::string message) {
  constexpr std::size_t kMost = 100;
  if (const auto found = index_.find(where); found != index_.end()) {
    ++kept_[found->second].times;
  } else if (kept_.size() == kMost) {
    ++others_;
  } else {
    index_.emplace(where, kept_.size());
    kept_.push_back({.warning = {.where = std::move(where), .message = std::move(message)}});
  }
}

std::vector<Warning> Warnings::told(const std::string& file) const {
  std::vector<Warning> all;
  for (const Counted& one : kept_) {
    all.push_back(one.warning);
    if (one.times > 1) all.back().message += fmt::format(" (and {} more like it)", one.times - 1);
  }
  if (others_ > 0) all.push_back({.where = file, .message = fmt::format("{} more warnings are not shown", others_)});
  return all;
}

void Context::fail(Position where, const std::string& message, ErrorCode code) const {
  // Messages repeat what the file says; a NUL in it would end them, and a long text fill the terminal.
  throw Error(code, shortened(one_line(message) + iteration()), place(where));
}

Text Context::expanded(std::string_view text, Position where) const { return expanded(text, where, kAnyLength); }

Text Context::expanded(std::string_view text, Position where, std::size_t most) const {
  if (variables == nullptr) return {std::string(text), where};
  try {
    return {expand(text, scope(), most), where};
  } catch (const ExpansionError& error) {
    fail(where, veiled ? kVeiledFault : error.what());
  }
}

Text Context::expanded(const toml::node& string) const {
  const auto& text = *string.as_string();
  if (is_literal(text)) return {text.get(), position_of(string)};
  return expanded(text.get(), position_of(string));
}

bool Context::computes(const toml::node& node) const {
  const auto* text = node.as_string();
  return text != nullptr && (is_literal(*text) ? is_computed(*text) : variables != nullptr);
}

std::optional<Value> Context::lone_value(const toml::node& node) const {
  const auto* text = node.as_string();
  if (text == nullptr || variables == nullptr || is_literal(*text)) return std::nullopt;
  const auto inside = lone_expression(text->get());
  if (!inside) return std::nullopt;
  try {
    return evaluate(*inside, scope());
  } catch (const ExpansionError& error) {
    fail(position_of(node), veiled ? kVeiledFault : error.what());
  }
}

const toml::node& Context::resolved(const toml::node& node) const {
  if (variables == nullptr || !node.is_string()) return node;
  const auto value = lone_value(node);
  const auto* found = value ? std::get_if<const toml::node*>(&*value) : nullptr;
  return found == nullptr ? node : **found;
}

}  // namespace netrig::tomlfile
