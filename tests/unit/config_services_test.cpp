// SPDX-License-Identifier: Apache-2.0
// `[service.NAME]`: every key, what a pattern makes of it, and what is wrong where it stands.
#include "catch.hpp"
#include "fake_drivers.hpp"
#include "session/commands.hpp"

using namespace netrig;
using namespace std::chrono_literals;

namespace {

/// Keys of service s, from line 6 on.
std::string service_text(const std::string& keys, const std::string& more = "") {
  return "[lab]\nname = \"x\"\n[namespace.r1]\n[namespace.r2]\n[service.s]\n" + keys + "\n" + more;
}
Lab service_lab(const std::string& text) { return config::parse(text, "lab.toml", fake_drivers()).lab; }

std::string refusal_of(const std::string& text) {
  try {
    service_lab(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

const std::string kLeast = "namespace = \"r1\"\ncommand = [\"true\"]\n";  // lines 6 and 7

Service service_of(const std::string& keys) { return service_lab(service_text(kLeast + keys)).services.at(0); }
void wrong_service(const std::string& keys, const std::string& message) {
  INFO(keys);
  CHECK_THAT(refusal_of(service_text(kLeast + keys)), ContainsSubstring(message));
}

std::vector<std::string> names(const Lab& lab) {
  std::vector<std::string> all;
  for (const Service& service : lab.services) {
    std::string text = service.name + " in " + service.space;
    for (const std::string& before : service.after) text += " after " + before;
    all.push_back(text);
  }
  return all;
}

}  // namespace

TEST_CASE("a service that says the least has the defaults that the document names") {
  const Service service = service_of("");
  CHECK(service.name == "s");
  CHECK(service.space == "r1");
  CHECK(service.start == Service::Start::up);
  CHECK(service.timeout == 10s);
  CHECK(service.stop == 5s);
  CHECK_FALSE(service.forks);
  CHECK(service.user.empty());
  CHECK(service.directory.empty());
  CHECK(service.environment.empty());
  CHECK(service.log == 1U << 20U);
}

TEST_CASE("every key of a service is read") {
  CHECK(service_of("start = \"test\"").start == Service::Start::test);
  CHECK(service_of("start = \"up\"").start == Service::Start::up);
  CHECK(service_of("stop = \"250ms\"").stop == 250ms);
  CHECK(service_of("stop = \"0ms\"").stop == 0ms);
  CHECK(service_of("forks = true").forks);
  CHECK(service_of("user = \"frr\"").user == "frr");
  CHECK(service_of("directory = \"/var/lib\"").directory == "/var/lib");
  CHECK(service_of("log = 65536").log == 65536);
  CHECK(service_of("log = \"64KiB\"").log == 65536);
  CHECK(service_of("log = \"2MiB\"").log == 2U << 20U);
  CHECK(service_of("log = 0").log == 0);
  CHECK(service_of("ready = { udp = 53 }").ready.udp_port == 53);
  using Variables = std::vector<std::pair<std::string, std::string>>;
  CHECK(service_of("environment = { B = \"two\", A = 1 }").environment == Variables{{"A", "1"}, {"B", "two"}});
}

TEST_CASE("what is wrong with a service is told where it stands") {
  wrong_service("start = \"boot\"", "lab.toml:8:9: start = \"boot\" is not known; it can be \"up\", \"test\"");
  wrong_service("stop = \"-1s\"", "lab.toml:8:8");
  wrong_service("stop = 5", "lab.toml:8:8");
  wrong_service("forks = \"yes\"", "lab.toml:8:9");
  wrong_service("user = \"\"", "lab.toml:8:8: user is empty");
  wrong_service("directory = \"var\"", "lab.toml:8:13: directory \"var\" is not absolute");
  wrong_service("log = \"1MB\"",
                "lab.toml:8:7: log = \"1MB\" is a size as tc(8) writes it, 1048576 bytes; write \"1MiB\"");
  wrong_service("log = \"1TiB\"",
                "lab.toml:8:7: log = \"1TiB\" is no size from 0 to 1GiB; write bytes, \"64KiB\" or \"1MiB\"");
  wrong_service("log = \"99999999999GiB\"", "lab.toml:8:7");
  wrong_service("log = 100", "lab.toml:8:7: log is less than 4096 bytes; 0 keeps nothing");
  wrong_service("environment = { \"A=B\" = \"x\" }", "lab.toml:8:17: \"A=B\" is no name of a variable");
  wrong_service("environment = { NETRIG_LAB = \"x\" }", "lab.toml:8:17: NETRIG_LAB is netrig's own");
  wrong_service("environment = { A = true }", "lab.toml:8:21");
  wrong_service("env = { A = \"x\" }", "lab.toml:8:1: unknown key \"env\" in service; did you mean \"environment\"?");
  wrong_service("workdir = \"/\"", "did you mean \"directory\"?");
  wrong_service("ready = { tcp = 1, udp = 1 }", "lab.toml:8:9: ready takes one of");
  wrong_service("after = \"t\"", "lab.toml:8:9: after: there is no [service.t]");
  CHECK_THAT(refusal_of(service_text("command = \"true\"")), ContainsSubstring("namespace"));
  CHECK_THAT(refusal_of(service_text("namespace = \"r1\"")), ContainsSubstring("command"));
  CHECK_THAT(
      refusal_of(service_text("command = \"true\"\nnamespace = \"r3\"")),
      ContainsSubstring("lab.toml:7:13: service \"s\": namespace = \"r3\" is no namespace of the lab; did you mean "
                        "\"r1\"?"));
  CHECK_THAT(refusal_of(service_text("command = \"true\"\nnamespace = [\"r1\", \"h*\"]")),
             ContainsSubstring("lab.toml:7:20: service \"s\": namespace = \"h*\" matches no namespace"));
  CHECK_THAT(refusal_of(service_text("command = \"true\"\nnamespace = []")),
             ContainsSubstring("lab.toml:7:13: namespace is an empty list"));
}

TEST_CASE("a service of a pattern or a list is one in each namespace, after that of the same one") {
  CHECK(names(service_lab(service_text("namespace = \"r*\"\ncommand = \"true\""))) ==
        std::vector<std::string>{"s@r1 in r1", "s@r2 in r2"});
  CHECK(names(service_lab(service_text("namespace = [\"r2\"]\ncommand = \"true\""))) ==
        std::vector<std::string>{"s@r2 in r2"});
  CHECK(names(service_lab(service_text("namespace = [\"r2\", \"r*\"]\ncommand = \"true\""))) ==
        std::vector<std::string>{"s@r2 in r2", "s@r1 in r1"});
  CHECK(names(service_lab(service_text("namespace = \"r*\"\ncommand = \"true\"",
                                       "[service.t]\nnamespace = \"r*\"\ncommand = \"true\"\nafter = \"s\"\n"
                                       "[service.u]\nnamespace = \"r1\"\ncommand = \"true\"\nafter = [\"t@r2\"]\n"))) ==
        std::vector<std::string>{"s@r1 in r1", "s@r2 in r2", "t@r1 in r1 after s@r1", "t@r2 in r2 after s@r2",
                                 "u in r1 after t@r2"});
  CHECK(names(service_lab(service_text("namespace = \"r1\"\ncommand = \"true\"",
                                       "[service.t]\nnamespace = \"r2\"\ncommand = \"true\"\nafter = \"s\"\n"))) ==
        std::vector<std::string>{"s in r1", "t in r2 after s"});
}

TEST_CASE("services that wait for each other, or for tests, are refused") {
  CHECK_THAT(refusal_of(service_text(kLeast + "after = \"t\"",
                                     "[service.t]\nnamespace = \"r1\"\ncommand = \"true\"\nafter = \"s\"")),
             ContainsSubstring("services wait for each other in a circle: s -> t -> s"));
  CHECK_THAT(refusal_of(service_text(kLeast + "after = \"s\"")),
             ContainsSubstring("lab.toml:8:9: services wait for each other"));
  CHECK_THAT(refusal_of(service_text(kLeast + "after = \"t\"",
                                     "[service.t]\nnamespace = \"r1\"\ncommand = \"true\"\nstart = \"test\"")),
             ContainsSubstring("lab.toml:8:9: after = \"t\" starts only with tests"));
  CHECK_THAT(refusal_of(service_text("namespace = \"r*\"\ncommand = \"true\"",
                                     "[service.\"s@r1\"]\nnamespace = \"r1\"\ncommand = \"true\"\n")),
             ContainsSubstring("service \"s@r1\" is there already, in line 5"));
}

TEST_CASE("tests name services by name, by what the file calls them, or by pattern") {
  const std::string test = "[[test]]\nname = \"t\"\nfrom = \"r1\"\nexec = { command = \"true\" }\nservices = ";
  const Lab lab = service_lab(service_text("namespace = \"r*\"\ncommand = \"true\"", test + "\"s\""));
  CHECK(lab.services_like("s").size() == 2);
  CHECK(lab.services_like("s@r2").size() == 1);
  CHECK(lab.services_like("*@r1").size() == 1);
  CHECK_THAT(refusal_of(service_text("namespace = \"r*\"\ncommand = \"true\"", test + "\"s@r3\"")),
             ContainsSubstring("services: there is no [service.s@r3]"));
}

TEST_CASE("only what a service is makes it another, not how it is waited for") {
  const std::uint64_t print = fingerprint_of(service_of(""));
  for (const char* keys : {"timeout = \"1m\"", "ready = { tcp = 1 }", "start = \"test\""}) {
    INFO(keys);
    CHECK(fingerprint_of(service_of(keys)) == print);
  }
  for (const char* keys : {"stop = \"1s\"", "forks = true", "user = \"a\"", "directory = \"/x\"", "log = 0",
                           "environment = { A = \"1\" }"}) {
    INFO(keys);
    CHECK(fingerprint_of(service_of(keys)) != print);
  }
}

TEST_CASE("the policy decides which commands of a lab run") {
  using driver::LabCommands;
  using session::CommandUse;
  const std::string tests = "[[test]]\nname = \"t\"\nfrom = \"r1\"\n";
  const auto verdict = [](LabCommands commands, CommandUse use, const std::string& text) -> std::string {
    driver::Policy policy;
    policy.file = "/etc/netrig/host.toml";
    policy.lab_commands = commands;
    try {
      session::require_commands(policy, service_lab(text), use);
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::denied);
      return error.what();
    }
    return "allowed";
  };
  const std::string plain = "[lab]\nname = \"x\"\n[namespace.r1]\n" + tests + "ping = { to = \"192.0.2.1\" }\n";
  const std::string live = service_text(kLeast);
  const std::string quiet = service_text(kLeast + "start = \"test\"");
  const std::string exec = "[lab]\nname = \"x\"\n[namespace.r1]\n" + tests + "exec = { command = \"true\" }\n";
  const std::string before = plain + "before = [{ namespace = \"r1\", command = \"true\" }]\n";
  const std::string refused = ": labs.commands = \"never\" in /etc/netrig/host.toml";
  for (const CommandUse use : {CommandUse::up, CommandUse::test}) {
    CHECK(verdict(LabCommands::never, use, plain) == "allowed");
    CHECK_THAT(verdict(LabCommands::never, use, live),
               ContainsSubstring("lab.toml:5:10: service s runs a command") && ContainsSubstring(refused));
    CHECK_THAT(verdict(LabCommands::never, use, quiet), ContainsSubstring("lab.toml:5:10: service s"));
    CHECK_THAT(verdict(LabCommands::never, use, exec), ContainsSubstring("lab.toml:5:8: test \"t\""));
    CHECK_THAT(verdict(LabCommands::never, use, before), ContainsSubstring("lab.toml:8:11: test \"t\""));
    CHECK(verdict(LabCommands::always, use, live) == "allowed");
    CHECK(verdict(LabCommands::test, use, quiet) == "allowed");
    CHECK(verdict(LabCommands::test, use, exec) == "allowed");
  }
  CHECK(verdict(LabCommands::test, CommandUse::test, live) == "allowed");
  CHECK_THAT(verdict(LabCommands::test, CommandUse::up, live),
             ContainsSubstring("lab.toml:5:10: service s runs a command while the lab is up"));
}

TEST_CASE("services that come after too many others are refused before they are counted one by one") {
  std::string text = "[lab]\nname = \"x\"\n";
  for (int i = 0; i < 1200; ++i)
    text += "[namespace.x" + std::to_string(i) + "]\n[namespace.y" + std::to_string(i) + "]\n";
  const std::string a = "[service.a]\nnamespace = \"x*\"\ncommand = [\"true\"]\n";
  CHECK_THAT(refusal_of(text + a + "[service.b]\nnamespace = \"y*\"\nafter = [\"a\"]\ncommand = [\"true\"]\n"),
             ContainsSubstring("services would come after others over 1000000 times"));
  CHECK(service_lab(text + a + "[service.b]\nnamespace = \"x*\"\nafter = [\"a\"]\ncommand = [\"true\"]\n")
            .services.size() == 2400);
}

TEST_CASE("what services of many namespaces say is counted before it is made") {
  std::string lab = "[lab]\nname = \"many\"\n[[repeat]]\nfor = { i = \"1..9999\" }\nnamespace.\"h{i}\" = {}\n";
  lab += "[service.s]\nnamespace = \"*\"\ncommand = [\"x\", \"" + std::string(30'000, 'y') + "\"]\n";
  CHECK_THAT(refusal_of(lab), ContainsSubstring("have over 256 MiB; repeat less"));
}
