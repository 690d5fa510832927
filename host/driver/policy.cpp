// SPDX-License-Identifier: Apache-2.0
#include "driver/policy.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <netrig/driver.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>

#include "driver/protected_file.hpp"
#include "driver/trust.hpp"
#include "model/error.hpp"
#include "model/names.hpp"
#include "model/parameter.hpp"

namespace netrig::driver {
namespace {

constexpr std::size_t kLargestPolicy = 1 << 20;

struct Privilege {
  const char* name;
  std::uint32_t bit;
};
constexpr std::array kPrivileges = {Privilege{"CAP_NET_ADMIN", NETRIG_WANTS_NET_ADMIN},
                                    Privilege{"CAP_NET_RAW", NETRIG_WANTS_NET_RAW},
                                    Privilege{"CAP_SYS_ADMIN", NETRIG_WANTS_SYS_ADMIN}};

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

bool is_hex(std::string_view text, std::size_t digits) {
  return text.size() == digits && text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

std::string changed(std::string text, int (*change)(int)) {
  for (char& c : text) c = static_cast<char>(change(static_cast<unsigned char>(c)));
  return text;
}

class PolicyReader {
 public:
  PolicyReader(const std::string& path, Policy defaults) : policy_(std::move(defaults)) { policy_.file = path; }

  Policy read(const std::string& text) {
    toml::table root;
    try {
      root = toml::parse(text, policy_.file);
    } catch (const toml::parse_error& error) {
      fail(error.source(), std::string(error.description()));
    }
    check_keys(root, std::array{"plugins", "labs", "trust", "limits", "audit", "driver"}, "the policy");
    if (const auto* plugins = table(root, "plugins")) read_plugins(*plugins);
    if (const auto* labs = table(root, "labs")) {
      check_keys(*labs, std::array{"require_protected"}, "[labs]");
      policy_.require_protected_labs = flag(*labs, "require_protected");
    }
    if (const auto* trust = table(root, "trust")) read_trust(*trust);
    if (const auto* limits = table(root, "limits")) {
      check_keys(*limits, std::array{"deadline", "memory", "descriptors"}, "[limits]");
      read_limits(*limits, policy_.rules);
    }
    if (const auto* audit = table(root, "audit")) {
      check_keys(*audit, std::array{"log"}, "[audit]");
      if (const auto log = string(*audit, "log"))
        policy_.audit_log = log->empty() ? "" : absolute(*log, *audit->get("log"));
    }
    // Last: a driver's rules begin as those of all drivers.
    if (const auto* drivers = table(root, "driver"))
      for (const auto& [kind, node] : *drivers) read_driver(std::string(kind.str()), kind.source(), node);
    return std::move(policy_);
  }

 private:
  void read_plugins(const toml::table& plugins) {
    check_keys(plugins, std::array{"directories", "mode", "anchor", "isolation"}, "[plugins]");
    if (const auto mode = string(plugins, "mode")) {
      static constexpr std::array kModes = {TrustMode::path, TrustMode::signature, TrustMode::signed_and_path,
                                            TrustMode::any};
      const auto* const found =
          std::find_if(kModes.begin(), kModes.end(), [&](TrustMode one) { return *mode == to_text(one); });
      if (found == kModes.end())
        fail(plugins.get("mode")->source(),
             fmt::format("mode \"{}\" is not known; write \"signed+path\", \"signed\", \"path\" or \"any\"", *mode));
      policy_.mode = *found;
    }
    read_isolation(plugins, policy_.rules);
    if (const auto anchor = string(plugins, "anchor")) policy_.anchor = absolute(*anchor, *plugins.get("anchor"));
    for (const auto& [text, node] : strings(plugins, "directories")) {
      policy_.directories.push_back(absolute(text, *node));
      const std::string prefix = policy_.anchor == "/" ? "/" : policy_.anchor + "/";
      if (!(policy_.directories.back() + "/").starts_with(prefix))
        fail(node->source(), fmt::format("directory \"{}\" is not below the anchor \"{}\"", text, policy_.anchor));
    }
  }

  void read_trust(const toml::table& trust) {
    check_keys(trust, std::array{"keys", "revoked_keys", "revoked_digests"}, "[trust]");
    if (const auto keys = string(trust, "keys")) policy_.key_directory = absolute(*keys, *trust.get("keys"));
    for (const auto& [text, node] : strings(trust, "revoked_keys")) {
      if (!is_hex(text, 16))
        fail(node->source(), fmt::format("revoked key \"{}\" is not a key id: 16 hexadecimal digits", text));
      policy_.revoked_keys.push_back(changed(text, std::toupper));
    }
    for (const auto& [text, node] : strings(trust, "revoked_digests"))
      policy_.revoked_digests.push_back(digest(text, *node));
  }

  void read_limits(const toml::table& limits, DriverRules& rules) {
    if (const auto text = string(limits, "deadline")) {
      const auto deadline = parse_duration(*text);
      if (!deadline || *deadline <= 0)
        fail(limits.get("deadline")->source(), "deadline is not a duration; write \"10s\"");
      rules.deadline = std::chrono::nanoseconds(*deadline);
    }
    if (const auto text = string(limits, "memory")) {
      const auto memory = parse_size(*text);
      if (!memory || *memory < (64ULL << 20))
        fail(limits.get("memory")->source(), "memory is not a size of 64 MiB or more; write \"512MiB\"");
      rules.memory = *memory;
    }
    if (const auto* node = limits.get("descriptors")) {
      const auto number = node->value_exact<std::int64_t>();
      if (!number || *number < 16 || *number > 65536)
        fail(node->source(), "descriptors is not a number from 16 to 65536");
      rules.descriptors = static_cast<std::uint64_t>(*number);
    }
  }

  void read_isolation(const toml::table& from, DriverRules& rules) {
    const auto isolation = string(from, "isolation");
    if (!isolation) return;
    if (*isolation != "worker" && *isolation != "none")
      fail(from.get("isolation")->source(),
           fmt::format("isolation \"{}\" is not known; write \"worker\" or \"none\"", *isolation));
    rules.isolation = *isolation == "none" ? Isolation::none : Isolation::worker;
  }

  void read_driver(const std::string& kind, const toml::source_region& at, const toml::node& node) {
    if (const std::string fault = kind_fault(kind); !fault.empty())
      fail(at, fmt::format("driver name \"{}\" {}", kind, fault));
    if (!node.is_table()) fail(node.source(), fmt::format("driver.{} is not a table", kind));
    const toml::table& from = *node.as_table();
    check_keys(
        from,
        std::array{"isolation", "grant", "version", "minimum_version", "sha256", "deadline", "memory", "descriptors"},
        fmt::format("[driver.{}]", kind));
    DriverRules rules = policy_.rules;
    read_isolation(from, rules);
    read_limits(from, rules);
    for (const auto& [text, element] : strings(from, "grant")) {
      const auto* const found = std::find_if(kPrivileges.begin(), kPrivileges.end(),
                                             [&, word = text](const Privilege& one) { return word == one.name; });
      if (found == kPrivileges.end())
        fail(element->source(),
             fmt::format("\"{}\" cannot be granted; write \"CAP_NET_ADMIN\", \"CAP_NET_RAW\" or \"CAP_SYS_ADMIN\"",
                         text));
      rules.granted |= found->bit;
    }
    for (auto [key, into] : {std::pair{"version", &rules.version}, {"minimum_version", &rules.minimum_version}}) {
      const auto text = string(from, key);
      if (!text) continue;
      if (!Version::parse(*text))
        fail(from.get(key)->source(), fmt::format("{} \"{}\" is not a version; write \"1.2.0\"", key, *text));
      *into = *text;
    }
    if (const auto text = string(from, "sha256")) rules.sha256 = digest(*text, *from.get("sha256"));
    policy_.drivers.emplace(kind, std::move(rules));
  }

  std::string digest(const std::string& text, const toml::node& node) const {
    if (!is_hex(text, 64)) fail(node.source(), fmt::format("\"{}\" is not a SHA-256: 64 hexadecimal digits", text));
    return changed(text, std::tolower);
  }

  /// Normal form without "." and ".."; a plugin directory is what the policy says and nothing else.
  std::string absolute(const std::string& text, const toml::node& node) const {
    const std::filesystem::path path(text);
    if (!path.is_absolute()) fail(node.source(), fmt::format("\"{}\" is not an absolute path", text));
    for (const auto& part : path)
      if (part == ".." || part == ".") fail(node.source(), fmt::format("\"{}\" has \"{}\" in it", text, part.string()));
    std::string normal = path.lexically_normal().string();
    while (normal.size() > 1 && normal.back() == '/') normal.pop_back();
    return normal;
  }

  const toml::table* table(const toml::table& parent, std::string_view key) const {
    const auto* node = parent.get(key);
    if (node == nullptr) return nullptr;
    if (!node->is_table()) fail(node->source(), fmt::format("{} is not a table", key));
    return node->as_table();
  }
  std::optional<std::string> string(const toml::table& parent, std::string_view key) const {
    const auto* node = parent.get(key);
    if (node == nullptr) return std::nullopt;
    auto value = node->value<std::string>();
    if (!node->is_string() || !value) fail(node->source(), fmt::format("{} is not a string", key));
    return value;
  }
  bool flag(const toml::table& parent, std::string_view key) const {
    const auto* node = parent.get(key);
    if (node == nullptr) return false;
    if (!node->is_boolean()) fail(node->source(), fmt::format("{} is neither true nor false", key));
    return node->as_boolean()->get();
  }
  std::vector<std::pair<std::string, const toml::node*>> strings(const toml::table& parent,
                                                                 std::string_view key) const {
    std::vector<std::pair<std::string, const toml::node*>> result;
    const auto* node = parent.get(key);
    if (node == nullptr) return result;
    if (!node->is_array()) fail(node->source(), fmt::format("{} is not a list of strings", key));
    for (const auto& element : *node->as_array()) {
      if (!element.is_string()) fail(element.source(), fmt::format("{} must hold strings", key));
      result.emplace_back(element.as_string()->get(), &element);
    }
    return result;
  }
  template <typename Keys>
  void check_keys(const toml::table& table, const Keys& known, std::string_view where) const {
    for (const auto& [key, node] : table) {
      if (std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
      const auto hint = closest(key.str(), known);
      fail(key.source(), fmt::format("unknown key \"{}\" in {}{}", key.str(), where,
                                     hint ? fmt::format("; did you mean \"{}\"?", *hint) : ""));
    }
  }
  [[noreturn]] void fail(const toml::source_region& at, const std::string& message) const {
    throw Error(ErrorCode::invalid, message, fmt::format("{}:{}:{}", policy_.file, at.begin.line, at.begin.column));
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
