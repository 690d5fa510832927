// SPDX-License-Identifier: Apache-2.0
#include "engine/record.hpp"

#include <algorithm>

namespace netrig::engine {

std::string_view Record::doing() const {
  switch (phase) {
    case Phase::starting:
      return "starting";
    case Phase::running:
      return purpose == Purpose::run ? "testing" : "running";
    case Phase::changing:
      return "changing";
    case Phase::removing:
      return "removing";
  }
  return "unknown";
}

const MadeService* Record::find_service(std::string_view name) const {
  const auto found =
      std::find_if(services.begin(), services.end(), [&](const MadeService& made) { return made.name == name; });
  return found == services.end() ? nullptr : &*found;
}

void forget(std::vector<MadeObject>& ledger, const MadeObject& gone) {
  const auto erase = [&](const auto& is_it) {
    const auto found = std::find_if(ledger.begin(), ledger.end(), [&](const MadeObject& made) {
      return made.home == gone.home && is_it(made.object, gone.object);
    });
    if (found == ledger.end()) return false;
    ledger.erase(found);
    return true;
  };
  if (!erase(is_same)) erase(is_made_by);
}

}  // namespace netrig::engine
