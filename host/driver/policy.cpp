// SPDX-License-Identifier: Apache-2.0
#include "driver/policy.hpp"

#include <fmt/format.h>
#include <netrig/driver.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

#include "driver/policy_keys.hpp"
#include "driver/protected_file.hpp"
#include "driver/trust.hpp"
#include "model/error.hpp"
#include "model/names.hpp"
#include "model/parameter.hpp"
#include "toml/table.hpp"

namespace netrig::driver {
namespace {

constexpr std::size_t kLargestPolicy = 1 << 20;

struct Privilege {
  const char* name;
  std::uint32_t bit;
};
constexpr std::array kPrivileges = {Privilege{"CAP_NET_ADMIN", NETRIG_WANTS_NET_ADMIN},
                                    Privilege{"CAP_NET_RAW", NETRIG_WANTS_NET_RAW},
                                    Privilege{"CAP_SYS_ADMIN", NETRIG_WANTS_SYS_ADMIN},
                                    Privilege{"TUN", NETRIG_WANTS_TUN},
                                    Privilege{"BORROW", NETRIG_WANTS_BORROW},
                                    Privilege{"genl", NETRIG_WANTS_GENL},
                                    Privilege{"sysfs", NETRIG_WANTS_SYSFS}};
constexpr std::string_view kFamily = "genl:";
constexpr std::string_view kAttribute = "sysfs:";

/// "512MiB", "64KiB", "1GiB"; Units: bytes.
std::optional<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (error != std::errc() || number > (1ULL << 32)) return std::nullopt;
  if (unit == "KiB") return number << 10;
  if (unit == "MiB") return number << 20;
  if (unit == "GiB") return number << 30;
  return std::nullopt;
}

/// Name of a generic netlink family: GENL_NAMSIZ with its NUL, linux/genetlink.h.
bool is_family(std::string_view name) {
  constexpr std::size_t kLongest = 15;
  return !name.empty() && name.size() <= kLongest &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 0x7f && c != '"'; });
}

/// Path of an attribute below /sys/class/net/INTERFACE/, or a pattern of such.
bool is_attribute(std::string_view path) {
  constexpr std::size_t kLongest = 255;
  return !path.empty() && path.size() <= kLongest && path.front() != '/' && path.find("..") == std::string_view::npos &&
         std::all_of(path.begin(), path.end(), [](char c) { return c > ' ' && c < 0x7f && c != '"'; });
}

bool is_hex(std::string_view text, std::size_t digits) {
  return text.size() == digits && text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

std::string changed(std::string text, int (*change)(int)) {
  for (char& c : text) c = static_cast<char>(change(static_cast<unsigned char>(c)));
  return text;
}

using tomlfile::Context;
using tomlfile::Table;
using tomlfile::Text;

class PolicyReader {
 public:
  PolicyReader(const std::string& path, Policy defaults) : policy_(std::move(defaults)) { policy_.file = path; }

  Policy read(const std::string& text) {
    const toml::table root = tomlfile::parse(text, policy_.file);
    const Context context{.file = &policy_.file};
    const Table file(root, "the policy", context);
    file.allow(policy_keys());
    if (const auto* plugins = file.table("plugins")) read_plugins({*plugins, "[plugins]", context});
    if (const auto* given = file.table("labs")) {
      const Table labs(*given, "[labs]", context);
      labs.allow(policy_lab_keys());
      static constexpr std::array kCommands = {LabCommands::never, LabCommands::test, LabCommands::always};
      if (const auto commands = labs.choice("commands", {"never", "test", "always"}))
        policy_.lab_commands = kCommands.at(*commands);
      policy_.require_protected_labs = labs.boolean("require_protected").value_or(false);
    }
    if (const auto* trust = file.table("trust")) read_trust({*trust, "[trust]", context});
    if (const auto* given = file.table("limits")) {
      const Table limits(*given, "[limits]", context);
      limits.allow(policy_limit_keys());
      read_limits(limits, policy_.rules);
    }
    if (const auto* given = file.table("audit")) {
      const Table audit(*given, "[audit]", context);
      audit.allow(policy_audit_keys());
      if (const auto log = audit.text("log")) policy_.audit_log = log->value.empty() ? "" : absolute(*log, context);
    }
    // Last: a driver's rules begin as those of all drivers.
    if (const auto* drivers = file.table("driver"))
      for (const auto& [kind, node] : *drivers) read_driver(kind, node, context);
    return std::move(policy_);
  }

 private:
  void read_plugins(const Table& plugins) {
    plugins.allow(policy_plugin_keys());
    static constexpr std::array kModes = {TrustMode::path, TrustMode::signature, TrustMode::signed_and_path,
                                          TrustMode::any};
    if (const auto mode = plugins.choice("mode", {"path", "signed", "signed+path", "any"}))
      policy_.mode = kModes.at(*mode);
    read_isolation(plugins, policy_.rules);
    if (const auto anchor = plugins.text("anchor")) policy_.anchor = absolute(*anchor, plugins.context());
    for (const Text& directory : plugins.texts("directories")) {
      policy_.directories.push_back(absolute(directory, plugins.context()));
      const std::string prefix = policy_.anchor == "/" ? "/" : policy_.anchor + "/";
      if (!(policy_.directories.back() + "/").starts_with(prefix))
        plugins.fail(directory.where,
                     fmt::format("directory \"{}\" is not below the anchor \"{}\"", directory.value, policy_.anchor));
    }
  }

  void read_trust(const Table& trust) {
    trust.allow(policy_trust_keys());
    if (const auto keys = trust.text("keys")) policy_.key_directory = absolute(*keys, trust.context());
    for (const Text& key : trust.texts("revoked_keys")) {
      if (!is_hex(key.value, 16))
        trust.fail(key.where, fmt::format("revoked key \"{}\" is not a key id: 16 hexadecimal digits", key.value));
      policy_.revoked_keys.push_back(changed(key.value, std::toupper));
    }
    for (const Text& text : trust.texts("revoked_digests"))
      policy_.revoked_digests.push_back(digest(text, trust.context()));
  }

  static void read_limits(const Table& limits, DriverRules& rules) {
    if (const auto deadline = limits.duration("deadline")) {
      if (*deadline <= 0) limits.fail(limits.where("deadline"), "deadline is no time at all; write \"10s\"");
      rules.deadline = std::chrono::nanoseconds(*deadline);
    }
    if (const auto text = limits.text("memory")) {
      const auto memory = parse_size(text->value);
      if (!memory || *memory < (64ULL << 20))
        limits.fail(text->where, "memory is not a size of 64 MiB or more; write \"512MiB\"");
      rules.memory = *memory;
    }
    if (const auto number = limits.integer("descriptors", 16, 65536))
      rules.descriptors = static_cast<std::uint64_t>(*number);
  }

  static void read_isolation(const Table& from, DriverRules& rules) {
    if (const auto isolation = from.choice("isolation", {"worker", "none"}))
      rules.isolation = *isolation == 1 ? Isolation::none : Isolation::worker;
  }

  void read_driver(const toml::key& name, const toml::node& node, const Context& context) {
    const std::string kind(name.str());
    if (const std::string fault = kind_fault(kind); !fault.empty())
      context.fail(tomlfile::position_of(name), fmt::format("driver name \"{}\" {}", kind, fault));
    if (!node.is_table())
      context.fail(tomlfile::position_of(node),
                   fmt::format("driver.{} is {}; write a table: [driver.{}]", kind, tomlfile::type_of(node), kind));
    const std::string what = fmt::format("[driver.{}]", kind);
    const Table from(*node.as_table(), what, context);
    from.allow(policy_driver_keys());
    DriverRules rules = policy_.rules;
    read_isolation(from, rules);
    read_limits(from, rules);
    for (const Text& grant : from.texts("grant")) {
      if (grant.value.starts_with(kFamily) && is_family(grant.value.substr(kFamily.size()))) {
        rules.named->push_back(grant.value);
        rules.granted |= NETRIG_WANTS_GENL;
        continue;
      }
      if (grant.value.starts_with(kAttribute) && is_attribute(grant.value.substr(kAttribute.size()))) {
        rules.named->push_back(grant.value);
        rules.granted |= NETRIG_WANTS_SYSFS;
        continue;
      }
      const auto* const found = std::find_if(kPrivileges.begin(), kPrivileges.end(),
                                             [&](const Privilege& one) { return grant.value == one.name; });
      if (found == kPrivileges.end() || found->bit == NETRIG_WANTS_GENL || found->bit == NETRIG_WANTS_SYSFS)
        context.fail(grant.where,
                     fmt::format("\"{}\" cannot be granted; write \"CAP_NET_ADMIN\", \"CAP_NET_RAW\", "
                                 "\"CAP_SYS_ADMIN\", \"TUN\", \"BORROW\", \"genl:FAMILY\" or \"sysfs:ATTRIBUTE\"",
                                 grant.value));
      rules.granted |= found->bit;
    }
    for (auto [key, into] : {std::pair{"version", &rules.version}, {"minimum_version", &rules.minimum_version}}) {
      const auto text = from.text(key);
      if (!text) continue;
      if (!Version::parse(text->value))
        context.fail(text->where, fmt::format("{} \"{}\" is not a version; write \"1.2.0\"", key, text->value));
      *into = text->value;
    }
    if (const auto text = from.text("sha256")) rules.sha256 = digest(*text, context);
    policy_.drivers.emplace(kind, std::move(rules));
  }

  static std::string digest(const Text& text, const Context& context) {
    if (!is_hex(text.value, 64))
      context.fail(text.where, fmt::format("\"{}\" is not a SHA-256: 64 hexadecimal digits", text.value));
    return changed(text.value, std::tolower);
  }

  /// Normal form without "." and ".."; a plugin directory is what the policy says and nothing else.
  static std::string absolute(const Text& text, const Context& context) {
    const std::filesystem::path path(text.value);
    if (!path.is_absolute()) context.fail(text.where, fmt::format("\"{}\" is not an absolute path", text.value));
    for (const auto& part : path)
      if (part == ".." || part == ".")
        context.fail(text.where, fmt::format("\"{}\" has \"{}\" in it", text.value, part.string()));
    std::string normal = path.lexically_normal().string();
    while (normal.size() > 1 && normal.back() == '/') normal.pop_back();
    return normal;
  }

  Policy policy_;
};

}  // namespace

const char* to_text(TrustMode mode) {
  switch (mode) {
    case TrustMode::path:
      return "path";
    case TrustMode::signature:
      return "signed";
    case TrustMode::signed_and_path:
      return "signed+path";
    case TrustMode::any:
      return "any";
  }
  return "";
}

const char* to_text(LabCommands commands) {
  switch (commands) {
    case LabCommands::never:
      return "never";
    case LabCommands::test:
      return "test";
    case LabCommands::always:
      return "always";
  }
  return "";
}

std::vector<std::string> privilege_names(std::uint32_t wants) {
  std::vector<std::string> names;
  for (const Privilege& one : kPrivileges)
    if ((wants & one.bit) != 0) names.emplace_back(one.name);
  return names;
}

std::optional<Version> Version::parse(std::string_view text) {
  Version version;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('.', at), text.size());
    std::uint32_t number = 0;
    const auto [stop, error] = std::from_chars(text.data() + at, text.data() + end, number);
    if (error != std::errc() || stop != text.data() + end || version.numbers.size() == 8) return std::nullopt;
    version.numbers.push_back(number);
    at = end + 1;
  }
  return version;
}

std::strong_ordering operator<=>(const Version& a, const Version& b) {
  for (std::size_t i = 0; i < std::max(a.numbers.size(), b.numbers.size()); ++i) {
    const std::uint32_t left = i < a.numbers.size() ? a.numbers[i] : 0;
    const std::uint32_t right = i < b.numbers.size() ? b.numbers[i] : 0;
    if (left != right) return left <=> right;
  }
  return std::strong_ordering::equal;
}

const DriverRules& Policy::rules_of(std::string_view kind) const {
  const auto found = drivers.find(kind);
  return found == drivers.end() ? rules : found->second;
}

std::string Policy::origin() const {
  return file.empty() ? fmt::format("built in, for {} is not there", looked_for) : file;
}

Policy load_policy(const PolicySource& source) {
  Policy policy;
  policy.looked_for = source.file;
  policy.key_directory = source.key_directory;
  policy.audit_log = source.audit_log;
  const auto text = read_protected(source.file, "the policy", kLargestPolicy,
                                   source.development ? Parents::unchecked : Parents::checked);
  if (text) {
    policy = PolicyReader(source.file, std::move(policy)).read(*text);
  } else if (source.required) {
    throw Error(ErrorCode::invalid, "the policy file is not there", source.file);
  }
  if (policy.directories.empty()) policy.directories = {source.driver_directory};
  return policy;
}

}  // namespace netrig::driver
