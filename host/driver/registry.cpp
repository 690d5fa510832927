// SPDX-License-Identifier: Apache-2.0
#include "driver/registry.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/mman.h>

#include <algorithm>

#include "driver/elf.hpp"
#include "driver/in_process.hpp"
#include "driver/loader.hpp"
#include "driver/trust.hpp"

namespace netrig::driver {
namespace {

/// A read-only view of sealed bytes.
class Mapping {
 public:
  explicit Mapping(const SealedPlugin& plugin) : size_(plugin.size) {
    if (size_ == 0) return;
    data_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, plugin.memory.get(), 0);
    if (data_ == MAP_FAILED) throw Error(ErrorCode::driver, fmt::format("cannot map {}", plugin.path));
  }
  ~Mapping() {
    if (size_ != 0) ::munmap(data_, size_);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  [[nodiscard]] std::span<const std::byte> bytes() const { return {static_cast<const std::byte*>(data_), size_}; }

 private:
  void* data_ = nullptr;
  std::size_t size_ = 0;
};

Note check_note(const SealedPlugin& plugin) {
  const Mapping mapping(plugin);
  Note note = read_plugin(mapping.bytes());
  if (note.driver != plugin.kind)
    throw Error(ErrorCode::driver,
                fmt::format("its note says driver \"{}\", but the file is called {}.so", note.driver, plugin.kind));
  return note;
}

Error refusal(const std::string& kind, const std::string& path, const std::string& digest, const std::string& reason) {
  spdlog::warn("driver {} refused: path {}, sha256 {}: {}", kind, path, digest.empty() ? "unread" : digest, reason);
  return {ErrorCode::driver, fmt::format("driver \"{}\" ({}) is refused: {}", kind, path, reason)};
}

/// The one directory that has this plugin. Empty: none has.
std::string directory_of(const Policy& policy, const std::string& kind) {
  std::string found;
  for (const std::string& directory : policy.directories) {
    std::vector<std::string> kinds;
    try {
      kinds = list_plugins(policy, directory);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::not_found) continue;
      throw refusal(kind, directory, {}, error.message());
    }
    if (!std::binary_search(kinds.begin(), kinds.end(), kind)) continue;
    if (!found.empty())
      throw refusal(kind, found, {}, fmt::format("{} has a second {}.so; remove one of them", directory, kind));
    found = directory;
  }
  return found;
}

}  // namespace

/// Sealed bytes that have passed every check but that of the descriptor.
struct Registry::Verified {
  SealedPlugin plugin;
  Note note;
};

Registry::Verified Registry::verify(const std::string& directory, const std::string& kind, std::string& digest) {
  if (const auto found = verified_.find(kind); found != verified_.end()) {
    Verified verified = std::move(found->second);
    verified_.erase(found);
    digest = verified.plugin.digest;
    return verified;
  }
  SealedPlugin plugin = open_plugin(policy_, directory, kind);
  digest = plugin.digest;
  Note note = check_note(plugin);
  return {std::move(plugin), std::move(note)};
}

Registry::Registry(Policy policy) : policy_(std::move(policy)) {}
Registry::~Registry() = default;

Driver& Registry::open(std::string_view kind) {
  const std::lock_guard guard(mutex_);
  if (const auto found = drivers_.find(kind); found != drivers_.end()) return *found->second;
  const std::string name(kind);
  if (const std::string fault = kind_fault(kind); !fault.empty())
    throw Error(ErrorCode::driver, fmt::format("driver name \"{}\" {}", name.substr(0, 64), fault));
  const std::string directory = directory_of(policy_, name);
  if (directory.empty()) {
    const auto hint = closest(kind, kinds());
    throw Error(ErrorCode::driver,
                fmt::format("there is no driver \"{}\" in {}{}", name, fmt::join(policy_.directories, ", "),
                            hint ? fmt::format("; did you mean \"{}\"?", *hint) : ""));
  }
  const std::string path = fmt::format("{}/{}.so", directory, name);
  std::string digest;
  try {
    const Verified verified = verify(directory, name, digest);
    auto driver = make_in_process(load_plugin(verified.plugin, verified.note), 0);
    spdlog::debug("driver {} loaded: path {}, sha256 {}, version {}", name, path, digest, verified.note.version);
    return *drivers_.emplace(name, std::move(driver)).first->second;
  } catch (const Error& error) {
    throw refusal(name, path, digest, error.message());
  }
}

const DriverDescription* Registry::find(std::string_view kind) {
  if (!kind_fault(kind).empty()) return nullptr;
  {
    const std::lock_guard guard(mutex_);
    if (const auto found = drivers_.find(kind); found != drivers_.end()) return &found->second->description();
    if (directory_of(policy_, std::string(kind)).empty()) return nullptr;
  }
  return &open(kind).description();
}

std::vector<std::string> Registry::kinds() const {
  std::vector<std::string> all;
  for (const std::string& directory : policy_.directories) try {
      for (std::string& kind : list_plugins(policy_, directory)) all.push_back(std::move(kind));
    } catch (const Error& error) {
      spdlog::debug("{}", error.what());
    }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

std::vector<Found> Registry::survey() {
  std::vector<Found> all;
  for (const std::string& directory : policy_.directories) {
    std::vector<std::string> kinds;
    try {
      kinds = list_plugins(policy_, directory);
    } catch (const Error& error) {
      all.push_back({.kind = {}, .path = directory, .digest = {}, .refusal = error.message(), .description = {}});
      continue;
    }
    for (const std::string& kind : kinds) {
      Found found{.kind = kind,
                  .path = fmt::format("{}/{}.so", directory, kind),
                  .digest = {},
                  .refusal = {},
                  .description = {}};
      try {
        const std::lock_guard guard(mutex_);
        static_cast<void>(directory_of(policy_, kind));
        Verified verified = verify(directory, kind, found.digest);
        const Note& note = verified.note;
        found.description.kind = note.driver;
        found.description.version = note.version;
        found.description.abi_major = note.abi_major;
        found.description.abi_minor = note.abi_minor;
        found.description.wants = note.wants;
        found.description.link_kinds = note.link_kinds;
        verified_.insert_or_assign(kind, std::move(verified));
      } catch (const Error& error) {
        found.refusal = error.message();
      }
      all.push_back(std::move(found));
    }
  }
  return all;
}

}  // namespace netrig::driver
