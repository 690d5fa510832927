// SPDX-License-Identifier: Apache-2.0
#include "report/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>

#include "model/printable.hpp"
#include "report/terminal.hpp"

namespace netrig::report {
namespace {

using Row = std::vector<std::string>;

constexpr std::size_t kGap = 2;

std::size_t longest_word(const std::string& cell) {
  std::size_t longest = 0;
  for (const std::string& word : wrapped(cell, 1)) longest = std::max(longest, width_of(word));
  return longest;
}

/// How wide each column is. Nothing: even broken at every blank the rows would not fit.
std::optional<std::vector<std::size_t>> widths_within(const std::vector<Row>& rows, std::size_t columns) {
  std::vector<std::size_t> widths;
  std::vector<std::size_t> least;
  for (const Row& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i == widths.size()) {
        widths.push_back(0);
        least.push_back(0);
      }
      widths[i] = std::max(widths[i], width_of(row[i]));
      least[i] = std::max(least[i], longest_word(row[i]));
    }
  if (columns == 0) return widths;
  std::size_t all = std::accumulate(widths.begin(), widths.end(), kGap * (widths.size() - 1));
  while (all > columns) {
    // The widest of those that can give way does, so that the others stay as they are.
    std::size_t widest = widths.size();
    for (std::size_t i = 0; i < widths.size(); ++i)
      if (widths[i] > least[i] && (widest == widths.size() || widths[i] > widths[widest])) widest = i;
    if (widest == widths.size()) return std::nullopt;
    --widths[widest];
    --all;
  }
  return widths;
}

/// A row in as many lines as its longest cell.
std::string laid_out(const Row& row, const std::vector<std::size_t>& widths) {
  std::vector<std::vector<std::string>> cells;
  std::size_t lines = 1;
  for (std::size_t i = 0; i < row.size(); ++i) {
    cells.push_back(wrapped(row[i], widths[i]));
    lines = std::max(lines, cells.back().size());
  }
  std::string text;
  for (std::size_t at = 0; at < lines; ++at) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string part = at < cells[i].size() ? cells[i][at] : "";
      line += part + std::string(widths[i] + kGap - width_of(part), ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

/// The last cell, the longest in most tables, in lines of its own. Nothing: the others do not fit either.
std::optional<std::string> with_last_below(const std::vector<Row>& rows, std::size_t columns) {
  constexpr std::size_t kIndent = 4;
  std::vector<Row> others = rows;
  for (Row& row : others) row.resize(std::min(row.size(), rows.front().size() - 1));
  const auto widths = widths_within(others, columns);
  if (!widths || widths->empty()) return std::nullopt;
  std::string text;
  for (std::size_t at = 0; at < rows.size(); ++at) {
    text += laid_out(others[at], *widths);
    if (rows[at].size() > others[at].size() && !rows[at].back().empty())
      text += laid_out({"", rows[at].back()},
                       {kIndent - kGap, std::max(columns - std::min(columns, kIndent), longest_word(rows[at].back()))});
  }
  return text;
}

/// "DEVICE  wire", a cell a line, and a line between rows.
std::string paragraphs(const std::vector<Row>& rows, std::size_t columns) {
  const Row& header = rows.front();
  std::size_t name_width = 0;
  for (const std::string& name : header) name_width = std::max(name_width, width_of(name));
  const std::size_t value_width = columns > name_width + kGap ? columns - name_width - kGap : 1;
  std::string text;
  for (std::size_t at = 1; at < rows.size(); ++at) {
    if (at > 1) text += "\n";
    for (std::size_t i = 0; i < rows[at].size() && i < header.size(); ++i)
      if (!rows[at][i].empty())
        text += laid_out({header[i], rows[at][i]}, {name_width, std::max(value_width, longest_word(rows[at][i]))});
  }
  return text;
}

}  // namespace

void TextTable::add(std::vector<std::string> row) {
  for (std::string& cell : row) cell = one_line(cell);
  rows_.push_back(std::move(row));
}

std::string TextTable::str(std::size_t columns) const {
  const auto widths = widths_within(rows_, columns);
  if (!widths) return with_last_below(rows_, columns).value_or(paragraphs(rows_, columns));
  std::string text;
  for (const auto& row : rows_) text += laid_out(row, *widths);
  return text;
}

std::string counted(std::size_t number, const std::string& singular) {
  return fmt::format("{} {}{}", number, singular, number == 1 ? "" : "s");
}

}  // namespace netrig::report
