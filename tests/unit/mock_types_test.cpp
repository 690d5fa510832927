// SPDX-License-Identifier: Apache-2.0
// Parameters that are more than a number or a word, before the mock host and before netrig: a driver sees the same.
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "config/config.hpp"
#include "driver/secrets.hpp"
#include "mock_probe.hpp"
#include "plan/devices.hpp"

namespace netrig::mock_test {
namespace {

/// A device of the driver, as netrig reads it from a lab file.
Device in_lab(const std::string& params) {
  const config::Drivers drivers{.find = [](std::string_view) { return about_probe(); },
                                .kinds = [] { return std::vector<std::string>{"probe"}; }};
  const config::Source source{.file = "lab.toml", .contents = [](const std::string& path, const std::string& name) {
                                return config::read_contents(path, name.empty() ? path : name);
                              }};
  return config::parse(
             "[lab]\nname = \"x\"\nnamespaces = [\"h1\", \"h2\"]\n[device.d]\ndriver = \"probe\"\ninterfaces = "
             "[{ namespace = \"h1\", name = \"eth0\" }, { namespace = \"h1\", name = \"eth1\" }]\nparams = { " +
                 params + " }\n",
             source, drivers)
      .lab.devices.front();
}

std::vector<driver::Reference> references_of(const Parameters& parameters) {
  std::vector<driver::Reference> list;
  for (const auto& [name, value] : parameters)
    for (std::uint32_t i = 0; i < value.values.size(); ++i)
      if (const auto target = reference_of(value.values[i]))
        list.push_back(
            {.parameter = name, .index = i, .target = *target, .ifindex = kLoopbackIndex, .is_namespace = true});
  return list;
}

std::string hex(const void* from, std::size_t size) { return format_bytes({static_cast<const char*>(from), size}); }

/// A file as a driver finds it.
std::string about_file(int fd, std::uint64_t size) {
  std::string text(200, '\0');
  const ssize_t length = ::read(fd, text.data(), text.size());
  text.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
  const bool changes = ::pwrite(fd, "x", 1, 0) == 1 || ::ftruncate(fd, static_cast<off_t>(size) + 1) == 0;
  return text + " of " + std::to_string(size) + ", seals " + std::to_string(::fcntl(fd, F_GET_SEALS)) +
         (changes ? ", changes" : "");
}

/// What every getter says of one value.
std::string values_at(const netrig_host* host, netrig_call* call, const std::string& name, std::uint32_t index) {
  std::int64_t number = -1;
  const char* string = "";
  const void* bytes = nullptr;
  std::uint32_t size = 0;
  const netrig_reference* reference = nullptr;
  std::int32_t fd = -1;
  std::uint64_t length = 0;
  std::array<std::uint8_t, 16> address{};
  std::uint8_t family = 0;
  std::uint8_t prefix = 0;
  std::string text = name + "[" + std::to_string(index) + "]";
  const auto add = [&](netrig_status status, const auto& value) {
    text += " " + (status == NETRIG_OK ? value() : "-" + std::to_string(status));
  };
  add(host->get_integer(call, name.c_str(), index, &number), [&] { return std::to_string(number); });
  add(host->get_string(call, name.c_str(), index, &string), [&] { return std::string(string); });
  add(host->get_bytes(call, name.c_str(), index, &bytes, &size), [&] { return "bytes " + hex(bytes, size); });
  add(host->get_address(call, name.c_str(), index, address.data(), &family, &prefix),
      [&] { return hex(address.data(), address.size()) + "/" + std::to_string(prefix); });
  add(host->get_reference(call, name.c_str(), index, &reference), [&] {
    return std::string(reference->text) + " by " + reference->name + " " + std::to_string(reference->ifindex) +
           " number " + std::to_string(reference->number);
  });
  // Twice: each time from its begin.
  for (int i = 0; i < 2; ++i)
    add(host->get_file(call, name.c_str(), index, &fd, &length), [&] { return about_file(fd, length); });
  return text + (host->changed(call, name.c_str()) != 0 ? " changed\n" : "\n");
}

/// All that a driver can see of these, and of what is not there.
std::string seen(const netrig_host* host, netrig_call* call) {
  std::vector<std::string> names = {"share",       "hello",        "password",      "beside",   "peers",
                                    "peers.id",    "tokens",       "hidden",        "settings", "peers[0]",
                                    "peers[x].id", "peers[00].id", "peers[0].none", "mood"};
  for (std::uint32_t row = 0; row < 4; ++row)
    for (const char* column : {"id", "port", "wait", "allowed", "key", "home"})
      names.push_back("peers[" + std::to_string(row) + "]." + column);
  std::string text;
  for (const std::string& name : names) {
    const std::uint32_t count = host->count(call, name.c_str());
    text += name + ": " + std::to_string(count) + "\n";
    for (std::uint32_t index = 0; index <= count; ++index) text += values_at(host, call, name, index);
  }
  return text;
}

/// What the driver sees when the mock host, and when netrig, has it create or change its device.
std::string seen_in(Mock& mock, bool change) {
  std::string text;
  doing = [&](auto* host, auto* call) {
    text = seen(host, call);
    return change ? NETRIG_OK : make_pair(host, call);
  };
  CHECK((change ? mock.change() : mock.create()) == NETRIG_OK);
  return text;
}
std::string seen_by_netrig(const Device& device, const Device* before) {
  std::string text;
  doing = [&](auto* host, auto* call) {
    text = seen(host, call);
    return before != nullptr ? NETRIG_OK : make_pair(host, call);
  };
  ByNetrig what{.operation = before != nullptr ? driver::Operation::change : driver::Operation::create,
                .parameters = device.parameters,
                .references = references_of(device.parameters)};
  if (before != nullptr)
    for (const auto& one : plan::function_changes(*before, nullptr, device)) what.changed.push_back(one.name);
  CHECK(run_by_netrig(what).message.empty());
  return text;
}

/// On the disk, alone in its directory, by paths from here, as a lab file has them.
class OnDisk {
 public:
  explicit OnDisk(const std::string& content)
      : whole_(std::filesystem::temp_directory_path() / ("mock-" + std::to_string(::getpid()))) {
    std::filesystem::create_directory(whole_);
    std::ofstream(whole_ / "file") << content;
  }
  ~OnDisk() { std::filesystem::remove_all(whole_); }
  OnDisk(const OnDisk&) = delete;
  OnDisk& operator=(const OnDisk&) = delete;
  [[nodiscard]] std::string directory() const { return std::filesystem::relative(whole_).string(); }
  [[nodiscard]] std::string path() const { return directory() + "/file"; }

 private:
  std::filesystem::path whole_;
};

std::string refusal_of(const std::string& params) {
  try {
    in_lab(params);
  } catch (const Error& error) {
    return error.what();
  }
  return "(none)";
}

}  // namespace

TEST_CASE("before the mock host a driver sees fractions, bytes, namespaces, tables and files as before netrig") {
  const OnDisk file("what it holds");
  Mock mock;
  mock.set("share", "12.5").set("hello", "00:11:22:33:44:Ff").set("password", "AAH/").set("beside", "h1");
  mock.set("settings", file.path()).set_file("hidden", "s3cret");
  mock.add_file("tokens", "one").add_file("tokens", std::string_view("t\0o", 3)).add_file("tokens", "");
  mock.set("peers[0].id", "0x0a0B").set("peers[0].port", "7").set("peers[0].wait", "60s").set("peers[0].key", "0x00");
  mock.add("peers[0].allowed", "192.0.2.0/24").add("peers[0].allowed", "2001:db8::/32");
  mock.set("peers[1].id", "0x0c").set("peers[1].home", "h2");
  const std::string params =
      "share = 12.5, hello = \"0x0011223344ff\", password = \"0x0001ff\", beside = \"h1\", settings = \"" +
      file.path() + "\", ";
  const std::string peers =
      "peers = [{ id = \"Cgs=\", port = 7, wait = \"1m\", key = \"AA==\", allowed = [\"192.0.2.0/24\", "
      "\"2001:db8::/32\"] }, { id = \"0x0c\", home = \"h2\" }]";
  Device device = in_lab(params + peers);
  // The tests' files are not on the disk.
  const auto in_memory = [](const std::string& text) {
    return FileContent{.path = "somewhere",
                       .digest = digest_of(text, ""),
                       .size = text.size(),
                       .text = std::make_shared<const std::string>(text)};
  };
  device.parameters["tokens"].values = {in_memory("one"), in_memory(std::string("t\0o", 3)), in_memory("")};
  device.parameters["hidden"].values = {in_memory("s3cret")};
  const std::string at_mock = seen_in(mock, false);
  CHECK(at_mock == seen_by_netrig(device, nullptr));
  for (const char* line : {"share[0] 536870912 ", "hello[0] -1 -1 bytes 0x0011223344ff ", " h1 by lo 1 number 0",
                           "peers: 2\n", "peers[0].port[0] 7 ", "peers[1].port[0] 51820 ", "peers[0].allowed: 2\n",
                           "peers[2].id: 0\n", "peers[1].key: 0\n", "what it holds of 13, seals "})
    CHECK_THAT(at_mock, ContainsSubstring(line));
  CHECK_THAT(at_mock, !ContainsSubstring("changes"));

  // The same, otherwise written, and then other rows.
  mock.set("peers[0].wait", "1m").set("peers[0].id", "Cgs=").set("peers[1].port", "51820").set("password", "0x0001ff");
  const std::string same = seen_in(mock, true);
  CHECK_THAT(same, !ContainsSubstring("changed"));
  CHECK(same == seen_by_netrig(device, &device));
  mock.set("share", "1").set_file("settings", "else").unset("beside").set("peers[0].port", "8");
  mock.set("peers[2].id", "0x0d");
  Device next = in_lab("share = 1, hello = \"0x0011223344ff\", password = \"0x0001ff\", " + peers);
  next.parameters.at("peers") =
      in_lab("peers = [{ id = \"0x01\" }, { id = \"0x02\" }, { id = \"0x03\" }]").parameters.at("peers");
  const Device third = in_lab("peers = [{ id = \"0x01\" }, { id = \"0x02\" }, { id = \"0x0d\" }]");
  for (const char* cell : {"peers[2].id", "peers[2].port"}) next.parameters[cell] = third.parameters.at(cell);
  next.parameters.at("peers[0].port").values = {std::int64_t{8}};
  next.parameters["settings"].values = {in_memory("else")};
  for (const char* name : {"tokens", "hidden"}) next.parameters[name] = device.parameters.at(name);
  const std::string changed = seen_in(mock, true);
  CHECK(changed == seen_by_netrig(next, &device));
  CHECK_THAT(changed, ContainsSubstring("peers[2].port[0] 51820 -1 -1 -1 -1 -1 -1 changed"));

  // Fewer rows, of which one is as before.
  mock.unset("peers").set("peers[0].id", "0x0a0b");
  Device last = next;
  for (const auto& [name, value] : next.parameters)
    if (name.starts_with("peers")) last.parameters.erase(name);
  for (const auto& [name, value] : in_lab("peers = [{ id = \"0x0a0b\" }]").parameters)
    if (name.starts_with("peers")) last.parameters[name] = value;
  const std::string fewer = seen_in(mock, true);
  CHECK(fewer == seen_by_netrig(last, &next));
  CHECK_THAT(fewer, ContainsSubstring("peers: 1\n"));
  // As after a failure.
  mock.unset("peers").set("peers[0].id", "0x01").set("peers[1].id", "0x02");
  netrig_mock_set_back(mock.raw());
  CHECK_THAT(seen_in(mock, true),
             ContainsSubstring("peers: 1\n") && ContainsSubstring("peers[0].id[0] -1 -1 bytes 0x0a0b"));
}

TEST_CASE("the mock host keeps secrets and files from inspect and destroy, and takes bytes that inspect tells") {
  Mock mock;
  mock.set("password", "0x0001ff").set_file("settings", "text").set_file("hidden", "s3cret").set("share", "2");
  mock.set("peers[0].id", "0x01").set("peers[0].key", "0x02").set("peers[0].home", "h2");
  doing = make_pair;
  REQUIRE(mock.create() == NETRIG_OK);
  const auto look = [](auto* host, auto* call) {
    std::int32_t fd = -1;
    std::uint64_t size = 0;
    const netrig_reference* home = nullptr;
    CHECK(host->count(call, "password") == 0);
    CHECK(host->count(call, "hidden") == 0);
    CHECK(host->count(call, "settings") == 1);
    CHECK(host->get_file(call, "settings", 0, &fd, &size) == NETRIG_NOT_FOUND);
    CHECK(fd == -1);
    CHECK(host->count(call, "peers") == 1);
    CHECK(host->count(call, "peers[0].id") == 1);
    CHECK(host->count(call, "peers[0].key") == 0);
    CHECK(host->get_reference(call, "peers[0].home", 0, &home) == NETRIG_OK);
    CHECK(home->ifindex == 0);
  };
  netrig_mock_reference(mock.raw(), "peers[0].home", 0)->ifindex = 0;  // gone
  const std::string bytes("\x01\x80\xc2\x00\x00\x04", 6);
  const std::string too_long(NETRIG_BYTES_MAX + 1, 'x');
  const Doing tell = [&](auto* host, auto* call) {
    CHECK(host->set_bytes(call, "hello", 0, bytes.data(), 6) == NETRIG_OK);
    CHECK(host->set_bytes(call, "hello", 1, bytes.data(), 6) == NETRIG_INVALID);
    CHECK(host->set_bytes(call, "hello", 0, nullptr, 6) == NETRIG_INVALID);
    CHECK(host->set_bytes(call, "hello", 0, too_long.data(), NETRIG_BYTES_MAX + 1) == NETRIG_INVALID);
    CHECK(host->set_integer(call, "share", 0, 536870912) == NETRIG_OK);
    return NETRIG_OK;
  };
  doing = [&](auto* host, auto* call) {
    look(host, call);
    return tell(host, call);
  };
  CHECK(mock.inspect() == NETRIG_OK);
  CHECK(mock.broken().empty());
  doing = tell;
  const Parameters told = run_by_netrig({.operation = driver::Operation::inspect}).told;
  CHECK(mock.told("hello") == to_text(told.at("hello").values, ParameterType::bytes));
  CHECK(mock.told("share") == to_text(told.at("share").values, ParameterType::fraction));
  doing = [](auto* host, auto* call) {
    CHECK(host->set_bytes(call, "password", 0, "x", 1) == NETRIG_INVALID);
    return NETRIG_OK;
  };
  CHECK(mock.inspect() == NETRIG_OK);
  CHECK_THAT(mock.broken(), Catch::Matchers::StartsWith("NRD-24"));
  doing = [&](auto* host, auto* call) {
    look(host, call);
    return static_cast<const netrig_netlink*>(host->service(call, NETRIG_NETLINK_1))->delete_link(call, 1);
  };
  CHECK(mock.destroy() == NETRIG_OK);
  CHECK(mock.broken().empty());
}

TEST_CASE("in validate the mock host has files, and no namespaces") {
  Mock mock;
  mock.set_file("settings", "text").set("beside", "h1");
  doing = [](auto* host, auto* call) {
    std::int32_t fd = -1;
    std::uint64_t size = 0;
    const netrig_reference* beside = nullptr;
    CHECK(host->get_file(call, "settings", 0, &fd, &size) == NETRIG_OK);
    CHECK(about_file(fd, size).substr(0, 9) == "text of 4");
    CHECK(host->get_reference(call, "beside", 0, &beside) == NETRIG_NOT_FOUND);
    return NETRIG_OK;
  };
  CHECK(mock.validate() == NETRIG_OK);
  CHECK(mock.broken().empty());
}

TEST_CASE("the mock host masks secret bytes and files however they are written") {
  Mock mock = made();
  const std::string said = "c0ffee C0FFEE c0:ff:ee wP/u letmein 07";
  mock.set("password", "0xc0ffee").set_file("hidden", "letmein").set("peers[0].id", "0x07").set("peers[0].key", "Bw==");
  doing = [&](auto* host, auto* call) {
    static_cast<const netrig_log*>(host->service(call, NETRIG_LOG_1))->write(call, NETRIG_LOG_WARNING, said.c_str());
    return NETRIG_OK;
  };
  CHECK(mock.settle() == NETRIG_OK);
  Device device = in_lab("password = \"0xc0ffee\", peers = [{ id = \"0x07\", key = \"Bw==\" }]");
  device.parameters["hidden"].values = {FileContent{.text = std::make_shared<const std::string>("letmein")}};
  CHECK(netrig_mock_log(mock.raw(), 0, nullptr) == driver::clean_text(said, *about_probe(), &device.parameters));
  CHECK(std::string(netrig_mock_log(mock.raw(), 0, nullptr)) == "*** *** *** *** *** ***");
}

TEST_CASE("the mock host refuses of these what netrig refuses, in its words") {
  struct Wrong {
    const char* name;
    const char* text;
    std::string written;
  };
  const OnDisk file(std::string(101, 'x'));
  const std::string long_one = file.path();
  const std::string directory = file.directory();
  const auto quoted = [](const std::string& text) { return "\"" + text + "\""; };
  for (const auto& [name, text, written] : std::vector<Wrong>{
           {"share", "0.5", "0.5"},
           {"share", "51", "51"},
           {"share", "100.5", "100.5"},
           {"hello", "0011", "\"0011\""},
           {"hello", "0x0011", "\"0x0011\""},
           {"hello", "0x", "\"0x\""},
           {"hello", "0x001", "\"0x001\""},
           {"hello", "00:11:", "\"00:11:\""},
           {"hello", "00:1", "\"00:1\""},
           {"hello", "ABE", "\"ABE\""},
           {"hello", "ABF=", "\"ABF=\""},
           {"hello", "A===", "\"A===\""},
           {"hello", "====", "\"====\""},
           {"hello", "AB E", "\"AB E\""},
           {"password", "zz", "\"zz\""},
           {"beside", "", "\"\""},
           {"beside", "..", "\"..\""},
           {"beside", "a b", "\"a b\""},
           {"beside", "a/b", "\"a/b\""},
           {"beside", "-a", "\"-a\""},
           {"parent", "h1", "\"h1\""},
           {"parent", "h1:interface-too-long", "\"h1:interface-too-long\""},
           {"parent", ":eth0", "\":eth0\""},
           {"queues", "4097", "4097"},
           {"offset", "-6", "-6"},
           {"wait", "15", "\"15\""},
           {"senders", "02", "[\"02\"]"},
           {"remote", "a", "\"a\""},
           {"net", "a", "\"a\""},
           {"settings", "/etc/passwd", "\"/etc/passwd\""},
           {"settings", "none/of/these", "\"none/of/these\""},
           {"settings", directory.c_str(), quoted(directory)},
           {"settings", long_one.c_str(), quoted(long_one)},
           {"mood", "x", "\"x\""},
           {"peers[0].port", "0", "[{ id = \"0x01\", port = 0 }]"},
           {"peers[0].id", "", "[{ id = \"\" }]"},
           {"peers[0].key", "x", "[{ id = \"0x01\", key = \"x\" }]"},
           {"peers[0].allowed", "a", "[{ id = \"0x01\", allowed = [\"a\"] }]"},
       }) {
    INFO(name << " = " << text);
    Mock mock;
    CHECK(netrig_mock_set(mock.raw(), name, text) == NETRIG_INVALID);
    const std::string key = std::string(name).substr(0, std::string(name).find('['));
    CHECK_THAT(refusal_of(key + " = " + written), Catch::Matchers::EndsWith(mock.message()));
    // Nothing has changed: no row has come.
    doing = [](auto* host, auto* call) {
      CHECK(host->count(call, "peers") == 0);
      return NETRIG_OK;
    };
    CHECK(mock.validate() == NETRIG_OK);
  }
}

TEST_CASE("the mock host wants as many rows as the table says, with the columns that it requires") {
  Mock mock;
  doing = {};
  mock.set("peers[0].id", "0x01").add("peers", "{}");
  CHECK(mock.validate() == NETRIG_INVALID);
  CHECK(mock.message() == "driver probe needs parameter peers[1].id (who it is)");
  CHECK_THAT(refusal_of("peers = [{ id = \"0x01\" }, {}]"), Catch::Matchers::EndsWith(mock.message()));
  mock.set("peers[1].id", "0x02").set("peers[2].id", "0x03");
  CHECK(mock.validate() == NETRIG_OK);
  mock.set("peers[3].id", "0x04");
  CHECK(mock.validate() == NETRIG_INVALID);
  CHECK(mock.message() == "parameter peers has 4 rows; it can have 1 to 3");
  CHECK_THAT(refusal_of("peers = [{ id = \"0x01\" }, { id = \"0x01\" }, { id = \"0x01\" }, { id = \"0x01\" }]"),
             Catch::Matchers::EndsWith(mock.message()));
  mock.unset("peers");
  CHECK(mock.validate() == NETRIG_OK);
  CHECK(netrig_mock_add(mock.raw(), "peers", "x") == NETRIG_INVALID);
}

}  // namespace netrig::mock_test
