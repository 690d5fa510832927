// SPDX-License-Identifier: Apache-2.0
// What passes between netrig and a worker when the kernel has no memory for it: nobody waits for the deadline, and the
// driver is not blamed.
#include "attack/place.hpp"
#include "catch.hpp"

using namespace scratch;
using attack::Place;

namespace {

/// netrig with a library before it that makes its first calls of that name fail. Its workers get none.
Result with_failing(const std::string& call, const std::string& error, int times, const std::string& arguments) {
  const std::string source = file(
      "failing.c",
      "#define _GNU_SOURCE\n#include <dlfcn.h>\n#include <errno.h>\n#include <stdatomic.h>\n#include <sys/socket.h>\n"
      "static atomic_int left = TIMES;\n"
      "ssize_t CALL(int fd, MESSAGE message, int flags) {\n"
      "  if (left > 0) { --left; errno = ERROR; return -1; }\n"
      "  static ssize_t (*next)(int, MESSAGE, int);\n"
      "  if (!next) next = (ssize_t (*)(int, MESSAGE, int))dlsym(RTLD_NEXT, NAME);\n"
      "  return next(fd, message, flags);\n}\n");
  const std::string library = directory() + "/failing.so";
  const std::string message = call == "sendmsg" ? "'const struct msghdr*'" : "'struct msghdr*'";
  const Result built =
      sh("cc -shared -fPIC -o " + library + " -DCALL=" + call + " -DNAME='\"" + call + "\"' -DMESSAGE=" + message +
         " -DERROR=" + error + " -DTIMES=" + std::to_string(times) + " " + source);
  INFO(built.err);
  REQUIRE(built.exit == 0);
  return sh("LD_PRELOAD=" + library + " timeout 300 " NETRIG_BINARY " " + arguments);
}

}  // namespace

TEST_CASE("a moment without memory between netrig and a worker is waited out") {
#ifdef NETRIG_SANITIZED
  skip("a sanitizer's runtime wants to be loaded first");
#endif
  const auto [call, error] = GENERATE(table<std::string, std::string>(
      {{"sendmsg", "ENOBUFS"}, {"sendmsg", "ENOMEM"}, {"recvmsg", "ENOBUFS"}, {"recvmsg", "ENOMEM"}}));
  const Place place("cveth", NETRIG_TEST_PLUGIN_DIR);
  const std::string netrig = "--host-config " + place.policy("", "[limits]\ndeadline = \"1h\"\n") + " ";
  const Result up = with_failing(call, error, 3, netrig + "up " + attack::lab_of("cveth", ""));
  INFO(up.err);
  CHECK(up.exit == 0);
  CHECK(ip("-n a link show dev x").size() == 1);
  CHECK(cli(netrig + "down odd").exit == 0);
  attack::require_no_trace();
}

TEST_CASE("a lack of memory that lasts is not blamed on the driver") {
#ifdef NETRIG_SANITIZED
  skip("a sanitizer's runtime wants to be loaded first");
#endif
  const std::string call = GENERATE("sendmsg", "recvmsg");
  const Place place("cveth", NETRIG_TEST_PLUGIN_DIR);
  const std::string netrig = "--host-config " + place.policy("", "[limits]\ndeadline = \"1h\"\n") + " ";
  const Result up = with_failing(call, "ENOBUFS", 1 << 30, netrig + "up " + attack::lab_of("cveth", ""));
  CHECK(up.exit == 1);
  CHECK_THAT(up.err, ContainsSubstring("the kernel carries nothing between netrig and its worker: No buffer space "
                                       "available (ENOBUFS)"));
  attack::require_no_trace();
}
