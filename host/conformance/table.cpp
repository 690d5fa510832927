// SPDX-License-Identifier: Apache-2.0
// What the driver says of itself. Most of it the host refuses otherwise; what it does not is looked at here.
#include <fmt/format.h>

#include <algorithm>

#include "conformance/bench.hpp"

namespace netrig::conformance {
namespace {

void has_a_version_to_be_compared(Bench& bench, Findings& findings) {
  const std::string& version = bench.about().version;
  const auto parsed = driver::Version::parse(version);
  if (!parsed || parsed->numbers.size() != 3)
    findings.add(fmt::format("its version is \"{}\", and no policy can compare that; write one like 1.2.0", version));
}

void has_a_name_of_a_driver(Bench& bench, Findings& findings) {
  if (const std::string fault = driver::kind_fault(bench.about().kind); !fault.empty())
    findings.add(fmt::format("its name \"{}\" {}", bench.about().kind, fault));
}

void says_what_it_is(Bench& bench, Findings& findings) {
  if (bench.about().summary.empty()) findings.add("it has no summary, which \"drivers list\" would show");
}

void wants_what_there_is(Bench& bench, Findings& findings) {
  constexpr std::uint32_t kKnown = NETRIG_WANTS_NET_ADMIN | NETRIG_WANTS_NET_RAW | NETRIG_WANTS_SYS_ADMIN |
                                   NETRIG_WANTS_TUN | NETRIG_WANTS_BORROW | NETRIG_WANTS_GENL | NETRIG_WANTS_SYSFS;
  if ((bench.about().wants & ~kKnown) != 0)
    findings.add(fmt::format("it wants privileges {:#x}, which nobody can grant", bench.about().wants & ~kKnown));
}

constexpr Check kChecks[] = {
    {"table.version", 9, "is built for an ABI that this netrig speaks", Needs::file, nullptr},
    {"table.sizes", 9, "says the sizes of its structs", Needs::file, nullptr},
    {"table.reserved", 10, "has zeros where something is reserved", Needs::file, nullptr},
    {"table.texts", 11, "has texts that end, and that a terminal can show", Needs::file, nullptr},
    {"table.words", 12, "has a name, a version and link kinds of one word each", Needs::file, nullptr},
    {"table.name", 12, "has a name that a lab file can say", Needs::file, has_a_name_of_a_driver},
    {"table.number", 12, "has a version that can be compared", Needs::file, has_a_version_to_be_compared},
    {"table.summary", 19, "says in one line what it is", Needs::file, says_what_it_is},
    {"table.functions", 14, "names functions that there are", Needs::file, nullptr},
    {"table.privileges", 14, "wants privileges that there are", Needs::file, wants_what_there_is},
    {"table.interfaces", 13, "has a number of interfaces that can be", Needs::file, nullptr},
    {"table.link", 13, "makes the interfaces that it says, if no function does", Needs::file, nullptr},
};

}  // namespace

std::span<const Check> table_checks() { return kChecks; }

}  // namespace netrig::conformance
