// SPDX-License-Identifier: Apache-2.0
#include "model/service.hpp"

#include "model/fingerprint.hpp"

namespace netrig {

std::uint64_t fingerprint_of(const Service& service) {
  Fingerprint print;
  print.add(service.space);
  for (const std::string& word : service.command) print.add(word);
  print.add(static_cast<std::uint64_t>(service.command.size()));
  print.add(static_cast<std::uint64_t>(service.stop.count()));
  print.add(static_cast<std::uint64_t>(service.forks));
  print.add(service.user);
  print.add(service.directory);
  for (const auto& [name, value] : service.environment) {
    print.add(name);
    print.add(value);
  }
  print.add(service.log);
  return print.value();
}

std::string shell_line(const Command& command) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_";
  std::string line;
  for (const std::string& word : command) {
    if (!line.empty()) line += ' ';
    if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) {
      line += word;
      continue;
    }
    line += '\'';
    for (const char c : word) line += c == '\'' ? std::string("'\\''") : std::string(1, c);
    line += '\'';
  }
  return line;
}

}  // namespace netrig
