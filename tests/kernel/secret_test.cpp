// SPDX-License-Identifier: Apache-2.0
// What a driver that has kept a secret says of it: nobody sees it, also where only the driver still has it.
#include <sys/stat.h>

#include <filesystem>

#include "catch.hpp"
#include "scratch.hpp"

using namespace scratch;

namespace {

const std::string kHidden = "(not shown: a secret may be in it)";

class Keeper {
 public:
  Keeper(std::string isolation, std::string secret) : isolation_(std::move(isolation)), secret_(std::move(secret)) {
    std::filesystem::remove(trace());
    std::filesystem::remove(log());
  }

  /// Whatever it is, and whatever is asked to be told: the secret is not in it.
  [[nodiscard]] Result run(const std::string& arguments) const {
    Result result = cli("--host-config " + policy_with_test_drivers("isolation = \"" + isolation_ + "\"\n") +
                        " --trace-drivers " + trace() + " --log-file " + log() + " -vv " + arguments);
    const std::string begin = secret_.substr(0, 8);
    for (const std::string& text : {result.out, result.err, read(trace()), read(log())})
      CHECK(text.find(begin) == std::string::npos);
    return result;
  }
  [[nodiscard]] std::string lab(const std::string& params) const {
    // What code in netrig's own process prints nobody can mask.
    const std::string prints = isolation_ == "worker" ? ", prints = true" : "";
    return file("lab.toml",
                "[lab]\nname = \"kept\"\nnamespaces = [\"a\"]\n[device.d]\ndriver = \"keeper\"\nparams = { " + params +
                    prints + ", shown = \"plain\" }\ninterfaces = [{ namespace = \"a\", name = \"br0\" }]\n");
  }
  [[nodiscard]] Json state() const { return Json::parse(run("--json status kept").out)["devices"][0]["state"]; }
  static std::string trace() { return directory() + "/trace"; }
  static std::string log() { return directory() + "/log"; }

 private:
  std::string isolation_;
  std::string secret_;
};

}  // namespace

TEST_CASE("a secret is masked in what a driver says of a device that an earlier netrig made") {
  const std::string secret = "s3cr3t-t0k3n";
  const Keeper keeper(GENERATE("worker", "none"), secret);
  const std::string lab = keeper.lab("key = \"" + secret + "\"");
  const Result up = keeper.run("up " + lab);
  INFO(up.err);
  REQUIRE(up.exit == 0);
  CHECK_THAT(up.err, ContainsSubstring("create: ***"));
  CHECK(keeper.state()["kept"] == "***");
  CHECK(keeper.state()["shown"] == "***");
  CHECK_THAT(keeper.run("status kept").err, ContainsSubstring("inspect: ***"));
  // It is not what the file says, and that is seen all the same.
  CHECK_THAT(keeper.run("plan " + lab).out, ContainsSubstring("device d"));
  CHECK_THAT(keeper.run("--json verify kept").out, ContainsSubstring("shown *** -> plain"));
  const Result down = keeper.run("down kept");
  CHECK_THAT(down.err, ContainsSubstring("destroy: ***") && ContainsSubstring("it will not let go of ***"));
  for (const std::string& path : {Keeper::trace(), Keeper::log()}) {
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
  }
  require_nothing_left();
}

TEST_CASE("of a secret file that is gone nobody sees what a driver says") {
  const std::string secret = GENERATE(std::string("hunter22hunter22"), std::string(3000, 'k'));
  const Keeper keeper(GENERATE("worker", "none"), secret);
  const std::string token = file("token", secret + "\n");
  const std::string lab = keeper.lab("file = \"token\"");
  const Result up = keeper.run("up " + lab);
  INFO(up.err);
  REQUIRE(up.exit == 0);
  CHECK_THAT(up.err, ContainsSubstring("create: ***"));
  // It is what it was, so it can be told what is to be masked.
  CHECK_THAT(keeper.state()["kept"].get<std::string>(), ContainsSubstring("***"));
  std::filesystem::remove(token);
  CHECK(keeper.state() == Json({{"state", kHidden}, {"shown", kHidden}}));
  const Result down = keeper.run("down kept");
  CHECK_THAT(down.err, ContainsSubstring(kHidden) && !ContainsSubstring("destroy: "));
  require_nothing_left();
}
