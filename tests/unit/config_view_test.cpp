// SPDX-License-Identifier: Apache-2.0
// `hostname` and `private` of a namespace, and what is wrong with them.
#include "catch.hpp"
#include "fake_drivers.hpp"

using namespace netrig;

namespace {

/// Keys of namespace a, from line 4 on.
View view_of(const std::string& keys) {
  return config::parse("[lab]\nname = \"x\"\n[namespace.a]\n" + keys + "\n", "lab.toml", fake_drivers())
      .lab.namespaces.at(0)
      .view;
}

void wrong_view(const std::string& keys, const std::string& message) {
  INFO(keys);
  std::string said = "no error";
  try {
    view_of(keys);
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
