// SPDX-License-Identifier: Apache-2.0
#include "config/said.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "config/parts.hpp"
#include "config/said_items.hpp"
#include "config/said_keys.hpp"
#include "model/printable.hpp"

namespace netrig::config {
namespace {

constexpr const char* kFile = "imported.toml";

constexpr const char* kHead =
    "# Written by \"netrig import\". Comments tell what is there beside what this file makes.\n[lab]\n";

/// A file on its way: its text, and where which key of which item stands.
class Draft {
 public:
  struct Piece {
    std::size_t item = 0;
    std::string key;  ///< empty: the heading
    std::uint32_t first = 0;
    std::uint32_t last = 0;
  };

  void line(const std::string& text) {
    text_ += text + "\n";
    line_ += 1 + static_cast<std::uint32_t>(std::count(text.begin(), text.end(), '\n'));
  }
  void comment(const std::string& text) {
    std::string plain = one_line(text);
    for (char& c : plain)
      if (c == 0x7f || static_cast<unsigned char>(c) < ' ') c = '?';
    line("# " + plain);
  }
  void item(const SaidItem& item, std::size_t index, bool in_repeat) {
    const std::uint32_t first = line_;
    line(item.heading(in_repeat));
    pieces_.push_back({.item = index, .key = {}, .first = first, .last = line_ - 1});
    for (const std::string& one : item.comments) comment(one);
    for (const auto& [key, value] : in_file_order(item.keys)) {
      const std::uint32_t from = line_;
      line(fmt::format("{} = {}", tomlfile::written_key(key->str()), tomlfile::written(*value, {})));
      pieces_.push_back({.item = index, .key = std::string(key->str()), .first = from, .last = line_ - 1});
    }
  }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const Piece* at(std::uint32_t line) const {
    const Piece* best = nullptr;
    for (const Piece& one : pieces_)
      if (one.first <= line && line <= one.last) best = &one;
    return best;
  }

 private:
  std::string text_;
  std::uint32_t line_ = 1;
  std::vector<Piece> pieces_;
};

/// The child of a table or list in which a place of the text is.
struct WayStep {
  std::string key;        ///< of a table
  std::size_t index = 0;  ///< of a list
};

/// The way to what stands at a place: keys and indexes, outermost first.
std::vector<WayStep> way_to(const toml::node& node, toml::source_position place) {
  const auto before = [&](toml::source_position one) {
    return std::pair(one.line, one.column) <= std::pair(place.line, place.column);
  };
  std::vector<WayStep> way;
  const toml::node* at = &node;
  for (;;) {
    const toml::node* next = nullptr;
    WayStep step;
    if (const auto* table = at->as_table()) {
      for (const auto& [key, value] : in_file_order(*table))
        if (before(key->source().begin)) next = value, step = {.key = std::string(key->str()), .index = 0};
    } else if (const auto* list = at->as_array()) {
      for (std::size_t i = 0; i < list->size(); ++i)
        if (before(list->get(i)->source().begin)) next = list->get(i), step = {.key = {}, .index = i};
    }
    if (next == nullptr) return way;
    way.push_back(step);
    at = next;
  }
}

class LabSaying {
 public:
  LabSaying(const Imported& imported, const Drivers& drivers)
      : lab_(imported.lab),
        drivers_(drivers),
        in_{.lab = lab_, .dad = usual_dad(lab_)},
        comments_(lab_.namespaces.size()) {
    for (const Remark& one : imported.remarks) leave_out(one.space, one.text);
    drop_what_is_refused();
    for (std::size_t s = 0; s < lab_.namespaces.size(); ++s) {
      const Namespace& space = lab_.namespaces[s];
      items_.push_back({.kind = SaidItem::Kind::space,
                        .name = space.name.str(),
                        .ids = {space.name.str()},
                        .keys = said_space(in_, space),
                        .space = s});
    }
    for (const Device& device : lab_.devices) add(device);
  }

  Said run() {
    const Lab plain = agreed();
    for (SaidItem& item : items_)
      if (item.kind == SaidItem::Kind::space) item.comments = comments_[item.space];
    Said said{.text = repeated(plain), .unsaid = {}};
    if (said.text.empty()) said.text = whole();
    for (std::size_t s = 0; s < comments_.size(); ++s)
      for (const std::string& one : comments_[s]) said.unsaid.emplace_back(lab_.namespaces[s].name.str(), one);
    return said;
  }

 private:
  void leave_out(std::size_t space, std::string text) { comments_[space].push_back(std::move(text)); }

  /// Addresses and MACs that a lab cannot have, before others hang on them.
  void drop_what_is_refused() {
    std::vector<std::set<IpAddress>> addresses(lab_.namespaces.size());
    std::vector<std::set<MacAddress>> macs(lab_.namespaces.size());
    tomlfile::Warnings warnings;
    const std::string file = kFile;
    const Context context{.file = &file, .warnings = &warnings};
    const auto keep = [&](std::size_t space, std::vector<Address>& all) {
      std::erase_if(all, [&](const Address& one) {
        std::string why;
        try {
          check_interface_address(one.prefix, one.interface, {}, context);
        } catch (const Error& error) {
          why = error.message();
        }
        if (why.empty() && !one.prefix.address.is_link_local() && !addresses[space].insert(one.prefix.address).second)
          why = "it is in the namespace twice";
        if (!why.empty())
          leave_out(space, fmt::format("{}: address {} cannot be said: {}", one.interface, one.prefix.str(), why));
        return !why.empty();
      });
    };
    for (Device& device : lab_.devices)
      for (Interface& interface : device.interfaces) {
        keep(interface.home, interface.objects.of<Address>());
        if (!interface.link.mac || macs[interface.home].insert(*interface.link.mac).second) continue;
        leave_out(interface.home, fmt::format("{}: MAC address {} cannot be said: it is in the namespace twice",
                                              interface.name.str(), interface.link.mac->str()));
        interface.link.mac.reset();
      }
    for (std::size_t s = 0; s < lab_.namespaces.size(); ++s) keep(s, lab_.namespaces[s].objects.of<Address>());
  }

  void add(const Device& device) {
    const auto id = [&](const Interface& one) {
      return fmt::format("{}:{}", lab_.namespaces[one.home].name.str(), one.name.str());
    };
    SaidItem item{
        .name = device.name.str(), .ids = {device.name.str()}, .keys = {}, .space = device.interfaces.front().home};
    Keys keys;
    toml::array interfaces;
    if (device.interfaces.size() == 2) {
      item.kind = SaidItem::Kind::link;
      item.name.clear();
      item.ids = {id(device.interfaces[0]), id(device.interfaces[1])};
      if (device.driver != "veth") keys.put("driver", device.driver);  // the default of [[link]]
      for (const Interface& one : device.interfaces) put_end(in_, one, interfaces);
      keys.put("ends", std::move(interfaces));
    } else {
      item.kind = SaidItem::Kind::device;
      keys.put("driver", device.driver);
      for (const Interface& one : device.interfaces) interfaces.push_back(said_interface(in_, one, device));
      keys.put("interfaces", std::move(interfaces));
    }
    if (toml::table parameters = said_parameters(device); !parameters.empty())
      keys.put("params", std::move(parameters));
    item.keys = keys.take();
    items_.push_back(std::move(item));
  }

  void head(Draft& text, const std::vector<std::string>& spaces) const {
    std::string lines =
        fmt::format("{}name = {}", kHead, tomlfile::written(toml::value<std::string>(lab_.name.str()), {}));
    if (in_.dad == Dad::on) lines += "\ndad = \"on\"";
    toml::array names;
    for (const std::string& one : spaces) names.push_back(one);
    if (!names.empty()) lines += fmt::format("\nnamespaces = {}", tomlfile::written(names, {}));
    text.line(lines);
  }

  /// Whether it is only a name.
  static bool is_bare(const SaidItem& item) {
    return item.kind == SaidItem::Kind::space && item.keys.empty() && item.comments.empty();
  }

  static std::vector<std::string> bare_names(const std::vector<SaidItem>& items) {
    std::vector<std::string> names;
    for (const SaidItem& item : items)
      if (is_bare(item)) names.push_back(item.name);
    return names;
  }

  /// All of it, one by one.
  Draft written() const {
    Draft text;
    head(text, bare_names(items_));
    for (std::size_t i = 0; i < items_.size(); ++i) {
      if (is_bare(items_[i])) continue;
      text.line("");
      text.item(items_[i], i, false);
    }
    return text;
  }
  [[nodiscard]] std::string whole() const { return written().text(); }

  [[nodiscard]] Lab parsed(const std::string& text) const { return parse(text, kFile, drivers_).lab; }

  /// Leaves out what the reader of lab files refuses, until it refuses nothing: the lab.
  Lab agreed() {
    for (;;) {
      const Draft text = written();
      try {
        return parsed(text.text());
      } catch (const Error& error) {
        // It stands where "file:line:column" says.
        const std::string where = error.where().substr(std::min(error.where().size(), std::string(kFile).size() + 1));
        std::uint32_t line = 0;
        std::uint32_t column = 0;
        const auto [end, bad] = std::from_chars(where.data(), where.data() + where.size(), line);
        if (bad != std::errc{} || end == where.data() + where.size()) throw;
        std::from_chars(end + 1, where.data() + where.size(), column);
        const Draft::Piece* piece = text.at(line);
        if (piece == nullptr) throw;
        drop(*piece, {line - piece->first + 1, column}, error.message());
      }
    }
  }

  void drop(const Draft::Piece& piece, toml::source_position place, const std::string& why) {
    SaidItem& item = items_[piece.item];
    if (piece.key.empty()) return drop_item(piece.item, why);
    const toml::node* value = item.keys.get(piece.key);
    const toml::table alone = tomlfile::parse(
        fmt::format("{} = {}\n", tomlfile::written_key(piece.key), tomlfile::written(*value, {})), kFile);
    // What can be left out: of a device not what it is made of.
    std::vector<WayStep> way = way_to(alone, place);
    if (item.kind == SaidItem::Kind::space) {
      way.resize(std::min<std::size_t>(way.size(), 2));
    } else if (way.front().key == "params") {
      way.resize(std::min<std::size_t>(way.size(), 2));
      if (way.size() < 2) return drop_item(piece.item, why);
    } else {
      way.resize(std::min<std::size_t>(way.size(), 4));
      static const std::set<std::string> kNeeded = {"namespace", "name", "end"};
      if (way.size() < 3 || kNeeded.contains(way[2].key)) return drop_item(piece.item, why);
    }
    toml::node* parent = &item.keys;
    for (std::size_t i = 0; i + 1 < way.size(); ++i)
      parent = parent->is_table() ? parent->as_table()->get(way[i].key) : parent->as_array()->get(way[i].index);
    const WayStep& last = way.back();
    std::string gone;
    if (auto* table = parent->as_table()) {
      gone = fmt::format("{} = {}", last.key, tomlfile::written(*table->get(last.key), {}));
      table->erase(last.key);
    } else {
      auto* list = parent->as_array();
      gone = fmt::format("{} {}", way[way.size() - 2].key, tomlfile::written(*list->get(last.index), {}));
      list->erase(list->begin() + static_cast<std::ptrdiff_t>(last.index));
    }
    if (item.kind == SaidItem::Kind::space) {
      if (auto* list = item.keys.get_as<toml::array>(piece.key); list != nullptr && list->empty())
        item.keys.erase(piece.key);
      return leave_out(item.space, fmt::format("{} cannot be said: {}", gone, why));
    }
    const std::size_t end = way.front().key == "ends" ? way[1].index : 0;
    leave_out(item.space, fmt::format("{}: {} cannot be said: {}", item.ids.at(end), gone, why));
  }

  void drop_item(std::size_t index, const std::string& why) {
    const SaidItem& item = items_[index];
    // A namespace's name was checked before anything was looked at.
    if (item.kind == SaidItem::Kind::space) throw Error(ErrorCode::internal, why);
    leave_out(item.space, fmt::format("{}: {} cannot be said: {}", fmt::join(item.ids, " - "),
                                      item.kind == SaidItem::Kind::link ? "the link" : "the device", why));
    items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(index));
  }

  /// With what repeats as [[repeat]]; empty: it would be another lab.
  [[nodiscard]] std::string repeated(const Lab& plain) const {
    const SaidBodies bodies = fold(items_);
    Draft text;
    head(text, bare_names(bodies.items));
    const auto all = [&](bool spaces) {
      for (const SaidItem& item : bodies.items) {
        if (is_bare(item) || (item.kind == SaidItem::Kind::space) != spaces) continue;
        text.line("");
        text.item(item, 0, false);
      }
    };
    all(true);
    for (const SaidRepeat& repeat : bodies.repeats) {
      text.line("");
      text.line(fmt::format("[[repeat]]\nfor = {{ {} = {} }}", repeat.variable, repeat.range));
      for (const SaidItem& item : repeat.bodies) text.item(item, 0, true);
    }
    all(false);
    try {
      return is_same(plain, parsed(text.text())) ? text.text() : "";
    } catch (const Error&) {
      return {};
    }
  }

  /// Whether two labs are one, in whatever order they say what they have.
  static bool is_same(Lab one, Lab other) {
    const auto sort = [](Lab& lab) {
      // Interfaces name their namespaces by index.
      std::vector<std::size_t> order(lab.namespaces.size());
      for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
      std::sort(order.begin(), order.end(),
                [&](std::size_t a, std::size_t b) { return lab.namespaces[a].name < lab.namespaces[b].name; });
      std::vector<std::size_t> place(order.size());
      std::vector<Namespace> sorted;
      for (std::size_t i = 0; i < order.size(); ++i) {
        place[order[i]] = i;
        sorted.push_back(std::move(lab.namespaces[order[i]]));
      }
      lab.namespaces = std::move(sorted);
      for (Device& device : lab.devices)
        for (Interface& interface : device.interfaces) interface.home = place[interface.home];
      std::sort(lab.devices.begin(), lab.devices.end(),
                [](const Device& a, const Device& b) { return a.name < b.name; });
    };
    sort(one);
    sort(other);
    return one.namespaces == other.namespaces && one.devices == other.devices && one.resolve == other.resolve;
  }

  Lab lab_;
  const Drivers& drivers_;
  SaidLab in_;
  std::vector<std::vector<std::string>> comments_;
  std::vector<SaidItem> items_;
};

}  // namespace

Said say_lab(const Imported& imported, const Drivers& drivers) { return LabSaying(imported, drivers).run(); }

}  // namespace netrig::config
