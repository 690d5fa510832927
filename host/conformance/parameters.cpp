// SPDX-License-Identifier: Apache-2.0
// What the driver says of its parameters.
#include <fmt/format.h>

#include "conformance/bench.hpp"

namespace netrig::conformance {
namespace {

void help(Bench& bench, Findings& findings) {
  for (const ParameterDeclaration& one : bench.about().parameters) {
    if (one.help.empty()) findings.add(one.name, "it has no help, which \"drivers show\" and the schema would show");
    if (one.help.ends_with('.')) findings.add(one.name, "its help ends with a full stop; it is one line of a table");
  }
}

void types(Bench& bench, Findings& findings) {
  for (const ParameterDeclaration& one : bench.about().parameters)
    if (one.type == ParameterType::unknown)
      findings.add(one.name, fmt::format("it has the type {}, which this netrig does not know: who sets it is refused",
                                         one.type_number));
}

void bounds(Bench& bench, Findings& findings) {
  for (const ParameterDeclaration& one : bench.about().parameters)
    if (one.minimum > one.maximum)
      findings.add(one.name, fmt::format("its range, {} to {}, has nothing in it", one.minimum, one.maximum));
}

void required(Bench& bench, Findings& findings) {
  for (const ParameterDeclaration& one : bench.about().parameters)
    if (one.required && one.default_text)
      findings.add(one.name, "it is required, and has a default that is never used");
}

constexpr Check kChecks[] = {
    {"parameters.names", 15, "have names of their own", Needs::file, nullptr},
    {"parameters.types", 15, "have types that there are", Needs::file, types},
    {"parameters.columns", 15, "are columns of tables that there are, and no more", Needs::file, nullptr},
    {"parameters.flags", 15, "have flags that there are", Needs::file, nullptr},
    {"parameters.choices", 15, "have choices if they are enums, each once", Needs::file, nullptr},
    {"parameters.defaults", 15, "have defaults that a lab file could say", Needs::file, nullptr},
    {"parameters.conditions", 15, "stand beside values that there are", Needs::file, nullptr},
    {"parameters.checked", 14, "are checked by a function that there is", Needs::file, nullptr},
    {"parameters.inspected", 14, "are told by a function that there is, and not by the kernel", Needs::file, nullptr},
    {"parameters.required", 20, "have no default if they are required", Needs::file, required},
    {"parameters.bounds", 20, "have ranges with something in them", Needs::file, bounds},
    {"parameters.help", 19, "say in one line what they are", Needs::file, help},
    {"parameters.place", 16, "have a place for their attribute, or a function that reads them", Needs::file, nullptr},
    {"parameters.encoding", 17, "have encodings that fit their types", Needs::file, nullptr},
    {"parameters.range", 17, "fit into their attributes, whatever they are", Needs::file, nullptr},
    {"parameters.lists", 17, "are lists of what can be in one", Needs::file, nullptr},
    {"parameters.along", 17, "take along numbers that fit", Needs::file, nullptr},
    {"parameters.search", 18, "find what they borrow by what there is to find it by", Needs::file, nullptr},
    {"parameters.reach", 18, "reach no other interface, file or namespace", Needs::file, nullptr},
    {"parameters.link", 18, "set of a link what is a driver's to set", Needs::file, nullptr},
};

}  // namespace

std::span<const Check> parameter_checks() { return kChecks; }

}  // namespace netrig::conformance
