// SPDX-License-Identifier: Apache-2.0
// Signatures, keys and policies: netrig and minisign(1) sign for each other, and nothing less than a whole, valid
// signature by a trusted key loads a plugin.
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "attack/place.hpp"
#include "catch.hpp"
#include "driver/minisign.hpp"
#include "model/error.hpp"

using namespace scratch;
using attack::Place;
namespace fs = std::filesystem;
namespace minisign = netrig::driver::minisign;

namespace {

const std::string kComment = "netrig driver=veth version=1.0.0 abi=0.9";

/// A place whose policy wants signatures, with one trusted key of minisign's.
struct Signed : Place {
  Signed() {
    fs::create_directory(keys);
    REQUIRE(sh("cd " + directory() + " && minisign -G -W -f -p " + keys + "/one.pub -s one.key").exit == 0);
  }
  /// minisign alone, as a vendor would.
  void sign(const std::string& comment = kComment, const std::string& key = "one.key",
            const std::string& options = "") const {
    REQUIRE(
        sh("cd " + directory() + " && minisign -S " + options + " -s " + key + " -m " + file + " -t '" + comment + "'")
            .exit == 0);
  }
  [[nodiscard]] std::string signed_policy(const std::string& trust = "", const std::string& rest = "",
                                          const std::string& mode = "signed") const {
    return policy("mode = \"" + mode + "\"", "[trust]\nkeys = \"" + keys + "\"\n" + trust + "\n" + rest);
  }
  [[nodiscard]] std::string signed_outcome() const { return outcome(signed_policy()); }
  [[nodiscard]] std::string key_id() const {
    return minisign::to_text(minisign::parse_public_key(read(keys + "/one.pub")).id);
  }
  [[nodiscard]] std::string signature() const { return read(file + ".minisig"); }
  void put_signature(const std::string& text) const {
    scratch::file("signature", text);
    fs::copy_file(directory() + "/signature", file + ".minisig", fs::copy_options::overwrite_existing);
  }
  std::string keys = root + "/trust.d";
};

std::string line(const std::string& text, int number) {
  std::istringstream in(text);
  std::string result;
  for (int i = 0; i <= number; ++i) std::getline(in, result);
  return result;
}

}  // namespace

TEST_CASE("a driver that minisign alone has signed is loaded, prehashed and legacy") {
  const Signed place;
  const std::string format = GENERATE("", "-l");
  place.sign(kComment, "one.key", format);
  CHECK(line(place.signature(), 1).starts_with(format == "-l" ? "RW" : "RU"));
  CHECK(place.signed_outcome() == "loaded");
}

TEST_CASE("a driver that netrig has signed is one that minisign verifies, with an encrypted key too") {
  const Signed place;
  const std::string at = "cd " + directory() + " && ";
  const std::string netrig = NETRIG_BINARY;
  REQUIRE(sh(at + "echo s3cr3t-phrase | " + netrig + " drivers keygen --key n.key").exit == 0);
  struct stat status {};
  REQUIRE(::stat((directory() + "/n.key").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
  const Result wrong = sh(at + "echo other | " + netrig + " drivers sign " + place.file + " --key n.key");
  CHECK(wrong.exit == 3);
  CHECK_THAT(wrong.err, ContainsSubstring("n.key: wrong passphrase"));
  const Result sign = sh(at + "echo s3cr3t-phrase | " + netrig + " -vv --json --log-file log drivers sign " +
                         place.file + " --key n.key");
  REQUIRE(sign.exit == 0);
  CHECK_THAT(sign.out + sign.err + read(directory() + "/log"), !ContainsSubstring("s3cr3t-phrase"));
  const Result verified = sh(at + "minisign -V -p n.pub -m " + place.file);
  CHECK(verified.exit == 0);
  CHECK_THAT(verified.out, ContainsSubstring("Trusted comment: " + kComment));
  fs::copy_file(directory() + "/n.pub", place.keys + "/n.pub");
  CHECK(place.signed_outcome() == "loaded");
  // And minisign signs with the key that netrig made.
  CHECK(sh(at + "echo s3cr3t-phrase | minisign -S -s n.key -m " + place.file + " -t '" + kComment + "'").exit == 0);
  CHECK(place.signed_outcome() == "loaded");
}

TEST_CASE("keygen replaces no key") {
  const std::string at = "cd " + directory() + " && " NETRIG_BINARY " drivers keygen --no-password --key k.key";
  REQUIRE(sh(at).exit == 0);
  const std::string before = read(directory() + "/k.key");
  CHECK(sh(at).exit == 4);
  CHECK(read(directory() + "/k.key") == before);
  CHECK(sh(at + " --force").exit == 0);
  CHECK(read(directory() + "/k.key") != before);
}

TEST_CASE("refused: no signature") {
  const Signed place;
  CHECK_THAT(place.signed_outcome(), ContainsSubstring("it has no signature: " + place.file + ".minisig is not there"));
}

TEST_CASE("refused: a truncated signature") {
  const Signed place;
  place.sign();
  const std::string whole = place.signature();
  for (std::size_t size = 0; size + 3 < whole.size(); size += 11) {
    place.put_signature(whole.substr(0, size));
    CHECK_THAT(place.signed_outcome(), ContainsSubstring("its signature is malformed"));
  }
}

TEST_CASE("refused: the signature of another file") {
  const Signed place;
  fs::copy_file(std::string(NETRIG_PLUGIN_DIR) + "/bridge.so", directory() + "/bridge.so");
  REQUIRE(sh("cd " + directory() + " && minisign -S -s one.key -m bridge.so -t '" + kComment + "'").exit == 0);
  place.put_signature(read(directory() + "/bridge.so.minisig"));
  CHECK_THAT(place.signed_outcome(), ContainsSubstring("it does not fit the file"));
}

TEST_CASE("refused: a file that was changed by one bit after it was signed") {
  const Signed place;
  place.sign();
  std::string bytes = read(place.file);
  // In the section headers, which no loader reads: the file's form, which is looked at first, stays whole.
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  scratch::file("changed", bytes);
  fs::copy_file(directory() + "/changed", place.file, fs::copy_options::overwrite_existing);
  CHECK_THAT(place.signed_outcome(), ContainsSubstring("it does not fit the file"));
}

TEST_CASE("refused: a signature by a key that is not trusted") {
  const Signed place;
  REQUIRE(sh("cd " + directory() + " && minisign -G -W -f -p two.pub -s two.key").exit == 0);
  place.sign(kComment, "two.key");
  CHECK_THAT(place.signed_outcome(), ContainsSubstring("which is not trusted; put its .pub file into " + place.keys));
}

TEST_CASE("refused: a signature by a revoked key") {
  const Signed place;
  place.sign();
  CHECK_THAT(place.outcome(place.signed_policy("revoked_keys = [\"" + place.key_id() + "\"]")),
             ContainsSubstring("by key " + place.key_id() + ", which the policy revokes"));
}

TEST_CASE("refused: the right key id over another key") {
  const Signed place;
  place.sign();
  REQUIRE(sh("cd " + directory() + " && minisign -G -W -f -p two.pub -s two.key").exit == 0);
  minisign::PublicKey other = minisign::parse_public_key(read(directory() + "/two.pub"));
  std::array<unsigned char, 42> bytes{'E', 'd'};
  const minisign::KeyId id = minisign::parse_public_key(read(place.keys + "/one.pub")).id;
  std::copy(id.begin(), id.end(), bytes.begin() + 2);
  std::copy(other.key.begin(), other.key.end(), bytes.begin() + 10);
  std::array<char, 64> text{};
  ::sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), sodium_base64_VARIANT_ORIGINAL);
  scratch::file("forged.pub", std::string("untrusted comment: forged\n") + text.data() + "\n");
  fs::copy_file(directory() + "/forged.pub", place.keys + "/one.pub", fs::copy_options::overwrite_existing);
  CHECK_THAT(place.signed_outcome(), ContainsSubstring("is not valid: it does not fit the file"));
}

TEST_CASE("refused: a trusted comment that was edited") {
  const Signed place;
  place.sign("netrig driver=veth version=0.9.0 abi=0.9");
  std::string text = place.signature();
  text.replace(text.find("version=0.9.0"), 13, "version=1.0.0");
  place.put_signature(text);
  CHECK_THAT(place.signed_outcome(), ContainsSubstring("its trusted comment was changed after it was signed"));
}

TEST_CASE("refused: a signature for another driver's name, version or ABI, or for none") {
  const Signed place;
  const auto [comment, words] = GENERATE(table<std::string, std::string>({
      {"netrig driver=bridge version=1.0.0 abi=0.9", "it was signed as driver bridge, but its table says veth"},
      {"netrig driver=veth version=2.0.0 abi=0.9", "it was signed as version 2.0.0, but its table says 1.0.0"},
      {"netrig driver=veth version=1.0.0 abi=1.9", "it was signed as abi 1.9, but its table says 0.9"},
      {"a file of mine", "its trusted comment does not say which driver it is for"},
  }));
  place.sign(comment);
  CHECK_THAT(place.signed_outcome(), ContainsSubstring(words));
}

TEST_CASE("refused: a downgraded, another, or an unpinned version or file") {
  const Signed place;
  place.sign();
  const auto [rule, words] = GENERATE(table<std::string, std::string>({
      {"minimum_version = \"1.0.1\"", "it is version 1.0.0, the policy wants 1.0.1 or later"},
      {"version = \"1.2\"", "it is version 1.0.0, the policy wants 1.2 and no other"},
      {"sha256 = \"" + std::string(64, 'a') + "\"", "the policy wants the file with SHA-256 aaaa"},
  }));
  CHECK_THAT(place.outcome(place.signed_policy("", "[driver.veth]\n" + rule)), ContainsSubstring(words));
  CHECK(place.outcome(place.signed_policy("", "[driver.veth]\nminimum_version = \"0.9\"\nversion = \"1.0\"")) ==
        "loaded");
}

TEST_CASE("refused: a file that the policy revokes by its digest") {
  const Signed place;
  place.sign();
  const std::string digest = sh("sha256sum " + place.file).out.substr(0, 64);
  CHECK_THAT(place.outcome(place.signed_policy("revoked_digests = [\"" + digest + "\"]")),
             ContainsSubstring("the policy revokes this file by its SHA-256"));
}

TEST_CASE("refused: signed and path: a valid signature does not make up for an open path") {
  const Signed place;
  place.sign();
  CHECK(place.outcome(place.signed_policy("", "", "signed+path")) == "loaded");
  ::chmod(place.drivers.c_str(), 0777);
  CHECK_THAT(place.outcome(place.signed_policy("", "", "signed+path")), ContainsSubstring("is writable by everybody"));
  CHECK(place.signed_outcome() == "loaded");
}

TEST_CASE("refused: a trusted key that others could have written") {
  const Signed place;
  place.sign();
  ::chmod((place.keys + "/one.pub").c_str(), 0666);
  CHECK_THAT(place.signed_outcome(), ContainsSubstring("a trusted key is not protected"));
  ::chmod((place.keys + "/one.pub").c_str(), 0644);
  ::chmod(place.keys.c_str(), 0777);
  CHECK_THAT(place.signed_outcome(), ContainsSubstring("trust.d is writable by others"));
}

TEST_CASE("refused: a policy that others can write, or could have put there") {
  const Place place;
  const std::string policy = place.policy();
  ::chmod(policy.c_str(), 0602);
  CHECK_THAT(place.outcome(policy), ContainsSubstring("the policy is not protected: it is writable by others"));
  ::chmod(policy.c_str(), 0600);
  REQUIRE(::chown(policy.c_str(), 12345, 0) == 0);
  CHECK_THAT(place.outcome(policy), ContainsSubstring("it belongs to user 12345; it must belong to root"));
  REQUIRE(::chown(policy.c_str(), 0, 0) == 0);
  CHECK(place.outcome(policy) == "loaded");
  ::chmod(directory().c_str(), 0777);
  CHECK_THAT(place.outcome(policy), ContainsSubstring("is writable by others (mode 0777)"));
}

TEST_CASE("mode any warns at every load") {
  const Place place;
  ::chmod(place.drivers.c_str(), 0777);
  const Result show = cli("--host-config " + place.policy("mode = \"any\"") + " drivers show veth");
  CHECK(show.exit == 0);
  CHECK_THAT(show.err, ContainsSubstring("policy mode \"any\"") && ContainsSubstring("without any check"));
}

TEST_CASE("a policy may want lab files signed, or root's alone") {
  const Signed place;
  place.sign();
  const std::string policy = place.signed_policy("", "[labs]\nrequire_protected = true\n");
  const std::string lab = place.root + "/lab.toml";
  fs::copy_file(std::string(NETRIG_CONFIG_DIR) + "/two-hosts.toml", lab);
  const auto plan = [&] { return cli("--host-config " + policy + " plan " + lab); };
  ::chmod(lab.c_str(), 0666);
  const Result open = plan();
  CHECK(open.exit == 3);
  CHECK_THAT(open.err, ContainsSubstring("make it root's alone, or sign it"));
  ::chmod(lab.c_str(), 0644);
  CHECK(plan().exit == 0);
  ::chmod(lab.c_str(), 0666);
  REQUIRE(cli("drivers sign " + lab + " --key " + directory() + "/one.key").exit == 0);
  CHECK(plan().exit == 0);
  sh("echo '# more' >> " + lab);
  const Result changed = plan();
  CHECK(changed.exit == 3);
  CHECK_THAT(changed.err, ContainsSubstring("it does not fit the file"));
}

TEST_CASE("every load and every refusal is in the audit log") {
  const Signed place;
  const std::string log = place.root + "/audit.jsonl";
  const std::string audit = "[audit]\nlog = \"" + log + "\"\n";
  CHECK(place.outcome(place.signed_policy("", audit)) != "loaded");
  place.sign();
  CHECK(place.outcome(place.signed_policy("", audit)) == "loaded");
  const std::string text = read(log);
  const Json refused = Json::parse(line(text, 0));
  const Json loaded = Json::parse(line(text, 1));
  CHECK(refused["event"] == "refused");
  CHECK_THAT(refused["reason"].get<std::string>(), ContainsSubstring("it has no signature"));
  CHECK(loaded["event"] == "loaded");
  CHECK(loaded["driver"] == "veth");
  CHECK(loaded["signer"] == place.key_id());
  CHECK(loaded["sha256"] == sh("sha256sum " + place.file).out.substr(0, 64));
  CHECK(loaded["isolation"] == "table");
  CHECK(loaded["process"].is_number());
  const Json policy = Json::parse(cli("--host-config " + place.signed_policy("", audit) + " --json audit").out);
  CHECK(policy["plugins"][0]["isolation"] == "table");
  struct stat status {};
  REQUIRE(::stat(log.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
}

TEST_CASE("the audit log tells whether a driver's functions run in a worker") {
  const Place place("cveth", NETRIG_TEST_PLUGIN_DIR);
  const std::string log = place.root + "/audit.jsonl";
  const std::string audit = "[audit]\nlog = \"" + log + "\"\n";
  CHECK(place.outcome(place.policy("", audit), "cveth") == "loaded");
  CHECK(place.outcome(place.policy("isolation = \"none\"\n", audit), "cveth") == "loaded");
  const std::string text = read(log);
  CHECK(Json::parse(line(text, 0))["isolation"] == "worker");
  CHECK(Json::parse(line(text, 1))["isolation"] == "none");
}

TEST_CASE("a refusal before the file is even opened is in the audit log, too") {
  const Place place;
  const std::string log = place.root + "/audit.jsonl";
  const std::string policy = place.policy("", "[audit]\nlog = \"" + log + "\"\n");
  ::chmod(place.drivers.c_str(), 0775);
  CHECK(place.outcome(policy) != "loaded");
  CHECK(place.outcome(policy, "../veth") != "loaded");
  ::chmod(place.drivers.c_str(), 0755);
  // A lab's drivers go the same way.
  fs::create_directory(place.root + "/more");
  fs::copy_file(place.file, place.root + "/more/veth.so");
  const std::string two = file("two.toml", "[plugins]\ndirectories = [\"" + place.drivers + "\", \"" + place.root +
                                               "/more\"]\n[audit]\nlog = \"" + log + "\"\n");
  ::chmod(two.c_str(), 0600);
  CHECK(cli("--host-config " + two + " plan " NETRIG_CONFIG_DIR "/two-hosts.toml").exit == 5);
  const std::string text = read(log);
  const char* const reasons[] = {"drivers is writable by its group", "the name does not begin with",
                                 "has a second veth.so"};
  for (int i = 0; i < 3; ++i) {
    const Json entry = Json::parse(line(text, i));
    CHECK(entry["event"] == "refused");
    CHECK_THAT(entry["reason"].get<std::string>(), ContainsSubstring(reasons[i]));
  }
}

TEST_CASE("audit names what is weak and says by its exit code whether it is critical") {
  const Signed place;
  place.sign();
  const auto audit = [](const std::string& policy) {
    const Result result = cli("--host-config " + policy + " --json audit");
    Json json = Json::parse(result.out);
    json["exit"] = result.exit;
    return json;
  };
  const Json good = audit(place.signed_policy("", "", "signed+path"));
  CHECK(good["exit"] == 0);
  CHECK(good["critical"] == 0);
  CHECK(good["plugins"][0]["signer"] == place.key_id());
  CHECK(good["plugins"][0]["signature"] == "valid");
  CHECK(good["plugins"][0]["path_check"] == "protected");
  CHECK(good["keys"][0]["key"] == place.key_id());
  CHECK(good["keys"][0]["age_days"] == 0);
  CHECK(good["kernel"]["seccomp"] == true);
  const Json any = audit(place.policy("mode = \"any\"\nisolation = \"none\""));
  CHECK(any["exit"] == 1);
  CHECK(any["weaknesses"][0]["severity"] == "critical");
  CHECK_THAT(any["weaknesses"].dump(), ContainsSubstring("isolation \\\"none\\\""));
  sh("touch -d '3 years ago' " + place.keys + "/one.pub");
  CHECK_THAT(audit(place.signed_policy())["weaknesses"].dump(), ContainsSubstring("days old; replace the key"));
  ::chmod(place.drivers.c_str(), 0777);
  const Json open = audit(place.policy("mode = \"any\""));
  CHECK(open["exit"] == 1);
  CHECK_THAT(open["weaknesses"].dump(), ContainsSubstring("drivers is writable by others (mode 0777)"));
}
