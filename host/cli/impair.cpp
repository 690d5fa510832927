// SPDX-License-Identifier: Apache-2.0
// netrig impair: what interfaces of a lab that is up do to what they send, beside what its file says.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "check/impairment.hpp"
#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "cli/testing.hpp"
#include "cli/values.hpp"
#include "config/config.hpp"
#include "engine/engine.hpp"
#include "report/table.hpp"

namespace netrig::cli {
namespace {

struct ImpairOptions {
  std::string lab;
  std::vector<std::string> interfaces = {};
  std::vector<std::pair<std::string, std::string>> said = {};  // key and value of `impair`
  bool clear = false;
};

InterfacePattern impaired_pattern(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == text.size())
    throw Error(ErrorCode::invalid, fmt::format("\"{}\" names no interface; write \"NAMESPACE:INTERFACE\"", text),
                "netrig impair");
  return {.space = text.substr(0, colon), .interface = text.substr(colon + 1)};
}

/// In a namespace of others only the lab's own interfaces are its to impair.
bool is_of_lab(const Lab& lab, const check::SendingLink& link) {
  if (!lab.namespaces[link.space].existing) return true;
  return std::any_of(lab.devices.begin(), lab.devices.end(), [&](const Device& device) {
    return std::any_of(device.interfaces.begin(), device.interfaces.end(), [&](const Interface& one) {
      return one.home == link.space && one.name.str() == link.interface;
    });
  });
}

struct ImpairedNow {
  std::string name;
  std::optional<Qdisc> root;
};

std::string impairment_text(const std::optional<Qdisc>& root) {
  if (!root) return "nothing";
  const std::string words = root->words();
  return words.empty() || root->beyond ? fmt::format("{}{}{}", root->kind, words.empty() ? "" : " ", words) : words;
}

Json impairment_json(const ImpairedNow& one) {
  Json json = {{"interface", one.name}, {"qdisc", one.root ? Json(one.root->kind) : Json(nullptr)}};
  if (!one.root) return json;
  Qdisc::each_setting([&](std::string_view name, auto setting) {
    const auto& value = (*one.root).*setting;
    if (value && !setting_text(*value).empty()) json[std::string(name)] = setting_text(*value);
  });
  return json;
}

int impair_lab(Session& session, const ImpairOptions& options) {
  if (options.clear && !options.said.empty())
    throw Error(ErrorCode::invalid,
                fmt::format("--clear gives back what the lab's file says, and --{} says something else; leave one out",
                            options.said.front().first),
                "netrig impair");
  std::optional<Qdisc> what;
  if (!options.said.empty()) what = config::impairment_of(options.said, "netrig impair");
  std::vector<InterfacePattern> patterns;
  for (const std::string& text : options.interfaces) patterns.push_back(impaired_pattern(text));
  const std::string name = resolve_lab(options.lab);
  session::require_privileges("impairing links of a lab");
  const engine::Record record = record_of(name);
  if (!record.begun || record.phase != engine::Phase::running || engine::is_lost(record))
    throw Error(ErrorCode::not_found, fmt::format("lab \"{0}\" is not up, see \"netrig status {0}\"", name));
  session::raise_open_files();
  const Lab lab = session.applied(record);
  const check::Ground ground = open_ground(lab, record);
  std::vector<ImpairedNow> all;
  for (const InterfacePattern& pattern : patterns)
    check::for_each_sending(ground, pattern, [&](const check::SendingLink& link) {
      if (!is_of_lab(lab, link)) return;
      std::optional<Qdisc> then = link.root;
      if (what) then = what->kind.empty() ? std::nullopt : what;
      if (options.clear) then = check::said_of(lab, link.space, link.interface);
      if (what || options.clear) check::impair(link, then);
      if (then) then->complete(link.mtu);
      all.push_back({.name = link.name, .root = std::move(then)});
    });
  if (all.empty())
    throw Error(ErrorCode::not_found, fmt::format("of what \"{}\" matches nothing is lab {}'s own",
                                                  fmt::join(options.interfaces, "\", \""), name));
  report::TextTable table({"INTERFACE", "IMPAIRED BY"});
  Json answer = Json::array();
  for (const ImpairedNow& one : all) {
    table.add({one.name, impairment_text(one.root)});
    answer.push_back(impairment_json(one));
  }
  session.say(table.str(Session::columns()));
  session.answer({{"lab", name}, {"interfaces", std::move(answer)}});
  return 0;
}

}  // namespace

void add_impair(CLI::App& app, Action& action) {
  auto options = std::make_shared<ImpairOptions>();
  auto* command = app.add_subcommand("impair", "Delay, lose or slow down what interfaces of a running lab send");
  command->add_option("LAB", options->lab, "Name of a lab, or its file")->required()->type_name("NAME|FILE");
  command
      ->add_option("INTERFACE", options->interfaces,
                   "\"NAMESPACE:INTERFACE\", either a pattern, as in \"h*:eth0\"; may be repeated")
      ->required()
      ->type_name("PATTERN");
  struct Setting {
    const char* key;
    const char* type;
    const char* help;
  };
  static constexpr std::array kSettings = {
      Setting{"delay", "DURATION", "Hold each packet back for so long"},
      Setting{"jitter", "DURATION", "By how much that varies, up and down"},
      Setting{"distribution", "uniform|normal|pareto|paretonormal", "How the delays lie around their mean"},
      Setting{"loss", "PERCENT", "Lose so many packets of a hundred"},
      Setting{"duplicate", "PERCENT", "Send so many twice"},
      Setting{"reorder", "PERCENT", "Send so many at once, so that they overtake others"},
      Setting{"corrupt", "PERCENT", "Turn a bit of so many around"},
      Setting{"rate", "RATE", "Send no more than this: \"10Mbit\""},
      Setting{"burst", "SIZE", "Of a rate alone: bytes that may be sent at once"},
      Setting{"limit", "N", "Packets that are held at most"}};
  for (const Setting& one : kSettings)
    command
        ->add_option_function<std::string>(
            fmt::format("--{}", one.key),
            [options, key = std::string(one.key)](const std::string& value) { options->said.emplace_back(key, value); },
            one.help)
        ->type_name(one.type);
  command->add_flag("--clear", options->clear, "Give back what the lab's file says");
  describe(*command,
           {{"netrig impair two-hosts h1:eth0 --delay 50ms --loss 1%",
             "until it is cleared, or up mends what the file says of it"},
            {"netrig impair two-hosts 'h*:eth0' --rate 10Mbit", "at both ends"},
            {"netrig impair two-hosts 'h*:*'", "show what is there"},
            {"netrig impair two-hosts 'h*:*' --clear", "as the lab's file says"}},
           {{"0", "done"},
            {"1", "the kernel refuses it"},
            {"2", "the command line is wrong"},
            {"3", "a privilege is missing"},
            {"6", "this kernel has no netem, or no tbf"},
            {"7", "no such lab is up, or it has no such interface"}});
  command->callback(
      [options, &action] { action = [options](Session& session) { return impair_lab(session, *options); }; });
}

}  // namespace netrig::cli
