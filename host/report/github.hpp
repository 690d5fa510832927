// SPDX-License-Identifier: Apache-2.0
// What GitHub Actions reads from a step's output.
#pragma once
#include <string>

#include "report/lab_run.hpp"

namespace netrig::report {

/// A workflow command a line, "::error file=labs/a.toml,line=7,col=8,title=...::...", for each test that failed or
/// could not run: GitHub shows it at that line. `root`: the directory that names of files count from; empty: none.
std::string github_annotations(LabRuns runs, const std::string& root);

}  // namespace netrig::report
