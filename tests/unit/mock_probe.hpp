// SPDX-License-Identifier: Apache-2.0
// The driver that tests of the mock host have it run, before it and before netrig: what its functions do, a test says.
#pragma once
#include <netrig/driver.h>
#include <netrig/services.h>

#include <functional>
#include <memory>
#include <netrig/mock.hpp>
#include <string>
#include <vector>

#include "driver/driver.hpp"

namespace netrig::mock_test {

/// What it does in each of its functions.
using Doing = std::function<netrig_status(const netrig_host* host, netrig_call* call)>;
extern Doing doing;

/// What netrig makes of its table.
std::shared_ptr<const DriverDescription> about_probe();

/// Makes both of its interfaces.
netrig_status make_pair(const netrig_host* host, netrig_call* call);

/// Its device is there.
Mock made();

/// What netrig is to have one of its functions do.
struct ByNetrig {
  driver::Operation operation = driver::Operation::create;
  Parameters parameters = {};
  std::vector<driver::Reference> references = {};
  std::vector<std::string> changed = {};
};
struct FromNetrig {
  std::string message;  ///< empty: it went well
  Parameters told = {};
};
FromNetrig run_by_netrig(const ByNetrig& what);

}  // namespace netrig::mock_test
