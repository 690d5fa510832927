// SPDX-License-Identifier: Apache-2.0
// What `drivers test` looks at, and what `drivers new` begins with, as documents and the ABI's history have them.
#include "conformance/conformance.hpp"

#include <algorithm>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "catch.hpp"
#include "cli/templates.hpp"

using namespace netrig;

namespace {

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Names of the members of a struct in the Rust templates.
std::vector<std::string> rust_members(const std::string& name) {
  for (const cli::Template& one : cli::templates()) {
    if (one.path != "abi/netrig.rs") continue;
    const std::string text(one.text);
    const std::size_t begin = text.find("pub struct " + name + " {");
    REQUIRE(begin != std::string::npos);
    const std::string body = text.substr(begin, text.find("\n}", begin) - begin);
    std::vector<std::string> members;
    static const std::regex member("pub ([a-z0-9_]+):");
    for (std::sregex_iterator at(body.begin(), body.end(), member), end; at != end; ++at)
      members.push_back((*at)[1] == "kind" && name != "Link" ? "type" : (*at)[1].str());
    return members;
  }
  return {};
}

std::vector<std::string> history_members(const std::string& name) {
  std::istringstream history(text_of(NETRIG_TEST_DIR "/abi/history"));
  std::vector<std::string> members;
  bool inside = false;
  for (std::string line; std::getline(history, line);) {
    if (!line.starts_with("  "))
      inside = line == "struct " + name;
    else if (inside)
      members.push_back(line.substr(2, line.find(' ', 2) - 2));
  }
  return members;
}

}  // namespace

TEST_CASE("every check of drivers names a law, and every law has a check") {
  const std::string laws = text_of(NETRIG_TEST_DIR "/../docs/drivers/laws.md");
  std::set<unsigned> written;
  static const std::regex row("\\n\\| NRD-([0-9]+) \\|");
  for (std::sregex_iterator at(laws.begin(), laws.end(), row), end; at != end; ++at)
    CHECK(written.insert(static_cast<unsigned>(std::stoul((*at)[1]))).second);
  std::set<unsigned> looked_at;
  std::set<std::string> ids;
  for (const conformance::CheckInfo& one : conformance::all_checks()) {
    INFO(one.id);
    CHECK(ids.insert(one.id).second);
    CHECK(written.contains(one.law));
    looked_at.insert(one.law);
  }
  CHECK(written == looked_at);
  CHECK(ids.size() >= 60);
}

TEST_CASE("the Rust templates have the structs of the ABI") {
  CHECK(rust_members("Parameter") == history_members("netrig_parameter"));
  CHECK(rust_members("Table") == history_members("netrig_table"));
  CHECK(rust_members("Functions") == history_members("netrig_functions"));
  CHECK(rust_members("Link") == history_members("netrig_link"));
  CHECK(rust_members("Interface") == history_members("netrig_interface"));
  CHECK(rust_members("Request") == history_members("netrig_request"));
  CHECK(rust_members("Device") == history_members("netrig_device"));
  CHECK(rust_members("TunDevice") == history_members("netrig_tun_device"));
  CHECK(rust_members("Tun") == history_members("netrig_tun"));
  CHECK(rust_members("Sysfs") == history_members("netrig_sysfs"));
  // As far as it goes.
  auto host = history_members("netrig_host");
  const auto known = rust_members("Host");
  REQUIRE(known.size() <= host.size());
  host.resize(known.size());
  CHECK(known == host);
}
