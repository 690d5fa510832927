// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <mutex>

#include "cli/command_line.hpp"
#include "cli/completion.hpp"
#include "cli/session.hpp"
#include "model/error_number.hpp"
#include "model/printable.hpp"
#include "report/output.hpp"
#include "report/terminal.hpp"
#include "toml/faults.hpp"

namespace netrig::cli {
namespace {

constexpr const char* kLogger = "netrig";

/// %* in a pattern: the message on one line, or as a JSON string; behind the logger's name where that is not netrig's.
class Message final : public spdlog::custom_flag_formatter {
 public:
  explicit Message(bool json) : json_(json) {}
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    std::string payload(message.payload.begin(), message.payload.end());
    if (const std::string_view name(message.logger_name.data(), message.logger_name.size()); name != kLogger)
      payload = fmt::format("{}: {}", name, payload);
    const std::string text = json_ ? json_text(payload, -1) : log_line(payload);
    out.append(text.data(), text.data() + text.size());
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<Message>(json_);
  }

 private:
  bool json_;
};

/// The library's own would follow links that others made, and hang on a pipe.
class LogFile final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit LogFile(UniqueFd file) : file_(std::move(file)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    if (file_ && report::write_all(file_.get(), {line.data(), line.size()}) != 0) file_.reset();
  }
  void flush_() override {}

  UniqueFd file_;
};

/// `terminal`: of what it is written to.
std::unique_ptr<spdlog::formatter> formatter_of(const std::string& format, bool file, report::Terminal terminal) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  formatter->add_flag<Message>('*', format == "json");
  if (format == "json")
    formatter->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%fZ","level":"%l","process":%P,"message":%*})");
  else
    // A line of progress may stand where the message is to begin.
    formatter->set_pattern(file               ? "%Y-%m-%dT%H:%M:%S.%fZ [%P] %l: %*"
                           : terminal.escapes ? "\r\x1b[Knetrig: %^%l%$: %*"
                                              : "netrig: %^%l%$: %*");
  return formatter;
}

void set_up_logging(const GlobalOptions& options) {
  const bool colour = colour_wanted(options, STDERR_FILENO);
  const auto mode = colour ? spdlog::color_mode::always : spdlog::color_mode::never;
  auto terminal = std::make_shared<spdlog::sinks::stderr_color_sink_mt>(mode);
  const auto level = options.quiet          ? spdlog::level::err
                     : options.verbose == 0 ? spdlog::level::warn
                     : options.verbose == 1 ? spdlog::level::info
                                            : spdlog::level::debug;
  terminal->set_level(level);
  terminal->set_formatter(formatter_of(options.log_format, false, report::terminal_at(STDERR_FILENO)));
  std::vector<spdlog::sink_ptr> sinks = {terminal};
  if (!options.log_file.empty()) {
    sinks.push_back(std::make_shared<LogFile>(report::open_log(options.log_file)));
    sinks.back()->set_formatter(formatter_of(options.log_format, true, {}));
    sinks.back()->set_level(spdlog::level::debug);
  }
  auto logger = std::make_shared<spdlog::logger>(kLogger, sinks.begin(), sinks.end());
  logger->set_level(spdlog::level::debug);
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

int fail(const GlobalOptions& options, const Error& error) {
  return print_error(options, error, static_cast<int>(error.code()));
}

}  // namespace

int print_error(const GlobalOptions& options, const Error& error, int exit) {
  spdlog::debug("exit {}: {}", exit, error.what());
  const auto* several = dynamic_cast<const tomlfile::Errors*>(&error);
  const std::vector<Error> all = several == nullptr ? std::vector<Error>{error} : several->all();
  if (options.json) {
    Json errors = Json::array();
    for (const Error& one : all)
      errors.push_back({{"code", to_text(one.code())}, {"where", one.where()}, {"message", one.message()}});
    report::say(json_text({{"error",
                            {{"code", to_text(error.code())},
                             {"exit", exit},
                             {"where", error.where()},
                             {"message", error.message()}}},
                           {"errors", errors}}) +
                "\n");
  }
  for (const Error& one : all)
    complain(fmt::format("{}: {}", one.where().empty() ? "netrig" : one.where(), one.message()));
  if (several != nullptr && several->cut()) complain("netrig: these are the first that were found; there may be more");
  return exit;
}

std::string unwritten(const std::string& fault) { return "cannot write the output: " + fault; }

int run(int argc, char** argv, const driver::PolicySource& installation) {
  // A closed pipe is an error of the write, not the end of a transaction.
  ::signal(SIGPIPE, SIG_IGN);
  // Who ignores it has children reaped by the kernel without a word, and this is inherited.
  ::signal(SIGCHLD, SIG_DFL);
  if (argc > 1 && argv[1] == kComplete) return complete({argv + 2, argv + argc}, installation);
  GlobalOptions options;
  try {
    const auto asked = read_command_line({argv + std::min(argc, 1), argv + argc}, options);
    int code = 0;
    std::string stands;  // whatever can be printed of it
    if (const auto* action = std::get_if<Action>(&asked)) {
      set_up_logging(options);
      Session session(options, installation);
      code = (*action)(session);
      stands = session.stands();
    } else {
      report::say(std::get<std::string>(asked));
    }
    // Output that could not be written (a full disk) is no success, unless it only tells of something that stands.
    if (const auto fault = report::output_fault(); fault && code == 0) {
      if (stands.empty()) throw Error(ErrorCode::failed, unwritten(*fault));
      spdlog::warn("{}, but {}", stands, unwritten(*fault));
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
