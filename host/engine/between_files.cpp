// SPDX-License-Identifier: Apache-2.0
#include "engine/between_files.hpp"

#include <algorithm>

#include "model/state.hpp"
#include "plan/plan.hpp"
#include "plan/wanted.hpp"

namespace netrig::engine {
namespace {

std::string home_of(const Lab& lab, const Interface& interface) { return lab.namespaces[interface.home].name.str(); }

/// The interfaces that it stands on, of whatever parameter.
std::vector<std::pair<std::string, std::string>> lowers_of(const Device& device) {
  std::vector<std::pair<std::string, std::string>> lowers;
  for (const auto& [name, value] : device.parameters)
    for (const ParameterScalar& scalar : value.values)
      if (const auto lower = reference_of(scalar)) lowers.emplace_back(lower->home.str(), lower->name.str());
  return lowers;
}

/// A device that the edit keeps, as the edit says it; nullptr: it is to be another, or none. One that stands on others
/// is another: half of each file may be a circle.
const Device* kept_device(const Lab& before, const Device& device, const Lab& edited) {
  const auto found = std::find_if(edited.devices.begin(), edited.devices.end(),
                                  [&](const Device& other) { return other.name == device.name; });
  const bool kept = found != edited.devices.end() && found->driver == device.driver &&
                    lowers_of(device) == lowers_of(*found) &&
                    std::equal(device.interfaces.begin(), device.interfaces.end(), found->interfaces.begin(),
                               found->interfaces.end(), [&](const Interface& one, const Interface& other) {
                                 return one.name == other.name && home_of(before, one) == home_of(edited, other);
                               });
  return kept ? &*found : nullptr;
}

bool has(const SpaceState& state, const Object& object) {
  return std::visit(
      [&]<typename Kind>(const Kind& one) {
        const auto& all = state.of<Kind>();
        return std::any_of(all.begin(), all.end(),
                           [&](const Kind& other) { return is_same(Object(one), Object(other)); });
      },
      object);
}

}  // namespace

Lab under_edit(const Lab& before, const Lab& edited) {
  Lab lab = before;
  for (Namespace& space : lab.namespaces)
    if (const auto found = edited.find_namespace(space.name.str());
        found && plan::is_same(space, edited.namespaces[*found]))
      space = edited.namespaces[*found];
  for (Device& device : lab.devices) {
    const Device* kept = kept_device(before, device, edited);
    if (kept == nullptr) continue;
    Device said = *kept;
    for (std::size_t i = 0; i < said.interfaces.size(); ++i) said.interfaces[i].home = device.interfaces[i].home;
    device = std::move(said);
  }
  return lab;
}

void add_made(Lab& lab, const Record& record) {
  const plan::Wanted wanted(lab);
  std::vector<const MadeObject*> missing;
  for (const MadeObject& made : record.objects)
    if (const auto space = lab.find_namespace(made.home); space && !has(wanted.in(*space), made.object))
      missing.push_back(&made);
  for (const MadeObject* made : missing)
    std::visit(
        [&]<typename Kind>(const Kind& one) {
          lab.namespaces[*lab.find_namespace(made->home)].objects.template of<Kind>().push_back(one);
        },
        made->object);
}

void forget_unmade(Journal& journal, const Lab& lab) {
  const plan::Wanted wanted(lab);
  const std::vector<MadeObject> objects = journal.record().objects;
  for (const MadeObject& made : objects) {
    const auto space = lab.find_namespace(made.home);
    if (space && !has(wanted.in(*space), made.object)) journal.undone(made);
  }
}

}  // namespace netrig::engine
