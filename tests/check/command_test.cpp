// SPDX-License-Identifier: Apache-2.0
// `netrig test` and `netrig run` as a user and a CI system meet them: reports, exit codes, and what is left after the
// worst.
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <thread>

#include "catch.hpp"
#include "check/rig.hpp"

using namespace scratch;
using namespace std::chrono_literals;

namespace {

/// Path of a lab file with two hosts and these tests.
std::string lab(const std::string& tests) { return file("lab.toml", rig::kWire + tests); }

std::string exec_test(const std::string& name, const std::string& command, const std::string& more = "") {
  return "[[test]]\nname = \"" + name + "\"\nfrom = \"h1\"\nexec = { command = \"" + command + "\" }\n" + more + "\n";
}

/// Names and outcomes of a JSON report: "a=passed b=failed".
std::string outcomes(const Json& report) {
  std::string text;
  for (const Json& test : report["tests"])
    text += (text.empty() ? "" : " ") + test["name"].get<std::string>() + "=" + test["outcome"].get<std::string>();
  return text;
}

std::string run_outcomes(const std::string& path, const std::string& options = "") {
  return outcomes(Json::parse(cli("run " + path + " --json " + options).out));
}

}  // namespace

TEST_CASE("run brings a lab up, tests it, takes it down, and writes every report") {
  const std::string path = lab(exec_test("good", "true") + exec_test("bad", "echo '<nothing>' works; exit 3") +
                               exec_test("left out", "true", "depends_on = \"bad\""));
  const std::string out = directory() + "/report";
  const Result run = cli("run " + path + " -r " + out + ".xml -r " + out + ".tap -r " + out + ".json -r " + out +
                         ".html -r " + out + ".txt");
  CHECK(run.exit == 1);
  CHECK_THAT(run.out, ContainsSubstring("lab rig is up"));
  CHECK_THAT(run.out, ContainsSubstring("3 tests: 1 passed, 1 failed, 1 skipped"));
  CHECK_THAT(run.out, ContainsSubstring("lab rig is down"));
  CHECK(run.err.empty());
  CHECK(outcomes(Json::parse(read(out + ".json"))) == "good=passed bad=failed left out=skipped");
  const Result valid = sh("xmllint --noout --schema " NETRIG_TEST_DIR "/check/junit.xsd " + out + ".xml");
  INFO(valid.err);
  CHECK(valid.exit == 0);
  CHECK(sh("xmllint --xpath 'string(//failure/@message)' " + out + ".xml").out ==
        "h1: exit code 3; standard error: nothing; expected exit code 0\n");
  // prove fails, for a test did; it must understand all of it.
  const Result prove = sh("prove --exec cat " + out + ".tap");
  CHECK_THAT(prove.out, ContainsSubstring("Failed test:  2"));
  CHECK_THAT(prove.out, !ContainsSubstring("Parse errors"));
  const std::string page = read(out + ".html");
  CHECK_THAT(page, ContainsSubstring("&lt;nothing&gt; works"));
  CHECK_THAT(page, ContainsSubstring("exit code 3"));
  CHECK_THAT(page, !ContainsSubstring("<script") && !ContainsSubstring("src=") && !ContainsSubstring("@import") &&
                       !ContainsSubstring("<link"));
  CHECK_THAT(read(out + ".txt"), ContainsSubstring("expected: exit code 0"));
  require_nothing_left();
}

TEST_CASE("what `after` takes is not the test's time, and what of it does not end fails the test") {
  const std::string second = R"({ namespace = "h1", command = "sleep 1" })";
  std::string after = second;
  for (int i = 1; i < 7; ++i) after += ", " + second;
  CHECK(run_outcomes(lab(exec_test("slow", "true", "timeout = \"5s\"\nafter = [" + after + "]") +
                         exec_test("endless", "true",
                                   "timeout = \"1s\"\nafter = { namespace = \"h1\", command = \"sleep 600\" }"))) ==
        "slow=passed endless=failed");
}

TEST_CASE("when all pass, everybody who reads the reports is content") {
  const std::string path =
      lab(exec_test("good", "true") + "[[test]]\nname = \"ping\"\nfrom = \"*\"\nping = { to = \"*\" }");
  const std::string out = directory() + "/report";
  CHECK(cli("run " + path + " -r " + out + ".xml -r " + out + ".tap").exit == 0);
  CHECK(sh("prove --exec cat " + out + ".tap").exit == 0);
  CHECK(sh("xmllint --noout --schema " NETRIG_TEST_DIR "/check/junit.xsd " + out + ".xml").exit == 0);
  const Result quiet = cli("run --quiet " + path);
  CHECK(quiet.exit == 0);
  CHECK(quiet.out.empty());
  CHECK_THAT(cli("run " + path + " -r tap14:-").out,
             Catch::Matchers::StartsWith("TAP version 14\n1..2\nok 1 - good\n"));
  require_nothing_left();
}

TEST_CASE("the JSON report is what its schema describes") {
  const std::string path =
      lab(exec_test("bad", "exit 1") + "[[test]]\nname = \"ping\"\nfrom = \"*\"\nrepeat = 2\nping = { to = \"*\" }\n" +
          "during = { at = \"0ms\", namespace = \"h1\", command = \"true\" }");
  const std::string out = directory() + "/report.json";
  CHECK(cli("run " + path + " -r " + out).exit == 1);
  const Result valid =
      sh("/usr/bin/python3 -m jsonschema -i " + out + " " NETRIG_TEST_DIR "/../docs/test-report.schema.json");
  INFO(valid.out << valid.err);
  CHECK(valid.exit == 0);
  // The schema is no rubber stamp.
  const std::string wrong = file("wrong.json", [&] {
    Json json = Json::parse(read(out));
    json["tests"][0]["outcome"] = "perhaps";
    return json.dump();
  }());
  CHECK(
      sh("/usr/bin/python3 -m jsonschema -i " + wrong + " " NETRIG_TEST_DIR "/../docs/test-report.schema.json").exit !=
      0);
}

TEST_CASE("test runs what the file says now over the lab that is up") {
  const std::string path = lab(exec_test("first", "true"));
  REQUIRE(cli("up " + path).exit == 0);
  lab(exec_test("second", "true"));
  CHECK(outcomes(Json::parse(cli("test --json " + path).out)) == "second=passed");
  // By its name, the lab is what it was when it came up.
  CHECK(outcomes(Json::parse(cli("test --json rig").out)) == "first=passed");
  file("lab.toml", std::string(rig::kRouted) + exec_test("third", "true"));
  const Result differs = cli("test " + path);
  CHECK(differs.exit == 2);
  CHECK_THAT(differs.err, ContainsSubstring("differs from the file, see \"netrig plan"));
  const Result again = cli("run " + path);
  CHECK(again.exit == 2);
  CHECK_THAT(again.err, ContainsSubstring("lab rig is up already, and run would take it down"));
  CHECK(cli("down rig").exit == 0);
  const Result gone = cli("test rig");
  CHECK(gone.exit == 2);
  CHECK_THAT(gone.err, ContainsSubstring("no lab \"rig\" is up"));
  require_nothing_left();
}

TEST_CASE("what cannot run says why, with exit code 2, and touches nothing") {
  const auto refused = [](const std::string& command) {
    const Result result = cli(command);
    CHECK(result.exit == 2);
    require_nothing_left();
    return result.err;
  };
  const std::string path = lab(exec_test("a", "true", "tags = \"slow\""));
  CHECK_THAT(refused("run " + lab("")), ContainsSubstring("the lab has no [[test]]"));
  lab(exec_test("a", "true", "tags = \"slow\""));
  CHECK_THAT(refused("run " + path + " -r nowhere"), ContainsSubstring("does not say which form of report"));
  CHECK_THAT(refused("run " + path + " -r /no/such/place/x.xml"), ContainsSubstring("no directory /no/such/place"));
  CHECK_THAT(refused("run " + path + " -r tap:- -r junit:-"), ContainsSubstring("standard output takes one report"));
  CHECK_THAT(refused("run " + path + " --json -r junit:-"), ContainsSubstring("standard output takes one report"));
  CHECK_THAT(refused("run " + path + " -f slwo"),
             ContainsSubstring("did you mean \"a\"?") || ContainsSubstring("matches no test"));
  CHECK_THAT(refused("run /no/such/lab.toml"), ContainsSubstring("/no/such/lab.toml"));
  CHECK_THAT(
      refused("run " + lab(exec_test("a", "true", "capture = { interface = \"h1:eth0\", filter = \"no filter\" }"))),
      ContainsSubstring("is no capture filter"));
  lab(exec_test("a", "no-such-program-anywhere"));
  lab("[[test]]\nname = \"a\"\nfrom = \"h1\"\nexec = { command = [\"no-such-program-anywhere\"] }\n");
  const Result missing = cli("run " + path);
  CHECK(missing.exit == 2);
  CHECK_THAT(missing.out, ContainsSubstring("cannot run no-such-program-anywhere"));
  require_nothing_left();
}

TEST_CASE("filters, dependencies, repetition and the first failure decide what runs") {
  const std::string path =
      lab(exec_test("a", "true", "tags = [\"quick\"]") + exec_test("b", "true", "depends_on = \"a\"") +
          exec_test("c", "exit 1") + exec_test("d", "true"));
  CHECK(run_outcomes(path) == "a=passed b=passed c=failed d=passed");
  CHECK(run_outcomes(path, "-f b") == "a=passed b=passed");
  CHECK(run_outcomes(path, "-f quick -f 'd*'") == "a=passed d=passed");
  CHECK(run_outcomes(path, "--fail-fast") == "a=passed b=passed c=failed d=skipped");
  CHECK(cli("run " + path + " --list -f b").out == "a\nb\n");
  const std::string counted = directory() + "/count";
  lab(exec_test("n", "echo x >> " + counted, "repeat = 2"));
  CHECK(run_outcomes(path, "--repeat 3") == "n=passed");
  CHECK(read(counted) == "x\nx\nx\nx\nx\nx\n");
  lab(exec_test("n", "echo x >> " + counted + "; test $(wc -l < " + counted + ") -lt 8"));
  const Json report = Json::parse(cli("run " + path + " --json --repeat 5").out);
  CHECK(report["tests"][0]["reason"] == "in repetition 2 of 5");
  require_nothing_left();
}

TEST_CASE("tests run side by side where they do not disturb each other") {
  std::string tests;
  for (int i = 0; i < 6; ++i)
    tests += "[[test]]\nname = \"p" + std::to_string(i) +
             "\"\nfrom = \"h1\"\nping = { to = \"h2\", count = 4, interval = \"500ms\" }\n";
  const Json report = Json::parse(cli("run " + lab(tests) + " --json -j 6").out);
  // One after the other they would take more than nine seconds; that they overlap is what counts, not how fast.
  double last_begin = 0;
  double first_end = 1e9;
  for (const Json& test : report["tests"]) {
    CHECK(test["outcome"] == "passed");
    last_begin = std::max(last_begin, test["began"].get<double>());
    first_end = std::min(first_end, test["began"].get<double>() + test["seconds"].get<double>());
  }
  CHECK(last_begin < first_end);
}

TEST_CASE("a lab with a failed test can be kept to look at") {
  const std::string path = lab(exec_test("bad", "exit 1"));
  const Result run = cli("run --keep " + path);
  CHECK(run.exit == 1);
  CHECK_THAT(run.out, ContainsSubstring("left up"));
  CHECK(cli("status rig").exit == 0);
  CHECK(cli("down rig").exit == 0);
  lab(exec_test("good", "true"));
  CHECK(cli("run --keep " + path).exit == 0);
  require_nothing_left();
}

TEST_CASE("Ctrl-C in a test leaves a truthful report, no process and no lab") {
  const std::string path =
      lab(exec_test("done", "true") + exec_test("hangs", "sleep " + rig::an_hour()) + exec_test("later", "true"));
  const std::string out = directory() + "/report.json";
  const int process = start_netrig({"run", path, "-r", out});
  await([] { return rig::processes_with(rig::an_hour()) > 0; });
  ::kill(process, SIGINT);
  CHECK(wait_for(process) == 130);
  const Json report = Json::parse(read(out));
  CHECK(report["interrupted"] == true);
  for (const Json& test : report["tests"]) CHECK(test["findings"].empty());
  CHECK(outcomes(report) == "done=passed hangs=interrupted later=interrupted");
  CHECK(rig::processes_with(rig::an_hour()) == 0);
  require_nothing_left();
}

TEST_CASE("a kill -9 in a test leaves no process, and the next down no lab") {
  const std::string path = lab(exec_test("hangs", "(setsid sleep " + rig::an_hour() + " &) ; sleep " + rig::an_hour()));
  const int process = start_netrig({"run", path});
  await([] { return rig::processes_with(rig::an_hour()) >= 3; });
  ::kill(process, SIGKILL);
  wait_for(process);
  await([] { return rig::processes_with(rig::an_hour()) == 0; });
  CHECK(cli("down rig").exit == 0);
  require_nothing_left();
}

TEST_CASE("a service that hangs is told, and does not stay") {
  const std::string path =
      lab("[service.slow]\nstart = \"test\"\nstop = \"100ms\"\nnamespace = \"h2\"\ncommand = \"echo starting; trap '' "
          "TERM; sleep " +
          rig::an_hour() +
          "\"\n"
          "ready = { tcp = 80 }\ntimeout = \"300ms\"\n" +
          exec_test("a", "true", "services = \"slow\"") + exec_test("b", "true"));
  const Result run = cli("run " + path + " -r json:" + directory() + "/report.json");
  CHECK(run.exit == 2);
  const Json report = Json::parse(read(directory() + "/report.json"));
  CHECK(outcomes(report) == "a=error b=passed");
  CHECK_THAT(report["tests"][0]["reason"].get<std::string>(), ContainsSubstring("service slow"));
  CHECK(rig::processes_with(rig::an_hour()) == 0);
  require_nothing_left();
}

TEST_CASE("a test past its timeout fails, and the rest runs") {
  CHECK(run_outcomes(lab(exec_test("late", "sleep " + rig::an_hour(), "timeout = \"200ms\"") +
                         exec_test("next", "true"))) == "late=failed next=passed");
  CHECK(rig::processes_with(rig::an_hour()) == 0);
}

TEST_CASE("a lab that dies while it is tested is told") {
  const std::string mark = directory() + "/mark";
  const std::string path =
      lab(exec_test("first", "touch " + mark + "; until test -e " + mark + "2; do sleep 0.05; done") +
          "[[test]]\nname = \"next\"\nfrom = \"h1\"\nping = { to = \"h2\" }\n");
  const int process = start_netrig({"run", path, "-r", directory() + "/report.json"});
  await([&] { return std::filesystem::exists(mark); });
  REQUIRE(sh("ip netns delete h2 && touch " + mark + "2").exit == 0);
  CHECK(wait_for(process) == 2);
  const Json report = Json::parse(read(directory() + "/report.json"));
  CHECK(outcomes(report) == "first=passed next=error");
  CHECK(report["tests"][1]["reason"] == "namespace h2 of lab rig is gone; the lab was taken away while it was tested");
  require_nothing_left();
}

TEST_CASE("a full disk is told, keeps the report that was there, and takes no other report with it") {
  const std::string disk = directory() + "/disk";
  std::filesystem::create_directory(disk);
  REQUIRE(sh("mount -t tmpfs -o size=16k none " + disk).exit == 0);
  REQUIRE(sh("echo before > " + disk + "/report.xml; head -c 1M /dev/zero > " + disk + "/full").exit != 0);
  const std::string path =
      lab("[[test]]\nname = \"a\"\nfrom = \"h1\"\nping = { to = \"h2\", size = 1000 }\n"
          "[[test]]\nname = \"b\"\nfrom = \"h1\"\nping = { to = \"h2\" }\ncapture = { interface = \"h2:eth0\", sees = "
          "false }\n");
  const Result run = cli("run -f a " + path + " -r " + disk + "/report.xml -r " + directory() + "/report.json");
  CHECK(run.exit == 2);
  CHECK_THAT(run.err, ContainsSubstring("cannot write " + disk + "/report.xml: No space left on device (ENOSPC)"));
  CHECK(read(disk + "/report.xml") == "before\n");
  CHECK(outcomes(Json::parse(read(directory() + "/report.json"))) == "a=passed");
  const Result capture = cli("run -f b " + path + " --artifacts " + disk + "/captures");
  CHECK(capture.exit == 1);
  CHECK_THAT(capture.out, ContainsSubstring("packets that match") || ContainsSubstring("packets"));
  CHECK(cli("run -f a " + path + " > /dev/full").exit != 0);
  require_nothing_left();
  sh("umount " + disk);
}

TEST_CASE("without privileges a lab's tests can be listed, not run") {
  const std::string path = lab(exec_test("a", "true"));
  sh("chmod 755 " + directory());
  const std::string as_nobody = "setpriv --reuid 65534 --regid 65534 --clear-groups " NETRIG_BINARY " ";
  const Result list = sh(as_nobody + "run --list " + path);
  const Result run = sh(as_nobody + "run " + path);
  CHECK(run.exit == 2);
  if (list.exit == 0) {
    CHECK(list.out == "a\n");
    CHECK_THAT(run.err, ContainsSubstring("run it with sudo"));
  }
}
