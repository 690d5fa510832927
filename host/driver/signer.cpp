// SPDX-License-Identifier: Apache-2.0
#include "driver/signer.hpp"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>

#include "driver/protected_file.hpp"
#include "model/error_number.hpp"

namespace netrig::driver {
namespace {

constexpr std::size_t kLargestKey = 4096;

[[noreturn]] void refuse(const std::string& reason) { throw Error(ErrorCode::driver, reason); }

std::vector<std::string> key_files(const std::string& directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(directory.c_str()), &::closedir);
  if (!entries) {
    if (errno == ENOENT) return {};
    throw Error(ErrorCode::invalid, fmt::format("cannot read the trusted keys: {}", errno_text(errno)), directory);
  }
  std::vector<std::string> files;
  while (const dirent* entry = ::readdir(entries.get()))
    if (const std::string name = entry->d_name; name.ends_with(".pub") && name.front() != '.')
      files.push_back(fmt::format("{}/{}", directory, name));
  std::sort(files.begin(), files.end());
  return files;
}

/// "a=1 b=2", or with ':' as minisign itself writes, between blanks.
std::map<std::string, std::string> words_of(const std::string& comment) {
  std::map<std::string, std::string> words;
  for (std::size_t at = 0; at < comment.size();) {
    const std::size_t end = std::min(comment.find_first_of(" \t", at), comment.size());
    const std::string word = comment.substr(at, end - at);
    if (const std::size_t split = word.find_first_of("=:"); split != std::string::npos)
      words.emplace(word.substr(0, split), word.substr(split + 1));
    at = end + 1;
  }
  return words;
}

Signer check(const Policy& policy, const std::string& text, std::span<const unsigned char> content) {
  minisign::Signature signature;
  try {
    signature = minisign::parse_signature(text);
  } catch (const Error& error) {
    refuse("its signature is malformed: " + error.message());
  }
  const std::string id = minisign::to_text(signature.id);
  if (std::find(policy.revoked_keys.begin(), policy.revoked_keys.end(), id) != policy.revoked_keys.end())
    refuse(fmt::format("its signature is by key {}, which the policy revokes", id));
  std::string fault;
  for (const TrustedKey& trusted : read_trusted_keys(policy)) {
    if (trusted.key.id != signature.id) continue;
    fault = minisign::fault_of(signature, trusted.key, content);
    if (fault.empty()) return {.key = id, .comment = trusted.key.comment, .trusted_comment = signature.trusted_comment};
  }
  if (!fault.empty()) refuse(fmt::format("its signature by key {} is not valid: {}", id, fault));
  refuse(fmt::format("its signature is by key {}, which is not trusted; put its .pub file into {} to trust it", id,
                     policy.key_directory.empty() ? "the directory that [trust] keys names" : policy.key_directory));
}

}  // namespace

std::vector<TrustedKey> read_trusted_keys(const Policy& policy) {
  std::vector<TrustedKey> keys;
  if (policy.key_directory.empty()) return keys;
  for (const std::string& file : key_files(policy.key_directory)) {
    const auto text = read_protected(file, "a trusted key", kLargestKey, Parents::checked);
    if (!text) continue;
    TrustedKey trusted{.file = file, .changed = 0, .revoked = false};
    try {
      trusted.key = minisign::parse_public_key(*text);
    } catch (const Error& error) {
      throw Error(ErrorCode::invalid, "not a public key of minisign: " + error.message(), file);
    }
    struct stat status {};
    if (::stat(file.c_str(), &status) == 0) trusted.changed = status.st_mtime;
    trusted.revoked = std::find(policy.revoked_keys.begin(), policy.revoked_keys.end(),
                                minisign::to_text(trusted.key.id)) != policy.revoked_keys.end();
    keys.push_back(std::move(trusted));
  }
  return keys;
}

std::string binding_comment(const DriverDescription& about) {
  return fmt::format("netrig driver={} version={} abi={}.{}", about.kind, about.version, about.abi_major,
                     about.abi_minor);
}

std::string binding_fault(const std::string& trusted_comment, const DriverDescription& about) {
  const auto said = words_of(trusted_comment);
  const std::string abi = fmt::format("{}.{}", about.abi_major, about.abi_minor);
  for (const auto& [key, is] :
       {std::pair<const char*, const std::string&>{"driver", about.kind}, {"version", about.version}, {"abi", abi}}) {
    const auto found = said.find(key);
    if (found == said.end())
      return fmt::format("its trusted comment does not say which {} it is for; sign it with \"-t '{}'\"", key,
                         binding_comment(about));
    if (found->second != is)
      return fmt::format("it was signed as {} {}, but its table says {}", key, found->second, is);
  }
  return {};
}

Signer check_signature(const Policy& policy, const std::string& signature_text, std::span<const unsigned char> plugin,
                       const DriverDescription& about) {
  Signer signer = check(policy, signature_text, plugin);
  if (const std::string fault = binding_fault(signer.trusted_comment, about); !fault.empty()) refuse(fault);
  return signer;
}

Signer check_signature(const Policy& policy, const std::string& signature_text, std::span<const unsigned char> file) {
  return check(policy, signature_text, file);
}

}  // namespace netrig::driver
