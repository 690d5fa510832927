// SPDX-License-Identifier: Apache-2.0
#include "driver/audit_log.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "model/error_number.hpp"
#include "model/printable.hpp"
#include "model/unique_fd.hpp"

namespace netrig::driver {

void write_audit(const std::string& log, const AuditEntry& entry) {
  if (log.empty() || ::geteuid() != 0) return;
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  nlohmann::ordered_json line = {{"time", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", now)},
                                 {"event", entry.loaded ? "loaded" : "refused"},
                                 {"driver", entry.driver},
                                 {"path", entry.path},
                                 {"sha256", entry.sha256},
                                 {"version", entry.version},
                                 {"signer", entry.signer},
                                 {"mode", entry.mode},
                                 {"isolation", entry.isolation},
                                 {"privileges", entry.privileges}};
  if (!entry.loaded) line["reason"] = entry.reason;
  line["process"] = ::getpid();
  // Of the person behind sudo; only a hint, for whoever is root can say anything.
  if (const char* user = std::getenv("SUDO_USER")) line["sudo_user"] = user;
  const std::string text =
      printable_json(line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)) + "\n";
  if (const std::size_t slash = log.rfind('/'); slash != 0) ::mkdir(log.substr(0, slash).c_str(), 0700);
  // O_NONBLOCK: a pipe in its place must not hang us.
  const UniqueFd file(
      ::open(log.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0600));
  struct stat status {};
  if (file && ::fstat(file.get(), &status) == 0 && !S_ISREG(status.st_mode)) errno = EINVAL;
  // One write of less than a page: lines of several netrigs do not mix.
  if (file && S_ISREG(status.st_mode) &&
      ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()))
    return;
  static std::atomic<bool> warned{false};
  if (!warned.exchange(true)) spdlog::warn("cannot write the audit log {}: {}", log, errno_text(errno));
}

}  // namespace netrig::driver
