// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

#include "check/result.hpp"
#include "model/lab.hpp"
#include "report/lab_run.hpp"

namespace netrig::report {

/// One page that needs nothing else, no network and no script: the lab's drawing with what passed and failed on it,
/// every test with its findings, plots and lines to run it again, and the machine it ran on.
std::string html(const LabRun& run);
/// Of several labs the same one below the other, with a table of them before.
std::string html(LabRuns runs, double seconds);

/// A lab with what passed and failed between its namespaces, for LabRun.
std::string drawing_of(const check::Report& report, const Lab& lab);

}  // namespace netrig::report
