// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "check/job.hpp"

namespace netrig::check {

/// Runs the check of a test: once, or with `within` and `holds` again and again until it is known. What the last run
/// that had its time has measured and found is in the job's result, with how long it was waited for.
void run_check(const Job& job);

}  // namespace netrig::check
