// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "driver/driver.hpp"

namespace netrig::driver {

/// A driver that does what its table says. What it leaves to functions those do, which `functions` loads when the first
/// of them is called for, and never where there is none.
std::unique_ptr<Driver> make_table_driver(std::shared_ptr<const DriverDescription> about,
                                          std::function<std::unique_ptr<Driver>()> functions);

/// Of a parameter that the kernel has taken without a word, and does not have.
std::string words_of_unknown(const ParameterDeclaration& parameter);

}  // namespace netrig::driver
