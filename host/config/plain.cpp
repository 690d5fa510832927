// SPDX-License-Identifier: Apache-2.0
#include "config/plain.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace netrig::config {

Plain::Plain(const Roots& roots, const Context& context, Budget& budget, bool keep)
    : roots_(roots), context_(context), budget_(budget), keep_(keep) {
  if (keep) context_.bare = &bare_;
  groups_ = std::make_unique<Groups>(roots_, context_, budget_);
  defaults_ = std::make_unique<InterfaceDefaults>(budget_);
}

Plain::~Plain() = default;

/// A file of a group and one of a member are one or the other: what they hold is not joined.
static void replace_files(toml::table& below, const toml::table& top) {
  const auto* files = top.get_as<toml::table>("files");
  auto* others = below.get_as<toml::table>("files");
  if (files == nullptr || others == nullptr) return;
  for (const auto& [path, file] : *files) others->erase(path.str());
}

Context Plain::expanded(const Context& context) const {
  Context plain = context;
  plain.variables = nullptr;
  plain.element = nullptr;
  plain.is_expanded = true;
  plain.loops = context.variables != nullptr ? context.variables : context.loops;
  return plain;
}

const toml::table& Plain::keep(std::string heading, toml::table table) {
  kept_.push_back({.heading = std::move(heading), .table = std::make_shared<toml::table>(std::move(table))});
  return *kept_.back().table;
}

void Plain::named(std::string_view kind, const toml::table& body, const Context& context,
                  const std::function<void(const Text&, const toml::table&)>& each) {
  const auto* all = Table(body, "the file", context).table(kind);
  if (all == nullptr) return;
  for (const auto& [key, node] : in_file_order(*all)) {
    const Text name = context.expanded(key->str(), position_of(*key));
    if (!node->is_table())
      context.fail(position_of(*node),
                   fmt::format("{0} \"{1}\" is {2}, not a table; write [{0}.{1}]", kind, name.value, type_of(*node)));
    const toml::table& one = *node->as_table();
    context.guard([&] { each(name, one); });
  }
}

void Plain::pass(const std::string& kind, const Text& name, const toml::table& table, const Context& context,
                 const Read& each) {
  if (!keep_) return each(name, Table(table, kind, context));
  const toml::table& kept =
      keep(fmt::format("[{}.{}]", kind, tomlfile::written_key(name.value)), tomlfile::materialised(table, context));
  const Context plain = expanded(context);
  each(name, Table(kept, kind, plain));
}

void Plain::name_space(const Text& name, const toml::table& table, const Context& context, const Read& each) {
  static const toml::table kEmpty;
  bool told = false;
  const auto tell = [&](const Text& one, const Table& keys) {
    told = true;
    each(one, keys);
  };
  context.guard([&] { whole_space(name, table, context, tell); });
  // One that is wrong is there all the same: what is in it is not wrong, too.
  if (!told) pass("namespace", name, kEmpty, context, each);
}

void Plain::whole_space(const Text& name, const toml::table& table, const Context& context, const Read& each) {
  const auto* is_switch = table.get_as<bool>("switch");
  const auto groups = groups_->empty() ? std::vector<const Groups::Group*>{}
                                       : groups_->of(name.value, is_switch != nullptr && is_switch->get());
  if (groups.empty() && !table.contains("interface")) return pass("namespace", name, table, context, each);
  const Context plain = expanded(context);
  toml::table own = tomlfile::materialised(table, context);
  std::vector<const toml::table*> levels;
  toml::table all;
  for (const Groups::Group* group : groups) {
    levels.push_back(&group->interfaces);
    budget_.take(group->cost, group->where, "members of this group and what stands before it make", context_);
    replace_files(all, group->keys);
    tomlfile::overlay(all, tomlfile::copied(group->keys));
  }
  if (toml::table interfaces = InterfaceDefaults::take(own, plain); !interfaces.empty())
    levels.push_back(defaults_->own(std::move(interfaces)));
  defaults_->add(name.value, std::move(levels));
  replace_files(all, own);
  tomlfile::overlay(all, std::move(own));
  tomlfile::put_source(all, table.source());
  pass("namespace", name, all, plain, each);
}

void Plain::namespaces(const Read& each) {
  static const toml::table kEmpty;
  for (const toml::table* root : roots_)
    if (const auto* lab = root->get_as<toml::table>("lab"))
      for (const Text& name : Table(*lab, "[lab]", context_).texts("namespaces"))
        name_space(name, kEmpty, context_, each);
  for_each_body(roots_, context_, [&](const toml::table& body, const Context& inside) {
    named("namespace", body, inside,
          [&](const Text& name, const toml::table& table) { name_space(name, table, inside, each); });
    named("lan", body, inside, [&](const Text& name, const toml::table& table) {
      name_space(name, lan_namespace(name, Table(table, "[lan]", inside)), expanded(inside), each);
    });
  });
  groups_->warn(context_);
}

void Plain::device(const Text& name, const toml::table& table, const Context& context, const Read& each) {
  if (defaults_->empty()) return pass("device", name, table, context, each);
  const Context plain = expanded(context);
  toml::table own = tomlfile::materialised(table, context);
  defaults_->apply(name.value, own, plain);
  pass("device", name, own, plain, each);
}

void Plain::devices(const Read& each) {
  for_each_body(roots_, context_, [&](const toml::table& body, const Context& inside) {
    named("device", body, inside,
          [&](const Text& name, const toml::table& table) { device(name, table, inside, each); });
    const Context plain = expanded(inside);
    if (const auto* links = Table(body, "the file", inside).array("link"))
      for_each_table(*links, "[[link]]", inside, [&](const Table& link) {
        const PlainDevice one = link_device(link);
        device(one.name, one.table, expanded(link.context()), each);
      });
    named("lan", body, inside, [&](const Text& name, const toml::table& table) {
      for (const PlainDevice& one : lan_devices(name, Table(table, "[lan]", inside)))
        device(one.name, one.table, plain, each);
    });
  });
  defaults_->warn(context_);
}

void Plain::services(const Read& each) {
  for_each_body(roots_, context_, [&](const toml::table& body, const Context& inside) {
    named("service", body, inside,
          [&](const Text& name, const toml::table& table) { pass("service", name, table, inside, each); });
  });
}

void Plain::tests(const std::function<void(const Table&)>& each) {
  // Of a file in its order, those of a repeat where it stands.
  for (const toml::table* root : roots_) {
    struct Body {
      const toml::table* table = nullptr;
      const toml::node* test = nullptr;  // one of the file itself; else of all rounds of a repeat
    };
    std::vector<Body> bodies;
    if (const auto* tests = Table(*root, "the file", context_).array("test"))
      for (const toml::node& test : *tests) bodies.push_back({.test = &test});
    if (const auto* repeats = root->get_as<toml::array>("repeat"))
      for (const toml::node& repeat : *repeats) bodies.push_back({.table = repeat.as_table()});
    const auto line = [](const Body& body) {
      return position_of(body.test != nullptr ? *body.test : *body.table).line;
    };
    std::stable_sort(bodies.begin(), bodies.end(), [&](const Body& a, const Body& b) { return line(a) < line(b); });
    const auto read = [&](const toml::node& node, const Context& inside) {
      if (!node.is_table()) inside.fail(position_of(node), "[[test]] is not a table; write { key = value }");
      if (!keep_) return inside.guard([&] { each(Table(*node.as_table(), "[[test]]", inside)); });
      const toml::table& kept = keep("[[test]]", tomlfile::materialised(*node.as_table(), inside));
      const Context plain = expanded(inside);
      each(Table(kept, "[[test]]", plain));
    };
    const auto read_all = [&](const toml::node& test, const Context& inside) {
      if (const toml::table* loop = tomlfile::loop_of(test, inside))
        tomlfile::for_each_round(*loop, "[[test]]", inside, [&](const Context& round) { read(test, round); });
      else
        read(test, inside);
    };
    for (const Body& body : bodies) {
      if (body.test != nullptr)
        read_all(*body.test, context_);
      else
        tomlfile::for_each_round(*body.table, "[[repeat]]", context_, [&](const Context& inside) {
          if (const auto* tests = Table(*body.table, "the file", inside).array("test"))
            for (const toml::node& test : *tests) read_all(test, inside);
        });
    }
  }
}

std::string Plain::text(const Lab& lab) const {
  const tomlfile::Bare none;
  std::string text =
      fmt::format("[lab]\nname = {}\n", tomlfile::written(toml::value<std::string>(lab.name.str()), none));
  for (const toml::table* root : roots_)
    if (const auto* table = root->get_as<toml::table>("lab"))
      for (const auto& [key, value] : in_file_order(*table))
        if (key->str() != "name" && key->str() != "namespaces" && key->str() != "prefix")
          text += fmt::format("{} = {}\n", key->str(), tomlfile::written(*value, none));
  if (!lab.prefix.empty())
    text += fmt::format("prefix = {}\n", tomlfile::written(toml::value<std::string>(lab.prefix), none));
  for (const Kept& kept : kept_) {
    text += fmt::format("\n{}\n", kept.heading);
    for (const auto& [key, value] : in_file_order(*kept.table))
      text += fmt::format("{} = {}\n", tomlfile::written_key(key->str()), tomlfile::written(*value, bare_));
  }
  return text;
}

}  // namespace netrig::config
