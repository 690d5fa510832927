// SPDX-License-Identifier: Apache-2.0
// Whether what tests name is there.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "config/parts.hpp"

namespace netrig::config {
namespace {

constexpr std::size_t kMostComparisons = 20'000'000;

class TestCheck {
 public:
  TestCheck(const Lab& lab, const Context& context) : lab_(lab), context_(context) {
    for (const Namespace& space : lab.namespaces) {
      index_.emplace(space.name.str(), names_.size());
      names_.push_back(space.name.str());
    }
    interfaces_.resize(names_.size());
    for (const Device& device : lab.devices)
      for (const Interface& interface : device.interfaces) interfaces_[interface.home].insert(interface.name.str());
    for (const Service& service : lab.services) services_.insert({service.name, service.stem});
  }

  void run() {
    for (const Test& test : lab_.tests) {
      about_ = fmt::format("test \"{}\"", test.name);
      check(test);
      seen_.emplace(test.name, test.where);
      earlier_.push_back(test.name);
    }
  }

 private:
  [[noreturn]] void fail(Position where, const std::string& message) const {
    context_.fail(where, fmt::format("{}: {}", about_, message));
  }
  template <typename Range>
  static std::string hint(const std::string& word, const Range& candidates) {
    const auto found = closest(word, candidates);
    return found ? fmt::format("; did you mean \"{}\"?", *found) : "";
  }

  /// Calls each(index) for every namespace that matches, until it says true; false if it never does.
  template <typename Each>
  bool any_space(const std::string& pattern, Each&& each) {
    if (is_plain(pattern)) {
      const auto found = index_.find(pattern);
      return found != index_.end() && each(found->second);
    }
    count_comparisons(pattern, names_.size());
    for (std::size_t s = 0; s < names_.size(); ++s)
      if (picks(pattern, lab_.namespaces[s]) && each(s)) return true;
    return false;
  }
  /// The same patterns over the same names again and again are looked at once.
  void require_spaces(const std::string& pattern, std::string_view key, Position where) {
    if (good_spaces_.contains(pattern)) return;
    if (!any_space(pattern, [](std::size_t) { return true; }))
      fail(where, fmt::format("{} = \"{}\" matches no namespace{}", key, pattern, hint(pattern, names_)));
    good_spaces_.insert(pattern);
  }
  void require_space(const std::string& name, std::string_view key, Position where) const {
    if (!index_.contains(name))
      fail(where, fmt::format("{} = \"{}\" is no namespace of the lab{}", key, name, hint(name, names_)));
  }
  void require_interface(const InterfacePattern& pattern, Position where) {
    require_spaces(pattern.space, "interface", where);
    if (const auto fault = interface_fault(pattern)) fail(where, *fault);
  }
  std::optional<std::string> interface_fault(const InterfacePattern& pattern) {
    if (good_interfaces_.contains(pattern.str())) return std::nullopt;
    std::vector<std::string> there;
    const bool good = any_space(pattern.space, [&](std::size_t s) {
      if (lab_.namespaces[s].existing || pattern.interface == "lo") return true;  // may have others, too
      const std::set<std::string>& names = interfaces_[s];
      const auto match = [&](const std::string& name) { return matches(pattern.interface, name); };
      if (is_plain(pattern.interface)) {
        if (names.contains(pattern.interface)) return true;
      } else {
        count_comparisons(pattern.interface, names.size());
        if (std::any_of(names.begin(), names.end(), match)) return true;
      }
      there.insert(there.end(), names.begin(), names.end());
      return false;
    });
    if (!good)
      return fmt::format("\"{}\" matches no interface of the lab{}", pattern.str(), hint(pattern.interface, there));
    good_interfaces_.insert(pattern.str());
    return std::nullopt;
  }

  static bool is_plain(const std::string& pattern) { return pattern.find_first_of("*?[\\") == std::string::npos; }
  /// Many patterns over many names take long, and a slip in a repeat is behind it.
  void count_comparisons(const std::string& pattern, std::size_t names) {
    constexpr std::size_t kLongestName = 255;
    comparisons_ += names * (1 + pattern.size() / kLongestName);
    if (comparisons_ > kMostComparisons)
      throw Error(ErrorCode::invalid,
                  fmt::format("the patterns of the tests would be compared with names over {} times; name namespaces "
                              "and interfaces without * and ?, or repeat less",
                              kMostComparisons),
                  *context_.file);
  }

  void check_target(const Test& test, const Target& target) {
    if (IpAddress::parse(target.text)) return;
    const std::size_t colon = target.text.find(':');
    if (colon == std::string::npos)
      require_spaces(target.text, "to", test.where);
    else
      require_interface({.space = target.text.substr(0, colon), .interface = target.text.substr(colon + 1)},
                        test.where);
  }

  void require_service(const std::string& name, Position where) const {
    if (!services_.contains(name) && lab_.services_like(name).empty())
      fail(where, fmt::format("services: there is no [service.{}]{}", name, hint(name, services_)));
  }

  void check_event(const Event& event) {
    if (const auto* command = std::get_if<PlacedCommand>(&event.what))
      require_space(command->space, "namespace", event.where);
    else if (const auto* services = std::get_if<ServiceEvent>(&event.what))
      for_all(services->services, [&](const std::string& name) { require_service(name, event.where); });
    else
      for_all(*interfaces_of(event), [&](const InterfacePattern& link) { require_interface(link, event.where); });
  }

  /// Each rule for itself, so that all that is wrong is told at once.
  template <typename Items, typename Rule>
  void for_all(const Items& items, const Rule& rule) const {
    for (const auto& one : items) context_.guard([&] { rule(one); });
  }

  void check_name(const Test& test) const {
    if (const auto twin = seen_.find(test.name); twin != seen_.end())
      context_.fail(test.where, fmt::format("test \"{}\" is there already, in {}; give each a name of its own",
                                            test.name, context_.line(twin->second)));
  }

  /// One that somebody may make while the test runs is waited for.
  void check_capture(const CaptureAssertion& capture) {
    require_spaces(capture.interface.space, "interface", capture.where);
    if (const auto fault = interface_fault(capture.interface))
      context_.warnings->add(context_.place(capture.where),
                             fmt::format("{}: {}; it is captured at if somebody makes it", about_, *fault));
  }

  void check(const Test& test) {
    context_.guard([&] { check_name(test); });
    context_.guard([&] { require_spaces(test.from, "from", test.where); });
    if (const Target* target = target_of(test.check)) context_.guard([&] { check_target(test, *target); });
    if (const auto* path = std::get_if<PathCheck>(&test.check))
      for_all(path->hops, [&](const std::string& hop) {
        if (hop != "*" && !IpAddress::parse(hop)) require_space(hop, "hops", test.where);
      });
    for_all(test.depends_on, [&](const std::string& name) {
      if (!seen_.contains(name))
        fail(test.where,
             fmt::format("depends_on = \"{}\" is no test that stands before it{}", name, hint(name, earlier_)));
    });
    for_all(test.services, [&](const std::string& name) { require_service(name, test.where); });
    for_all(test.after, [&](const PlacedCommand& one) { require_space(one.space, "namespace", one.where); });
    for_all(test.before, [&](const Event& event) { check_event(event); });
    for_all(test.during, [&](const Event& event) {
      check_event(event);
      if (event.at >= test.timeout) fail(event.where, "the event comes after the test's timeout; raise timeout");
    });
    for_all(test.counters, [&](const CounterAssertion& one) { require_interface(one.interface, one.where); });
    for_all(test.captures, [&](const CaptureAssertion& one) { check_capture(one); });
    if (test.share)
      for_all(test.share->parts,
              [&](const Share::Part& part) { require_interface(part.interface, test.share->where); });
  }

  const Lab& lab_;
  const Context& context_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::size_t> index_;
  std::vector<std::set<std::string>> interfaces_;  // by namespace
  std::set<std::string> services_;
  std::unordered_set<std::string> good_spaces_;
  std::unordered_set<std::string> good_interfaces_;
  std::size_t comparisons_ = 0;
  std::vector<std::string> earlier_;
  std::unordered_map<std::string, Position> seen_;
  std::string about_;
};

}  // namespace

void check_tests(const Lab& lab, const Context& context) { TestCheck(lab, context).run(); }

}  // namespace netrig::config
