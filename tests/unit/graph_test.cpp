// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "catch.hpp"
#include "fake_drivers.hpp"
#include "report/drawing.hpp"
#include "report/drawing/graphviz.hpp"
#include "report/drawing/layout.hpp"
#include "report/drawing/picture.hpp"

using namespace netrig;
using namespace netrig::report;

namespace {

Lab example_lab(const std::string& name) {
  return config::load(std::string(NETRIG_CONFIG_DIR) + "/" + name, fake_drivers()).lab;
}

Lab parse(const std::string& text) {
  return config::parse("[lab]\nname = \"x\"\n" + text, "lab.toml", fake_drivers()).lab;
}

/// What repeats `count` times, with {i} in it.
std::string repeated(int count, const std::string& text) {
  return "[[repeat]]\nfor = { i = \"0.." + std::to_string(count - 1) + "\" }\n" + text;
}

std::string wire(const std::string& name, const std::string& a, const std::string& b) {
  return "device.\"" + name + "\" = { driver = \"veth\", interfaces = [{ namespace = \"" + a + "\", name = \"" + name +
         "a\" }, { namespace = \"" + b + "\", name = \"" + name + "b\" }] }\n";
}

std::vector<std::string> titles(const Picture& picture) {
  std::vector<std::string> all;
  for (const Picture::Box& box : picture.boxes) all.push_back(box.title);
  return all;
}

bool overlap(const Rect& a, const Rect& b) {
  return a.at.x < b.at.x + b.width && b.at.x < a.at.x + a.width && a.at.y < b.at.y + b.height &&
         b.at.y < a.at.y + a.height;
}

/// `round`: of its corners, which are no part of it.
bool inside(const Rect& rect, Point point, double round) {
  const double edge = 1 + 0.3 * round;
  return point.x > rect.at.x + edge && point.x < rect.at.x + rect.width - edge && point.y > rect.at.y + edge &&
         point.y < rect.at.y + rect.height - edge;
}

/// Nothing lies upon anything else.
void check_clear(const Lab& lab) {
  const Picture picture = picture_of(lab, Detail::grouped);
  const Layout layout = layout_of(picture);
  for (std::size_t i = 0; i < layout.boxes.size(); ++i)
    for (std::size_t k = i + 1; k < layout.boxes.size(); ++k)
      if (overlap(layout.boxes[i].rect, layout.boxes[k].rect))
        FAIL(picture.boxes[i].title << " lies upon " << picture.boxes[k].title);
  for (std::size_t i = 0; i < layout.curves.size(); ++i)
    for (std::size_t k = 0; k < layout.boxes.size(); ++k)
      for (double t = 0; t <= 1; t += 0.02)
        if (const Rect& rect = layout.boxes[k].rect;
            inside(rect, layout.curves[i].at(t), picture.boxes[k].kind.empty() ? 0 : round_of(rect)))
          FAIL("wire " << picture.wires[i].name << " passes through " << picture.boxes[k].title);
  for (const Layout::Box& box : layout.boxes)
    for (const Label& label : box.form.labels) {
      const double size = label.style == Style::title  ? kTitleSize
                          : label.style == Style::name ? kNameSize
                                                       : kDetailSize;
      const double width = text_width(label.text, size);
      const double left = label.anchor == Anchor::start    ? label.at.x
                          : label.anchor == Anchor::middle ? label.at.x - width / 2
                                                           : label.at.x - width;
      if (left < 0 || left + width > box.rect.width || label.at.y > box.rect.height)
        FAIL("text " << label.text << " leaves its box");
    }
  std::vector<Rect> labels;
  for (std::size_t i = 0; i < layout.labels.size(); ++i)
    if (const auto at = layout.labels[i]) {
      const double width = text_width(picture.wires[i].label, kNameSize);
      const Rect rect = {{at->x - width / 2, at->y - 6}, width, 12};
      for (const Layout::Box& box : layout.boxes)
        if (overlap(rect, box.rect)) FAIL("label " << picture.wires[i].label << " lies upon a box");
      for (const Rect& other : labels)
        if (overlap(rect, other)) FAIL("label " << picture.wires[i].label << " lies upon another");
      labels.push_back(rect);
    }
}

/// A picture with where its boxes lie, by their titles.
struct Drawn {
  Picture picture;
  Layout layout;
  explicit Drawn(const Lab& lab) : picture(picture_of(lab, Detail::grouped)), layout(layout_of(picture)) {}
  [[nodiscard]] Point centre(const std::string& title) const {
    for (std::size_t i = 0; i < picture.boxes.size(); ++i)
      if (picture.boxes[i].title == title) return layout.boxes[i].rect.centre();
    FAIL("no box " << title);
    return {};
  }
};

std::string ring(int count) {
  const std::string n = std::to_string(count);
  return repeated(count, "namespace.\"n{i}\" = {}\n" + wire("w{i}", "n{i}", "n{(i+1)%" + n + "}"));
}

std::string mesh(int count) {
  const std::string last = std::to_string(count - 1);
  return repeated(count, "namespace.\"n{i}\" = {}\n") + "[[repeat]]\nfor = { i = \"0.." + last + "\", j = \"0.." +
         last + "\" }\nwhen = \"{j > i}\"\n" + wire("w{i}-{j}", "n{i}", "n{j}");
}

/// `closed`: rows and columns are rings. `at`: name of the box in a row and a column.
std::string grid(int columns, int rows, bool closed, const std::function<int(int, int)>& at) {
  std::string text = repeated(columns * rows, "namespace.\"n{i}\" = {}\n") + "[[repeat]]\nfor = { i = \"0..0\" }\n";
  const auto name = [&](int row, int column) { return "n" + std::to_string(at(row % rows, column % columns)); };
  for (int row = 0; row < rows; ++row)
    for (int column = 0; column < columns; ++column) {
      const std::string here = std::to_string(row) + "-" + std::to_string(column);
      if (column + 1 < columns || closed) text += wire("r" + here, name(row, column), name(row, column + 1));
      if (row + 1 < rows || closed) text += wire("c" + here, name(row, column), name(row + 1, column));
    }
  return text;
}

/// PATH that has only what the test puts there.
class OwnPath {
 public:
  OwnPath() : directory_(std::filesystem::temp_directory_path() / ("netrig-graph-" + std::to_string(::getpid()))) {
    std::filesystem::create_directory(directory_);
    ::setenv("PATH", directory_.c_str(), 1);
  }
  ~OwnPath() {
    ::setenv("PATH", before_.c_str(), 1);
    std::filesystem::remove_all(directory_);
  }
  OwnPath(const OwnPath&) = delete;
  OwnPath& operator=(const OwnPath&) = delete;
  void put(const std::string& name, const std::string& script) const {
    std::ofstream(directory_ / name) << "#!/bin/sh\n" << script;
    ::chmod((directory_ / name).c_str(), 0755);
  }

 private:
  std::string before_ = std::getenv("PATH");
  std::filesystem::path directory_;
};

/// Boxes that have no layers: wires between any two, by a generator that is everywhere the same (minstd_rand).
std::string tangle() {
  std::minstd_rand random(7);
  std::string text = repeated(40, "namespace.\"n{i}\" = {}\n") + "[[repeat]]\nfor = { i = \"0..0\" }\n";
  const auto join = [&](std::size_t a, std::size_t b) {
    text += wire("w" + std::to_string(a) + "-" + std::to_string(b), "n" + std::to_string(a), "n" + std::to_string(b));
  };
  for (std::size_t i = 1; i < 40; ++i) join(random() % i, i);
  for (std::size_t i = 0; i < 39; ++i) join(i + 1 + random() % (39 - i), i);
  return text;
}

}  // namespace

TEST_CASE("every interface and address of a small lab is in every drawing") {
  for (const char* name : {"two-hosts.toml", "macvlan-on-uplink.toml"}) {
    const Lab lab = example_lab(name);
    for (const std::string& text : {svg(lab, {}), dot(lab), drawing_json(lab)}) {
      for (const Namespace& space : lab.namespaces) CHECK_THAT(text, ContainsSubstring(space.name.str()));
      for (const Device& device : lab.devices)
        for (const Interface& interface : device.interfaces) {
          CHECK_THAT(text, ContainsSubstring(interface.name.str()));
          for (const Address& address : interface.of<Address>())
            CHECK_THAT(text, ContainsSubstring(address.prefix.str()));
        }
    }
  }
}

TEST_CASE("a lab of two hosts is a wire between two boxes in Mermaid") {
  CHECK(mermaid(example_lab("two-hosts.toml")) ==
        "flowchart LR\n"
        "  b0[\"h1\"]\n"
        "  b1[\"h2\"]\n"
        "  b0 ---|\"eth0 192.0.2.1/24 2001:db8::1/64<br/>eth0 192.0.2.2/24 2001:db8::2/64\"| b1\n"
        "  classDef existing stroke-dasharray:4 3\n");
}

TEST_CASE("a hundred hosts on two floors are two boxes") {
  const Picture picture = picture_of(example_lab("routed-campus.toml"), Detail::grouped);
  CHECK(titles(picture) == std::vector<std::string>{"router", "floor1", "floor2", "h1-1 … h1-50", "h2-1 … h2-50"});
  CHECK(picture.boxes[3].count == 50);
  REQUIRE(picture.boxes[3].ends.size() == 1);
  const Picture::End& host = picture.ends[picture.boxes[3].ends[0]];
  CHECK(host.name == "eth0");
  CHECK(host.addresses == std::vector<std::string>{"10.1.1.1 … 10.1.1.50/16"});
  std::multiset<std::size_t> counts;
  for (const Picture::Wire& one : picture.wires) counts.insert(one.count);
  CHECK(counts == std::multiset<std::size_t>{1, 1, 50, 50});
  CHECK_THAT(svg(example_lab("routed-campus.toml"), {}), ContainsSubstring("×50"));
  CHECK_THAT(mermaid(example_lab("routed-campus.toml")), ContainsSubstring("===|"));
}

TEST_CASE("what repeats is found in stars, pairs and rings") {
  CHECK(titles(picture_of(example_lab("star-1000.toml"), Detail::grouped)) ==
        std::vector<std::string>{"hub", "h0 … h999"});
  CHECK(titles(picture_of(example_lab("pairs-1000.toml"), Detail::grouped)) ==
        std::vector<std::string>{"f0, f2 … f998", "f1, f3 … f999"});
  const Lab rings = parse(repeated(50, "namespace.\"a{i}\" = {}\nnamespace.\"b{i}\" = {}\nnamespace.\"c{i}\" = {}\n" +
                                           wire("p{i}", "a{i}", "b{i}") + wire("q{i}", "b{i}", "c{i}") +
                                           wire("r{i}", "c{i}", "a{i}")));
  CHECK(titles(picture_of(rings, Detail::grouped)) == std::vector<std::string>{"a0 … a49", "b0 … b49", "c0 … c49"});
}

TEST_CASE("what is joined to itself is drawn one by one") {
  const Lab ring = parse(repeated(9, "namespace.\"n{i}\" = {}\n" + wire("w{i}", "n{i}", "n{(i+1)%9}")));
  CHECK(picture_of(ring, Detail::grouped).boxes.size() == 9);
}

TEST_CASE("four of a kind are drawn one by one, five are one") {
  for (const int count : {4, 5}) {
    const Lab lab =
        parse("[namespace.hub]\n" + repeated(count, "namespace.\"h{i}\" = {}\n" + wire("p{i}", "hub", "h{i}")));
    CHECK(picture_of(lab, Detail::grouped).boxes.size() == (count == 4 ? 5 : 2));
  }
}

TEST_CASE("hosts with names of their own are drawn one by one, also if they are alike") {
  std::string text = "[namespace.hub]\n";
  for (const std::string name : {"alice", "bob", "carol", "dave", "erin", "frank"})
    text += "[namespace." + name + "]\n[device." + name +
            "]\ndriver = \"veth\"\ninterfaces = [{ namespace = \"hub\" , name = \"" + name + "\" }, { namespace = \"" +
            name + "\", name = \"eth0\" }]\n";
  CHECK(picture_of(parse(text), Detail::grouped).boxes.size() == 7);
}

TEST_CASE("an interface that others are ports of, or sit on, is a thing in its box") {
  const Picture picture = picture_of(example_lab("macvlan-on-uplink.toml"), Detail::grouped);
  std::vector<std::string> nodes;
  for (const Picture::End& end : picture.ends)
    if (end.node) nodes.push_back(end.name);
  CHECK(nodes == std::vector<std::string>{"uplink"});
  std::size_t references = 0;
  for (const Picture::Wire& one : picture.wires) references += one.reference ? 1 : 0;
  CHECK(references == 3);
}

TEST_CASE(
    "a device that nobody knows yet is a wire, or a node if it joins more, and its kind is written where it is not "
    "usual") {
  Lab lab = parse("[namespace.a]\n[namespace.b]\n" + repeated(1, wire("w", "a", "b") + wire("v", "a", "b")));
  CHECK_THAT(svg(lab, {}), !ContainsSubstring("ng-label\" text-anchor"));
  lab.devices[0].driver = "acme-link";
  CHECK_THAT(svg(lab, {}), ContainsSubstring(">acme-link</text>"));
  lab.devices[0].interfaces.push_back(lab.devices[0].interfaces[0]);
  lab.devices[0].interfaces[2].name = InterfaceName("third");
  const Picture picture = picture_of(lab, Detail::grouped);
  REQUIRE(picture.boxes.size() == 3);
  CHECK(picture.boxes[2].kind == "acme-link");
  CHECK(picture.wires.size() == 4);
  check_clear(lab);
}

TEST_CASE("an existing namespace, and an interface in it that the lab does not make, are dashed") {
  const Lab lab = parse(
      "[namespace.host]\nexisting = true\n[namespace.a]\n[device.m]\ndriver = \"macvlan\"\nparams = { parent = "
      "\"host:enp3s0\" }\ninterfaces = [{ namespace = \"a\" }]\n");
  const std::string text = svg(lab, {});
  CHECK_THAT(text, ContainsSubstring("ng-box ng-existing"));
  CHECK_THAT(text, ContainsSubstring("ng-pill ng-outside"));
  CHECK_THAT(text, ContainsSubstring("enp3s0"));
  CHECK_THAT(dot(lab), ContainsSubstring("rounded,dashed"));
  CHECK_THAT(mermaid(lab), ContainsSubstring("class b0 existing"));
}

TEST_CASE("what a lab only refers to is drawn too") {
  Lab lab = example_lab("macvlan-on-uplink.toml");
  lab.devices.back().parameters.at("parent").values[0] =
      InterfaceReference{.home = NamespaceName("elsewhere"), .name = InterfaceName("enp1s0")};
  for (const std::string& text : {svg(lab, {}), dot(lab), mermaid(lab), drawing_json(lab)}) {
    CHECK_THAT(text, ContainsSubstring("elsewhere"));
    CHECK_THAT(text, ContainsSubstring("enp1s0"));
  }
}

TEST_CASE("hostile text stays text") {
  Lab lab = example_lab("two-hosts.toml");
  lab.description = "\"]</title></text><script>alert(1)</script>\\ \x01\xff %% --> ` &amp; #quot; \n}";
  lab.devices[0].driver = lab.description;
  lab.devices[0].interfaces[0].link.alias = {lab.description};
  lab.devices[0].interfaces[0].name = InterfaceName("x<y>&;[#]|~");
  lab.devices.push_back(lab.devices[0]);
  lab.devices[1].name = DeviceName("other");
  lab.devices[1].interfaces.pop_back();
  for (const std::string& text : {svg(lab, {}), mermaid(lab)}) {
    CHECK_THAT(text, !ContainsSubstring("<script"));
    CHECK_THAT(text, !ContainsSubstring("<y>"));
    CHECK_THAT(text, !ContainsSubstring("\x01"));
    CHECK_THAT(text, !ContainsSubstring("\xff"));
  }
  CHECK_THAT(svg(lab, {}), ContainsSubstring("x&lt;y&gt;&amp;;[#]|~"));
  CHECK_THAT(mermaid(lab), ContainsSubstring("x#60;y#62;#38;#59;#91;#35;#93;#124;#126;"));
  CHECK_THAT(mermaid(lab), ContainsSubstring("(#34;#93;#60;/title#62;"));
  CHECK_THAT(dot(lab), ContainsSubstring(R"(\n\"]</title></text><script>alert(1)</script>\\ )"));
  CHECK(nlohmann::json::parse(drawing_json(lab))["devices"][0]["interfaces"][0]["name"] == "x<y>&;[#]|~");
}

TEST_CASE("the JSON drawing has every interface and what joins them") {
  const auto json = nlohmann::json::parse(drawing_json(example_lab("routed-campus.toml")));
  CHECK(json["lab"] == "campus");
  CHECK(json["namespaces"].size() == 103);
  std::size_t interfaces = 0;
  for (const auto& device : json["devices"]) interfaces += device["interfaces"].size();
  CHECK(interfaces == 2 + 2 * 102);
  std::map<std::string, std::size_t> links;
  for (const auto& link : json["links"]) ++links[link["kind"]];
  CHECK(links == std::map<std::string, std::size_t>{{"device", 102}, {"master", 102}});
  CHECK(json["links"][0] == nlohmann::json::parse(R"({"kind": "device", "device": "uplink1", "ends": [
    {"namespace": "floor1", "interface": "up"}, {"namespace": "router", "interface": "f1"}]})"));
}

TEST_CASE("Graphviz gets every namespace and device of a large lab") {
  const std::string text = dot(example_lab("routed-campus.toml"));
  for (const char* name : {"\"h1-1\"", "\"h2-50\"", "\"router\""}) CHECK_THAT(text, ContainsSubstring(name));
}

TEST_CASE("no box lies upon another, no wire passes a box, no text leaves its box") {
  for (const char* name : {"two-hosts.toml", "macvlan-on-uplink.toml", "routed-campus.toml", "star-1000.toml"})
    check_clear(example_lab(name));
  const std::string hosts = repeated(30, "namespace.\"n{i}\" = {}\n");
  check_clear(parse(hosts + repeated(29, wire("w{i}", "n{i}", "n{i+1}"))));
  check_clear(parse(hosts + repeated(30, wire("w{i}", "n{i}", "n{(i+1)%30}"))));
  check_clear(parse(hosts + repeated(30, wire("w{i}", "n{i}", "n{(i*7+3)%30}") + wire("v{i}", "n{i}", "n{i/2}"))));
  check_clear(parse(hosts + repeated(30, wire("w{i}", "n{i%3}", "n{i}"))));
}

TEST_CASE("rings and full meshes are circles, in the order of the ring") {
  for (const std::string& text : {ring(5), ring(12), mesh(4), mesh(6)}) {
    const Lab lab = parse(text);
    check_clear(lab);
    const Drawn drawn(lab);
    Point middle;
    const auto count = static_cast<double>(drawn.picture.boxes.size());
    for (const Layout::Box& box : drawn.layout.boxes) middle = middle + (1 / count) * box.rect.centre();
    const double radius = length(drawn.centre("n0") - middle);
    for (const Layout::Box& box : drawn.layout.boxes)
      CHECK(std::abs(length(box.rect.centre() - middle) - (radius)) < 1);
    // Neighbours in the ring are neighbours on the circle.
    const double side = 2 * radius * std::sin(3.14159265 / count);
    CHECK(std::abs(length(drawn.centre("n0") - drawn.centre("n1")) - (side)) < 1);
  }
  check_clear(parse(ring(30)));
  check_clear(parse(ring(100)));
}

TEST_CASE("what has many interfaces in a mesh tells their number") {
  const std::string text = svg(parse(mesh(20)), {});
  CHECK_THAT(text, ContainsSubstring(">19 interfaces<"));
  CHECK_THAT(text, !ContainsSubstring("\"ng-name\""));
  CHECK_THAT(text, ContainsSubstring("n3 w3-4a – n4 w3-4b"));  // in the tooltips of its wires
  CHECK_THAT(svg(parse(mesh(6)), {}), ContainsSubstring(">w3-4a<"));
}

TEST_CASE("what hangs on a ring lies outside of it") {
  const Lab lab = parse(ring(6) + repeated(6, "namespace.\"h{i}\" = {}\nnamespace.\"x{i}\" = {}\n" +
                                                  wire("a{i}", "n{i}", "h{i}") + wire("b{i}", "h{i}", "x{i}")));
  check_clear(lab);
  const Drawn drawn(lab);
  const Point middle = 0.5 * (drawn.centre("n0") + drawn.centre("n3"));
  for (const std::string number : {"0", "1", "2", "3", "4", "5"}) {
    const double router = length(drawn.centre("n" + number) - middle);
    const double host = length(drawn.centre("h" + number) - middle);
    CHECK(router < host);
    CHECK(host < length(drawn.centre("x" + number) - middle));
  }
}

TEST_CASE("a grid is a grid, whatever the order of its namespaces") {
  const auto in_order = [](int row, int column) { return row * 4 + column; };
  const auto mixed = [](int row, int column) { return (row * 4 + column) * 7 % 20; };
  for (const std::function<int(int, int)>& at : {std::function<int(int, int)>(in_order), {mixed}}) {
    const Lab lab = parse(grid(4, 5, false, at));
    check_clear(lab);
    const Drawn drawn(lab);
    const auto place = [&](int row, int column) { return drawn.centre("n" + std::to_string(at(row, column))); };
    std::set<int> x;
    std::set<int> y;
    for (int row = 0; row < 5; ++row)
      for (int column = 0; column < 4; ++column) {
        x.insert(static_cast<int>(std::lround(place(row, column).x)));
        y.insert(static_cast<int>(std::lround(place(row, column).y)));
      }
    CHECK(x.size() * y.size() == 20);
  }
}

TEST_CASE("wires that close the rows and columns of a grid pass no box") {
  for (const int size : {3, 4, 6}) {
    const Lab lab = parse(grid(size, 5, true, [&](int row, int column) { return row * size + column; }));
    check_clear(lab);
    const Drawn drawn(lab);
    CHECK(std::abs(drawn.centre("n0").y - (drawn.centre("n" + std::to_string(size - 1)).y)) < 1);
    CHECK(std::abs(drawn.centre("n0").x - (drawn.centre("n" + std::to_string(4 * size)).x)) < 1);
  }
}

TEST_CASE("two spines and two leaves are layers and no ring") {
  std::string text = "[namespace.s1]\n[namespace.s2]\n[namespace.l1]\n[namespace.l2]\n[namespace.h1]\n[namespace.h2]\n";
  text += repeated(1, wire("a", "s1", "l1") + wire("b", "s1", "l2") + wire("c", "s2", "l1") + wire("d", "s2", "l2") +
                          wire("e", "l1", "h1") + wire("f", "l2", "h2"));
  const Drawn drawn(parse(text));
  const auto level = [&](const std::string& a, const std::string& b) {
    const Point apart = drawn.centre(a) - drawn.centre(b);
    return std::min(std::abs(apart.x), std::abs(apart.y)) < 1 ? (std::abs(apart.x) < 1 ? 'x' : 'y') : '-';
  };
  CHECK(level("s1", "s2") != '-');
  CHECK(level("s1", "s2") == level("l1", "l2"));
  CHECK(level("s1", "s2") == level("h1", "h2"));
}

TEST_CASE("Graphviz says where boxes lie that have no layers") {
  const Lab lab = parse(tangle());
  const OwnPath path;
  CHECK(drawn(lab, {}).wants_graphviz);
  check_clear(lab);  // in layers
  path.put("sfdp", "exit 1\n");
  // Boxes on a diagonal, as nobody else would have it.
  path.put("neato", R"(echo "graph 1 9 9"
while read -r line; do
  case $line in [0-9]*\ \[*) box=${line%% *}; echo "node $box $box.5 $box.5 1 1 n solid box black grey";; esac
done
echo stop
)");
  const Drawn diagonal(lab);
  CHECK_FALSE(diagonal.layout.wants_graphviz);
  const Point step = diagonal.centre("n1") - diagonal.centre("n0");
  CHECK(std::abs(step.x - (-step.y)) < 1);
  CHECK(std::abs(diagonal.centre("n20").x - diagonal.centre("n0").x - (20 * step.x)) < 1);
  CHECK_FALSE(drawn(parse(ring(30)), {}).wants_graphviz);
}

TEST_CASE("an answer of Graphviz that is none is none") {
  const Neighbours neighbours{.of = {{{.box = 1}}, {{.box = 0}}}};
  const Sizes sizes = {{0, {100, 40}}, {1, {100, 40}}};
  using std::chrono::milliseconds;
  const auto ask = [&](milliseconds at_most = std::chrono::minutes(2)) {
    return by_graphviz(neighbours, {0, 1}, sizes, at_most);
  };
  const OwnPath path;
  CHECK(ask().empty());
  path.put("neato", "echo node 0 1 1; echo node 1 2 2\n");
  CHECK(ask().size() == 2);
  for (const char* script : {"exit 1\n", "", "echo node 0 1 1\n", "echo node 0 1 1; echo node 7 2 2\n",
                             "echo node 0 1 1; echo node 1 nan 2\n", "echo node 0 1 1; echo node 1 2 2; exit 1\n",
                             "echo node 0 1 1; echo node 1 1 1\n", "echo node 0 1 1; echo node 1 1e300 2\n",
                             "kill -9 $$\n", "while :; do echo node 0 1 1; done\n"}) {
    INFO(script);
    path.put("neato", script);
    CHECK(ask().empty());
  }
  path.put("neato", "while :; do :; done\n");
  CHECK(ask(milliseconds(300)).empty());
}

TEST_CASE("lans and services are in every drawing") {
  const Lab lab = parse(
      "namespaces = [\"h1\", \"h2\", \"r1\"]\n[lan.office]\nports = [\"h1:eth0 192.0.2.1/24\", \"h2:eth0 "
      "192.0.2.2/24\", \"r1:lan\"]\n[service.ospf]\nnamespace = \"r1\"\ncommand = \"/bin/ospfd\"\n"
      "[service.web]\nnamespace = \"h*\"\ncommand = \"/bin/httpd\"\nstart = \"test\"\n");
  check_clear(lab);
  const Picture picture = picture_of(lab, Detail::grouped);
  REQUIRE(titles(picture) == std::vector<std::string>{"h1", "h2", "r1", "office"});
  CHECK(picture.boxes[3].kind == "lan");
  CHECK(picture.boxes[3].ends.empty());
  CHECK(picture.boxes[0].services == std::vector<std::string>{"web"});
  CHECK(picture.wires.size() == 3);
  CHECK_THAT(svg(lab, {}), ContainsSubstring("ng-lan") && ContainsSubstring(">ospf</text>"));
  CHECK_THAT(dot(lab), ContainsSubstring("office (lan)") && ContainsSubstring("label=\"ospf\""));
  CHECK_THAT(mermaid(lab), ContainsSubstring("office<br/>lan") && ContainsSubstring("r1<br/>ospf"));
  const auto json = nlohmann::json::parse(drawing_json(lab));
  CHECK(json["namespaces"][3] == nlohmann::json::parse(R"({"name": "office", "existing": false, "lan": true})"));
  CHECK(json["services"][0] == nlohmann::json::parse(R"({"name": "ospf", "namespace": "r1", "start": "up"})"));
  CHECK(json["services"][1]["name"] == "web@h1");
  CHECK(json["services"][2] == nlohmann::json::parse(R"({"name": "web@h2", "namespace": "h2", "start": "test"})"));
}

TEST_CASE("a switch that has an address is drawn as the namespace that it is") {
  const Lab lab = parse(
      "namespaces = [\"h1\"]\n[namespace.sw]\nswitch = true\n[device.br]\ndriver = \"bridge\"\ninterfaces = [{ "
      "namespace = \"sw\", name = \"br0\", addresses = [\"192.0.2.9/24\"] }]\n[[link]]\nends = [{ end = \"sw:h1\", "
      "master = \"br0\" }, \"h1:eth0\"]\n");
  CHECK_THAT(svg(lab, {}), ContainsSubstring("192.0.2.9/24") && !ContainsSubstring("\"ng-lan\""));
}

TEST_CASE("namespaces with different services are told apart") {
  const Lab lab = parse("[namespace.hub]\n" + repeated(6, "namespace.\"h{i}\" = {}\n" + wire("p{i}", "hub", "h{i}")) +
                        "[service.web]\nnamespace = \"h3\"\ncommand = \"/bin/httpd\"\n");
  CHECK(titles(picture_of(lab, Detail::grouped)) == std::vector<std::string>{"hub", "h0, h1 … h5", "h3"});
}

TEST_CASE("an empty lab, and one without devices, can be drawn") {
  for (const Lab& lab : {parse(""), parse("[namespace.a]\n")}) {
    CHECK_THAT(svg(lab, {}), ContainsSubstring("</svg>"));
    CHECK_THAT(dot(lab), ContainsSubstring("graph \"x\""));
    CHECK_THAT(mermaid(lab), ContainsSubstring("flowchart"));
  }
}

TEST_CASE("reaches are arrows, those of a group together") {
  const Lab lab = example_lab("routed-campus.toml");
  const std::string text = svg(lab, {{.from = "h1-1", .to = "h2-1", .passed = 3, .failed = 0},
                                     {.from = "h1-2", .to = "h2-7", .passed = 1, .failed = 1},
                                     {.from = "h2-1", .to = "router", .passed = 1, .failed = 0},
                                     {.from = "nobody", .to = "router", .passed = 1, .failed = 0}});
  CHECK_THAT(text, ContainsSubstring("h1-1 … h1-50 → h2-1 … h2-50: 4 passed, 1 failed"));
  CHECK_THAT(text, ContainsSubstring(">4/5 ✗<"));
  CHECK_THAT(text, ContainsSubstring(">✓<"));
  CHECK_THAT(text, ContainsSubstring("every test passed"));
  CHECK_THAT(text, !ContainsSubstring("nobody"));
  CHECK_THAT(svg(lab, {}), !ContainsSubstring("every test passed"));
}

TEST_CASE("too many reaches for arrows are counts at their boxes") {
  const Lab lab = parse(repeated(9, "namespace.\"n{i}\" = {}\n" + wire("w{i}", "n{i}", "n{(i+1)%9}")));
  std::vector<Reach> reaches;
  for (int a = 0; a < 9; ++a)
    for (int b = 0; b < 9; ++b)
      reaches.push_back({.from = "n" + std::to_string(a),
                         .to = "n" + std::to_string(b),
                         .passed = 1,
                         .failed = a == 3 && b == 4 ? 1U : 0U});
  const std::string text = svg(lab, reaches);
  CHECK_THAT(text, !ContainsSubstring("→"));
  CHECK_THAT(text, ContainsSubstring(">9 ✓<"));
  CHECK_THAT(text, ContainsSubstring(">9/10 ✗<"));
}

TEST_CASE("ranges of names say how they count") {
  CHECK(range_of({"b", "a"}) == "a, b");
  CHECK(range_of({"h10", "h9", "h11", "h8"}) == "h8 … h11");
  CHECK(range_of({"h0", "h2", "h4", "h6"}) == "h0, h2 … h6");
  CHECK(range_of({"eth0", "eth0"}) == "eth0");
  CHECK(range_of({"a", "b", "c", "d"}) == "a, b, …");
}

TEST_CASE("ten thousand namespaces are drawn") {
  // Anything quadratic takes longer than a test may.
  const std::string spaces = repeated(10000, "namespace.\"n{i}\" = {}\n");
  CHECK_THAT(svg(parse(spaces + repeated(5000, wire("w{i}", "n{2*i}", "n{2*i+1}"))), {}), ContainsSubstring("×5000"));
  svg(parse(spaces + repeated(9999, wire("w{i}", "n{i}", "n{i+1}"))), {});
  svg(parse(spaces + repeated(10000, wire("w{i}", "n{i}", "n{(i+1)%10000}"))), {});
}
