// SPDX-License-Identifier: Apache-2.0
// Writes the seed corpus of the protocol's targets: one valid message of each kind. fuzz_seeds DIRECTORY
#include <filesystem>
#include <fstream>

#include "driver/messages.hpp"

namespace {

namespace driver = netrig::driver;

void write(const std::filesystem::path& path, char target, const driver::WireWriter& message) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file.put(target);
  file.write(reinterpret_cast<const char*>(message.data().data()), static_cast<std::streamsize>(message.data().size()));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::filesystem::path root = argv[1];
  driver::Hello hello;
  write(root / "host/hello", 0, driver::encode(hello));

  driver::LinkOrder link;
  link.kind = "veth";
  link.peer.emplace();
  link.peer->interface = 1;
  link.peer->type = 1;
  driver::AnswerMessage answer;
  answer.orders = {link, driver::LinkChange{}, driver::LinkDeletion{}};
  answer.made = {{0, 7}};
  answer.state.values = {{"mode", "bridge"}};
  write(root / "host/answer", 1, driver::encode(answer));
  driver::ServiceMessage service;
  service.orders = {link};
  service.text = "address";
  write(root / "host/service", 2, driver::encode(service));
  write(root / "host/log", 3, driver::encode(driver::LogMessage{.level = 2, .text = "a line"}));

  driver::CallMessage call;
  call.lab = "lab";
  call.device = "device";
  call.interfaces.resize(2);
  call.interfaces[0].name = "x";
  call.interfaces[0].netns_fd = 5;
  call.interfaces[1].mac.emplace();
  call.has_parameters = true;
  call.parameters["queues"].values = {std::int64_t{4}};
  call.parameters["on"].values = {true};
  call.parameters["macs"].values = {netrig::MacAddress{}};
  call.parameters["prefix"].values = {*netrig::Prefix::parse("192.0.2.0/24")};
  call.parameters["parent"].values = {
      netrig::InterfaceReference{.home = netrig::NamespaceName("a"), .name = netrig::InterfaceName("x")}};
  write(root / "worker/call", 0, driver::encode(call));
  driver::DoneMessage done;
  done.pairs = {{0, 2}, {1, 3}};
  write(root / "worker/done", 1, driver::encode(done));
  write(root / "worker/item", 2, driver::encode_item(3, std::as_bytes(std::span("text"))));
  return 0;
}
