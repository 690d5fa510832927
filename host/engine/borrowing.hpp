// SPDX-License-Identifier: Apache-2.0
// Interfaces that are there without the lab, which it has while it is up: found, moved in, and given back as they were.
#pragma once
#include "engine/run.hpp"

namespace netrig::engine {

/// An interface that a device is to borrow, where it is now.
struct Loan {
  std::string home;  ///< the lab's name of its namespace
  kernel::LinkState link;
};

/// Which one its parameters mean, among all in the lab's existing namespaces. Throws Error naming the parameter if
/// there is none, or more than one, or if it is in use and nobody insists. `open`: the namespaces by the lab's name for
/// them; nullptr: not to be had. Thread: ends up in any of them.
Loan find_loan(const Lab& lab, const Device& device, const std::function<Space*(const std::string&)>& open);

/// Moves it to where the device's interface is to be. What it was is in the journal before, and in `made` afterwards,
/// also when this throws. Thread: ends up in any namespace.
void borrow(Run& run, const Lab& lab, const Device& device, MadeDevice& made);

/// Brings every one that these devices have back to where and what it was, whatever of that is done already; one that
/// is nowhere any more is no error. What resists is in run.left, with the namespaces that must stay for it.
void return_loans(Run& run, const std::vector<MadeDevice>& devices);

}  // namespace netrig::engine
