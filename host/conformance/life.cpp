// SPDX-License-Identifier: Apache-2.0
// Devices from their making to their end, in namespaces.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <iterator>

#include "conformance/bench.hpp"

namespace netrig::conformance {
namespace {

constexpr const char* kName = "trial";

struct Scenario {
  Ground& ground;
  driver::Driver& driver;
  Device device;
  std::vector<std::string> before;  ///< links
};

/// On a new ground, with a device that is not made yet.
void play(Bench& bench, Findings& findings, const std::function<void(Scenario&)>& body, const char* name = kName) {
  bench.on_ground(findings, [&](Ground& ground) {
    const auto driver = bench.driver();
    auto before = ground.links();
    Scenario scenario{ground, *driver, ground.device(name, bench.parameters()), std::move(before)};
    body(scenario);
  });
}

void compare(Findings& findings, const std::vector<std::string>& before, const std::vector<std::string>& after,
             const std::string& when) {
  std::vector<std::string> more;
  std::vector<std::string> less;
  std::set_difference(after.begin(), after.end(), before.begin(), before.end(), std::back_inserter(more));
  std::set_difference(before.begin(), before.end(), after.begin(), after.end(), std::back_inserter(less));
  for (const std::string& link : more) findings.add(link, fmt::format("it is left {}", when));
  for (const std::string& link : less) findings.add(link, fmt::format("it is gone {}, and was not the driver's", when));
}

bool returns(Bench& bench, Findings& findings, driver::Operation operation) {
  return !bench.has(1U << static_cast<unsigned>(operation)) || bench.returns(operation, findings);
}

void makes(Bench& bench, Findings& findings) {
  if (!returns(bench, findings, driver::Operation::create)) return;
  play(bench, findings, [&](Scenario& one) {
    one.ground.make(one.driver, one.device);
    const auto& kinds = bench.about().link_kinds;
    for (std::size_t i = 0; i < one.device.context.interfaces.size(); ++i) {
      const std::string& name = one.device.context.interfaces[i].name;
      const auto kind = one.ground.kind_of(i, name);
      if (!kind)
        findings.add(name, "the kernel does not show it in the namespace that it was wanted in");
      else if (!kinds.empty() && std::find(kinds.begin(), kinds.end(), *kind) == kinds.end())
        findings.add(name, fmt::format("it is of kind \"{}\", which the table does not name", *kind));
    }
    one.ground.roll_back(one.device);
  });
}

void makes_nothing_else(Bench& bench, Findings& findings) {
  if (!bench.makes(findings)) return;
  play(bench, findings, [&](Scenario& one) {
    one.ground.make(one.driver, one.device);
    auto after = one.ground.links();
    const auto& own = one.device.context.interfaces;
    std::erase_if(after, [&](const std::string& link) {
      return std::any_of(own.begin(), own.end(), [&](const auto& each) { return link.starts_with(each.name + " "); });
    });
    compare(findings, one.before, after, "beside its own interfaces");
    one.ground.roll_back(one.device);
  });
}

/// Only of its own: by the table the host does it.
bool has(Bench& bench, Findings& findings, driver::Operation operation) {
  if (bench.has(1U << static_cast<unsigned>(operation))) return returns(bench, findings, operation);
  findings.skip(fmt::format("it has no function \"{}\"", to_text(operation)));
  return false;
}

void removes(Bench& bench, Findings& findings) {
  if (!has(bench, findings, driver::Operation::destroy)) return;
  Findings made;
  makes(bench, made);
  if (!made.list().empty() || !made.skipped().empty()) return findings.skip("no device can be made");
  play(bench, findings, [&](Scenario& one) {
    one.ground.make(one.driver, one.device);
    one.ground.remove(one.driver, one.device);
    compare(findings, one.before, one.ground.links(), "after destroy");
  });
}

void removes_elsewhere(Bench& bench, Findings& findings) {
  if (!has(bench, findings, driver::Operation::destroy)) return;
  if (!bench.makes(findings)) return;
  play(bench, findings, [&](Scenario& one) {
    one.ground.make(one.driver, one.device);
    const auto other = bench.driver();
    one.ground.remove(*other, one.device);
    compare(findings, one.before, one.ground.links(), "after destroy in another process");
  });
}

void removes_what_is_gone(Bench& bench, Findings& findings) {
  if (!has(bench, findings, driver::Operation::destroy)) return;
  if (!bench.makes(findings)) return;
  play(bench, findings, [&](Scenario& one) {
    one.ground.make(one.driver, one.device);
    one.ground.roll_back(one.device);
    one.ground.remove(one.driver, one.device);
  });
}

void makes_two(Bench& bench, Findings& findings) {
  if (!has(bench, findings, driver::Operation::create) || !bench.makes(findings)) return;
  // What a lower link gives only once cannot be had twice, and that is not the driver's doing.
  if (std::any_of(bench.parameters().begin(), bench.parameters().end(), [](const auto& one) {
        return !one.second.values.empty() && reference_of(one.second.values.front()).has_value();
      }))
    return findings.skip("both would sit on one link");
  play(bench, findings, [&](Scenario& one) {
    Device second = one.ground.device("second", bench.parameters());
    one.ground.make(one.driver, one.device);
    one.ground.make(one.driver, second);
    one.ground.remove(one.driver, one.device);
    for (std::size_t i = 0; i < second.context.interfaces.size(); ++i)
      if (!one.ground.kind_of(i, second.context.interfaces[i].name))
        findings.add(second.context.interfaces[i].name, "it is gone with another device");
    one.ground.remove(one.driver, second);
    compare(findings, one.before, one.ground.links(), "after both are destroyed");
  });
}

void takes_long_names(Bench& bench, Findings& findings) {
  if (!bench.makes(findings)) return;
  const std::string longest(NETRIG_NAME_MAX - std::to_string(bench.about().min_interfaces - 1).size(), 'x');
  play(
      bench, findings,
      [&](Scenario& one) {
        one.ground.make(one.driver, one.device);
        const std::string& name = one.device.context.interfaces.front().name;
        if (!one.ground.kind_of(0, name)) findings.add(name, "the kernel does not show it under its whole name");
        one.ground.remove(one.driver, one.device);
      },
      longest.c_str());
}

void shows(Bench& bench, Findings& findings) {
  if (!has(bench, findings, driver::Operation::inspect) || !bench.makes(findings)) return;
  play(bench, findings, [&](Scenario& one) {
    one.ground.make(one.driver, one.device);
    if (!one.ground.inspect(one.driver, one.device).present)
      findings.add("inspect says that the device is gone, and it is there");
    one.ground.roll_back(one.device);
  });
}

void shows_what_is_gone(Bench& bench, Findings& findings) {
  if (!has(bench, findings, driver::Operation::inspect) || !bench.makes(findings)) return;
  play(bench, findings, [&](Scenario& one) {
    one.ground.make(one.driver, one.device);
    one.ground.roll_back(one.device);
    for (auto& made : one.device.context.made) made.ifindex = 0;
    if (one.ground.inspect(one.driver, one.device).present)
      findings.add("inspect says that the device is there, and it is gone");
  });
}

void validates(Bench& bench, Findings& findings) {
  if (!has(bench, findings, driver::Operation::validate) || !bench.makes(findings)) return;
  const auto driver = bench.driver();
  const Scene scene = bench.scene(driver::Operation::validate);
  try {
    driver->validate(
        {.lab = "trial", .device = kName, .interfaces = scene.request.interfaces, .parameters = &bench.parameters()});
  } catch (const Error& error) {
    findings.add(fmt::format("validate refuses what create makes: {}", error.message()));
  }
}

// ---- at every service that destroy asks for -----------------------------------------------------------------------

constexpr std::uint32_t kMostServices = 64;

/// Refused or killed at each: destroy is called again, and finishes. What create leaves when it is stopped are links
/// that the host has made, and takes away.
void finishes_destroy(Bench& bench, Findings& findings) {
  if (!has(bench, findings, driver::Operation::destroy) || !bench.makes(findings)) return;
  for (const auto& [check, why] : {std::pair(&removes_elsewhere, "destroy does not work in another process"),
                                   std::pair(&removes_what_is_gone, "destroy of what is gone fails")}) {
    Findings before;
    check(bench, before);
    if (!before.list().empty()) return findings.skip(why);
  }
  std::uint32_t asked = 0;
  const auto stop_at = [&](std::uint32_t at, bool kill) {
    play(bench, findings, [&](Scenario& one) {
      one.ground.make(one.driver, one.device);
      try {
        asked = std::max(asked,
                         one.ground.remove(one.driver, one.device, {.at = at, .act = [kill] {
                                                                      if (!kill)
                                                                        throw driver::ServiceError(
                                                                            ErrorCode::failed, "the kernel refuses it");
                                                                      if (const int pid = Bench::worker(); pid != 0)
                                                                        ::kill(pid, SIGKILL);
                                                                    }}));
      } catch (const Error&) {
        asked = std::max(asked, at + 1);  // there may be a next one
      }
      const auto next = bench.driver();
      one.ground.remove(*next, one.device);
      compare(findings, one.before, one.ground.links(),
              fmt::format("after destroy was {} at its service {}, and called again", kill ? "killed" : "refused", at));
    });
  };
  for (std::uint32_t at = 1; at <= std::clamp(asked, 1U, kMostServices); ++at) {
    stop_at(at, false);
    if (!bench.options().in_process) stop_at(at, true);
  }
  if (asked == 0) findings.skip("destroy asks for nothing while it runs");
}

void many_devices(Bench& bench, Findings& findings) {
  if (!bench.makes(findings)) return;
  const auto descriptors = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
  };
  play(bench, findings, [&](Scenario& one) {
    // The first one opens what stays open.
    one.ground.make(one.driver, one.device);
    one.ground.remove(one.driver, one.device);
    const auto before = descriptors();
    for (std::uint32_t i = 0; i < bench.options().cycles; ++i) {
      if (bench.options().interrupted != nullptr && *bench.options().interrupted)
        throw Error(ErrorCode::interrupted, "interrupted");
      try {
        one.ground.make(one.driver, one.device);
        one.ground.remove(one.driver, one.device);
      } catch (const Error& error) {
        findings.add(fmt::format("device {} of {}: {}", i + 1, bench.options().cycles, error.message()));
        break;
      }
    }
    compare(findings, one.before, one.ground.links(), fmt::format("after {} devices", bench.options().cycles));
    if (const auto more = descriptors() - before; more > 0)
      findings.add(fmt::format("{} devices leave {} descriptors open in netrig", bench.options().cycles, more));
  });
}

constexpr Check kChecks[] = {
    {"life.makes", 37, "makes its interfaces, of its kinds, where they are wanted", Needs::kernel, makes},
    {"life.only", 39, "makes nothing else, and leaves others' links alone", Needs::kernel, makes_nothing_else},
    {"life.validates", 37, "validate takes what create makes", Needs::kernel, validates},
    {"life.removes", 38, "destroy leaves nothing", Needs::kernel, removes},
    {"life.elsewhere", 38, "destroy works in another process", Needs::kernel, removes_elsewhere},
    {"life.gone", 38, "destroy of what is gone is done", Needs::kernel, removes_what_is_gone},
    {"life.two", 28, "makes two devices that have nothing to do with each other", Needs::kernel, makes_two},
    {"life.names", 37, "takes names of 15 bytes", Needs::kernel, takes_long_names},
    {"life.shows", 40, "inspect shows what is there, and changes nothing", Needs::kernel, shows},
    {"life.shows-gone", 40, "inspect says so when it is gone", Needs::kernel, shows_what_is_gone},
    {"stopped.destroy", 41, "destroy that is refused or killed anywhere is finished by the next", Needs::kernel,
     finishes_destroy},
    {"life.many", 29, "makes and removes as many as one likes", Needs::kernel, many_devices},
};

}  // namespace

std::span<const Check> life_checks() { return kChecks; }

}  // namespace netrig::conformance
