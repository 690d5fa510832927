// SPDX-License-Identifier: Apache-2.0
#include "driver/registry.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "driver/audit_log.hpp"
#include "driver/elf.hpp"
#include "driver/fenced.hpp"
#include "driver/in_process.hpp"
#include "driver/loader.hpp"
#include "driver/table_driver.hpp"
#include "driver/trust.hpp"

namespace netrig::driver {
namespace {

DriverDescription description_of(const SealedPlugin& plugin, std::span<const unsigned char> bytes) {
  DriverDescription about = read_plugin(std::as_bytes(bytes)).about;
  if (about.kind != plugin.kind)
    throw Error(ErrorCode::driver,
                fmt::format("its table says driver \"{}\", but the file is called {}.so", about.kind, plugin.kind));
  about.path = plugin.path;
  return about;
}

/// What the policy says of this very driver and file.
void check_rules(const Policy& policy, const DriverRules& rules, const std::string& digest,
                 const DriverDescription& about) {
  const auto refuse = [](const std::string& reason) { throw Error(ErrorCode::driver, reason); };
  if (std::find(policy.revoked_digests.begin(), policy.revoked_digests.end(), digest) != policy.revoked_digests.end())
    refuse("the policy revokes this file by its SHA-256");
  if (!rules.sha256.empty() && rules.sha256 != digest)
    refuse(fmt::format("the policy wants the file with SHA-256 {}, this one has {}", rules.sha256, digest));
  const auto version = Version::parse(about.version);
  if (!version && (!rules.version.empty() || !rules.minimum_version.empty()))
    refuse(fmt::format("its version \"{}\" cannot be compared with the one that the policy wants", about.version));
  if (!rules.version.empty() && *version != *Version::parse(rules.version))
    refuse(fmt::format("it is version {}, the policy wants {} and no other", about.version, rules.version));
  if (!rules.minimum_version.empty() && *version < *Version::parse(rules.minimum_version))
    refuse(fmt::format("it is version {}, the policy wants {} or later", about.version, rules.minimum_version));
}

/// A driver is refused for what it is. That the machine could not read or start it is no refusal.
Error refusal(const std::string& kind, const std::string& path, const std::string& digest, const Error& error) {
  const std::string& reason = error.message();
  if (error.code() == ErrorCode::failed)
    return {ErrorCode::failed, fmt::format("driver \"{}\" ({}) cannot be loaded: {}", kind, path, reason)};
  spdlog::warn("driver {} refused: path {}, sha256 {}: {}", kind, path, digest.empty() ? "unread" : digest, reason);
  return {ErrorCode::driver, fmt::format("driver \"{}\" ({}) is refused: {}", kind, path, reason)};
}

/// What the policy says of drivers that have code.
std::string isolation_name(const DriverRules& rules) { return rules.isolation == Isolation::none ? "none" : "worker"; }

/// What the audit log will say, as far as it is known before the file is opened.
AuditEntry entry_of(const Policy& policy, const std::string& kind, const std::string& path) {
  return {.loaded = true,
          .driver = kind,
          .path = path,
          .mode = to_text(policy.mode),
          .isolation = isolation_name(policy.rules_of(kind))};
}

void audit_refusal(const Policy& policy, const std::string& kind, const std::string& path, const std::string& reason) {
  AuditEntry entry = entry_of(policy, kind, path);
  entry.loaded = false;
  entry.reason = reason;
  write_audit(policy.audit_log, entry);
}

/// What a directory of the policy has.
struct Listing {
  std::string directory;
  std::vector<std::string> kinds = {};
  std::optional<Error> fault = {};  ///< why it may not be used, or cannot be read
};

std::vector<Listing> list_all(const Policy& policy) {
  std::vector<Listing> all;
  for (const std::string& directory : policy.directories) {
    Listing& one = all.emplace_back(Listing{.directory = directory});
    try {
      one.kinds = list_plugins(policy, directory);
    } catch (const Error& error) {
      one.fault = error;
    }
  }
  return all;
}

/// The one directory that has this plugin. Empty: none has. Throws Error{driver} whose `where` is the directory that
/// may not be used.
std::string directory_of(const std::vector<Listing>& listings, const std::string& kind) {
  std::string found;
  for (const auto& [directory, kinds, fault] : listings) {
    if (fault && fault->code() != ErrorCode::not_found)
      throw Error(fault->code() == ErrorCode::failed ? ErrorCode::failed : ErrorCode::driver, fault->message(),
                  directory);
    if (!std::binary_search(kinds.begin(), kinds.end(), kind)) continue;
    if (!found.empty())
      throw Error(ErrorCode::driver, fmt::format("{} has a second {}.so; remove one of them", directory, kind), found);
    found = directory;
  }
  return found;
}

/// The same for a driver that is to be loaded: a refusal is put down.
std::string place_of(const Policy& policy, const std::string& kind) {
  try {
    return directory_of(list_all(policy), kind);
  } catch (const Error& error) {
    audit_refusal(policy, kind, error.where(), error.message());
    throw refusal(kind, error.where(), {}, error);
  }
}

}  // namespace

std::string isolation_of(const Found& found, const DriverRules& rules) {
  // A kind it has when its table has been read.
  const bool is_table = !found.description.kind.empty() && found.description.functions == 0;
  return is_table ? "table" : isolation_name(rules);
}

/// Sealed bytes that have passed every check.
struct Registry::Verified {
  SealedPlugin plugin;
  Found found;
};

Registry::Verified Registry::verify(const std::string& directory, const std::string& kind, Found& found) {
  if (const auto known = verified_.find(kind); known != verified_.end()) {
    Verified verified = std::move(known->second);
    verified_.erase(known);
    found = verified.found;
    return verified;
  }
  SealedPlugin plugin = open_plugin(policy_, directory, kind);
  found.digest = plugin.digest;
  const SealedView view(plugin);
  found.description = description_of(plugin, view.bytes());
  check_rules(policy_, policy_.rules_of(kind), plugin.digest, found.description);
  try {
    if (!plugin.signature)
      throw Error(ErrorCode::driver, fmt::format("it has no signature: {}.minisig is not there", plugin.path));
    found.signer = check_signature(policy_, *plugin.signature, view.bytes(), found.description);
  } catch (const Error& error) {
    found.signature_fault = error.what();
    if (needs_signature(policy_.mode)) throw;
  }
  return {std::move(plugin), found};
}

void Registry::recall(const std::string& lab) {
  const std::lock_guard guard(recalling_);
  if (!labs_of_ || !recalled_.insert(lab).second) return;
  for (const Lab& one : labs_of_(lab))
    for (const Device& device : one.devices)
      if (device.about && has_secrets(*device.about))
        know(device.driver).secrets->learn(lab, device.name.str(), device.parameters);
}

std::unique_ptr<Driver> Registry::load(SealedPlugin plugin, std::shared_ptr<const DriverDescription> about,
                                       std::shared_ptr<Secrets> secrets) {
  const std::lock_guard guard(mutex_);
  DriverRules rules = policy_.rules_of(about->kind);
  if (const std::uint32_t lacking = about->wants & ~rules.granted; lacking != 0)
    spdlog::info("driver {} asks for {}, which the policy does not grant", about->kind,
                 fmt::join(privilege_names(lacking), ", "));
  rules.granted &= about->wants;
  if (rules.isolation == Isolation::worker) {
    if (!starter_) starter_.emplace();
    return make_fenced(*starter_, std::move(plugin), std::move(about), rules, std::move(secrets));
  }
  spdlog::debug("driver {} runs in netrig's own process, as the policy says", about->kind);
  const netrig_functions& functions = load_plugin(loading_path(plugin), *about);
  // Its code stays to the end of the process; so does the file, which a debugger opens by the path it was loaded from.
  static_cast<void>(plugin.memory.release());
  return make_in_process(functions, std::move(about), rules, std::move(secrets));
}

Registry::Registry(Policy policy, std::shared_ptr<Trace> trace)
    : policy_(std::move(policy)), trace_(std::move(trace)) {}
Registry::~Registry() = default;

Registry::Known& Registry::know(std::string_view kind) {
  const std::lock_guard guard(mutex_);
  if (const auto found = drivers_.find(kind); found != drivers_.end()) return found->second;
  const std::string name(kind);
  if (const std::string fault = kind_fault(kind); !fault.empty()) {
    audit_refusal(policy_, name.substr(0, 64), {}, "the name " + fault);
    throw Error(ErrorCode::driver, fmt::format("driver name \"{}\" {}", name.substr(0, 64), fault));
  }
  const std::string directory = place_of(policy_, name);
  if (directory.empty()) {
    const auto hint = closest(kind, kinds());
    throw Error(ErrorCode::driver,
                fmt::format("there is no driver \"{}\" in {}{}", name, fmt::join(policy_.directories, ", "),
                            hint ? fmt::format("; did you mean \"{}\"?", *hint) : ""));
  }
  const std::string path = fmt::format("{}/{}.so", directory, name);
  const DriverRules& rules = policy_.rules_of(name);
  Found found;
  AuditEntry entry = entry_of(policy_, name, path);
  const auto tell = [&] {
    entry.sha256 = found.digest;
    entry.version = found.description.version;
    entry.signer = found.signer ? found.signer->key : "";
    entry.isolation = isolation_of(found, rules);
    entry.privileges = privilege_names(found.description.wants & rules.granted);
    write_audit(policy_.audit_log, entry);
  };
  try {
    Verified verified = verify(directory, name, found);
    spdlog::debug("driver {} loaded: path {}, sha256 {}, version {}, signer {}", name, path, found.digest,
                  found.description.version, found.signer ? found.signer->key : "none");
    tell();
    auto about = std::make_shared<const DriverDescription>(found.description);
    // Its own code, if it has any and when it is needed, comes from the bytes that were verified.
    auto secrets = std::make_shared<Secrets>(about, [this](const std::string& lab) { recall(lab); });
    auto functions = [this, about, secrets, digest = found.digest,
                      plugin = std::make_shared<SealedPlugin>(std::move(verified.plugin))] {
      try {
        return load(std::move(*plugin), about, secrets);
      } catch (const Error& error) {
        audit_refusal(policy_, about->kind, about->path, error.message());
        throw refusal(about->kind, about->path, digest, error);
      }
    };
    Known known{.about = about, .secrets = secrets, .driver = make_table_driver(about, std::move(functions))};
    if (trace_) known.driver = make_traced(std::move(known.driver), trace_);
    return drivers_.emplace(name, std::move(known)).first->second;
  } catch (const Error& error) {
    entry.loaded = false;
    entry.reason = error.message();
    tell();
    throw refusal(name, path, found.digest, error);
  }
}

Driver& Registry::open(std::string_view kind) { return *know(kind).driver; }

std::shared_ptr<const DriverDescription> Registry::find(std::string_view kind) {
  if (!kind_fault(kind).empty()) return nullptr;
  {
    const std::lock_guard guard(mutex_);
    if (const auto found = drivers_.find(kind); found != drivers_.end()) return found->second.about;
    if (place_of(policy_, std::string(kind)).empty()) return nullptr;
  }
  return know(kind).about;
}

std::vector<std::string> Registry::kinds() const {
  std::vector<std::string> all;
  for (Listing& one : list_all(policy_)) {
    if (one.fault) spdlog::debug("{}", one.fault->message());
    for (std::string& kind : one.kinds) all.push_back(std::move(kind));
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

std::vector<Found> Registry::survey() {
  std::vector<Found> all;
  const std::vector<Listing> listings = list_all(policy_);
  for (const auto& [directory, kinds, fault] : listings) {
    if (fault) {
      Found found;
      found.path = directory;
      found.refusal = fault->message();
      all.push_back(std::move(found));
      continue;
    }
    for (const std::string& kind : kinds) {
      Found found;
      found.kind = kind;
      found.path = fmt::format("{}/{}.so", directory, kind);
      try {
        const std::lock_guard guard(mutex_);
        static_cast<void>(directory_of(listings, kind));
        verified_.insert_or_assign(kind, verify(directory, kind, found));
      } catch (const Error& error) {
        found.refusal = error.message();
      }
      all.push_back(std::move(found));
    }
  }
  return all;
}

}  // namespace netrig::driver
