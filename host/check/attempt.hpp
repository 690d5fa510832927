// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "check/runner.hpp"
#include "check/services.hpp"

namespace netrig::check {

/// One test with all its repetitions, from beginning to end. Thread: any.
TestResult attempt(const Ground& ground, const Test& test, const RunOptions& options, ServicePool& pool);

/// Things that two tests must not use at once, beside those that must run alone.
std::vector<std::string> resources_of(const Ground& ground, const Test& test);
/// Whether a test measures or changes what others would disturb, or be disturbed by.
bool runs_alone(const Test& test);

}  // namespace netrig::check
