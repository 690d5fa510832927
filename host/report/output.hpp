// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace netrig::report {

/// Text on standard output. What cannot be written is no exception, for it must not undo anything: see output_fault.
void say(std::string_view text) noexcept;
/// The same on standard error; what cannot be written there is lost, for there is nobody left to tell.
void say_error(std::string_view text) noexcept;
/// Writes out what is buffered. Why standard output could not be written, errno text; nothing: it could, or its reader
/// has gone and wants no more (EPIPE).
std::optional<std::string> output_fault();

/// Writes a whole file: beside it first, then renamed, so that a reader sees all of it or the one before. "-" is
/// standard output; what is no regular file (/dev/null, a pipe) is written as it is. Throws Error{failed} naming the
/// file, with errno text; then nothing is left beside it.
void write_output(const std::string& path, const std::string& text);

}  // namespace netrig::report
