// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "check/impairment.hpp"

namespace netrig::check {

/// Impairs what interfaces send, and gives back what was at their root before: what the lab says, mostly. Thread: one
/// at a time.
class ImpairmentKeeper {
 public:
  explicit ImpairmentKeeper(const Ground& ground) : ground_(ground) {}

  /// Impairs all interfaces that match, or with one of no kind no longer; returns their names. Throws
  /// Error{not_found} if none does, Error{conflict} where something is that could not be given back.
  std::vector<std::string> set(const InterfacePattern& pattern, const Qdisc& what);
  /// Returns what could not be given back, one sentence each.
  std::vector<std::string> restore();

 private:
  /// An interface that was impaired, with what was there before.
  void keep(const SendingLink& link);

  const Ground& ground_;
  std::vector<SendingLink> kept_;
};

}  // namespace netrig::check
