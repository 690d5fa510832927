// SPDX-License-Identifier: Apache-2.0
// Hosts whose calls fail, that lack something, or that are newer; and what no driver may do on any.
#include <fmt/format.h>
#include <netrig/services.h>

#include <algorithm>
#include <array>

#include "conformance/bench.hpp"

namespace netrig::conformance {
namespace {

using driver::Operation;

bool has(Bench& bench, Operation operation, Findings& findings) {
  if (!bench.has(1U << static_cast<unsigned>(operation))) {
    findings.skip(fmt::format("it has no function \"{}\"", to_text(operation)));
    return false;
  }
  if (!bench.returns(operation, findings)) return false;
  if (bench.plain(operation).account.calls != 0) return true;
  findings.skip(fmt::format("{} asks the host for nothing that could fail", to_text(operation)));
  return false;
}

Scene with_record(Bench& bench, Operation operation) {
  Scene scene = bench.scene(operation);
  if (is_later(operation))
    if (bench.has(NETRIG_FUNCTION_CREATE)) scene.request.record = bench.plain(Operation::create).account.record;
  return scene;
}

// The number of its calls is what a process says that nobody trusts.
constexpr std::uint32_t kMostCalls = 64;

/// Plays the operation once for each of its calls into the host, which fails.
template <typename Judge>
void fail_each(Bench& bench, Operation operation, const Judge& judge) {
  for (const std::int32_t status : {NETRIG_IO, NETRIG_DENIED})
    for (std::uint32_t call = 1; call <= std::min(bench.plain(operation).account.calls, kMostCalls); ++call) {
      Scene scene = with_record(bench, operation);
      scene.fails_at = call;
      scene.fails_with = status;
      judge(call, status, bench.play(scene));
    }
}

template <Operation kOperation>
void survives(Bench& bench, Findings& findings) {
  if (!has(bench, kOperation, findings)) return;
  fail_each(bench, kOperation, [&](std::uint32_t call, std::int32_t status, const Ending& ending) {
    if (ending.how == Ending::How::crashed || ending.how == Ending::How::hung)
      findings.add(fmt::format("{} whose call {} answers {}: {}", to_text(kOperation), call, status, ending.text));
  });
}

void create_tells(Bench& bench, Findings& findings) {
  if (!has(bench, Operation::create, findings)) return;
  fail_each(bench, Operation::create, [&](std::uint32_t call, std::int32_t status, const Ending& ending) {
    if (ending.how == Ending::How::played && ending.account.status == NETRIG_OK && !ending.account.covered)
      findings.add(fmt::format("create says that it is done, although call {} answered {} and an interface is not made",
                               call, status));
  });
}
void destroy_tells(Bench& bench, Findings& findings) {
  if (!has(bench, Operation::destroy, findings)) return;
  fail_each(bench, Operation::destroy, [&](std::uint32_t call, std::int32_t status, const Ending& ending) {
    if (ending.how == Ending::How::played && ending.account.status == NETRIG_OK && ending.account.order_failed)
      findings.add(fmt::format("destroy says that it is done, although call {} answered {} and the link is there", call,
                               status));
  });
}

/// A failed call must not be remembered.
void recovers(Bench& bench, Findings& findings) {
  if (!has(bench, Operation::create, findings)) return;
  if (!bench.is_the_same_everywhere()) return findings.skip("it never does the same twice");
  const Account before = bench.play_apart(bench.scene(Operation::create)).account;
  fail_each(bench, Operation::create, [&](std::uint32_t call, std::int32_t /*status*/, const Ending& ending) {
    if (ending.how != Ending::How::played) return;
    const Ending next = bench.play(bench.scene(Operation::create));
    if (next.how != Ending::How::played || next.account.status != before.status || next.account.orders != before.orders)
      findings.add(fmt::format("after a create whose call {} failed the next create is not as ever", call));
  });
}

void older_hosts(Bench& bench, Findings& findings) {
  static constexpr std::array kServices = {NETRIG_NETLINK_1, NETRIG_GENL_1,  NETRIG_SOCKET_1, NETRIG_TUN_1,
                                           NETRIG_LOG_1,     NETRIG_SYSFS_1, NETRIG_CANCEL_1};
  for (const Operation operation : kOperations) {
    if (operation == Operation::validate) continue;  // it has no services
    if (!bench.has(1U << static_cast<unsigned>(operation))) continue;
    if (!bench.returns(operation, findings)) return;
    for (const char* service : kServices) {
      Scene scene = with_record(bench, operation);
      scene.lacks = service;
      const Ending ending = bench.play(scene);
      if (ending.how == Ending::How::crashed || ending.how == Ending::How::hung)
        findings.add(fmt::format("{} on a host without {}: {}", to_text(operation), service, ending.text));
    }
  }
}

void newer_hosts(Bench& bench, Findings& findings) {
  for (const Operation operation : kOperations) {
    if (!bench.has(1U << static_cast<unsigned>(operation))) continue;
    if (!bench.returns(operation, findings)) return;
    if (operation == Operation::create && !bench.is_the_same_everywhere())
      return findings.skip("it never does the same twice");
    const Account now = bench.play_apart(with_record(bench, operation)).account;
    Scene scene = with_record(bench, operation);
    scene.newer = true;
    const Ending later = bench.play_apart(scene);
    if (later.how != Ending::How::played)
      findings.add(fmt::format("{} on a newer host: {}", to_text(operation), later.text));
    else if (later.account.status != now.status || later.account.orders != now.orders)
      findings.add(
          fmt::format("{} does something else on a newer host, whose structs are longer: it returns {}, not {}",
                      to_text(operation), later.account.status, now.status));
  }
}

constexpr Check kChecks[] = {
    {"faults.create", 33, "create survives that a call of the host fails", Needs::functions,
     survives<Operation::create>},
    {"faults.create-tells", 33, "create is not done if its link was refused", Needs::functions, create_tells},
    {"faults.destroy", 33, "destroy survives that a call of the host fails", Needs::functions,
     survives<Operation::destroy>},
    {"faults.destroy-tells", 33, "destroy is not done if its link was not deleted", Needs::functions, destroy_tells},
    {"faults.inspect", 33, "inspect survives that a call of the host fails", Needs::functions,
     survives<Operation::inspect>},
    {"faults.recovery", 33, "creates as ever after a create that failed", Needs::functions, recovers},
    {"hosts.older", 34, "survives a host that lacks a service", Needs::functions, older_hosts},
    {"hosts.newer", 34, "does the same on a host whose structs are longer", Needs::functions, newer_hosts},
    // What is written down while all of those run.
    {"calls.call", 23, "calls the host with the call that runs", Needs::functions, nullptr},
    {"calls.thread", 23, "calls the host from the thread that was called", Needs::functions, nullptr},
    {"calls.parameters", 24, "reads parameters that it declares, as what it declares", Needs::functions, nullptr},
    {"calls.operations", 25, "makes links in create and deletes them in destroy", Needs::functions, nullptr},
    {"calls.interfaces", 25, "speaks of interfaces that there are", Needs::functions, nullptr},
    {"calls.sizes", 25, "says the sizes of its structs", Needs::functions, nullptr},
    {"calls.kinds", 25, "makes links of kinds that its table names", Needs::functions, nullptr},
    {"calls.attributes", 25, "hands over attributes that are whole", Needs::functions, nullptr},
    {"calls.once", 25, "makes each interface once", Needs::functions, nullptr},
    {"calls.reason", 26, "says why it fails", Needs::functions, nullptr},
    {"calls.status", 26, "returns a status that there is", Needs::functions, nullptr},
    {"records.size", 27, "keeps no more than a record holds", Needs::functions, nullptr},
    {"isolation.system-calls", 30, "makes no system call that no driver may", Needs::functions, nullptr},
    {"isolation.threads", 31, "leaves no thread behind", Needs::functions, nullptr},
    {"isolation.signals", 31, "sets no handlers of signals", Needs::functions, nullptr},
    {"isolation.environment", 31, "leaves environment and locale as they are", Needs::functions, nullptr},
};

}  // namespace

std::span<const Check> fault_checks() { return kChecks; }

}  // namespace netrig::conformance
