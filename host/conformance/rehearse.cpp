// SPDX-License-Identifier: Apache-2.0
#include "conformance/rehearse.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>

#include "conformance/stage.hpp"
#include "driver/file_content.hpp"

namespace netrig::conformance {
namespace {

constexpr int kMostDescriptors = 256;

int open_descriptors() {
  int open = 0;
  for (int fd = 0; fd < kMostDescriptors; ++fd) open += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
  return open;
}

std::int64_t memory_in_use() {
  const auto now = ::mallinfo2();
  return static_cast<std::int64_t>(now.uordblks + now.hblkhd);
}

/// What is the same whenever the same is done.
std::string outcome_of(const Account& account) { return fmt::format("{}\n{}", account.status, account.orders); }

Account play_cycles(const netrig_functions& functions, const DriverDescription& about, const Scene& scene) {
  Account result;
  std::string first;
  std::int64_t memory = 0;
  const int descriptors = open_descriptors();
  for (std::uint32_t i = 1; i <= scene.cycles; ++i) {
    std::string outcome;
    Scene one{.request = scene.request};
    for (const auto operation : kOperations) {
      one.request.operation = operation;
      for (std::size_t k = 0; k < one.request.interfaces.size(); ++k)
        one.request.interfaces[k].ifindex = is_later(operation) ? kFirstIfindex + static_cast<std::uint32_t>(k) : 0;
      const Account account = Stage(functions, about, one).play();
      outcome += outcome_of(account);
      if (operation == driver::Operation::create) one.request.record = account.record;
    }
    if (i == 1) first = outcome;
    if (outcome != first && result.differs_at == 0) result.differs_at = i;
    if (i == std::max(scene.cycles / 10, 1U)) memory = memory_in_use();
  }
  result.memory = memory_in_use() - memory;
  result.descriptors = open_descriptors() - descriptors;
  return result;
}

}  // namespace

Account rehearse(const netrig_functions& functions, const DriverDescription& about, const Scene& scene) {
  if (scene.cycles != 0) return play_cycles(functions, about, scene);
  return Stage(functions, about, scene).play();
}

UniqueFd sample_of(const FileContent& file) { return driver::sealed_copy(std::string(file.size, 'x')); }

driver::WireWriter encode(const Scene& scene) {
  driver::WireWriter out;
  out.bytes(driver::encode(scene.request).data());
  out.put(scene.fails_at).put(scene.fails_with).text(scene.lacks);
  out.put(static_cast<std::uint8_t>(scene.newer)).put(scene.cycles);
  return out;
}

Scene decode_scene(std::span<const std::byte> bytes, std::span<const int> files) {
  driver::WireReader in(bytes);
  Scene scene{.request = driver::decode_call(in.bytes(driver::kLargestMessage), files)};
  scene.fails_at = in.get<std::uint32_t>();
  scene.fails_with = in.get<std::int32_t>();
  scene.lacks = in.text(256);
  scene.newer = in.flag();
  scene.cycles = in.get<std::uint32_t>();
  in.end();
  return scene;
}

driver::WireWriter encode(const Account& account) {
  driver::WireWriter out;
  out.put(account.status).text(account.message.c_str()).put(static_cast<std::uint8_t>(account.told));
  out.put(account.calls).put(static_cast<std::uint8_t>(account.order_failed));
  out.put(static_cast<std::uint8_t>(account.covered)).put(static_cast<std::uint32_t>(account.misdeeds.size()));
  for (const Misdeed& one : account.misdeeds) out.text(one.check).text(one.text.c_str());
  out.text(account.orders.c_str()).bytes(account.record);
  out.put(account.differs_at).put(account.memory).put(account.descriptors);
  return out;
}

Account decode_account(std::span<const std::byte> bytes) {
  driver::WireReader in(bytes);
  Account account;
  account.status = in.get<std::int32_t>();
  account.message = in.text(NETRIG_MESSAGE_MAX);
  account.told = in.flag();
  account.calls = in.get<std::uint32_t>();
  account.order_failed = in.flag();
  account.covered = in.flag();
  account.misdeeds.resize(in.count(64));
  for (Misdeed& one : account.misdeeds) {
    one.check = in.text(64);
    one.text = in.text(4096);
  }
  account.orders = in.text(driver::kLargestMessage);
  const auto record = in.bytes(NETRIG_RECORD_MAX);
  account.record.assign(record.begin(), record.end());
  account.differs_at = in.get<std::uint32_t>();
  account.memory = in.get<std::int64_t>();
  account.descriptors = in.get<std::int32_t>();
  in.end();
  return account;
}

}  // namespace netrig::conformance
