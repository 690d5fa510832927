// SPDX-License-Identifier: Apache-2.0
#include "cli/lab_files.hpp"

#include <fmt/format.h>
#include <glob.h>

#include <filesystem>
#include <set>

#include "model/error.hpp"

namespace netrig::cli {
namespace {

bool is_pattern(const std::string& word) {
  std::error_code ignored;
  return word.find_first_of("*?[") != std::string::npos && !std::filesystem::exists(word, ignored);
}

std::vector<std::string> matches_of(const std::string& pattern) {
  glob_t found{};
  const int outcome = ::glob(pattern.c_str(), 0, nullptr, &found);
  std::vector<std::string> files;
  std::error_code ignored;
  for (std::size_t i = 0; outcome == 0 && i < found.gl_pathc; ++i)
    if (const std::string path = found.gl_pathv[i]; !std::filesystem::is_directory(path, ignored))
      files.push_back(path);
  ::globfree(&found);
  if (files.empty())
    throw Error(ErrorCode::invalid, fmt::format("no lab file matches \"{}\"; \"*\" and \"?\" stand for what is in one "
                                                "directory, \"*/*\" for what is in those below",
                                                pattern));
  return files;
}

}  // namespace

LabFiles lab_files(const std::vector<std::string>& words) {
  LabFiles labs;
  std::set<std::string> known;
  std::error_code ignored;
  const auto add = [&](const std::string& file) {
    if (known.insert(std::filesystem::weakly_canonical(file, ignored)).second) labs.files.push_back(file);
  };
  for (const std::string& word : words) {
    if (!is_pattern(word)) {
      add(word);
      continue;
    }
    labs.several = true;
    for (const std::string& file : matches_of(word)) add(file);
  }
  labs.several = labs.several || labs.files.size() > 1;
  for (const std::string& file : labs.files)
    if (labs.several && !std::filesystem::exists(file, ignored))
      throw Error(ErrorCode::invalid, "there is no such lab file", file);
  return labs;
}

}  // namespace netrig::cli
