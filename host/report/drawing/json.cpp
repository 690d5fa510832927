// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "model/printable.hpp"
#include "report/drawing.hpp"
#include "report/drawing/lab_graph.hpp"

namespace netrig::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchema = 1;

Json interface_of(const LabGraph& graph, const LabGraph::End& end) {
  const Interface& interface = *end.interface;
  Json json = {{"namespace", graph.spaces[end.space].name}, {"name", end.name}};
  json["state"] = interface.state() == AdminState::up ? "up" : "down";
  if (interface.link.mac) json["mac"] = interface.link.mac->str();
  if (interface.link.mtu) json["mtu"] = *interface.link.mtu;
  if (interface.link.master) json["master"] = *interface.link.master;
  if (interface.link.alias) json["alias"] = *interface.link.alias;
  json["addresses"] = Json::array();
  for (const Address& address : interface.of<Address>()) json["addresses"].push_back(address.prefix.str());
  return json;
}

Json side_of(const LabGraph& graph, std::size_t end) {
  return {{"namespace", graph.spaces[graph.ends[end].space].name}, {"interface", graph.ends[end].name}};
}

/// Interfaces that one device joins; an interface and its master; a device and what it sits on.
Json links_of(const LabGraph& graph) {
  Json links = Json::array();
  for (const LabGraph::Joint& joint : graph.joints) {
    if (joint.ends.size() > 1) {
      Json ends = Json::array();
      for (const std::size_t end : joint.ends) ends.push_back(side_of(graph, end));
      links.push_back({{"kind", "device"}, {"device", joint.device->name.str()}, {"ends", std::move(ends)}});
    }
    for (const LabGraph::Joint::Reference& reference : joint.references) {
      Json ends = Json::array();
      for (const std::size_t end : joint.ends) ends.push_back(side_of(graph, end));
      links.push_back({{"kind", "reference"},
                       {"device", joint.device->name.str()},
                       {"parameter", reference.parameter},
                       {"ends", std::move(ends)},
                       {"to", side_of(graph, reference.end)}});
    }
  }
  for (std::size_t i = 0; i < graph.ends.size(); ++i)
    if (const auto master = graph.ends[i].master)
      links.push_back({{"kind", "master"},
                       {"device", graph.ends[i].device->name.str()},
                       {"ends", Json::array({side_of(graph, i)})},
                       {"to", side_of(graph, *master)}});
  return links;
}

}  // namespace

std::string drawing_json(const Lab& lab) {
  const LabGraph graph = graph_of(lab);
  Json spaces = Json::array();
  for (const LabGraph::Space& space : graph.spaces)
    spaces.push_back({{"name", space.name}, {"existing", space.existing}, {"lan", space.lan}});
  Json services = Json::array();
  for (const Service& service : lab.services)
    services.push_back({{"name", service.name},
                        {"namespace", service.space},
                        {"start", service.start == Service::Start::up ? "up" : "test"}});
  Json devices = Json::array();
  for (const LabGraph::Joint& joint : graph.joints) {
    Json interfaces = Json::array();
    for (const std::size_t end : joint.ends) interfaces.push_back(interface_of(graph, graph.ends[end]));
    devices.push_back(
        {{"name", joint.device->name.str()}, {"driver", joint.device->driver}, {"interfaces", std::move(interfaces)}});
  }
  const Json json = {{"schema", kSchema},
                     {"lab", lab.name.str()},
                     {"description", lab.description},
                     {"namespaces", std::move(spaces)},
                     {"devices", std::move(devices)},
                     {"services", std::move(services)},
                     {"links", links_of(graph)}};
  return printable_json(json.dump(2, ' ', false, Json::error_handler_t::replace)) + "\n";
}

}  // namespace netrig::report
