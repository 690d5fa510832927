// SPDX-License-Identifier: Apache-2.0
#include "driver/crash.hpp"

#include <fmt/format.h>
#include <link.h>
#include <unistd.h>
#include <unwind.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <vector>

#include "driver/channel.hpp"
#include "driver/fence.hpp"
#include "driver/messages.hpp"
#include "driver/symbols.hpp"

namespace netrig::driver {
namespace {

/// Where the plugin is in memory. A signal handler has nothing but globals.
struct Loaded {
  std::uintptr_t inside = 0;
  std::uintptr_t base = 0;
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
};
Loaded plugin;

int find_plugin(dl_phdr_info* library, std::size_t, void*) {
  Loaded found{.inside = plugin.inside, .base = library->dlpi_addr, .begin = UINTPTR_MAX, .end = 0};
  for (int i = 0; i < library->dlpi_phnum; ++i) {
    const auto& segment = library->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD) continue;
    found.begin = std::min<std::uintptr_t>(found.begin, found.base + segment.p_vaddr);
    found.end = std::max<std::uintptr_t>(found.end, found.base + segment.p_vaddr + segment.p_memsz);
  }
  if (plugin.inside < found.begin || plugin.inside >= found.end) return 0;
  plugin = found;
  return 1;
}

constexpr int kMostFrames = 256;

struct Walk {
  int frames = 0;
  std::size_t told = 0;
};

/// At once: a stack that is overwritten may end the walk, and this process.
void tell(const CrashPlace& place) {
  struct {
    MessageHeader header;
    std::uint64_t offset;
    std::uint64_t called;
  } message{{.size = 2 * sizeof(std::uint64_t), .type = MessageType::crash, .descriptors = 0},
            place.offset,
            place.called ? 1U : 0U};
  const ssize_t ignored = ::write(kWorkerSocket, &message, sizeof message);
  static_cast<void>(ignored);
}

_Unwind_Reason_Code look_at(_Unwind_Context* context, void* argument) {
  auto& walk = *static_cast<Walk*>(argument);
  int exact = 0;
  const std::uintptr_t at = _Unwind_GetIPInfo(context, &exact);
  if (at >= plugin.begin && at < plugin.end) {
    ++walk.told;
    // What is not where a signal came is where a call returns to, perhaps on the next line.
    tell({.offset = at - plugin.base - (exact != 0 ? 0 : 1), .called = exact == 0});
  }
  return walk.told == kMostCrashPlaces || ++walk.frames == kMostFrames ? _URC_END_OF_STACK : _URC_NO_REASON;
}

/// No locks, no memory; a second crash in here, on a stack that is overwritten, ends it at once.
void on_crash(int signal) {
  Walk walk;
  _Unwind_Backtrace(&look_at, &walk);
  ::raise(signal);
}

}  // namespace

void tell_crashes(const void* inside) {
  plugin.inside = reinterpret_cast<std::uintptr_t>(inside);
  if (::dl_iterate_phdr(find_plugin, nullptr) == 0) return;
  // A stack that has overflowed has no room for a handler.
  static std::array<std::byte, 65536> room;
  const stack_t stack{.ss_sp = room.data(), .ss_flags = 0, .ss_size = room.size()};
  ::sigaltstack(&stack, nullptr);
  struct sigaction action {};
  action.sa_handler = on_crash;
  action.sa_flags = SA_ONSTACK | SA_RESETHAND | SA_NODEFER;
  for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT}) ::sigaction(signal, &action, nullptr);
}

std::string to_text(std::span<const CrashPlace> places, const std::string& kind, std::span<const std::byte> file) {
  constexpr std::size_t kMostShown = 12;
  if (places.empty()) return {};
  std::vector<std::uint64_t> offsets;
  for (const CrashPlace& one : places) offsets.push_back(one.offset);
  const std::vector<std::string> names = functions_at(file, offsets);
  const auto with_name = [&](std::size_t i) {
    return names[i].empty() ? fmt::format("+{:#x}", offsets[i]) : fmt::format("+{:#x} ({})", offsets[i], names[i]);
  };
  std::string text = fmt::format(" {} {}.so{}", places[0].called ? "in what is called at" : "at", kind, with_name(0));
  std::size_t shown = 0;
  for (std::size_t i = 1, next = 1; i < places.size(); i = next) {
    while (next < places.size() && offsets[next] == offsets[i]) ++next;  // it calls itself
    if (++shown > kMostShown) return text + ", ...";
    text += fmt::format("{}{}{}", shown == 1 ? "; called from " : ", ", with_name(i),
                        next - i == 1 ? "" : fmt::format(", {} times", next - i));
  }
  return text;
}

}  // namespace netrig::driver
