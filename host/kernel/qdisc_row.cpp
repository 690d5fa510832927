// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cerrno>
#include <cmath>

#include "kernel/message.hpp"
#include "kernel/qdisc.hpp"
#include "kernel/rows.hpp"

namespace netrig::kernel {
namespace {

constexpr Policy kRootPolicy(expect_text(TCA_KIND, 32), expect_bytes(TCA_OPTIONS));
constexpr Policy kNetemPolicy(expect_bytes(TCA_NETEM_CORR, sizeof(tc_netem_corr)),
                              expect_bytes(TCA_NETEM_REORDER, sizeof(tc_netem_reorder)),
                              expect_bytes(TCA_NETEM_CORRUPT, sizeof(tc_netem_corrupt)), expect_bytes(TCA_NETEM_LOSS),
                              expect_bytes(TCA_NETEM_RATE, sizeof(tc_netem_rate)), expect_u32(TCA_NETEM_ECN),
                              Expected{TCA_NETEM_RATE64, 8, 8}, Expected{TCA_NETEM_LATENCY64, 8, 8},
                              Expected{TCA_NETEM_JITTER64, 8, 8}, expect_bytes(TCA_NETEM_SLOT));
constexpr Policy kTbfPolicy(expect_bytes(TCA_TBF_PARMS, sizeof(tc_tbf_qopt)), Expected{TCA_TBF_RATE64, 8, 8});

constexpr std::uint64_t kTick = 64;  // ns, PSCHED_SHIFT of net/pkt_sched.h
constexpr double kSecond = 1e9;

tcmsg root_of(std::uint32_t ifindex) {
  tcmsg header{};
  header.tcm_ifindex = static_cast<int>(ifindex);
  header.tcm_parent = TC_H_ROOT;
  return header;
}

/// As much as fits; of a rate that does not another attribute has the whole.
std::uint32_t in_32_bits(std::uint64_t value) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(value, UINT32_MAX));
}

/// The value that this share of all is below, as exact as the 16 bits of a table.
double normal_quantile(double share) {
  double low = -8;
  double high = 8;
  while (high - low > 1e-6) {
    const double middle = (low + high) / 2;
    (std::erfc(-middle / std::sqrt(2.0)) / 2 < share ? low : high) = middle;
  }
  return low;
}

/// How delays lie around their mean, in jitters of NETEM_DIST_SCALE: as the tables of iproute2, which a machine need
/// not have (netem/normal.c, pareto.c, paretonormal.c).
std::vector<std::int16_t> table_of(DelayDistribution distribution) {
  constexpr std::size_t kSize = 4096;
  std::vector<std::int16_t> table(kSize);
  for (std::size_t i = 0; i < kSize; ++i) {
    const double share = (static_cast<double>(i) + 0.5) / kSize;
    const double pareto = (1 / std::cbrt(1 - share) - 1.5) * 4 / 3;  // of shape 3, with mean 0
    double value = pareto;
    if (distribution != DelayDistribution::pareto) value = normal_quantile(share);
    if (distribution == DelayDistribution::paretonormal) value = (value + 3 * pareto) / 4;
    table[i] = static_cast<std::int16_t>(std::clamp(value * NETEM_DIST_SCALE, -32768.0, 32767.0));
  }
  return table;
}

void put_netem(Batch& batch, const Qdisc& qdisc) {
  const auto delay = static_cast<std::uint64_t>(qdisc.delay.value_or({}));
  const auto jitter = static_cast<std::uint64_t>(qdisc.jitter.value_or({}));
  const auto share = [](const Given<PacketShare>& value) { return static_cast<std::uint32_t>(value.value_or({})); };
  const auto ticks = [](std::uint64_t time) { return in_32_bits(time / kTick); };
  const tc_netem_qopt options{.latency = ticks(delay),
                              .limit = qdisc.limit.value_or(Qdisc::kUsualLimit),
                              .loss = share(qdisc.loss),
                              .gap = share(qdisc.reorder) != 0 ? 1U : 0U,
                              .duplicate = share(qdisc.duplicate),
                              .jitter = ticks(jitter)};
  batch.append(&options, sizeof options);
  batch.put(TCA_NETEM_LATENCY64, &delay, sizeof delay).put(TCA_NETEM_JITTER64, &jitter, sizeof jitter);
  // What a message does not have stays as it was (netem_change).
  const tc_netem_corr none{};
  batch.put(TCA_NETEM_CORR, &none, sizeof none);
  const tc_netem_reorder reorder{.probability = share(qdisc.reorder), .correlation = 0};
  batch.put(TCA_NETEM_REORDER, &reorder, sizeof reorder);
  const tc_netem_corrupt corrupt{.probability = share(qdisc.corrupt), .correlation = 0};
  batch.put(TCA_NETEM_CORRUPT, &corrupt, sizeof corrupt);
  const auto rate = static_cast<std::uint64_t>(qdisc.rate.value_or({}));
  tc_netem_rate paced{};
  paced.rate = in_32_bits(rate);
  batch.put(TCA_NETEM_RATE, &paced, sizeof paced);
  if (rate > UINT32_MAX) batch.put(TCA_NETEM_RATE64, &rate, sizeof rate);
  if (const auto distribution = qdisc.distribution.value_or({}); distribution != DelayDistribution::uniform) {
    const std::vector<std::int16_t> table = table_of(distribution);
    batch.put(TCA_NETEM_DELAY_DIST, table.data(), table.size() * sizeof table.front());
  }
}

void put_tbf(Batch& batch, const Qdisc& qdisc) {
  const auto rate = static_cast<std::uint64_t>(qdisc.rate.value_or({}));
  const std::uint32_t burst = qdisc.burst.value_or(0);
  tc_tbf_qopt options{};
  options.rate.rate = in_32_bits(rate);
  options.rate.linklayer = TC_LINKLAYER_ETHERNET;
  options.limit = qdisc.queue != 0 ? qdisc.queue : qdisc.queue_wanted();
  options.buffer = in_32_bits(
      static_cast<std::uint64_t>(burst * kSecond / static_cast<double>(std::max<std::uint64_t>(rate, 1)) / kTick));
  batch.put(TCA_TBF_PARMS, &options, sizeof options);
  batch.put(TCA_TBF_BURST, burst);
  if (rate > UINT32_MAX) batch.put(TCA_TBF_RATE64, &rate, sizeof rate);
}

bool can_be_put(const Qdisc& qdisc) { return qdisc.kind == Qdisc::kNetem || qdisc.kind == Qdisc::kTbf; }

void read_netem(std::span<const std::byte> bytes, Qdisc& qdisc) {
  const auto options = struct_of<tc_netem_qopt>(bytes);
  const auto rest = bytes.subspan(std::min<std::size_t>(NLA_ALIGN(sizeof options), bytes.size()));
  const auto found = Attributes<kNetemPolicy>::read(rest);
  if (!found || bytes.size() < sizeof options) {
    qdisc.beyond = true;
    return;
  }
  const auto time = [](std::optional<std::uint64_t> exact, std::uint32_t ticks) {
    return PacketDelay(exact.value_or(ticks * kTick));
  };
  qdisc.delay = time(found->as<TCA_NETEM_LATENCY64, std::uint64_t>(), options.latency);
  qdisc.jitter = time(found->as<TCA_NETEM_JITTER64, std::uint64_t>(), options.jitter);
  qdisc.limit = options.limit;
  qdisc.loss = PacketShare(options.loss);
  qdisc.duplicate = PacketShare(options.duplicate);
  const auto reorder = found->as<TCA_NETEM_REORDER, tc_netem_reorder>().value_or(tc_netem_reorder{});
  // Without a gap nothing overtakes, whatever share is left from before.
  qdisc.reorder = options.gap == 0 ? PacketShare{} : PacketShare(reorder.probability);
  const auto corrupt = found->as<TCA_NETEM_CORRUPT, tc_netem_corrupt>().value_or(tc_netem_corrupt{});
  qdisc.corrupt = PacketShare(corrupt.probability);
  const auto paced = found->as<TCA_NETEM_RATE, tc_netem_rate>().value_or(tc_netem_rate{});
  qdisc.rate = ByteRate(found->as<TCA_NETEM_RATE64, std::uint64_t>().value_or(paced.rate));
  const auto correlated = found->as<TCA_NETEM_CORR, tc_netem_corr>().value_or(tc_netem_corr{});
  qdisc.beyond = correlated.delay_corr != 0 || correlated.loss_corr != 0 || correlated.dup_corr != 0 ||
                 reorder.correlation != 0 || corrupt.correlation != 0 || paced.packet_overhead != 0 ||
                 paced.cell_size != 0 || paced.cell_overhead != 0 || found->has<TCA_NETEM_LOSS>() ||
                 found->has<TCA_NETEM_SLOT>() || found->u32<TCA_NETEM_ECN>().value_or(0) != 0 || options.gap > 1;
}

void read_tbf(std::span<const std::byte> bytes, Qdisc& qdisc) {
  const auto found = Attributes<kTbfPolicy>::read(bytes);
  if (!found || !found->has<TCA_TBF_PARMS>()) {
    qdisc.beyond = true;
    return;
  }
  const auto options = struct_of<tc_tbf_qopt>(found->bytes<TCA_TBF_PARMS>());
  const std::uint64_t rate = found->as<TCA_TBF_RATE64, std::uint64_t>().value_or(options.rate.rate);
  qdisc.rate = ByteRate(rate);
  const double burst = static_cast<double>(options.buffer) * kTick * static_cast<double>(rate) / kSecond;
  qdisc.burst = static_cast<std::uint32_t>(std::clamp(std::round(burst), 1.0, double{UINT32_MAX}));
  qdisc.queue = options.limit;
  qdisc.beyond = options.peakrate.rate != 0 || options.rate.overhead != 0 || options.rate.mpu != 0 ||
                 (options.rate.linklayer & TC_LINKLAYER_MASK) == TC_LINKLAYER_ATM;
}

}  // namespace

std::vector<RootQdisc> list_root_qdiscs(Socket& socket) {
  std::vector<RootQdisc> roots;
  Batch batch;
  batch.begin(RTM_GETQDISC, NLM_F_DUMP, tcmsg{});
  dump_read<tcmsg, kRootPolicy>(socket, batch, "the queueing disciplines of a namespace",
                                [&](const tcmsg& header, const auto& found) {
                                  // Those that come by themselves have no number.
                                  if (header.tcm_parent != TC_H_ROOT || header.tcm_handle == 0) return;
                                  RootQdisc& root = roots.emplace_back();
                                  root.ifindex = static_cast<std::uint32_t>(header.tcm_ifindex);
                                  root.qdisc.kind = found.template text<TCA_KIND>().value_or("");
                                  const auto options = found.template bytes<TCA_OPTIONS>();
                                  if (root.qdisc.kind == Qdisc::kNetem) read_netem(options, root.qdisc);
                                  if (root.qdisc.kind == Qdisc::kTbf) read_tbf(options, root.qdisc);
                                });
  return roots;
}

void put_root_qdisc(Batch& batch, std::uint32_t ifindex, const Qdisc& qdisc) {
  batch.begin(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, root_of(ifindex));
  batch.put_text(TCA_KIND, qdisc.kind);
  const auto options = batch.nest(TCA_OPTIONS);
  qdisc.kind == Qdisc::kNetem ? put_netem(batch, qdisc) : put_tbf(batch, qdisc);
}

void delete_root_qdisc(Batch& batch, std::uint32_t ifindex) { batch.begin(RTM_DELQDISC, 0, root_of(ifindex)); }

std::optional<std::string> lack_of(const Qdisc& qdisc, const Refusal& refusal) {
  if (refusal.error != ENOENT || !can_be_put(qdisc) || refusal.text.find("kind") == std::string::npos)
    return std::nullopt;
  return fmt::format("this kernel has no {0} (sch_{0}, CONFIG_NET_SCH_{1}): {2}", qdisc.kind,
                     qdisc.kind == Qdisc::kNetem ? "NETEM" : "TBF", refusal.str());
}

void write_step(Batch& batch, const Doing<Qdisc>& doing, const IfindexOf& ifindex_of) {
  const std::uint32_t ifindex = ifindex_of(doing.object.interface);
  // What others had there and a run has replaced nobody can put back.
  if (doing.verb == Verb::remove || !can_be_put(doing.object)) return delete_root_qdisc(batch, ifindex);
  const Qdisc qdisc = with_what_stays(doing);
  // One of the same kind is changed, with the packets in it, and keeps what a message does not name (tc_modify_qdisc,
  // netem_change): what a lab cannot say, and a distribution.
  const bool is_uniform = qdisc.distribution.value_or({}) == DelayDistribution::uniform;
  const bool is_spread = qdisc.kind == Qdisc::kNetem && qdisc.jitter.value_or({}) != PacketDelay{};
  if (doing.before != nullptr && doing.before->kind == qdisc.kind &&
      (doing.before->beyond || (is_uniform && is_spread)))
    delete_root_qdisc(batch, ifindex);
  put_root_qdisc(batch, ifindex, qdisc);
}

void see(const View& view, std::vector<Qdisc>& into) {
  // Links tell of what is at their root, and mostly nobody has put anything there.
  if (std::all_of(view.links.begin(), view.links.end(), [](const LinkState& one) { return one.qdisc.empty(); })) return;
  for (RootQdisc& root : list_root_qdiscs(view.socket)) {
    const LinkState* link = view.link(root.ifindex);
    if (link == nullptr) continue;
    root.qdisc.interface = link->name;
    into.push_back(std::move(root.qdisc));
  }
}

}  // namespace netrig::kernel
