// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "driver/driver.hpp"
#include "driver/policy.hpp"
#include "driver/secrets.hpp"
#include "driver/trust.hpp"
#include "driver/worker_process.hpp"

namespace netrig::driver {

/// A driver in a worker process of its own, fenced in. The host believes nothing that the worker says: every answer is
/// decoded within bounds and checked like a request. A worker that crashes, hangs past its deadline or answers garbage
/// is killed, the operation fails, and the next one starts another worker, as long as that happens rarely.
/// `starter` must outlive the driver. `secrets`: nullptr: those that it is given are all there are. Throws
/// Error{driver} if the plugin cannot be loaded.
std::unique_ptr<Driver> make_fenced(WorkerStarter& starter, SealedPlugin plugin,
                                    std::shared_ptr<const DriverDescription> about, const DriverRules& rules,
                                    std::shared_ptr<Secrets> secrets = nullptr);

}  // namespace netrig::driver
