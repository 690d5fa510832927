// SPDX-License-Identifier: Apache-2.0
// What `files` of namespaces name on the disk, read once each.
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <memory>

#include "config/bounds.hpp"
#include "config/files.hpp"

namespace netrig::config {
namespace {

// A record holds what was read, and memory what namespaces get of it.
constexpr std::size_t kMostRead = 16UL << 20U;
constexpr std::size_t kMostGiven = 64UL << 20U;
constexpr std::size_t kMostGivenFiles = 100'000;
constexpr std::size_t kMostInDirectory = 10'000;
constexpr int kDeepest = 32;

/// `path` and `name`: of the directory, as in Source::contents.
void read_directory_contents(const std::string& path, const std::string& name, const ReadText& text_of, int depth,
                             std::vector<Content>& found) {
  namespace fs = std::filesystem;
  if (depth > kDeepest) throw Error(ErrorCode::invalid, fmt::format("lies over {} directories deep", kDeepest), name);
  std::error_code fault;
  std::vector<std::string> entries;
  for (auto entry = fs::directory_iterator(name, fault); !fault && entry != fs::directory_iterator();
       entry.increment(fault))
    entries.push_back(entry->path().filename());
  if (fault) throw Error(ErrorCode::invalid, fmt::format("cannot read the directory: {}", fault.message()), name);
  std::sort(entries.begin(), entries.end());
  for (const std::string& entry : entries) {
    const std::string here = name + "/" + entry;
    struct stat status {};
    if (::lstat(here.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
      read_directory_contents(path + "/" + entry, here, text_of, depth + 1, found);
      continue;
    }
    if (found.size() == kMostInDirectory)
      throw Error(ErrorCode::invalid, fmt::format("the directory holds over {} files", kMostInDirectory), name);
    Bytes bytes = read_bytes(here, "the file", kLargestFile, false);
    if (text_of) bytes.text = text_of(here);
    found.push_back({.path = path + "/" + entry, .text = std::move(bytes.text), .executable = bytes.executable});
  }
}

}  // namespace

std::vector<Content> read_contents(const std::string& path, const std::string& name, const ReadText& text_of) {
  struct stat status {};
  if (::stat(name.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
    std::vector<Content> found;
    read_directory_contents(path, name, text_of, 0, found);
    if (found.empty()) throw Error(ErrorCode::invalid, "the directory holds no file", name);
    return found;
  }
  Bytes bytes = read_bytes(name, "the file", kLargestFile, true);
  if (text_of) bytes.text = text_of(name);
  return {{.path = path, .text = std::move(bytes.text), .executable = bytes.executable}};
}

const std::vector<Content>& Contents::read(const std::string& path, Position where, const Context& context) {
  if (const auto found = read_.find(path); found != read_.end()) return found->second;
  if (!source_.contents) context.fail(where, "there are no files to read from here");
  std::vector<Content> contents;
  try {
    contents = source_.contents(path, (std::filesystem::path(*context_.file).parent_path() / path).string());
  } catch (const Error& error) {
    context.fail(where, fmt::format("cannot read it: {}", error.what()), error.code());
  }
  for (const Content& one : contents) read_bytes_ += one.text.size();
  if (read_bytes_ > kMostRead)
    context.fail(where, fmt::format("with this the files of the lab have over {} bytes", kMostRead));
  return read_.emplace(path, std::move(contents)).first->second;
}

FileContent Contents::file(const std::string& path, bool secret, Position where, const Context& context) {
  if (const auto found = secrets_.find(path); secret && found != secrets_.end()) return found->second;
  if (secret)
    for (const SecretFile& one : source_.secrets)
      if (one.path == path)
        return secrets_.emplace(path, FileContent{.path = path, .key = one.key, .digest = one.digest, .size = one.size})
            .first->second;
  const bool known = read_.contains(path);
  const std::vector<Content>& contents = read(path, where, context);
  if (contents.size() != 1 || contents.front().path != path)
    context.fail(where, fmt::format("{} is a directory, not a file", path));
  auto text = std::make_shared<const std::string>(contents.front().text);
  const std::string key = secret ? digest_key() : std::string();
  FileContent file{.path = path, .key = key, .digest = digest_of(*text, key), .size = text->size(), .text = text};
  if (!secret) return file;
  if (!known) read_.erase(path);
  return secrets_.emplace(path, std::move(file)).first->second;
}

std::vector<SecretFile> Contents::take_secrets() {
  std::vector<SecretFile> list;
  for (const auto& [path, file] : secrets_)
    list.push_back({.path = path, .key = file.key, .digest = file.digest, .size = file.size});
  return list;
}

void Contents::count(std::size_t bytes, Position where, const Context& context) {
  bytes_ += bytes;
  if (bytes_ > kMostGiven)
    context.fail(where, fmt::format("with this the namespaces get files of over {} bytes in all", kMostGiven));
  if (++files_ > kMostGivenFiles)
    context.fail(where, fmt::format("with this the namespaces get over {} files", kMostGivenFiles));
}

std::vector<Content> Contents::take() {
  std::map<std::string, Content> all;
  for (auto& [path, contents] : read_)
    for (Content& one : contents) all.emplace(one.path, std::move(one));
  read_.clear();
  std::vector<Content> list;
  for (auto& [path, one] : all) list.push_back(std::move(one));
  return list;
}

}  // namespace netrig::config
