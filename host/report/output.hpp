// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>

namespace netrig::report {

/// Writes a whole file: beside it first, then renamed, so that a reader sees all of it or the one before. "-" is
/// standard output; what is no regular file (/dev/null, a pipe) is written as it is. Throws Error{failed} naming the
/// file, with errno text; then nothing is left beside it.
void write_output(const std::string& path, const std::string& text);

}  // namespace netrig::report
