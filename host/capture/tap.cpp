// SPDX-License-Identifier: Apache-2.0
#include "capture/tap.hpp"

#include <fmt/format.h>
#include <linux/if_packet.h>
#include <pcap/pcap.h>
#include <sys/socket.h>

#include <array>
#include <utility>

#include "model/error.hpp"

namespace netrig::capture {
namespace {

ErrorCode code_of_activation(int code) {
  switch (code) {
    case PCAP_ERROR_PERM_DENIED:
      return ErrorCode::denied;
    case PCAP_ERROR_NO_SUCH_DEVICE:
    case PCAP_ERROR_IFACE_NOT_UP:
      return ErrorCode::not_found;
    default:
      return ErrorCode::failed;
  }
}

/// Returns libpcap's words if it is none.
std::optional<std::string> compile(pcap_t* handle, const std::string& filter, bpf_program& program) {
  if (::pcap_compile(handle, &program, filter.c_str(), 1, PCAP_NETMASK_UNKNOWN) == 0) return std::nullopt;
  return ::pcap_geterr(handle);
}

void set_filter(pcap_t* handle, const std::string& filter) {
  bpf_program program{};
  if (const auto fault = compile(handle, filter, program)) throw Error(ErrorCode::invalid, *fault);
  const int set = ::pcap_setfilter(handle, &program);
  ::pcap_freecode(&program);
  if (set != 0) throw Error(ErrorCode::failed, ::pcap_geterr(handle));
}

}  // namespace

void Tap::Closer::operator()(pcap* handle) const { ::pcap_close(handle); }

Tap::Tap(const std::string& interface, const TapSpec& spec) {
  std::array<char, PCAP_ERRBUF_SIZE> fault{};
  handle_.reset(::pcap_create(interface.c_str(), fault.data()));
  if (!handle_) throw Error(ErrorCode::failed, fault.data());
  pcap_t* handle = handle_.get();
  ::pcap_set_snaplen(handle, static_cast<int>(spec.snap));
  ::pcap_set_buffer_size(handle, static_cast<int>(spec.ring));
  ::pcap_set_promisc(handle, 0);
  ::pcap_set_tstamp_precision(handle, PCAP_TSTAMP_PRECISION_NANO);
  if (spec.gather)
    ::pcap_set_timeout(handle, static_cast<int>(spec.gather->count()));
  else
    ::pcap_set_immediate_mode(handle, 1);
  if (const int code = ::pcap_activate(handle); code < 0)
    throw Error(code_of_activation(code), fmt::format("{} {}", ::pcap_statustostr(code), ::pcap_geterr(handle)));
  set_filter(handle, spec.filter);
  if (::pcap_setnonblock(handle, 1, fault.data()) != 0) throw Error(ErrorCode::failed, fault.data());
}

int Tap::fd() const { return ::pcap_get_selectable_fd(handle_.get()); }

std::uint16_t Tap::link_type() const {
  // DLT_RAW has another number on every system, and one of its own in files; others that Linux has are alike.
  const int type = ::pcap_datalink(handle_.get());
  return static_cast<std::uint16_t>(type == DLT_RAW ? int{kRaw} : type);
}

std::optional<std::string> Tap::read(const std::function<void(const Packet&)>& take) {
  const auto each = [](unsigned char* user, const pcap_pkthdr* header, const unsigned char* bytes) {
    const auto& taker = *reinterpret_cast<const std::function<void(const Packet&)>*>(user);
    // The precision asked for makes them nanoseconds.
    taker({.when = std::chrono::seconds(header->ts.tv_sec) + std::chrono::nanoseconds(header->ts.tv_usec),
           .length = header->len,
           .bytes = {reinterpret_cast<const std::byte*>(bytes), header->caplen}});
  };
  auto* user = reinterpret_cast<unsigned char*>(const_cast<std::function<void(const Packet&)>*>(&take));
  if (::pcap_dispatch(handle_.get(), -1, each, user) >= 0) return std::nullopt;
  return ::pcap_geterr(handle_.get());
}

bool Tap::is_gone() const {
  sockaddr_ll bound{};
  socklen_t size = sizeof bound;
  return ::getsockname(fd(), reinterpret_cast<sockaddr*>(&bound), &size) == 0 && bound.sll_ifindex < 0;
}

Counts Tap::counts() {
  pcap_stat now{};
  if (::pcap_stats(handle_.get(), &now) == 0) {
    counts_.received += now.ps_recv - std::exchange(received_, now.ps_recv);
    counts_.dropped += now.ps_drop - std::exchange(dropped_, now.ps_drop);
  }
  return counts_;
}

std::optional<std::string> filter_fault(const std::string& filter) {
  const std::unique_ptr<pcap_t, void (*)(pcap_t*)> handle(::pcap_open_dead(DLT_EN10MB, kLongestSnap), ::pcap_close);
  bpf_program program{};
  if (auto fault = compile(handle.get(), filter, program)) return fault;
  ::pcap_freecode(&program);
  return std::nullopt;
}

}  // namespace netrig::capture
