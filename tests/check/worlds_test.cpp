// SPDX-License-Identifier: Apache-2.0
// `netrig run` over several labs, each in a world of its own, and what CI gets of it.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "catch.hpp"
#include "check/rig.hpp"

using namespace scratch;

namespace {

/// A lab file of this name in a directory of its own, with namespaces, names and lab's name like all others.
std::string lab_file(const std::string& name, const std::string& tests) {
  std::filesystem::create_directories(directory() + "/labs");
  return file("labs/" + name, rig::kWire + tests);
}

std::string shell_test(const std::string& name, const std::string& command) {
  return "[[test]]\nname = \"" + name + "\"\nfrom = \"h1\"\nexec = { command = '''" + command + "\n''' }\n";
}

/// Touches one mark and waits until another is there.
std::string meet(const std::string& mine, const std::string& other) {
  return "touch " + directory() + "/" + mine + "; until test -e " + directory() + "/" + other + "; do sleep 0.05; done";
}

std::string xpath(const std::string& path, const std::string& expression) {
  std::string text = sh("xmllint --xpath '" + expression + "' " + path).out;
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

/// By the ends of their names: "a.toml=passed b.toml=failed".
std::string lab_outcomes(const Json& report) {
  std::string text;
  for (const Json& lab : report["labs"]) {
    std::string worst = "passed";
    for (const Json& test : lab["tests"])
      if (test["outcome"] != "passed") worst = test["outcome"];
    text += (text.empty() ? "" : " ") + std::filesystem::path(lab["file"].get<std::string>()).filename().string() +
            "=" + worst;
  }
  return text;
}

std::string all_labs() { return "'" + directory() + "/labs/*.toml'"; }

}  // namespace

TEST_CASE("labs that name everything alike run side by side, beside a namespace of that name, and nothing is left") {
  lab_file("a.toml",
           shell_test("meets", meet("a", "b")) + shell_test("sees", "ls /run/netns; ls /proc | grep -c '^1$'"));
  lab_file("b.toml",
           shell_test("meets", meet("b", "a")) + "[[test]]\nname = \"ping\"\nfrom = \"*\"\nping = { to = \"*\" }");
  REQUIRE(sh("ip netns add h1").exit == 0);
  const Json before = kernel_state("h1");
  const std::string out = directory() + "/report";
  const Result run = cli("run " + all_labs() + " --jobs 2 -r " + out + ".xml -r " + out + ".md -r " + out +
                         ".html -r " + out + ".tap -r " + out + ".txt -r " + out + ".json");
  INFO(run.out << run.err);
  CHECK(run.exit == 0);
  CHECK(run.err.empty());
  CHECK_THAT(run.out, ContainsSubstring("labs/a.toml: meets") && ContainsSubstring("labs/b.toml: ping"));
  CHECK_THAT(run.out, ContainsSubstring("\n2 labs: 2 passed (4 tests, "));
  CHECK(kernel_state("h1") == before);
  CHECK(namespaces() == std::vector<std::string>{"h1"});
  CHECK(sh("ip netns delete h1").exit == 0);
  require_nothing_left();

  const Result valid = sh("xmllint --noout --schema " NETRIG_TEST_DIR "/check/junit.xsd " + out + ".xml");
  INFO(valid.err);
  CHECK(valid.exit == 0);
  CHECK(xpath(out + ".xml", "count(/testsuites/testsuite)") == "2");
  CHECK(xpath(out + ".xml", "count(//testcase)") == "4");
  CHECK(xpath(out + ".xml", "string(/testsuites/@tests)") == "4");
  CHECK(xpath(out + ".xml", "string(/testsuites/testsuite[1]/@file)") == directory() + "/labs/a.toml");
  CHECK(xpath(out + ".xml", "string(//testcase[@name=\"sees\"]/@file)") == directory() + "/labs/a.toml");
  // Where grep finds it, too; the lab's text is the same up to the tests.
  CHECK(xpath(out + ".xml", "string(//testcase[@name=\"sees\"]/@line)") + "\n" ==
        sh("grep -n 'name = \"sees\"' " + directory() + "/labs/a.toml | cut -d: -f1").out);
  // Two suites of one name would be one to who reads it.
  CHECK(xpath(out + ".xml", "string(/testsuites/testsuite[1]/@name)") !=
        xpath(out + ".xml", "string(/testsuites/testsuite[2]/@name)"));
  CHECK(sh("prove --exec cat " + out + ".tap").exit == 0);
  const Json report = Json::parse(read(out + ".json"));
  CHECK(lab_outcomes(report) == "a.toml=passed b.toml=passed");
  CHECK(report["totals"]["tests"]["passed"] == 4);
  CHECK_THAT(read(out + ".md"), ContainsSubstring("## 2 labs: 2 passed\n"));
  const std::string page = read(out + ".html");
  CHECK_THAT(page, ContainsSubstring("href=\"#lab2-t1\"") && ContainsSubstring("id=\"lab2-t1\""));
  CHECK(std::count(page.begin(), page.end(), '\n') > 0);
  CHECK_THAT(read(out + ".txt"), ContainsSubstring("labs/b.toml: ping"));
  const Result schema =
      sh("/usr/bin/python3 -m jsonschema -i " + out + ".json " NETRIG_TEST_DIR "/../docs/test-report.schema.json");
  INFO(schema.out << schema.err);
  CHECK(schema.exit == 0);
}

TEST_CASE("what a lab sees in its world is its own") {
  std::string ours = sh("readlink /proc/self/ns/ipc").out;
  ours.pop_back();
  lab_file("a.toml", shell_test("names", "test \"$(ls /run/netns | tr '\\n' ' ')\" = 'h1 h2 '") +
                         shell_test("messages", "test \"$(readlink /proc/self/ns/ipc)\" != '" + ours + "'") +
                         shell_test("records", "test \"$(ls /run/netrig)\" = rig") +
                         shell_test("links", "test -d /sys/class/net/eth0") +
                         shell_test("files", "test -s /etc/passwd"));
  const Result run = cli("run --isolated " + directory() + "/labs/a.toml");
  INFO(run.out << run.err);
  CHECK(run.exit == 0);
  // One lab is told as one, wherever it runs.
  const Json report = Json::parse(cli("run --isolated --json " + directory() + "/labs/a.toml").out);
  CHECK(report["tests"].size() == 5);
  CHECK(report["lab"] == "rig");
  require_nothing_left();
}

TEST_CASE("one lab that fails and one that cannot run keep no other from running") {
  lab_file("bad.toml", shell_test("bad", "echo '<nothing>' works; exit 3"));
  lab_file("good.toml", shell_test("good", "true"));
  std::string text = rig::kWire + shell_test("never", "true");
  file("labs/theirs.toml", replaced(text, "[namespace.h2]", "[namespace.h2]\nexisting = true"));
  const std::string out = directory() + "/report";
  const Result run = cli("run " + all_labs() + " -r " + out + ".json -r " + out + ".xml -r " + out + ".md");
  INFO(run.out << run.err);
  CHECK(run.exit == 1);
  CHECK_THAT(run.out, ContainsSubstring("3 labs: 1 passed, 1 failed, 1 could not run (3 tests, "));
  CHECK_THAT(run.out, ContainsSubstring("expected: exit code 0"));
  CHECK_THAT(run.out, ContainsSubstring("to look at it, leave the lab up: netrig run --keep ") &&
                          ContainsSubstring("labs/bad.toml\n"));
  CHECK_THAT(run.err, ContainsSubstring("labs/theirs.toml:5:12: namespace h2 is said to exist already") &&
                          ContainsSubstring("run the lab alone: \"netrig run "));
  CHECK(lab_outcomes(Json::parse(read(out + ".json"))) == "bad.toml=failed good.toml=passed theirs.toml=error");
  CHECK(sh("xmllint --noout --schema " NETRIG_TEST_DIR "/check/junit.xsd " + out + ".xml").exit == 0);
  CHECK(xpath(out + ".xml", "string(//error/../@line)") == "5");
  CHECK(xpath(out + ".xml", "string(//failure/@message)") ==
        "h1: exit code 3; standard error: nothing; expected exit code 0");
  CHECK_THAT(read(out + ".md"), ContainsSubstring("#### failed: bad\n") && ContainsSubstring("&lt;nothing&gt; works"));
  // Nothing but what could not run: 2.
  CHECK(cli("run " + directory() + "/labs/good.toml " + directory() + "/labs/theirs.toml").exit == 2);
  CHECK(cli("run --quiet " + directory() + "/labs/good.toml --isolated").out.empty());
  require_nothing_left();
}

TEST_CASE("with --fail-fast no lab begins after one that did not pass, and it is said which") {
  const std::string mark = directory() + "/ran";
  lab_file("a.toml", shell_test("good", "true"));
  lab_file("b.toml", shell_test("bad", "false") + shell_test("after", "touch " + mark));
  for (const std::string name : {"c.toml", "d.toml"}) lab_file(name, shell_test("never", "touch " + mark));
  const std::string out = directory() + "/report";
  const Result run = cli("run " + all_labs() + " --jobs 1 --fail-fast -r " + out + ".json -r " + out + ".xml");
  INFO(run.out << run.err);
  CHECK(run.exit == 1);
  CHECK_FALSE(std::filesystem::exists(mark));
  for (const std::string name : {"c.toml", "d.toml"})
    CHECK_THAT(run.out,
               ContainsSubstring("labs/" + name + ": not run, for " + directory() + "/labs/b.toml did not pass\n"));
  CHECK_THAT(run.out, ContainsSubstring("4 labs: 1 passed, 1 failed, 2 skipped"));
  const Json report = Json::parse(read(out + ".json"));
  CHECK(lab_outcomes(report) == "a.toml=passed b.toml=skipped c.toml=skipped d.toml=skipped");
  CHECK(report["labs"][1]["tests"][0]["outcome"] == "failed");
  CHECK(report["labs"][2]["tests"][0]["reason"] == "not run, for " + directory() + "/labs/b.toml did not pass");
  CHECK(sh("xmllint --noout --schema " NETRIG_TEST_DIR "/check/junit.xsd " + out + ".xml").exit == 0);
  CHECK(sh("/usr/bin/python3 -m jsonschema -i " + out + ".json " NETRIG_TEST_DIR "/../docs/test-report.schema.json")
            .exit == 0);
  // One that cannot run has not passed either.
  file("labs/b.toml", "[lab]\n");
  CHECK(cli("run " + all_labs() + " --jobs 1 --fail-fast").exit == 2);
  CHECK_FALSE(std::filesystem::exists(mark));
  require_nothing_left();
}

TEST_CASE("of several labs a filter means the tests of some, and the others are not run") {
  const std::string mark = directory() + "/ran";
  lab_file("a.toml", shell_test("smoke1", "true"));
  lab_file("b.toml", shell_test("never", "touch " + mark));
  lab_file("c.toml", shell_test("other", "true") + shell_test("long", "touch " + mark));
  const std::string out = directory() + "/report.json";
  const Result run = cli("run " + all_labs() + " -f 'smoke*' -f other -r " + out);
  INFO(run.out << run.err);
  CHECK(run.exit == 0);
  CHECK_FALSE(std::filesystem::exists(mark));
  CHECK_THAT(run.out, ContainsSubstring("labs/b.toml: not run, for no test of it is meant by --filter\n"));
  CHECK(lab_outcomes(Json::parse(read(out))) == "a.toml=passed b.toml=skipped c.toml=passed");
  CHECK(cli("run " + all_labs() + " -f 'smoke*' -f other --list").out ==
        directory() + "/labs/a.toml: smoke1\n" + directory() + "/labs/c.toml: other\n");
  for (const std::string more : {" --list", ""}) {
    const Result wrong = cli("run " + all_labs() + " -f smoke1 -f smokey" + more);
    CHECK(wrong.exit == 2);
    CHECK_THAT(wrong.err, ContainsSubstring("--filter \"smokey\" matches no test and no tag of these labs"));
  }
  CHECK(cli("run " + directory() + "/labs/b.toml --isolated -f smoke1").exit == 2);
  require_nothing_left();
}

TEST_CASE("a kill -9 of a run over several labs leaves nothing") {
  const std::string hang = "(setsid sleep " + rig::an_hour() + " &) ; sleep " + rig::an_hour();
  lab_file("a.toml", shell_test("hangs", hang));
  lab_file("b.toml", shell_test("hangs", hang) +
                         "[service.daemon]\nnamespace = \"h2\"\ncommand = \"trap '' TERM; (setsid sleep " +
                         rig::an_hour() + " &); sleep " + rig::an_hour() + "\"\n");
  const int process = start_netrig({"run", directory() + "/labs/a.toml", directory() + "/labs/b.toml", "--jobs", "2"});
  await([] { return rig::processes_with(rig::an_hour()) >= 8; });
  // Not one of them is seen here.
  require_nothing_left();
  ::kill(process, SIGKILL);
  CHECK(wait_for(process) == 128 + SIGKILL);
  await([] { return rig::processes_with(rig::an_hour()) == 0; });
  await([] { return rig::processes_with(directory() + "/labs/a.toml") == 0; });
  require_nothing_left();
}

TEST_CASE("a lab whose netrig dies is told, and keeps no other from running") {
  const std::string mark = directory() + "/hanging";
  lab_file("a.toml", shell_test("hangs", "touch " + mark + "; sleep " + rig::an_hour()));
  lab_file("b.toml", shell_test("good", "true"));
  const std::string out = directory() + "/report.json";
  const int process = start_netrig({"run", directory() + "/labs/*.toml", "--jobs", "1", "-r", out});
  await([&] { return std::filesystem::exists(mark); });
  REQUIRE(sh("kill -9 $(pgrep -P $(pgrep -P " + std::to_string(process) + "))").exit == 0);
  CHECK(wait_for(process) == 2);
  const Json report = Json::parse(read(out));
  CHECK(lab_outcomes(report) == "a.toml=error b.toml=passed");
  CHECK(report["labs"][0]["tests"].back()["reason"] == "its netrig ended without a word (signal 9)");
  CHECK(rig::processes_with(rig::an_hour()) == 0);
  require_nothing_left();
}

TEST_CASE("an interruption ends all labs, and the report is truthful") {
  const int signal = GENERATE(SIGINT, SIGTERM);
  const std::string mark = directory() + "/mark" + std::to_string(signal);
  lab_file("a.toml", shell_test("done", "true") + shell_test("hangs", "touch " + mark + "a; sleep " + rig::an_hour()));
  lab_file("b.toml", shell_test("hangs", "touch " + mark + "b; sleep " + rig::an_hour()));
  lab_file("c.toml", shell_test("waits", "true"));
  const std::string out = directory() + "/report.json";
  const int process = start_netrig({"run", directory() + "/labs/*.toml", "--jobs", "2", "-r", out});
  await([&] { return std::filesystem::exists(mark + "a") && std::filesystem::exists(mark + "b"); });
  ::kill(process, signal);
  CHECK(wait_for(process) == 130);
  const Json report = Json::parse(read(out));
  CHECK(lab_outcomes(report) == "a.toml=interrupted b.toml=interrupted c.toml=interrupted");
  CHECK(report["labs"][0]["tests"][0]["outcome"] == "passed");
  CHECK(report["labs"][2]["tests"][0]["reason"] == "interrupted before it began");
  CHECK(rig::processes_with(rig::an_hour()) == 0);
  require_nothing_left();
}

TEST_CASE("fifty labs run beside fifty others that are killed") {
  for (int i = 10; i < 60; ++i)
    lab_file("lab" + std::to_string(i) + ".toml",
             shell_test("own", "test \"$NETRIG_LAB\" = rig && ip -j addr show dev eth0 | grep -q 192.0.2.1"));
  const int other = start_netrig({"run", directory() + "/labs/*.toml", "--jobs", "2"});
  const std::string out = directory() + "/report.json";
  const int process = start_netrig({"run", directory() + "/labs/*.toml", "--jobs", "4", "-r", out});
  await([&] { return rig::processes_with("labs/*.toml") >= 6; });
  ::kill(other, SIGKILL);
  wait_for(other);
  CHECK(wait_for(process) == 0);
  const Json report = Json::parse(read(out));
  CHECK(report["totals"]["labs"]["passed"] == 50);
  CHECK(report["totals"]["tests"]["passed"] == 50);
  await([&] { return rig::processes_with("labs/*.toml") == 0; });
  require_nothing_left();
}

TEST_CASE("what several labs do not go with is told before anything begins") {
  const std::string a = lab_file("a.toml", shell_test("a", "true"));
  const std::string b = lab_file("b.toml", shell_test("b", "true"));
  const auto refused = [](const std::string& arguments) {
    const Result result = cli("run " + arguments);
    INFO(arguments << ": " << result.out << result.err);
    CHECK(result.exit == 2);
    CHECK(result.out.empty());
    require_nothing_left();
    return result.err;
  };
  CHECK_THAT(refused("'" + directory() + "/nothing*.toml'"), ContainsSubstring("no lab file matches \""));
  CHECK_THAT(refused(a + " /no/such.toml"), ContainsSubstring("/no/such.toml: there is no such lab file"));
  CHECK_THAT(refused(a + " " + b + " --keep"), ContainsSubstring("--keep leaves a lab up"));
  CHECK_THAT(refused(a + " --isolated --keep"), ContainsSubstring("--keep leaves a lab up"));
  CHECK_THAT(refused(a + " " + b + " --until-fails"), ContainsSubstring("--until-fails is for one lab"));
  CHECK_THAT(refused(a + " " + b + " --name x"), ContainsSubstring("--name is for one lab"));
  CHECK_THAT(refused(a + " --isolated --artifacts /run/x"), ContainsSubstring("/run/x is below /run"));
  CHECK(cli("run --list " + a + " " + b).out == a + ": a\n" + b + ": b\n");
  // The same file twice is one lab, and told as one.
  CHECK(cli("run --list " + a + " " + directory() + "/labs/../labs/a.toml").out == "a\n");
}

TEST_CASE("where a world cannot be made it is said what is missing") {
  lab_file("a.toml", shell_test("a", "true"));
  lab_file("b.toml", shell_test("b", "true"));
  sh("chmod -R a+rX " + directory());
  const Result nobody = sh("setpriv --reuid 65534 --regid 65534 --clear-groups " NETRIG_BINARY " run " + all_labs());
  CHECK(nobody.exit == 2);
  CHECK_THAT(nobody.err, ContainsSubstring("run it with sudo") || ContainsSubstring("Permission denied"));
  // Container runtimes mask paths of /proc; the kernel then refuses new ones to who is not the machine's own root.
  REQUIRE(sh("mount --bind /dev/null /proc/version").exit == 0);
  const std::string masked = "unshare --user --map-root-user --mount --propagation slave " NETRIG_BINARY " ";
  if (sh("unshare --user --map-root-user --mount true").exit == 0) {
    const Result refused = sh(masked + "run " + all_labs());
    INFO(refused.out);
    CHECK(refused.exit == 2);
    CHECK_THAT(refused.err, ContainsSubstring("cannot mount /proc") && ContainsSubstring("--privileged") &&
                                ContainsSubstring("docs/ci.md"));
    const Result doctor = sh(masked + "--json doctor");
    const Json except = Json::parse(doctor.out)["except"];
    CHECK(std::find(except.begin(), except.end(), "worlds") != except.end());
  }
  sh("umount /proc/version");
  require_nothing_left();
}

TEST_CASE("GitHub is told where its runner asks for it") {
  const std::string path =
      lab_file("a.toml", shell_test("bad: 100%, sure", "echo first >&2; echo ::error::from the lab; exit 3") +
                             shell_test("good", "true"));
  const std::string summary = file("summary.md", "before\n");
  const std::string runner =
      "GITHUB_ACTIONS=true GITHUB_WORKSPACE=" + directory() + " GITHUB_STEP_SUMMARY=" + summary + " " NETRIG_BINARY " ";
  const std::string line = sh("grep -n 'name = \"bad' " + path + " | cut -d: -f1 | tr -d '\\n'").out;
  const std::string begin =
      "\n::error file=labs/a.toml,line=" + line + ",col=8,title=rig%3A bad%3A 100%25%2C sure::h1: exit code 3";
  const Result run = sh(runner + "run " + path);
  INFO(run.out << run.err);
  CHECK(run.exit == 1);
  CHECK_THAT(run.out, ContainsSubstring(begin));
  // What labs write is not obeyed, and what netrig says is.
  const std::string stop = "::stop-commands::";
  REQUIRE(run.out.starts_with(stop));
  const std::string token = run.out.substr(stop.size(), run.out.find('\n') - stop.size());
  const std::size_t written = run.out.find("\n::error::from the lab\n");
  CHECK(written < run.out.find("\n::" + token + "::\n"));
  CHECK(run.out.find("\n::" + token + "::\n") < run.out.find(begin));
  CHECK_THAT(read(summary), Catch::Matchers::StartsWith("before\n## rig: 2 tests: 1 passed, 1 failed\n"));
  // Nor is what a lab that is no lab has in it.
  const std::string order = "##[add-mask]x";
  const Result wrong = sh(runner + "run " + file("order.toml", "[lab]\nname = \"x\"\n\"" + order + "\" = 1\n"));
  CHECK(wrong.exit == 2);
  CHECK_THAT(wrong.err, ContainsSubstring("##\\[add-mask]x"));
  CHECK_THAT(wrong.out + wrong.err, !ContainsSubstring("##["));
  // Two more labs, one more summary; a standard output that a report has taken stays as it is.
  const Result several = sh(runner + "run --json " + path + " " + lab_file("b.toml", shell_test("good", "true")));
  CHECK(lab_outcomes(Json::parse(several.out)) == "a.toml=failed b.toml=passed");
  CHECK_THAT("\n" + several.err, ContainsSubstring(begin));
  CHECK_THAT(read(summary), ContainsSubstring("\n## 2 labs: 1 passed, 1 failed\n"));
  const std::string so_far = read(summary);
  CHECK_THAT(sh(runner + "run --no-github " + path).out, !ContainsSubstring("::error file"));
  CHECK(read(summary) == so_far);
  CHECK_THAT(cli("run --github " + path).out, ContainsSubstring("::error file="));
  // A link that another user has put there is not followed.
  std::filesystem::create_directory(directory() + "/common");
  REQUIRE(sh("chmod 1777 " + directory() + "/common; ln -s " + summary + " " + directory() +
             "/common/summary; chown -h 65534 " + directory() + "/common/summary")
              .exit == 0);
  const Result misled =
      sh("GITHUB_STEP_SUMMARY=" + directory() + "/common/summary " NETRIG_BINARY " run --github " + path);
  CHECK(misled.exit == 2);
  CHECK_THAT(misled.err, ContainsSubstring("a symbolic link of user 65534"));
  CHECK(read(summary) == so_far);
  require_nothing_left();
}

TEST_CASE("rounds go on until a test fails or the user has enough") {
  const std::string count = directory() + "/count";
  const std::string path =
      lab_file("a.toml", shell_test("good", "true") +
                             shell_test("third", "echo x >> " + count + "; test $(wc -l < " + count + ") -lt 3"));
  for (const char* where : {"", "--isolated "}) {
    std::filesystem::remove(count);
    const Result run = cli("run " + std::string(where) + path + " --until-fails -r " + directory() + "/report.json");
    INFO(run.out << run.err);
    CHECK(run.exit == 1);
    CHECK_THAT(run.out, ContainsSubstring("round 1: 2 tests: 2 passed") &&
                            ContainsSubstring("round 2: 2 tests: 2 passed") &&
                            ContainsSubstring("2 tests: 1 passed, 1 failed, in round 3 ("));
    CHECK(Json::parse(read(directory() + "/report.json"))["rounds"] == 3);
  }
  lab_file("a.toml", shell_test("good", "echo x >> " + count));
  const int process = start_netrig({"run", path, "--until-fails"});
  await([&] { return std::filesystem::file_size(count) > 20; });
  ::kill(process, SIGINT);
  CHECK(wait_for(process) == 130);
  require_nothing_left();
}

TEST_CASE("a seed draws other pairs, the same each time, and is in the report") {
  const std::string path =
      file("lab.toml", std::string(rig::kRouted) +
                           "[[test]]\nname = \"drawn\"\nfrom = \"*\"\nping = { to = \"*\", pairs = 3, count = 1 }\n");
  const auto pairs = [&](const std::string& options) {
    const Json report = Json::parse(cli("run --json " + path + " " + options).out);
    std::string text = report["seed"].dump() + ":";
    for (const Json& pair : report["tests"][0]["pairs"])
      text += " " + pair["from"].get<std::string>() + ">" + pair["to"].get<std::string>();
    return text;
  };
  const std::string usual = pairs("");
  CHECK_THAT(usual, Catch::Matchers::StartsWith("null: "));
  CHECK(pairs("") == usual);
  const std::string seven = pairs("--seed 7");
  CHECK_THAT(seven, Catch::Matchers::StartsWith("7: "));
  CHECK(pairs("--seed 7") == seven);
  // Of 20 choices of 3 pairs out of 6, not all of these seeds draw the usual one.
  bool differs = false;
  for (int seed = 1; seed <= 4 && !differs; ++seed) {
    const std::string drawn = pairs("--seed " + std::to_string(seed));
    differs = drawn.substr(drawn.find(' ')) != usual.substr(usual.find(' '));
  }
  CHECK(differs);
  CHECK_THAT(cli("run " + path + " --seed 7").out, ContainsSubstring(", seed 7 ("));
}
