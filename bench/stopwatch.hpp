// SPDX-License-Identifier: Apache-2.0
// The measuring tools of bench/run. They end the program with a message when the kernel refuses something.
#pragma once

#include <string>

namespace bench {

/// Makes a veth from here into the namespace; this end vanishes when the kernel really takes that namespace apart.
void observe(const std::string& path, const std::string& name);

/// Waits until the interface is gone and prints the milliseconds; false when it is still there after the timeout.
bool wait_gone(const std::string& name, double timeout_ms);

/// Waits for the kernel to finish with what was deleted before. Dead namespaces are cleaned up in order, so once one
/// more is gone, all before it are.
void settle();

/// Runs a command and prints its wall time, the largest resident set among it and its children, and when the interface
/// `observer` (if any) vanished, as JSON. False when the command failed.
bool time_command(const std::string& observer, char** command);

}  // namespace bench
