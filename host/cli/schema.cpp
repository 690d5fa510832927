// SPDX-License-Identifier: Apache-2.0
#include "toml/schema.hpp"
#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "cli/values.hpp"
#include "config/lab_schema.hpp"
#include "driver/policy_keys.hpp"
#include "report/output.hpp"

namespace netrig::cli {
namespace {

tomlfile::SchemaJson schema_of_lab(Session& session) {
  std::vector<std::shared_ptr<const DriverDescription>> drivers;
  for (const driver::Found& found : session.drivers().survey())
    if (found.refusal.empty())
      drivers.push_back(std::make_shared<const DriverDescription>(found.description));
    else
      complain("netrig: warning: driver " + found.kind + " is left out: " + found.refusal);
  return config::lab_schema(drivers);
}

}  // namespace

void add_schema(CLI::App& app, Action& action) {
  auto what = std::make_shared<std::string>("lab");
  auto* command = app.add_subcommand(
      "schema", "Print the JSON Schema of lab files, with the parameters of the drivers that are found, for editors");
  command->add_option("WHAT", *what, "Of lab files, or of the host's policy")
      ->check(one_of({"lab", "policy"}))
      ->type_name("lab|policy")
      ->capture_default_str();
  describe(*command,
           {{"netrig schema > netrig.schema.json", "of lab files, for an editor"},
            {"netrig schema policy", "of /etc/netrig/host.toml"}},
           {{"0", "printed"},
            {"2", "the policy or the command line is wrong"},
            {"3", "others could have written the policy"}});
  command->callback([what, &action] {
    action = [what](Session& session) {
      const tomlfile::SchemaJson schema =
          *what == "lab" ? schema_of_lab(session)
                         : tomlfile::schema_of(driver::all_policy_keys(), {.title = "netrig host policy"});
      report::say(json_text(schema) + "\n");
      return 0;
    };
  });
}

}  // namespace netrig::cli
