// SPDX-License-Identifier: Apache-2.0
// What netrig writes where others can write, too; and what it shows on terminals of all sorts.
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <memory>
#include <regex>
#include <sstream>
#include <thread>

#include "catch.hpp"
#include "check/rig.hpp"
#include "model/printable.hpp"

using namespace scratch;
using namespace std::chrono_literals;

namespace {

constexpr uid_t kAnother = 12345;

std::string lab_with(const std::string& tests) { return file("lab.toml", rig::kWire + tests); }

std::string running(const std::string& name, const std::string& command) {
  return "[[test]]\nname = \"" + name + "\"\nfrom = \"h1\"\nexec = { command = \"" + command + "\" }\n\n";
}

/// A pipe in a directory where everybody can write, made by somebody else.
std::string planted_pipe(const std::string& place) {
  const std::string path = place + "/report.xml";
  REQUIRE(::mkfifo(path.c_str(), 0666) == 0);
  REQUIRE(::chown(path.c_str(), kAnother, kAnother) == 0);
  return path;
}

std::string planted_link(const std::string& place, const std::string& target) {
  const std::string path = place + "/link.txt";
  std::filesystem::create_symlink(target, path);
  REQUIRE(::lchown(path.c_str(), kAnother, kAnother) == 0);
  return path;
}

/// A directory like /tmp.
std::string open_place() {
  const std::string path = directory() + "/open";
  std::filesystem::create_directory(path);
  ::chmod(path.c_str(), 01777);
  return path;
}

/// What a shell command prints on a terminal of so many columns.
std::string on_terminal(unsigned short columns, const std::string& kind, const std::string& command) {
  const winsize size{.ws_row = 24, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
  int terminal = -1;
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, &size);
  REQUIRE(child >= 0);
  if (child == 0) {
    ::setenv("TERM", kind.c_str(), 1);
    ::unsetenv("NO_COLOR");
    ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    ::_exit(127);
  }
  std::string text;
  std::array<char, 4096> chunk{};
  for (ssize_t size_read = 0; (size_read = ::read(terminal, chunk.data(), chunk.size())) > 0;)
    text.append(chunk.data(), static_cast<std::size_t>(size_read));
  ::close(terminal);
  wait_for(child);
  text.erase(std::remove(text.begin(), text.end(), '\r'), text.end());
  return text;
}

/// The widest line, colours and what was taken back aside, that does not contain `unless`.
std::size_t widest(const std::string& text, const std::string& unless) {
  std::istringstream stream(std::regex_replace(text, std::regex("\x1b\\[[0-9;]*m"), ""));
  std::size_t result = 0;
  for (std::string line; std::getline(stream, line);) {
    if (const auto taken = line.rfind("\x1b[K"); taken != std::string::npos) line.erase(0, taken + 3);
    if (line.find(unless) == std::string::npos) result = std::max(result, netrig::width_of(line));
  }
  return result;
}

/// Nothing that a terminal obeys but newlines, and no U+202E.
void check_harmless(const std::string& text) {
  INFO(text);
  CHECK(netrig::printable(text) == text);
}

}  // namespace

TEST_CASE("a pipe that somebody put in the place of a report neither blocks run nor keeps the lab") {
  const std::string lab = lab_with(running("a", "true"));
  const std::string planted = planted_pipe(open_place());
  const Result refused = cli("run " + lab + " -r " + planted);
  CHECK(refused.exit == 2);
  CHECK_THAT(refused.err, ContainsSubstring("cannot write " + planted + ": it is a pipe of user 12345") &&
                              ContainsSubstring("name a file in a directory of your own"));
  CHECK_THAT(refused.out, !ContainsSubstring("is up"));
  const Result graph = cli("graph " + lab + " --format svg -o " + planted);
  CHECK(graph.exit == 2);
  CHECK(cli("--log-file " + planted + " plan " + lab).exit == 2);
  // One's own, which nobody reads, is told once the lab is down.
  const std::string own = directory() + "/own.xml";
  REQUIRE(::mkfifo(own.c_str(), 0600) == 0);
  const Result unread = cli("run " + lab + " -r " + own);
  CHECK(unread.exit == 2);
  CHECK_THAT(unread.err, ContainsSubstring("cannot write " + own + ": it is a pipe that nobody reads"));
  CHECK(cli("--log-file " + own + " plan " + lab).exit == 2);
  require_nothing_left();
}

TEST_CASE("a reader that takes nothing finds the lab down already and is not waited for without end") {
  const std::string pipe = directory() + "/pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  REQUIRE(::fcntl(reader, F_SETPIPE_SZ, 4096) > 0);
  const int process = start_netrig({"run", lab_with(running("a", "true")), "-r", "html:" + pipe});
  for (int i = 0; i < 600; ++i) {
    int waiting = 0;
    if (::ioctl(reader, FIONREAD, &waiting) == 0 && waiting > 0) break;
    std::this_thread::sleep_for(50ms);
  }
  require_nothing_left();
  CHECK(::kill(process, 0) == 0);
  CHECK(wait_for(process) == 2);
  ::close(reader);
}

TEST_CASE("a pipe that is read gets its report and so does standard output by its name") {
  const std::string lab = lab_with(running("a", "true"));
  const Result piped =
      sh(std::string("bash -c '") + NETRIG_BINARY + " run -q " + lab + " -r tap:>(cat >" + directory() +
         "/tap; echo >" + directory() + "/done) && cat " + directory() + "/tap'; echo $?");
  for (int i = 0; i < 100 && !std::filesystem::exists(directory() + "/done"); ++i) std::this_thread::sleep_for(50ms);
  INFO(piped.out << piped.err);
  CHECK_THAT(read(directory() + "/tap"), ContainsSubstring("ok 1 - a"));
  CHECK_THAT(sh(std::string(NETRIG_BINARY) + " run -q " + lab + " -r tap:/dev/stdout | cat").out,
             ContainsSubstring("ok 1 - a"));
  CHECK(cli("run -q " + lab + " -r tap:/dev/null").exit == 0);
  // Standard output may be a file: it is written on, and what is called as /dev/stdout stays what it is.
  const std::string log = directory() + "/log";
  const std::string name = directory() + "/stdout-by-name";
  std::filesystem::create_symlink("/proc/self/fd/1", name);
  CHECK(sh("{ echo before; " NETRIG_BINARY " run -q " + lab + " -r tap:" + name + "; echo behind; } >" + log).exit ==
        0);
  CHECK_THAT(read(log),
             Catch::Matchers::StartsWith("before\nTAP version 13\n") && Catch::Matchers::EndsWith("behind\n"));
  CHECK(std::filesystem::is_symlink(name));
  require_nothing_left();
}

TEST_CASE("no log and no report goes where a link of others points and no disk is written") {
  const std::string lab = lab_with(running("a", "true"));
  const std::string secret = file("secret", "untouched");
  const std::string place = open_place();
  const std::string link = planted_link(place, secret);
  const Result log = cli("-vv --log-file " + link + " plan " + lab);
  CHECK(log.exit == 2);
  CHECK_THAT(log.err, ContainsSubstring("cannot write " + link + ": it is a symbolic link of user 12345"));
  CHECK(read(secret) == "untouched");
  // A report takes the link's place and leaves alone what it points to.
  CHECK(cli("graph " + lab + " --format svg -o " + link).exit == 0);
  CHECK(read(secret) == "untouched");
  CHECK_FALSE(std::filesystem::is_symlink(link));
  const std::string nowhere = planted_link(directory(), directory() + "/made");
  CHECK(cli("-vv --log-file " + nowhere + " plan " + lab).exit == 2);
  CHECK_FALSE(std::filesystem::exists(directory() + "/made"));
  // One's own link is followed.
  const std::string own = directory() + "/own.log";
  std::filesystem::create_symlink(directory() + "/real.log", own);
  CHECK(cli("-vv --log-file " + own + " plan " + lab).exit == 0);
  CHECK_FALSE(read(directory() + "/real.log").empty());
  const std::string disk = directory() + "/disk";
  if (::mknod(disk.c_str(), S_IFBLK | 0600, makedev(7, 250)) == 0)
    CHECK_THAT(cli("run " + lab + " -r text:" + disk).err, ContainsSubstring("it is a disk"));
  require_nothing_left();
}

TEST_CASE("nothing from a lab or its file name reaches the terminal as anything but text") {
  const std::string sly = directory() +
                          "/\x1b]0;owned\x07\xe2\x80\xae\xc2\x9b"
                          "2Jlab\n.toml";
  const std::string quoted = "'" + sly + "'";
  std::filesystem::rename(
      lab_with("[[test]]\nname = \"a\\u001b[2J\\u202e\\u009b\"\nfrom = \"h1\"\nexec = { command = \"exit 1\" }\n"),
      sly);
  std::string text = read(sly);
  text.replace(text.find("name = \"eth0\""), 13, "name = \"eth0\", alias = \"\\u001b]0;x\\u0007\\u202e\\u2066\"");
  const std::string broken = directory() + "/\x1b[31mbroken\xe2\x80\xae.toml";
  file("\x1b[31mbroken\xe2\x80\xae.toml", "[lab]\nname = \"\\u001b[2J\\u202e\"\n");
  file(std::filesystem::path(sly).filename(), text);
  for (const std::string command : {"plan",
                                    "-vv plan",
                                    "--json plan",
                                    "up",
                                    "status",
                                    "--json status",
                                    "list",
                                    "--json list",
                                    "test",
                                    "test --json",
                                    "-vv down",
                                    "run --list",
                                    "--json run --list",
                                    "run",
                                    "run --json",
                                    "run -r json:-",
                                    "run -r tap:-",
                                    "run -r tap14:-",
                                    "run -r text:-",
                                    "run -r junit:-",
                                    "run -r html:-",
                                    "graph",
                                    "graph --format dot",
                                    "graph --format json",
                                    "graph --format mermaid",
                                    "bench",
                                    "drivers check",
                                    "drivers sign",
                                    "--host-config",
                                    "--log-format json -vv plan",
                                    "up --zzz",
                                    "exec two"}) {
    INFO(command);
    const Result result = cli(command + " " + quoted);
    check_harmless(result.out);
    check_harmless(result.err);
  }
  for (const std::string command : {"plan", "--json plan", "status", "down", "upp", "graph", "drivers show"}) {
    INFO(command);
    const Result result = cli(command + " '" + broken + "'");
    CHECK(result.exit != 0);
    check_harmless(result.out);
    check_harmless(result.err);
    // A newline in a name begins no line of its own.
    CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
  }
  CHECK_THAT(cli("plan " + quoted).out, ContainsSubstring("\\x1b]0;x\\x07\\u202e\\u2066"));
  CHECK(cli("run --list " + quoted).out == "a\\x1b[2J\\u202e\\u009b\n");
  // What programs read is the same text.
  CHECK(Json::parse(cli("run --list --json " + quoted).out)["tests"][0]["name"] == "a\x1b[2J\xe2\x80\xae\xc2\x9b");
  require_nothing_left();
}

TEST_CASE("results come one by one as tests end, also into a pipe") {
  const std::string mark = directory() + "/mark";
  const std::string lab =
      lab_with(running("first", "true") + running("second", "while ! test -e " + mark + "; do sleep 0.05; done"));
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen((std::string(NETRIG_BINARY) + " run " + lab).c_str(), "r"),
                                                   &::pclose);
  std::array<char, 1000> line{};
  std::string all;
  while (all.find("first") == std::string::npos && std::fgets(line.data(), line.size(), pipe.get()) != nullptr)
    all += line.data();
  CHECK_THAT(all, ContainsSubstring("lab rig is up") && ContainsSubstring("passed       first"));
  file("mark", "");
  while (std::fgets(line.data(), line.size(), pipe.get()) != nullptr) all += line.data();
  CHECK_THAT(all, ContainsSubstring("passed       second") && ContainsSubstring("2 tests: 2 passed"));
  CHECK(all.find("\x1b") == std::string::npos);
  require_nothing_left();
}

TEST_CASE("tables and results fit terminals of 40 and of 80 columns") {
  const unsigned short columns = GENERATE(40, 80);
  const std::string netrig = std::string(NETRIG_BINARY) + " ";
  const std::string lab = lab_with(
      "[[test]]\nname = \"a test whose name is rather long for a narrow terminal\"\nfrom = \"*\"\nping = { to = \"*\" "
      "}\n" +
      running("bad", "exit 3"));
  REQUIRE(cli("up " + lab).exit == 0);
  const std::string status = on_terminal(columns, "xterm", netrig + "status rig");
  INFO(status);
  CHECK(widest(status, lab) <= columns);
  CHECK_THAT(status, ContainsSubstring("192.0.2.1/24") && ContainsSubstring("h1:eth0"));
  CHECK(widest(on_terminal(columns, "xterm", netrig + "list"), lab) <= columns);
  const std::string driver = on_terminal(columns, "xterm", netrig + "drivers show bridge");
  INFO(driver);
  CHECK(widest(driver.substr(driver.find("\n\n")), "no such line") <= columns);
  for (const char* command : {"", "up", "run", "bench", "exec", "drivers sign"}) {
    const std::string help = on_terminal(columns, "xterm", netrig + command + " --help");
    INFO(help);
    // An example is one line, to be copied.
    CHECK(widest(help, "  netrig ") <= columns);
  }
  const std::string test = on_terminal(columns, "xterm", netrig + "test " + lab);
  INFO(test);
  CHECK(widest(test.substr(0, test.find("\x1b[31mfailed\x1b[0m: bad")), "no such line") <= columns);
  CHECK_THAT(test, ContainsSubstring("\x1b[32mpassed") && ContainsSubstring("\x1b[31mfailed"));
  CHECK(cli("down rig").exit == 0);
}

TEST_CASE("a dumb terminal gets neither colours nor a line that moves") {
  const std::string lab = lab_with(running("slow", "sleep 1") + running("bad", "exit 3"));
  const std::string text = on_terminal(80, "dumb", std::string(NETRIG_BINARY) + " -vv run " + lab);
  INFO(text);
  CHECK_THAT(text, ContainsSubstring("passed       slow"));
  CHECK(text.find('\x1b') == std::string::npos);
  const std::string able = on_terminal(80, "xterm", std::string(NETRIG_BINARY) + " run " + lab);
  CHECK_THAT(able, ContainsSubstring("\x1b[32mpassed") && ContainsSubstring("\x1b[K"));
  require_nothing_left();
}
