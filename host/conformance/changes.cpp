// SPDX-License-Identifier: Apache-2.0
// What change and settle make of devices, in namespaces.
#include <fmt/format.h>

#include <algorithm>

#include "conformance/bench.hpp"

namespace netrig::conformance {
namespace {

/// What somebody sees of a device from outside: links, what is set of them, what inspect says that parameters are.
std::vector<std::string> sight_of(Bench& bench, Ground& ground, driver::Driver& driver, Device& device) {
  std::vector<std::string> lines = ground.links();
  for (std::uint32_t i = 0; i < device.context.interfaces.size(); ++i) {
    const std::string& name = device.context.interfaces[i].name;
    for (const std::string& trait : ground.traits(device, i)) lines.push_back(fmt::format("{}: {}", name, trait));
    for (const LinkParameter& one : ground.look(bench.shared_about(), device, i).value_or(std::vector<LinkParameter>{}))
      lines.push_back(
          fmt::format("{}: {} is {}", name, one.declaration->name, to_text(one.values, one.declaration->type)));
  }
  if (!bench.has(NETRIG_FUNCTION_INSPECT)) return lines;
  const driver::State state = ground.inspect(driver, device);
  for (const auto& one : bench.about().parameters)
    if (const auto told = state.told.find(one.name); told != state.told.end())
      lines.push_back(fmt::format("inspect says that {} is {}", one.name, to_text(told->second.values, one.type)));
  return lines;
}

void compare(Findings& findings, const std::string& about, const std::vector<std::string>& before,
             const std::vector<std::string>& after, const std::string& when) {
  for (const std::string& line : before)
    if (std::find(after.begin(), after.end(), line) == after.end())
      findings.add(about, fmt::format("{}: no longer \"{}\"", when, line));
  for (const std::string& line : after)
    if (std::find(before.begin(), before.end(), line) == before.end())
      findings.add(about, fmt::format("{}: now \"{}\"", when, line));
}

/// What a lab would say, with defaults.
Parameters as_in_a_lab(const Bench& bench) {
  Parameters all = bench.parameters();
  for (const ParameterDeclaration& one : bench.about().parameters) {
    if (all.contains(one.name) || !one.default_text) continue;
    auto value = parse_parameter(one, *one.default_text);
    if (auto* scalar = std::get_if<ParameterScalar>(&value)) all[one.name] = {.values = {std::move(*scalar)}};
  }
  return all;
}

/// Another value than it has; nothing: more than a guess.
std::optional<ParameterScalar> another(const ParameterDeclaration& one, const Parameters& all) {
  const auto found = all.find(one.name);
  const auto is = [&](const ParameterScalar& value) {
    return found != all.end() && !found->second.values.empty() && found->second.values.front() == value;
  };
  std::vector<ParameterScalar> candidates;
  const bool bounded = one.minimum != 0 || one.maximum != 0;
  switch (one.type) {
    case ParameterType::boolean:
      candidates = {true, false};
      break;
    case ParameterType::integer:
    case ParameterType::duration:
    case ParameterType::rate:
      candidates = {std::int64_t{bounded ? one.maximum : 1}, std::int64_t{bounded ? one.minimum : 2}};
      break;
    case ParameterType::enumeration:
      for (const ParameterChoice& choice : one.choices)
        if (!choice.anew) candidates.emplace_back(choice.name);
      break;
    default:
      break;
  }
  for (ParameterScalar& value : candidates)
    if (!is(value)) return std::move(value);
  return std::nullopt;
}

bool is_changed_by_functions(const ParameterDeclaration& one) {
  return one.kernel.places == 0 && !one.kernel.create_only && one.only_with.empty() && !one.list;
}

bool has(Bench& bench, Findings& findings, driver::Operation operation) {
  if (!bench.has(1U << static_cast<unsigned>(operation))) {
    findings.skip(fmt::format("it has no function \"{}\"", to_text(operation)));
    return false;
  }
  for (const auto needed : {operation, driver::Operation::settle, driver::Operation::inspect})
    if (bench.has(1U << static_cast<unsigned>(needed)) && !bench.returns(needed, findings)) return false;
  return bench.makes(findings);
}

struct Trial {
  Ground& ground;
  driver::Driver& driver;
  Device& device;
};

/// With a device that is up.
void play(Bench& bench, Findings& findings, const std::function<void(Trial)>& body) {
  bench.on_ground(findings, [&](Ground& ground) {
    const auto driver = bench.driver();
    Device device = ground.device("trial", as_in_a_lab(bench));
    ground.make(*driver, device);
    try {
      if (bench.has(NETRIG_FUNCTION_SETTLE)) ground.settle(*driver, device);
      body({ground, *driver, device});
    } catch (const Error& error) {
      if (error.code() != ErrorCode::denied) throw;
      findings.skip(error.message());  // what it wants is for a policy to grant
    }
    ground.remove(*driver, device);
  });
}

void changes_back(Bench& bench, Findings& findings) {
  if (!has(bench, findings, driver::Operation::change)) return;
  bool tried = false;
  for (const ParameterDeclaration& one : bench.about().parameters) {
    const auto value = is_changed_by_functions(one) ? another(one, as_in_a_lab(bench)) : std::nullopt;
    if (!value) continue;
    play(bench, findings, [&](Trial trial) {
      const auto before = sight_of(bench, trial.ground, trial.driver, trial.device);
      const Parameters was = trial.device.parameters;
      trial.device.parameters[one.name] = {.values = {*value}};
      try {
        trial.ground.change(trial.driver, trial.device, {one.name});
      } catch (const Error&) {
        return;  // it does not like that value, which it may; so the host goes back, and nothing has been tried
      }
      tried = true;
      trial.device.parameters = was;
      trial.ground.change(trial.driver, trial.device, {one.name});
      compare(findings, one.name, before, sight_of(bench, trial.ground, trial.driver, trial.device),
              fmt::format("after a change to {} and back", to_text(*value, one.type)));
    });
  }
  if (!tried) findings.skip("no parameter is changed by its functions to what can be guessed");
}

void changes_nothing(Bench& bench, Findings& findings) {
  if (!has(bench, findings, driver::Operation::change)) return;
  bool tried = false;
  for (const ParameterDeclaration& one : bench.about().parameters) {
    if (!is_changed_by_functions(one) || !as_in_a_lab(bench).contains(one.name)) continue;
    tried = true;
    play(bench, findings, [&](Trial trial) {
      const auto before = sight_of(bench, trial.ground, trial.driver, trial.device);
      trial.ground.change(trial.driver, trial.device, {one.name});
      compare(findings, one.name, before, sight_of(bench, trial.ground, trial.driver, trial.device),
              "after a change to what it is");
    });
  }
  if (!tried) findings.skip("no parameter that its functions change has a value");
}

void settles_again(Bench& bench, Findings& findings) {
  if (!has(bench, findings, driver::Operation::settle)) return;
  play(bench, findings, [&](Trial trial) {
    const auto before = sight_of(bench, trial.ground, trial.driver, trial.device);
    trial.ground.settle(trial.driver, trial.device);
    compare(findings, "settle", before, sight_of(bench, trial.ground, trial.driver, trial.device),
            "when it comes again");
  });
}

/// What inspect tells of parameters that it is to tell, and what is set.
void compare_told(Bench& bench, Findings& findings, Trial trial, const std::string& when) {
  const driver::State state = trial.ground.inspect(trial.driver, trial.device);
  for (const ParameterDeclaration& one : bench.about().parameters) {
    const auto set = trial.device.parameters.find(one.name);
    if (!one.inspected || set == trial.device.parameters.end()) continue;
    const auto words = [&](const ParameterValue& value) {
      return is_secret(one, bench.about()) ? std::string("another value") : to_text(value.values, one.type);
    };
    const auto told = state.told.find(one.name);
    if (told == state.told.end())
      findings.add(one.name, fmt::format("{}: inspect does not tell it", when));
    else if (told->second.values != set->second.values)
      findings.add(one.name, fmt::format("{} to {}: inspect tells {}", when, words(set->second), words(told->second)));
  }
}

bool tells(Bench& bench, Findings& findings) {
  const auto& all = bench.about().parameters;
  if (bench.has(NETRIG_FUNCTION_INSPECT) &&
      std::any_of(all.begin(), all.end(), [](const auto& p) { return p.inspected; }))
    return true;
  findings.skip("it has no parameter that inspect tells");
  return false;
}

void tells_what_is_set(Bench& bench, Findings& findings) {
  if (!tells(bench, findings)) return;
  for (const auto needed : {driver::Operation::settle, driver::Operation::inspect})
    if (bench.has(1U << static_cast<unsigned>(needed)) && !bench.returns(needed, findings)) return;
  if (!bench.makes(findings)) return;
  play(bench, findings, [&](Trial trial) { compare_told(bench, findings, trial, "set"); });
}

void tells_what_has_changed(Bench& bench, Findings& findings) {
  if (!tells(bench, findings) || !has(bench, findings, driver::Operation::change)) return;
  bool tried = false;
  for (const ParameterDeclaration& one : bench.about().parameters) {
    const auto value = one.inspected && is_changed_by_functions(one) ? another(one, as_in_a_lab(bench)) : std::nullopt;
    if (!value) continue;
    play(bench, findings, [&](Trial trial) {
      trial.device.parameters[one.name] = {.values = {*value}};
      try {
        trial.ground.change(trial.driver, trial.device, {one.name});
      } catch (const Error&) {
        return;  // as in changes_back()
      }
      tried = true;
      compare_told(bench, findings, trial, "changed");
    });
  }
  if (!tried) findings.skip("no parameter that inspect tells is changed by its functions to what can be guessed");
}

constexpr Check kChecks[] = {
    {"inspect.tells", 40, "inspect tells what is set", Needs::kernel, tells_what_is_set},
    {"change.tells", 42, "inspect tells what change has made", Needs::kernel, tells_what_has_changed},
    {"change.back", 42, "change there and back leaves what was", Needs::kernel, changes_back},
    {"change.nothing", 42, "change to what is changes nothing", Needs::kernel, changes_nothing},
    {"settle.again", 42, "settle that comes again does no more", Needs::kernel, settles_again},
};

}  // namespace

std::span<const Check> change_checks() { return kChecks; }

}  // namespace netrig::conformance
