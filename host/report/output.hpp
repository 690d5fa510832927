// SPDX-License-Identifier: Apache-2.0
// Files that netrig writes for its user, who may be root in a directory where others write, too.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "model/unique_fd.hpp"

namespace netrig::report {

/// Text on standard output, at once, also into a pipe. What cannot be written is no exception, for it must not undo
/// anything: see output_fault.
void say(std::string_view text) noexcept;
/// The same on standard error; what cannot be written there is lost, for there is nobody left to tell.
void say_error(std::string_view text) noexcept;
/// Why standard output could not be written, errno text; nothing: it could, or its reader has gone and wants no more
/// (EPIPE).
std::optional<std::string> output_fault();
/// Whether nobody reads standard output any more, for who writes on and on.
bool reader_is_gone() noexcept;

/// Writes a whole file: beside it first, then renamed, so that a reader sees all of it or the one before, and a link in
/// its place is replaced. "-" is standard output; what is no regular file (/dev/null, a pipe) is written as it is, if
/// check_output() has nothing against it and somebody takes it within some seconds. Throws Error naming the file,
/// with errno text; then nothing is left beside it.
void write_output(const std::string& path, const std::string& text);

/// Before anything has begun: throws Error{invalid} for a place that write_output() would refuse,
/// because another than the user or the directory's owner put a link, a pipe or a device there, or it is a disk.
void check_output(const std::string& path);
/// The same of a file that is appended to, whose place a link in its stead does not take.
void check_log(const std::string& path);

/// A file to append to, made if it is not there, closed to others. Nothing in it can block: writes are non-blocking.
/// Throws Error{invalid}.
UniqueFd open_log(const std::string& path);

/// A file to write on and on from its beginning, closed to others if it is new; what a file held is gone. "-" is
/// standard output. Writes into it may block. Throws Error{invalid} as open_log() does.
UniqueFd open_stream(const std::string& path);

/// Writes all of it, waiting for a slow reader, but not for one that takes nothing any more. Returns 0 or an errno.
int write_all(int fd, std::string_view text);

}  // namespace netrig::report
