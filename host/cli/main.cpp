// SPDX-License-Identifier: Apache-2.0
#include "cli/session.hpp"
#include "driver/worker_process.hpp"

int main(int argc, char** argv) {
  if (const auto worker = netrig::driver::run_as_worker(argc, argv)) return *worker;
  return netrig::cli::run(argc, argv,
                          {.file = NETRIG_POLICY_FILE,
                           .required = NETRIG_DEVELOPMENT,
                           .development = NETRIG_DEVELOPMENT,
                           .driver_directory = NETRIG_DRIVER_DIRECTORY,
                           .key_directory = NETRIG_KEY_DIRECTORY,
                           .audit_log = NETRIG_AUDIT_LOG});
}
