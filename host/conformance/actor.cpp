// SPDX-License-Identifier: Apache-2.0
#include "conformance/actor.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>
#include <string_view>
#include <thread>

#include "driver/crash.hpp"
#include "driver/elf.hpp"
#include "driver/loader.hpp"

namespace netrig::conformance {
namespace {

using driver::Message;
using driver::MessageType;

// What a worker's process is called, where an actor's says which driver.
constexpr std::string_view kRole = "rehearsal:";
constexpr std::uint64_t kDescriptors = 64;

/// Of a process, once the threads that are just ending have ended.
int threads_of(int pid) {
  constexpr auto kTime = std::chrono::milliseconds(500);
  const auto until = driver::Clock::now() + kTime;
  for (;;) {
    int threads = 0;
    std::ifstream file(fmt::format("/proc/{}/status", pid));
    for (std::string key; file >> key; file.ignore(4096, '\n'))
      if (key == "Threads:") file >> threads;
    if (threads <= 1 || driver::Clock::now() > until) return threads;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

std::uint64_t number_of(const char* text) {
  std::uint64_t value = 0;
  std::from_chars(text, text + std::strlen(text), value);
  return value;
}

driver::Plugin read_plugin() {
  struct stat status {};
  if (::fstat(driver::kWorkerPlugin, &status) != 0) throw Error(ErrorCode::driver, "it was given no plugin");
  const auto size = static_cast<std::size_t>(status.st_size);
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, driver::kWorkerPlugin, 0);
  if (data == MAP_FAILED) throw Error(ErrorCode::driver, "it cannot map the plugin");
  driver::Plugin plugin = driver::read_plugin({static_cast<const std::byte*>(data), size});
  ::munmap(data, size);
  return plugin;
}

int act(const driver::FenceOptions& options) {
  driver::Channel channel(UniqueFd(driver::kWorkerSocket), true);
  try {
    const driver::Plugin plugin = read_plugin();
    driver::preload_libraries(plugin.needed);
    const driver::FenceReport fence = driver::fence_in(options);
    const netrig_functions& functions =
        driver::load_plugin(fence.rooted ? fmt::format("/{}", driver::kWorkerPlugin)
                                         : fmt::format("/proc/self/fd/{}", driver::kWorkerPlugin),
                            plugin.about);
    driver::tell_crashes(&functions);
    driver::close_fence(options);
    if (channel.send(MessageType::hello, {}) != Message::How::arrived) return 1;
    for (;;) {
      const Message message = channel.receive();
      if (message.how != Message::How::arrived || message.type != MessageType::call) return 0;
      std::vector<int> files;
      for (const UniqueFd& one : message.descriptors) files.push_back(one.get());
      const Account account = rehearse(functions, plugin.about, decode_scene(message.bytes, files));
      if (channel.send(MessageType::answer, encode(account).data()) != Message::How::arrived) return 1;
    }
  } catch (const Error& error) {
    driver::WireWriter reason;
    reason.text(error.message());
    channel.send(MessageType::refusal, reason.data());
    return 1;
  }
}

}  // namespace

Ending Actor::unhappy(Message& message, std::chrono::nanoseconds time) {
  Ending ending;
  std::vector<driver::CrashPlace> crash;
  for (; message.how == Message::How::arrived && message.type == MessageType::crash &&
         crash.size() < driver::kMostCrashPlaces;
       message = process_->channel().receive({.deadline = driver::Clock::now() + time}))
    crash.push_back(driver::decode_crash(message.bytes));
  if (crash.empty() && message.how == Message::How::arrived && message.type == MessageType::violation) {
    ending = {.how = Ending::How::stopped,
              .text = fmt::format("it called {}, which no driver may",
                                  driver::syscall_name(driver::decode_violation(message.bytes)))};
  } else if (message.how == Message::How::arrived && message.type == MessageType::refusal) {
    ending = {.how = Ending::How::unloaded, .text = driver::decode_refusal(message.bytes)};
  } else if (message.how == Message::How::late) {
    ending = {.how = Ending::How::hung,
              .text = fmt::format("it did not return within {}", format_duration(time.count()))};
  } else {
    const std::string how = process_->end();
    const std::string where =
        driver::to_text(crash, scenery_.about->kind, std::as_bytes(driver::SealedView(scenery_.plugin).bytes()));
    ending = {.how = Ending::How::crashed, .text = "it " + (how.empty() ? "closed its connection" : how + where)};
  }
  process_.reset();
  return ending;
}

Ending Actor::start() {
  process_.emplace(
      driver::WorkerProcess::start(starter_, std::string(kRole) + scenery_.about->kind, scenery_.plugin.memory.get(),
                                   {.granted = 0, .memory = scenery_.memory, .descriptors = kDescriptors}));
  Message message = process_->channel().receive({.deadline = driver::Clock::now() + scenery_.deadline});
  if (message.how == Message::How::arrived && message.type == MessageType::hello) return {};
  Ending ending = unhappy(message, scenery_.deadline);
  if (ending.how == Ending::How::stopped)
    ending = {.how = Ending::How::unloaded, .text = "it cannot be loaded: " + ending.text};
  return ending;
}

Ending Actor::play_here(const Scene& scene) const {
  try {
    const netrig_functions& functions = driver::load_plugin(driver::loading_path(scenery_.plugin), *scenery_.about);
    return {.account = rehearse(functions, *scenery_.about, scene)};
  } catch (const Error& error) {
    return {.how = Ending::How::unloaded, .text = error.message()};
  }
}

Ending Actor::play(const Scene& scene) {
  if (scenery_.in_process) return play_here(scene);
  if (!process_)
    if (Ending ending = start(); ending.how != Ending::How::played) return ending;
  driver::Channel& channel = process_->channel();
  // Many operations have the time of many.
  const auto time = scenery_.deadline * (scene.cycles == 0 ? 1 : std::max<std::int64_t>(6, scene.cycles / 1000));
  const Patience patience{.deadline = driver::Clock::now() + time};
  // As the host does it: behind the fence nobody makes a file.
  Scene sent = scene;
  std::vector<UniqueFd> files;
  std::vector<int> descriptors;
  for (auto& [name, value] : sent.request.parameters)
    for (ParameterScalar& scalar : value.values)
      if (auto* file = std::get_if<FileContent>(&scalar)) {
        files.push_back(sample_of(*file));
        file->fd = files.back().get();
        descriptors.push_back(file->fd);
      }
  channel.send(MessageType::call, encode(sent).data(), descriptors, patience);
  Message message = channel.receive(patience);
  if (message.how != Message::How::arrived || message.type != MessageType::answer) return unhappy(message, time);
  return {.account = decode_account(message.bytes), .threads = threads_of(process_->pid())};
}

std::optional<int> run_as_actor(int argc, char** argv) {
  if (argc != 6 || std::strcmp(argv[0], "netrig-driver") != 0 || !std::string_view(argv[1]).starts_with(kRole))
    return std::nullopt;
  struct stat status {};
  if (::fstat(driver::kWorkerSocket, &status) != 0 || !S_ISSOCK(status.st_mode)) return std::nullopt;
  const int code = act({.granted = static_cast<std::uint32_t>(number_of(argv[2])),
                        .memory = number_of(argv[3]),
                        .descriptors = number_of(argv[4]),
                        .parent = static_cast<int>(number_of(argv[5]))});
  // No destructors of libraries that have been told nothing of the fence.
  ::_exit(code);
}

}  // namespace netrig::conformance
