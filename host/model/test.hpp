// SPDX-License-Identifier: Apache-2.0
// The `[[test]]` tables of a lab file, read and checked. host/check runs them.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "model/address.hpp"
#include "model/error.hpp"
#include "model/names.hpp"
#include "model/qdisc.hpp"
#include "model/service.hpp"

namespace netrig {

/// How a check's packets leave their sender. Nothing set: as the kernel decides.
struct Sender {
  std::optional<IpAddress> source = {};   ///< an address of the sender
  std::optional<InterfaceName> dev = {};  ///< an interface, or a VRF
  std::optional<std::uint8_t> tos = {};   ///< of IPv4, or the traffic class of IPv6
  friend bool operator==(const Sender&, const Sender&) = default;
};

/// What a check is aimed at: a pattern over namespaces ("h2-*"), an interface ("h2:eth0") or an address.
struct Target {
  std::string text = {};
  std::optional<Family> family = {};  ///< unset: IPv4 where both ends have it, else IPv6
  std::optional<std::size_t> pairs =
      {};  ///< so many pairs of all that match, drawn the same way every time; unset: all
  Sender sender = {};
  friend bool operator==(const Target&, const Target&) = default;
};

enum class Protocol : std::uint8_t { icmp, tcp, udp };

/// ICMP echo (RFC 792, RFC 4443).
struct PingCheck {
  Target to;
  std::uint32_t count = 3;
  nanoseconds interval = 200ms;
  std::uint32_t size = 56;  ///< Units: bytes after the ICMP header
  bool dont_fragment = false;
  std::optional<std::uint8_t> ttl = {};
  double max_loss = 0;  ///< Units: percent
  double min_loss = 0;  ///< Units: percent; of links that are to be bad
  std::optional<nanoseconds> max_rtt = {};
  std::optional<nanoseconds> min_rtt = {};  ///< of every reply
  nanoseconds timeout = 1s;                 ///< for one reply
  friend bool operator==(const PingCheck&, const PingCheck&) = default;
};

/// Echoes all the time while the events of `during` happen; how long none came back is the failover time.
struct FailoverCheck {
  Target to;
  nanoseconds interval = 5ms;
  nanoseconds duration = 3s;
  nanoseconds max_outage = 1s;
  friend bool operator==(const FailoverCheck&, const FailoverCheck&) = default;
};

/// A TCP connection or a UDP exchange with a server that the check starts, or one that is there.
struct ConnectCheck {
  Protocol protocol = Protocol::tcp;
  Target to;
  std::uint16_t port = 7777;
  bool server = true;       ///< start an echo server at the target; false: something listens there already
  std::uint32_t size = 64;  ///< Units: bytes sent and wanted back; 0: connect only (TCP)
  std::uint32_t count = 1;
  /// So many source ports for each pair, each once, or with UDP `count` times; unset: as the kernel chooses them.
  std::optional<std::uint32_t> flows = {};
  std::optional<nanoseconds> max_rtt = {};  ///< TCP: of connecting and of the echo, each
  nanoseconds timeout = 1s;
  friend bool operator==(const ConnectCheck&, const ConnectCheck&) = default;
};

/// Measured with iperf3.
struct ThroughputCheck {
  Target to;
  Protocol protocol = Protocol::tcp;
  nanoseconds duration = 2s;
  std::optional<std::uint64_t> size = {};  ///< so much, however long it takes; Units: bytes of all streams
  std::uint32_t streams = 1;
  bool reverse = false;  ///< the target sends
  std::uint16_t port = 5201;
  std::optional<std::int64_t> rate =
      {};  ///< sending rate, all streams; Units: bit/s; unset: TCP without limit, UDP 1 Mbit/s
  std::optional<std::int64_t> min = {};  ///< Units: bit/s, as received
  std::optional<std::int64_t> max = {};
  std::optional<std::int64_t> max_retransmits = {};
  std::optional<nanoseconds> max_jitter = {};  ///< UDP
  std::optional<double> max_loss = {};         ///< UDP; Units: percent
  friend bool operator==(const ThroughputCheck&, const ThroughputCheck&) = default;
};

/// Hops by TTL.
struct PathCheck {
  Target to;
  std::vector<std::string> hops =
      {};  ///< expected, the target last: addresses, namespaces, or "*" for any; empty: only reach
  std::uint8_t max_hops = 30;
  nanoseconds timeout = 500ms;  ///< for one hop, tried twice
  friend bool operator==(const PathCheck&, const PathCheck&) = default;
};

/// Path MTU discovery (RFC 1191, RFC 8201).
struct MtuCheck {
  Target to;
  std::uint32_t equals = 1500;  ///< Units: bytes of the IP packet
  bool black_hole = false;      ///< expected: packets above are lost without a word
  nanoseconds timeout = 300ms;  ///< for one probe, tried twice
  friend bool operator==(const MtuCheck&, const MtuCheck&) = default;
};

struct DnsCheck {
  Target to;  ///< the server
  std::string name = {};
  std::string type = "A";                 ///< A, AAAA, CNAME, MX, NS, PTR, SRV, TXT
  std::vector<std::string> answers = {};  ///< exactly these, in any order; empty: any answer
  std::string rcode = "NOERROR";
  std::uint16_t port = 53;
  nanoseconds timeout = 2s;
  friend bool operator==(const DnsCheck&, const DnsCheck&) = default;
};

struct HttpCheck {
  Target to;
  bool tls = false;  ///< https; the certificate is not verified
  std::uint16_t port = 80;
  std::string path = "/";
  std::string host = {};  ///< Host header; empty: the address
  std::uint16_t status = 200;
  std::string matches = {};  ///< POSIX extended regular expression over the body; empty: any
  nanoseconds timeout = 5s;
  friend bool operator==(const HttpCheck&, const HttpCheck&) = default;
};

/// Passes when the target does not answer.
struct UnreachableCheck {
  enum class How : std::uint8_t {
    any,       ///< silence or a refusal
    silent,    ///< nothing may come back
    rejected,  ///< something must say no: ICMP unreachable, or TCP reset by a firewall
  };
  Target to;
  Protocol protocol = Protocol::icmp;
  std::uint16_t port = 7777;  ///< TCP and UDP; the check starts a server there, so that a missing one proves nothing
  bool server = true;
  std::uint32_t count = 2;
  nanoseconds timeout = 500ms;
  How how = How::any;
  friend bool operator==(const UnreachableCheck&, const UnreachableCheck&) = default;
};

struct NeighbourCheck {
  InterfaceName interface;
  IpAddress address;
  std::optional<MacAddress> mac = {};
  bool present = true;
  friend bool operator==(const NeighbourCheck&, const NeighbourCheck&) = default;
};

/// What a packet is beside where it goes, for the kernel's choice of a route.
struct RouteQuery {
  std::optional<IpAddress> source = {};
  std::optional<std::uint32_t> fwmark = {};
  std::optional<std::uint8_t> protocol = {};  ///< IPPROTO_*
  std::optional<std::uint16_t> source_port = {};
  std::optional<std::uint16_t> destination_port = {};
  std::optional<InterfaceName> iif = {};  ///< it comes in there; unset: it is the namespace's own
  friend bool operator==(const RouteQuery&, const RouteQuery&) = default;
};

/// A route in a table, or with `lookup` the one that the kernel takes to an address.
struct RouteCheck {
  Prefix to = {};
  bool lookup = false;  ///< `to` is one address
  RouteQuery query = {};
  std::optional<IpAddress> via = {};
  std::optional<InterfaceName> interface = {};
  std::optional<InterfaceName> vrf = {};    ///< in its table; with lookup: for a packet of a socket that is bound to it
  std::optional<std::uint32_t> table = {};  ///< unset: main, or the VRF's (not with lookup)
  std::optional<std::uint32_t> metric = {};
  bool present = true;
  friend bool operator==(const RouteCheck&, const RouteCheck&) = default;
};

struct AddressCheck {
  InterfaceName interface;
  Prefix address;
  bool present = true;
  friend bool operator==(const AddressCheck&, const AddressCheck&) = default;
};

/// What interfaces are, beside what the lab makes of them.
struct LinkCheck {
  /// Of a bridge port, as IFLA_BRPORT_STATE counts them.
  enum class PortState : std::uint8_t { disabled, listening, learning, forwarding, blocking };
  std::string interface = {};  ///< pattern
  std::optional<bool> carrier = {};
  std::optional<std::int64_t> speed = {};  ///< Units: bit/s
  std::optional<std::string> master = {};  ///< empty: none
  std::optional<PortState> port_state = {};
  friend bool operator==(const LinkCheck&, const LinkCheck&) = default;
};

/// An entry of a forwarding database: of a bridge at its port, or of a VXLAN.
struct FdbCheck {
  std::string interface = {};  ///< pattern
  MacAddress mac;
  std::optional<IpAddress> dst = {};
  std::optional<std::uint16_t> vlan = {};
  bool present = true;
  friend bool operator==(const FdbCheck&, const FdbCheck&) = default;
};

struct ExecCheck {
  Command command;
  int exit = 0;
  std::string matches = {};  ///< POSIX extended regular expression over standard output, line by line; empty: any
  friend bool operator==(const ExecCheck&, const ExecCheck&) = default;
};

/// Whether the lab is as its file says.
struct VerifyCheck {
  bool strict = false;  ///< what nobody accounts for is a difference, too
  friend bool operator==(const VerifyCheck&, const VerifyCheck&) = default;
};

using Check = std::variant<PingCheck, FailoverCheck, ConnectCheck, ThroughputCheck, PathCheck, MtuCheck, DnsCheck,
                           HttpCheck, UnreachableCheck, NeighbourCheck, RouteCheck, AddressCheck, LinkCheck, FdbCheck,
                           ExecCheck, VerifyCheck>;

/// "ping", "tcp"...: the key of a check in a lab file.
std::string_view name_of(const Check& check);
/// What it is aimed at; nullptr: nothing (exec, route...).
const Target* target_of(const Check& check);

/// A command in a namespace of the lab.
struct PlacedCommand {
  std::string space = {};
  Command command;
  Position where;
  friend bool operator==(const PlacedCommand&, const PlacedCommand&) = default;
};

/// "namespace:interface", either a pattern.
struct InterfacePattern {
  std::string space = {};
  std::string interface = {};
  [[nodiscard]] std::string str() const { return space + ":" + interface; }
  friend bool operator==(const InterfacePattern&, const InterfacePattern&) = default;
};

/// What happens before a check or in the middle of it: links change state or are impaired, services change state, or a
/// command runs.
struct LinkEvent {
  std::vector<InterfacePattern> interfaces = {};
  bool up = false;
  friend bool operator==(const LinkEvent&, const LinkEvent&) = default;
};
/// What interfaces send is impaired, or no longer.
struct ImpairEvent {
  std::vector<InterfacePattern> interfaces = {};
  Qdisc what = {};  ///< of no interface; one without a kind impairs nothing
  friend bool operator==(const ImpairEvent&, const ImpairEvent&) = default;
};
struct ServiceEvent {
  enum class How : std::uint8_t {
    stop,     ///< as `down` ends it
    start,    ///< unless it runs
    restart,  ///< stop, if it runs, and start
    kill,     ///< SIGKILL
  };
  std::vector<std::string> services = {};  ///< names and patterns, as Lab::services_like() takes them
  How how = How::stop;
  friend bool operator==(const ServiceEvent&, const ServiceEvent&) = default;
};
struct Event {
  nanoseconds at{};  ///< after the check's begin; before it: 0
  std::variant<LinkEvent, ServiceEvent, PlacedCommand, ImpairEvent> what = {};
  Position where;
  friend bool operator==(const Event&, const Event&) = default;
};

/// Those that it is about; nullptr: it is about something else.
const std::vector<InterfacePattern>* interfaces_of(const Event& event);

/// What the counters of interfaces may do while a check runs.
struct CounterAssertion {
  InterfacePattern interface;
  std::uint64_t max_drops = 0;                    ///< rx + tx
  std::uint64_t max_errors = 0;                   ///< rx + tx
  std::optional<std::uint64_t> min_packets = {};  ///< rx + tx
  std::optional<std::uint64_t> max_packets = {};
  Position where;
  friend bool operator==(const CounterAssertion&, const CounterAssertion&) = default;
};

/// How many packets that match a filter (pcap-filter(7)) an interface sees while a check runs.
struct CaptureAssertion {
  InterfacePattern interface;
  std::string filter = {};  ///< empty: every packet
  std::uint64_t min = 1;
  std::optional<std::uint64_t> max = {};
  Position where;
  friend bool operator==(const CaptureAssertion&, const CaptureAssertion&) = default;
};

/// How what interfaces send while a check runs spreads over them.
struct Share {
  struct Part {
    InterfacePattern interface;  ///< no pattern: one interface of one namespace
    std::uint32_t ratio = 1;     ///< of the sum of all
    friend bool operator==(const Part&, const Part&) = default;
  };
  std::vector<Part> parts = {};
  double tolerance = 10;  ///< Units: percent of what is expected of a part
  Position where;
  friend bool operator==(const Share&, const Share&) = default;
};

/// How long a check is tried again and again.
struct Waiting {
  std::optional<nanoseconds> within = {};  ///< until it holds
  std::optional<nanoseconds> holds = {};   ///< as long as it must hold
  friend bool operator==(const Waiting&, const Waiting&) = default;
};

struct Test {
  std::string name = {};
  std::string description = {};
  std::string from = {};  ///< pattern over namespace names
  Check check;
  Waiting waiting = {};
  std::optional<Share> share = {};
  std::vector<std::string> tags = {};
  std::vector<std::string> depends_on = {};  ///< names of tests
  std::uint32_t repeat = 1;
  nanoseconds timeout = 60s;  ///< of one repetition with all that belongs to it
  std::vector<Event> before = {};
  std::vector<PlacedCommand> after = {};   ///< run whatever happened
  std::vector<std::string> services = {};  ///< names and patterns, as Lab::services_like() takes them
  std::vector<Event> during = {};
  std::vector<CounterAssertion> counters = {};
  std::vector<CaptureAssertion> captures = {};
  Position where;
  friend bool operator==(const Test&, const Test&) = default;
};

}  // namespace netrig
