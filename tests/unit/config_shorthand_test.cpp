// SPDX-License-Identifier: Apache-2.0
// What need not be written out: repetition, variables, includes, groups, links and lans; and that a lab written out is
// the same lab.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <map>

#include "catch.hpp"
#include "fake_drivers.hpp"

using namespace netrig;

namespace {

const std::string kLabHead = "[lab]\nname = \"x\"\n";

/// Files that include each other; "lab.toml" is the lab.
struct Labs {
  std::map<std::string, std::string> files = {};
  std::vector<std::string> set = {};
  std::string name = {};
  std::string directory = {};  ///< where what `files` of a namespace name is; empty: nowhere
};

config::Source::ReadContents contents_in(const std::string& directory) {
  if (directory.empty()) return {};
  return
      [=](const std::string& path, const std::string&) { return config::read_contents(path, directory + "/" + path); };
}

config::Parsed read_labs(const Labs& given, bool expand = false) {
  const config::Source source{.file = "labs/lab.toml",
                              .read =
                                  [&](const std::string& path, const std::string&) {
                                    const auto found = given.files.find(path);
                                    if (found == given.files.end()) throw Error(ErrorCode::invalid, "is not there");
                                    return found->second;
                                  },
                              .contents = contents_in(given.directory),
                              .set = given.set,
                              .name = given.name,
                              .expand = expand};
  return config::parse(given.files.at("lab.toml"), source, fake_drivers());
}

Lab short_lab(const std::string& text) { return read_labs({.files = {{"lab.toml", kLabHead + text}}}).lab; }

std::string fault_of(const Labs& given) {
  try {
    read_labs(given);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}
/// Lines of `text` count from 3.
std::string fault_of(const std::string& text) { return fault_of({.files = {{"lab.toml", kLabHead + text}}}); }
std::vector<config::Warning> short_warnings(const std::string& text) {
  return read_labs({.files = {{"lab.toml", kLabHead + text}}}).warnings;
}

std::vector<std::string> space_names(const Lab& lab) {
  std::vector<std::string> names;
  for (const Namespace& space : lab.namespaces) names.push_back(space.name.str());
  return names;
}
std::vector<std::string> route_names(const Namespace& space) {
  std::vector<std::string> routes;
  for (const Route& route : space.of<Route>()) routes.push_back(route.destination.str());
  return routes;
}
std::vector<std::string> address_names(const Interface& interface) {
  std::vector<std::string> addresses;
  for (const Address& address : interface.of<Address>()) addresses.push_back(address.prefix.str());
  return addresses;
}
std::map<std::string, std::string> sysctl_values(const std::vector<Sysctl>& all) {
  std::map<std::string, std::string> found;
  for (const Sysctl& one : all) found.emplace(one.key_text, *one.value);
  return found;
}

using ShortWords = std::vector<std::string>;

void check_same_lab(const Lab& one, const Lab& other) {
  CHECK(one.name.str() == other.name.str());
  CHECK(one.description == other.description);
  CHECK(one.foreign == other.foreign);
  CHECK(one.prefix == other.prefix);
  CHECK((one.namespaces == other.namespaces));
  CHECK((one.devices == other.devices));
  CHECK((one.services == other.services));
  CHECK((one.tests == other.tests));
}

/// Written out, it is the same lab; and there is nothing left to write out.
std::string check_round_trip(const Labs& given) {
  const config::Parsed first = read_labs(given, true);
  INFO(first.expanded);
  for (const char* shorthand : {"[[repeat]]", "[[link]]", "[lan.", "[group.", "include =", "for =", "when ="})
    CHECK(first.expanded.find(shorthand) == std::string::npos);
  const config::Parsed second = config::parse(
      first.expanded, config::Source{.file = "labs/lab.toml", .contents = contents_in(given.directory), .expand = true},
      fake_drivers());
  check_same_lab(first.lab, second.lab);
  CHECK(second.expanded == first.expanded);
  // And as its record keeps it.
  check_same_lab(first.lab, config::parse_source(first.lab.source, "labs/lab.toml", fake_drivers()).lab);
  return first.expanded;
}

const std::string kTwoSpaces = "[namespace.a]\n[namespace.b]\n";

}  // namespace

TEST_CASE("plain namespaces are a list") {
  CHECK(
      space_names(short_lab("namespaces = [\"h1\", { for = { i = \"2..3\" }, value = \"h{i}\" }]\n[namespace.r]\n")) ==
      ShortWords{"h1", "h2", "h3", "r"});
  CHECK(fault_of("namespaces = [\"h1\"]\n[namespace.h1]\n") ==
        "labs/lab.toml:4:12: namespace \"h1\" is there already, in line 3");
  CHECK_THAT(fault_of("namespaces = \"h1\"\n"), ContainsSubstring("labs/lab.toml:3:14: namespaces is a string"));
}

TEST_CASE("an element of any list stands for as many as its for says") {
  const Lab lab =
      short_lab(kTwoSpaces +
                "[namespace.r]\nroutes = [{ to = \"10.9.0.0/16\", type = \"blackhole\" }, { for = { j = "
                "\"1..4\" }, when = \"{j != 2}\", to = \"10.{j}.0.0/16\", type = \"blackhole\", metric = "
                "\"{j*10}\" }]\nlo = [{ for = { i = \"1..2\" }, value = \"10.255.0.{i}/32\" }]\n"
                "[device.w]\ndriver = \"veth\"\ninterfaces = [{ for = { n = [\"a\", \"b\"] }, namespace = "
                "\"{n}\", name = \"e{#n}\", altnames = [{ for = { k = \"1..2\" }, value = \"{n}{k}\" }] }]\n"
                "[[test]]\nfor = { n = [\"a\", \"b\"] }\nname = \"from {n}\"\nfrom = \"{n}\"\n"
                "exec = { command = [\"echo\", { for = { k = \"1..3\" }, value = \"{k}\" }] }\n");
  CHECK(route_names(lab.namespaces[2]) == ShortWords{"10.9.0.0/16", "10.1.0.0/16", "10.3.0.0/16", "10.4.0.0/16"});
  CHECK(*lab.namespaces[2].of<Route>()[3].metric == 40);
  CHECK(lab.namespaces[2].of<Address>().size() == 2);
  CHECK(lab.devices[0].interfaces[1].name.str() == "e2");
  CHECK(*lab.devices[0].interfaces[1].link.altnames == ShortWords{"b1", "b2"});
  REQUIRE(lab.tests.size() == 2);
  CHECK(lab.tests[1].name == "from b");
  CHECK(std::get<ExecCheck>(lab.tests[1].check).command == Command{"echo", "1", "2", "3"});
  CHECK(fault_of("[namespace.a]\nfor = { i = \"1..2\" }\n").find("unknown key \"for\" in namespace") !=
        std::string::npos);
}

TEST_CASE("a full mesh of static routes is one line") {
  const Lab lab = short_lab(
      "[[repeat]]\nfor = { i = \"1..20\" }\nnamespace.\"r{i}\" = { routes = [{ for = { j = \"1..20\" }, when = \"{j != "
      "i}\", to = \"10.244.{j}.0/24\", type = \"blackhole\" }] }\n");
  REQUIRE(lab.namespaces.size() == 20);
  for (const Namespace& space : lab.namespaces) CHECK(space.of<Route>().size() == 19);
}

TEST_CASE("bounds of a range may use variables before it, and come to nothing") {
  CHECK(space_names(short_lab("[[repeat]]\nfor = { i = \"1..3\", j = \"{i+1}..3\" }\nnamespace.\"n{i}-{j}\" = {}\n")) ==
        ShortWords{"n1-2", "n1-3", "n2-3"});
  CHECK(
      space_names(short_lab("[[repeat]]\nfor = { i = \"1..3\" }\nwhen = \"{i % 2}\"\nnamespace.\"n{i:02x}\" = {}\n")) ==
      ShortWords{"n01", "n03"});
  CHECK(space_names(short_lab("[[repeat]]\nfor = { i = \"171..171\" }\nnamespace.\"n{i:x}-{i:04x}\" = {}\n")) ==
        ShortWords{"nab-00ab"});
  CHECK_THAT(fault_of("[[repeat]]\nfor = { i = \"3..1\" }\n"), ContainsSubstring("range \"3..1\" runs backwards"));
}

TEST_CASE("comparisons give 1 or 0, of strings too") {
  const auto one = [](const std::string& when) {
    return space_names(short_lab("[[repeat]]\nfor = { i = \"5..5\", s = [\"leaf\"] }\nwhen = \"" + when +
                                 "\"\nnamespace.n = {}\n"))
               .size() == 1;
  };
  for (const char* yes : {"{i == 5}", "{i != 4}", "{i <= 5}", "{i >= 5}", "{i < 6}", "{i > 4}", "{s == 'leaf'}",
                          "{s != 'spine'}", "{(i == 5) + (s == 'x')}", "{i}"})
    CHECK(one(yes));
  for (const char* no : {"{i == 4}", "{i < 5}", "{i > 5}", "{s == 'spine'}", "{i - 5}", "{(i == 5) * (s == 'x')}"})
    CHECK_FALSE(one(no));
  const auto wrong = [](const std::string& when) {
    return fault_of("[[repeat]]\nfor = { i = \"5..5\", s = [\"leaf\"] }\nwhen = " + when + "\nnamespace.n = {}\n");
  };
  CHECK(wrong("\"{i == s}\"") == "labs/lab.toml:5:8: {i == s}: compares 5 with \"leaf\" (i = 5, s = \"leaf\")");
  CHECK_THAT(wrong("\"{s}\""), ContainsSubstring("labs/lab.toml:5:8: when is \"leaf\"; it takes a comparison"));
  CHECK_THAT(wrong("\"i == 5\""), ContainsSubstring("when is not one expression; write when = \"{i != j}\""));
  CHECK_THAT(wrong("true"), ContainsSubstring("when is not one expression"));
  CHECK_THAT(wrong("\"{s + 1}\""), ContainsSubstring("\"leaf\" is no number to count with"));
}

TEST_CASE("an expression that names no variable is a slip") {
  CHECK_THAT(fault_of("[[repeat]]\nfor = { i = \"1..2\" }\nnamespace.\"n{3}\" = {}\n"),
             ContainsSubstring("labs/lab.toml:5:11: {3}: names no variable; for braces as such write {{3}}"));
  CHECK(short_lab(kTwoSpaces + "[[test]]\nname = \"x\"\nfrom = \"a\"\nexec = { command = \"echo {3}\" }\n")
            .tests.size() == 1);
}

TEST_CASE("[vars] have lists and tables, and a string that is one expression takes the type of its value") {
  const std::string vars =
      "[vars]\nmtu = 1400\nwords = [\"x\", \"y\"]\nsites = [{ name = \"ber\", net = 7, addresses = [\"10.7.0.1/24\", "
      "\"10.7.0.2/24\"], stp = true, sysctl = { \"net.ipv4.ip_forward\" = 1 } }, { name = \"muc\", net = 8, addresses "
      "= [], stp = false, sysctl = {} }]\n";
  const Lab lab =
      short_lab(vars +
                "[[repeat]]\nfor = { s = \"sites\" }\nnamespace.\"{s.name}\" = { sysctl = \"{s.sysctl}\" }\n"
                "device.\"br-{s.name}\" = { driver = \"bridge\", params = { stp = \"{s.stp}\" }, interfaces = "
                "[{ namespace = \"{s.name}\", name = \"br{#s}\", mtu = \"{mtu}\", addresses = "
                "\"{s.addresses}\" }] }\n");
  CHECK(space_names(lab) == ShortWords{"ber", "muc"});
  CHECK(sysctl_values(lab.namespaces[0].of<Sysctl>()).at("net.ipv4.ip_forward") == "1");
  CHECK(lab.namespaces[1].of<Sysctl>().empty());
  CHECK(address_names(lab.devices[0].interfaces[0]) == ShortWords{"10.7.0.1/24", "10.7.0.2/24"});
  CHECK(lab.devices[1].interfaces[0].name.str() == "br2");
  CHECK(*lab.devices[1].interfaces[0].link.mtu == 1400);
  CHECK(std::get<bool>(lab.devices[0].parameters.at("stp").values[0]));
  CHECK(space_names(
            short_lab(vars + "[[repeat]]\nfor = { w = \"words\", v = \"{words}\" }\nnamespace.\"{w}{v}\" = {}\n")) ==
        ShortWords{"xx", "xy", "yx", "yy"});
  const auto wrong = [&](const std::string& text) { return fault_of(vars + text); };
  CHECK_THAT(
      wrong("[[repeat]]\nfor = { s = \"sitse\" }\n"),
      ContainsSubstring("range \"sitse\" is not FIRST..LAST; write \"0..9\"; did you mean \"sites\" of [vars]?"));
  CHECK_THAT(wrong("[[repeat]]\nfor = { s = \"mtu\" }\n"), ContainsSubstring("\"mtu\" is 1400, not a list to go over"));
  CHECK_THAT(wrong("[[repeat]]\nfor = { s = \"sites\" }\nnamespace.\"{s.nam}\" = {}\n"),
             ContainsSubstring("{s.nam}: \"s\" has no \"nam\"; did you mean \"name\"? (#s = 1)"));
  CHECK_THAT(wrong("[[repeat]]\nfor = { s = \"sites\" }\nnamespace.\"{s}\" = {}\n"),
             ContainsSubstring("{s}: is a table, which cannot stand in a text"));
  CHECK_THAT(wrong("[[repeat]]\nfor = { mtu = \"1..2\", mtv = \"{mtw}..3\" }\n"),
             ContainsSubstring("unknown variable \"mtw\"; did you mean"));
  CHECK_THAT(fault_of("[vars]\na = 1.5\n"), ContainsSubstring("labs/lab.toml:4:5: variable \"a\" has a number with a "
                                                              "fraction in it"));
  CHECK_THAT(fault_of("[vars]\na-b = 1\n"), ContainsSubstring("labs/lab.toml:4:1: \"a-b\" cannot be a variable"));
  // What [vars] hold is no template.
  CHECK(short_lab(
            "[vars]\nrules = [\"a { b }\"]\n[namespace.a]\n[[test]]\nname = \"t\"\nfrom = \"a\"\nexec = { command = "
            "[{ for = { r = \"rules\" }, value = \"{r}\" }] }\n")
            .tests.size() == 1);
}

TEST_CASE("the command line has the last word on [vars]") {
  const auto with = [](std::vector<std::string> set) {
    return Labs{.files = {{"lab.toml", kLabHead + "[vars]\nn = 2\nname = \"h\"\nlist = [1]\n[[repeat]]\nfor = { i = "
                                                  "\"1..{n}\", j = \"list\" }\nnamespace.\"{name}{i}{j}\" = {}\n"}},
                .set = std::move(set)};
  };
  CHECK(space_names(read_labs(with({})).lab) == ShortWords{"h11", "h21"});
  const Lab lab = read_labs(with({"n=3", "name=5", "list=[7]"})).lab;
  CHECK(space_names(lab) == ShortWords{"517", "527", "537"});
  CHECK(lab.source != read_labs(with({})).lab.source);
  check_same_lab(lab, config::parse_source(lab.source, "labs/lab.toml", fake_drivers()).lab);
  CHECK(config::said_in(lab.source).set == std::vector<std::string>{"n=3", "name=5", "list=[7]"});
  CHECK(fault_of(with({"m=3"})) == "--set m=3: [vars] of the lab has no \"m\"; did you mean \"n\"?");
  CHECK(fault_of(with({"n"})) == "--set n: has no value; write --set NAME=VALUE");
  CHECK(fault_of(with({"n=\"x\""})) == "--set n=\"x\": \"n\" is an integer, as the file has it");
  CHECK(fault_of(with({"n=abc"})) == "--set n=abc: \"n\" is an integer, as the file has it");
  CHECK_THAT(fault_of(with({"n=x"})), ContainsSubstring("--set n=x"));
  CHECK_THAT(fault_of(with({"n=1\nm=2"})), ContainsSubstring("\"n\" is an integer"));
}

TEST_CASE("all that is made is counted before it is") {
  CHECK_THAT(
      fault_of(kTwoSpaces + "[[repeat]]\nfor = { i = \"1..2000\" }\nnamespace.\"n{i}\" = { routes = [{ for = { j = "
                            "\"1..2000\" }, to = \"10.0.0.0/8\", type = \"blackhole\" }] }\n"),
      ContainsSubstring("over 1000000 things; a lab has at most that many"));
  CHECK_THAT(fault_of("[namespace.a]\nroutes = [{ for = { i = \"1..1000\", j = \"1..1000\", k = \"1..1000\" }, to = "
                      "\"10.0.0.0/8\", type = \"blackhole\" }]\n"),
             ContainsSubstring("labs/lab.toml:4:19: this and what stands before it make over 1000000 things"));
  CHECK_THAT(fault_of("[vars]\nlong = \"" + std::string(100'000, 'x') +
                      "\"\n[[repeat]]\nfor = { i = \"1..1000\" }\nnamespace.\"n{i}\" = { sysctl = { \"net.x\" = "
                      "\"{long}\" } }\n"),
             ContainsSubstring("over 64 MiB of text"));
  CHECK_THAT(fault_of("[vars]\nmany = [" + fmt::format("{}", fmt::join(std::vector<int>(2000, 1), ",")) +
                      "]\n[[repeat]]\nfor = { i = \"1..1000\" }\nnamespace.\"n{i}\" = { lo = \"{many}\" }\n"),
             ContainsSubstring("over 1000000 things"));
  CHECK_THAT(fault_of("[[repeat]]\nfor = { i = \"1..100000000\" }\nwhen = \"{i < 0}\"\nnamespace.\"n{i}\" = {}\n"),
             ContainsSubstring("labs/lab.toml:4:13: this for, and those before it, go over 4000000 values"));
}

TEST_CASE("a lab file includes others, each read once") {
  const Labs given{.files = {{"lab.toml", "include = [\"net/core.toml\", \"hosts.toml\"]\n" + kLabHead +
                                              "[vars]\nn = 2\n[namespace.own]\n[[test]]\nname = \"last\"\nfrom = "
                                              "\"own\"\nexec = { command = \"true\" }\n"},
                             {"net/core.toml",
                              "include = [\"../hosts.toml\"]\n[namespace.core]\n[[test]]\nname = "
                              "\"first\"\nfrom = \"core\"\nexec = { command = \"true\" }\n"},
                             {"hosts.toml",
                              "[vars]\nn = 1\n[[repeat]]\nfor = { i = \"1..{n}\" }\nnamespace.\"h{i}\" "
                              "= {}\n"}}};
  const Lab lab = read_labs(given).lab;
  CHECK(space_names(lab) == ShortWords{"h1", "h2", "core", "own"});
  CHECK(lab.includes == ShortWords{"labs/net/core.toml", "labs/hosts.toml"});
  CHECK(lab.at(lab.namespaces[0].where) == "labs/hosts.toml:5:11");
  CHECK(lab.at(lab.namespaces[3].where) == "labs/lab.toml:6:12");
  CHECK(lab.tests[0].name == "first");
  check_round_trip(given);
  // The record changes with what is included.
  Labs other = given;
  other.files["net/core.toml"] += "# more\n";
  CHECK(read_labs(other).lab.source != lab.source);
}

TEST_CASE("what is wrong with an include names both places") {
  const auto wrong = [](std::map<std::string, std::string> files, const std::string& include = "[\"a.toml\"]") {
    files["lab.toml"] = "include = " + include + "\n" + kLabHead + "[namespace.x]\n";
    return fault_of(Labs{.files = std::move(files)});
  };
  CHECK(wrong({{"a.toml", "[namespace.y]\nroutse = []\n"}}) ==
        "labs/a.toml:2:1: unknown key \"routse\" in namespace; did you mean \"routes\"?");
  CHECK(wrong({{"a.toml", "\n[namespace.y\n"}}).starts_with("labs/a.toml:2:13: syntax: in"));
  CHECK(wrong({{"a.toml", "[namespace.x]\n"}}) ==
        "labs/lab.toml:4:12: namespace \"x\" is there already, in line 1 of labs/a.toml");
  CHECK(wrong({}) == "labs/lab.toml:1:12: cannot include it: is not there");
  // A lab's author may name any file that its reader can read: no line of it is shown.
  CHECK(wrong({{"a.toml", "root:$y$j9T$s3cr3t:19000\n"}}) ==
        "labs/a.toml:1:5: syntax: in key-value pair: expected '=', saw ':'");
  CHECK(wrong({{"a.toml", "TOKEN=hunter2\n"}}) ==
        "labs/a.toml:1:7: syntax: in value: could not determine value type; text stands in quotes");
  CHECK(wrong({}, "[\"/etc/passwd\"]") ==
        "labs/lab.toml:1:12: include \"/etc/passwd\" is no relative path; write where it is from this file");
  CHECK(wrong({{"a.toml", ""}}, "[\"a.toml\", \"./a.toml\"]") ==
        "labs/lab.toml:1:22: \"./a.toml\" is included already, in line 1");
  CHECK(wrong({{"a.toml", "include = [\"b.toml\"]\n"}, {"b.toml", "\ninclude = [\"a.toml\"]\n"}}) ==
        "labs/b.toml:2:12: files include each other in a circle: a.toml -> b.toml -> a.toml; the first is included in "
        "line 1");
  CHECK(wrong({{"a.toml", "include = [\"lab.toml\"]\n"}}) == "labs/a.toml:1:12: the lab file includes itself");
  CHECK(wrong({{"a.toml", "[lab]\nname = \"y\"\n"}}) ==
        "labs/a.toml:1:1: [lab] stands in the lab file alone, not in one that it includes, in line 1");
  CHECK(
      wrong({{"a.toml", "[vars]\nn = 1\n"}, {"b.toml", "[vars]\nn = 2\n"}}, "[\"a.toml\", \"b.toml\"]") ==
      "labs/b.toml:2:1: variable \"n\" is there already, in line 2 of labs/a.toml; say in the including file which of "
      "them it is");
  CHECK_THAT(wrong({{"a.toml", std::string(8 << 20, '#')}}), ContainsSubstring("with this file the lab has over"));
  CHECK_THROWS_AS(config::parse("include = [\"a.toml\"]\n" + kLabHead, "lab.toml", fake_drivers()), Error);
}

TEST_CASE("a group has keys for its members, and a member has the last word") {
  const Lab lab = short_lab(
      "[group.all]\nmembers = \"*\"\nsysctl = { \"net.ipv4.ip_forward\" = 0, \"net.core.somaxconn\" = 64 }\nforeign = "
      "\"keep\"\n[group.routers]\nmembers = [\"r*\", \"core\"]\nsysctl = { \"net.ipv4.ip_forward\" = 1 }\nroutes = [{ "
      "for = { i = \"1..2\" }, to = \"10.{i}.0.0/16\", type = \"blackhole\" }]\n"
      "[namespace.core]\nsysctl = { \"net.core.somaxconn\" = 65 }\nroutes = []\n[namespace.h]\n"
      "[[repeat]]\nfor = { i = \"1..2\" }\nnamespace.\"r{i}\" = { foreign = \"remove\" }\n");
  REQUIRE(space_names(lab) == ShortWords{"core", "h", "r1", "r2"});
  using Map = std::map<std::string, std::string>;
  CHECK(sysctl_values(lab.namespaces[0].of<Sysctl>()) ==
        Map{{"net.ipv4.ip_forward", "1"}, {"net.core.somaxconn", "65"}});
  CHECK(sysctl_values(lab.namespaces[1].of<Sysctl>()) ==
        Map{{"net.ipv4.ip_forward", "0"}, {"net.core.somaxconn", "64"}});
  CHECK(route_names(lab.namespaces[0]).empty());
  CHECK(route_names(lab.namespaces[3]) == ShortWords{"10.1.0.0/16", "10.2.0.0/16"});
  CHECK(lab.namespaces[1].foreign == Foreign::keep);
  CHECK(lab.namespaces[2].foreign == Foreign::remove);
  CHECK(lab.at(lab.namespaces[2].of<Route>()[0].where) == "labs/lab.toml:10:11");
  CHECK(fault_of("[group.g]\nmembers = \"*\"\nroutse = []\n") ==
        "labs/lab.toml:5:1: unknown key \"routse\" in group; did you mean \"routes\"?");
  CHECK_THAT(fault_of("[group.g]\n"), ContainsSubstring("labs/lab.toml:3:8: group \"g\" has no \"members\""));
  CHECK_THAT(fault_of("[group.g]\nmembers = \"a\"\nforwarding = 1\n[namespace.a]\n"),
             ContainsSubstring("labs/lab.toml:5:14: forwarding is an integer"));
  const auto warnings = short_warnings("[group.g]\nmembers = \"b*\"\n[namespace.a]\n");
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].message == "no namespace is a member of group \"g\"");
  const auto misspelt = short_warnings("[group.g]\nmembers = [\"a\", \"c\", \"b\", \"z*\"]\n[namespace.a]\n");
  REQUIRE(misspelt.size() == 1);
  CHECK(misspelt[0].message == "group \"g\" has members that no namespace is called: b, c");
  // Braces of a group are braces, whatever its members are made of.
  CHECK_THAT(fault_of("[group.g]\nmembers = \"*\"\nsysctl = { \"net.x\" = \"{i}\" }\n[[repeat]]\nfor = { i = \"1..1\" "
                      "}\nnamespace.\"r{i}\" = {}\n"),
             ContainsSubstring("no error"));
}

TEST_CASE("interface has keys for interfaces wherever they are made") {
  const std::string links =
      "[namespace.b]\n[[link]]\nends = [\"a:eth0\", \"b:eth0\"]\n[[link]]\nends = [\"a:eth1\", "
      "\"b:eth1\"]\n[[link]]\nends "
      "= [{ end = \"a:eth2\", mtu = 1200, sysctl = { \"ipv4.forwarding\" = 0 } }, \"b:up\"]\n";
  const Lab lab = short_lab(
      "[group.g]\nmembers = \"*\"\ninterface = { \"*\" = { txqlen = 7, mtu = 1000 } }\n"
      "[namespace.a]\ninterface = { \"eth*\" = { mtu = 9000, sysctl = { \"ipv4.forwarding\" = 1, \"ipv4.rp_filter\" = "
      "2 "
      "} }, eth1 = { mtu = 1300 } }\n" +
      links);
  const auto mtu = [&](std::size_t device, std::size_t end) {
    return *lab.devices.at(device).interfaces.at(end).link.mtu;
  };
  CHECK(mtu(0, 0) == 9000);
  CHECK(mtu(1, 0) == 1300);
  CHECK(mtu(2, 0) == 1200);
  CHECK(mtu(2, 1) == 1000);
  CHECK(*lab.devices[2].interfaces[1].link.txqlen == 7);
  CHECK(sysctl_values(lab.devices[2].interfaces[0].of<Sysctl>()).at("net.ipv4.conf.eth2.forwarding") == "0");
  CHECK(sysctl_values(lab.devices[2].interfaces[0].of<Sysctl>()).at("net.ipv4.conf.eth2.rp_filter") == "2");
  CHECK(fault_of("[namespace.a]\ninterface = { \"eth*\" = { mtu = 9000 }, \"*0\" = { mtu = 1500 } }\n" + links) ==
        "labs/lab.toml:4:55: mtu = 1500 disagrees with 9000 in line 4, and both are for interface \"eth0\"; say it by "
        "the interface's name");
  CHECK(
      fault_of("[namespace.a]\ninterface = { \"eth*\" = { mtu = 9000 }, \"*0\" = { mtu = 1500 }, eth0 = { mtu = 1400 } "
               "}\n" +
               links)
          .find("disagrees") != std::string::npos);
  CHECK_THAT(fault_of("[namespace.a]\ninterface = { eth0 = { name = \"x\" } }\n"),
             ContainsSubstring("labs/lab.toml:4:24: unknown key \"name\" in interface"));
  CHECK_THAT(fault_of("[namespace.a]\ninterface = { lo = { mtu = 1500 } }\n"),
             ContainsSubstring("lo is no interface of a device"));
  CHECK_THAT(fault_of("[namespace.a]\ninterface = { eth0 = 3 }\n"),
             ContainsSubstring("interface \"eth0\" is an integer"));
  const auto warnings = short_warnings("[namespace.a]\ninterface = { eht0 = { mtu = 1500 } }\n" + links);
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].where == "labs/lab.toml:4:22");
}

TEST_CASE("a link is a device in short") {
  const Lab lab = short_lab(
      kTwoSpaces +
      "[[link]]\nends = [\"a:eth0 192.0.2.1/24 2001:db8::1/64\", { end = \"b:eth0 10.0.0.1/30 + 4\", mac = "
      "\"02:00:00:00:00:01\", mtu = 1400 }]\nmtu = 9000\nparams = { tx_queues = 2 }\n"
      "[[link]]\nends = [\"a:eth1\", { namespace = \"b\", name = \"eth1\" }]\nprefix = [\"10.1.0.0/30\", "
      "\"2001:db8:1::/64\"]\n[[link]]\ndriver = \"macvlan\"\nends = [\"a:mv 10.2.0.1/24\"]\nparams = { parent = "
      "\"a:eth0\" }\n");
  REQUIRE(lab.devices.size() == 3);
  const Device& first = lab.devices[0];
  CHECK(first.name.str() == "a.eth0");
  CHECK(first.driver == "veth");
  CHECK(address_names(first.interfaces[0]) == ShortWords{"192.0.2.1/24", "2001:db8::1/64"});
  CHECK(address_names(first.interfaces[1]) == ShortWords{"10.0.0.5/30"});
  CHECK(*first.interfaces[0].link.mtu == 9000);
  CHECK(*first.interfaces[1].link.mtu == 1400);
  CHECK(std::get<std::int64_t>(first.parameters.at("tx_queues").values[0]) == 2);
  CHECK(lab.at(first.interfaces[1].link.mac.where) == "labs/lab.toml:6:87");
  CHECK(address_names(lab.devices[1].interfaces[0]) == ShortWords{"10.1.0.1/30", "2001:db8:1::1/64"});
  CHECK(address_names(lab.devices[1].interfaces[1]) == ShortWords{"10.1.0.2/30", "2001:db8:1::2/64"});
  CHECK(lab.devices[2].driver == "macvlan");
  const auto wrong = [](const std::string& link) { return fault_of(kTwoSpaces + "[[link]]\n" + link + "\n"); };
  CHECK_THAT(wrong("ends = [\"a\", \"b:eth0\"]"),
             ContainsSubstring("labs/lab.toml:6:9: end \"a\" names no interface; write \"NAMESPACE:INTERFACE\""));
  CHECK_THAT(wrong("ends = [\"a:eth0 192.0.2.1\", \"b:eth0\"]"),
             ContainsSubstring("labs/lab.toml:6:9: address \"192.0.2.1\" has no prefix length"));
  CHECK_THAT(wrong("ends = [\"c:eth0\", \"b:eth0\"]"), ContainsSubstring("labs/lab.toml:6:9: unknown namespace \"c\""));
  CHECK_THAT(wrong("ends = [\"a:eth0\"]"), ContainsSubstring("device \"a.eth0\" has 1 interface; a veth has 2"));
  CHECK_THAT(wrong("end = []"), ContainsSubstring("unknown key \"end\" in [[link]]; did you mean \"ends\"?"));
  CHECK_THAT(wrong("prefix = \"10.0.0.0/8\""), ContainsSubstring("[[link]] has no \"ends\""));
  CHECK_THAT(wrong("ends = [{ end = \"a:eth0\", name = \"x\" }, \"b:eth0\"]"),
             ContainsSubstring("end = \"a:eth0\" says the interface already"));
  CHECK_THAT(wrong("ends = [{ end = \"a:eth0\", mtv = 1 }, \"b:eth0\"]"),
             ContainsSubstring("labs/lab.toml:6:27: unknown key \"mtv\" in end; did you mean \"mtu\"?"));
  CHECK_THAT(wrong("ends = [\"a:eth0\", \"b:eth0\"]\nprefix = \"10.0.0.1/24\""),
             ContainsSubstring("has host bits set"));
  CHECK_THAT(wrong("ends = [\"a:eth0 10.0.0.1/24\", \"b:eth0\"]\nprefix = \"10.0.0.1/32\""),
             ContainsSubstring("labs/lab.toml:7:10: prefix 10.0.0.1/32 has no address left"));
  CHECK_THAT(
      wrong("ends = [{ end = \"a:eth0 10.0.0.1/24\", addresses = \"x\" }, \"b:eth0\"]\nprefix = \"10.0.0.0/24\""),
      ContainsSubstring("addresses is a string; write a list"));
  CHECK_THAT(wrong("ends = [\"a:eth0\", \"b:eth0\"]\nparams = 3"), ContainsSubstring("params is an integer"));
}

TEST_CASE("links in a repeat, with an address for each end") {
  const Lab lab = short_lab(
      "[[repeat]]\nfor = { i = \"1..4\" }\nnamespace.\"r{i}\" = {}\n[[repeat.link]]\nends = [\"r{i}:right\", "
      "\"r{i%4+1}:left\"]\nprefix = \"10.0.0.0/30 + {4*i-4}\"\n");
  REQUIRE(lab.devices.size() == 4);
  CHECK(lab.devices[3].name.str() == "r4.right");
  CHECK(address_names(lab.devices[3].interfaces[0]) == ShortWords{"10.0.0.13/30"});
  CHECK(address_names(lab.devices[3].interfaces[1]) == ShortWords{"10.0.0.14/30"});
  CHECK_THAT(fault_of("[[repeat]]\nfor = { i = \"1..4\" }\n[namespace.\"r{i}\"]\n"),
             ContainsSubstring("braces hold inside [[repeat]]: write [repeat.namespace.\"r{i}\"]"));
  CHECK_THAT(
      fault_of("[[repeat]]\nfor = { i = \"1..4\" }\n[[link]]\nends = [\"r{i}:a\", \"r{i}:b\"]\n"),
      ContainsSubstring(
          "labs/lab.toml:6:9: end \"r{i}:a\" has braces, and braces hold inside [[repeat]]: write [[repeat.link]]"));
  CHECK(short_lab("[[link]]\nfor = { i = \"1..2\" }\nends = [\"a:e{i}\", \"b:e{i}\"]\n" + kTwoSpaces).devices.size() ==
        2);
}

TEST_CASE("a lan is a bridge with its ports, which no pattern matches") {
  const std::string text =
      "namespaces = [\"r1\", \"h1\", \"h2\"]\n[lan.office]\nparams = { stp = true }\nprefix = \"10.0.3.0/24\"\nports = "
      "[\"r1:lan 10.0.3.1/24\", \"h1:eth0\", { end = \"h2:eth0\", name = \"desk\", mtu = 1400 }]\n"
      "[group.g]\nmembers = \"*\"\nforwarding = true\n[[test]]\nname = \"t\"\nfrom = \"o*\"\nping = { to = \"*\" }\n";
  const auto without = [&](const std::string& part) {
    std::string rest = text;
    return rest.replace(rest.find(part), part.size(), "\"*\"");
  };
  const Lab lab = short_lab(without("\"o*\""));
  CHECK(space_names(lab) == ShortWords{"r1", "h1", "h2", "office"});
  const Namespace& office = lab.namespaces[3];
  CHECK(office.is_switch);
  CHECK(sysctl_values(office.of<Sysctl>()) ==
        std::map<std::string, std::string>{{"net.ipv6.conf.all.disable_ipv6", "1"},
                                           {"net.ipv6.conf.default.disable_ipv6", "1"}});
  CHECK(picks("office", office));
  CHECK_FALSE(picks("*", office));
  REQUIRE(lab.devices.size() == 4);
  CHECK(lab.devices[0].name.str() == "office");
  CHECK(lab.devices[0].interfaces[0].name.str() == "br0");
  CHECK(lab.devices[3].name.str() == "office.desk");
  CHECK(lab.devices[3].interfaces[0].name.str() == "desk");
  CHECK(*lab.devices[3].interfaces[0].link.master == "br0");
  CHECK_FALSE(lab.devices[3].interfaces[0].link.mtu);
  CHECK(*lab.devices[3].interfaces[1].link.mtu == 1400);
  CHECK(address_names(lab.devices[2].interfaces[1]) == ShortWords{"10.0.3.2/24"});
  CHECK(address_names(lab.devices[3].interfaces[1]) == ShortWords{"10.0.3.3/24"});
  CHECK_THAT(fault_of(text), ContainsSubstring("from = \"o*\" matches no namespace"));
  const auto wrong = [](const std::string& lan) { return fault_of("namespaces = [\"h1\"]\n[lan.l]\n" + lan + "\n"); };
  CHECK_THAT(
      wrong("ports = [\"h1:eth0\", \"h1:eth1\"]"),
      ContainsSubstring("lan l has a port \"h1\" already, in line 5; give one a name: { end = \"h1:eth1\", name"));
  CHECK_THAT(wrong("ports = [{ mtu = 3 }]"), ContainsSubstring("port has no \"end\""));
  CHECK_THAT(wrong("port = []"), ContainsSubstring("unknown key \"port\" in [lan]; did you mean \"ports\"?"));
  CHECK_THAT(wrong(""), ContainsSubstring("[lan] has no \"ports\""));
}

TEST_CASE("ports of a lan are in VLANs, and its bridge looks at them") {
  const auto lan = [](const std::string& keys) {
    return short_lab("namespaces = [\"h1\", \"h2\", \"h3\", \"h4\"]\n[lan.l]\n" + keys + "\n");
  };
  const Lab lab =
      lan("ports = [\n{ end = \"h1:eth0\", access = 10, mtu = 1400 },\n{ end = \"h2:eth0\", trunk = [10, \"20-30\"], "
          "native = "
          "1, port = { cost = 5 } },\n\"h3:eth0\",\n{ end = \"h4:eth0\", trunk = [{ for = { i = \"1..2\" }, value = "
          "\"{10*i}\" }] }]");
  REQUIRE(lab.devices.size() == 5);
  CHECK(lab.devices[0].parameters.at("vlan_filtering").values == std::vector<ParameterScalar>{true});
  CHECK(lab.devices[0].parameters.at("vlan_filtering").where.line == 6);
  const auto vlans_of = [&](std::size_t device) {
    const auto& all = lab.devices[device].interfaces[0].of<Vlans>();
    return all.empty() ? std::string("-") : setting_text(*all.front().list);
  };
  CHECK(vlans_of(1) == "10 pvid untagged");
  CHECK(vlans_of(2) == "1 pvid untagged, 10, 20-30");
  CHECK(vlans_of(3) == "-");
  CHECK(vlans_of(4) == "10, 20");
  CHECK(lab.devices[1].interfaces[0].of<Vlans>().front().where.line == 6);
  CHECK(lab.devices[1].interfaces[0].of<Vlans>().front().where.column == 29);
  CHECK(*lab.devices[2].interfaces[0].of<Port>().at(0).cost == 5);
  CHECK(*lab.devices[1].interfaces[1].link.mtu == 1400);
  for (std::size_t d = 1; d < 5; ++d) {
    CHECK(lab.devices[d].interfaces[1].of<Vlans>().empty());
    CHECK(lab.devices[d].interfaces[1].of<Port>().empty());
  }
  CHECK(lan("ports = [\"h1:eth0\"]").devices[0].parameters.count("vlan_filtering") == 0);
  CHECK(lan("ports = [{ end = \"h1:eth0\", access = 1 }]\nparams = { vlan_filtering = true, stp = true }")
            .devices[0]
            .parameters.at("stp")
            .values == std::vector<ParameterScalar>{true});
  const auto wrong = [](const std::string& keys) { return fault_of("namespaces = [\"h1\"]\n[lan.l]\n" + keys + "\n"); };
  CHECK_THAT(wrong("ports = [{ end = \"h1:eth0\", access = 4095 }]"),
             ContainsSubstring("labs/lab.toml:5:38: access = 4095 is out of range; it can be 1 to 4094"));
  CHECK_THAT(wrong("ports = [{ end = \"h1:eth0\", access = 10, trunk = [20] }]"),
             ContainsSubstring("labs/lab.toml:5:50: trunk beside access"));
  CHECK_THAT(wrong("ports = [{ end = \"h1:eth0\", native = 10 }]"),
             ContainsSubstring("labs/lab.toml:5:38: native is the VLAN without tags beside those of a trunk"));
  CHECK_THAT(wrong("ports = [{ end = \"h1:eth0\", trunk = 10 }]"),
             ContainsSubstring("trunk is an integer; write a list"));
  CHECK_THAT(wrong("ports = [{ end = \"h1:eth0\", trunk = [\"30-20\"] }]"),
             ContainsSubstring("labs/lab.toml:5:38: trunk \"30-20\" runs backwards; write \"20-30\""));
  CHECK_THAT(wrong("ports = [{ end = \"h1:eth0\", trunk = [\"1-9\"], native = 5 }]"),
             ContainsSubstring("VLAN 5 is in the list already, in line 5"));
  CHECK_THAT(wrong("ports = [{ end = \"h1:eth0\", port = { coast = 5 } }]"),
             ContainsSubstring("unknown key \"coast\" in port; did you mean \"cost\"?"));
  CHECK_THAT(wrong("ports = [{ end = \"h1:eth0\", vlan = 5 }]"), ContainsSubstring("did you mean"));
  CHECK_THAT(wrong("params = { vlan_filtering = false }\nports = [{ end = \"h1:eth0\", access = 10 }]"),
             ContainsSubstring("labs/lab.toml:5:29: vlan_filtering = false, and the port in line 6 is in VLANs"));
}

TEST_CASE("a prefix stands before the names on the machine, and a lab can be called otherwise") {
  Labs given{.files = {{"lab.toml",
                        "[lab]\nname = \"x\"\nprefix = \"x.\"\nnamespaces = [\"h1\"]\n[namespace.host]\n"
                        "existing = true\n"}}};
  Lab lab = read_labs(given).lab;
  CHECK(space_names(lab) == ShortWords{"h1", "host"});
  CHECK(lab.namespaces[0].path == "/run/netns/x.h1");
  CHECK(lab.namespaces[1].path.empty());
  given.name = "second";
  lab = read_labs(given).lab;
  CHECK(lab.name.str() == "second");
  CHECK(lab.namespaces[0].path == "/run/netns/second-h1");
  check_same_lab(lab, config::parse_source(lab.source, "labs/lab.toml", fake_drivers()).lab);
  check_round_trip(given);
  given.name = "a b";
  CHECK_THROWS_AS(read_labs(given), Error);
  CHECK_THAT(fault_of({.files = {{"lab.toml", "[lab]\nname = \"x\"\nprefix = \"/\"\n"}}}),
             ContainsSubstring("lab.toml:3:10: prefix \"/\""));
}

TEST_CASE("a lab written out is the same lab") {
  for (const auto& entry : std::filesystem::directory_iterator(NETRIG_CONFIG_DIR)) {
    if (entry.path().extension() != ".toml" || entry.path().filename() == "host.toml") continue;
    INFO(entry.path());
    check_round_trip(
        {.files = {{"lab.toml", config::read_file(entry.path().string())}}, .directory = NETRIG_CONFIG_DIR});
  }
  const std::string written = check_round_trip(
      {.files = {
           {"lab.toml",
            "include = [\"vars.toml\"]\n[lab]\nname = \"x\"\ndescription = \"a \\\"b\\\"\\n\\u0007\"\nprefix = "
            "\"p-\"\nnamespaces = [\"h1\"]\n[group.g]\nmembers = \"h*\"\nsysctl = { \"net.ipv4.ip_forward\" = 1 "
            "}\ninterface = { \"eth*\" = { mtu = 1400, sysctl = { \"ipv4.forwarding\" = 1 } } }\n[lan.l]\nprefix = "
            "\"10.0.0.0/24\"\nports = [\"h1:eth0\", { for = { s = \"sites\" }, end = \"{s.name}:eth0\", mtu = "
            "\"{s.mtu}\" }]\n[[repeat]]\nfor = { s = \"sites\" }\nnamespace.\"{s.name}\" = { routes = [{ to = "
            "\"default\", via = \"10.0.0.1\", metric = \"1{#s}\" }] }\n[[repeat.test]]\nname = \"{#s}\"\ntags = "
            "[\"{#s}\"]\nfrom = \"{s.name}\"\nping = { to = \"h1\", count = \"{#s}\", max_loss = 0.5 }\n"
            "[service.web]\nnamespace = \"h1\"\ncommand = \"echo {s}\"\n"},
           {"vars.toml", "[vars]\nsites = [{ name = \"a\", mtu = 1300 }, { name = \"b\", mtu = 1301 }]\n"}}});
  CHECK_THAT(written, ContainsSubstring("tags = [\"2\"]"));
  CHECK_THAT(written, ContainsSubstring("metric = 12"));
  CHECK_THAT(written, ContainsSubstring("mtu = 1301"));
}

TEST_CASE("a command that a variable holds is what it holds") {
  const Lab lab = short_lab(
      "[vars]\nsvc = [{ argv = [\"python3\", \"-m\", \"http.server\"] }]\nafter = { namespace = \"a\", command = "
      "[\"true\", \"now\"] }\n[namespace.a]\n[[repeat]]\nfor = { s = \"svc\" }\n[[repeat.test]]\nname = \"t\"\nfrom = "
      "\"a\"\nexec = { command = \"{s.argv}\" }\nafter = \"{after}\"\n");
  CHECK(std::get<ExecCheck>(lab.tests.front().check).command == Command{"python3", "-m", "http.server"});
  REQUIRE(lab.tests.front().after.size() == 1);
  CHECK(lab.tests.front().after.front().command == Command{"true", "now"});
}

TEST_CASE("a lan is a member of the groups that name it") {
  const auto parsed =
      read_labs({.files = {{"lab.toml", kLabHead + "[group.g]\nmembers = [\"office\"]\nhostname = \"hall\"\n"
                                                   "[group.h]\nmembers = \"*\"\nforwarding = true\n"
                                                   "[namespace.a]\n[lan.office]\nports = [\"a:eth0\"]\n"}}});
  CHECK(parsed.warnings.empty());
  REQUIRE(parsed.lab.namespaces.size() == 2);
  CHECK(parsed.lab.namespaces[1].view.hostname == "hall");
  CHECK(parsed.lab.namespaces[1].is_switch);
  CHECK(parsed.lab.namespaces[1].of<Sysctl>().size() == 2);
}
