// SPDX-License-Identifier: Apache-2.0
// What a namespace is to its commands, and what is wrong with it.
#include "catch.hpp"
#include "config/config.hpp"
#include "fake_drivers.hpp"

using namespace netrig;

namespace {

/// What lies beside the lab file.
std::vector<config::Content> contents_of(const std::string& path) {
  const std::vector<config::Content> all = {
      {.path = "a.conf", .text = "name @NAMESPACE@ of @LAB@, id @ID@\n"},
      {.path = "r1/etc/frr/daemons", .text = "zebra=yes\n"},
      {.path = "r1/usr/local/bin/go", .text = "#!/bin/sh\n", .executable = true},
      {.path = "sub/b.conf", .text = "from sub\n"},
  };
  std::vector<config::Content> found;
  for (const config::Content& one : all)
    if (one.path == path || one.path.starts_with(path + "/")) found.push_back(one);
  if (found.empty()) throw Error(ErrorCode::invalid, "cannot open the file: No such file or directory", path);
  return found;
}

config::Parsed parsed_with_contents(const std::string& text) {
  const config::Source source{
      .file = "lab.toml",
      .read = [](const std::string&,
                 const std::string&) { return "[group.g]\nmembers = \"*\"\nfiles = { \"/etc/b\" = \"b.conf\" }\n"; },
      .contents = [](const std::string& path, const std::string&) { return contents_of(path); }};
  return config::parse(text, source, fake_drivers());
}

/// Keys of namespace a, from line 4 on.
Namespace viewed_space(const std::string& keys) {
  return parsed_with_contents("[lab]\nname = \"x\"\n[namespace.a]\n" + keys + "\n").lab.namespaces.at(0);
}
View view_of(const std::string& keys) { return viewed_space(keys).view; }

void wrong_view(const std::string& keys, const std::string& message) {
  INFO(keys);
  std::string said = "no error";
  try {
    viewed_space(keys);
  } catch (const Error& error) {
    said = error.what();
  }
  CHECK_THAT(said, ContainsSubstring(message));
}

}  // namespace

TEST_CASE("host name and private directories of a namespace are read") {
  CHECK(view_of("") == View{});
  CHECK(view_of("hostname = \"r1.example\"").hostname == "r1.example");
  const auto directories =
      view_of("private = [\"/var/lib/misc/\", { path = \"/srv\", owner = \"frr\", group = \"frr\", mode = \"02775\" }]")
          .directories;
  CHECK(directories == std::vector<PrivateDirectory>{{.path = "/var/lib/misc"},
                                                     {.path = "/srv", .owner = "frr", .group = "frr", .mode = 02775}});
}

TEST_CASE("what is wrong with a host name or a private directory is told where it stands") {
  wrong_view("hostname = \"\"", "lab.toml:4:12: hostname \"\" is none");
  wrong_view("hostname = \"a_b\"", "lab.toml:4:12: hostname \"a_b\" is none");
  wrong_view("hostname = \"-a\"", "lab.toml:4:12");
  wrong_view("hostname = \"" + std::string(65, 'a') + "\"", "lab.toml:4:12");
  wrong_view("hostname = 1", "lab.toml:4:12");
  wrong_view("private = \"/srv\"", "lab.toml:4:11");
  wrong_view("private = [1]", "lab.toml:4:12: private is a list of paths");
  wrong_view("private = [\"srv\"]", "lab.toml:4:12: private directory \"srv\" is no absolute path");
  wrong_view("private = [\"/srv/../etc\"]", "lab.toml:4:12: private directory \"/srv/../etc\" is no absolute path");
  wrong_view("private = [\"/proc/sys\"]", "lab.toml:4:12: /proc/sys cannot be a private directory");
  wrong_view("private = [\"/\"]", "lab.toml:4:12: / cannot be a private directory");
  wrong_view("private = [\"/run/netrig/x\"]", "lab.toml:4:12");
  wrong_view("private = [\"/srv\", \"/srv/\"]", "lab.toml:4:20: private directory /srv is that, or in that");
  wrong_view("private = [{ path = \"/srv\", mode = \"0o755\" }]", "lab.toml:4:36: mode \"0o755\" is none");
  wrong_view("private = [{ path = \"/srv\", mode = 755 }]", "lab.toml:4:36");
  wrong_view("private = [{ path = \"/srv\", user = \"a\" }]", "lab.toml:4:29: unknown key \"user\"");
  wrong_view("private = [{ owner = \"a\" }]", "lab.toml:4:12");
}

TEST_CASE("files of a namespace are read, with their values") {
  const auto view = view_of(
      "values = { ID = 7, B = \"b\" }\n"
      "files = { \"/etc/a.conf\" = \"a.conf\", \"/\" = \"r1/\", \"/etc//x/\" = \"sub\", "
      "\"/etc/t\" = { text = \"@ID@{i}@B@@ID@ a@b @\", mode = \"0640\", owner = \"frr\", group = \"frr\", "
      "values = { ID = \"eight\" } }, \"/etc/frr/daemons\" = { text = \"mine\" } }");
  CHECK(view.values == std::vector<std::pair<std::string, std::string>>{{"B", "b"}, {"ID", "7"}});
  CHECK(view.files ==
        std::vector<OwnFile>{
            {.path = "/etc/a.conf", .text = "name a of x, id 7\n"},
            {.path = "/etc/frr/daemons", .text = "mine"},
            {.path = "/etc/t", .text = "eight{i}beight a@b @", .owner = "frr", .group = "frr", .mode = 0640},
            {.path = "/etc/x/b.conf", .text = "from sub\n"},
            {.path = "/usr/local/bin/go", .text = "#!/bin/sh\n", .mode = 0755},
        });
}

TEST_CASE("files and values of groups lie under those of their members") {
  const auto lab =
      parsed_with_contents(
          "[lab]\nname = \"x\"\n[group.g]\nmembers = \"*\"\nvalues = { ID = 1, B = \"g\" }\n"
          "files = { \"/etc/t\" = { source = \"a.conf\", mode = \"0600\" }, \"/etc/g\" = { text = \"@B@{b}\" } }\n"
          "[namespace.a]\nvalues = { B = \"a\" }\nfiles = { \"/etc/t\" = { text = \"t\" } }\n[namespace.b]\n")
          .lab;
  CHECK(lab.namespaces[0].view.files ==
        std::vector<OwnFile>{{.path = "/etc/g", .text = "a{b}"}, {.path = "/etc/t", .text = "t"}});
  CHECK(lab.namespaces[1].view.files ==
        std::vector<OwnFile>{{.path = "/etc/g", .text = "g{b}"},
                             {.path = "/etc/t", .text = "name b of x, id 1\n", .mode = 0600}});
  CHECK(lab.namespaces[0].view.values == std::vector<std::pair<std::string, std::string>>{{"B", "a"}, {"ID", "1"}});
}

TEST_CASE("what files hold is not expanded by a repeat, but what stands beside it is") {
  const auto lab = parsed_with_contents(
                       "[lab]\nname = \"x\"\n[[repeat]]\nfor = { i = [\"a\"] }\n[repeat.namespace.\"n{i}\"]\n"
                       "values = { ID = \"{i}\" }\n"
                       "files = { \"/etc/{i}\" = { text = \"{ @ID@ {3} }\" }, \"/etc/s\" = \"{i}.conf\" }\n")
                       .lab;
  CHECK(lab.namespaces.at(0).view.files == std::vector<OwnFile>{{.path = "/etc/a", .text = "{ a {3} }"},
                                                                {.path = "/etc/s", .text = "name na of x, id a\n"}});
}

TEST_CASE("a source is where the file that names it is, and a record is read again without any") {
  const std::string text =
      "include = [\"sub/core.toml\"]\n[lab]\nname = \"x\"\n[namespace.a]\nfiles = { \"/etc/a\" = \"a.conf\" }\n";
  const config::Parsed first = parsed_with_contents(text);
  CHECK(first.lab.namespaces[0].view.files == std::vector<OwnFile>{{.path = "/etc/a", .text = "name a of x, id @ID@\n"},
                                                                   {.path = "/etc/b", .text = "from sub\n"}});
  REQUIRE(first.warnings.size() == 1);
  CHECK(first.warnings[0].where == "a.conf:1:31");
  CHECK(first.warnings[0].message == "@ID@ has no value in \"values\", and stays as it is");
  CHECK(config::parse_source(first.lab.source, "lab.toml", fake_drivers()).lab.namespaces == first.lab.namespaces);
}

TEST_CASE("what is wrong with files and values is told where it stands") {
  wrong_view("values = { id = 1 }", "lab.toml:4:12: \"id\" is no name of a value");
  wrong_view("values = { LAB = 1 }", "lab.toml:4:12: LAB is netrig's own to set");
  wrong_view("values = { A = [] }", "lab.toml:4:16");
  wrong_view("values = { A = \"\\u0000\" }", "lab.toml:4:16: A holds a zero byte");
  wrong_view("values = 1", "lab.toml:4:10");
  wrong_view("files = 1", "lab.toml:4:9");
  wrong_view("files = { \"etc/a\" = \"a.conf\" }", "lab.toml:4:11: file \"etc/a\" is no absolute path");
  wrong_view("files = { \"/etc/../a\" = \"a.conf\" }", "lab.toml:4:11: file \"/etc/../a\" is no absolute path");
  wrong_view("files = { \"/proc/a\" = \"a.conf\" }", "lab.toml:4:11: /proc/a cannot be a file of the lab's");
  wrong_view("files = { \"/run/netns/a\" = \"a.conf\" }", "lab.toml:4:11");
  wrong_view("files = { \"/\" = \"a.conf\" }", "lab.toml:4:17: a.conf is a file, and \"/\" a directory");
  wrong_view("files = { \"/\" = { text = \"a\" } }", "lab.toml:4:11: file \"/\" is a directory, and has a text");
  wrong_view("files = { \"/etc/a\" = 1 }", "lab.toml:4:22: file \"/etc/a\" is an integer");
  wrong_view("files = { \"/etc/a\" = \"/etc/passwd\" }", "lab.toml:4:22: source \"/etc/passwd\" is no relative path");
  wrong_view("files = { \"/etc/a\" = \"none.conf\" }",
             "lab.toml:4:22: cannot read it: none.conf: cannot open the file: No such file");
  wrong_view("files = { \"/etc/a\" = {} }", "lab.toml:4:11: file \"/etc/a\" has neither source and text");
  wrong_view("files = { \"/etc/a\" = { text = \"\", source = \"a.conf\" } }", "has both source and text");
  wrong_view("files = { \"/etc/a\" = { text = \"\", mode = \"rw\" } }", "lab.toml:4:42: mode \"rw\" is none");
  wrong_view("files = { \"/etc/a\" = { txt = \"\" } }", "lab.toml:4:24: unknown key \"txt\" in file; did you mean");
  wrong_view("files = { \"/etc/a\" = { text = \"@A@\", values = { A = 1, B = 2 } } }",
             "@B@ occurs nowhere in text; where only commands want it");
  wrong_view("files = { \"/etc/a\" = \"a.conf\", \"/etc//a\" = \"a.conf\" }",
             "lab.toml:4:32: file /etc/a is there already");
  wrong_view("files = { \"/etc/a\" = \"a.conf\", \"/etc/a/b\" = \"a.conf\" }",
             "lab.toml:4:32: /etc/a is a file, and /etc/a/b would lie in it");
}

TEST_CASE("commands of a namespace are read") {
  CHECK(viewed_space("commands = [\"a b\", { run = [\"c\", \"d\"], undo = \"e\" }]").commands ==
        std::vector<NamespaceCommand>{{.run = {"/bin/sh", "-c", "a b"}},
                                      {.run = {"c", "d"}, .undo = {"/bin/sh", "-c", "e"}}});
  wrong_view("commands = \"a\"", "lab.toml:4:12");
  wrong_view("commands = [1]", "lab.toml:4:13: commands is a list of strings and of tables");
  wrong_view("commands = [\"\"]", "lab.toml:4:13: command is empty");
  wrong_view("commands = [{ undo = \"a\" }]", "lab.toml:4:13: command has no \"run\"");
  wrong_view("commands = [{ run = [] }]", "run is empty");
  wrong_view("commands = [{ run = \"a\", redo = \"b\" }]", "lab.toml:4:26: unknown key \"redo\" in command");
}

TEST_CASE("a lab of over a thousand namespaces resolves names only if it says so") {
  const auto resolves = [](const std::string& lab, const std::string& last) {
    return parsed_with_contents("[lab]\nname = \"x\"\n" + lab + "[[repeat]]\nfor = { i = \"1.." + last +
                                "\" }\n[repeat.namespace.\"n{i}\"]\n")
        .lab.resolve;
  };
  CHECK(resolves("", "1000"));
  CHECK_FALSE(resolves("", "1001"));
  CHECK(resolves("resolve = true\n", "1001"));
  CHECK_FALSE(resolves("resolve = false\n", "1"));
}
