// SPDX-License-Identifier: Apache-2.0
// What came from outside, made fit for XML and HTML: names and outputs can hold any bytes.
#pragma once
#include <string>
#include <string_view>

#include "model/printable.hpp"

namespace netrig::report {

/// printable(), with & < > " ' as entities: for text and attribute values of XML and HTML.
std::string xml(std::string_view text);

}  // namespace netrig::report
