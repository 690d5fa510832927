// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <string>

#include "report/lab_run.hpp"

namespace netrig::report {

/// What was found as GitHub and GitLab show it: a table of the labs, one of the tests of each, and what went wrong.
/// `most`: bytes that it may have; what goes beyond is left out test by test, and counted.
std::string markdown(LabRuns runs, std::size_t most = std::size_t(-1));

}  // namespace netrig::report
