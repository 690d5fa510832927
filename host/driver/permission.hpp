// SPDX-License-Identifier: Apache-2.0
// What one operation of a driver may ask of the host. The same checks run where the driver runs, so that it hears of a
// refusal at once, and again in the host, which believes no worker.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "driver/driver.hpp"

namespace netrig::driver {

enum class Operation : std::uint8_t { validate, create, destroy, inspect, change, settle };

/// Whether an operation only asks how things are, and must leave them so.
constexpr bool only_asks(Operation operation) { return operation == Operation::inspect; }

/// Privileges with which a driver can make and move interfaces by itself.
inline constexpr std::uint32_t kOwnHands = NETRIG_WANTS_NET_ADMIN | NETRIG_WANTS_NET_RAW | NETRIG_WANTS_SYS_ADMIN;

/// A generic netlink request, as a driver makes it.
struct GenlRequest {
  std::uint16_t family = 0;
  std::uint8_t command = 0;
  std::uint16_t flags = 0;
  std::span<const std::byte> attributes = {};
};

/// Every member throws Error{denied} with what was asked for.
class Permission {
 public:
  /// `granted`: NETRIG_WANTS_* that table and policy agree on. `named`: what of NETRIG_WANTS_GENL and
  /// NETRIG_WANTS_SYSFS, as the policy has it ("genl:wireguard"); nullptr: only the host knows, who asks again.
  Permission(const DriverDescription& description, std::uint32_t granted, Operation operation,
             const std::vector<InterfaceRequest>& interfaces, std::size_t references,
             const std::vector<std::string>* named = nullptr)
      : description_(&description),
        granted_(granted),
        named_(named),
        operation_(operation),
        interfaces_(&interfaces),
        references_(references),
        covered_(interfaces.size(), description.borrows()) {}

  /// An order: right operation, own interfaces, each made once, a kind that the table declares, harmless attributes.
  void admit(const Order& order);
  /// An interface that the driver says it made itself: nobody without privileges can have made one.
  void admit_made(std::uint32_t interface, std::uint32_t ifindex);
  /// An order that was admitted, and that the kernel refused or never saw: its links may be asked for again.
  void retract(const Order& order);
  /// A TUN that the host makes: as a link of the kind "tun" that the table declares. Whoever is not granted its packets
  /// lets nobody have them but whom the lab file names, in a parameter. `parameters`: nullptr: there are none.
  void admit_tun(const TunOrder& order, const Parameters* parameters);
  void retract_tun(const TunOrder& order) { covered_.at(order.interface) = false; }
  /// A queue of one: whoever has it reads and writes packets.
  void check_queue(std::uint32_t interface) const;
  /// A record, which is of what the operation makes or unmakes.
  void check_record() const;
  void check_interface(std::uint32_t interface) const;
  /// One rtnetlink request: its type, flags and attributes. The host fills in the ifindex.
  void check_request(std::uint16_t type, std::uint16_t flags, std::span<const std::byte> message) const;
  /// Looking a generic netlink family up, for which the kernel may load a module.
  void check_family(const std::string& name) const;
  /// Remembers the name behind a generic netlink family's number.
  void resolved_family(std::uint16_t id, const std::string& name) { families_[id] = name; }
  /// One generic netlink request, of a family that was looked up: of ethtool about this very interface; of others by
  /// a grant. Where it is only asked how things are: none but those that are known to read.
  void check_genl(const GenlRequest& request, const std::string& name,
                  const std::function<std::uint32_t()>& ifindex_of) const;
  static void check_sysfs(const std::string& path);
  /// Writing it: an attribute that the policy grants.
  void check_sysfs_write(const std::string& path) const;
  /// A socket that the host opens for the driver: NETRIG_SOCKET_*, of an interface or a reference. None where it is
  /// only asked how things are, for what goes through it nobody checks.
  void check_socket(std::uint32_t interface, std::uint32_t kind) const;

  /// Whether an order or a report covers an interface.
  [[nodiscard]] bool covers(std::uint32_t interface) const { return covered_.at(interface); }
  [[nodiscard]] Operation operation() const { return operation_; }
  [[nodiscard]] std::uint32_t granted() const { return granted_; }

 private:
  /// IFLA_LINKINFO of a request: no more than orders for links may say.
  void check_link_info(std::span<const std::byte> info) const;
  void check_operation(Operation wanted) const;
  /// Whether the policy lets it have a generic netlink family.
  [[nodiscard]] bool has_family(const std::string& name) const;
  /// Refuses what may change something, said in a few words, where it is only asked how things are.
  void check_change(bool changes, const std::string& what) const;
  void check_kind(const std::string& kind) const;
  void cover(std::uint32_t interface);

  const DriverDescription* description_;
  std::uint32_t granted_;
  const std::vector<std::string>* named_;
  Operation operation_;
  const std::vector<InterfaceRequest>* interfaces_;
  std::size_t references_;
  std::size_t orders_ = 0;
  std::vector<bool> covered_;
  std::map<std::uint16_t, std::string> families_;
};

/// Bytes of netlink attributes that a driver may hand over at once.
inline constexpr std::size_t kMostAttributes = NETRIG_ATTRIBUTES_MAX;
/// Values that one inspect may report.
inline constexpr std::size_t kMostStates = NETRIG_STATES_MAX;

/// Length and place of the ifindex in the family header of an rtnetlink request. Throws Error{denied} for types that no
/// driver may use.
struct FamilyHeader {
  std::size_t size;
  std::size_t ifindex;
};
FamilyHeader family_header(std::uint16_t type);

}  // namespace netrig::driver
