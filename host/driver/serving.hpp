// SPDX-License-Identifier: Apache-2.0
// What the host does for a worker while one of its operations runs.
#pragma once
#include <optional>

#include "driver/channel.hpp"
#include "driver/messages.hpp"

namespace netrig::driver {

/// Thread: that of the operation.
class Serving {
 public:
  /// `granted`: NETRIG_WANTS_* that table and policy agree on. `named`: what of those it names. `services`:
  /// nullptr: there are none, and nothing is served.
  Serving(const CallMessage& call, const DriverDescription& about, std::uint32_t granted,
          const std::vector<std::string>& named, Services* services)
      : call_(call),
        services_(services),
        permission_(about, granted, call.operation, call.interfaces, call.references.size(), &named) {}

  /// Does one thing and answers. What the worker may not, and what the kernel refuses, it is told; that alone does not
  /// end it. Whether the answer arrived.
  Message::How serve(const ServiceMessage& ask, Channel& channel, const Patience& patience);

  [[nodiscard]] Permission& permission() { return permission_; }
  /// What it asked for and may not, which fails its operation whatever it answers.
  [[nodiscard]] const std::optional<Error>& forbidden() const { return forbidden_; }
  /// Whether it was given a descriptor of its own.
  [[nodiscard]] bool gave_descriptor() const { return gave_descriptor_; }

 private:
  /// Fills in `done`, and what goes along with it.
  void execute(const ServiceMessage& ask, const Services::Receive& item, DoneMessage& done, UniqueFd& descriptor);
  void flush(const ServiceMessage& ask, DoneMessage& done);
  void create_tun(const ServiceMessage& ask, DoneMessage& done);

  const CallMessage& call_;
  Services* services_;
  Permission permission_;
  std::optional<Error> forbidden_;
  bool gave_descriptor_ = false;
  unsigned records_ = 0;
};

}  // namespace netrig::driver
