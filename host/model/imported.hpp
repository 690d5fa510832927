// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <vector>

#include "model/lab.hpp"

namespace netrig {

/// Something that is there and that a lab does not say.
struct Remark {
  std::size_t space = 0;  ///< index in Lab::namespaces
  std::string text;       ///< "eth0: qdisc htb 1: is not in the lab's language"
};

/// A lab that says what was seen, with what it does not. Settings that are as they would be anyway are not given, and
/// devices have only the parameters that are to be written.
struct Imported {
  Lab lab;
  std::vector<Remark> remarks;
};

}  // namespace netrig
