// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "report/table.hpp"

namespace netrig::cli {
namespace {

using driver::privilege_names;

int list_drivers(Session& session) {
  report::TextTable table({"DRIVER", "VERSION", "ABI", "PATH", "ABOUT"});
  Json json = Json::array();
  std::size_t refused = 0;
  for (const driver::Found& found : session.drivers().survey()) {
    const auto& about = found.description;
    Json one = {
        {"driver", found.kind}, {"path", found.path}, {"sha256", found.digest}, {"loadable", found.refusal.empty()}};
    if (!found.refusal.empty()) {
      ++refused;
      one["refusal"] = found.refusal;
      table.add({found.kind, "", "", found.path, "REFUSED: " + found.refusal});
    } else {
      const std::string abi = fmt::format("{}.{}", about.abi_major, about.abi_minor);
      table.add({found.kind, about.version, abi, found.path, about.summary});
      one.update({{"version", about.version},
                  {"abi", abi},
                  {"summary", about.summary},
                  {"link_kinds", about.link_kinds},
                  {"wants", privilege_names(about.wants)}});
    }
    json.push_back(std::move(one));
  }
  session.say(json.empty() ? fmt::format("no driver in {}\n", fmt::join(session.drivers().policy().directories, ", "))
                           : table.str(Session::columns()));
  session.answer({{"drivers", json}});
  return refused == 0 ? 0 : static_cast<int>(ErrorCode::driver);
}

std::string range_text(const ParameterDeclaration& parameter) {
  if (!parameter.choices.empty()) return fmt::format("{}", fmt::join(parameter.choice_names(), " | "));
  if (parameter.minimum == 0 && parameter.maximum == 0) return "";
  const bool has_length = parameter.type == ParameterType::string || parameter.type == ParameterType::bytes ||
                          parameter.type == ParameterType::file;
  const char* what = has_length ? " bytes" : parameter.type == ParameterType::table ? " rows" : "";
  if (*what != '\0' && parameter.minimum == parameter.maximum) return fmt::format("{}{}", parameter.minimum, what);
  const auto show = [&](std::int64_t value) {
    return *what != '\0' ? fmt::format("{}", value) : to_text(ParameterScalar(value), parameter.type);
  };
  return fmt::format("{} to {}{}", show(parameter.minimum), show(parameter.maximum), what);
}

/// Functions that a driver has of its own.
std::vector<std::string> function_names(std::uint32_t functions) {
  static constexpr std::array kNames = {"validate", "create", "destroy",
                                        "inspect",  "change", "settle"};  // NETRIG_FUNCTION_*
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kNames.size(); ++i)
    if ((functions >> i & 1U) != 0) names.emplace_back(kNames.at(i));
  return names;
}

/// What a driver can run into, by the names of the header.
Json limits_of(const DriverDescription& about, const driver::DriverRules& rules) {
  return {{"interfaces", about.max_interfaces},
          {"parameters", NETRIG_PARAMETERS_MAX},
          {"record_bytes", NETRIG_RECORD_MAX},
          {"orders", NETRIG_ORDERS_MAX},
          {"attribute_bytes", NETRIG_ATTRIBUTES_MAX},
          {"states", NETRIG_STATES_MAX},
          {"services", NETRIG_SERVICES_MAX},
          {"log_lines", NETRIG_LOG_LINES_MAX},
          {"message_bytes", NETRIG_MESSAGE_MAX},
          {"deadline_ns", rules.deadline.count()},
          {"memory_bytes", rules.memory},
          {"descriptors", rules.descriptors}};
}

/// One line of those that functions can run into.
std::string limits_text(const driver::DriverRules& rules) {
  return fmt::format(
      "  an operation has {} (and {} to end), {} orders, {} calls of services, {} log lines, a record of {} "
      "bytes, {} states\n",
      format_duration(rules.deadline.count()), format_duration(NETRIG_GRACE), NETRIG_ORDERS_MAX, NETRIG_SERVICES_MAX,
      NETRIG_LOG_LINES_MAX, NETRIG_RECORD_MAX, NETRIG_STATES_MAX);
}

int show_driver(Session& session, const std::string& kind) {
  const DriverDescription& about = session.drivers().open(kind).description();
  const auto functions = function_names(about.functions);
  std::string text = fmt::format("{} {}: {}\n  file {}, ABI {}.{}\n  {} interface{} a device", about.kind,
                                 about.version, about.summary, about.path, about.abi_major, about.abi_minor,
                                 about.min_interfaces == about.max_interfaces
                                     ? fmt::format("{}", about.min_interfaces)
                                     : fmt::format("{} to {}", about.min_interfaces, about.max_interfaces),
                                 about.max_interfaces == 1 ? "" : "s");
  if (about.max_ports != 0) text += fmt::format("; may be a master of {} ports", about.max_ports);
  if (const auto wants = privilege_names(about.wants); !wants.empty())
    text += fmt::format("; wants {}", fmt::join(wants, ", "));
  text += functions.empty() ? "\n  a table: it has no code that could run\n"
                            : fmt::format("\n  functions of its own: {}\n", fmt::join(functions, ", "));
  const driver::DriverRules& rules = session.drivers().policy().rules_of(kind);
  if (!functions.empty()) text += limits_text(rules);
  report::TextTable table({"PARAMETER", "TYPE", "RANGE", "DEFAULT", "ABOUT"});
  Json parameters = Json::array();
  for (const auto& parameter : about.parameters) {
    table.add({parameter.name, type_name(parameter), range_text(parameter),
               parameter.required ? "(required)" : parameter.default_text.value_or(""), parameter.help});
    Json one = {{"name", parameter.name},
                {"type", type_name(parameter)},
                {"required", parameter.required},
                {"secret", parameter.secret},
                {"changes_in_place",
                 about.changes(parameter) || (parameter.kernel.places != 0 && !parameter.kernel.create_only)},
                {"help", parameter.help}};
    if (parameter.default_text) one["default"] = *parameter.default_text;
    if (!parameter.choices.empty()) one["choices"] = parameter.choice_names();
    if (parameter.minimum != 0 || parameter.maximum != 0)
      one.update({{"minimum", parameter.minimum}, {"maximum", parameter.maximum}});
    if (!parameter.table().empty()) one["table"] = parameter.table();
    parameters.push_back(std::move(one));
  }
  session.say(text + (about.parameters.empty() ? "it has no parameters\n" : "\n" + table.str(Session::columns())));
  session.answer({{"driver", about.kind},
                  {"version", about.version},
                  {"summary", about.summary},
                  {"path", about.path},
                  {"abi", fmt::format("{}.{}", about.abi_major, about.abi_minor)},
                  {"min_interfaces", about.min_interfaces},
                  {"max_interfaces", about.max_interfaces},
                  {"max_ports", about.max_ports},
                  {"link_kinds", about.link_kinds},
                  {"wants", privilege_names(about.wants)},
                  {"functions", functions},
                  {"limits", limits_of(about, rules)},
                  {"parameters", parameters}});
  return 0;
}

}  // namespace

void add_drivers(CLI::App& app, Action& action) {
  auto* drivers = app.add_subcommand("drivers", "Show, begin, test, sign and check drivers");
  drivers->require_subcommand(1);
  describe(*drivers,
           {{"netrig drivers list", "which there are"},
            {"netrig drivers show veth", "what one takes"},
            {"netrig drivers new mynic", "begin one"},
            {"netrig drivers test build/mynic.so", "whether it keeps the laws of drivers"},
            {"netrig drivers sign veth.so --key acme.key", "sign one"}},
           {{"0", "done; \"netrig drivers COMMAND --help\" tells the others"}});
  auto* list = drivers->add_subcommand("list", "List drivers, also those refused and why");
  describe(*list, {{"netrig drivers list", "what would be loaded, and what not and why"}},
           {{"0", "all of them can be loaded"},
            {"2", "the policy or the command line is wrong"},
            {"3", "others could have written the policy"},
            {"5", "one is refused"}});
  list->callback([&action] { action = [](Session& session) { return list_drivers(session); }; });
  add_new_driver(*drivers, action);
  add_conformance(*drivers, action);
  add_signing(*drivers, action);
  auto kind = std::make_shared<std::string>();
  auto* show = drivers->add_subcommand("show", "Show one driver and its parameters");
  show->add_option("DRIVER", *kind, "Name of the driver, as in a lab file")->required()->type_name("NAME");
  describe(*show, {{"netrig drivers show veth", "its parameters, with ranges and defaults"}},
           {{"0", "shown"},
            {"2", "the policy or the command line is wrong"},
            {"3", "others could have written the policy"},
            {"5", "there is no such driver, or it is refused"}});
  show->callback([kind, &action] { action = [kind](Session& session) { return show_driver(session, *kind); }; });
}

}  // namespace netrig::cli
