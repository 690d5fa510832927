// SPDX-License-Identifier: Apache-2.0
// Whether what tests and services name is there.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "config/parts.hpp"

namespace netrig::config {
namespace {

class TestCheck {
 public:
  TestCheck(const Lab& lab, const Context& context) : lab_(lab), context_(context) {
    for (const Namespace& space : lab.namespaces) names_.push_back(space.name.str());
    for (const Service& service : lab.services) services_.push_back(service.name);
  }

  void run() {
    for (const Service& service : lab_.services) {
      about_ = fmt::format("service \"{}\"", service.name);
      require_space(service.space, "namespace", service.where);
    }
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

  [[nodiscard]] bool matches_any(const std::string& pattern) const {
    return std::any_of(names_.begin(), names_.end(), [&](const std::string& name) { return matches(pattern, name); });
  }
  void require_spaces(const std::string& pattern, std::string_view key, Position where) const {
    if (!matches_any(pattern))
      fail(where, fmt::format("{} = \"{}\" matches no namespace{}", key, pattern, hint(pattern, names_)));
  }
  void require_space(const std::string& name, std::string_view key, Position where) const {
    if (std::find(names_.begin(), names_.end(), name) == names_.end())
      fail(where, fmt::format("{} = \"{}\" is no namespace of the lab{}", key, name, hint(name, names_)));
  }
  void require_interface(const InterfacePattern& pattern, Position where) const {
    require_spaces(pattern.space, "interface", where);
    std::vector<std::string> there;
    for (const Namespace& space : lab_.namespaces)
      if (space.existing && matches(pattern.space, space.name.str())) return;  // may have others, too
    for (const Device& device : lab_.devices)
      for (const Interface& interface : device.interfaces)
        if (matches(pattern.space, names_[interface.home])) {
          if (matches(pattern.interface, interface.name.str())) return;
          there.push_back(interface.name.str());
        }
    if (pattern.interface == "lo") return;
    fail(where, fmt::format("\"{}\" matches no interface of the lab{}", pattern.str(), hint(pattern.interface, there)));
  }

  void check_target(const Test& test, const Target& target) const {
    if (IpAddress::parse(target.text)) return;
    const std::size_t colon = target.text.find(':');
    if (colon == std::string::npos)
      require_spaces(target.text, "to", test.where);
    else
      require_interface({.space = target.text.substr(0, colon), .interface = target.text.substr(colon + 1)},
                        test.where);
  }

  void check(const Test& test) {
    if (const auto twin = seen_.find(test.name); twin != seen_.end())
      context_.fail(test.where, fmt::format("test \"{}\" is there already, in line {}; give each a name of its own",
                                            test.name, twin->second.line));
    require_spaces(test.from, "from", test.where);
    if (const Target* target = target_of(test.check)) check_target(test, *target);
    if (const auto* path = std::get_if<PathCheck>(&test.check))
      for (const std::string& hop : path->hops)
        if (hop != "*" && !IpAddress::parse(hop)) require_space(hop, "hops", test.where);
    for (const std::string& name : test.depends_on)
      if (!seen_.contains(name))
        fail(test.where,
             fmt::format("depends_on = \"{}\" is no test that stands before it{}", name, hint(name, earlier_)));
    for (const std::string& name : test.services)
      if (lab_.find_service(name) == nullptr)
        fail(test.where, fmt::format("services: there is no [service.{}]{}", name, hint(name, services_)));
    for (const auto* commands : {&test.before, &test.after})
      for (const PlacedCommand& command : *commands) require_space(command.space, "namespace", command.where);
    for (const Event& event : test.during) {
      if (const auto* command = std::get_if<PlacedCommand>(&event.what))
        require_space(command->space, "namespace", event.where);
      else
        for (const InterfacePattern& link : std::get<LinkEvent>(event.what).interfaces)
          require_interface(link, event.where);
      if (event.at >= test.timeout) fail(event.where, "the event comes after the test's timeout; raise timeout");
    }
    for (const CounterAssertion& counters : test.counters) require_interface(counters.interface, counters.where);
    for (const CaptureAssertion& capture : test.captures) require_interface(capture.interface, capture.where);
  }

  const Lab& lab_;
  const Context& context_;
  std::vector<std::string> names_;
  std::vector<std::string> services_;
  std::vector<std::string> earlier_;
  std::unordered_map<std::string, Position> seen_;
  std::string about_;
};

}  // namespace

void check_tests(const Lab& lab, const Context& context) { TestCheck(lab, context).run(); }

}  // namespace netrig::config
