// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <span>

#include "cli/completion.hpp"
#include "cli/session.hpp"
#include "config/names.hpp"
#include "conformance/conformance.hpp"
#include "driver/elf.hpp"
#include "driver/protected_file.hpp"
#include "engine/journal.hpp"

namespace netrig::cli {
namespace {

/// Of a larger file the user would wait for.
constexpr std::uintmax_t kLargestRead = 1 << 20;
constexpr std::size_t kLargestPlugin = 64U << 20U;

config::WrittenNames names_in_file(const std::string& path) {
  std::error_code fault;
  if (!std::filesystem::is_regular_file(path, fault) || std::filesystem::file_size(path, fault) > kLargestRead)
    return {};
  try {
    return config::names_in(path);
  } catch (const Error&) {
    return {};  // it is being written
  }
}

/// A lab as it is up and as its file is now, as far as there is either.
struct LabNames {
  std::optional<engine::Record> record;
  config::WrittenNames written;
};

LabNames names_of_lab(const std::string& typed) {
  if (typed.empty()) return {};
  const std::vector<std::string> labs = engine::Journal::labs();
  LabNames found;
  std::string name = typed;
  if (!std::binary_search(labs.begin(), labs.end(), name)) {
    found.written = names_in_file(typed);
    name = found.written.lab;
  }
  if (!std::binary_search(labs.begin(), labs.end(), name)) return found;
  found.record = engine::Journal::peek(name);
  if (found.record && found.written.lab.empty()) found.written = names_in_file(found.record->file);
  return found;
}

class Here {
 public:
  explicit Here(const driver::PolicySource& installation) : installation_(installation) {}

  std::vector<Candidate> find(Subject subject, const std::string& about) {
    if (subject == Subject::lab) return all(engine::Journal::labs(), {});
    if (subject == Subject::driver) return all(Session({}, installation_).drivers().kinds(), {});
    if (subject == Subject::machine_space) return spaces_of_machine();
    if (subject == Subject::parameter) return parameters_of(about);
    if (subject == Subject::law_check) return law_checks();
    const LabNames names = names_of_lab(about);
    switch (subject) {
      case Subject::space:
        return names.record ? made(names.record->namespaces) : all(names.written.namespaces, {});
      case Subject::service:
        return names.record && !names.record->services.empty() ? made(names.record->services)
                                                               : all(names.written.services, {});
      case Subject::interface:
        return names.record ? interfaces(*names.record) : all(names.written.interfaces, {});
      case Subject::test: {
        std::vector<Candidate> found = all(names.written.tests, "test");
        for (Candidate& tag : all(names.written.tags, "tag")) found.push_back(std::move(tag));
        return found;
      }
      case Subject::variable: {
        std::vector<Candidate> found = all(names.written.variables, {});
        for (Candidate& one : found) one.word += "=";
        return found;
      }
      default:
        return {};
    }
  }

 private:
  static std::vector<Candidate> all(const std::vector<std::string>& words, const std::string& help) {
    std::vector<Candidate> candidates;
    for (const std::string& word : words) candidates.push_back({word, help});
    return candidates;
  }

  template <typename Made>
  static std::vector<Candidate> made(const std::vector<Made>& things) {
    std::vector<Candidate> candidates;
    for (const Made& one : things) candidates.push_back({one.name});
    return candidates;
  }

  static std::vector<Candidate> interfaces(const engine::Record& record) {
    std::vector<Candidate> candidates;
    for (const engine::MadeDevice& device : record.devices)
      for (const engine::MadeInterface& one : device.interfaces)
        candidates.push_back({one.home + ":" + one.name, device.driver});
    return candidates;
  }

  /// As the plugin's table says, of which nothing runs.
  static std::vector<Candidate> parameters_of(const std::string& plugin) {
    const auto bytes = driver::read_file(plugin, "plugin", kLargestPlugin);
    if (!bytes) return {};
    std::vector<Candidate> candidates;
    for (const ParameterDeclaration& one : driver::read_plugin(std::as_bytes(std::span(*bytes))).about.parameters)
      candidates.push_back({one.name + "=", one.help});
    return candidates;
  }

  /// Groups, and each check.
  static std::vector<Candidate> law_checks() {
    std::vector<Candidate> groups;
    std::vector<Candidate> candidates;
    for (const conformance::CheckInfo& one : conformance::all_checks()) {
      const std::string group = one.id.substr(0, one.id.find('.')) + ".*";
      if (groups.empty() || groups.back().word != group) groups.push_back({group, "all of them"});
      candidates.push_back({one.id, one.words});
    }
    candidates.insert(candidates.begin(), groups.begin(), groups.end());
    return candidates;
  }

  static std::vector<Candidate> spaces_of_machine() {
    std::vector<Candidate> candidates;
    std::error_code fault;
    for (auto entry = std::filesystem::directory_iterator("/run/netns", fault);
         !fault && entry != std::filesystem::directory_iterator(); entry.increment(fault))
      candidates.push_back({entry->path().filename().string()});
    std::sort(candidates.begin(), candidates.end(),
              [](const Candidate& a, const Candidate& b) { return a.word < b.word; });
    return candidates;
  }

  driver::PolicySource installation_;
};

}  // namespace

Names names_here(const driver::PolicySource& installation) {
  return [here = Here(installation)](Subject subject, const std::string& about) mutable -> std::vector<Candidate> {
    try {
      return here.find(subject, about);
    } catch (const std::exception&) {
      return {};  // who may not read records is told of none
    }
  };
}

}  // namespace netrig::cli
