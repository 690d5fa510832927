// SPDX-License-Identifier: Apache-2.0
// Catch2 v2 (Debian 12) and v3 differ in header names only, as far as these tests go.
#pragma once
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Matchers::ContainsSubstring;
#else
#include <catch2/catch.hpp>
inline auto ContainsSubstring(const std::string& text) { return Catch::Matchers::Contains(text); }
#endif
