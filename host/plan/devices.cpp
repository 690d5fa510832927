// SPDX-License-Identifier: Apache-2.0
#include "plan/devices.hpp"

#include <algorithm>

#include "plan/compare.hpp"

namespace netrig::plan {

DeviceOfInterface::DeviceOfInterface(const Lab& lab) : lab_(lab) {
  for (std::size_t d = 0; d < lab.devices.size(); ++d)
    for (const Interface& interface : lab.devices[d].interfaces)
      index_.emplace(Key{lab.namespaces[interface.home].name.str(), interface.name.str()}, d);
}

std::size_t DeviceOfInterface::find(const std::string& space, const std::string& interface) const {
  const auto found = index_.find({space, interface});
  return found == index_.end() ? SIZE_MAX : found->second;
}

std::vector<std::size_t> DeviceOfInterface::dependencies(const Device& device) const {
  std::vector<std::size_t> result;
  for (const auto& [name, value] : device.parameters)
    for (const auto& scalar : value.values)
      if (const auto* reference = std::get_if<InterfaceReference>(&scalar))
        if (const std::size_t found = find(reference->home.str(), reference->name.str()); found != SIZE_MAX)
          result.push_back(found);
  return result;
}

std::vector<std::size_t> DeviceOfInterface::levels() const {
  std::vector<std::size_t> level(lab_.devices.size(), SIZE_MAX);
  std::vector<std::size_t> stack;
  for (std::size_t root = 0; root < lab_.devices.size(); ++root) {
    stack.push_back(root);
    while (!stack.empty()) {
      const std::size_t d = stack.back();
      std::size_t own = 0;
      bool ready = true;
      for (const std::size_t lower : dependencies(lab_.devices[d])) {
        if (level[lower] == SIZE_MAX) {
          stack.push_back(lower);
          ready = false;
        } else {
          own = std::max(own, level[lower] + 1);
        }
      }
      if (!ready) continue;
      level[d] = own;
      stack.pop_back();
    }
  }
  return level;
}

std::vector<LinkParameter> wanted_parameters(const Device& device, std::size_t interface) {
  std::vector<LinkParameter> wanted = parameters_of_link(device.about, device.parameters, interface);
  std::erase_if(wanted, [&](const LinkParameter& one) {
    return !one.declaration->is_seen() || !is_welcome(*one.declaration, *device.about, device.parameters);
  });
  return wanted;
}

namespace {

/// No link takes an address of the other family (vxlan_nl2conf). Of one that nobody knows, IPv4 is what it has.
bool is_of_other_family(const std::vector<ParameterScalar>* from, const std::vector<ParameterScalar>& to) {
  const auto family_of = [](const std::vector<ParameterScalar>& values) {
    return std::get<Prefix>(values.front()).address.family;
  };
  return family_of(to) != (from == nullptr ? Family::ipv4 : family_of(*from));
}

bool is_group(const std::vector<ParameterScalar>* values) {
  return values != nullptr && std::any_of(values->begin(), values->end(), [](const ParameterScalar& value) {
           return std::get<Prefix>(value).address.is_multicast();
         });
}

bool has_same_cells(const ParameterDeclaration& table, const Parameters& one, const Parameters& other) {
  const auto rows = [&](const Parameters& all) {
    const auto found = all.find(table.name);
    return found == all.end() ? 0 : found->second.values.size();
  };
  if (rows(one) != rows(other)) return false;
  const auto mine = cells_of(table.name, one);
  const auto theirs = cells_of(table.name, other);
  return std::equal(mine.begin(), mine.end(), theirs.begin(), theirs.end(), [](const auto& a, const auto& b) {
    return a.first == b.first && a.second->values == b.second->values;
  });
}

/// Cells of a table that differ, or come or go with their rows.
void add_cell_changes(const Device& before, const ParameterDeclaration& table, const Device& after,
                      std::vector<SettingChange>& changes) {
  auto was = cells_of(table.name, before.parameters);
  auto is = cells_of(table.name, after.parameters);
  for (auto* one : {&was, &is})
    for (const auto& [name, value] : *one) (one == &was ? is : was).try_emplace(name, nullptr);
  const auto rows = [&](const Device& device) {
    const auto found = device.parameters.find(table.name);
    return to_text(found == device.parameters.end() ? std::vector<ParameterScalar>{} : found->second.values,
                   table.type);
  };
  if (rows(before) != rows(after))
    changes.push_back({.name = table.name, .expected = rows(after), .found = rows(before), .where = after.where});
  for (const auto& [name, wanted] : is) {
    const ParameterValue* found = was.at(name);
    if (found != nullptr && wanted != nullptr && found->values == wanted->values) continue;
    const ParameterDeclaration* column = after.about->parameter(name);
    const auto text = [&](const ParameterValue* value) {
      if (value == nullptr || column == nullptr) return std::string();
      return is_secret(*column, *after.about) ? std::string("(secret)") : to_text(value->values, column->type);
    };
    changes.push_back({.name = name,
                       .expected = text(wanted),
                       .found = text(found),
                       .where = wanted != nullptr && wanted->where.line != 0 ? wanted->where : after.where});
  }
}

/// Whether every parameter that differs is one that a link can change, or that nobody said and the kernel has by
/// itself.
bool parameters_change_in_place(const Device& before, const Device& after) {
  if (before.parameters == after.parameters) return true;
  if (!after.about || !before.about || before.about->link_kinds != after.about->link_kinds) return false;
  return std::all_of(
      after.about->parameters.begin(), after.about->parameters.end(), [&](const ParameterDeclaration& one) {
        const auto was = before.parameters.find(one.name);
        const auto is = after.parameters.find(one.name);
        const bool had = was != before.parameters.end();
        const bool has = is != after.parameters.end();
        if (one.type == ParameterType::table)
          return has_same_cells(one, before.parameters, after.parameters) || after.about->changes(one);
        if (!had && !has) return true;
        if (had && has && was->second == is->second) return true;
        if (one.kernel.places == 0) return after.about->changes(one);
        const auto from = had ? std::optional(was->second.values) : one.unset();
        const auto values = has ? std::optional(is->second.values) : one.unset();
        if (!one.is_seen() || !values) return false;
        return (from && agrees(one, *from, *values)) || is_changeable(one, from ? &*from : nullptr, *values);
      });
}

/// Whether what hangs on a link, and the file no longer says, can go back to what it is born with.
bool can_be_reset(const Interface& before, const Interface& after) {
  if (before.link.master != after.link.master) return true;  // it is born anew
  bool can = true;
  ObjectKinds::each([&]<typename Kind>(std::type_identity<Kind>) {
    if constexpr (Row<Kind>::kGoing == Going::by_reset)
      for (const Kind& made : before.of<Kind>()) {
        Kind target = after.of<Kind>().empty() ? Kind{} : after.of<Kind>().front();
        can = Row<Kind>::unset(target, made) && can;
      }
  });
  return can;
}

}  // namespace

bool is_changeable(const ParameterDeclaration& one, const std::vector<ParameterScalar>* from,
                   const std::vector<ParameterScalar>& to) {
  if (one.kernel.create_only) return false;
  if (from != nullptr && from->empty() && !one.list) return false;  // there would be no way back
  // Being there is what a flag says, and a message cannot say that it is not: there would be no way back either.
  if (one.kernel.encoding == Encoding::flag) return false;
  // A group is joined when the link comes up, and by changelink in the latest kernels only.
  if (one.kernel.encoding == Encoding::ip && (is_of_other_family(from, to) || is_group(from) || is_group(&to)))
    return false;
  const auto is_bound = [&](const std::vector<ParameterScalar>& values) {
    return std::any_of(values.begin(), values.end(), [&](const ParameterScalar& value) {
      const auto* word = std::get_if<std::string>(&value);
      const ParameterChoice* choice = word == nullptr ? nullptr : one.choice(*word);
      return choice != nullptr && choice->anew;
    });
  };
  return !is_bound(to) && (from == nullptr || !is_bound(*from));
}

std::vector<SettingChange> function_changes(const Device& before, const Parameters* told, const Device& after) {
  std::vector<SettingChange> changes;
  if (!after.about) return changes;
  for (const ParameterDeclaration& one : after.about->parameters) {
    if (one.kernel.places != 0) continue;
    if (one.type == ParameterType::table) {
      if (!has_same_cells(one, before.parameters, after.parameters)) add_cell_changes(before, one, after, changes);
      continue;
    }
    const bool known = told != nullptr && one.inspected;
    const Parameters& from = known ? *told : before.parameters;
    const auto was = from.find(one.name);
    const auto is = after.parameters.find(one.name);
    const bool has = is != after.parameters.end();
    // What the file does not set is free, unless it set it.
    if (!has && !before.parameters.contains(one.name)) continue;
    const auto value_of = [&](const auto& found, bool there) {
      if (there && !found->second.values.empty()) return std::optional(found->second.values);
      return one.unset();
    };
    const auto found = value_of(was, was != from.end());
    const auto wanted = value_of(is, has);
    if (found == wanted) continue;  // of a list that functions read the order may count
    const auto text = [&](const std::optional<std::vector<ParameterScalar>>& values) {
      if (!values) return std::string();
      return one.secret ? std::string("(secret)") : to_text(*values, one.type);
    };
    changes.push_back({.name = one.name,
                       .expected = text(wanted),
                       .found = text(found),
                       .where = has && is->second.where.line != 0 ? is->second.where : after.where});
  }
  return changes;
}

bool is_changeable(const Lab& current, const Device& before, const Lab& next, const Device& after) {
  if (before.driver != after.driver || !parameters_change_in_place(before, after)) return false;
  return std::equal(before.interfaces.begin(), before.interfaces.end(), after.interfaces.begin(),
                    after.interfaces.end(), [&](const Interface& a, const Interface& b) {
                      Link target;
                      target.settings = b.link;
                      Link made;
                      made.settings = a.link;
                      return a.name == b.name && a.index == b.index &&
                             current.namespaces[a.home].name == next.namespaces[b.home].name &&
                             Row<Link>::unset(target, made) && can_be_reset(a, b);
                    });
}

}  // namespace netrig::plan
