// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>

#include <algorithm>

#include "kernel/message.hpp"
#include "kernel/rows.hpp"

namespace netrig::kernel {
namespace {

// Of linux/fib_rules.h since 6.11 and later.
enum LaterAttribute : std::uint16_t {
  kDscp = 25,
  kFlowLabel = 26,
  kFlowLabelMask = 27,
  kSourcePortMask = 28,
  kDestinationPortMask = 29,
  kDscpMask = 30,
};
constexpr std::uint32_t kAny = UINT32_MAX;  // suppress nothing

constexpr Policy kRulePolicy(expect_address(FRA_SRC), expect_address(FRA_DST), expect_text(FRA_IIFNAME, IFNAMSIZ),
                             expect_text(FRA_OIFNAME, IFNAMSIZ), expect_u32(FRA_PRIORITY), expect_u32(FRA_FWMARK),
                             expect_u32(FRA_FWMASK), expect_u32(FRA_TABLE), expect_u32(FRA_SUPPRESS_PREFIXLEN),
                             expect_u32(FRA_SUPPRESS_IFGROUP), expect_u8(FRA_L3MDEV), expect_u8(FRA_PROTOCOL),
                             expect_u8(FRA_IP_PROTO), expect_bytes(FRA_UID_RANGE, sizeof(fib_rule_uid_range)),
                             expect_bytes(FRA_SPORT_RANGE, sizeof(fib_rule_port_range)),
                             expect_bytes(FRA_DPORT_RANGE, sizeof(fib_rule_port_range)), expect_bytes(FRA_TUN_ID),
                             expect_bytes(FRA_FLOW), expect_bytes(kDscp), expect_bytes(kFlowLabel),
                             expect_bytes(kFlowLabelMask), expect_bytes(kSourcePortMask, 2),
                             expect_bytes(kDestinationPortMask, 2), expect_bytes(kDscpMask));
using Found = Attributes<kRulePolicy>;

fib_rule_hdr header_of(const Rule& rule) {
  fib_rule_hdr header{};
  header.family = number_of(rule.family);
  header.action = static_cast<std::uint8_t>(rule.action);
  if (rule.from) header.src_len = rule.from->length;
  if (rule.to) header.dst_len = rule.to->length;
  header.tos = static_cast<std::uint8_t>(rule.tos.value_or(0));
  if (rule.action == RuleAction::table && !rule.l3mdev && rule.table < 256)
    header.table = static_cast<std::uint8_t>(rule.table);
  if (rule.inverted) header.flags |= FIB_RULE_INVERT;
  return header;
}

void put_ports(Batch& batch, std::uint16_t type, const std::optional<NumberRange>& ports) {
  if (!ports) return;
  const fib_rule_port_range range{.start = static_cast<std::uint16_t>(ports->first),
                                  .end = static_cast<std::uint16_t>(ports->last)};
  batch.put(type, &range, sizeof range);
}

/// A removal takes the first rule that has all this; what is not named may be anything (rule_find). The priority, which
/// every rule that was seen has, tells the others apart.
void put_rule(Batch& batch, const Rule& rule) {
  if (rule.from && rule.from->length != 0) batch.put(FRA_SRC, rule.from->network().address);
  if (rule.to && rule.to->length != 0) batch.put(FRA_DST, rule.to->network().address);
  if (!rule.iif.empty()) batch.put_text(FRA_IIFNAME, rule.iif);
  if (!rule.oif.empty()) batch.put_text(FRA_OIFNAME, rule.oif);
  if (rule.priority) batch.put(FRA_PRIORITY, *rule.priority);
  if (rule.fwmark) batch.put(FRA_FWMARK, rule.fwmark->first).put(FRA_FWMASK, rule.fwmark->second);
  if (rule.ipproto) batch.put_u8(FRA_IP_PROTO, static_cast<std::uint8_t>(*rule.ipproto));
  put_ports(batch, FRA_SPORT_RANGE, rule.source_ports);
  put_ports(batch, FRA_DPORT_RANGE, rule.destination_ports);
  if (rule.uid_range) {
    const fib_rule_uid_range range{.start = rule.uid_range->first, .end = rule.uid_range->last};
    batch.put(FRA_UID_RANGE, &range, sizeof range);
  }
  if (rule.suppress_prefix_length) batch.put(FRA_SUPPRESS_PREFIXLEN, *rule.suppress_prefix_length);
  // Also of one that goes: without, it would be whichever says the same (rule_find).
  if (rule.protocol != RTPROT_UNSPEC) batch.put_u8(FRA_PROTOCOL, static_cast<std::uint8_t>(rule.protocol));
  if (rule.l3mdev)
    batch.put_u8(FRA_L3MDEV, 1);
  else if (rule.action == RuleAction::table && rule.table >= 256)
    batch.put(FRA_TABLE, rule.table);
}

/// Whether it has a condition or an effect that a Rule cannot express. It would look like one without.
bool is_beyond_us(const fib_rule_hdr& header, const Found& found) {
  const bool known = header.action == FR_ACT_TO_TBL || header.action == FR_ACT_BLACKHOLE ||
                     header.action == FR_ACT_UNREACHABLE || header.action == FR_ACT_PROHIBIT;
  // One port has a mask, too: the whole of it.
  constexpr std::uint16_t kWhole = UINT16_MAX;
  return !known || found.has<FRA_TUN_ID>() || found.has<FRA_FLOW>() || found.has<kDscp>() || found.has<kDscpMask>() ||
         found.has<kFlowLabel>() || found.has<kFlowLabelMask>() ||
         found.u16<kSourcePortMask>().value_or(kWhole) != kWhole ||
         found.u16<kDestinationPortMask>().value_or(kWhole) != kWhole ||
         found.u32<FRA_SUPPRESS_IFGROUP>().value_or(kAny) != kAny;
}

template <std::uint16_t type>
std::optional<NumberRange> ports_of(const Found& found) {
  const auto range = found.as<type, fib_rule_port_range>();
  return range ? std::optional(NumberRange{.first = range->start, .last = range->end}) : std::nullopt;
}

template <std::uint16_t type>
std::optional<Prefix> prefix_of(const Found& found, Family family, std::uint8_t length) {
  const auto address = found.address<type>(family);
  return address && length != 0 ? std::optional(Prefix{.address = *address, .length = length}) : std::nullopt;
}

Rule rule_of(const fib_rule_hdr& header, const Found& found, Family family) {
  Rule rule;
  rule.family = family;
  rule.priority = found.u32<FRA_PRIORITY>().value_or(0);
  rule.inverted = (header.flags & FIB_RULE_INVERT) != 0;
  rule.from = prefix_of<FRA_SRC>(found, family, header.src_len);
  rule.to = prefix_of<FRA_DST>(found, family, header.dst_len);
  rule.iif = found.text<FRA_IIFNAME>().value_or("");
  rule.oif = found.text<FRA_OIFNAME>().value_or("");
  if (found.has<FRA_FWMARK>() || found.has<FRA_FWMASK>())
    rule.fwmark.emplace(found.u32<FRA_FWMARK>().value_or(0), found.u32<FRA_FWMASK>().value_or(kAny));
  if (header.tos != 0) rule.tos = header.tos;
  if (const auto protocol = found.u8<FRA_IP_PROTO>(); protocol.value_or(0) != 0) rule.ipproto = *protocol;
  rule.source_ports = ports_of<FRA_SPORT_RANGE>(found);
  rule.destination_ports = ports_of<FRA_DPORT_RANGE>(found);
  if (const auto range = found.as<FRA_UID_RANGE, fib_rule_uid_range>())
    rule.uid_range = NumberRange{.first = range->start, .last = range->end};
  if (const auto length = found.u32<FRA_SUPPRESS_PREFIXLEN>(); length.value_or(kAny) != kAny)
    rule.suppress_prefix_length = *length;
  rule.action = static_cast<RuleAction>(header.action);
  rule.protocol = found.u8<FRA_PROTOCOL>().value_or(RTPROT_UNSPEC);
  rule.l3mdev = found.u8<FRA_L3MDEV>().value_or(0) != 0;
  if (rule.action == RuleAction::table && !rule.l3mdev) rule.table = found.u32<FRA_TABLE>().value_or(header.table);
  return rule;
}

/// The kernel's rules to look into the tables main and default (fib_default_rules_init, fib6_rules_net_init), which
/// `ip rule flush` takes; one that somebody has put back is as good. Where the very first is gone, too, somebody
/// arranges them, as VRFs want it.
void note_missing(std::vector<Rule> there, std::vector<Object>& missing) {
  for (Rule& one : there) one.protocol = RTPROT_KERNEL;
  const auto of_kernel = [](Family family, std::uint32_t priority, std::uint32_t table) {
    Rule rule{.family = family, .priority = priority, .table = table};
    rule.protocol = RTPROT_KERNEL;
    return rule;
  };
  const auto is_there = [&](const Rule& rule) {
    return std::any_of(there.begin(), there.end(), [&](const Rule& one) { return one.is_one_with(rule); });
  };
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    if (!is_there(of_kernel(family, 0, RT_TABLE_LOCAL))) continue;
    std::vector<Rule> rules = {of_kernel(family, 32766, RT_TABLE_MAIN)};
    if (family == Family::ipv4) rules.push_back(of_kernel(family, 32767, RT_TABLE_DEFAULT));
    for (Rule& rule : rules)
      if (!is_there(rule)) missing.emplace_back(std::move(rule));
  }
}

}  // namespace

void write_step(Batch& batch, const Doing<Rule>& doing, const IfindexOf& /*ifindex_of*/) {
  if (doing.verb != Verb::make) {
    const Rule& gone = doing.verb == Verb::change && doing.before != nullptr ? *doing.before : doing.object;
    batch.begin(RTM_DELRULE, 0, header_of(gone));
    put_rule(batch, gone);
    if (doing.verb == Verb::remove) return;
  }
  batch.begin(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, header_of(doing.object));
  put_rule(batch, doing.object);
}

void see(const View& view, std::vector<Rule>& into) {
  std::vector<Rule> all;
  Batch batch;
  batch.begin(RTM_GETRULE, NLM_F_DUMP, fib_rule_hdr{});
  dump_read<fib_rule_hdr, kRulePolicy>(
      view.socket, batch, "the rules of a namespace", [&](const fib_rule_hdr& header, const Found& found) {
        const auto family = family_of(header.family);
        if (!family) return;
        if (!is_beyond_us(header, found)) all.push_back(rule_of(header, found, *family));
        if (found.u8<FRA_PROTOCOL>().value_or(RTPROT_UNSPEC) == RTPROT_KERNEL) return;
        if (!is_beyond_us(header, found))
          into.push_back(rule_of(header, found, *family));
        else
          leave_out(
              view, nullptr,
              fmt::format("the IPv{} rule of priority {} has a condition or an action that rules of a lab have not",
                          *family == Family::ipv4 ? 4 : 6, found.u32<FRA_PRIORITY>().value_or(0)));
      });
  note_missing(std::move(all), view.missing);
}

}  // namespace netrig::kernel
