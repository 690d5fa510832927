// SPDX-License-Identifier: Apache-2.0
// One function a command; each adds itself to the command line and says what to run.
#pragma once
#include <CLI/CLI.hpp>
#include <functional>

#include "cli/session.hpp"

namespace netrig::cli {

/// What the parsed command line asks for. Returns the exit code.
using Action = std::function<int(Session&)>;

void add_up(CLI::App& app, Action& action);
void add_down(CLI::App& app, Action& action);
void add_test(CLI::App& app, Action& action);
void add_run(CLI::App& app, Action& action);
void add_ping(CLI::App& app, Action& action);
void add_bench(CLI::App& app, Action& action);
void add_plan(CLI::App& app, Action& action);
void add_graph(CLI::App& app, Action& action);
void add_verify(CLI::App& app, Action& action);
void add_watch(CLI::App& app, Action& action);
void add_import(CLI::App& app, Action& action);
void add_status(CLI::App& app, Action& action);
void add_list(CLI::App& app, Action& action);
void add_exec(CLI::App& app, Action& action);
void add_shell(CLI::App& app, Action& action);
void add_logs(CLI::App& app, Action& action);
void add_impair(CLI::App& app, Action& action);
void add_capture(CLI::App& app, Action& action);
void add_drivers(CLI::App& app, Action& action);
void add_doctor(CLI::App& app, Action& action);
void add_audit(CLI::App& app, Action& action);
void add_schema(CLI::App& app, Action& action);
void add_completion(CLI::App& app, Action& action);
/// Commands below "drivers".
void add_signing(CLI::App& drivers, Action& action);
void add_conformance(CLI::App& drivers, Action& action);
void add_new_driver(CLI::App& drivers, Action& action);

}  // namespace netrig::cli
