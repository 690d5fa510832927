// SPDX-License-Identifier: Apache-2.0
#include "engine/trial.hpp"

#include <fmt/format.h>
#include <linux/if_link.h>
#include <netinet/in.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "engine/journal.hpp"
#include "engine/orders.hpp"
#include "kernel/address.hpp"
#include "kernel/inside.hpp"
#include "kernel/namespace.hpp"
#include "kernel/qdisc.hpp"
#include "model/error_number.hpp"

namespace netrig::engine {
namespace {

constexpr std::uint32_t kLoopback = 1;
constexpr std::uint32_t kFirstIfindex = 100;

/// Runs body in a thread that is in a new namespace. What it throws is the fault.
template <typename Body>
Fault in_new_namespace(Body&& body) {
  try {
    kernel::aside([&] { body(kernel::create_namespace()); });
    return {};
  } catch (const Error& error) {
    return error.message();
  }
}

Fault try_socket(int family, int protocol) {
  const UniqueFd socket(::socket(family, SOCK_RAW | SOCK_CLOEXEC, protocol));
  if (socket) return {};
  return fmt::format("{}{}", errno_text(errno), errno == EPERM ? "; CAP_NET_RAW is missing" : "");
}

Fault try_sysctl() {
  try {
    kernel::write_sysctl("net.ipv4.ip_forward", "1");
    return {};
  } catch (const Error& error) {
    return error.message();
  }
}

Fault try_ipv6() {
  const auto prefix = Prefix::parse("2001:db8::1/128");
  kernel::Socket socket;
  kernel::Batch batch;
  kernel::add_address(batch, kLoopback, {.prefix = *prefix});
  const auto refusals = socket.run(batch);
  return refusals.empty() ? Fault() : fmt::format("the kernel refuses an address: {}", refusals.front().str());
}

/// Whether the loopback can be impaired so.
Fault try_qdisc(const Qdisc& qdisc) {
  kernel::Socket socket;
  kernel::Batch batch;
  kernel::put_root_qdisc(batch, kLoopback, qdisc);
  const auto refusals = socket.run(batch);
  if (refusals.empty()) return {};
  const auto lack = kernel::lack_of(qdisc, refusals.front());
  return lack ? *lack : fmt::format("the kernel refuses a {}: {}", qdisc.kind, refusals.front().str());
}

/// Whether this process may mount, asked in a way that changes nothing: the permission is looked at first, and then
/// that this directory is no mount point (EINVAL).
Fault try_mount() {
  if (::mount("", "/proc/self/task", "none", MS_SHARED, nullptr) == 0 || errno == EINVAL) return {};
  return fmt::format(
      "nothing can be mounted: {}{}", errno_text(errno),
      errno == EPERM ? "; the mount namespace belongs to another user namespace, or CAP_SYS_ADMIN is missing" : "");
}

/// Whether something can be made in a directory, or the directory itself. Made and taken away: what access(2) says is
/// not all that there is, for a user without a number in the file system may write and make nothing (EOVERFLOW).
Fault try_directory(const std::string& directory) {
  struct stat status {};
  const bool there = ::stat(directory.c_str(), &status) == 0;
  const std::string place = there ? directory : directory.substr(0, directory.rfind('/'));
  const std::string probe = fmt::format("{}/.netrig-doctor-{}", place, ::getpid());
  if (::mkdir(probe.c_str(), 0700) == 0) {
    ::rmdir(probe.c_str());
    return {};
  }
  return fmt::format("nothing can be made in {}: {}", place, errno_text(errno));
}

/// A value of a type that can be guessed, other than what the kernel does by itself.
std::optional<ParameterScalar> trial_value(const ParameterDeclaration& declaration) {
  switch (declaration.type) {
    case ParameterType::boolean:
      return true;
    case ParameterType::integer:
    case ParameterType::duration:
    case ParameterType::rate:
      if (declaration.maximum != 0) return declaration.maximum;
      return std::nullopt;
    case ParameterType::enumeration:
      if (!declaration.choices.empty()) return declaration.choices.back().name;
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

/// A link that a device can sit on.
std::uint32_t make_lower(Space& space) {
  const std::uint32_t ifindex = Space::take_ifindex(space, {});
  kernel::Batch batch;
  kernel::begin_new_link(batch, {.name = "lower", .ifindex = ifindex, .netns_fd = -1, .up = false});
  {
    const auto info = batch.nest(IFLA_LINKINFO);
    batch.put_text(IFLA_INFO_KIND, "veth");
  }
  const auto refusals = space.socket().run(batch);
  if (!refusals.empty())
    throw Error(ErrorCode::unsupported, fmt::format("no link to sit on: {}", refusals.front().str()));
  return ifindex;
}

/// What a device of this driver must be given. Nothing: more than a guess.
std::optional<Parameters> required_parameters(const DriverDescription& driver, const InterfaceReference& lower) {
  Parameters parameters;
  for (const ParameterDeclaration& declaration : driver.parameters) {
    if (!declaration.required) continue;
    if (declaration.type != ParameterType::interface) return std::nullopt;
    parameters[declaration.name] = {.values = {lower}};
  }
  return parameters;
}

/// What the driver wants done; nothing if it says that the guess is wrong.
std::vector<driver::Order> orders_of(driver::Driver& driver, const DeviceServices::Context& context,
                                     const Parameters& parameters, DeviceServices& services) {
  try {
    return driver
        .create({.lab = "trial",
                 .device = "trial",
                 .interfaces = context.interfaces,
                 .references = context.references,
                 .parameters = &parameters},
                services)
        .orders;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::invalid) return {};
    throw;
  }
}

/// Makes a device with these parameters.
Fault try_device(driver::Driver& driver, const Parameters& parameters, const InterfaceReference& lower) {
  return in_new_namespace([&](kernel::CreatedNamespace created) {
    Space space(std::move(created.fd), created.cookie);
    space.set_free_from(kFirstIfindex);
    DeviceServices::Context context;
    context.about = fmt::format("trial of driver {}", driver.description().kind);
    for (const auto& [name, value] : parameters) {
      if (!std::holds_alternative<InterfaceReference>(value.values.front())) continue;
      context.spaces.references.push_back(&space);
      context.references.push_back(
          {.parameter = name, .index = 0, .target = lower, .netns_fd = space.fd().get(), .ifindex = make_lower(space)});
    }
    for (std::uint32_t i = 0; i < driver.description().min_interfaces; ++i) {
      const std::string name = fmt::format("trial{}", i);
      context.spaces.homes.push_back(&space);
      context.made.push_back({.home = "trial", .name = name, .ifindex = Space::take_ifindex(space, {})});
      context.interfaces.push_back({.name = name, .netns_fd = space.fd().get(), .ifindex = 0});
    }
    context.save = [](const driver::Bytes&) {};  // nobody comes back to it
    DeviceServices services(context);
    const driver::Flushed flushed = services.flush(orders_of(driver, context, parameters, services));
    if (flushed.refusal) throw *flushed.refusal;
  });
}

}  // namespace

NamespaceTrial try_namespace() {
  NamespaceTrial trial;
  trial.creation = in_new_namespace([&](const kernel::CreatedNamespace&) {
    trial.sysctls = try_sysctl();
    trial.ipv6 = try_ipv6();
    trial.icmp_sockets = try_socket(AF_INET, IPPROTO_ICMP);
    trial.packet_sockets = try_socket(AF_PACKET, 0);
    trial.netem = try_qdisc({.kind = std::string(Qdisc::kNetem)});
    trial.tbf = try_qdisc({.kind = std::string(Qdisc::kTbf), .rate = ByteRate{125'000}, .burst = 3000U});
  });
  return trial;
}

Fault try_names() {
  Fault fault = try_mount();
  return fault.empty() ? try_directory(kernel::kRunDirectory) : fault;
}

Fault try_records() {
  struct stat status {};
  // As the journal wants it: whoever can write there can make netrig delete what is not its own.
  if (::lstat(kRunDirectory, &status) == 0 &&
      (!S_ISDIR(status.st_mode) || (status.st_uid != 0 && status.st_uid != ::geteuid()) || (status.st_mode & 022) != 0))
    return fmt::format(
        "{0} must be a directory that belongs to root and that nobody else can write; look at what is in it, then "
        "\"chown root:root {0}\" and \"chmod 0755 {0}\"",
        kRunDirectory);
  return try_directory(kRunDirectory);
}

Fault try_link_kind(const std::string& kind) {
  return in_new_namespace([&](const kernel::CreatedNamespace&) {
    kernel::Socket socket;
    kernel::Batch batch;
    kernel::begin_new_link(batch, {.name = "probe", .ifindex = 0, .netns_fd = -1, .up = false});
    {
      const auto info = batch.nest(IFLA_LINKINFO);
      batch.put_text(IFLA_INFO_KIND, kind);
    }
    const auto refusals = socket.run(batch);
    // A kind that wants more attributes is there, and so is one that is made otherwise (tun); an unknown one is not.
    if (!refusals.empty() && refusals.front().error == EOPNOTSUPP && refusals.front().text == "Unknown device type")
      throw Error(ErrorCode::unsupported,
                  fmt::format("{}; load the module \"{}\" or use a kernel that has it", refusals.front().str(), kind));
  });
}

std::vector<DeviceTrial> try_driver(driver::Registry& drivers, const std::string& kind, Depth depth) {
  std::vector<DeviceTrial> failed;
  try {
    driver::Driver& driver = drivers.open(kind);
    const driver::DriverRules& rules = drivers.policy().rules_of(kind);
    const InterfaceReference lower{.home = NamespaceName("trial"), .name = InterfaceName("lower")};
    const auto required = required_parameters(driver.description(), lower);
    if (depth == Depth::load || !required || rules.isolation == driver::Isolation::none ||
        (rules.granted & driver.description().wants) != 0)
      return failed;
    if (Fault fault = try_device(driver, *required, lower); !fault.empty()) return {{.fault = fault}};
    for (const ParameterDeclaration& declaration : driver.description().parameters) {
      const auto value = trial_value(declaration);
      if (declaration.kernel_option.empty() || !value) continue;
      Parameters parameters = *required;
      parameters[declaration.name] = {.values = {*value}};
      if (Fault fault = try_device(driver, parameters, lower); !fault.empty())
        failed.push_back({.parameter = declaration.name, .kernel_option = declaration.kernel_option, .fault = fault});
    }
  } catch (const Error& error) {
    failed.push_back({.fault = error.message()});
  }
  return failed;
}

}  // namespace netrig::engine
