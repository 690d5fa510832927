// SPDX-License-Identifier: Apache-2.0
#include "driver/policy.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <toml++/toml.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <string_view>

#include "driver/trust.hpp"
#include "model/error.hpp"
#include "model/names.hpp"
#include "model/parameter.hpp"
#include "model/unique_fd.hpp"
#include "netlink/socket.hpp"

namespace netrig::driver {
namespace {

constexpr off_t kLargestPolicy = 1 << 20;

/// Text of a file that only trusted users can have written; nothing if it is not there.
std::optional<std::string> read_protected(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file && errno == ENOENT) return std::nullopt;
  if (!file)
    throw Error(ErrorCode::invalid, fmt::format("cannot open the policy: {}", netlink::errno_text(errno)), path);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))
    throw Error(ErrorCode::denied, "the policy is not a regular file", path);
  if (!is_trusted_owner(status.st_uid))
    throw Error(
        ErrorCode::denied,
        fmt::format("the policy belongs to user {}; it must belong to root: \"chown root {}\"", status.st_uid, path),
        path);
  if ((status.st_mode & 022) != 0)
    throw Error(ErrorCode::denied, fmt::format("the policy is writable by others: \"chmod go-w {}\"", path), path);
  if (status.st_size > kLargestPolicy) throw Error(ErrorCode::invalid, "the policy is larger than 1 MiB", path);
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  const ssize_t size = ::read(file.get(), text.data(), text.size());
  if (size < 0)
    throw Error(ErrorCode::invalid, fmt::format("cannot read the policy: {}", netlink::errno_text(errno)), path);
  text.resize(static_cast<std::size_t>(size));
  return text;
}

class PolicyReader {
 public:
  explicit PolicyReader(const std::string& path) { policy_.file = path; }

  Policy read(const std::string& text) {
    toml::table root;
    try {
      root = toml::parse(text, policy_.file);
    } catch (const toml::parse_error& error) {
      fail(error.source(), std::string(error.description()));
    }
    check_keys(root, std::array{"plugins", "limits"}, "the policy");
    if (const auto* plugins = table(root, "plugins")) read_plugins(*plugins);
    if (const auto* limits = table(root, "limits")) {
      check_keys(*limits, std::array{"deadline"}, "[limits]");
      if (const auto text_value = string(*limits, "deadline")) {
        const auto deadline = parse_duration(*text_value);
        if (!deadline || *deadline <= 0)
          fail(limits->get("deadline")->source(), "deadline is not a duration; write \"10s\"");
        policy_.deadline = std::chrono::nanoseconds(*deadline);
      }
    }
    return std::move(policy_);
  }

 private:
  void read_plugins(const toml::table& plugins) {
    check_keys(plugins, std::array{"directories", "mode", "anchor"}, "[plugins]");
    if (const auto mode = string(plugins, "mode")) {
      if (*mode != "path" && *mode != "any")
        fail(plugins.get("mode")->source(), fmt::format("mode \"{}\" is not known; write \"path\" or \"any\"", *mode));
      policy_.mode = *mode == "any" ? TrustMode::any : TrustMode::path;
    }
    if (const auto anchor = string(plugins, "anchor")) policy_.anchor = absolute(*anchor, *plugins.get("anchor"));
    if (const auto* node = plugins.get("directories")) {
      const auto* list = node->as_array();
      if (list == nullptr) fail(node->source(), "directories is not a list; write [\"/usr/lib/netrig/drivers\"]");
      for (const auto& element : *list) {
        const auto text = element.value<std::string>();
        if (!text) fail(element.source(), "directories must be strings");
        policy_.directories.push_back(absolute(*text, element));
        const std::string prefix = policy_.anchor == "/" ? "/" : policy_.anchor + "/";
        if (!(policy_.directories.back() + "/").starts_with(prefix))
          fail(element.source(), fmt::format("directory \"{}\" is not below the anchor \"{}\"", *text, policy_.anchor));
      }
    }
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

Policy load_policy(const std::string& path, bool required, const std::string& default_directory) {
  Policy policy;
  if (const auto text = read_protected(path)) {
    policy = PolicyReader(path).read(*text);
  } else if (required) {
    throw Error(ErrorCode::invalid, "the policy file is not there", path);
  }
  if (policy.directories.empty()) policy.directories = {default_directory};
  return policy;
}

}  // namespace netrig::driver
