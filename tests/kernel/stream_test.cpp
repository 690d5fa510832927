// SPDX-License-Identifier: Apache-2.0
// Standard streams that cannot be written, are closed, or have nobody at the other end.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <sstream>

#include "catch.hpp"
#include "scratch.hpp"

using namespace scratch;

namespace {

std::string lab() {
  return file("streams.toml",
              "[lab]\nname = \"streams\"\n[namespace.a]\n[namespace.b]\n[device.w]\ndriver = \"veth\"\n"
              "interfaces = [{ namespace = \"a\", name = \"x\" }, { namespace = \"b\", name = \"y\" }]\n");
}

std::string broken_lab() { return file("broken.toml", "[lab]\nname = \"streams\"\nnames = 1\n[namespace.a]\n"); }

/// A pipe that nobody reads, as a redirection.
class Unread {
 public:
  Unread() {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    REQUIRE(::dup2(ends[1], kEnd) == kEnd);
    for (const int end : ends) ::close(end);
  }
  ~Unread() { ::close(kEnd); }
  Unread(const Unread&) = delete;
  Unread& operator=(const Unread&) = delete;
  [[nodiscard]] std::string as(const std::string& stream) const { return " " + stream + ">&" + std::to_string(kEnd); }

 private:
  static constexpr int kEnd = 9;  // shells take one digit
};

}  // namespace

TEST_CASE("what up and down have done stands though it cannot be printed") {
  const Result up = cli("up " + lab() + " >/dev/full");
  CHECK(up.exit == 0);
  CHECK(up.err.find("lab streams is up, but cannot write the output: No space left on device (ENOSPC)") !=
        std::string::npos);
  CHECK(namespaces() == std::vector<std::string>{"a", "b"});
  CHECK(cli("status streams").exit == 0);
  const Result down = cli("down streams --json >/dev/full");
  CHECK(down.exit == 0);
  CHECK(down.err.find("lab streams is down, but cannot write the output") != std::string::npos);
  require_nothing_left();
}

TEST_CASE("an answer that cannot be printed is no success") {
  REQUIRE(cli("up " + lab()).exit == 0);
  for (const char* command : {"status streams", "list --json", "drivers list", "--version", "--help"}) {
    const Result result = cli(std::string(command) + " >/dev/full");
    INFO(command << ": " << result.err);
    CHECK(result.exit == 1);
    CHECK(result.err == "netrig: cannot write the output: No space left on device (ENOSPC)\n");
    const Result closed = cli(std::string(command) + " >&-");
    CHECK(closed.exit == 1);
    CHECK(closed.err == "netrig: cannot write the output: standard output is closed\n");
  }
  REQUIRE(cli("down streams").exit == 0);
}

TEST_CASE("run takes the lab down and says that its report could not be written") {
  const std::string tested = file("tested.toml", read(lab()) +
                                                     "[[test]]\nname = \"t\"\nfrom = \"a\"\n"
                                                     "exec = { command = \"true\" }\n");
  for (const char* arguments : {"", " --json", " -r text:-"}) {
    const Result result = cli("run " + tested + arguments + " >/dev/full");
    INFO(arguments << ": " << result.err);
    CHECK(result.exit == 2);
    CHECK(result.err.find("cannot write") != std::string::npos);
    require_nothing_left();
  }
}

TEST_CASE("an error keeps its exit code when it cannot be told") {
  const Unread unread;
  for (const std::string& where : {std::string(" 2>/dev/full"), std::string(" 2>&-"), unread.as("2")})
    for (const char* flags : {"", "-vv ", "--json "}) {
      INFO(flags << where);
      CHECK(cli(flags + ("plan " + broken_lab()) + where).exit == 2);
      CHECK(cli(flags + ("up " + broken_lab()) + where).exit == 2);
      CHECK(cli(flags + std::string("down nothing") + where).exit == 7);
      CHECK(cli(flags + ("up " + broken_lab()) + " >/dev/full" + where).exit == 2);
    }
}

TEST_CASE("a rollback needs no standard error") {
  // Sysctls are set when namespaces and devices are there.
  std::string text = read(lab());
  text.replace(text.find("[namespace.a]"), 13, "[namespace.a]\nsysctl = { \"net.ipv4.no_such_thing\" = 1 }");
  const std::string refused = file("refused.toml", text);
  for (const char* where : {" 2>/dev/full", " 2>&-", " >&- 2>&- <&-"}) {
    INFO(where);
    CHECK(cli("-vv up " + refused + where).exit == 6);
    require_nothing_left();
  }
}

TEST_CASE("with standard streams closed nothing is printed into files of netrig") {
  for (const char* closed : {" <&- >&- 2>&-", " >&- 2>&-", " 2>&-", " >&-", " <&-"}) {
    INFO(closed);
    CHECK(cli("-vv up " + lab() + closed).exit == 0);
    CHECK(read("/run/netrig/streams/lock").find("netrig:") == std::string::npos);
    std::istringstream journal(read("/run/netrig/streams/journal"));
    for (std::string line; std::getline(journal, line);) CHECK(Json::parse(line, nullptr, false).is_object());
    CHECK(cli("status streams").exit == 0);
    CHECK(cli("-vv down streams" + std::string(closed)).exit == 0);
    require_nothing_left();
  }
}

TEST_CASE("a reader that goes away ends the output without a word") {
  REQUIRE(cli("up " + lab()).exit == 0);
  const Unread unread;
  for (const char* command :
       {"status streams", "list", "--json list", "plan streams.toml", "graph streams", "--help", "doctor --json"}) {
    if (std::string(command).find("plan") == 0) lab();
    const Result result = sh("cd " + directory() + " && " + NETRIG_BINARY + " " + command + unread.as(""));
    INFO(command << ": " << result.err);
    CHECK(result.err.empty());
    if (std::string(command) != "doctor --json") CHECK(result.exit == 0);
  }
  CHECK(cli("down streams" + unread.as("")).exit == 0);
  require_nothing_left();
}
