// SPDX-License-Identifier: Apache-2.0
// What came from outside, made fit for XML, HTML and terminals: names and outputs can hold any bytes.
#pragma once
#include <string>
#include <string_view>

namespace netrig::report {

/// Valid UTF-8 without control characters but tab and newline; what is not becomes U+FFFD (as XML 1.0 wants it).
std::string clean(std::string_view text);
/// clean(), with & < > " ' as entities: for text and attribute values of XML and HTML.
std::string xml(std::string_view text);
/// clean() on one line.
std::string one_line(std::string_view text);

}  // namespace netrig::report
