// SPDX-License-Identifier: Apache-2.0
// What a drawing shows of a lab, before it has a form: boxes, what is in them, and wires between them. Names are as in
// the lab file; who writes them into a format escapes them.
#pragma once
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "model/lab.hpp"

namespace netrig::report {

constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

struct Picture {
  /// An interface, or several that are alike.
  struct End {
    std::size_t box = 0;
    std::string name = {};                    ///< "eth0", "p1 … p50"
    std::string kind;                         ///< driver, if the interface is all of its device; else empty
    std::vector<std::string> addresses = {};  ///< "192.0.2.1/24", "10.1.1.1 … 10.1.1.50/16"
    std::size_t count = 1;
    bool down = false;
    bool outside = false;  ///< not made by the lab
    /// A thing in its box that others lead to, or that leads nowhere; else just the end of a wire.
    bool node = false;
    std::vector<std::size_t> on = {};  ///< ends of the same box that it is a port of or sits on
  };
  /// A namespace or several that are alike; or a device that joins more than two interfaces.
  struct Box {
    std::string title;
    std::string kind;  ///< driver of a device, "lan"; empty: another namespace
    std::size_t count = 1;
    bool existing = false;
    std::vector<std::size_t> ends;  ///< none of a lan, whose ports are called as the hosts
    std::vector<std::string> services = {};
    std::vector<std::size_t> members;  ///< indices of its namespaces
    std::size_t role = kNone;          ///< the same for boxes that look alike
  };
  struct Side {
    std::size_t box = 0;
    std::size_t end = kNone;  ///< kNone: the box itself, which is a device or a lan
  };
  struct Wire {
    Side from;
    Side to;
    std::string kind;  ///< driver
    std::string name;  ///< of the device
    std::size_t count = 1;
    bool reference = false;  ///< `from` sits on `to`
    std::string label = {};  ///< "×50"; the driver, if most wires are made by another
  };
  std::vector<Box> boxes;
  std::vector<End> ends;
  std::vector<Wire> wires;
  std::vector<std::size_t> box_of;  ///< of each namespace of the lab, and of those only referred to
};

enum class Detail : std::uint8_t { all, grouped };
Picture picture_of(const Lab& lab, Detail detail);

/// "h1", "h1, h2", "h1 … h50", "f0, f2 … f998".
std::string range_of(std::vector<std::string> names);
/// "campus: 103 namespaces, 104 devices (2 bridge, 102 veth)".
std::string summary_of(const Lab& lab);

}  // namespace netrig::report
