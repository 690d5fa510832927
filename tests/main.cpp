// SPDX-License-Identifier: Apache-2.0
#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif
#include <algorithm>
#include <string_view>

#include "driver/worker_process.hpp"
#include "scratch.hpp"

int main(int argc, char** argv) {
  // Drivers that a test opens run in workers, which are this very program.
  if (const auto worker = netrig::driver::run_as_worker(argc, argv)) return *worker;
  // Listing must work for everybody; only running needs the ground.
  const bool lists = std::any_of(argv + 1, argv + argc, [](std::string_view argument) {
    return argument.starts_with("--list") || argument == "-l";
  });
  if (!lists) scratch::enter();
  return Catch::Session().run(argc, argv);
}
