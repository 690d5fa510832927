// SPDX-License-Identifier: Apache-2.0
// A lab as what drawings are made from: who is joined to whom, with every name resolved.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/lab.hpp"

namespace netrig::report {

struct LabGraph {
  struct Space {
    std::string name;
    bool existing = false;  ///< or not in the part of the lab that is drawn
    /// A switch, and nothing that one would want to know of it: its bridge and that bridge's ports have no addresses.
    bool lan = false;
    std::vector<std::string> services = {};  ///< in the order of the file, as it calls them
  };
  /// An interface of a device, or one that is only referred to.
  struct End {
    std::size_t space = 0;
    std::string name;
    const Device* device = nullptr;          ///< nullptr: is there already
    const Interface* interface = nullptr;    ///< likewise
    std::size_t index = 0;                   ///< in its device
    std::optional<std::size_t> master = {};  ///< index in ends
  };
  struct Joint {
    const Device* device = nullptr;
    std::vector<std::size_t> ends = {};
    struct Reference {
      std::string parameter;
      std::size_t end = 0;
    };
    std::vector<Reference> references = {};

    /// Two interfaces and nothing else: a wire between them. One: that interface. Others are nodes of their own.
    [[nodiscard]] bool is_wire() const { return ends.size() == 2 && references.empty(); }
    [[nodiscard]] bool is_node() const { return ends.size() > 2 || (ends.size() == 2 && !references.empty()); }
  };
  std::vector<Space> spaces;  ///< those of the lab first, in its order
  std::vector<End> ends;
  std::vector<Joint> joints;  ///< one a device
};

/// Points into `lab`, which must outlive it.
LabGraph graph_of(const Lab& lab);

/// Orders "p2" before "p10".
bool natural_less(std::string_view a, std::string_view b);
/// A name with every number in it as "#".
std::string stem_of(std::string_view name);

}  // namespace netrig::report
