// SPDX-License-Identifier: Apache-2.0
// What the driver's code does before a host that makes nothing.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "conformance/bench.hpp"

namespace netrig::conformance {
namespace {

using driver::Operation;

std::uint32_t function_of(Operation operation) { return 1U << static_cast<unsigned>(operation); }

bool has(Bench& bench, Operation operation, Findings& findings) {
  if (bench.has(function_of(operation))) return true;
  findings.skip(fmt::format("it has no function \"{}\"", to_text(operation)));
  return false;
}

constexpr std::string_view kUnloaded = "it cannot be loaded";

void loads(Bench& bench, Findings& findings) {
  const Ending& ending = bench.plain(Operation::create);
  if (ending.how == Ending::How::unloaded && ending.text.starts_with(kUnloaded)) findings.add(ending.text);
}
void keeps_promises(Bench& bench, Findings& findings) {
  const Ending& ending = bench.plain(Operation::create);
  if (ending.how != Ending::How::unloaded) return;
  if (ending.text.starts_with(kUnloaded))
    findings.skip("it cannot be loaded");
  else
    findings.add(ending.text);
}

template <Operation kOperation>
void survives(Bench& bench, Findings& findings) {
  if (!has(bench, kOperation, findings)) return;
  const Ending& ending = bench.plain(kOperation);
  if (ending.how == Ending::How::crashed) findings.add(ending.text);
  if (ending.how == Ending::How::unloaded) findings.skip("it cannot be loaded");
}

template <Operation kOperation>
void returns_in_time(Bench& bench, Findings& findings) {
  if (!has(bench, kOperation, findings)) return;
  const Ending& ending = bench.plain(kOperation);
  if (ending.how == Ending::How::hung) findings.add(ending.text);
  if (ending.how == Ending::How::unloaded) findings.skip("it cannot be loaded");
}

// ---- values that a lab file may hold, or might if the host let it -------------------------------------------------

struct Value {
  std::string parameter;
  std::string words;
  std::vector<ParameterScalar> values;
};

/// A column is tried in the first row, if there is one.
std::string place_of(const ParameterDeclaration& one) {
  return one.table().empty() ? one.name : cell_name(one.table(), 0, one.column());
}

bool counts(const ParameterDeclaration& one) { return is_count(one.type); }

void play_values(Bench& bench, Findings& findings, const std::vector<Value>& values) {
  if (values.empty()) return findings.skip("it has no parameter that has such values");
  for (const Operation operation : {Operation::validate, Operation::create}) {
    if (!bench.has(function_of(operation))) continue;
    if (!bench.returns(operation, findings)) return;
    for (const Value& value : values) {
      Scene scene = bench.scene(operation);
      scene.request.parameters[value.parameter] = {.values = value.values};
      const Ending ending = bench.play(scene);
      if (ending.how == Ending::How::crashed || ending.how == Ending::How::hung)
        findings.add(value.parameter, fmt::format("{} with {}: {}", to_text(operation), value.words, ending.text));
    }
  }
}

void below(Bench& bench, Findings& findings) {
  std::vector<Value> values;
  for (const ParameterDeclaration& one : bench.about().parameters) {
    if (counts(one)) {
      constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
      const bool bounded = one.minimum != 0 || one.maximum != 0;
      if (bounded && one.minimum != kLeast)
        values.push_back({place_of(one), fmt::format("{}", one.minimum - 1), {ParameterScalar(one.minimum - 1)}});
      values.push_back({place_of(one), "the least number there is", {ParameterScalar(kLeast)}});
    }
    if (one.type == ParameterType::string)
      values.push_back({place_of(one), "no text", {ParameterScalar(std::string())}});
    if (one.type == ParameterType::bytes)
      values.push_back({place_of(one), "no bytes", {ParameterScalar(ByteString{})}});
    if (one.list) values.push_back({place_of(one), "an empty list", {}});
  }
  play_values(bench, findings, values);
}

void above(Bench& bench, Findings& findings) {
  std::vector<Value> values;
  for (const ParameterDeclaration& one : bench.about().parameters) {
    if (counts(one)) {
      constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
      const bool bounded = one.minimum != 0 || one.maximum != 0;
      if (bounded && one.maximum != kMost)
        values.push_back({place_of(one), fmt::format("{}", one.maximum + 1), {ParameterScalar(one.maximum + 1)}});
      values.push_back({place_of(one), "the largest number there is", {ParameterScalar(kMost)}});
    }
    if (one.type == ParameterType::string) {
      const auto size = static_cast<std::size_t>(std::clamp<std::int64_t>(one.maximum, 4095, 1 << 16) + 1);
      values.push_back(
          {place_of(one), fmt::format("a text of {} bytes", size), {ParameterScalar(std::string(size, 'x'))}});
    }
    if (one.type == ParameterType::bytes)
      values.push_back(
          {place_of(one), "4096 bytes", {ParameterScalar(ByteString{std::string(NETRIG_BYTES_MAX, 'x')})}});
    if (one.list)
      if (const auto sample = sample_of(one))
        values.push_back({place_of(one), "a list of 1000", std::vector<ParameterScalar>(1000, sample->front())});
  }
  play_values(bench, findings, values);
}

void at(Bench& bench, Findings& findings) {
  std::vector<Value> values;
  for (const ParameterDeclaration& one : bench.about().parameters) {
    if (counts(one) && one.minimum <= one.maximum)
      for (const std::int64_t bound : {one.minimum, one.maximum})
        values.push_back({place_of(one), fmt::format("{}", bound), {ParameterScalar(bound)}});
    for (const ParameterChoice& choice : one.choices)
      values.push_back({place_of(one), fmt::format("\"{}\"", choice.name), {ParameterScalar(choice.name)}});
    if (one.type == ParameterType::boolean)
      for (const bool value : {false, true})
        values.push_back({place_of(one), value ? "true" : "false", {ParameterScalar(value)}});
  }
  play_values(bench, findings, values);
}

void unset(Bench& bench, Findings& findings) {
  if (bench.about().parameters.empty()) return findings.skip("it has no parameters");
  for (const Operation operation : {Operation::validate, Operation::create}) {
    if (!bench.has(function_of(operation))) continue;
    if (!bench.returns(operation, findings)) return;
    Scene scene = bench.scene(operation);
    scene.request.parameters.clear();
    scene.request.references.clear();
    const Ending ending = bench.play(scene);
    if (ending.how == Ending::How::crashed || ending.how == Ending::How::hung)
      findings.add(fmt::format("{} without any parameter: {}", to_text(operation), ending.text));
  }
}

// ---- records ------------------------------------------------------------------------------------------------------

bool keeps_record(Bench& bench, Findings& findings) {
  if (!has(bench, Operation::create, findings) || !bench.returns(Operation::create, findings)) return false;
  if (!bench.plain(Operation::create).account.record.empty()) return true;
  findings.skip("it keeps no record");
  return false;
}

/// Bytes that differ between two processes, and are as addresses are.
void no_addresses(Bench& bench, Findings& findings) {
  if (!keeps_record(bench, findings)) return;
  const driver::Bytes one = bench.plain(Operation::create).account.record;
  const driver::Bytes other = bench.play_apart(bench.scene(Operation::create)).account.record;
  const auto is_address = [](std::uint64_t value) {
    // Where programs and libraries are: 0x55..., 0x7f..., and where the stack's random gap is large, 0x7e...
    const std::uint64_t top = value >> 40;
    return top == 0x7f || top == 0x7e || top == 0x55 || top == 0x56 || top == 0xff || top == 0xaa;
  };
  for (std::size_t i = 0; i + 8 <= std::min(one.size(), other.size()); ++i) {
    std::uint64_t first = 0;
    std::uint64_t second = 0;
    std::copy_n(one.data() + i, 8, reinterpret_cast<std::byte*>(&first));
    std::copy_n(other.data() + i, 8, reinterpret_cast<std::byte*>(&second));
    if (first == second || !is_address(first) || !is_address(second)) continue;
    return findings.add(
        fmt::format("byte {} of its record begins an address, which means nothing in another process", i));
  }
}

void play_records(Bench& bench, Findings& findings, const driver::Bytes& record, const char* words) {
  bool any = false;
  for (const Operation operation : kOperations) {
    if (!is_later(operation) || !bench.has(function_of(operation))) continue;
    if (!bench.returns(operation, findings)) return;
    any = true;
    Scene scene = bench.scene(operation);
    scene.request.record = record;
    const Ending ending = bench.play(scene);
    if (ending.how == Ending::How::crashed || ending.how == Ending::How::hung)
      findings.add(fmt::format("{} with {}: {}", to_text(operation), words, ending.text));
  }
  if (!any) findings.skip("it has no function that reads a record");
}
void missing_record(Bench& bench, Findings& findings) {
  if (keeps_record(bench, findings)) play_records(bench, findings, {}, "no record");
}
void cut_record(Bench& bench, Findings& findings) {
  if (!keeps_record(bench, findings)) return;
  driver::Bytes record = bench.plain(Operation::create).account.record;
  record.resize((record.size() + 1) / 2);
  play_records(bench, findings, record, "half of its record");
}
void other_record(Bench& bench, Findings& findings) {
  if (!keeps_record(bench, findings)) return;
  const std::size_t size = bench.plain(Operation::create).account.record.size();
  play_records(bench, findings, driver::Bytes(size, std::byte{0xff}), "a record of other bytes");
}

// ---- state and what is left -----------------------------------------------------------------------------------------

void same_elsewhere(Bench& bench, Findings& findings) {
  if (!has(bench, Operation::create, findings) || !bench.returns(Operation::create, findings)) return;
  if (!bench.is_the_same_everywhere()) findings.add("two processes that are asked for the same make something else");
}

bool play_cycles(Bench& bench, Findings& findings) {
  for (const Operation operation : kOperations)
    if (bench.has(function_of(operation)) && !bench.returns(operation, findings)) return false;
  if (bench.cycles().how == Ending::How::played) return true;
  findings.skip(fmt::format("they were not to their end: {}", bench.cycles().text));
  return false;
}
void many_cycles(Bench& bench, Findings& findings) {
  for (const Operation operation : kOperations)
    if (bench.has(function_of(operation)) && !bench.returns(operation, findings)) return;
  const Ending& ending = bench.cycles();
  if (ending.how == Ending::How::crashed || ending.how == Ending::How::hung)
    findings.add(fmt::format("in {} cycles: {}", bench.options().cycles, ending.text));
  if (ending.account.differs_at != 0)
    findings.add(
        fmt::format("cycle {} of {} is not as the first one", ending.account.differs_at, bench.options().cycles));
}
void memory(Bench& bench, Findings& findings) {
  if (!play_cycles(bench, findings)) return;
  // A cache or a buffer may grow once; what grows with every call does not end.
  const std::int64_t most = std::max<std::int64_t>(4096, 8 * static_cast<std::int64_t>(bench.options().cycles));
  if (const std::int64_t more = bench.cycles().account.memory; more > most)
    findings.add(fmt::format("{} cycles leave {} bytes more in use", bench.options().cycles, more));
}
void descriptors(Bench& bench, Findings& findings) {
  if (!play_cycles(bench, findings)) return;
  if (const std::int32_t more = bench.cycles().account.descriptors; more > 0)
    findings.add(fmt::format("{} cycles leave {} descriptors open", bench.options().cycles, more));
}

constexpr Check kChecks[] = {
    {"calls.loads", 14, "loads, and finds all that it calls", Needs::functions, loads},
    {"calls.promises", 14, "has the functions that its table says", Needs::functions, keeps_promises},
    {"crashes.validate", 21, "validate returns", Needs::functions, survives<Operation::validate>},
    {"crashes.create", 21, "create returns", Needs::functions, survives<Operation::create>},
    {"crashes.destroy", 21, "destroy returns", Needs::functions, survives<Operation::destroy>},
    {"crashes.inspect", 21, "inspect returns", Needs::functions, survives<Operation::inspect>},
    {"crashes.change", 21, "change returns", Needs::functions, survives<Operation::change>},
    {"crashes.settle", 21, "settle returns", Needs::functions, survives<Operation::settle>},
    {"deadline.validate", 22, "validate returns in time", Needs::functions, returns_in_time<Operation::validate>},
    {"deadline.create", 22, "create returns in time", Needs::functions, returns_in_time<Operation::create>},
    {"deadline.destroy", 22, "destroy returns in time", Needs::functions, returns_in_time<Operation::destroy>},
    {"deadline.inspect", 22, "inspect returns in time", Needs::functions, returns_in_time<Operation::inspect>},
    {"deadline.change", 22, "change returns in time", Needs::functions, returns_in_time<Operation::change>},
    {"deadline.settle", 22, "settle returns in time", Needs::functions, returns_in_time<Operation::settle>},
    {"values.below", 32, "survives values below every bound", Needs::functions, below},
    {"values.at", 32, "survives values at every bound, and every choice", Needs::functions, at},
    {"values.above", 32, "survives values above every bound", Needs::functions, above},
    {"values.unset", 32, "survives that nothing is set", Needs::functions, unset},
    {"records.addresses", 27, "keeps no addresses in its record", Needs::functions, no_addresses},
    {"records.missing", 27, "survives that there is no record", Needs::functions, missing_record},
    {"records.cut", 27, "survives half a record", Needs::functions, cut_record},
    {"records.other", 27, "survives a record that is not its own", Needs::functions, other_record},
    {"state.elsewhere", 28, "makes the same in every process", Needs::functions, same_elsewhere},
    {"state.cycles", 28, "makes the same however often it is called", Needs::functions, many_cycles},
    {"leaks.memory", 29, "leaves no memory in use", Needs::functions, memory},
    {"leaks.descriptors", 29, "leaves no descriptors open", Needs::functions, descriptors},
};

}  // namespace

std::span<const Check> call_checks() { return kChecks; }

}  // namespace netrig::conformance
