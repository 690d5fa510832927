// SPDX-License-Identifier: Apache-2.0
#include "toml/faults.hpp"

#include <algorithm>
#include <charconv>
#include <tuple>

namespace netrig::tomlfile {
namespace {

/// What repeats can be wrong very often, at one place.
constexpr std::size_t kMostFound = 1000;

/// "file:line:column" to be compared.
std::tuple<std::string, unsigned, unsigned> order_of(const Error& error) {
  std::string file = error.where();
  unsigned numbers[2] = {0, 0};
  for (unsigned& number : numbers) {
    const std::size_t colon = file.rfind(':');
    if (colon == std::string::npos) break;
    std::from_chars(file.data() + colon + 1, file.data() + file.size(), number);
    file.resize(colon);
  }
  return {file, numbers[1], numbers[0]};
}

}  // namespace

void Faults::add(const Error& error) {
  ++found_;
  if (places_.insert(error.where()).second) errors_.push_back(error);
  if (errors_.size() == kMost || found_ == kMostFound) raise(true);
}

void Faults::raise(bool cut) {
  std::stable_sort(errors_.begin(), errors_.end(),
                   [](const Error& a, const Error& b) { return order_of(a) < order_of(b); });
  throw Errors(std::move(errors_), cut);
}

}  // namespace netrig::tomlfile
