// SPDX-License-Identifier: Apache-2.0
// The file itself, of which nothing runs.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "conformance/bench.hpp"

namespace netrig::conformance {
namespace {

void exports_nothing_else(Bench& bench, Findings& findings) {
  for (const std::string& name : bench.linkage().exports)
    if (name != NETRIG_DRIVER_SYMBOL)
      findings.add(name, "it is exported, and may clash with the host's or a library's");
}

void is_sealed(Bench& bench, Findings& findings) {
  if (!bench.linkage().sealed)
    findings.add("its table of functions can be written while it runs; link it with -z relro -z now");
}

void has_no_writable_code(Bench& bench, Findings& findings) {
  if (bench.linkage().writable_code) findings.add("it has a segment that can be written and run");
}

void is_called_as_the_file(Bench& bench, Findings& findings) {
  const std::string file = std::filesystem::path(bench.path()).filename().string();
  if (file != bench.about().kind + ".so")
    findings.add(fmt::format("its table says driver \"{}\", and the file is called {}", bench.about().kind, file));
}

void starts_no_processes(Bench& bench, Findings& findings) {
  static constexpr std::array<std::string_view, 15> kStarting = {
      "fork",    "vfork",  "clone",   "execl",  "execle", "execlp",      "execv",       "execve",
      "execvpe", "execvp", "fexecve", "system", "popen",  "posix_spawn", "posix_spawnp"};
  for (const std::string& name : bench.linkage().imports)
    if (std::find(kStarting.begin(), kStarting.end(), name) != kStarting.end())
      findings.add(name, "it is called, and a driver starts no process");
}

constexpr Check kChecks[] = {
    {"binary.file", 1, "is a whole shared object of this machine", Needs::file, nullptr},
    {"binary.note", 2, "has its table in one note", Needs::file, nullptr},
    {"binary.stack", 3, "asks for no executable stack", Needs::file, nullptr},
    {"binary.writable-code", 3, "has no code that can be written", Needs::file, has_no_writable_code},
    {"binary.text", 4, "has no relocations in its code", Needs::file, nullptr},
    {"binary.relocations", 4, "has no relocations in its table", Needs::file, nullptr},
    {"binary.libraries", 5, "needs the C and C++ runtimes alone", Needs::file, nullptr},
    {"binary.paths", 5, "says no paths to look for libraries in", Needs::file, nullptr},
    {"binary.filters", 5, "brings no libraries in by other means", Needs::file, nullptr},
    {"binary.functions", 6, "exports its functions if its table has any", Needs::file, nullptr},
    {"binary.exports", 6, "exports nothing else", Needs::file, exports_nothing_else},
    {"binary.sealed", 7, "is read-only where the loader has written", Needs::file, is_sealed},
    {"binary.name", 8, "is called as its table says", Needs::file, is_called_as_the_file},
    {"binary.processes", 30, "calls nothing that starts a process", Needs::file, starts_no_processes},
};

}  // namespace

std::span<const Check> binary_checks() { return kChecks; }

}  // namespace netrig::conformance
