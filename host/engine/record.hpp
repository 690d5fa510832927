// SPDX-License-Identifier: Apache-2.0
// What a lab has made, as the journal tells it.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "driver/driver.hpp"
#include "model/lab.hpp"
#include "model/step.hpp"
#include "process/identity.hpp"

namespace netrig::engine {

struct MadeNamespace {
  std::string name;
  std::uint64_t cookie = 0;  ///< SO_NETNS_COOKIE
  bool existing = false;     ///< was there before; never deleted
  std::string path = {};     ///< of one that is not /run/netns/NAME: an existing one, or one of a lab with a prefix
};
/// Where it is.
std::string path_of(const MadeNamespace& made);

/// What an interface was before the lab borrowed it, and becomes again.
struct Borrowed {
  std::string home;  ///< the lab's name of the namespace that it was in, which exists without the lab
  std::string name;
  std::uint32_t ifindex = 0;
  /// It, and what the kernel takes away when it leaves a namespace: sysctls, addresses, neighbours, routes.
  std::vector<Object> objects = {};
};

struct MadeInterface {
  std::string home;
  std::string name;
  std::uint32_t ifindex = 0;  ///< 0: not known (the driver was still making it)
  std::string kind = {};      ///< IFLA_INFO_KIND; empty: not known, or the host did not see it made
  std::uint64_t birth = 0;    ///< kernel::birth_of; 0: not known
  /// What it was made on may be in a namespace that stays, which must not wait for its own namespace's end.
  bool leans_outside = false;
  std::shared_ptr<const Borrowed> borrowed = {};  ///< nullptr: the lab, or its driver, made it
};

/// A parameter as it is written down: its values as a lab file would write them.
struct MadeParameter {
  std::string name;
  std::vector<std::string> values = {};
};

struct MadeDevice {
  std::string name;
  std::string driver;
  std::vector<MadeInterface> interfaces = {};
  driver::Bytes record = {};
  bool settled = false;  ///< it is there; otherwise it may or may not be
  bool fresh = false;    ///< made by an edit that has not ended well: what comes after its making may be missing
  bool created = false;  ///< create has returned, and may have done things by itself
  /// Its driver could make and move links by itself. What is born later than this number was made then, what is born
  /// before was there already; 0: that could not be told.
  std::optional<std::uint64_t> hands_from = {};
  /// What it was made with, for functions of its driver that look back on it; without secrets.
  std::vector<MadeParameter> parameters = {};
};
/// Of a device whose driver has such functions; none otherwise.
std::vector<MadeParameter> parameters_to_keep(const Device& device);
/// As far as they still are what the driver declares.
Parameters kept_parameters(const MadeDevice& made, const DriverDescription& about);

/// A sysctl that was set, with what it was before.
struct SavedSysctl {
  std::string home;
  std::string key;
  std::optional<std::string> before = {};  ///< nothing: it could not be read, so nothing is given back
  bool shared = false;  ///< in an existing namespace: what counts is what the labs that use it keep together
};

/// A sysctl that does not read as it was written.
struct ShownSysctl {
  std::string home;
  std::string key;
  std::string written;
  std::optional<std::string> shown = {};  ///< nothing: it cannot be read
};

/// What outlives the lab in an existing namespace, and is to be taken away there (a route, a rule, an address of lo);
/// what is in own namespaces, or on own interfaces, goes with them.
struct MadeObject {
  std::string home;
  Object object;
};
/// Takes the one that is just so out of a ledger, else one that was made without saying all of it.
void forget(std::vector<MadeObject>& ledger, const MadeObject& gone);

/// A process that the lab has while it is up. It is in the record before it begins, and does not begin before who it is
/// stands there, too.
struct MadeService {
  std::string name;
  std::string home;
  std::uint64_t cookie = 0;         ///< of the namespace that it is in
  std::uint64_t fingerprint = 0;    ///< fingerprint_of() what it was started as
  std::int64_t stop = 0;            ///< between SIGTERM and SIGKILL; Units: ms
  process::Identity identity = {};  ///< of its first process; number 0: that was not started
  bool ready = false;
};

/// A command of a namespace that was run, or is being run. It is in the record before it begins, with all that its undo
/// needs: the lab file may have been edited since.
struct MadeCommand {
  std::string home;
  std::size_t index = 0;          ///< among those of its namespace
  std::uint64_t cookie = 0;       ///< of the namespace that it ran in
  std::uint64_t fingerprint = 0;  ///< of all commands of its namespace, and of what that is to them
  Command undo = {};              ///< empty: none
  View view = {};                 ///< that it ran with; without files, which lie in the record
  bool done = false;              ///< it has ended with 0
};

enum class Phase : std::uint8_t {
  starting,  ///< `up` has begun and not ended
  running,   ///< as the lab file says
  changing,  ///< `up` on a running lab has begun and not ended
  removing,  ///< `down` or a rollback has begun and not ended
};

/// What `up` on a running lab was to make of it.
struct Edit {
  std::string file;  ///< as Record::file
  std::vector<std::string> only = {};
};

enum class Purpose : std::uint8_t {
  up,   ///< stays until it is taken down
  run,  ///< goes with the netrig that made it
};

/// One event of the journal, already applied or about to be. Thread: none.
struct Record {
  bool begun = false;    ///< otherwise nothing has been made, and nothing else here counts
  bool damaged = false;  ///< read from what was left of a journal: more may have been made
  std::string lab;
  std::string file;               ///< absolute path of the lab file
  std::vector<std::string> only;  ///< patterns of --only
  std::string boot;               ///< boot id of the kernel that has it; empty: it was not known
  std::string version;            ///< of the netrig that wrote it
  std::int64_t began = 0;         ///< Units: seconds since 1970
  Purpose purpose = Purpose::up;
  Phase phase = Phase::starting;
  std::optional<Edit> edit = {};  ///< the last that has not ended well; it counts while the lab is changing
  std::vector<MadeNamespace> namespaces;
  std::vector<MadeDevice> devices;  ///< in order of creation
  std::vector<SavedSysctl> sysctls;
  std::vector<ShownSysctl> shown;
  std::vector<MadeObject> objects;
  std::vector<MadeService> services;
  std::vector<MadeCommand> commands;  ///< in the order in which they were begun

  [[nodiscard]] bool empty() const {
    return namespaces.empty() && devices.empty() && sysctls.empty() && objects.empty() && services.empty() &&
           commands.empty();
  }
  /// nullptr: the lab has none of that name.
  [[nodiscard]] const MadeService* find_service(std::string_view name) const;
  /// Nothing is under way: it stays as it is until somebody wants something else.
  [[nodiscard]] bool settled() const { return begun && phase == Phase::running && purpose == Purpose::up; }
  /// The lab was up, and is between two files.
  [[nodiscard]] bool half_edited() const { return begun && edit && phase == Phase::changing; }
  /// "starting", "testing"...
  [[nodiscard]] std::string_view doing() const;
};

}  // namespace netrig::engine
