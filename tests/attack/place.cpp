// SPDX-License-Identifier: Apache-2.0
#include "attack/place.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "catch.hpp"

namespace fs = std::filesystem;
using namespace scratch;

namespace attack {

Place::Place(const std::string& kind, const std::string& from)
    : root("/opt/netrig-test-" + std::to_string(::getpid())),
      drivers(root + "/drivers"),
      file(drivers + "/" + kind + ".so") {
  fs::create_directories(drivers);
  add(kind, from);
}
Place::~Place() {
  std::error_code ignored;
  fs::remove_all(root, ignored);
}

void Place::add(const std::string& kind, const std::string& from) const {
  const std::string to = drivers + "/" + kind + ".so";
  fs::copy_file(from + "/" + kind + ".so", to);
  ::chmod(to.c_str(), 0644);
}

std::string Place::policy(const std::string& plugins, const std::string& rest) const {
  const std::string path =
      scratch::file("host.toml", "[plugins]\ndirectories = [\"" + drivers + "\"]\n" + plugins + "\n" + rest);
  ::chmod(path.c_str(), 0600);
  return path;
}

std::string Place::outcome(const std::string& policy_file, const std::string& kind) const {
  const Result result = cli("--host-config " + policy_file + " drivers show '" + kind + "'");
  CHECK((result.exit == 0) == result.err.empty());
  return result.exit == 0 ? "loaded" : result.err;
}

std::string lab_of(const std::string& kind, const std::string& params, int interfaces) {
  std::string text = "[lab]\nname = \"odd\"\n[namespace.a]\n[namespace.b]\n[device.d]\ndriver = \"" + kind +
                     "\"\nparams = { " + params + " }\ninterfaces = [{ namespace = \"a\", name = \"x\" }";
  if (interfaces == 2) text += ", { namespace = \"b\", name = \"y\" }";
  return file("lab.toml", text + "]\n");
}

std::string attack_by(const std::string& how, const Attack& attack) {
  const Place place("hostile", NETRIG_TEST_PLUGIN_DIR);
  const Result up = cli("--host-config " + place.policy("", attack.limits) + " up " +
                        lab_of("hostile", "how = \"" + how + "\", when = \"" + attack.when + "\"", attack.interfaces));
  INFO(up.err);
  CHECK(up.exit != 0);
  CHECK(up.exit < 128);  // netrig itself has not crashed
  CHECK_THAT(up.err, ContainsSubstring("lab.toml:5:9: device d (driver hostile): "));
  require_no_trace();
  return up.err;
}

void require_no_trace() {
  require_nothing_left();
  // Workers are children of a netrig that has ended; none may outlive it.
  CHECK(sh("pgrep --ns $$ --nslist mnt -fx 'netrig-driver (hostile|privileged) .*'").out.empty());
}

}  // namespace attack
