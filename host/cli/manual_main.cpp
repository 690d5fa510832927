// SPDX-License-Identifier: Apache-2.0
// Run by the build alone: writes the manual pages of all commands into a directory.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "cli/manual.hpp"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::filesystem::path directory = argv[1];
  std::error_code fault;
  std::filesystem::remove_all(directory, fault);  // of commands that there were
  std::filesystem::create_directories(directory, fault);
  for (const netrig::cli::ManualPage& page : netrig::cli::manual_pages()) {
    std::ofstream file(directory / (page.name + ".1"));
    file << page.text;
    file.close();
    if (!file) {
      std::perror(page.name.c_str());
      return 1;
    }
  }
  return 0;
}
