// SPDX-License-Identifier: Apache-2.0
#include "cli/session.hpp"

int main(int argc, char** argv) {
  return netrig::cli::run(argc, argv,
                          {.policy_file = NETRIG_POLICY_FILE,
                           .policy_required = NETRIG_POLICY_REQUIRED,
                           .driver_directory = NETRIG_DRIVER_DIRECTORY});
}
