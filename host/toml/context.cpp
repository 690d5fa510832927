// SPDX-License-Identifier: Apache-2.0
#include "toml/context.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "model/printable.hpp"

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

std::string Context::place(Position where) const { return fmt::format("{}:{}:{}", *file, where.line, where.column); }

std::string Context::iteration() const {
  if (variables == nullptr || variables->empty()) return {};
  std::vector<std::string> words;
  for (const auto& [name, value] : *variables) words.push_back(fmt::format("{} = {}", name, value));
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

Text Context::expanded(std::string_view text, Position where) const {
  if (variables == nullptr) return {std::string(text), where};
  try {
    return {expand(text, *variables), where};
  } catch (const ExpansionError& error) {
    fail(where, error.what());
  }
}

}  // namespace netrig::tomlfile
