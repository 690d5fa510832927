// SPDX-License-Identifier: Apache-2.0
#include "cli/values.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "model/parameter.hpp"
#include "model/size.hpp"

namespace netrig::cli {

// The command line's errors put the option's name before what a validator returns.
CLI::Validator number_from(std::uint64_t least, std::uint64_t most) {
  return CLI::Validator(
      [least, most](const std::string& text) {
        std::uint64_t number = 0;
        const char* end = text.data() + text.size();
        const auto read = std::from_chars(text.data(), end, number);
        const bool whole = read.ec == std::errc() && read.ptr == end;
        return whole && number >= least && number <= most
                   ? std::string()
                   : fmt::format("\"{}\" is not a whole number from {} to {}", text, least, most);
      },
      "");
}

CLI::Validator one_of(std::vector<std::string> words) {
  return CLI::Validator(
      [words = std::move(words)](const std::string& text) {
        if (std::find(words.begin(), words.end(), text) != words.end()) return std::string();
        return fmt::format("\"{}\" is none of {}", text, fmt::join(words, ", "));
      },
      "");
}

CLI::Validator size() {
  return CLI::Validator(
      [](const std::string& text) {
        return parse_size(text, kLargestSize).value_or(0) > 0
                   ? std::string()
                   : fmt::format("\"{}\" is no size; write bytes, or as in \"64KiB\", \"10MiB\" or \"1GiB\"", text);
      },
      "");
}

CLI::Validator duration() {
  return CLI::Validator(
      [](const std::string& text) {
        return parse_duration(text).value_or(0) > 0
                   ? std::string()
                   : fmt::format("\"{}\" is no duration; write a number and a unit, as in \"10s\" or \"500ms\"", text);
      },
      "");
}

void add_settings(CLI::App& command, std::vector<std::string>& set) {
  command.add_option("--set", set, "Value of a variable in the lab's [vars]; may be repeated")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
}

}  // namespace netrig::cli
