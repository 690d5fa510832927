// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <sstream>

#include "cli/commands.hpp"
#include "cli/session.hpp"
#include "model/error_number.hpp"
#include "report/output.hpp"

namespace netrig::cli {
namespace {

/// %* in a pattern: the message as a JSON string.
class JsonMessage final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    const std::string text = Json(std::string(message.payload.begin(), message.payload.end()))
                                 .dump(-1, ' ', false, Json::error_handler_t::replace);
    out.append(text.data(), text.data() + text.size());
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<JsonMessage>();
  }
};

std::unique_ptr<spdlog::formatter> formatter_of(const std::string& format, bool file) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  formatter->add_flag<JsonMessage>('*');
  if (format == "json")
    formatter->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%fZ","level":"%l","process":%P,"message":%*})");
  else
    formatter->set_pattern(file ? "%Y-%m-%dT%H:%M:%S.%fZ [%P] %l: %v" : "netrig: %^%l%$: %v");
  return formatter;
}

void set_up_logging(const GlobalOptions& options) {
  const auto mode = options.no_color ? spdlog::color_mode::never : spdlog::color_mode::automatic;
  auto terminal = std::make_shared<spdlog::sinks::stderr_color_sink_mt>(mode);
  const auto level = options.quiet          ? spdlog::level::err
                     : options.verbose == 0 ? spdlog::level::warn
                     : options.verbose == 1 ? spdlog::level::info
                                            : spdlog::level::debug;
  terminal->set_level(level);
  terminal->set_formatter(formatter_of(options.log_format, false));
  std::vector<spdlog::sink_ptr> sinks = {terminal};
  if (!options.log_file.empty()) {
    try {
      sinks.push_back(std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.log_file));
    } catch (const spdlog::spdlog_ex& error) {
      throw Error(ErrorCode::invalid, fmt::format("cannot open the log file: {}", error.what()));
    }
    sinks.back()->set_formatter(formatter_of(options.log_format, true));
    sinks.back()->set_level(spdlog::level::debug);
  }
  auto logger = std::make_shared<spdlog::logger>("netrig", sinks.begin(), sinks.end());
  logger->set_level(spdlog::level::debug);
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

void add_global_options(CLI::App& app, GlobalOptions& options) {
  app.add_flag("--json", options.json, "Answer in JSON");
  app.add_flag("-q,--quiet", options.quiet, "Say nothing but errors");
  app.add_flag("-v,--verbose", options.verbose, "Say more; twice: say everything");
  app.add_option("--host-config", options.host_config, "Host policy to use instead of the installed one")
      ->type_name("FILE");
  app.add_option("--log-format", options.log_format, "Log as lines for people or as JSON lines")
      ->check(CLI::IsMember({"human", "json"}))
      ->type_name("human|json");
  app.add_option("--log-file", options.log_file, "Also write the whole log to a file")->type_name("FILE");
  app.add_flag("--no-color", options.no_color, "No colour, also on a terminal");
}

int fail(const GlobalOptions& options, const Error& error) {
  return print_error(options, error, static_cast<int>(error.code()));
}

}  // namespace

int print_error(const GlobalOptions& options, const Error& error, int exit) {
  spdlog::debug("exit {}: {}", exit, error.what());
  if (options.json)
    report::say(
        Json{
            {"error",
             {{"code", to_text(error.code())}, {"exit", exit}, {"where", error.where()}, {"message", error.message()}}}}
            .dump(2, ' ', false, Json::error_handler_t::replace) +
        "\n");
  report::say_error(fmt::format("{}: {}\n", error.where().empty() ? "netrig" : error.where(), error.message()));
  return exit;
}

std::string unwritten(const std::string& fault) { return "cannot write the output: " + fault; }

int run(int argc, char** argv, const driver::PolicySource& installation) {
  // A closed pipe is an error of the write, not the end of a transaction.
  ::signal(SIGPIPE, SIG_IGN);
  CLI::App app("Rigs up Linux networks from one TOML file, with device drivers as plugins.", "netrig");
  app.set_version_flag("--version", std::string("netrig ") + NETRIG_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(
      "Examples:\n"
      "  netrig up two-hosts.toml                      bring a lab up\n"
      "  netrig exec two-hosts h1 -- ping -c1 192.0.2.2  run a command in one of its namespaces\n"
      "  netrig down two-hosts                         take it away again\n"
      "  netrig run two-hosts.toml                     bring it up, run its tests, take it down\n\n"
      "Exit codes: 0 done, 1 failed and rolled back, 2 wrong lab file or command line, 3 a privilege is missing,\n"
      "4 something exists already or the lab is locked, 5 driver missing or refused, 6 the kernel lacks something,\n"
      "7 no such lab, 8 done but for interfaces that were there before and are left, 70 a defect in netrig,\n"
      "130 interrupted and rolled back.");
  GlobalOptions options;
  add_global_options(app, options);
  Action action;
  add_up(app, action);
  add_down(app, action);
  add_test(app, action);
  add_run(app, action);
  add_bench(app, action);
  add_plan(app, action);
  add_graph(app, action);
  add_status(app, action);
  add_list(app, action);
  add_exec(app, action);
  add_shell(app, action);
  add_drivers(app, action);
  add_doctor(app, action);
  add_audit(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream help;
    std::ostringstream complaint;
    const int code = app.exit(error, help, complaint);
    report::say(help.str());
    report::say_error(complaint.str());
    if (code != 0) return static_cast<int>(ErrorCode::invalid);
    const auto fault = report::output_fault();
    return fault ? fail(options, {ErrorCode::failed, unwritten(*fault)}) : 0;
  }
  try {
    set_up_logging(options);
    Session session(options, installation);
    const int code = action(session);
    // Output that could not be written (a full disk) is no success, unless it only tells of something that stands.
    if (const auto fault = report::output_fault(); fault && code == 0) {
      if (session.stands().empty()) throw Error(ErrorCode::failed, unwritten(*fault));
      spdlog::warn("{}, but {}", session.stands(), unwritten(*fault));
    }
    return code;
  } catch (const Error& error) {
    return fail(options, error);
  } catch (const std::bad_alloc&) {
    return fail(options, {ErrorCode::failed, "out of memory"});
  } catch (const std::exception& error) {
    if (code_of(error) != ErrorCode::internal) return fail(options, {code_of(error), error.what()});
    return fail(options, {ErrorCode::internal, fmt::format("internal error: {}; please report this", error.what())});
  }
}

}  // namespace netrig::cli
