// SPDX-License-Identifier: Apache-2.0
// Places that others could have written, and files that are not what they should be. Each case has one fault.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <thread>

#include "attack/place.hpp"
#include "catch.hpp"
#include "driver/protected_file.hpp"
#include "driver/registry.hpp"
#include "driver/trust.hpp"
#include "model/error.hpp"

using namespace scratch;
using attack::Place;
namespace fs = std::filesystem;
namespace driver = netrig::driver;

TEST_CASE("a plugin in a protected place is loaded") {
  const Place place;
  CHECK(place.outcome() == "loaded");
}

TEST_CASE("refused: a symbolic link as the file") {
  const Place place;
  fs::rename(place.file, place.root + "/real.so");
  fs::create_symlink(place.root + "/real.so", place.file);
  CHECK_THAT(place.outcome(), ContainsSubstring("veth.so is a symbolic link"));
}

TEST_CASE("refused: a symbolic link in the middle of the path") {
  Place place;
  fs::rename(place.drivers, place.root + "/real");
  fs::create_directory_symlink(place.root + "/real", place.drivers);
  CHECK_THAT(place.outcome(), ContainsSubstring("drivers is a symbolic link"));
}

TEST_CASE("refused: a directory that its group can write") {
  const Place place;
  ::chmod(place.drivers.c_str(), 0775);
  CHECK_THAT(place.outcome(), ContainsSubstring("/drivers is writable by its group (mode 0775): \"chmod go-w "));
}

TEST_CASE("refused: a directory that everybody can write") {
  const Place place;
  ::chmod(place.root.c_str(), 0777);
  CHECK_THAT(place.outcome(), ContainsSubstring("is writable by everybody (mode 0777)"));
}

TEST_CASE("refused: a sticky directory, such as /tmp") {
  const Place place;
  const std::string under_tmp = directory() + "/drivers";
  fs::create_directory(under_tmp);
  fs::copy_file(place.file, under_tmp + "/veth.so");
  const std::string policy = file("tmp.toml", "[plugins]\ndirectories = [\"" + under_tmp + "\"]\n");
  ::chmod(policy.c_str(), 0600);
  CHECK_THAT(place.outcome(policy), ContainsSubstring("/tmp is writable by everybody (mode 1777); keep the file where "
                                                      "only root can change anything") &&
                                        !ContainsSubstring("chmod"));
}

TEST_CASE("refused: a directory of another user") {
  const Place place;
  REQUIRE(::chown(place.root.c_str(), 12345, 0) == 0);
  CHECK_THAT(place.outcome(),
             ContainsSubstring("belongs to user 12345; it must belong to root; keep") && !ContainsSubstring("chown"));
}

TEST_CASE("refused: a file that others can write") {
  const Place place;
  ::chmod(place.file.c_str(), 0646);
  CHECK_THAT(place.outcome(), ContainsSubstring("veth.so is writable by everybody"));
}

TEST_CASE("refused: a file of another user") {
  const Place place;
  REQUIRE(::chown(place.file.c_str(), 12345, 0) == 0);
  CHECK_THAT(place.outcome(),
             ContainsSubstring("veth.so belongs to user 12345; it must belong to root; look at what is "
                               "in it") &&
                 !ContainsSubstring("chown"));
}

TEST_CASE("no advice would change a directory that others rely on") {
  using netrig::driver::protection_advice;
  const auto of = [](mode_t mode, uid_t owner) {
    struct stat status {};
    status.st_mode = mode;
    status.st_uid = owner;
    return status;
  };
  for (const char* path : {"/", "/tmp", "/opt", "/srv", "/home", "/home/joe", "/usr/lib", "/usr/local/lib",
                           "/var/lib/x", "/etc", "/run/user/0", "/root", "/dev/shm"})
    CHECK_THAT(protection_advice(path, of(S_IFDIR | 0775, 0)), !ContainsSubstring("chmod"));
  CHECK_THAT(protection_advice("/opt/x/sticky", of(S_IFDIR | 01777, 0)), !ContainsSubstring("chmod"));
  CHECK_THAT(protection_advice("/opt/x/drivers", of(S_IFDIR | 0755, 12345)),
             !ContainsSubstring("chmod") && !ContainsSubstring("chown"));
  CHECK(protection_advice("/opt/x/drivers", of(S_IFDIR | 0775, 0)) == ": \"chmod go-w /opt/x/drivers\"");
  CHECK(protection_advice("/usr/lib/netrig/drivers", of(S_IFDIR | 0775, 0)) ==
        ": \"chmod go-w /usr/lib/netrig/drivers\"");
  CHECK(protection_advice("/opt/x; reboot", of(S_IFDIR | 0775, 0)) == ": \"chmod go-w '/opt/x; reboot'\"");
  CHECK_THAT(protection_advice("/opt/x/veth.so", of(S_IFREG | 0644, 12345)), !ContainsSubstring("chown"));
}

TEST_CASE("refused: a hard link from elsewhere") {
  const Place place;
  fs::create_hard_link(place.file, place.root + "/elsewhere.so");
  CHECK_THAT(place.outcome(), ContainsSubstring("has 2 hard links"));
}

TEST_CASE("refused: a FIFO instead of a file") {
  const Place place;
  fs::remove(place.file);
  REQUIRE(::mkfifo(place.file.c_str(), 0644) == 0);
  CHECK_THAT(place.outcome(), ContainsSubstring("is not a regular file"));
}

TEST_CASE("refused: a device instead of a file") {
  const Place place;
  fs::remove(place.file);
  if (::mknod(place.file.c_str(), S_IFCHR | 0644, makedev(1, 5)) != 0) skip("this machine allows no mknod");
  // A device that the mount does not allow cannot even be opened.
  CHECK_THAT(place.outcome(), ContainsSubstring("is not a regular file") || ContainsSubstring("cannot open"));
}

TEST_CASE("refused: a directory instead of a file") {
  const Place place;
  fs::remove(place.file);
  fs::create_directory(place.file);
  CHECK_THAT(place.outcome(), ContainsSubstring("is not a regular file"));
}

TEST_CASE("refused: \"..\" in a driver's name") {
  const Place place;
  for (const std::string kind : {"..", "../drivers/veth", "veth/../veth"})
    CHECK_THAT(place.outcome(place.policy(), kind), ContainsSubstring("driver name \"" + kind + "\""));
}

TEST_CASE("refused: an absolute path as a driver's name") {
  const Place place;
  CHECK_THAT(place.outcome(place.policy(), "/etc/passwd"),
             ContainsSubstring("does not begin with a lower-case letter"));
}

TEST_CASE("refused: an empty driver's name") {
  const Place place;
  CHECK_THAT(place.outcome(place.policy(), ""), ContainsSubstring("driver name \"\" is empty"));
}

TEST_CASE("refused: a driver's name of 300 bytes") {
  const Place place;
  CHECK_THAT(place.outcome(place.policy(), std::string(300, 'v')), ContainsSubstring("300 bytes long"));
}

TEST_CASE("refused: a driver's name with a NUL in it, or with the suffix, capitals, blanks, letters of other scripts") {
  driver::Policy policy;
  policy.directories = {NETRIG_PLUGIN_DIR};
  driver::Registry registry(policy);
  for (const std::string& kind : {std::string("ve\0th", 5), std::string("veth.so"), std::string("Veth"),
                                  std::string("ve th"), std::string("v\xc3\xa4th")})
    CHECK_THROWS_WITH(registry.open(kind), ContainsSubstring("driver name"));
}

TEST_CASE("refused: another file mounted over the plugin") {
  const Place place;
  REQUIRE(sh("touch " + place.root + "/other.so && mount -t tmpfs -o mode=0755 x /mnt && cp " + place.file +
             " /mnt/veth.so && chmod 0644 /mnt/veth.so && mount --bind /mnt/veth.so " + place.file)
              .exit == 0);
  CHECK_THAT(place.outcome(), ContainsSubstring("has another file mounted over it"));
  sh("umount " + place.file + "; umount /mnt");
}

TEST_CASE("refused: a file of the same file system mounted over the plugin, or over its signature") {
  const Place place;
  const std::string open = place.root + "/open";
  fs::create_directory(open);
  ::chmod(open.c_str(), 0777);
  fs::copy_file(place.file, open + "/veth.so");
  scratch::file("sig", "x");
  fs::copy_file(directory() + "/sig", place.file + ".minisig");
  const std::string over = GENERATE("", ".minisig");
  REQUIRE(sh("mount --bind " + open + "/veth.so " + place.file + over).exit == 0);
  CHECK_THAT(place.outcome(), ContainsSubstring("veth.so" + over + " has another file mounted over it"));
  sh("umount " + place.file + over);
}

TEST_CASE("refused: two directories with the same driver") {
  const Place place;
  fs::create_directory(place.root + "/more");
  fs::copy_file(place.file, place.root + "/more/veth.so");
  const std::string policy =
      file("two.toml", "[plugins]\ndirectories = [\"" + place.drivers + "\", \"" + place.root + "/more\"]\n");
  ::chmod(policy.c_str(), 0600);
  CHECK_THAT(place.outcome(policy), ContainsSubstring("has a second veth.so"));
}

namespace {

std::string bytes_of(const driver::SealedPlugin& plugin) {
  return read("/proc/self/fd/" + std::to_string(plugin.memory.get()));
}

}  // namespace

TEST_CASE("a file swapped between check and load, 1000 times: what was checked is what is loaded") {
  const Place place;
  REQUIRE(place.outcome() == "loaded");  // or it would never be seen below
  driver::Policy policy;
  policy.directories = {place.drivers};
  const std::string good = read(place.file);
  const std::string evil = place.root + "/evil.so";
  fs::copy_file(std::string(NETRIG_TEST_PLUGIN_DIR) + "/misnamed.so", evil);
  ::chmod(evil.c_str(), 0666);  // written by others: must never be what comes out
  std::jthread swapper([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) ::renameat2(AT_FDCWD, evil.c_str(), AT_FDCWD, place.file.c_str(), RENAME_EXCHANGE);
  });
  int loaded = 0;
  int refused = 0;
  // On one processor a whole run of openings may see the same file: until both were seen.
  for (int i = 0; i < 1000 || loaded == 0 || refused == 0; ++i) try {
      const driver::SealedPlugin plugin = driver::open_plugin(policy, place.drivers, "veth");
      if (bytes_of(plugin) != good) FAIL("bytes that were never checked");
      ++loaded;
    } catch (const netrig::Error&) {
      ++refused;
    }
  CHECK(loaded > 0);
  CHECK(refused > 0);
}

TEST_CASE("a directory swapped between check and load: the checked one is read") {
  const Place place;
  REQUIRE(place.outcome() == "loaded");  // or it would never be seen below
  driver::Policy policy;
  policy.directories = {place.drivers};
  const std::string good = read(place.file);
  const std::string evil = place.root + "/evil";
  fs::create_directory(evil);
  fs::copy_file(std::string(NETRIG_TEST_PLUGIN_DIR) + "/misnamed.so", evil + "/veth.so");
  ::chmod(evil.c_str(), 0777);
  std::jthread swapper([&](const std::stop_token& stop) {
    while (!stop.stop_requested())
      ::renameat2(AT_FDCWD, evil.c_str(), AT_FDCWD, place.drivers.c_str(), RENAME_EXCHANGE);
  });
  int loaded = 0;
  int refused = 0;
  for (int i = 0; i < 1000 || loaded == 0 || refused == 0; ++i) try {
      if (bytes_of(driver::open_plugin(policy, place.drivers, "veth")) != good) FAIL("bytes from the other directory");
      ++loaded;
    } catch (const netrig::Error&) {
      ++refused;
    }
  CHECK(loaded > 0);
}

TEST_CASE("a policy swapped while it is read, 1000 times: one that others could have put there is never believed") {
  const Place place;
  const std::string link = place.root + "/policy";
  for (const std::string name : {"good", "evil"}) {
    fs::create_directory(place.root + "/" + name);
    scratch::file("policy", name);
    fs::copy_file(directory() + "/policy", place.root + "/" + name + "/host.toml");
    ::chmod((place.root + "/" + name + "/host.toml").c_str(), 0600);
  }
  // Root's file in a directory of somebody else, who has the link turned between the two.
  REQUIRE(::chown((place.root + "/evil").c_str(), 12345, 0) == 0);
  fs::create_directory_symlink(place.root + "/good", link);
  fs::create_directory_symlink(place.root + "/evil", link + "2");
  std::jthread swapper([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) ::renameat2(AT_FDCWD, link.c_str(), AT_FDCWD, (link + "2").c_str(), RENAME_EXCHANGE);
  });
  int believed = 0;
  int refused = 0;
  for (int i = 0; i < 1000 || believed == 0 || refused == 0; ++i) try {
      const auto text = driver::read_protected(link + "/host.toml", "the policy", 4096, driver::Parents::checked);
      if (text != "good") FAIL("the policy of somebody else");
      ++believed;
    } catch (const netrig::Error&) {
      ++refused;
    }
  CHECK(believed > 0);
  CHECK(refused > 0);
}

TEST_CASE("bytes are read once and sealed: nobody can change them afterwards") {
  const Place place;
  driver::Policy policy;
  policy.directories = {place.drivers};
  const driver::SealedPlugin plugin = driver::open_plugin(policy, place.drivers, "veth");
  const std::string before = bytes_of(plugin);
  fs::remove(place.file);
  fs::copy_file(std::string(NETRIG_TEST_PLUGIN_DIR) + "/nonote.so", place.file);
  CHECK(bytes_of(plugin) == before);
  CHECK(::write(plugin.memory.get(), "x", 1) < 0);
  CHECK(::ftruncate(plugin.memory.get(), 0) < 0);
}
