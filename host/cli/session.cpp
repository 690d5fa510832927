// SPDX-License-Identifier: Apache-2.0
#include "cli/session.hpp"

#include <fmt/format.h>
#include <linux/capability.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "driver/protected_file.hpp"
#include "driver/signer.hpp"
#include "engine/engine.hpp"
#include "model/printable.hpp"
#include "report/output.hpp"
#include "report/terminal.hpp"

namespace netrig::cli {
namespace {

namespace fs = std::filesystem;

std::atomic<bool> g_interrupted{false};  // written by a signal handler, which has no parameters to get it by

void on_signal(int) { g_interrupted = true; }

/// Reads a secret file again, of which a record has only a keyed hash. One that is another by now stays without text.
void look_up(FileContent& file, const fs::path& directory) {
  if (file.text) return;
  try {
    const auto found = config::read_contents(file.path, directory / file.path);
    if (found.size() == 1 && digest_of(found.front().text, file.key) == file.digest)
      file.text = std::make_shared<const std::string>(found.front().text);
  } catch (const Error& error) {
    spdlog::debug("{}", error.what());
  }
}

/// What the devices of a lab were made by: the file that is up and, of one between two files, the other.
std::vector<Lab> labs_of(Session& session, const std::string& name) {
  const engine::Record record = record_of(name);
  std::vector<Lab> labs = {session.applied(record)};
  if (record.half_edited()) labs.push_back(session.edited(record));
  for (Lab& lab : labs)
    for (Device& device : lab.devices)
      for (auto& [parameter, value] : device.parameters)
        for (ParameterScalar& scalar : value.values)
          if (auto* file = std::get_if<FileContent>(&scalar)) look_up(*file, fs::path(lab.file).parent_path());
  return labs;
}

}  // namespace

const std::atomic<bool>& interrupted() { return g_interrupted; }

void catch_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(signal, &action, nullptr);
}

Session::Session(GlobalOptions options, driver::PolicySource installation, bool muted)
    : options_(std::move(options)), installation_(std::move(installation)), muted_(muted) {}

Session Session::apart() const {
  GlobalOptions options = options_;
  options.json = true;  // no progress
  return {std::move(options), installation_, true};
}

driver::Registry& Session::drivers() {
  if (!drivers_) {
    driver::PolicySource source = installation_;
    if (!options_.host_config.empty()) {
      source.file = options_.host_config;
      source.required = true;
      source.development = false;
    }
    std::shared_ptr<driver::Trace> trace;
    if (!options_.trace_drivers.empty())
      trace = std::make_shared<driver::Trace>(report::open_log(options_.trace_drivers));
    drivers_.emplace(driver::load_policy(source), std::move(trace));
    drivers_->recall_labs_by([this](const std::string& lab) { return labs_of(*this, lab); });
  }
  return *drivers_;
}

config::Drivers Session::lookup() {
  return {.find = [this](std::string_view kind) { return drivers().find(kind); },
          .kinds = [this] { return drivers().kinds(); }};
}

namespace {

constexpr std::size_t kLargestLab = 64 << 20;

std::string roots_alone(const std::string& path) {
  try {
    return driver::read_protected(path, "the lab file", kLargestLab, driver::Parents::checked).value_or("");
  } catch (const Error& error) {
    throw Error(ErrorCode::denied,
                fmt::format("{}; the policy wants labs protected: make it root's alone, or sign it (which a file in a "
                            "directory that is copied cannot be)",
                            error.message()),
                path);
  }
}

}  // namespace

std::vector<config::Content> Session::contents(const std::string& path, const std::string& name) {
  if (!drivers().policy().require_protected_labs) return config::read_contents(path, name);
  // A signature is of what a file holds, and neither of its name nor of what is beside it.
  std::error_code fault;
  if (std::filesystem::is_directory(name, fault)) return config::read_contents(path, name, roots_alone);
  return config::read_contents(path, name, [this](const std::string& file) { return protected_lab(file); });
}

std::string Session::lab_text(const std::string& path) {
  return drivers().policy().require_protected_labs ? protected_lab(path) : config::read_file(path);
}

config::Parsed Session::parse(const std::string& path, const LabSettings& settings, bool expand) {
  const config::Source source{
      .file = path,
      .read = [this](const std::string&, const std::string& name) { return lab_text(name); },
      .contents = [this](const std::string& from, const std::string& name) { return contents(from, name); },
      .set = settings.set,
      .name = settings.name,
      .expand = expand,
      .all_faults = true};
  return config::parse(lab_text(path), source, lookup());
}

std::string Session::expand(const std::string& path, const LabSettings& settings) {
  return parse(path, settings, true).expanded;
}

Lab Session::load(const std::string& path, const std::vector<std::string>& only, Json& warnings,
                  const LabSettings& settings) {
  config::Parsed parsed = parse(path, settings, false);
  warnings = Json::array();
  for (const config::Warning& warning : parsed.warnings) {
    warnings.push_back({{"where", warning.where}, {"message", warning.message}});
    if (!options_.quiet) complain(fmt::format("{}: warning: {}", warning.where, warning.message));
  }
  if (!only.empty()) {
    parsed.lab = select(parsed.lab, only);
    if (parsed.lab.namespaces.empty())
      throw Error(ErrorCode::invalid, fmt::format("--only {} matches no namespace of the lab", fmt::join(only, " ")));
  }
  validate(parsed.lab);
  return std::move(parsed.lab);
}

std::string Session::protected_lab(const std::string& path) {
  const driver::Policy& policy = drivers().policy();
  // The bytes that are checked are the bytes that are parsed.
  const auto text = driver::read_file(path, "the lab file", kLargestLab);
  if (!text) throw Error(ErrorCode::invalid, "the lab file is not there", path);
  const auto* bytes = reinterpret_cast<const unsigned char*>(text->data());
  if (const auto signature = driver::read_file(path + ".minisig", "the lab's signature", 8192)) {
    try {
      driver::check_signature(policy, *signature, {bytes, text->size()});
      return *text;
    } catch (const Error& error) {
      throw Error(ErrorCode::denied, "the policy wants labs protected, and " + error.message(), path);
    }
  }
  return roots_alone(path);
}

void Session::validate(const Lab& lab) {
  for (const Device& device : lab.devices) {
    driver::CreateRequest request{.lab = lab.name.str(), .device = device.name.str(), .parameters = &device.parameters};
    for (const Interface& interface : device.interfaces)
      request.interfaces.push_back({.name = interface.name.str(),
                                    .netns_fd = -1,
                                    .ifindex = 0,
                                    .mtu = interface.link.mtu.optional(),
                                    .mac = interface.link.mac.optional()});
    try {
      drivers().open(device.driver).validate(request);
    } catch (const Error& error) {
      throw Error(error.code(),
                  fmt::format("device {} (driver {}): {}", device.name.str(), device.driver, error.message()),
                  lab.at(device.where));
    }
  }
}

Lab Session::applied(const engine::Record& record) {
  return kept(record.lab, engine::Journal::applied_source(record.lab), {record.file, record.only});
}

Lab Session::edited(const engine::Record& record) {
  return kept(record.lab, engine::Journal::edit_source(record.lab), record.edit.value_or(engine::Edit{}));
}

Lab Session::kept(const std::string& name, const std::string& source, const engine::Edit& said) {
  try {
    Lab lab = config::parse_source(source, said.file, lookup()).lab;
    return said.only.empty() ? lab : select(lab, said.only);
  } catch (const Error& error) {
    throw Error(error.code(),
                fmt::format("lab \"{}\" is up by a file that can no longer be read ({}); run \"netrig down {}\" first",
                            name, error.what(), name));
  }
}

session::Host Session::host(report::Progress* progress) {
  engine::Options options;
  options.interrupted = &interrupted();
  if (progress != nullptr)
    options.progress = [progress](std::string_view stage, std::size_t done, std::size_t total) {
      progress->show(stage, done, total);
    };
  return {.drivers = drivers(),
          .applied = [this](const engine::Record& record) { return applied(record); },
          .edited = [this](const engine::Record& record) { return edited(record); },
          .options = std::move(options)};
}

void Session::say(const std::string& text) const { say_painted(printable(text)); }

void Session::say_painted(const std::string& text) const {
  if (!options_.json && !options_.quiet && !muted_) report::say(text);
}

std::size_t Session::columns() { return report::terminal_at(STDOUT_FILENO).columns; }

void Session::answer(const Json& json) const {
  if (options_.json && !muted_) report::say(json_text(json) + "\n");
}

void Session::answer_line(const Json& json) const {
  if (options_.json && !muted_) report::say(json_text(json, -1) + "\n");
}

bool colour_wanted(const GlobalOptions& options, int fd) {
  const char* none = std::getenv("NO_COLOR");
  return !options.no_color && (none == nullptr || *none == '\0') && report::terminal_at(fd).escapes;
}

void complain(const std::string& line) { report::say_error(log_line(line) + "\n"); }

std::string json_text(const Json& json, int indent) {
  return printable_json(json.dump(indent, ' ', false, Json::error_handler_t::replace));
}

std::string resolve_lab(const std::string& typed) {
  // A lab whose record cannot be read, or that never got so far as to have one, is a lab too.
  const std::vector<std::string> labs = engine::Journal::labs();
  const auto is_lab = [&](const std::string& name) { return std::binary_search(labs.begin(), labs.end(), name); };
  if (is_lab(typed)) return typed;
  std::error_code ignored;
  const std::string absolute = fs::absolute(typed, ignored).lexically_normal();
  std::optional<Error> unreadable;
  std::string named;  // in the file
  if (fs::exists(typed, ignored)) {
    try {
      named = config::lab_name_of(typed);
      if (is_lab(named)) return named;
    } catch (const Error& error) {
      unreadable = error;
    }
  }
  // The file may have been edited, moved or deleted since; the record knows where it was.
  std::vector<std::string> found;
  for (const std::string& lab : labs) {
    try {
      if (const auto record = engine::Journal::peek(lab); record && record->file == absolute) found.push_back(lab);
    } catch (const Error& error) {
      // Another lab's record is no hindrance; but who may not read records knows nothing of this one either.
      if (error.code() == ErrorCode::denied && ::geteuid() != 0) throw;
    }
  }
  if (found.size() == 1) return found.front();
  if (found.size() > 1)
    throw Error(ErrorCode::conflict,
                fmt::format("labs {} are all from {}; say which of them", fmt::join(found, ", "), typed));
  if (unreadable) throw Error(*unreadable);
  const std::string& name = named.empty() ? typed : named;
  const auto hint = closest(name, labs);
  throw Error(ErrorCode::not_found,
              fmt::format("no lab \"{}\"{} is up{}", name, named.empty() ? "" : fmt::format(" (from {})", typed),
                          hint           ? fmt::format("; did you mean \"{}\"?", *hint)
                          : labs.empty() ? std::string("; none is")
                                         : fmt::format("; there are {}", fmt::join(labs, ", "))));
}

engine::Record record_of(const std::string& lab) {
  auto record = engine::Journal::peek(lab);
  if (!record) throw Error(ErrorCode::not_found, fmt::format("no lab \"{}\" is up", lab));
  return std::move(*record);
}

}  // namespace netrig::cli
