// SPDX-License-Identifier: Apache-2.0
#include "driver/loader.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <boost/dll/shared_library.hpp>
#include <string_view>

#include "model/error.hpp"

namespace netrig::driver {
namespace {

[[noreturn]] void refuse(const std::string& reason) { throw Error(ErrorCode::driver, reason); }

void check_functions(const netrig_functions& functions, std::uint32_t promised) {
  if (!NETRIG_HAS(&functions, settle)) refuse("its functions are fewer than those of ABI 0.9");
  if (functions.struct_size == sizeof functions && functions.reserved != 0)
    refuse("its functions have something in a member that is reserved, and is to be 0");
  const std::array<std::pair<const char*, bool>, 6> all = {{{"validate", functions.validate != nullptr},
                                                            {"create", functions.create != nullptr},
                                                            {"destroy", functions.destroy != nullptr},
                                                            {"inspect", functions.inspect != nullptr},
                                                            {"change", functions.change != nullptr},
                                                            {"settle", functions.settle != nullptr}}};
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i].second != ((promised >> i & 1U) != 0))
      refuse(fmt::format("its table says that it has {} function \"{}\", and its code that it has {}",
                         all[i].second ? "no" : "a", all[i].first, all[i].second ? "one" : "none"));
}

}  // namespace

std::string loading_path(const SealedPlugin& plugin) {
  // The dynamic loader knows a library by its path, and a descriptor's number comes back once it is closed; slashes
  // make every path one of its own.
  static std::atomic<std::size_t> loads{0};
  // A debugger opens it by the same path, so it says whose descriptor it is.
  std::array<char, 16> self{};
  const ssize_t size = ::readlink("/proc/self", self.data(), self.size());
  if (size <= 0) refuse("it cannot be loaded: there is no /proc/self");
  return fmt::format("/proc/{}/fd{}{}", std::string_view(self.data(), static_cast<std::size_t>(size)),
                     std::string(++loads, '/'), plugin.memory.get());
}

const netrig_functions& load_plugin(const std::string& path, const DriverDescription& about) {
  namespace dll = boost::dll;
  // Before Boost.DLL, which looks for the program's path when this fails, and that no worker may. It is pinned: its
  // code may be on a stack whenever we would unload it.
  if (::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) == nullptr) {
    const char* words = ::dlerror();
    std::string_view reason = words != nullptr ? words : "the dynamic loader does not say why";
    if (reason.starts_with(path + ": ")) reason.remove_prefix(path.size() + 2);
    refuse(fmt::format("it cannot be loaded: {}", reason));
  }
  boost::system::error_code error;
  dll::shared_library library(path, dll::load_mode::rtld_now | dll::load_mode::rtld_local, error);
  if (error) refuse(fmt::format("it cannot be loaded: {}", error.message()));
  const auto& functions = library.get<const netrig_functions>(NETRIG_DRIVER_SYMBOL);
  check_functions(functions, about.functions);
  return functions;
}

}  // namespace netrig::driver
