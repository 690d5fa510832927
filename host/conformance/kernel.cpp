// SPDX-License-Identifier: Apache-2.0
// Whether the kernel is as the table says: what it takes, shows and changes.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "conformance/bench.hpp"

namespace netrig::conformance {
namespace {

constexpr const char* kName = "trial";

/// With what else it needs to be welcome; nothing: that cannot be had.
std::optional<Parameters> with(Bench& bench, const ParameterDeclaration& one, std::vector<ParameterScalar> values) {
  Parameters given = bench.parameters();
  given[one.name] = {.values = std::move(values)};
  if (one.only_with.empty()) return given;
  const std::size_t equals = one.only_with.find('=');
  for (const ParameterDeclaration& other : bench.about().parameters) {
    if (other.name != one.only_with.substr(0, equals)) continue;
    auto value = parse_parameter(other, one.only_with.substr(equals + 1));
    auto* scalar = std::get_if<ParameterScalar>(&value);
    if (scalar == nullptr) return std::nullopt;
    given[other.name] = {.values = {std::move(*scalar)}};
  }
  return given;
}

const LinkParameter* find(const std::vector<LinkParameter>& all, const std::string& name) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const LinkParameter& one) { return one.declaration->name == name; });
  return found == all.end() ? nullptr : &*found;
}

/// Whether it is about an interface of a device that the kernel shows.
bool is_seen(const ParameterDeclaration& one) {
  return one.is_seen() && (one.kernel.places & (KernelPlace::kData | KernelPlace::kLink)) != 0;
}

std::string words(const ParameterDeclaration& one, const std::vector<ParameterScalar>& values) {
  return values.empty() ? "nothing" : to_text(values, one.type);
}

/// Whether a value is refused because this kernel was built without what it needs.
bool is_the_kernels(const ParameterDeclaration& one, const Error& error) {
  const auto* refusal = dynamic_cast<const driver::ServiceError*>(&error);
  const bool lacks =
      error.code() == ErrorCode::unsupported || (refusal != nullptr && (refusal->kernel().error == EOPNOTSUPP));
  return !one.kernel_option.empty() && lacks;
}

bool can_be_made(Bench& bench, Findings& findings) {
  const bool asked = bench.has(NETRIG_FUNCTION_VALIDATE);
  return (!asked || bench.returns(driver::Operation::validate, findings)) && bench.makes(findings);
}

/// Whether the driver would have it, which may know more than its ranges say. What its validate does not survive is
/// found elsewhere (values.at).
bool is_valid(driver::Driver& driver, const Parameters& given) {
  try {
    driver.validate({.lab = "trial", .device = kName, .parameters = &given});
    return true;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::interrupted) throw;
    return false;
  }
}

/// Makes a device of it, and reads it back.
void make_with(Bench& bench, Findings& findings, const ParameterDeclaration& one, std::vector<ParameterScalar> values) {
  const auto given = with(bench, one, values);
  if (!given) return;
  const std::string value = words(one, values);
  bench.on_ground(findings, [&](Ground& ground) {
    const auto driver = bench.driver();
    if (!is_valid(*driver, *given)) return;
    Device device = ground.device(kName, *given);
    try {
      ground.make(*driver, device);
    } catch (const Error& error) {
      if (is_the_kernels(one, error)) return;
      return findings.add(one.name, fmt::format("{} is not taken: {}", value, error.message()));
    }
    const auto seen = ground.look(bench.shared_about(), device, 0);
    const LinkParameter* told = seen ? find(*seen, one.name) : nullptr;
    // A kernel that was built without it takes it without a word.
    if (!one.kernel_option.empty() && (told == nullptr || !agrees(one, values, told->values))) return;
    if (is_seen(one) && (told == nullptr || !told->is_told()))
      findings.add(one.name, fmt::format("{} is taken, and the kernel does not tell it; declare it write-only", value));
    else if (is_seen(one) && !agrees(one, values, told->values))
      findings.add(one.name, fmt::format("{} is taken, and reads {}", value, words(one, told->values)));
    ground.remove(*driver, device);
  });
}

/// One device for each value of each parameter that is the kernel's.
template <typename Values>
void make_each(Bench& bench, Findings& findings, const Values& values_of) {
  if (!can_be_made(bench, findings)) return;
  bool any = false;
  for (const ParameterDeclaration& one : bench.about().parameters)
    for (const ParameterScalar& value : values_of(one)) {
      any = true;
      make_with(bench, findings, one, {value});
    }
  if (!any) findings.skip("it has no parameter that has such values");
}

bool is_bounded(const ParameterDeclaration& one) {
  const bool counts = is_count(one.type);
  return counts && (one.minimum != 0 || one.maximum != 0) && one.minimum <= one.maximum;
}

using Scalars = std::vector<ParameterScalar>;

void lower_bounds(Bench& bench, Findings& findings) {
  make_each(bench, findings, [](const ParameterDeclaration& one) {
    return is_bounded(one) ? Scalars{ParameterScalar(one.minimum)} : Scalars();
  });
}
void upper_bounds(Bench& bench, Findings& findings) {
  make_each(bench, findings, [](const ParameterDeclaration& one) {
    return is_bounded(one) ? Scalars{ParameterScalar(one.maximum)} : Scalars();
  });
}
void choices(Bench& bench, Findings& findings) {
  make_each(bench, findings, [](const ParameterDeclaration& one) {
    Scalars values;
    for (const ParameterChoice& choice : one.choices) values.emplace_back(choice.name);
    if (one.type == ParameterType::boolean) values = {ParameterScalar(true), ParameterScalar(false)};
    return values;
  });
}

void unset_values(Bench& bench, Findings& findings) {
  if (!bench.makes(findings)) return;
  const auto& all = bench.about().parameters;
  const auto said = [&](const ParameterDeclaration& one) {
    return is_seen(one) && one.unset().has_value() && !bench.parameters().contains(one.name) && one.only_with.empty();
  };
  if (std::none_of(all.begin(), all.end(), said)) return findings.skip("it says of no parameter what is unset");
  bench.on_ground(findings, [&](Ground& ground) {
    const auto driver = bench.driver();
    Device device = ground.device(kName, bench.parameters());
    ground.make(*driver, device);
    const auto seen = ground.look(bench.shared_about(), device, 0);
    if (!seen) return findings.add("the kernel does not show what was made");
    for (const ParameterDeclaration& one : all) {
      const LinkParameter* told = said(one) ? find(*seen, one.name) : nullptr;
      if (told != nullptr && told->is_told() && !agrees(one, *one.unset(), told->values))
        findings.add(one.name, fmt::format("unset is {} by the table, and {} in the kernel", *one.unset_text,
                                           words(one, told->values)));
    }
    ground.remove(*driver, device);
  });
}

/// What a lab file's edit would make of it: something else than it is.
std::optional<ParameterScalar> another(const ParameterDeclaration& one, const std::vector<ParameterScalar>& now,
                                       const std::function<bool(const ParameterScalar&)>& is_welcome) {
  std::vector<ParameterScalar> candidates;
  if (is_bounded(one)) {
    const std::int64_t middle = one.minimum + (one.maximum - one.minimum) / 2;
    for (const std::int64_t value : {middle, std::min(middle + 1, one.maximum), one.minimum})
      candidates.emplace_back(value);
  }
  for (const ParameterChoice& choice : one.choices)
    if (!choice.anew) candidates.emplace_back(choice.name);
  if (one.type == ParameterType::boolean) candidates = {ParameterScalar(true), ParameterScalar(false)};
  for (ParameterScalar& value : candidates)
    if (!agrees(one, now, {value}) && is_welcome(value)) return std::move(value);
  return std::nullopt;
}

bool is_made_anew(const ParameterDeclaration& one, const std::vector<ParameterScalar>& now) {
  if (one.type != ParameterType::enumeration || now.empty()) return false;
  const ParameterChoice* choice = one.choice(std::get<std::string>(now.front()));
  return choice != nullptr && choice->anew;
}

void changes(Bench& bench, Findings& findings) {
  if (!can_be_made(bench, findings)) return;
  const auto& all = bench.about().parameters;
  const auto changeable = [](const ParameterDeclaration& one) {
    return is_seen(one) && !one.kernel.create_only && !one.list && one.kernel.also_attribute == 0 &&
           one.kernel.mask == 0 && one.kernel.encoding != Encoding::flag;
  };
  if (std::none_of(all.begin(), all.end(), changeable)) return findings.skip("it has no parameter that can be changed");
  for (const ParameterDeclaration& one : all) {
    if (!changeable(one)) continue;
    const auto sample = sample_of(one);
    const auto given = one.only_with.empty() ? std::optional(bench.parameters())
                       : sample              ? with(bench, one, *sample)
                                             : std::nullopt;
    if (!given) continue;
    bench.on_ground(findings, [&](Ground& ground) {
      const auto driver = bench.driver();
      Device device = ground.device(kName, *given);
      std::optional<ParameterScalar> value;
      try {
        ground.make(*driver, device);
        const auto before = ground.look(bench.shared_about(), device, 0);
        const LinkParameter* now = before ? find(*before, one.name) : nullptr;
        if (now != nullptr && !is_made_anew(one, now->values))
          value = another(one, now->values, [&](const ParameterScalar& candidate) {
            Parameters changed = *given;
            changed[one.name] = {.values = {candidate}};
            return is_valid(*driver, changed);
          });
        if (!value) return;
        ground.change(device, {.declaration = now->declaration, .values = {*value}}, bench.about().link_kinds.front());
      } catch (const Error& error) {
        if (value && !is_the_kernels(one, error))
          findings.add(one.name, fmt::format("it cannot become {} in place: {}; declare it create-only",
                                             words(one, {*value}), error.message()));
        return;
      }
      const auto after = ground.look(bench.shared_about(), device, 0);
      const LinkParameter* seen = after ? find(*after, one.name) : nullptr;
      if (one.kernel_option.empty() && (seen == nullptr || !agrees(one, {*value}, seen->values)))
        findings.add(one.name,
                     fmt::format("it was changed to {} in place, and reads {}; declare it create-only",
                                 words(one, {*value}), seen == nullptr ? "nothing" : words(one, seen->values)));
    });
  }
}

constexpr Check kChecks[] = {
    {"kernel.unset", 35, "the kernel has what the table says of what is unset", Needs::kernel, unset_values},
    {"kernel.lower-bounds", 35, "the kernel takes and shows every lower bound", Needs::kernel, lower_bounds},
    {"kernel.upper-bounds", 35, "the kernel takes and shows every upper bound", Needs::kernel, upper_bounds},
    {"kernel.choices", 35, "the kernel takes and shows every choice", Needs::kernel, choices},
    {"kernel.changes", 36, "the kernel changes in place what is not create-only", Needs::kernel, changes},
};

}  // namespace

std::span<const Check> kernel_checks() { return kChecks; }

}  // namespace netrig::conformance
