// SPDX-License-Identifier: Apache-2.0
// Regular expressions of lab files: what they match, and that none is dear.
#include "model/regex.hpp"

#include "catch.hpp"
#include "fake_drivers.hpp"

using namespace netrig;

namespace {

std::string error_of(const std::string& text) {
  try {
    config::parse(text, "lab.toml", fake_drivers());
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("a regular expression costs little memory and time, whatever it is") {
  const auto matches = [](const std::string& expression) {
    return error_of(
        "[lab]\nname = \"x\"\n[namespace.a]\n"
        "[[test]]\nname = \"t\"\nfrom = \"a\"\nexec = { command = \"x\", matches = '" +
        expression + "' }\n");
  };
  CHECK(matches("((((a{1,200}){1,200}){1,200}){1,200})b") ==
        "lab.toml:7:35: \"((((a{1,200}){1,200}){1,200}){1,200})b\" is no regular expression: {1,200} repeats over 1000 "
        "times, with what it is nested in");
  CHECK(matches(R"((a*)*\1)") ==
        R"(lab.toml:7:35: "(a*)*\1" is no regular expression: \1 is a backreference, which there are none of)");
  CHECK(matches("(a") == "lab.toml:7:35: \"(a\" is no regular expression: missing ): (a");
  CHECK_THAT(matches("[z-a]"), ContainsSubstring("invalid character class range: z-a"));
  CHECK_THAT(matches("(.{30}){30}x"), ContainsSubstring("it is too large; repeat less"));
  CHECK_THAT(matches(std::string(5000, 'a')),
             ContainsSubstring("the regular expression has 5000 bytes; it can have 4096"));
  CHECK_THAT(matches(std::string(4000, '(')), ContainsSubstring("((...\" is no regular expression: missing ): ((("));
  // Time grows with the text, not with what could be tried: this is 2^250000 ways for an expression that goes back,
  // which would never end.
  CHECK_FALSE(Regex("(a|a)*(a|aa)*(a*)*[^a]b$").found_in(std::string(250'000, 'a')));
}

TEST_CASE("a regular expression is sought in lines") {
  CHECK(Regex("^b$").found_in("a\nb\nc"));
  CHECK(Regex("^a").found_in("a\n"));
  CHECK_FALSE(Regex("a[^x]*b").found_in("a\nb"));
  CHECK_FALSE(Regex("a.b").found_in("a\nb"));
  CHECK(Regex("^[[:alpha:]]+ [0-9]{2,3}$").found_in("abc 123"));
  CHECK(Regex(R"((?i)STATE\s+up\b)").found_in("eth0: state UP"));
  CHECK(Regex("b").found_in(std::string("a\0b", 3)));
  CHECK(Regex("^\xc3\xbc.$").found_in("\xc3\xbc\xc3\xa4"));
  CHECK(Regex("ok$").found_in("\xff\xfe ok"));
  CHECK(regex_fault("a\nb") ==
        "\"a\nb\" is no regular expression: it is matched against lines, and has a line break in it");
}
