// SPDX-License-Identifier: Apache-2.0
#include "model/names.hpp"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <vector>

#include "model/error.hpp"

namespace netrig {
namespace {

bool is_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

NameFault first_fault(std::string_view text, std::size_t longest, std::string_view extra,
                      std::string_view first_extra) {
  if (text.empty()) return "is empty";
  if (text.size() > longest) return fmt::format("is {} bytes long; at most {} are allowed", text.size(), longest);
  for (const char c : text) {
    if (is_alnum(c) || extra.find(c) != std::string_view::npos) continue;
    const auto byte = static_cast<unsigned char>(c);
    if (c == ' ') return "has a space in it";
    if (byte < 0x20 || byte == 0x7f) return fmt::format("has the control byte 0x{:02x} in it", byte);
    if (byte >= 0x80) return "has a byte that is not ASCII in it";
    return fmt::format("has '{}' in it", c);
  }
  if (!is_alnum(text.front()) && first_extra.find(text.front()) == std::string_view::npos)
    return fmt::format("begins with '{}'", text.front());
  return std::nullopt;
}

}  // namespace

NameFault interface_name_fault(std::string_view text) {
  // Directories, and names of /proc/sys/net/*/conf (dev_valid_name, sysctl_dev_name_is_allowed).
  if (text == "." || text == ".." || text == "all" || text == "default") return "is reserved by the kernel";
  return first_fault(text, 15, "!#$&()*+,-.;<=>?@[]^_{|}~", "_.@+");
}
NameFault namespace_name_fault(std::string_view text) {
  if (text == "." || text == "..") return "is a directory";
  return first_fault(text, 255, "._@+-", "_@+");
}
NameFault lab_name_fault(std::string_view text) { return first_fault(text, 64, "._-", ""); }
NameFault device_name_fault(std::string_view text) { return first_fault(text, 255, "._@+-", "_"); }

template <NameFault (*fault)(std::string_view)>
Name<fault>::Name(std::string text) : text_(std::move(text)) {
  if (const NameFault found = fault(text_))
    throw Error(ErrorCode::invalid, fmt::format("name \"{}\" {}", text_, *found));
}
template class Name<interface_name_fault>;
template class Name<namespace_name_fault>;
template class Name<lab_name_fault>;
template class Name<device_name_fault>;

bool matches(std::string_view pattern, std::string_view name) {
  return fnmatch(std::string(pattern).c_str(), std::string(name).c_str(), 0) == 0;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  // So far apart nobody is interested; and no name is so long.
  constexpr std::size_t kLongest = 255;
  const std::size_t least = a.size() < b.size() ? b.size() - a.size() : a.size() - b.size();
  if (std::max(a.size(), b.size()) > kLongest || least > a.size() / 3 + 2) return std::max(a.size(), b.size());
  // Optimal string alignment: a swap of neighbours, the commonest slip, counts once.
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i)
    for (std::size_t j = 1; j <= b.size(); ++j) {
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  return d[a.size()][b.size()];
}

}  // namespace netrig
