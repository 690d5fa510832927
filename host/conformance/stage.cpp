// SPDX-License-Identifier: Apache-2.0
#include "conformance/stage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <clocale>
#include <csignal>

namespace netrig::conformance {
namespace {

/// What a whole process has, and a driver leaves as it is.
struct Surroundings {
  std::string environment;
  std::array<void (*)(int), NSIG> handlers{};

  static Surroundings look() {
    Surroundings seen;
    for (char** one = environ; one != nullptr && *one != nullptr; ++one) seen.environment += std::string(*one) + '\n';
    seen.environment += std::setlocale(LC_ALL, nullptr);
    for (int signal = 1; signal < NSIG; ++signal) {
      struct sigaction action {};
      if (signal != SIGSYS && ::sigaction(signal, nullptr, &action) == 0)
        seen.handlers.at(static_cast<std::size_t>(signal)) = action.sa_handler;
    }
    return seen;
  }
};

}  // namespace

Stage* Stage::current = nullptr;

std::string hex(const void* data, std::uint32_t size) {
  std::string text;
  for (std::uint32_t i = 0; data != nullptr && i < size; ++i)
    text += fmt::format("{:02x}", static_cast<const unsigned char*>(data)[i]);
  return text;
}

const ParameterScalar* Stage::value(const char* name, std::uint32_t index, std::initializer_list<ParameterType> types,
                                    netrig_status& status) {
  status = NETRIG_INVALID;
  const ParameterDeclaration* declared = name == nullptr ? nullptr : about.parameter(name);
  if (declared == nullptr) {
    misdeed("calls.parameters",
            fmt::format("it reads \"{}\", which its table does not declare", name == nullptr ? "(null)" : name));
    return nullptr;
  }
  if (std::find(types.begin(), types.end(), declared->type) == types.end()) {
    misdeed("calls.parameters", fmt::format("it reads {} as another type than its table declares", declared->name));
    return nullptr;
  }
  status = NETRIG_NOT_FOUND;
  const auto given = scene.request.parameters.find(std::string_view(name));
  if (given == scene.request.parameters.end() || index >= given->second.values.size()) return nullptr;
  status = NETRIG_OK;
  return &given->second.values[index];
}

netrig_status Stage::told(const char* name, std::uint32_t index, std::initializer_list<ParameterType> types,
                          const std::string& text) {
  if (!runs(driver::Operation::inspect))
    misdeed("calls.operations", "it tells a parameter in another operation than inspect");
  const auto declared = std::find_if(about.parameters.begin(), about.parameters.end(),
                                     [&](const auto& one) { return name != nullptr && one.name == name; });
  if (declared == about.parameters.end() || !declared->inspected ||
      std::find(types.begin(), types.end(), declared->type) == types.end()) {
    misdeed("calls.parameters", fmt::format("it tells \"{}\", which its table does not declare as inspected and so",
                                            name == nullptr ? "(null)" : name));
    return NETRIG_INVALID;
  }
  if (const netrig_status status = next(); status != NETRIG_OK) return status;
  order(fmt::format("{} {} is {}", name, index, text));
  return NETRIG_OK;
}

template <typename Struct>
void set_size(Longer<Struct>& one, bool newer) {
  one.known.struct_size = newer ? sizeof one : sizeof one.known;
}

Stage::Stage(const netrig_functions& functions, const DriverDescription& description, const Scene& played)
    : about(description),
      scene(played),
      made(played.request.interfaces.size(), description.borrows()),
      functions_(functions) {
  const driver::CallMessage& asked = scene.request;
  netrig_host& table = host_.known;
  table.abi_major = NETRIG_ABI_MAJOR;
  table.abi_minor = static_cast<std::uint16_t>(NETRIG_ABI_MINOR + (scene.newer ? 1 : 0));
  fill(table);
  set_size(host_, scene.newer);
  interfaces_.resize(asked.interfaces.size());
  for (std::size_t i = 0; i < interfaces_.size(); ++i) {
    netrig_interface& one = interfaces_[i].known;
    one.netns_fd = -1;
    one.name = asked.interfaces[i].name.c_str();
    one.ifindex = asked.interfaces[i].ifindex;
    one.mtu = asked.interfaces[i].mtu.value_or(0);
    set_size(interfaces_[i], scene.newer);
    pointers_.push_back(&one);
  }
  references_.resize(asked.references.size());
  for (const auto& one : asked.references) texts_.push_back(one.text());
  for (std::size_t i = 0; i < references_.size(); ++i) {
    netrig_reference& one = references_[i].known;
    one.netns_fd = -1;
    one.text = texts_[i].c_str();
    one.name = asked.references[i].target.name.c_str();
    one.ifindex = asked.references[i].ifindex;
    one.number = static_cast<std::uint32_t>(i);
    set_size(references_[i], scene.newer);
  }
  request_.known.lab = device_.known.lab = asked.lab.c_str();
  request_.known.device = device_.known.device = asked.device.c_str();
  request_.known.interface_count = device_.known.interface_count = static_cast<std::uint32_t>(pointers_.size());
  request_.known.interfaces = device_.known.interfaces = pointers_.data();
  device_.known.record = asked.record.empty() ? nullptr : asked.record.data();
  device_.known.record_size = static_cast<std::uint32_t>(asked.record.size());
  set_size(request_, scene.newer);
  set_size(device_, scene.newer);
  current = this;
}

netrig_status Stage::call_driver() {
  auto* call = reinterpret_cast<netrig_call*>(this);
  switch (scene.request.operation) {
    case driver::Operation::validate:
      return functions_.validate == nullptr ? NETRIG_OK : functions_.validate(&host_.known, call, &request_.known);
    case driver::Operation::create:
      return functions_.create == nullptr ? NETRIG_OK : functions_.create(&host_.known, call, &request_.known);
    case driver::Operation::destroy:
      return functions_.destroy == nullptr ? NETRIG_OK : functions_.destroy(&host_.known, call, &device_.known);
    case driver::Operation::inspect:
      return functions_.inspect == nullptr ? NETRIG_OK : functions_.inspect(&host_.known, call, &device_.known);
    case driver::Operation::change:
      return functions_.change == nullptr ? NETRIG_OK : functions_.change(&host_.known, call, &device_.known);
    case driver::Operation::settle:
      return functions_.settle == nullptr ? NETRIG_OK : functions_.settle(&host_.known, call, &device_.known);
  }
  return NETRIG_INTERNAL;
}

void Stage::judge(netrig_status status) {
  if (status < NETRIG_OK || status > NETRIG_INTERNAL)
    misdeed("calls.status", fmt::format("it returns {}, which is no status", status));
  // What the host itself said no to, it can tell; that something is gone needs no words.
  const bool needs_words =
      status != NETRIG_OK && !account.told && !any_failed_ && account.misdeeds.empty() && status != NETRIG_NOT_FOUND;
  if (needs_words) misdeed("calls.reason", fmt::format("it returns {} and does not say why", status));
}

Account Stage::play() {
  const Surroundings before = Surroundings::look();
  account.status = call_driver();
  const Surroundings after = Surroundings::look();
  if (after.environment != before.environment)
    misdeed("isolation.environment", "it changes the environment or the locale of the process");
  if (after.handlers != before.handlers) misdeed("isolation.signals", "it sets a handler of a signal");
  judge(account.status);
  account.covered = std::all_of(made.begin(), made.end(), [](bool one) { return one; });
  return std::move(account);
}

}  // namespace netrig::conformance
