// SPDX-License-Identifier: Apache-2.0
// `[service.NAME]`: one table, and as many services as namespaces that it is for.
#include "config/service.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <unordered_set>

#include "config/environment.hpp"

namespace netrig::config {
namespace {

// Each is a process, a namespace of its own, and a line in the record.
constexpr std::size_t kMostServices = 20'000;
constexpr std::size_t kMostMatchings = 20'000'000;
// Each is a name in the service that waits.
constexpr std::size_t kMostAfter = 1'000'000;
constexpr std::size_t kMostBytes = 256UL << 20U;
constexpr std::uint64_t kLeastLog = 4096;
constexpr std::uint64_t kLargestLog = 1ULL << 30U;

bool is_plain(const std::string& pattern) { return pattern.find_first_of("*?[\\") == std::string::npos; }

/// One string, or a list of strings.
std::vector<Text> texts_of(const Table& table, std::string_view key) {
  const toml::node* node = table.get(key);  // a variable may stand for a list
  if (node != nullptr && node->is_string()) return {*table.text(key)};
  return table.texts(key);
}

Readiness read_readiness(const Table& ready) {
  ready.allow(ready_keys());
  if (ready.raw().size() != 1)
    ready.fail(ready.where(), "ready takes one of tcp = PORT, udp = PORT, output = \"REGEX\" and command = ...");
  Readiness readiness;
  if (const auto port = ready.integer("tcp", 1, 65535)) readiness.tcp_port = static_cast<std::uint16_t>(*port);
  if (const auto port = ready.integer("udp", 1, 65535)) readiness.udp_port = static_cast<std::uint16_t>(*port);
  readiness.output = read_regex(ready, "output");
  if (ready.has("command")) readiness.command = read_command(ready, "command");
  return readiness;
}

bool is_variable(std::string_view name) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
  constexpr std::string_view kMore = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
  return !name.empty() && kLetters.find(name.front()) != std::string_view::npos &&
         name.find_first_not_of(kMore) == std::string_view::npos;
}

Environment read_environment(const Table& service) {
  return read_variables_of(service, "environment", [](const std::string& name) -> std::optional<std::string> {
    if (is_variable(name)) return std::nullopt;
    return fmt::format("\"{}\" is no name of a variable: letters, digits and _, not beginning with a digit", name);
  });
}

std::string read_directory(const Table& table) {
  const auto directory = table.text("directory");
  if (!directory) return {};
  if (directory->value.empty() || directory->value.front() != '/' || directory->value.find('\0') != std::string::npos)
    table.fail(directory->where,
               fmt::format("directory \"{}\" is not absolute; write one as in \"/var/lib/frr\"", directory->value));
  return directory->value;
}

}  // namespace

void Services::read(const Text& name, const Table& table) {
  table.allow(service_keys());
  if (const auto fault = device_name_fault(name.value))
    table.fail(name.where, fmt::format("service name \"{}\" {}", name.value, *fault));
  if (!table.has("namespace")) static_cast<void>(table.required_text("namespace"));
  Service service{.name = name.value,
                  .stem = name.value,
                  .command = read_command(table, "command"),
                  .environment = read_environment(table),
                  .where = name.where};
  if (table.choice("start", {"up", "test"}) == 1U) service.start = Service::Start::test;
  service.timeout = read_time(table, "timeout", 1ms, 1h).value_or(service.timeout);
  service.stop = read_time(table, "stop", 0ms, 1h).value_or(service.stop);
  service.forks = table.boolean("forks").value_or(false);
  service.directory = read_directory(table);
  if (const auto user = table.text("user")) {
    if (user->value.empty()) table.fail(user->where, "user is empty; write a name as in \"nobody\", or leave it out");
    service.user = user->value;
  }
  if (const auto log = table.size("log", 0, kLargestLog)) {
    if (*log != 0 && *log < kLeastLog)
      table.fail(table.where("log"), fmt::format("log is less than {} bytes; 0 keeps nothing", kLeastLog));
    service.log = *log;
  }
  if (const auto* ready = table.table("ready")) service.ready = read_readiness({*ready, "ready", table.context()});
  place(std::move(service), texts_of(table, "after"), table);
}

void Services::add(Service service, const Context& context) {
  constexpr std::size_t kLongest = 240;  // with what its log's name has more, a file's name
  if (service.name.size() > kLongest)
    context.fail(service.where, fmt::format("service name \"{}\" is longer than {} bytes", service.name, kLongest));
  if (const auto [known, fresh] = index_.emplace(service.name, found_.size()); !fresh)
    context.fail(service.where, fmt::format("service \"{}\" is there already, in {}", service.name,
                                            context.line(found_[known->second].service.where)));
  if (found_.size() == kMostServices)
    context.fail(service.where, fmt::format("there are over {} services; repeat less", kMostServices));
  found_.push_back({.service = std::move(service), .after = {}});
}

void Services::take_room(const Service& service, const std::vector<Text>& after, std::size_t count,
                         const Table& table) {
  std::size_t bytes = sizeof(Found) + sizeof(Text) * after.size();
  for (const std::string& word : service.command) bytes += sizeof word + word.size();
  for (const auto& [name, value] : service.environment) bytes += 2 * sizeof name + name.size() + value.size();
  for (const Text& text : after) bytes += text.value.size();
  bytes_ += bytes * count;
  if (bytes_ > kMostBytes)
    table.fail(service.where, fmt::format("with those of service \"{}\", the commands, environments and after of all "
                                          "services, one for each namespace, have over {} MiB; repeat less",
                                          service.stem, kMostBytes >> 20U));
}

void Services::place(Service service, const std::vector<Text>& after, const Table& table) {
  const std::vector<Text> wanted = texts_of(table, "namespace");
  const bool single = table.get("namespace")->is_string() && is_plain(wanted.front().value);
  if (wanted.empty()) table.fail(table.where("namespace"), "namespace is an empty list; name one at least");
  std::vector<std::string_view> names;
  std::unordered_set<std::string_view> known;  // one that a pattern and a name mean is one
  for (const Text& text : wanted) {
    bool matched = false;
    const auto take = [&](const Namespace& space) {
      matched = true;
      if (known.insert(space.name.str()).second) names.push_back(space.name.str());
    };
    if (is_plain(text.value)) {
      if (const auto found = spaces_.find(text.value); found != spaces_.end()) take(lab_.namespaces[found->second]);
    } else {
      comparisons_ += spaces_.size();
      if (comparisons_ > kMostMatchings)
        table.fail(text.where, fmt::format("the patterns of services would be compared with names over {} times; name "
                                           "namespaces without * and ?, or repeat less",
                                           kMostMatchings));
      for (const Namespace& space : lab_.namespaces)
        if (picks(text.value, space)) take(space);
    }
    if (matched) continue;
    std::vector<std::string> all;
    for (const Namespace& space : lab_.namespaces) all.push_back(space.name.str());
    const auto hint = closest(text.value, all);
    table.fail(text.where, fmt::format("service \"{}\": namespace = \"{}\" {}{}", service.stem, text.value,
                                       is_plain(text.value) ? "is no namespace of the lab" : "matches no namespace",
                                       hint ? fmt::format("; did you mean \"{}\"?", *hint) : ""));
  }
  take_room(service, after, names.size(), table);
  for (const std::string_view name : names) {
    Service one = service;
    one.space = name;
    if (!single) one.name = fmt::format("{}@{}", service.stem, name);
    add(std::move(one), table.context());
    found_.back().after = after;
  }
}

Services::Stems Services::stems() const {
  Stems stems;
  for (std::size_t i = 0; i < found_.size(); ++i) {
    const Service& service = found_[i].service;
    Stem& stem = stems[service.stem];
    stem.all.push_back(i);
    stem.in[service.space].push_back(i);
    stem.tests = stem.tests || service.start == Service::Start::test;
  }
  return stems;
}

void Services::find_after(Found& one, const Stems& stems, const Context& context) {
  for (const Text& text : one.after) {
    const auto stem = stems.find(text.value);
    const auto named = index_.find(text.value);
    // What is called so, beside those that the file calls so.
    const Found* apart = named == index_.end() ? nullptr : &found_[named->second];
    if (apart != nullptr && apart->service.stem == text.value) apart = nullptr;
    if (stem == stems.end() && apart == nullptr) {
      std::vector<std::string> all;
      for (const Found& other : found_) all.push_back(other.service.stem);
      const auto hint = closest(text.value, all);
      context.fail(text.where, fmt::format("after: there is no [service.{}]{}", text.value,
                                           hint ? fmt::format("; did you mean \"{}\"?", *hint) : ""));
    }
    const bool tests = (stem != stems.end() && stem->second.tests) ||
                       (apart != nullptr && apart->service.start == Service::Start::test);
    if (one.service.start == Service::Start::up && tests)
      context.fail(text.where,
                   fmt::format("after = \"{}\" starts only with tests, and service \"{}\" before them; give "
                               "both the same start",
                               text.value, one.service.name));
    std::vector<std::size_t> chosen;
    if (stem != stems.end())
      if (const auto here = stem->second.in.find(one.service.space); here != stem->second.in.end())
        chosen = here->second;
    if (apart != nullptr && apart->service.space == one.service.space) chosen.push_back(named->second);
    if (chosen.empty()) {
      if (stem != stems.end()) chosen = stem->second.all;
      if (apart != nullptr) chosen.push_back(named->second);
    }
    after_ += chosen.size();
    if (after_ > kMostAfter)
      context.fail(text.where, fmt::format("services would come after others over {} times; repeat less, or put a "
                                           "service into the same namespaces as those that it comes after",
                                           kMostAfter));
    for (const std::size_t other : chosen) one.service.after.push_back(found_[other].service.name);
  }
}

void Services::refuse_circles(const Context& context) const {
  // Depth-first: 1 is on the path from here, 2 is done.
  std::vector<char> mark(found_.size(), 0);
  for (std::size_t root = 0; root < found_.size(); ++root) {
    if (mark[root] != 0) continue;
    std::vector<std::pair<std::size_t, std::size_t>> path = {{root, 0}};  // service, next of its `after`
    mark[root] = 1;
    while (!path.empty()) {
      auto& [at, next] = path.back();
      const std::vector<std::string>& after = found_[at].service.after;
      if (next == after.size()) {
        mark[at] = 2;
        path.pop_back();
        continue;
      }
      const std::size_t other = index_.at(after[next++]);
      if (mark[other] == 1) {
        std::vector<std::string> names;
        bool inside = false;
        for (const auto& [step, ignored] : path) {
          inside = inside || step == other;
          if (inside) names.push_back(found_[step].service.name);
        }
        names.push_back(found_[other].service.name);
        context.fail(found_[other].after.front().where,
                     fmt::format("services wait for each other in a circle: {}", fmt::join(names, " -> ")));
      }
      if (mark[other] != 0) continue;
      mark[other] = 1;
      path.emplace_back(other, 0);
    }
  }
}

std::vector<Service> Services::take(const Context& context) {
  const Stems known = stems();
  for (Found& one : found_)
    if (!one.after.empty()) find_after(one, known, context);
  refuse_circles(context);
  std::vector<Service> services;
  services.reserve(found_.size());
  for (Found& one : found_) services.push_back(std::move(one.service));
  return services;
}

}  // namespace netrig::config
