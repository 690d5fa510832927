// SPDX-License-Identifier: Apache-2.0
// Which plugin files are loaded, and what is said of those that are not. Each case builds a place with one fault in it.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "catch.hpp"
#include "driver/registry.hpp"
#include "driver/trust.hpp"
#include "model/error.hpp"
#include "scratch.hpp"

using namespace scratch;
namespace fs = std::filesystem;
namespace driver = netrig::driver;

namespace {

/// A protected place: /opt/netrig-test-PID/drivers with veth.so in it. /tmp would not do, which is what one case shows.
struct Place {
  Place() {
    fs::create_directories(drivers);
    fs::copy_file(std::string(NETRIG_PLUGIN_DIR) + "/veth.so", drivers + "/veth.so");
    ::chmod((drivers + "/veth.so").c_str(), 0644);
  }
  ~Place() { fs::remove_all(root); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  std::string root = "/opt/netrig-test-" + std::to_string(::getpid());
  std::string drivers = root + "/drivers";
};

std::string outcome(const std::string& directory, const std::string& kind = "veth") {
  driver::Policy policy;
  policy.directories = {directory};
  driver::Registry registry(policy);
  ::unsetenv("NETRIG_TEST_TRACE");
  try {
    registry.open(kind);
    return "loaded";
  } catch (const netrig::Error& error) {
    // Nothing of a refused plugin has run.
    CHECK(std::getenv("NETRIG_TEST_TRACE") == nullptr);
    return error.what();
  }
}

}  // namespace

TEST_CASE("a plugin in a protected place is loaded") {
  const Place place;
  CHECK(outcome(place.drivers) == "loaded");
}

TEST_CASE("a place that others could have written is refused, and the way to mend it is named") {
  const Place place;
  REQUIRE(outcome(place.drivers) == "loaded");
  const std::string file = place.drivers + "/veth.so";
  SECTION("directory writable by its group") {
    ::chmod(place.drivers.c_str(), 0775);
    CHECK_THAT(outcome(place.drivers),
               ContainsSubstring("/drivers is writable by its group (mode 0775): \"chmod go-w "));
  }
  SECTION("directory writable by everybody, sticky or not") {
    ::chmod(place.root.c_str(), 01777);
    CHECK_THAT(outcome(place.drivers), ContainsSubstring("is writable by everybody (mode 1777)"));
  }
  SECTION("directory of another user") {
    REQUIRE(::chown(place.root.c_str(), 12345, 0) == 0);
    CHECK_THAT(outcome(place.drivers), ContainsSubstring("belongs to user 12345; it must belong to root"));
  }
  SECTION("file writable by others") {
    ::chmod(file.c_str(), 0646);
    CHECK_THAT(outcome(place.drivers), ContainsSubstring("veth.so is writable by everybody"));
  }
  SECTION("file of another user") {
    REQUIRE(::chown(file.c_str(), 12345, 0) == 0);
    CHECK_THAT(outcome(place.drivers), ContainsSubstring("veth.so belongs to user 12345"));
  }
  SECTION("symbolic link as the file") {
    fs::rename(file, place.root + "/real.so");
    fs::create_symlink(place.root + "/real.so", file);
    CHECK_THAT(outcome(place.drivers), ContainsSubstring("veth.so is a symbolic link"));
  }
  SECTION("symbolic link on the way") {
    fs::create_directory_symlink(place.drivers, place.root + "/link");
    CHECK_THAT(outcome(place.root + "/link"), ContainsSubstring("link is a symbolic link"));
  }
  SECTION("hard link from elsewhere") {
    fs::create_hard_link(file, place.root + "/elsewhere.so");
    CHECK_THAT(outcome(place.drivers), ContainsSubstring("has 2 hard links"));
  }
  SECTION("a FIFO") {
    fs::remove(file);
    REQUIRE(::mkfifo(file.c_str(), 0644) == 0);
    CHECK_THAT(outcome(place.drivers), ContainsSubstring("is not a regular file"));
  }
  SECTION("a directory") {
    fs::remove(file);
    fs::create_directory(file);
    CHECK_THAT(outcome(place.drivers), ContainsSubstring("is not a regular file"));
  }
  SECTION("another file mounted over it") {
    REQUIRE(sh("mount -t tmpfs x " + place.root + "/drivers && cp " NETRIG_PLUGIN_DIR "/veth.so " + place.root +
               " && touch " + file + " && mount --bind " + place.root + "/veth.so " + file)
                .exit == 0);
    CHECK_THAT(outcome(place.drivers),
               ContainsSubstring("writable by everybody") || ContainsSubstring("has another file mounted over it"));
    sh("umount " + file + "; umount " + place.drivers);
  }
  SECTION("under /tmp") {
    const std::string under_tmp = directory() + "/drivers";
    fs::create_directory(under_tmp);
    fs::copy_file(file, under_tmp + "/veth.so");
    CHECK_THAT(outcome(under_tmp), ContainsSubstring("/tmp is writable by everybody"));
  }
  SECTION("two directories with the same driver") {
    fs::create_directory(place.root + "/more");
    fs::copy_file(file, place.root + "/more/veth.so");
    driver::Policy policy;
    policy.directories = {place.drivers, place.root + "/more"};
    driver::Registry registry(policy);
    CHECK_THROWS_WITH(registry.open("veth"), ContainsSubstring("has a second veth.so"));
  }
}

TEST_CASE("a driver's name is never a path") {
  const Place place;
  for (const std::string kind : {"../drivers/veth", "/etc/passwd", "", "..", "veth.so", "Veth", "ve th", "v\xc3\xa4th"})
    CHECK_THAT(outcome(place.drivers, kind), ContainsSubstring("driver name"));
  CHECK_THAT(outcome(place.drivers, std::string(300, 'v')), ContainsSubstring("300 bytes"));
  CHECK_THAT(outcome(place.drivers, std::string("ve\0th", 5)), ContainsSubstring("driver name"));
  CHECK_THAT(outcome(place.drivers, "vteh"),
             ContainsSubstring("there is no driver \"vteh\" in " + place.drivers + "; did you mean \"veth\"?"));
}

TEST_CASE("code of a plugin that is refused for what it says of itself never runs") {
  const Place place;
  for (const std::string kind : {"nonote", "nosymbol", "misnamed"}) {
    fs::copy_file(std::string(NETRIG_TEST_PLUGIN_DIR) + "/" + kind + ".so", place.drivers + "/" + kind + ".so");
    CHECK_THAT(outcome(place.drivers, kind), ContainsSubstring("is refused"));
  }
}

TEST_CASE("bytes are read once: what comes into the file's place later is not loaded") {
  const Place place;
  driver::Policy policy;
  policy.directories = {place.drivers};
  driver::SealedPlugin plugin = driver::open_plugin(policy, place.drivers, "veth");
  const std::string before = read("/proc/self/fd/" + std::to_string(plugin.memory.get()));
  fs::remove(place.drivers + "/veth.so");
  fs::copy_file(std::string(NETRIG_TEST_PLUGIN_DIR) + "/nonote.so", place.drivers + "/veth.so");
  CHECK(read("/proc/self/fd/" + std::to_string(plugin.memory.get())) == before);
  CHECK(::write(plugin.memory.get(), "x", 1) < 0);
  CHECK(::ftruncate(plugin.memory.get(), 0) < 0);
}
