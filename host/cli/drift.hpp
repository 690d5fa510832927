// SPDX-License-Identifier: Apache-2.0
// What is to be done to a lab, or is wrong with it, as text and as JSON.
#pragma once
#include <string>
#include <vector>

#include "cli/session.hpp"

namespace netrig::cli {

/// One object a line; what it is called, what differs, and where it stands in the file.
Json lines_json(const std::vector<plan::Line>& lines, const Lab& lab);
Json foreign_json(const std::vector<session::ForeignObject>& foreign);
/// "h1 interface eth0 mtu: expected 1500, found 1400  (lab.toml:12:9)", a line.
std::string fault_text(const plan::Fault& fault, const Lab& lab);
/// The same of all, one a line.
std::string drift_text(const std::vector<plan::Line>& lines, const Lab& lab);
/// Nobody accounts for these; empty where there are none.
std::string foreign_text(const std::vector<session::ForeignObject>& foreign);

}  // namespace netrig::cli
