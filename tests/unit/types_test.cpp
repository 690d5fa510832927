// SPDX-License-Identifier: Apache-2.0
// Parameters that are more than a number or a word: fractions, bytes, namespaces, tables, files; and those of a later
// ABI.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"  // designated, and meant
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <limits>

#include "catch.hpp"
#include "config/config.hpp"
#include "config/lab_schema.hpp"
#include "driver/file_content.hpp"
#include "driver/secrets.hpp"
#include "driver/value_messages.hpp"
#include "engine/record.hpp"
#include "plan/devices.hpp"

using namespace netrig;

namespace {

constexpr std::int64_t kAll = std::numeric_limits<std::uint32_t>::max();

std::shared_ptr<const DriverDescription> every() {
  DriverDescription about;
  about.kind = "every";
  about.functions = DriverDescription::kChanges | DriverDescription::kInspects;
  about.parameters = {
      {.name = "share", .type = ParameterType::fraction, .minimum = *fraction_of(1), .maximum = *fraction_of(50)},
      {.name = "shares", .type = ParameterType::fraction, .list = true, .maximum = kAll},
      {.name = "group", .type = ParameterType::bytes, .minimum = 6, .maximum = 6},
      {.name = "key", .type = ParameterType::bytes, .secret = true, .maximum = 8},
      {.name = "beside", .type = ParameterType::name_space},
      {.name = "entries", .type = ParameterType::table, .list = true, .maximum = 3},
      {.name = "entries.mac", .type = ParameterType::mac, .required = true, .help = "whose"},
      {.name = "entries.note", .type = ParameterType::string, .default_text = "none"},
      {.name = "entries.port", .type = ParameterType::integer, .minimum = 1, .maximum = 65535},
      {.name = "entries.numbers", .type = ParameterType::integer, .list = true},
      {.name = "entries.password", .type = ParameterType::bytes, .secret = true},
      {.name = "entries.home", .type = ParameterType::name_space},
      {.name = "settings", .type = ParameterType::file, .minimum = 1, .maximum = 8},
      {.name = "secret", .type = ParameterType::file, .secret = true},
      {.name = "mood", .type = ParameterType::unknown, .type_number = 200, .help = "what tomorrow brings"}};
  return std::make_shared<const DriverDescription>(std::move(about));
}

config::Drivers known_drivers() {
  return {.find = [](std::string_view kind) { return kind == "every" ? every() : nullptr; },
          .kinds = [] { return std::vector<std::string>{"every"}; }};
}

std::string lab_of(const std::string& params) {
  return "[lab]\nname = \"x\"\nnamespaces = [\"h1\", \"h2\"]\n[device.d]\ndriver = \"every\"\n"
         "interfaces = [{ namespace = \"h1\", name = \"d0\" }]\nparams = { " +
         params + " }\n";
}

config::Source source(const std::string& settings = "30000", const std::string& secret = "hunter2") {
  return {.file = "lab.toml", .contents = [=](const std::string& path, const std::string&) {
            if (path == "conf/settings") return std::vector<config::Content>{{.path = path, .text = settings}};
            if (path == "secret") return std::vector<config::Content>{{.path = path, .text = secret}};
            if (path == "conf") return std::vector<config::Content>{{.path = "conf/settings", .text = settings}};
            throw Error(ErrorCode::not_found, "cannot open it: No such file or directory", path);
          }};
}

Lab lab(const std::string& params, const config::Source& from = source()) {
  return config::parse(lab_of(params), from, known_drivers()).lab;
}
Parameters params(const std::string& text) { return lab(text).devices.front().parameters; }

std::string error_of(const std::string& text) {
  try {
    lab(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}
std::string bytes_of(const std::string& text) {
  const auto bytes = parse_bytes(text);
  return bytes ? *bytes : "(none)";
}

}  // namespace

TEST_CASE("a fraction is percent, as netem counts it") {
  CHECK(std::get<std::int64_t>(params("share = 5").at("share").values[0]) == 214748365);
  CHECK(std::get<std::int64_t>(params("share = 1.5").at("share").values[0]) == 64424509);
  CHECK(params("shares = [0, 0.1, 100]").at("shares").values ==
        std::vector<ParameterScalar>{std::int64_t{0}, std::int64_t{4294967}, kAll});
  for (const char* text : {"0%", "0.1%", "5%", "33.3%", "99.9999%", "100%"})
    CHECK(format_fraction(*parse_percent(text)) == text);
  CHECK(parse_percent("0.1") == parse_percent("0.1%"));
  for (const char* text : {"", "%", "-1", "100.1", "1e3", "nan", "5 %", "5%%"}) CHECK_FALSE(parse_percent(text));
  CHECK(error_of("share = 60") == "lab.toml:7:20: parameter share = 60 is out of range; it can be 1% to 50%");
  CHECK_THAT(error_of("share = 101"), ContainsSubstring("parameter share = 101 is no percentage; it can be 0 to 100"));
  CHECK_THAT(
      error_of("share = \"5%\""),
      ContainsSubstring("parameter share is a string; it is of type fraction: write a percentage, a number from 0 "
                        "to 100 without quotes"));
  CHECK_THAT(error_of("share = true"), ContainsSubstring("parameter share is a boolean; it is of type fraction"));
  // Computed, and written out again without quotes.
  const std::string repeated =
      "[lab]\nname = \"x\"\n[namespace.a]\n[[repeat]]\nfor = { i = \"1..2\" }\n[repeat.device.\"d{i}\"]\ndriver = "
      "\"every\"\ninterfaces = [{ namespace = \"a\", name = \"d{i}\" }]\nparams = { share = \"{i*2}\" }\n";
  config::Source from = source();
  from.expand = true;
  const config::Parsed parsed = config::parse(repeated, from, known_drivers());
  CHECK(std::get<std::int64_t>(parsed.lab.devices[1].parameters.at("share").values[0]) == *fraction_of(4));
  CHECK_THAT(parsed.expanded, ContainsSubstring("share = 4"));
  CHECK(config::parse(parsed.expanded, source(), known_drivers()).lab.devices == parsed.lab.devices);
}

TEST_CASE("bytes are hexadecimal or base64, and what could be either is neither") {
  CHECK(bytes_of("0x00112233") == std::string("\x00\x11\x22\x33", 4));
  CHECK(bytes_of("00:11:Ff") == std::string("\x00\x11\xff", 3));
  CHECK(bytes_of("ABE=") == std::string("\x00\x11", 2));
  CHECK(bytes_of("yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=").size() == 32);
  CHECK(bytes_of("0xnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=").size() == 32);  // a key may begin with anything
  CHECK(bytes_of("").empty());
  for (const char* text : {"0x", "0x0", "0x012", "0xzz", "0011", "ab", "abcd", "00:1", "00:11:", ":00", "00-11", "ABE",
                           "ABF=", "AB E=", "ABE=\n", "ABE=x", "0x00:11"})
    CHECK(bytes_of(text) == "(none)");
  CHECK(format_bytes(std::string("\x00\xff", 2)) == "0x00ff");
  CHECK(format_base64(std::string("\x00\x11", 2)) == "ABE=");
  CHECK(error_of("group = \"0x0011\"") ==
        "lab.toml:7:20: parameter group = \"0x0011\" has 2 bytes; it can have 6, and no others");
  CHECK_THAT(error_of("group = \"0011\""),
             ContainsSubstring("parameter group = \"0011\" could be hexadecimal or base64; begin it with 0x if it is "
                               "hexadecimal"));
  CHECK_THAT(
      error_of("group = \"x\""),
      ContainsSubstring("is not bytes; write hexadecimal as in \"0x0011\" or \"00:11\", or base64 as in \"ABE=\""));
  CHECK_THAT(error_of("group = 7"),
             ContainsSubstring("parameter group is an integer; it is of type bytes: write a string"));
}

TEST_CASE("no message shows secret bytes, in whichever form") {
  for (const char* text : {"0x0011223344556677889900", "deadbeef", "????"}) {
    const std::string message = error_of(fmt::format("key = \"{}\"", text));
    CHECK_THAT(message, ContainsSubstring("parameter key = (secret)"));
    CHECK_THAT(message, !ContainsSubstring(std::string(text).substr(2)));
  }
  const auto about = every();
  const Parameters given = params(
      "key = \"0xdeadbeef\", entries = [{ mac = \"02:00:00:00:00:01\", password = "
      "\"0x68756e74657232\" }]");
  CHECK(driver::clean_text("I have deadbeef, DEADBEEF, de:ad:be:ef, 3q2+7w== and \xde\xad\xbe\xef", *about, &given) ==
        "I have ***, ***, ***, *** and ***");
  CHECK(driver::clean_text("password hunter2", *about, &given) == "password ***");
  CHECK(driver::clean_text("I have DE:AD:BE:EF", *about, &given) == "I have ***");
}

TEST_CASE("no message shows a line of a secret file") {
  const auto about = every();
  const auto shown = [&](const std::string& content, const std::string& text) {
    Parameters given;
    given["secret"].values = {FileContent{.text = std::make_shared<const std::string>(content)}};
    return driver::clean_text(text, *about, &given);
  };
  CHECK(shown("c0ffee\n", "key c0ffee") == "key ***");
  CHECK(shown("c0ffee", "key c0ffee") == "key ***");
  CHECK(shown("-----BEGIN-----\nfirst line\nsecond line\n}\n", "first line } second line") == "*** } ***");
  const std::string key(2000, 'k');
  CHECK(shown(key, "it is " + key) == "it is ***");
  // A message is cut where a secret may be half told.
  const std::string before(NETRIG_MESSAGE_MAX - 10, '.');
  CHECK(shown("a rather long secret\n", before + "a rather l") == before + "***");
  CHECK(shown("a rather long secret\n", "a rather l") == "a rather l");
}

namespace {

/// Secrets in words of a driver with a secret string and a secret file, and with something to tell.
struct Talker {
  static std::shared_ptr<const DriverDescription> about() {
    DriverDescription about;
    about.parameters = {{.name = "text", .type = ParameterType::string, .secret = true},
                        {.name = "file", .type = ParameterType::file, .secret = true},
                        {.name = "shown", .type = ParameterType::string, .inspected = true},
                        {.name = "raw", .type = ParameterType::bytes, .inspected = true}};
    return std::make_shared<const DriverDescription>(std::move(about));
  }
  static Parameters text(const std::string& value) { return {{"text", {.values = {value}}}}; }
  static Parameters file(const std::string& value, bool kept) {
    FileContent one{.key = "key", .digest = digest_of(value, "key"), .size = value.size()};
    if (kept) one.text = std::make_shared<const std::string>(value);
    return {{"file", {.values = {one}}}};
  }
};

}  // namespace

TEST_CASE("no message shows a line of a secret string, or what of it is printed for another device") {
  const std::string key = "-----BEGIN KEY-----\nfirst line\nsecond line\n-----END KEY-----\n";
  const auto about = Talker::about();
  const Parameters given = Talker::text(key);
  CHECK(driver::clean_text("it has first line", *about, &given) == "it has ***");
  CHECK(driver::clean_text("all of " + key, *about, &given) == "all of ***");
  driver::Secrets secrets(about);
  static_cast<void>(secrets.mask(driver::Operation::create, "x", "one", &given));
  static_cast<void>(secrets.mask(driver::Operation::validate, "x", "two", nullptr));
  CHECK(secrets.mask_of_all().clean("two prints second line") == "two prints ***");
  CHECK(secrets.mask(driver::Operation::create, "x", "two", nullptr).clean("two has second line") == "two has ***");
}

TEST_CASE("no message shows a secret file of short lines, or as digits") {
  const auto about = Talker::about();
  const Parameters given = Talker::file("pin12\npw345\n", true);
  CHECK(driver::clean_text("it has pin12 pw345", *about, &given) == "it has ***");
  CHECK(driver::clean_text("it has 70696e31320a70773334350a", *about, &given) == "it has ***");
  const Parameters binary = Talker::file(std::string("abcdef\0ghi", 10), true);
  CHECK(driver::clean_text("it begins abcdef", *about, &binary) == "it begins ***");
}

TEST_CASE("a text is cut off behind what is masked") {
  const auto about = Talker::about();
  const Parameters given = Talker::text("a rather long secret");
  const std::string before(NETRIG_MESSAGE_MAX - 2, '.');
  CHECK(driver::clean_text(before + "a rather long secret and more", *about, &given) == before + "**");
  const std::string line(3 * NETRIG_MESSAGE_MAX, 'k');
  const Parameters long_one = Talker::text(line);
  CHECK(driver::clean_text("it is " + line.substr(0, NETRIG_MESSAGE_MAX - 6), *about, &long_one) == "it is ***");
}

TEST_CASE("words about a device whose secrets are not known are not shown") {
  const auto about = Talker::about();
  const Parameters none;
  const auto words = [&](driver::Secrets& secrets, driver::Operation operation) {
    return secrets.mask(operation, "x", "d", &none).clean("I have hunter22");
  };
  using driver::Operation;
  {
    driver::Secrets secrets(about);
    CHECK(words(secrets, Operation::destroy) == driver::kNotShown);
    CHECK(words(secrets, Operation::inspect) == driver::kNotShown);
    CHECK(words(secrets, Operation::change) == driver::kNotShown);
  }
  {
    driver::Secrets secrets(about);
    static_cast<void>(secrets.mask(Operation::create, "x", "d", &none));
    CHECK(words(secrets, Operation::destroy) == "I have hunter22");  // it was made with none
  }
  {
    driver::Secrets* known = nullptr;
    driver::Secrets secrets(about, [&](const std::string& lab) { known->learn(lab, "d", Talker::text("hunter22")); });
    known = &secrets;
    CHECK(words(secrets, Operation::destroy) == "I have ***");
  }
  {
    driver::Secrets secrets(about, [&](const std::string&) { throw Error(ErrorCode::failed, "no lab"); });
    CHECK(words(secrets, Operation::destroy) == driver::kNotShown);
  }
  for (const bool kept : {true, false}) {
    driver::Secrets secrets(about);
    secrets.learn("x", "d", Talker::file("hunter22", kept));
    CHECK(words(secrets, Operation::inspect) == (kept ? "I have ***" : driver::kNotShown));
  }
  {  // what was given in this process is that file
    driver::Secrets secrets(about);
    const Parameters given = Talker::file("hunter22", true);
    static_cast<void>(secrets.mask(Operation::create, "x", "d", &given));
    secrets.learn("x", "d", Talker::file("hunter22", false));
    CHECK(words(secrets, Operation::inspect) == "I have ***");
  }
}

TEST_CASE("what a driver tells of a parameter shows no secret, and is what the file says where that says it, too") {
  const auto about = Talker::about();
  driver::Secrets secrets(about);
  secrets.learn("x", "d", Talker::text("hunter22"));
  const auto told = [&](const char* name, const ParameterScalar& value, const Parameters& given) {
    driver::State state{.told = {{name, {.values = {value}}}}};
    secrets.mask(driver::Operation::inspect, "x", "d", &given).clean(state, *about, &given);
    return state.told.at(name).values.at(0);
  };
  CHECK(told("shown", std::string("a word"), {}) == ParameterScalar(std::string("a word")));
  CHECK(told("shown", std::string("is hunter22"), {}) == ParameterScalar(std::string("***")));
  CHECK(told("raw", ByteString{"is hunter22"}, {}) == ParameterScalar(ByteString{"***"}));
  CHECK(told("shown", std::string("hunter22"), {{"shown", {.values = {std::string("hunter22")}}}}) ==
        ParameterScalar(std::string("hunter22")));
  CHECK(told("text", std::string("hunter22"), {}) ==
        ParameterScalar(std::string("hunter22")));  // it is compared, and shown by nobody
}

TEST_CASE("a namespace is one of the lab's") {
  CHECK(std::get<NamespaceReference>(params("beside = \"h2\"").at("beside").values[0]).name.str() == "h2");
  CHECK(error_of("beside = \"h3\"") ==
        "lab.toml:7:21: parameter beside = \"h3\" names no namespace of the lab; did you mean \"h1\"?");
  CHECK_THAT(error_of("beside = \"h1:d0\""), ContainsSubstring("names a namespace that"));
  CHECK_THAT(error_of("entries = [{ mac = \"02:00:00:00:00:01\", home = \"somewhere\" }]"),
             ContainsSubstring("parameter entries[0].home = \"somewhere\" names no namespace of the lab"));
}

TEST_CASE("part of a lab has no device that refers to another part's namespace") {
  const Lab whole = lab("beside = \"h2\"");
  CHECK(select(whole, {"h1"}).devices.empty());
  CHECK(select(whole, {"h*"}).devices.size() == 1);
  CHECK(select(lab("entries = [{ mac = \"02:00:00:00:00:01\", home = \"h2\" }]"), {"h1"}).devices.empty());
}

TEST_CASE("rows of a table have cells, each checked as its column says") {
  const Parameters given = params(
      "entries = [{ mac = \"02:00:00:00:00:01\", numbers = [1, 2] }, { mac = \"02:00:00:00:00:02\", note = \"x\", "
      "home = \"h2\" }]");
  CHECK(given.at("entries").values.size() == 2);
  CHECK(given.at("entries[0].note").values == std::vector<ParameterScalar>{std::string("none")});
  CHECK(given.at("entries[0].numbers").values == std::vector<ParameterScalar>{std::int64_t{1}, std::int64_t{2}});
  CHECK(given.at("entries[1].note").values == std::vector<ParameterScalar>{std::string("x")});
  CHECK_FALSE(given.contains("entries[0].port"));
  CHECK(every()->parameter("entries[1].port")->name == "entries.port");
  CHECK(every()->parameter("entries[1]") == nullptr);

  CHECK(error_of("entries = [{ mac = \"02:00:00:00:00:01\" }, { note = \"x\" }]") ==
        "lab.toml:7:54: driver every needs parameter entries[1].mac (whose)");
  CHECK_THAT(error_of("entries = [{ mac = \"02:00:00:00:00:01\", nots = \"x\" }]"),
             ContainsSubstring("unknown key of entries \"nots\" of driver every; did you mean \"note\"?"));
  CHECK_THAT(error_of("entries = [{ mac = \"02:00:00:00:00:01\", port = 0 }]"),
             ContainsSubstring("parameter entries[0].port = 0 is out of range; it can be 1 to 65535"));
  CHECK_THAT(error_of("entries = [1]"), ContainsSubstring("a row of entries is not a table; write { key = value }"));
  CHECK_THAT(error_of("entries = { mac = \"02:00:00:00:00:01\" }"),
             ContainsSubstring("parameter entries is a table; write a list of tables: [{ ... }, { ... }]"));
  CHECK_THAT(error_of("\"entries.mac\" = \"02:00:00:00:00:01\""),
             ContainsSubstring("unknown parameter \"entries.mac\""));
  // Rows repeat like elements of any list.
  const Parameters many =
      params("entries = [{ for = { i = \"1..3\" }, mac = \"02:00:00:00:00:0{i}\", port = \"{i}\" }]");
  CHECK(many.at("entries").values.size() == 3);
  CHECK(many.at("entries[2].port").values == std::vector<ParameterScalar>{std::int64_t{3}});
  CHECK_THAT(error_of("entries = [{ for = { i = \"1..4\" }, mac = \"02:00:00:00:00:0{i}\" }]"),
             ContainsSubstring("parameter entries has 4 rows; it can have 0 to 3"));
}

TEST_CASE("a plan names the cells that differ") {
  const auto changes = [](const std::string& from, const std::string& to) {
    const Lab before = lab(from);
    const Lab after = lab(to);
    std::vector<std::string> texts;
    for (const auto& one : plan::function_changes(before.devices[0], nullptr, after.devices[0]))
      texts.push_back(fmt::format("{} {} -> {}", one.name, one.found, one.expected));
    CHECK(plan::is_changeable(before, before.devices[0], after, after.devices[0]));
    return texts;
  };
  using Texts = std::vector<std::string>;
  const std::string one = "mac = \"02:00:00:00:00:01\"";
  CHECK(changes("entries = [{ " + one + " }]", "entries = [{ " + one + " }]").empty());
  CHECK(changes("entries = [{ " + one + " }]", "entries = [{ " + one + ", note = \"x\", password = \"0x01\" }]") ==
        Texts{"entries[0].note none -> x", "entries[0].password  -> (secret)"});
  CHECK(changes("entries = [{ " + one + " }]", "") ==
        Texts{"entries 1 row -> 0 rows", "entries[0].mac 02:00:00:00:00:01 -> ", "entries[0].note none -> "});
  CHECK(changes("share = 1", "share = 5") == Texts{"share 1% -> 5%"});
  CHECK(changes("key = \"0x01\"", "key = \"0x02\"") == Texts{"key (secret) -> (secret)"});
}

TEST_CASE("a file is what it holds, and of a secret one only a keyed hash is kept") {
  const Lab one = lab("settings = \"conf/settings\", secret = \"secret\"");
  const auto& file = std::get<FileContent>(one.devices[0].parameters.at("settings").values[0]);
  CHECK(*file.text == "30000");
  CHECK(file.digest == digest_of("30000", ""));
  CHECK(to_text(file, ParameterType::file) == "conf/settings (5 bytes, BLAKE2b " + file.digest.substr(0, 16) + ")");
  CHECK_THAT(one.source, ContainsSubstring("30000"));
  CHECK_THAT(one.source, !ContainsSubstring("hunter2"));
  // Read again from what was kept, it is the same, and what is not kept is not there.
  const Lab again = config::parse_source(one.source, "lab.toml", known_drivers()).lab;
  CHECK(again.devices == one.devices);
  CHECK(again.source == one.source);
  const auto& secret = std::get<FileContent>(again.devices[0].parameters.at("secret").values[0]);
  CHECK_FALSE(secret.text);
  CHECK(secret.size == 7);
  CHECK(secret == FileContent{.key = "another",
                              .digest = digest_of("hunter2", "another"),
                              .text = std::make_shared<const std::string>("hunter2")});
  CHECK_FALSE(secret == FileContent{.key = "another",
                                    .digest = digest_of("hunter3", "another"),
                                    .text = std::make_shared<const std::string>("hunter3")});
  // Another content is another value.
  const Lab other = lab("settings = \"conf/settings\", secret = \"secret\"", source("40000", "hunter3"));
  const auto changes = plan::function_changes(again.devices[0], nullptr, other.devices[0]);
  REQUIRE(changes.size() == 2);
  CHECK(changes[0].name == "settings");
  CHECK_THAT(changes[0].expected, ContainsSubstring(digest_of("40000", "").substr(0, 16)));
  CHECK(changes[1].expected == "(secret)");

  CHECK(error_of("settings = \"/etc/passwd\"") ==
        ("lab.toml:7:23: parameter settings = \"/etc/passwd\" is no relative path of a file; write where it is "
         "from this file"));
  // It is named from the file that names it.
  config::Source from = source();
  from.file = "labs/lab.toml";
  from.read = [](const std::string& path, const std::string&) {
    CHECK(path == "conf/core.toml");
    return std::string(
        "[device.d]\ndriver = \"every\"\ninterfaces = [{ namespace = \"h1\", name = \"d0\" }]\nparams = { settings = "
        "\"settings\", secret = \"../secret\" }\n");
  };
  const Lab included = config::parse("include = [\"conf/core.toml\"]\n[lab]\nname = \"x\"\nnamespaces = [\"h1\"]\n",
                                     from, known_drivers())
                           .lab;
  CHECK(std::get<FileContent>(included.devices[0].parameters.at("settings").values[0]).path == "conf/settings");
  CHECK(std::get<FileContent>(included.devices[0].parameters.at("secret").values[0]).path == "secret");
  CHECK(config::parse_source(included.source, "labs/lab.toml", known_drivers()).lab.devices == included.devices);

  CHECK_THAT(error_of("settings = \"conf\""), ContainsSubstring("conf is a directory, not a file"));
  CHECK_THAT(error_of("settings = \"none\""), ContainsSubstring("cannot read it: "));
  CHECK_THROWS_WITH(lab("settings = \"conf/settings\"", source("123456789")),
                    ContainsSubstring("parameter settings = \"conf/settings\" has 9 bytes; it can have 1 to 8"));
}

TEST_CASE("what a driver is given of a file nobody can change") {
  const UniqueFd file = driver::sealed_copy("30000");
  char text[8] = {};
  CHECK(::read(file.get(), text, sizeof text) == 5);
  CHECK(std::string(text) == "30000");
  CHECK(::pwrite(file.get(), "4", 1, 0) == -1);
  CHECK(::ftruncate(file.get(), 1) == -1);
  CHECK(::mmap(nullptr, 5, PROT_WRITE, MAP_SHARED, file.get(), 0) == MAP_FAILED);
}

TEST_CASE("a parameter of a later type refuses only labs that set it") {
  CHECK(error_of("") == "no error");
  CHECK(error_of("mood = \"good\"") ==
        ("lab.toml:7:19: parameter mood cannot be set: it is one whose type (200) this netrig does not know; a "
         "later netrig does"));
  CHECK(type_name(*every()->parameter("mood")) == "unknown (200)");
}

TEST_CASE("the schema has rows of tables, and no place for what is of a later type") {
  const auto schema = config::lab_schema({every()});
  const auto& keys = schema["definitions"]["parameters-of-every"]["properties"];
  CHECK(keys["share"]["minimum"] == 1);
  CHECK(keys["share"]["maximum"] == 50);
  CHECK_FALSE(keys.contains("entries.mac"));
  const auto& row = keys["entries"]["items"];
  CHECK(row["properties"].contains("mac"));
  CHECK(row["properties"]["port"]["maximum"] == 65535);
  CHECK(row["required"].dump() == "[\"mac\"]");
  CHECK(row["additionalProperties"] == false);
  CHECK(keys["mood"].contains("not"));
}

TEST_CASE("what a driver looks back on is kept without secrets, and what a file holds") {
  const Lab one =
      lab("share = 5, group = \"0x000102030405\", key = \"0x01\", beside = \"h2\", settings = "
          "\"conf/settings\", secret = \"secret\", entries = [{ mac = \"02:00:00:00:00:01\", numbers = [1, 2], "
          "password = \"0x01\", home = \"h1\" }]");
  engine::MadeDevice made;
  made.parameters = engine::parameters_to_keep(one.devices[0]);
  Parameters expected = one.devices[0].parameters;
  for (const char* name : {"key", "secret", "entries[0].password"}) expected.erase(name);
  const Parameters kept = engine::kept_parameters(made, *one.devices[0].about);
  REQUIRE(kept.size() == expected.size());
  for (const auto& [name, value] : expected) {
    INFO(name);
    CHECK(kept.at(name).values == value.values);
  }
  CHECK_FALSE(std::get<FileContent>(kept.at("settings").values[0]).text);
  // As a worker is told it.
  driver::WireWriter out;
  driver::put_parameters(out, expected);
  driver::WireReader in(out.data());
  const Parameters told = driver::get_parameters(in);
  for (const auto& [name, value] : expected) CHECK(told.at(name).values == value.values);
}
