// SPDX-License-Identifier: Apache-2.0
// What every command needs: options, policy, drivers, output.
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/config.hpp"
#include "driver/registry.hpp"
#include "engine/journal.hpp"
#include "model/lab.hpp"
#include "report/progress.hpp"
#include "session/session.hpp"

namespace netrig::cli {

/// Ordered, so that output reads in the order it was written.
using Json = nlohmann::ordered_json;

/// Options that every command takes.
struct GlobalOptions {
  bool json = false;
  bool quiet = false;
  int verbose = 0;
  std::string host_config;
  std::string log_format = "human";
  std::string log_file;
  std::string trace_drivers;
  bool no_color = false;
};

/// What the command line says to a lab file.
struct LabSettings {
  std::vector<std::string> set = {};  ///< "NAME=VALUE", over [vars]
  std::string name = {};              ///< that it gets instead of its own; empty: its own
};

class Session {
 public:
  Session(GlobalOptions options, driver::PolicySource installation, bool muted = false);

  [[nodiscard]] const GlobalOptions& options() const { return options_; }
  /// Another under the same policy, which says nothing to people, shows no progress and answers nothing.
  [[nodiscard]] Session apart() const;
  /// Drivers under the host's policy; the policy is read on first use.
  driver::Registry& drivers();
  config::Drivers lookup();

  /// Reads a lab file, prints its warnings and has every driver check its parameters.
  Lab load(const std::string& path, const std::vector<std::string>& only, Json& warnings,
           const LabSettings& settings = {});
  /// The same lab as TOML without shorthand.
  std::string expand(const std::string& path, const LabSettings& settings);
  /// The lab as it was brought up, from the copy kept with its record.
  Lab applied(const engine::Record& record);
  /// What an edit that was cut off was to make of it, likewise.
  Lab edited(const engine::Record& record);
  /// For session/. `progress`: shows how far a run is; it must outlive it. nullptr: nothing is shown.
  session::Host host(report::Progress* progress = nullptr);

  /// Text for people unless --json or --quiet, as printable(); at once, also into a pipe.
  void say(const std::string& text) const;
  /// The same with colours in it, whose other parts have been made printable one by one.
  void say_painted(const std::string& text) const;
  /// Of the terminal that it is said to, for tables; 0: it is none.
  [[nodiscard]] static std::size_t columns();
  /// Whether nothing shall be said to people, for standard output is taken. Returns how it was.
  bool mute(bool on) { return std::exchange(muted_, on); }
  /// The command's answer with --json.
  void answer(const Json& json) const;
  /// The same of a command that goes on: one line an answer.
  void answer_line(const Json& json) const;
  /// What the command has done ("lab two-hosts is up"), and does not undo because of what it could not print.
  void stands(std::string what) { stands_ = std::move(what); }
  [[nodiscard]] const std::string& stands() const { return stands_; }

 private:
  void validate(const Lab& lab);
  /// From a copy of a lab file.
  Lab kept(const std::string& name, const std::string& source, const engine::Edit& said);
  config::Parsed parse(const std::string& path, const LabSettings& settings, bool expand);
  /// Text of a lab file, or of one that it includes.
  std::string lab_text(const std::string& path);
  /// What a lab's namespaces are to have of files, protected where labs are to be.
  std::vector<config::Content> contents(const std::string& path, const std::string& name);
  /// Text of a lab file under a policy that wants labs signed or protected.
  std::string protected_lab(const std::string& path);

  GlobalOptions options_;
  driver::PolicySource installation_;
  std::optional<driver::Registry> drivers_;
  bool muted_ = false;
  std::string stands_;
};

/// Name of a running lab from what the user typed: its name, its file, or the path its file once had.
/// Throws Error{not_found}.
std::string resolve_lab(const std::string& typed);
/// The record of a lab. Throws Error{not_found}.
engine::Record record_of(const std::string& lab);

/// Set by SIGINT, SIGTERM and SIGHUP once `catch_signals` has been called.
const std::atomic<bool>& interrupted();
void catch_signals();

/// Message about output that could not be written; `fault` is report::output_fault.
std::string unwritten(const std::string& fault);

/// Whether text for people is coloured: on a terminal that can, unless --no-color or NO_COLOR (no-color.org) says
/// otherwise.
bool colour_wanted(const GlobalOptions& options, int fd);
/// One line for people on standard error, whatever is in it.
void complain(const std::string& line);
/// JSON as text: what came from outside may be no UTF-8 or hold what a terminal obeys; it is shown, not refused.
std::string json_text(const Json& json, int indent = 2);
/// Prints an error as text, and with --json as an object that says this exit code; returns it.
int print_error(const GlobalOptions& options, const Error& error, int exit);

/// Parses the command line, runs the command, prints errors. `installation`: where this build of the command finds its
/// policy. Returns the exit code.
int run(int argc, char** argv, const driver::PolicySource& installation);

}  // namespace netrig::cli
