// SPDX-License-Identifier: Apache-2.0
// A lab file from a stranger costs `plan` little, whatever is in it.
#include <fmt/format.h>

#include "catch.hpp"
#include "fake_drivers.hpp"

using namespace netrig;

namespace {

const std::string kHead = "[lab]\nname = \"x\"\n[namespace.a]\n";

std::string bound_of(const std::string& text) {
  try {
    config::parse(text, "lab.toml", fake_drivers());
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

/// "part, part, part..."
std::string repeated(const std::string& part, std::size_t times, const std::string& between = "") {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += (i == 0 ? "" : between) + part;
  return text;
}

}  // namespace

TEST_CASE("keys of many parts are refused before they are parsed") {
  const std::string parts = repeated("a", 50'000, ".");
  CHECK(bound_of(kHead + "[" + parts + "]\n") == "lab.toml:4:129: this key has over 64 parts");
  CHECK(bound_of(kHead + "[[" + parts + "]]\n") == "lab.toml:4:130: this key has over 64 parts");
  CHECK(bound_of(kHead + parts + " = 1\n") == "lab.toml:4:128: this key has over 64 parts");
  CHECK(bound_of(kHead + "x = { " + parts + " = 1 }\n") == "lab.toml:4:134: this key has over 64 parts");
  CHECK(bound_of(kHead + repeated("\"\xc3\xbc\" . 'b'", 50'000, " . ") + " = 1\n") ==
        "lab.toml:4:383: this key has over 64 parts");
  // One fewer is only a key that nobody knows.
  CHECK_THAT(bound_of(kHead + "[" + repeated("a", 64, ".") + "]\n"), ContainsSubstring("unknown key \"a\""));
}

TEST_CASE("lists and tables in each other are refused before they are parsed") {
  CHECK(bound_of(kHead + "x = " + std::string(100'000, '[')) ==
        "lab.toml:4:21: lists and tables are nested over 16 deep");
  CHECK(bound_of(kHead + "x = " + repeated("{ a = ", 100'000)) ==
        "lab.toml:4:101: lists and tables are nested over 16 deep");
  // All that is allowed at once is no more than the stack takes.
  const std::string parts = repeated("a", 64, ".");
  CHECK_THAT(
      bound_of(kHead + "[" + parts + "]\n" + repeated(parts + " = { ", 16) + "b = 1" + std::string(16, '}') + "\n"),
      ContainsSubstring("unknown key \"a\""));
}

TEST_CASE("what looks deep in strings and comments is not") {
  const std::string deep = std::string(1000, '[') + repeated("a", 100, ".");
  for (const std::string& text :
       {"# " + deep, "description = \"" + deep + "\"", "description = '" + deep + "'",
        "description = \"\\\"" + deep + "\"", "description = \"\"\"\n" + deep + "\"\\\"\"\"\"\"",
        "description = '''" + deep + "\n''" + deep + "'''''"}) {
    INFO(text.substr(0, 60));
    CHECK(bound_of("[lab]\nname = \"x\"\n" + text + "\n") == "no error");
  }
}

TEST_CASE("a file of countless values or tables is refused before it is parsed") {
  CHECK_THAT(bound_of(kHead + "x = [" + repeated("1", 1'100'000, ",") + "]\n"),
             ContainsSubstring("the file has over 1000000 values; use [[repeat]] for what is alike"));
  std::string tables = kHead;
  for (int i = 0; i < 110'000; ++i) tables += fmt::format("a{}.b = 1\na{}.c = 1\n", i, i);
  CHECK_THAT(bound_of(tables), ContainsSubstring("the file has over 200000 headers and dotted keys"));
  CHECK_THAT(bound_of(std::string(9 << 20, '#')), ContainsSubstring("lab.toml: is 9437184 bytes long"));
}

TEST_CASE("repeats that make too much are refused before they make it") {
  // A thousand routes, 33 KB of them, in each of 20,000 namespaces.
  const std::string routes = repeated("{to=\"10.0.0.0/8\",via=\"10.0.0.1\"}", 1000, ",");
  CHECK(bound_of(kHead + "[[repeat]]\nfor = { i = \"1..20000\" }\nnamespace.\"n{i}\" = { routes = [" + routes +
                 "] }\n") ==
        "lab.toml:5:13: this repeat makes over 1000000 things; a lab has at most that many namespaces, devices and "
        "values of their keys");
  CHECK_THAT(
      bound_of(kHead + "[[repeat]]\nfor = { i = \"1..1000\" }\nnamespace.\"n{i}\" = { sysctl = { \"net.x\" = \"" +
               std::string(100'000, 'x') + "\" } }\n"),
      ContainsSubstring("lab.toml:5:13: this repeat makes over 64 MiB of text"));
  CHECK_THAT(bound_of(kHead +
                      "[[repeat]]\nfor = { i = \"1..10000\" }\n[[repeat.test]]\nname = \"t{i}\"\nfrom = \"a\"\n"
                      "exec = { command = \"" +
                      repeated("{i:032}", 1000) + "\" }\n"),
             ContainsSubstring("lab.toml:5:13: this repeat makes over 64 MiB of text"));
  // Many repeats count together, and those that make nothing count, too.
  CHECK_THAT(bound_of(kHead + repeated("[[repeat]]\nfor = { i = \"1..900000\" }\n", 1000)),
             ContainsSubstring("lab.toml:7:13: this repeat and those before it make over 1000000 things"));
  std::string variables;
  for (int i = 0; i < 50'000; ++i) variables += fmt::format("{}v{} = \"0..0\"", i == 0 ? "" : ", ", i);
  CHECK_THAT(bound_of(kHead + "[[repeat]]\nfor = { " + variables + " }\n"),
             ContainsSubstring("lab.toml:5:7: [[repeat]] has 50000 variables; it can have 16"));
}

TEST_CASE("a value of a for that names itself is a value") {
  const std::string self = "[[repeat]]\nfor = { s = [{ r = [\"{s.r}\"] }] }\nnamespace.n = { routes = \"{s.r}\" }\n";
  for (const std::string& vars : {std::string(), std::string("[vars]\na = 1\n")})
    for (const bool expand : {false, true}) {
      try {
        config::parse(kHead + vars + self, config::Source{.file = "lab.toml", .expand = expand}, fake_drivers());
        FAIL("no error");
      } catch (const Error& error) {
        CHECK_THAT(std::string(error.what()), ContainsSubstring("route is not a table"));
      }
    }
}

TEST_CASE("what a for holds is counted as often as it is named") {
  const std::string routes = repeated("{to=\"10.0.0.0/8\"}", 1000, ",");
  CHECK(bound_of(kHead + "[[repeat]]\nfor = { s = [{ r = [" + routes +
                 "] }], i = \"1..100000\" }\nnamespace.\"n{i}\" = { routes = \"{s.r}\" }\n") ==
        "lab.toml:5:13: this repeat makes over 1000000 things; a lab has at most that many namespaces, devices and "
        "values of their keys");
}

TEST_CASE("what groups give their members is counted") {
  const std::string many = "[[repeat]]\nfor = { i = \"1..10000\" }\nnamespace.\"n{i}\" = {}\n";
  CHECK(bound_of(kHead +
                 "[group.g]\nmembers = \"n*\"\nroutes = [{ for = { j = \"1..10000\" }, to = \"10.0.0.0/8\", type = "
                 "\"blackhole\" }]\n" +
                 many) ==
        "lab.toml:4:8: members of this group and what stands before it make over 1000000 things; a lab has at most "
        "that many namespaces, devices and values of their keys");
  CHECK_THAT(
      bound_of(kHead +
               "[group.g]\nmembers = \"n*\"\ninterface.\"e*\" = { addresses = [{ for = { j = \"1..10000\" }, "
               "value = \"10.0.0.1/8\" }] }\n" +
               many +
               "device.\"d{i}\" = { driver = \"veth\", interfaces = [{ namespace = \"n{i}\", name = "
               "\"e0\" }, { namespace = \"a\", name = \"d{i}\" }] }\n"),
      ContainsSubstring("lab.toml:6:18: interfaces called like this and what stands before it make over 1000000"));
}

TEST_CASE("loops in variables and in values of loops repeat nothing") {
  CHECK(
      bound_of(kHead +
               "[vars]\nr = [{ for = { j = \"1..9000000000000\" }, when = \"{j == 0}\", to = \"10.0.0.0/8\" }]\n"
               "[[repeat]]\nfor = { i = \"1..2\" }\nnamespace.\"n{i}\" = { routes = \"{r}\" }\n") ==
      "lab.toml:5:6: variable \"r\" has an element with for in it; write that where the variable is named, for values "
      "repeat nothing");
  CHECK_THAT(bound_of(kHead + "[[repeat]]\nfor = { s = [{ r = [{ when = \"{1}\" }] }] }\nnamespace.n = {}\n"),
             ContainsSubstring("lab.toml:5:21: variable \"s\" has an element with when in it"));
  // A loop that stands for a loop, and a key that comes to be `for`.
  const std::string twice =
      "routes = [{ for = { i = \"1..2\" }, value = { for = { j = \"1..9000000000\" }, to = \"10.0.0.0/8\" } }]\n";
  const std::string hidden =
      "routes = [{ for = { k = [\"for\"] }, \"{k}\" = { j = \"1..9000000000\" }, to = \"10.0.0.0/8\" }]\n";
  for (const std::string& one : {twice, hidden}) {
    CHECK_THAT(bound_of(kHead + one), ContainsSubstring("unknown key"));
    CHECK_THAT(bound_of(kHead + "[group.g]\nmembers = \"a\"\n" + one),
               ContainsSubstring("unknown key \"for\" in route"));
    CHECK_THAT(bound_of(kHead + one + "[group.g]\nmembers = \"a\"\nforwarding = true\n"),
               ContainsSubstring("unknown key \"for\" in route"));
  }
}

TEST_CASE("strings of a for do not double with each other") {
  std::string doubling = "v0 = [\"xxxxxxxxxx\"]";
  for (int i = 1; i < 16; ++i)
    doubling += fmt::format(", v{} = [\"{}\"]", i, repeated(fmt::format("{{v{}}}", i - 1), 10));
  CHECK_THAT(bound_of(kHead + "[[repeat]]\nfor = { " + doubling + " }\nnamespace.n = {}\n"),
             ContainsSubstring("comes to over 4096 bytes"));
  CHECK_THAT(bound_of(kHead + "[[repeat]]\nfor = { s = [\"" + std::string(4000, '1') + "\"], i = \"{s}{s}..5\" }\n"),
             ContainsSubstring("comes to over 4096 bytes"));
  // And what they come to counts.
  CHECK_THAT(
      bound_of(kHead + "[[repeat]]\nfor = { a = [\"" + std::string(400, 'x') + "\"], b = [\"" + repeated("{a}", 10) +
               "\"], i = \"1..20000\" }\nnamespace.\"n{i}\" = { sysctl = { \"net.x\" = "
               "\"{b}\" } }\n"),
      ContainsSubstring("this repeat makes over 64 MiB of text"));
}

TEST_CASE("expressions are short, and when counts what it compares") {
  CHECK_THAT(bound_of(kHead + "[[repeat]]\nfor = { i = \"1..2\" }\nwhen = \"{i" + repeated("+i", 600) + "}\"\n"),
             ContainsSubstring("this expression is 1201 bytes long; one has at most 1024"));
  CHECK_THAT(bound_of(kHead + "[vars]\nlong = \"" + std::string(1'000'000, 'x') +
                      "\"\n[[repeat]]\nfor = { i = \"1..100000\" }\nwhen = \"{long != long}\"\nnamespace.n = {}\n"),
             ContainsSubstring("go over 4000000 values"));
}

TEST_CASE("members by name cost nothing") {
  const std::string names = "[{ for = { i = \"1..30000\" }, value = \"n{i}\" }]";
  CHECK(bound_of(kHead + "[group.g]\nmembers = " + names +
                 "\nforwarding = true\n[[repeat]]\nfor = { i = \"1..30000\" }\nnamespace.\"n{i}\" = {}\n") ==
        "no error");
  CHECK_THAT(
      bound_of(kHead + "[group.g]\nmembers = [{ for = { i = \"1..10000\" }, value = \"x{i}*\" }]\n[[repeat]]\nfor "
                       "= { i = \"1..30000\" }\nnamespace.\"n{i}\" = {}\n"),
      ContainsSubstring("lab.toml:4:8: members of groups would be compared with names over 20000000 times"));
}

TEST_CASE("a lab of a hundred thousand namespaces is not too much") {
  const auto parsed = config::parse(kHead + "[[repeat]]\nfor = { i = \"1..100000\" }\nnamespace.\"n{i}\" = {}\n",
                                    "lab.toml", fake_drivers());
  CHECK(parsed.lab.namespaces.size() == 100'001);
}

TEST_CASE("checking a lab takes no time that grows with the square of it") {
  // One that does takes longer than a test may.
  SECTION("routes over addresses") {
    std::string addresses;
    std::string routes;
    for (int i = 0; i < 60'000; ++i) {
      addresses += fmt::format("\"10.{}.{}.{}/32\",", i >> 16, i >> 8 & 255, i & 255);
      routes +=
          fmt::format("{{to=\"11.{}.{}.{}\",via=\"192.0.2.9\",source=\"192.0.2.1\"}},", i >> 16, i >> 8 & 255, i & 255);
    }
    CHECK(bound_of("[lab]\nname = \"x\"\n[namespace.b]\n[namespace.a]\nroutes = [" + routes +
                   "]\n[device.w]\ndriver = \"veth\"\ninterfaces = [{ namespace = \"b\", name = \"y\" }, { namespace = "
                   "\"a\", name = \"x\", addresses = [" +
                   addresses.substr(std::string("\"10.0.0.0/32\",").size()) + "\"192.0.2.1/24\"] }]\n") == "no error");
  }
  SECTION("masters of masters") {
    CHECK_THAT(bound_of(kHead +
                        "[[repeat]]\nfor = { i = \"1..40000\" }\ndevice.\"b{i}\" = { driver = \"bridge\", interfaces = "
                        "[{ namespace = \"a\", name = \"b{i}\", master = \"b{i%40000+1}\" }] }\n"),
               ContainsSubstring("masters in a circle: b1 -> b2 -> b3"));
  }
  SECTION("tests over namespaces") {
    CHECK(
        bound_of(
            kHead +
            "[[repeat]]\nfor = { i = \"1..60000\" }\nnamespace.\"n{i}\" = {}\n[[repeat.test]]\nname = \"t{i}\"\nfrom = "
            "\"n{60001-i}\"\nping = { to = \"n{i}\" }\n") == "no error");
  }
  SECTION("patterns over namespaces") {
    CHECK_THAT(
        bound_of(kHead + "[[repeat]]\nfor = { i = \"1..60000\" }\nnamespace.\"n{i}\" = {}\n[[repeat.test]]\nname = "
                         "\"t{i}\"\nfrom = \"*{60001-i}\"\nping = { to = \"n{i}\" }\n"),
        ContainsSubstring("the patterns of the tests would be compared with names over 20000000 times"));
  }
  SECTION("a long word that is like nothing") {
    const std::string word(3'000'000, 'w');
    CHECK_THAT(bound_of(kHead + word + " = 1\n"), ContainsSubstring("unknown key \"www"));
  }
}

TEST_CASE("no message is longer than a screen, nor are there more warnings than anybody reads") {
  const std::string message = bound_of(kHead + "[namespace.\"" + repeated("\\u00fc", 100'000) + "\"]\n");
  CHECK(message.size() < 1100);
  CHECK_THAT(message, ContainsSubstring("lab.toml:4:12: namespace name \"\xc3\xbc\xc3\xbc"));
  CHECK_THAT(message, ContainsSubstring("is 200000 bytes long; at most 255 are allowed"));
  std::string addresses;
  for (int i = 0; i < 5'000; ++i) addresses += fmt::format("\"8.8.{}.{}/32\", ", i >> 8, i & 255);
  const auto parsed =
      config::parse(kHead +
                        "[device.w]\ndriver = \"veth\"\ninterfaces = [{ namespace = \"a\", name = \"x\" }, "
                        "{ namespace = \"a\", name = \"y\", addresses = [" +
                        addresses + "] }]\n",
                    "lab.toml", fake_drivers());
  REQUIRE(parsed.warnings.size() == 101);
  CHECK(parsed.warnings.back().where == "lab.toml");
  CHECK(parsed.warnings.back().message == "4900 more warnings are not shown");
}

TEST_CASE("numbers at the ends of their range are refused as any other") {
  const std::string head = kHead + "[namespace.b]\nroutes = [{ to = \"default\", via = \"";
  CHECK_THAT(bound_of(head + "10.0.0.1 - -9223372036854775808\" }]\n"),
             ContainsSubstring("is not a number to count on by"));
  CHECK_THAT(bound_of(head + "10.0.0.1 - 9223372036854775807\" }]\n"), ContainsSubstring("leaves the range of IPv4"));
  CHECK_THAT(bound_of(kHead + "[[repeat]]\nfor = { i = \"-9223372036854775808..9223372036854775807\" }\n"),
             ContainsSubstring("this repeat makes over 1000000 things"));
}
