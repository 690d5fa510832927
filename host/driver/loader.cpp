// SPDX-License-Identifier: Apache-2.0
#include "driver/loader.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/dll/shared_library.hpp>
#include <cstring>
#include <set>

#include "model/error.hpp"

namespace netrig::driver {
namespace {

constexpr std::size_t kLongestText = 1024;
constexpr std::size_t kMostParameters = 256;
constexpr std::size_t kMostChoices = 256;

[[noreturn]] void refuse(const std::string& reason) { throw Error(ErrorCode::driver, reason); }

std::string text_of(const char* text, const char* what) {
  if (text == nullptr) refuse(fmt::format("its descriptor has no {}", what));
  const std::size_t length = strnlen(text, kLongestText);
  if (length == kLongestText) refuse(fmt::format("its descriptor has a {} of over {} bytes", what, kLongestText - 1));
  return {text, length};
}

/// Reads memory of the plugin; what it says is checked by complete_description.
ParameterDeclaration declaration_of(const netrig_parameter& raw) {
  if (!NETRIG_HAS(&raw, kernel_option)) refuse("a parameter declaration is shorter than ABI 1.0");
  ParameterDeclaration result;
  result.name = text_of(raw.name, "parameter name");
  result.type = static_cast<ParameterType>(std::min(raw.type, 0xffU));
  result.required = (raw.flags & NETRIG_PARAMETER_REQUIRED) != 0;
  result.list = (raw.flags & NETRIG_PARAMETER_LIST) != 0;
  result.secret = (raw.flags & NETRIG_PARAMETER_SECRET) != 0;
  result.minimum = raw.minimum;
  result.maximum = raw.maximum;
  result.help = text_of(raw.help, "parameter help");
  if (raw.default_text != nullptr) result.default_text = text_of(raw.default_text, "default");
  if (raw.kernel_option != nullptr) result.kernel_option = text_of(raw.kernel_option, "kernel option");
  if (raw.type == NETRIG_TYPE_ENUM && raw.choices != nullptr)
    for (const char* const* choice = raw.choices; *choice != nullptr; ++choice) {
      if (result.choices.size() == kMostChoices) refuse(fmt::format("parameter {} has too many choices", result.name));
      result.choices.push_back(text_of(*choice, "choice"));
    }
  return result;
}

void check_descriptor(const netrig_driver& descriptor, const Note& note) {
  if (!NETRIG_HAS(&descriptor, destroy)) refuse("its descriptor is shorter than ABI 1.0");
  if (descriptor.abi_major != note.abi_major || descriptor.abi_minor != note.abi_minor)
    refuse("its descriptor and its note name different ABI versions");
  if (descriptor.create == nullptr || descriptor.destroy == nullptr) refuse("it lacks create or destroy");
}

void check_text(const std::string& text, const char* what) {
  if (text.size() >= kLongestText) refuse(fmt::format("its descriptor has a {} of over {} bytes", what, kLongestText));
  if (std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }))
    refuse(fmt::format("its descriptor has a {} with control characters", what));
}

void check_declaration(const ParameterDeclaration& one) {
  check_text(one.name, "parameter name");
  const bool good = !one.name.empty() && one.name.size() <= 31 &&
                    std::all_of(one.name.begin(), one.name.end(),
                                [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
  if (!good) refuse(fmt::format("parameter name \"{}\" is not [a-z0-9_] of at most 31 bytes", one.name));
  if (one.type < ParameterType::boolean || one.type > ParameterType::interface)
    refuse(fmt::format("parameter {} has the unknown type {}", one.name, static_cast<unsigned>(one.type)));
  check_text(one.help, "parameter help");
  check_text(one.kernel_option, "kernel option");
  if (one.type == ParameterType::enumeration && one.choices.empty())
    refuse(fmt::format("parameter {} is an enum without choices", one.name));
  for (const std::string& choice : one.choices) check_text(choice, "choice");
  if (!one.default_text) return;
  check_text(*one.default_text, "default");
  const auto parsed = parse_parameter(one, *one.default_text);
  if (const auto* fault = std::get_if<ParameterFault>(&parsed))
    refuse(fmt::format("parameter {} has a default that it would refuse: {}", one.name, fault->message));
}

}  // namespace

std::string loading_path(const SealedPlugin& plugin) {
  // The dynamic loader knows a library by its path, and a descriptor's number comes back once it is closed; slashes
  // make every path one of its own.
  static std::atomic<std::size_t> loads{0};
  return fmt::format("/proc/self/fd{}{}", std::string(++loads, '/'), plugin.memory.get());
}

Loaded load_plugin(const std::string& path, const Note& note) {
  namespace dll = boost::dll;
  boost::system::error_code error;
  dll::shared_library library(path, dll::load_mode::rtld_now | dll::load_mode::rtld_local, error);
  if (error) {
    const char* words = ::dlerror();
    refuse(fmt::format("it cannot be loaded: {}", words != nullptr ? words : error.message()));
  }
  // Pinned: its code may be on a stack, its constants in a description, whenever we would unload it.
  if (::dlopen(path.c_str(), RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE) == nullptr) refuse("it cannot be kept loaded");
  const auto* descriptor = &library.get<const netrig_driver>(NETRIG_DRIVER_SYMBOL);
  check_descriptor(*descriptor, note);

  Loaded loaded{.descriptor = descriptor};
  DriverDescription& description = loaded.description;
  description.kind = text_of(descriptor->name, "name");
  description.version = text_of(descriptor->version, "version");
  description.summary = text_of(descriptor->summary, "summary");
  description.min_interfaces = descriptor->min_interfaces;
  description.max_interfaces = descriptor->max_interfaces;
  description.max_ports = descriptor->max_ports;
  if (descriptor->parameters != nullptr)
    for (const netrig_parameter* const* parameter = descriptor->parameters; *parameter != nullptr; ++parameter) {
      if (description.parameters.size() == kMostParameters) refuse("it declares too many parameters");
      description.parameters.push_back(declaration_of(**parameter));
    }
  complete_description(description, note);
  return loaded;
}

void complete_description(DriverDescription& description, const Note& note) {
  if (description.kind != note.driver)
    refuse(fmt::format("its descriptor says another driver name than its note, \"{}\"", note.driver));
  if (description.version != note.version)
    refuse(fmt::format("its descriptor says another version than its note, {}", note.version));
  check_text(description.summary, "summary");
  if (description.min_interfaces < 1 || description.max_interfaces < description.min_interfaces ||
      description.max_interfaces > NETRIG_INTERFACES_MAX)
    refuse(fmt::format("its numbers of interfaces, {} to {}, are outside of 1 to {}", description.min_interfaces,
                       description.max_interfaces, NETRIG_INTERFACES_MAX));
  std::set<std::string_view> names;
  for (const ParameterDeclaration& one : description.parameters) {
    check_declaration(one);
    if (!names.insert(one.name).second) refuse(fmt::format("it declares parameter {} twice", one.name));
  }
  description.link_kinds = note.link_kinds;
  description.abi_major = note.abi_major;
  description.abi_minor = note.abi_minor;
  description.wants = note.wants;
}

}  // namespace netrig::driver
