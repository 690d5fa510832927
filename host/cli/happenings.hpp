// SPDX-License-Identifier: Apache-2.0
// What commands that go on say as it happens.
#pragma once
#include <chrono>
#include <string>

#include "cli/session.hpp"

namespace netrig::cli {

/// "2026-02-03T04:05:06.789Z"
std::string time_text(std::chrono::system_clock::time_point when);
/// How a line of JSON begins: what happens, when, in which lab.
Json happening(const char* event, const std::string& lab);

}  // namespace netrig::cli
