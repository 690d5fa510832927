// SPDX-License-Identifier: Apache-2.0
// netrig audit: what this machine would load, who could change that, and what it lacks.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <netrig/driver.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <filesystem>

#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "driver/fence.hpp"
#include "driver/protected_file.hpp"
#include "driver/signer.hpp"
#include "driver/trust.hpp"
#include "engine/record_directory.hpp"
#include "report/table.hpp"

namespace netrig::cli {
namespace {

enum class Severity : std::uint8_t { critical, high, medium, low };

const char* to_text(Severity severity) {
  static constexpr const char* kWords[] = {"critical", "high", "medium", "low"};
  return kWords[static_cast<std::size_t>(severity)];
}

struct Weakness {
  Severity severity;
  std::string subject;
  std::string text;  ///< what is weak; then what would be right
};

constexpr std::int64_t kDay = 24L * 3600;
constexpr std::int64_t kOldKey = 730;  // Units: days
/// Where policies were installed under the usual prefixes, before there was one place for all.
constexpr std::array kPlacesOfOld = {"/usr/etc/netrig/host.toml", "/usr/local/etc/netrig/host.toml"};

class Audit {
 public:
  explicit Audit(Session& session) : session_(session), policy_(session.drivers().policy()) {}

  int run() {
    look_at_policy();
    look_at_keys();
    look_at_plugins();
    look_at_places();
    look_at_kernel();
    std::stable_sort(weaknesses_.begin(), weaknesses_.end(),
                     [](const Weakness& a, const Weakness& b) { return a.severity < b.severity; });
    return tell();
  }

 private:
  void weak(Severity severity, std::string subject, std::string text) {
    weaknesses_.push_back({severity, std::move(subject), std::move(text)});
  }

  void look_at_policy() {
    using driver::TrustMode;
    if (policy_.mode == TrustMode::any)
      weak(Severity::critical, "policy",
           "mode \"any\" loads files that anybody may have written; write \"signed+path\"");
    if (policy_.mode == TrustMode::signature)
      weak(Severity::low, "policy",
           "mode \"signed\" reads plugins from places that others may write; \"signed+path\" "
           "keeps them from removing drivers, too");
    if (policy_.mode == TrustMode::path)
      weak(Severity::low, "policy", "mode \"path\" proves no origin; with signed drivers write \"signed+path\"");
    for (const char* file : kPlacesOfOld) {
      std::error_code ignored;
      if (session_.options().host_config.empty() && policy_.anchor == "/" && std::filesystem::exists(file, ignored))
        weak(Severity::high, "policy",
             fmt::format("{} is not read; move what it says to {}, and remove it", file, policy_.looked_for));
    }
    if (policy_.anchor != "/")
      weak(Severity::medium, "policy",
           fmt::format("directories above the anchor {} are not checked; development only", policy_.anchor));
    if (policy_.rules.isolation == driver::Isolation::none)
      weak(Severity::high, "policy", "isolation \"none\" lets every driver do all that netrig may; write \"worker\"");
    if (policy_.rules.deadline > std::chrono::minutes(5))
      weak(Severity::low, "policy", "a driver may hang for more than five minutes; lower limits.deadline");
    if (policy_.lab_commands != driver::LabCommands::never && !policy_.require_protected_labs)
      weak(Severity::low, "labs",
           fmt::format("commands is \"{}\", so whoever writes a lab file that root {} runs commands as root; write "
                       "\"never\", or require_protected = true",
                       driver::to_text(policy_.lab_commands),
                       policy_.lab_commands == driver::LabCommands::always ? "brings up" : "tests"));
    if (policy_.audit_log.empty()) weak(Severity::low, "policy", "no audit log is kept; set [audit] log");
    for (const auto& [kind, rules] : policy_.drivers) {
      const std::string subject = "driver " + kind;
      if (rules.isolation == driver::Isolation::none && policy_.rules.isolation != driver::Isolation::none)
        weak(Severity::high, subject, "isolation \"none\" lets it do all that netrig may; write \"worker\"");
      if ((rules.granted & NETRIG_WANTS_SYS_ADMIN) != 0)
        weak(Severity::high, subject, "it is granted CAP_SYS_ADMIN, which is nearly all of root");
    }
  }

  void look_at_keys() {
    try {
      for (const driver::TrustedKey& key : driver::read_trusted_keys(policy_)) {
        const std::string id = driver::minisign::to_text(key.key.id);
        const std::int64_t age = (std::time(nullptr) - key.changed) / kDay;
        keys_.push_back({{"key", id},
                         {"file", key.file},
                         {"comment", key.key.comment},
                         {"age_days", age},
                         {"revoked", key.revoked}});
        key_table_.add({id, fmt::format("{} days{}", age, key.revoked ? ", REVOKED" : ""), key.file, key.key.comment});
        if (key.revoked)
          weak(Severity::low, "key " + id, fmt::format("it is revoked; remove {}", key.file));
        else if (age > kOldKey)
          weak(Severity::medium, "key " + id, fmt::format("its file is {} days old; replace the key", age));
      }
    } catch (const Error& error) {
      weak(Severity::critical, "keys", error.what());
    }
    if (keys_.empty() && driver::needs_signature(policy_.mode))
      weak(Severity::high, "keys",
           fmt::format("signatures are required, but {} holds no key; nothing can be loaded",
                       policy_.key_directory.empty() ? "no directory" : policy_.key_directory));
  }

  void look_at_plugins() {
    for (const driver::Found& found : session_.drivers().survey()) {
      const auto& rules = policy_.rules_of(found.kind);
      const std::uint32_t granted = found.description.wants & rules.granted;
      const std::string isolation = driver::isolation_of(found, rules);
      const std::string signer = found.signer ? found.signer->key : "";
      // In a mode that checks paths, one that got this far has passed; in others, look all the same.
      const std::string path_fault = driver::protection_fault(
          found.path, policy_.anchor == "/" ? driver::Parents::checked : driver::Parents::unchecked);
      plugins_.push_back({{"driver", found.kind},
                          {"path", found.path},
                          {"version", found.description.version},
                          {"sha256", found.digest},
                          {"signer", signer},
                          {"signature", found.signer ? "valid" : found.signature_fault},
                          {"path_check", path_fault.empty() ? "protected" : path_fault},
                          {"wants", driver::privilege_names(found.description.wants)},
                          {"granted", driver::privilege_names(granted)},
                          {"isolation", isolation},
                          {"loadable", found.refusal.empty()},
                          {"refusal", found.refusal}});
      const auto words = driver::privilege_names(granted);
      plugin_table_.add(
          {found.kind, found.description.version, found.digest.substr(0, 12), found.signer ? signer : "unsigned",
           path_fault.empty() ? "protected" : "OPEN", words.empty() ? "none" : fmt::format("{}", fmt::join(words, ",")),
           isolation == "none" ? "NONE" : isolation, found.refusal.empty() ? "loads" : "refused", found.path});
      const std::string subject = found.kind.empty() ? found.path : "driver " + found.kind;
      if (!found.refusal.empty()) weak(Severity::medium, subject, "it is refused: " + found.refusal);
      if (!path_fault.empty() && found.refusal.empty())
        weak(policy_.mode == driver::TrustMode::signature ? Severity::medium : Severity::critical, subject, path_fault);
      if (!found.signer && !found.signature_fault.starts_with("it has no signature") && found.refusal.empty())
        weak(Severity::high, subject, "it is loaded by its path although " + found.signature_fault);
      if ((rules.granted & ~found.description.wants) != 0 && policy_.drivers.contains(found.kind))
        weak(Severity::low, subject,
             fmt::format("it is granted {}, which it does not ask for",
                         fmt::join(driver::privilege_names(rules.granted & ~found.description.wants), ", ")));
    }
  }

  void look_at_place(const std::string& what, const std::string& path, driver::Parents parents) {
    struct stat status {};
    if (path.empty() || ::stat(path.c_str(), &status) != 0) return;
    if (std::string fault = driver::protection_fault(path, parents); !fault.empty())
      weak(Severity::critical, what, fmt::format("{}: {}", path, fault));
  }

  void look_at_records() {
    const std::string path = engine::kRunDirectory;
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) return;
    if (S_ISDIR(status.st_mode) && driver::is_trusted_owner(status.st_uid) && (status.st_mode & 022) == 0)
      return look_at_place("records", path, driver::Parents::checked);
    weak(Severity::critical, "records",
         fmt::format(
             "others than root can put records into {0}, so no command believes any; look at what is in it, then "
             "\"chown root:root {0}\" and \"chmod 0755 {0}\"",
             path));
  }

  void look_at_places() {
    const auto parents = policy_.anchor == "/" ? driver::Parents::checked : driver::Parents::unchecked;
    std::error_code ignored;
    look_at_place("policy", policy_.file, parents);
    look_at_place("keys", policy_.key_directory, driver::Parents::checked);
    look_at_place("netrig", std::filesystem::read_symlink("/proc/self/exe", ignored), parents);
    look_at_records();
    look_at_place("audit log", policy_.audit_log, driver::Parents::checked);
    for (const std::string& directory : policy_.directories) look_at_place("plugins", directory, parents);
  }

  void look_at_kernel() {
    const std::uint32_t landlock = driver::landlock_version();
    const bool seccomp = driver::has_seccomp();
    kernel_ = {{"seccomp", seccomp}, {"landlock", landlock}};
    if (!seccomp)
      weak(Severity::critical, "kernel", "it has no seccomp filters (CONFIG_SECCOMP_FILTER); no worker can be fenced");
    if (landlock == 0)
      weak(Severity::low, "kernel",
           "it has no Landlock (CONFIG_SECURITY_LANDLOCK, and \"landlock\" in the lsm= list); "
           "workers are kept from files by their root directory alone");
  }

  [[nodiscard]] std::string commands_text() const {
    return fmt::format(
        "{}{}", policy_.lab_commands == driver::LabCommands::test ? "in tests" : driver::to_text(policy_.lab_commands),
        policy_.require_protected_labs ? ", of protected or signed files" : "");
  }

  int tell() {
    const auto critical =
        static_cast<std::size_t>(std::count_if(weaknesses_.begin(), weaknesses_.end(),
                                               [](const Weakness& one) { return one.severity == Severity::critical; }));
    report::TextTable table({"SEVERITY", "SUBJECT", "WEAKNESS"});
    Json weaknesses = Json::array();
    for (const Weakness& one : weaknesses_) {
      table.add({one.severity == Severity::critical ? "CRITICAL" : to_text(one.severity), one.subject, one.text});
      weaknesses.push_back({{"severity", to_text(one.severity)}, {"subject", one.subject}, {"text", one.text}});
    }
    const auto section = [](const char* title, bool empty, const report::TextTable& rows) {
      return empty ? fmt::format("{}: none\n", title) : fmt::format("{}:\n{}\n", title, rows.str(Session::columns()));
    };
    session_.say(fmt::format("policy {}, mode {}; commands of labs: {}; seccomp {}, Landlock {}\n\n", policy_.origin(),
                             driver::to_text(policy_.mode), commands_text(),
                             kernel_["seccomp"].get<bool>() ? "yes" : "NO", kernel_["landlock"].dump()) +
                 section("plugins", plugins_.empty(), plugin_table_) + section("keys", keys_.empty(), key_table_) +
                 section("weaknesses", weaknesses_.empty(), table) +
                 (critical == 0 ? "nothing critical\n"
                                : fmt::format("{} to mend at once\n", report::counted(critical, "critical thing"))));
    session_.answer(
        {{"policy", policy_.file},
         {"policy_looked_for", policy_.looked_for},
         {"mode", driver::to_text(policy_.mode)},
         {"labs",
          {{"commands", driver::to_text(policy_.lab_commands)}, {"require_protected", policy_.require_protected_labs}}},
         {"kernel", kernel_},
         {"plugins", plugins_},
         {"keys", keys_},
         {"weaknesses", weaknesses},
         {"critical", critical}});
    return critical == 0 ? 0 : static_cast<int>(ErrorCode::failed);
  }

  Session& session_;
  const driver::Policy& policy_;
  std::vector<Weakness> weaknesses_;
  Json plugins_ = Json::array();
  Json keys_ = Json::array();
  Json kernel_;
  report::TextTable plugin_table_{
      {"DRIVER", "VERSION", "SHA256", "SIGNER", "PATH", "PRIVILEGES", "ISOLATION", "VERDICT", "FILE"}};
  report::TextTable key_table_{{"KEY", "AGE", "FILE", "COMMENT"}};
};

}  // namespace

void add_audit(CLI::App& app, Action& action) {
  auto* command = app.add_subcommand("audit", "Show what would be loaded, by whom it is vouched for, and what is weak");
  describe(*command, {{"netrig audit", "weaknesses, the worst first"}, {"netrig audit --json", "for programs"}},
           {{"0", "nothing critical"},
            {"1", "something is critical, or the output could not be written"},
            {"2", "the policy or the command line is wrong"},
            {"3", "others could have written the policy"}});
  command->callback([&action] { action = [](Session& session) { return Audit(session).run(); }; });
}

}  // namespace netrig::cli
