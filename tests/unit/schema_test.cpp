// SPDX-License-Identifier: Apache-2.0
// The schemas say of files what their readers say of them: every key, its type, its range and its words.
#include <netrig/driver.h>

#include <fstream>
#include <map>
#include <regex>
#include <set>

#include "../catch.hpp"
#include "config/keys.hpp"
#include "config/lab_schema.hpp"
#include "driver/policy.hpp"
#include "driver/policy_keys.hpp"
#include "fake_drivers.hpp"

using namespace netrig;
using tomlfile::SchemaJson;

namespace {

/// As much of JSON Schema as the schemas use. What it does not know it fails for.
class Validator {
 public:
  explicit Validator(SchemaJson root) : root_(std::move(root)) {}
  [[nodiscard]] bool takes(const SchemaJson& value) const { return takes(root_, value); }
  /// With all references and branches resolved that say something of a key of a table.
  void each_for(const SchemaJson& schema, const std::string& key,
                const std::function<void(const SchemaJson&)>& each) const {
    if (schema.contains("$ref")) return each_for(at(schema), key, each);
    for (const char* branch : {"allOf", "anyOf"})
      if (schema.contains(branch))
        for (const SchemaJson& one : schema[branch]) each_for(one, key, each);
    if (schema.contains("properties") && schema["properties"].contains(key)) each(schema["properties"][key]);
  }
  [[nodiscard]] const SchemaJson& definition(const std::string& name) const { return root_.at("definitions").at(name); }
  [[nodiscard]] const SchemaJson& at(const SchemaJson& reference) const {
    const std::string name = reference.at("$ref").get<std::string>().substr(std::string("#/definitions/").size());
    return definition(name);
  }

 private:
  static bool is_of_type(const std::string& type, const SchemaJson& value) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_boolean();
    if (type == "integer") return value.is_number_integer();
    if (type == "number") return value.is_number();
    throw std::logic_error("type " + type);
  }

  [[nodiscard]] bool takes(const SchemaJson& schema, const SchemaJson& value) const {
    if (schema.is_boolean()) return schema.get<bool>();
    for (const auto& [keyword, rule] : schema.items())
      if (!holds(keyword, rule, schema, value)) return false;
    return true;
  }

  [[nodiscard]] bool holds(const std::string& keyword, const SchemaJson& rule, const SchemaJson& schema,
                           const SchemaJson& value) const {
    const auto any = [&](auto&& one) { return std::any_of(rule.begin(), rule.end(), one); };
    const auto all = [&](auto&& one) { return std::all_of(rule.begin(), rule.end(), one); };
    if (keyword == "$ref") return takes(at(schema), value);
    if (keyword == "type")
      return rule.is_array() ? any([&](const SchemaJson& one) { return is_of_type(one, value); })
                             : is_of_type(rule, value);
    if (keyword == "enum") return any([&](const SchemaJson& one) { return one == value; });
    if (keyword == "const") return rule == value;
    if (keyword == "pattern")
      return !value.is_string() || std::regex_search(value.get<std::string>(), std::regex(rule.get<std::string>()));
    if (keyword == "minimum") return !value.is_number() || value >= rule;
    if (keyword == "maximum") return !value.is_number() || value <= rule;
    if (keyword == "anyOf") return any([&](const SchemaJson& one) { return takes(one, value); });
    if (keyword == "allOf") return all([&](const SchemaJson& one) { return takes(one, value); });
    if (keyword == "not") return !takes(rule, value);
    if (keyword == "if") return !takes(rule, value) || takes(schema.at("then"), value);
    if (keyword == "items")
      return !value.is_array() ||
             std::all_of(value.begin(), value.end(), [&](const SchemaJson& one) { return takes(rule, one); });
    if (keyword == "required")
      return !value.is_object() || all([&](const SchemaJson& one) { return value.contains(one.get<std::string>()); });
    if (keyword == "properties" || keyword == "additionalProperties") return !value.is_object() || keys(schema, value);
    if (keyword == "then" || keyword == "description" || keyword == "title" || keyword == "$schema" ||
        keyword == "definitions")
      return true;
    throw std::logic_error("keyword " + keyword);
  }

  [[nodiscard]] bool keys(const SchemaJson& schema, const SchemaJson& value) const {
    for (const auto& [key, one] : value.items()) {
      if (schema.contains("properties") && schema["properties"].contains(key)) {
        if (!takes(schema["properties"][key], one)) return false;
      } else if (schema.contains("additionalProperties") && !takes(schema["additionalProperties"], one)) {
        return false;
      }
    }
    return true;
  }

  SchemaJson root_;
};

/// The same as TOML, in one line.
std::string toml_of(const SchemaJson& value) {
  std::string text;
  if (value.is_array()) {
    for (const SchemaJson& one : value) text += (text.empty() ? "" : ", ") + toml_of(one);
    return "[" + text + "]";
  }
  if (!value.is_object()) return value.dump();
  for (const auto& [key, one] : value.items())
    text += (text.empty() ? "" : ", ") + SchemaJson(key).dump() + " = " + toml_of(one);
  return "{ " + text + " }";
}

std::string file_of(const SchemaJson& root) {
  std::string text;
  for (const auto& [key, one] : root.items()) text += SchemaJson(key).dump() + " = " + toml_of(one) + "\n";
  return text;
}

/// A file that is read, with a table of a section in it.
struct Frame {
  std::string file;
  std::string place;  ///< of the table, as a JSON pointer
};

const std::string kSpaces = R"("lab": { "name": "x" }, "namespace": { "a": {}, "b": {} })";
const std::string kLink = R"("link": [{ "ends": ["a:eth0 10.0.0.1/24 2001:db8::1/64", "b:eth0 10.0.0.2/24"] }])";

Frame space_frame(const std::string& keys, const std::string& place) {
  return {"{ \"lab\": { \"name\": \"x\" }, \"namespace\": { \"a\": { " + keys + " }, \"b\": {} }, " + kLink + " }",
          "/namespace/a" + place};
}
Frame interface_frame(const std::string& keys, const std::string& place) {
  return {"{ " + kSpaces +
              R"(, "device": { "d": { "driver": "veth", "interfaces": [{ "namespace": "a", "name": "eth0", )" + keys +
              R"( }, { "namespace": "b", "name": "eth0" }] } } })",
          "/device/d/interfaces/0" + place};
}
Frame bridge_frame(const std::string& keys, const std::string& place) {
  return {"{ " + kSpaces +
              R"(, "device": { "br0": { "driver": "bridge", "params": { "vlan_filtering": true },
                                        "interfaces": [{ "namespace": "a" }] },
                               "d": { "driver": "veth", "interfaces": [
                                 { "namespace": "a", "name": "eth0", "master": "br0", )" +
              keys + R"( }, { "namespace": "b", "name": "eth0" }] } } })",
          "/device/d/interfaces/0" + place};
}
Frame test_frame(const std::string& check, const std::string& place) {
  return {"{ " + kSpaces + ", " + kLink +
              R"(, "service": { "s": { "namespace": "a", "command": "true", "start": "test" } },
            "test": [{ "name": "t", "from": "a", )" +
              check + " }] }",
          "/test/0" + place};
}

const std::map<std::string, Frame>& lab_frames() {
  const std::string to = R"({ "to": "b" })";
  const std::string ping = R"("ping": )" + to;
  static const std::map<std::string, Frame> kFrames = {
      {"file", {"{ " + kSpaces + " }", ""}},
      {"lab", {"{ " + kSpaces + " }", "/lab"}},
      {"group", {"{ " + kSpaces + R"(, "group": { "g": { "members": "*" } } })", "/group/g"}},
      {"repeat", {"{ " + kSpaces + R"(, "repeat": [{ "for": { "i": "1..2" } }] })", "/repeat/0"}},
      {"device", Frame{interface_frame(R"("mtu": 1400)", "").file, "/device/d"}},
      {"link", {"{ " + kSpaces + ", " + kLink + " }", "/link/0"}},
      {"lan", {"{ " + kSpaces + R"(, "lan": { "l": { "ports": ["a:eth0"] } } })", "/lan/l"}},
      {"end", {"{ " + kSpaces + R"(, "link": [{ "ends": [{ "end": "a:eth0" }, "b:eth0"] }] })", "/link/0/ends/0"}},
      {"lan_port", {"{ " + kSpaces + R"(, "lan": { "l": { "ports": [{ "end": "a:eth0" }] } } })", "/lan/l/ports/0"}},
      {"namespace", space_frame("", "")},
      {"private", space_frame(R"("private": [{ "path": "/var/lib/misc" }])", "/private/0")},
      {"command", space_frame(R"("commands": [{ "run": "true" }])", "/commands/0")},
      {"own_file", space_frame(R"("files": { "/etc/x": { "text": "x" } })", "/files/~1etc~1x")},
      {"interface", interface_frame(R"("mtu": 1400)", "")},
      {"interface_default",
       {R"({ "lab": { "name": "x" }, "namespace": { "a": { "interface": { "eth*": {} } }, "b": {} },
             "link": [{ "ends": ["a:eth0", "b:eth0"] }] })",
        "/namespace/a/interface/eth*"}},
      {"address", interface_frame(R"("addresses": [{ "address": "10.0.0.1/24" }])", "/addresses/0")},
      {"neighbour",
       interface_frame(R"("neighbours": [{ "address": "2001:db8::2", "mac": "02:00:00:00:00:01" }])", "/neighbours/0")},
      {"impair",
       interface_frame(R"("impair": { "delay": "10ms", "jitter": "2ms", "rate": "1Mbit", "loss": 1 })", "/impair")},
      {"port", bridge_frame(R"("port": {})", "/port")},
      {"vlan", bridge_frame(R"("vlans": [{ "id": 10 }])", "/vlans/0")},
      {"route", space_frame(R"("routes": [{ "to": "10.9.0.0/16", "via": "10.0.0.2" }])", "/routes/0")},
      {"next_hop",
       space_frame(
           R"("routes": [{ "to": "10.9.0.0/16", "next_hops": [{ "via": "10.0.0.2" }, { "via": "10.0.0.3" }] }])",
           "/routes/0/next_hops/0")},
      {"rule", space_frame(R"("rules": [{ "table": 100 }])", "/rules/0")},
      {"service",
       {"{ " + kSpaces + R"(, "service": { "s": { "namespace": "a", "command": "true" } } })", "/service/s"}},
      {"ready",
       {"{ " + kSpaces + R"(, "service": { "s": { "namespace": "a", "command": "true", "ready": { "tcp": 80 } } } })",
        "/service/s/ready"}},
      {"test", test_frame(ping, "")},
      {"placed_command", test_frame(ping + R"(, "after": { "namespace": "a", "command": "true" })", "/after")},
      {"preparation", test_frame(ping + R"(, "before": { "interface": "a:eth0", "state": "down" })", "/before")},
      {"event",
       test_frame(ping + R"(, "during": [{ "at": "1s", "interface": "a:eth0", "state": "down" }])", "/during/0")},
      {"counters", test_frame(ping + R"(, "counters": { "interface": "a:eth0" })", "/counters")},
      {"capture", test_frame(ping + R"(, "capture": { "interface": "a:eth0" })", "/capture")},
      {"share", test_frame(R"("udp": { "to": "b", "share": { "interfaces": ["a:eth0", "b:eth0"] } })", "/udp/share")},
      {"ping", test_frame(ping, "/ping")},
      {"failover",
       test_frame(R"("failover": )" + to + R"(, "during": [{ "at": "1s", "interface": "a:eth0", "state": "down" }])",
                  "/failover")},
      {"tcp", test_frame(R"("tcp": )" + to, "/tcp")},
      {"udp", test_frame(R"("udp": )" + to, "/udp")},
      {"throughput", test_frame(R"("throughput": )" + to, "/throughput")},
      {"path", test_frame(R"("path": )" + to, "/path")},
      {"mtu", test_frame(R"("mtu": { "to": "b", "equals": 1500 })", "/mtu")},
      {"dns", test_frame(R"("dns": { "to": "b", "name": "x.example" })", "/dns")},
      {"http", test_frame(R"("http": )" + to, "/http")},
      {"unreachable", test_frame(R"("unreachable": { "to": "b", "protocol": "tcp" })", "/unreachable")},
      {"neighbour_check", test_frame(R"("neighbour": { "interface": "eth0", "address": "10.0.0.2" })", "/neighbour")},
      {"route_check", test_frame(R"("route": { "to": "10.0.0.2", "protocol": "tcp" })", "/route")},
      {"address_check", test_frame(R"("address": { "interface": "eth0", "address": "10.0.0.1/24" })", "/address")},
      {"link_check", test_frame(R"("link": { "interface": "eth0", "carrier": true })", "/link")},
      {"fdb_check", test_frame(R"("fdb": { "interface": "eth0", "mac": "02:00:00:00:00:01" })", "/fdb")},
      {"exec", test_frame(R"("exec": { "command": "true" })", "/exec")},
      {"verify", test_frame(R"("verify": {})", "/verify")}};
  return kFrames;
}

const std::map<std::string, Frame>& policy_frames() {
  static const std::map<std::string, Frame> kFrames = {{"policy", {"{}", ""}},
                                                       {"plugins", {R"({ "plugins": {} })", "/plugins"}},
                                                       {"labs", {R"({ "labs": {} })", "/labs"}},
                                                       {"trust", {R"({ "trust": {} })", "/trust"}},
                                                       {"limits", {R"({ "limits": {} })", "/limits"}},
                                                       {"audit", {R"({ "audit": {} })", "/audit"}},
                                                       {"driver", {R"({ "driver": { "veth": {} } })", "/driver/veth"}}};
  return kFrames;
}

/// What a reader says of a file; empty: nothing is wrong.
using Read = std::function<std::string(const std::string& text)>;

std::string refusal_by_lab_reader(const std::string& text) {
  const config::Source source{.file = "lab.toml", .contents = [](const std::string& path, const std::string&) {
                                return std::vector<config::Content>{{.path = path, .text = "x"}};
                              }};
  try {
    config::parse(text, source, fake_drivers());
  } catch (const Error& error) {
    return error.message();
  }
  return {};
}

std::string refusal_by_policy_reader(const std::string& text) {
  const std::string path = "schema-test-policy.toml";
  std::ofstream(path) << text;
  try {
    driver::load_policy({.file = path, .required = true, .development = true});
  } catch (const Error& error) {
    std::remove(path.c_str());
    return error.message();
  }
  std::remove(path.c_str());
  return {};
}

/// What a key can have goes by another key, which a schema does not look at.
bool goes_by_another(const std::string& section, const std::string& key) {
  static const std::set<std::pair<std::string, std::string>> kKeys = {
      {"rule", "suppress_prefix_length"}, {"preparation", "state"}, {"event", "state"}};
  return kKeys.contains({section, key});
}

/// Whether a message is about the type, the range or the words of a value, which a schema knows of, too.
bool is_of_form(const std::string& message) {
  static const std::regex kForm(
      "is (a string|an integer|a boolean|a table|a list|a number with a fraction|a date or time)[;,]|is a list of "
      "strings, "
      "not|holds (an integer|a table)|is out of range|is not known; it can be|unknown key|is not a duration|is not a "
      "rate|is "
      "not a MAC address|is a percentage|is not a table|cannot be granted");
  return std::regex_search(message, kForm);
}

void collect(const Validator& schema, const SchemaJson& one, std::vector<SchemaJson>& values) {
  if (one.contains("enum"))
    for (const SchemaJson& word : one["enum"]) values.push_back(word);
  for (const char* bound : {"minimum", "maximum"})
    if (one.contains(bound))
      for (const int step : {-1, 0, 1}) {
        const auto value = one[bound].get<std::int64_t>();
        values.emplace_back(value + step);
      }
  if (one.contains("$ref")) return;
  for (const char* branch : {"allOf", "anyOf"})
    if (one.contains(branch))
      for (const SchemaJson& below : one[branch]) collect(schema, below, values);
}

/// Values of every type, and those at the edges of what the schema says of a key.
std::vector<SchemaJson> values_for(const Validator& schema, const SchemaJson& section, const std::string& key) {
  std::vector<SchemaJson> values;
  for (const char* text :
       {"true", "7", "-7", "1.5", "\"text\"", "\"\"", "\"10\"", "[\"text\"]", "[7]", "[true]", "[]", "{ \"x\": 1 }",
        "[{ \"x\": 1 }]", "\"5s\"", "\"10Mbit\"", "\"1MiB\"", "\"02:00:00:00:00:01\""})
    values.push_back(SchemaJson::parse(text));
  schema.each_for(section, key, [&](const SchemaJson& one) { collect(schema, one, values); });
  return values;
}

void compare(const std::vector<const tomlfile::Section*>& sections, const std::map<std::string, Frame>& frames,
             const SchemaJson& root, const Read& refusal_of) {
  const Validator schema(root);
  for (const tomlfile::Section* section : sections) {
    INFO("section " << section->name());
    REQUIRE(frames.contains(section->name()));
    const Frame& frame = frames.at(section->name());
    const SchemaJson file = SchemaJson::parse(frame.file);
    const SchemaJson::json_pointer pointer(frame.place);
    CHECK(refusal_of(file_of(file)) == "");
    CHECK(schema.takes(file));
    const SchemaJson& rows = section == sections.front() ? root : schema.definition(section->name());
    std::set<std::string> known;
    for (const tomlfile::Key& row : section->keys()) {
      const std::string key(row.name);
      CHECK_FALSE(row.help.empty());
      CHECK(known.insert(key).second);
      for (const SchemaJson& value : values_for(schema, rows, key)) {
        SchemaJson changed = file;
        changed[pointer][key] = value;
        const std::string text = file_of(changed);
        const std::string refusal = refusal_of(text);
        const bool taken = schema.takes(changed);
        INFO(text << "reader: " << refusal);
        if (!taken) CHECK_FALSE(refusal.empty());
        // Times have units, so a schema cannot compare them.
        const bool is_range = refusal.find("is out of range") != std::string::npos && value.is_string();
        if (is_of_form(refusal) && !is_range && !goes_by_another(section->name(), key)) CHECK_FALSE(taken);
      }
    }
    SchemaJson changed = file;
    changed[pointer]["no_such_key"] = 1;
    CHECK_FALSE(schema.takes(changed));
    CHECK_FALSE(refusal_of(file_of(changed)).empty());
  }
}

std::vector<std::shared_ptr<const DriverDescription>> drivers() {
  std::vector<std::shared_ptr<const DriverDescription>> all;
  const config::Drivers lookup = fake_drivers();
  for (const std::string& kind : lookup.kinds()) all.push_back(lookup.find(kind));
  return all;
}

bool takes_lab(const std::string& rest) {
  static const Validator kSchema(config::lab_schema(drivers()));
  return kSchema.takes(SchemaJson::parse("{ " + kSpaces + ", " + rest + " }"));
}

/// The keys that each entry of the manual page has in bold, by the entry's first line without its roff.
std::map<std::string, std::set<std::string>> keys_of_manual(const std::string& path) {
  std::ifstream file(path);
  REQUIRE(file);
  static const std::regex kBold(R"(\\fB([a-z0-9_]+)\\fR|^\.B ([a-z0-9_]+)$)");
  std::map<std::string, std::set<std::string>> entries;
  std::string entry;
  bool begins = false;
  for (std::string line; std::getline(file, line);) {
    if (line == ".TP" || line.starts_with(".SH")) {
      begins = line == ".TP";
      continue;
    }
    if (begins) {
      entry = std::regex_replace(line.substr(line.find(' ') + 1), std::regex(" "), "");
      entries[entry];
      begins = false;
      continue;
    }
    for (auto word = std::sregex_iterator(line.begin(), line.end(), kBold); word != std::sregex_iterator(); ++word)
      entries[entry].insert((*word)[(*word)[1].matched ? 1 : 2].str());
  }
  return entries;
}

/// Keys of checks and of what belongs to a test, which docs/testing.md has.
bool is_of_tests(const std::string& section) {
  static const std::set<std::string> kOthers = {"placed_command",
                                                "preparation",
                                                "event",
                                                "counters",
                                                "capture",
                                                "share",
                                                "ping",
                                                "failover",
                                                "tcp",
                                                "udp",
                                                "throughput",
                                                "path",
                                                "mtu",
                                                "dns",
                                                "http",
                                                "unreachable",
                                                "neighbour_check",
                                                "route_check",
                                                "address_check",
                                                "link_check",
                                                "fdb_check",
                                                "exec",
                                                "verify"};
  return kOthers.contains(section);
}

}  // namespace

TEST_CASE("the manual page of lab files has every key, and no other") {
  static const std::map<std::string, std::string> kEntries = {{"lab", "[lab]"},
                                                              {"group", "[group.NAME]"},
                                                              {"namespace", "[namespace.NAME]"},
                                                              {"device", "[device.NAME]"},
                                                              {"link", "[[link]]"},
                                                              {"lan", "[lan.NAME]"},
                                                              {"repeat", "[[repeat]]"},
                                                              {"test", "[[test]]"},
                                                              {"service", "[service.NAME]"},
                                                              {"private", "private"},
                                                              {"own_file", "files"},
                                                              {"command", "commands"},
                                                              {"route", "routes"},
                                                              {"next_hop", "next_hops"},
                                                              {"rule", "rules"},
                                                              {"interface", "interfaces"},
                                                              {"end", "ends"},
                                                              {"lan_port", "ports"},
                                                              {"address", "addresses"},
                                                              {"neighbour", "neighbours"},
                                                              {"impair", "impair"},
                                                              {"vlan", "vlans"},
                                                              {"port", "port"},
                                                              {"ready", "ready"}};
  const auto manual = keys_of_manual(NETRIG_TEST_DIR "/../docs/man/netrig.toml.5");
  for (const tomlfile::Section* section : config::all_keys()) {
    INFO("section " << section->name());
    // The page says "any key of" these.
    const tomlfile::Section* included = section->name() == "group" ? &config::namespace_keys()
                                        : section->name() == "end" || section->name() == "lan_port"
                                            ? &config::interface_default_keys()
                                            : nullptr;
    std::set<std::string> keys;
    for (const tomlfile::Key& key : section->keys())
      if (key.type != "refused" && (included == nullptr || !included->has(key.name))) keys.emplace(key.name);
    if (section->name() == "file") {
      for (const std::string& key : keys) {
        INFO("key " << key);
        CHECK((manual.contains(key) || manual.contains("[" + key + "]") || manual.contains("[[" + key + "]]") ||
               manual.contains("[" + key + ".NAME]")));
      }
    } else if (section->name() != "interface_default" && !is_of_tests(section->name())) {
      REQUIRE(kEntries.contains(section->name()));
      REQUIRE(manual.contains(kEntries.at(section->name())));
      CHECK(manual.at(kEntries.at(section->name())) == keys);
    }
  }
}

TEST_CASE("the schema of lab files takes and refuses what their reader does, key by key") {
  compare(config::all_keys(), lab_frames(), config::lab_schema(drivers()), refusal_by_lab_reader);
}

TEST_CASE("the schema of the policy takes and refuses what its reader does, key by key") {
  compare(driver::all_policy_keys(), policy_frames(),
          tomlfile::schema_of(driver::all_policy_keys(), {.title = "policy"}), refusal_by_policy_reader);
}

TEST_CASE("the schema knows the parameters of each driver, and marks others") {
  const std::string ends = R"("ends": ["a:eth0", "b:eth0"])";
  CHECK(takes_lab(R"("link": [{ )" + ends + R"(, "params": { "tx_queues": 4 } }])"));
  CHECK(takes_lab(R"("link": [{ )" + ends + R"(, "driver": "veth", "params": { "tx_queues": 4 } }])"));
  CHECK_FALSE(takes_lab(R"("link": [{ )" + ends + R"(, "params": { "tx_queues": 4097 } }])"));
  CHECK_FALSE(takes_lab(R"("link": [{ )" + ends + R"(, "params": { "queues": 4 } }])"));
  CHECK_FALSE(takes_lab(R"("link": [{ )" + ends + R"(, "params": { "stp": true } }])"));
  CHECK_FALSE(takes_lab(R"("link": [{ )" + ends + R"(, "driver": "vethh" }])"));
  CHECK(takes_lab(R"("lan": { "l": { "ports": ["a:eth0"], "params": { "stp": true, "hello_time": "2s" } } })"));
  CHECK_FALSE(takes_lab(R"("lan": { "l": { "ports": ["a:eth0"], "params": { "tx_queues": 4 } } })"));
  const auto device = [](const std::string& driver, const std::string& more) {
    return takes_lab(R"("device": { "d": { "driver": ")" + driver + R"(", "interfaces": [{ "namespace": "a" }])" +
                     more + " } }");
  };
  CHECK(device("macvlan", R"(, "params": { "parent": "a:eth0", "mode": "private", "macs": ["02:00:00:00:00:01"] })"));
  CHECK_FALSE(device("macvlan", R"(, "params": { "parent": "a:eth0", "mode": "public" })"));
  CHECK_FALSE(device("macvlan", R"(, "params": { "parent": "a:eth0", "macs": "02:00:00:00:00:01" })"));
  CHECK_FALSE(device("macvlan", R"(, "params": { "mode": "private" })"));
  CHECK_FALSE(device("macvlan", ""));
  CHECK(device("bridge", ""));
}

TEST_CASE("the schema takes what repeats, and what braces stand for") {
  CHECK(takes_lab(
      R"("link": [{ "for": { "i": "1..2" }, "when": "{i != 1}", "ends": ["a:e{i}", "b:e{i}"], "mtu": "{i}" }])"));
  CHECK(takes_lab(R"("group": { "g": { "members": "*", "routes": "{routes}" } })"));
  CHECK(takes_lab(R"("lan": { "l": { "ports": [{ "for": { "i": "1..2" }, "value": "a:e{i}" }] } })"));
  CHECK_FALSE(takes_lab(R"("lan": { "l": { "for": { "i": "1..2" }, "ports": [] } })"));
}

TEST_CASE("a type that cannot be read and a section that is not there are told to who writes the row") {
  using tomlfile::Section;
  const auto error_of = [](std::string_view type) -> std::string {
    const Section section("file", {{"key", type, "help"}});
    try {
      tomlfile::schema_of({&section}, {.title = "t"});
    } catch (const std::logic_error& error) {
      return error.what();
    }
    return "none";
  };
  CHECK(error_of("[string | integer 1..7]") == "none");
  CHECK(error_of("strin") == "there is no section \"strin\"");
  CHECK(error_of("[string") == "\"[string\" is no type of a key");
  CHECK(error_of("\"a") == "\"\"a\" is no type of a key");
  const Section file("file", {{"key", "string", "help"}});
  const Section other("other", {{"key", "string", "help"}});
  CHECK_THROWS_AS(tomlfile::schema_of({&file, &other}, {.title = "t"}), std::logic_error);
}
