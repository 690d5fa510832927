// SPDX-License-Identifier: Apache-2.0
// The host's end of the protocol: what a hostile worker sends. Orders that pass are in bounds.
#include "driver/call.hpp"
#include "driver/messages.hpp"
#include "fuzz.hpp"

namespace {

void admit(const std::vector<netrig::driver::Order>& orders, netrig::driver::Permission& permission,
           std::size_t interfaces) {
  for (const auto& order : orders) {
    permission.admit(order);
    const auto interface = std::visit([](const auto& one) { return one.interface; }, order);
    if (interface >= interfaces) __builtin_trap();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace driver = netrig::driver;
  if (size == 0) return 0;
  const auto bytes = bytes_of(data + 1, size - 1);
  netrig::DriverDescription description;
  description.link_kinds = {"veth"};
  std::vector<driver::InterfaceRequest> interfaces(2);
  interfaces[0].name = "x";
  interfaces[1].name = "y";
  driver::Permission permission(description, 0, driver::Operation::create, interfaces, 1);
  refused_or_fine([&] {
    switch (data[0] % 6) {
      case 0:
        driver::decode_hello(bytes);
        break;
      case 1: {
        const driver::AnswerMessage answer = driver::decode_answer(bytes);
        driver::clean_text(answer.message, description, nullptr);
        admit(answer.orders, permission, interfaces.size());
        for (const auto& [interface, ifindex] : answer.made) permission.admit_made(interface, ifindex);
        // Its table says that nothing is told.
        if (driver::can_be_told(answer.state.told, description) && !answer.state.told.empty()) __builtin_trap();
        break;
      }
      case 2:
        admit(driver::decode_service(bytes).orders, permission, interfaces.size());
        break;
      case 3:
        driver::decode_log(bytes);
        break;
      case 4:
        if (bytes.size() == sizeof(std::uint32_t))
          driver::decode_violation(bytes);
        else
          driver::decode_crash(bytes);
        break;
      default:
        driver::decode_refusal(bytes);
    }
  });
  return 0;
}
