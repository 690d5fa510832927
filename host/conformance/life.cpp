// SPDX-License-Identifier: Apache-2.0
// Devices from their making to their end, in namespaces.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <csignal>
#include <exception>
#include <filesystem>
#include <iterator>
#include <mutex>
#include <system_error>
#include <thread>

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
  // What the host would not let it do on the ground.
  for (const std::string& misdeed : bench.misdeeds("life.only")) findings.add(misdeed);
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

/// 0: there are none left to look with.
std::ptrdiff_t open_descriptors() {
  std::error_code none;
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd", none),
                       std::filesystem::directory_iterator());
}

/// Those that make and remove devices at the same time.
struct Crowd {
  std::barrier<> together;  ///< of all, and of who counts descriptors
  std::mutex first = {};
  std::atomic<std::uint32_t> made{0};
};

void join_crowd(Bench& bench, Findings& findings, Crowd& crowd, std::uint32_t cycles) {
  play(bench, findings, [&](Scenario& one) {
    {
      // The first one opens what stays open. Workers are started one after the other.
      const std::lock_guard turn(crowd.first);
      one.ground.make(one.driver, one.device);
      one.ground.remove(one.driver, one.device);
    }
    crowd.together.arrive_and_wait();  // all are open
    crowd.together.arrive_and_wait();  // and counted
    for (std::uint32_t i = 0; i < cycles; ++i) {
      if (bench.options().interrupted != nullptr && *bench.options().interrupted)
        throw Error(ErrorCode::interrupted, "interrupted");
      const std::uint32_t number = ++crowd.made;
      try {
        one.ground.make(one.driver, one.device);
        one.ground.remove(one.driver, one.device);
      } catch (const Error& error) {
        findings.add(fmt::format("device {} of {}: {}", number, bench.options().cycles, error.message()));
        break;
      }
    }
    crowd.together.arrive_and_wait();
    crowd.together.arrive_and_wait();
    compare(findings, one.before, one.ground.links(), fmt::format("after {} devices", cycles));
  });
}

void many_devices(Bench& bench, Findings& findings) {
  if (!bench.makes(findings)) return;
  // Whoever deletes a link waits for the kernel's readers, some 20 ms; several wait together. In this process nobody
  // has promised to be called by more than one.
  constexpr std::uint32_t kMost = 8;
  constexpr std::uint32_t kEach = 25;
  const std::uint32_t cycles = bench.options().cycles;
  const std::uint32_t size = bench.options().in_process ? 1 : std::clamp(cycles / kEach, 1U, kMost);
  Crowd crowd{.together = std::barrier<>(size + 1)};
  std::vector<Findings> found(size);
  std::vector<std::exception_ptr> thrown(size);
  std::ptrdiff_t more = 0;
  {
    std::vector<std::jthread> pool;
    pool.reserve(size);
    for (std::uint32_t i = 0; i < size; ++i) try {
        pool.emplace_back([&, i] {
          try {
            join_crowd(bench, found[i], crowd, cycles / size + (i < cycles % size ? 1 : 0));
          } catch (...) {
            thrown[i] = std::current_exception();
          }
          crowd.together.arrive_and_drop();  // whatever came, nobody waits for it any more
        });
      } catch (const std::system_error& error) {
        found[i].add(fmt::format("cannot start a thread: {}", error.code().message()));
        crowd.together.arrive_and_drop();
      }
    crowd.together.arrive_and_wait();
    more -= open_descriptors();
    crowd.together.arrive_and_wait();
    crowd.together.arrive_and_wait();
    more += open_descriptors();
    crowd.together.arrive_and_wait();
  }
  for (const std::exception_ptr& one : thrown)
    if (one) std::rethrow_exception(one);
  for (const Findings& of_one : found) {
    for (const Findings::One& one : of_one.list()) findings.add(one.about, one.seen);
    if (!of_one.skipped().empty()) findings.skip(of_one.skipped());
  }
  if (more > 0) findings.add(fmt::format("{} devices leave {} descriptors open in netrig", cycles, more));
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
