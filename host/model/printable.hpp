// SPDX-License-Identifier: Apache-2.0
// What came from outside (names, files, kernels, drivers, outputs), made fit to be shown: a terminal obeys some
// characters, and some hide others or turn text around. The one place that knows which; see also unicode.org's TR 36.
#pragma once
#include <string>
#include <string_view>

namespace netrig {

/// Valid UTF-8 that moves no cursor, starts no escape sequence and keeps its direction. What would, or is no UTF-8, is
/// shown as "\x1b" or "\u202e"; tabs and newlines stay. Such text is also fit for XML 1.0, once its marks are escaped.
std::string printable(std::string_view text);

/// printable() on one line: newlines become spaces, so that nothing in a message can look like another message.
std::string one_line(std::string_view text);

/// one_line() of which a CI that reads what its steps write takes nothing for an order: GitHub obeys "::" at the
/// beginning of a line and "##[" anywhere in it (ActionCommand.cs of actions/runner), and gets a backslash into them.
std::string log_line(std::string_view text);

/// JSON text with the same characters written as JSON writes them: the same value, and fit to be shown.
std::string printable_json(std::string_view json);

/// A text as one word of a shell's command line, quoted if it must be: for commands that people are shown to copy.
std::string shell_word(std::string_view text);

/// Columns that printable text takes on a terminal.
std::size_t width_of(std::string_view text);

}  // namespace netrig
