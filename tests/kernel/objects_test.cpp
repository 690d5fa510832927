// SPDX-License-Identifier: Apache-2.0
// Every kind of objects: made, seen, changed and removed, as ip(8) says.
#include "kernel/objects.hpp"

#include <linux/if_addr.h>

#include <algorithm>
#include <cerrno>
#include <future>

#include "catch.hpp"
#include "kernel/namespace.hpp"
#include "plan/compare.hpp"
#include "scratch.hpp"

using namespace netrig;
using namespace scratch;
using kernel::Kinds;
using kernel::LookAt;

namespace {

/// Namespace "a" with eth0, whose other end is eth1 in "b", both up, and a socket in "a".
class Ground {
 public:
  Ground() : socket_(make()) {}
  ~Ground() { sh("ip netns del a; ip netns del b"); }
  Ground(const Ground&) = delete;
  Ground& operator=(const Ground&) = delete;

  /// Errors of the messages of a step, in order. The last message can have one more attribute.
  std::vector<int> run(const Step& step, std::uint16_t attribute = 0, std::uint8_t value = 0) {
    kernel::Batch batch;
    kernel::append(batch, step, [&](const std::string& name) { return index(name); });
    if (attribute != 0) batch.put_u8(attribute, value);
    std::vector<int> errors;
    for (const kernel::Refusal& refusal : socket_.run(batch, kernel::Socket::OnRefusal::go_on)) {
      UNSCOPED_INFO(text_of(step.object) << ": " << refusal.str());
      errors.push_back(refusal.error);
    }
    return errors;
  }
  SpaceState look(const LookAt& at = {.kinds = Kinds::all()}) { return kernel::look(socket_, at); }
  template <typename Kind>
  std::vector<Kind> all() {
    return look({.kinds = Kinds::of<Kind>()}).template of<Kind>();
  }
  static std::uint32_t index(const std::string& name) {
    return ip("-n a link show dev " + name)[0]["ifindex"].get<std::uint32_t>();
  }

 private:
  static kernel::Socket make() {
    REQUIRE(sh("ip netns add a && ip netns add b && ip -n a link add eth0 type veth peer eth1 netns b && "
               "ip -n a link set lo up && ip -n a link set eth0 up && ip -n b link set eth1 up")
                .exit == 0);
    // In a thread, for it enters the namespace; the socket stays in it.
    return std::async(std::launch::async,
                      [] {
                        kernel::enter(*kernel::open_namespace("/run/netns/a"));
                        return kernel::Socket();
                      })
        .get();
  }
  kernel::Socket socket_;
};

/// What ip(8) shows of all objects of a kind in "a".
Json shown(const Link*) { return ip("-n a -d link show"); }
Json shown(const Address*) {
  Json all = Json::array();
  for (const Json& link : ip("-n a -d address show"))
    for (Json address : link["addr_info"]) {
      address["dev"] = link["ifname"];
      all.push_back(address);
    }
  return all;
}
Json shown(const Neighbour*) {
  Json all = ip("-n a neighbour show nud all");
  for (const char* family : {"-4", "-6"})
    for (Json proxy : ip(std::string("-n a ") + family + " neighbour show proxy")) {
      proxy["proxy"] = true;
      all.push_back(proxy);
    }
  return all;
}
Json shown(const Qdisc*) {
  Json all = Json::array();
  for (Json& one : Json::parse(sh("tc -n a -j -d qdisc show").out))
    if (one["handle"] != "0:") all.push_back(one);
  return all;
}
Json both(const std::string& arguments) {
  Json all = ip("-n a -4 -d " + arguments);
  for (const Json& one : ip("-n a -6 -d " + arguments)) all.push_back(one);
  return all;
}
Json shown(const Route*) { return both("route show table all"); }
Json shown(const Rule*) { return both("rule show"); }

bool has_all(const Json& object, const Json& part) {
  if (!part.is_object()) return object == part;
  return std::all_of(part.items().begin(), part.items().end(), [&](const auto& item) {
    return object.contains(item.key()) ? has_all(object[item.key()], item.value()) : item.value().is_null();
  });
}
template <typename Kind>
std::ptrdiff_t shown_with(const std::string& words) {
  const Json all = shown(static_cast<const Kind*>(nullptr));
  UNSCOPED_INFO("is in " << all);
  return std::count_if(all.begin(), all.end(), [&](const Json& one) { return has_all(one, Json::parse(words)); });
}

/// Every setting that is given is so.
template <typename Kind>
void check_settings(const Kind& wanted, const Kind& seen) {
  Kind::each_setting([&](std::string_view name, auto setting) {
    const auto& expected = wanted.own().*setting;
    const auto& found = seen.own().*setting;
    INFO("setting " << name);
    if (!expected) return;
    REQUIRE(found);
    // One minute at most has gone by.
    if constexpr (std::is_same_v<Kind, Address>)
      if (name == "valid" || name == "preferred") {
        CHECK(found.value_or({}) <= expected.value_or({}));
        return;
      }
    CHECK(setting_text(*found) == setting_text(*expected));
  });
}

template <typename Kind>
struct Case {
  Kind object;
  std::string words;  ///< part of what ip(8) shows of it
  std::optional<Kind> then = {};
  std::string then_words = {};
};

template <typename Kind>
const Kind& only_one(const std::vector<Kind>& all) {
  for (const Kind& one : all) UNSCOPED_INFO("seen: " << one.text());
  REQUIRE(all.size() == 1);
  return all.front();
}

template <typename Kind>
void lives(Ground& ground, const Case<Kind>& one) {
  INFO(text_of(Object(one.object)));
  const std::vector<int> none;
  REQUIRE(shown_with<Kind>(one.words) == 0);
  REQUIRE(ground.run({.verb = Verb::make, .object = one.object}) == none);
  CHECK(shown_with<Kind>(one.words) == 1);
  auto seen = ground.all<Kind>();
  CHECK(only_one(seen).key() == one.object.key());
  check_settings(one.object, seen.front());
  const Step again{.verb = Verb::make, .object = one.object};
  for (const int error : ground.run(again)) CHECK(kernel::already_so(again, error));
  REQUIRE(ground.all<Kind>().size() == 1);
  if (one.then) {
    CHECK(plan::changes_in_place(*one.then, plan::changes_of(*one.then, seen.front())) == !std::is_same_v<Kind, Rule>);
    REQUIRE(ground.run({.verb = Verb::change, .object = *one.then, .before = seen.front()}) == none);
    CHECK(shown_with<Kind>(one.then_words) == 1);
    seen = ground.all<Kind>();
    CHECK(only_one(seen).key() == one.then->key());
    check_settings(*one.then, seen.front());
  }
  const Step removal{.verb = Verb::remove, .object = seen.front()};
  REQUIRE(ground.run(removal) == none);
  CHECK(ground.all<Kind>().empty());
  CHECK(shown_with<Kind>(one.then ? one.then_words : one.words) == 0);
  const auto gone = ground.run(removal);
  REQUIRE(gone.size() == 1);
  CHECK(kernel::already_so(removal, gone.front()));
}

/// Or the test is skipped.
void need_netem() {
  if (!kernel_has_netem()) skip("this kernel has no netem (CONFIG_NET_SCH_NETEM)");
}

Prefix prefix(const std::string& text) { return Prefix::parse(text).value(); }
IpAddress address(const std::string& text) { return IpAddress::parse(text).value(); }
NextHop via(const std::string& gateway) { return {.via = address(gateway)}; }
NextHop over(const std::string& interface) { return {.interface = InterfaceName(interface)}; }

}  // namespace

TEST_CASE("a fresh namespace with a pair in it has links, and nothing that anybody configured") {
  Ground ground;
  await([] { return sh("ip -n a -6 address show dev eth0 scope link -tentative | grep -q fe80").exit == 0; });
  const SpaceState state = ground.look();
  std::vector<std::string> names;
  for (const Link& link : state.of<Link>())
    if (link.name == "lo" || !link.comes_by_itself()) names.push_back(link.name + ":" + link.kind);
  CHECK(names == std::vector<std::string>{"lo:", "eth0:veth"});
  for (const Address& one : state.of<Address>()) FAIL_CHECK(text_of(one));
  for (const Qdisc& one : state.of<Qdisc>()) FAIL_CHECK(text_of(one));
  for (const Neighbour& one : state.of<Neighbour>()) FAIL_CHECK(text_of(one));
  for (const Route& one : state.of<Route>()) FAIL_CHECK(text_of(one));
  for (const Rule& one : state.of<Rule>()) FAIL_CHECK(text_of(one));
  CHECK(state.of<Sysctl>().empty());
}

TEST_CASE("addresses are made, seen, changed and removed") {
  Ground ground;
  const auto on_eth0 = [](const std::string& text) {
    Address one;
    one.interface = "eth0";
    one.prefix = prefix(text);
    return one;
  };
  std::vector<Case<Address>> cases;
  cases.push_back({on_eth0("10.0.0.1/24"),
                   R"({"dev":"eth0","local":"10.0.0.1","prefixlen":24,"broadcast":"10.0.0.255","scope":"global",
                       "label":"eth0","valid_life_time":4294967295,"metric":null,"noprefixroute":null})"});
  Address rich = on_eth0("10.0.0.1/24");
  rich.scope = Scope::link;
  rich.broadcast = std::string("10.0.0.127");
  rich.label = std::string("eth0:x");
  rich.prefix_route = false;
  rich.metric = 77U;
  rich.valid = Lifetime{5000};
  rich.preferred = Lifetime{4000};
  Address other = rich;
  other.metric = 78U;
  other.valid = Lifetime::for_ever;
  other.preferred = Lifetime::for_ever;
  cases.push_back({rich,
                   R"({"local":"10.0.0.1","broadcast":"10.0.0.127","scope":"link","label":"eth0:x","metric":77,
                       "noprefixroute":true,"dynamic":true})",
                   other, R"({"local":"10.0.0.1","label":"eth0:x","metric":78,"valid_life_time":4294967295})"});
  Address without = on_eth0("10.0.0.1/24");
  without.broadcast = std::string();
  cases.push_back({without, R"({"local":"10.0.0.1","broadcast":null})"});
  Address peer = on_eth0("10.0.0.1/32");
  peer.peer = address("10.9.0.1");
  cases.push_back({peer, R"({"local":"10.0.0.1","address":"10.9.0.1","prefixlen":32,"broadcast":null})"});
  Address lo = on_eth0("127.0.0.2/8");
  lo.interface = "lo";
  cases.push_back({lo, R"({"dev":"lo","local":"127.0.0.2","scope":"host"})"});
  Address six = on_eth0("2001:db8::1/64");
  Address six_then = six;
  six_then.prefix_route = false;
  six_then.metric = 99U;
  six_then.valid = Lifetime{9000};
  six_then.preferred = Lifetime{0};
  cases.push_back({six, R"({"local":"2001:db8::1","prefixlen":64,"nodad":true,"tentative":null})", six_then,
                   R"({"local":"2001:db8::1","noprefixroute":true,"metric":99,"deprecated":true,"nodad":true})"});
  Address detected = on_eth0("2001:db8::2/128");
  detected.dad = Dad::on;
  detected.peer = address("2001:db8::3");
  cases.push_back({detected, R"({"local":"2001:db8::2","address":"2001:db8::3","nodad":null})"});
  cases.push_back({on_eth0("fe80::1/64"), R"({"local":"fe80::1","scope":"link","nodad":true})"});
  for (const auto& one : cases) lives(ground, one);
}

TEST_CASE("addresses are seen in the kernel's order, and what the kernel cannot change in place is said") {
  Ground ground;
  REQUIRE(sh("ip -n a address add 10.0.0.2/24 dev eth0 && ip -n a address add 10.0.0.1/24 dev eth0").exit == 0);
  const auto seen = ground.all<Address>();
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].prefix == prefix("10.0.0.2/24"));
  CHECK_FALSE(seen[0].secondary);
  CHECK(seen[1].secondary);
  CHECK_FALSE(seen[0].label);
  for (const auto change : std::initializer_list<void (*)(Address&)>{
           [](Address& one) { one.broadcast = std::string("10.0.0.9"); }, [](Address& one) { one.scope = Scope::host; },
           [](Address& one) { one.label = std::string("eth0:1"); }, [](Address& one) { one.prefix_route = false; },
           [](Address& one) { one.peer = address("10.7.0.1"); }}) {
    Address after = seen[0];
    change(after);
    CHECK_FALSE(plan::changes_in_place(after, plan::changes_of(after, seen[0])));
  }
}

TEST_CASE("token buckets are made, seen, changed and removed, at any rate") {
  Ground ground;
  const auto tbf = [](std::uint64_t rate, std::uint32_t burst) {
    Qdisc one;
    one.interface = "eth0";
    one.kind = Qdisc::kTbf;
    one.rate = ByteRate(rate);
    one.burst = burst;
    return one;
  };
  lives<Qdisc>(ground,
               {tbf(125'000, 3000),
                R"({"kind":"tbf","dev":"eth0","root":true,"options":{"rate":125000,"burst":"3000b/1","lat":50000}})",
                tbf(1'250'000, 5000),
                R"({"kind":"tbf","dev":"eth0","options":{"rate":1250000,"burst":"5000b/1","lat":50000}})"});
  // What is read back is what was asked for, by whatever ticks the kernel counts.
  for (const std::uint64_t rate :
       {1ULL, 13ULL, 1'001ULL, 123'457ULL, 98'765'431ULL, 4'999'999'999ULL, 62'500'000'000ULL})
    for (const std::uint32_t burst : {3000U, usual_burst(ByteRate(rate), 1500), 1U << 30U}) {
      constexpr std::uint64_t kSecondsThatAreCounted = 250;
      if (burst > rate * kSecondsThatAreCounted) continue;
      const Qdisc wanted = tbf(rate, burst);
      INFO(rate << " bytes a second, burst " << burst);
      REQUIRE(ground.run({.verb = Verb::make, .object = wanted}).empty());
      const Qdisc seen = only_one(ground.all<Qdisc>());
      const auto changes = plan::changes_of(wanted, seen);
      for (const SettingChange& change : changes)
        FAIL_CHECK(change.name << ": expected " << change.expected << ", found " << change.found);
      CHECK(seen.is_impairment());
    }
  Qdisc gone = tbf(1, 3000);
  REQUIRE(ground.run({.verb = Verb::remove, .object = gone}).empty());
  gone.kind = "htb";  // one of others that was replaced: there is no way back but to nothing
  const Step back{.verb = Verb::remove, .object = gone};
  for (const int error : ground.run(back)) CHECK(kernel::already_so(back, error));
}

TEST_CASE("netem is made, seen, changed and removed, with every distribution of its delays") {
  Ground ground;
  need_netem();
  Qdisc one;
  one.interface = "eth0";
  one.kind = Qdisc::kNetem;
  one.delay = PacketDelay(50'000'000);
  one.loss = share_of(0.1);
  Qdisc then = one;
  then.jitter = PacketDelay(5'000'001);
  then.loss = share_of(100);
  then.duplicate = share_of(2);
  then.reorder = share_of(25);
  then.corrupt = share_of(0.01);
  then.rate = ByteRate(5'000'000'000);
  then.limit = 17U;
  lives<Qdisc>(ground, {one, R"({"kind":"netem","dev":"eth0","root":true,"options":{"limit":1000,"jitter":null}})",
                        then, R"({"kind":"netem","dev":"eth0","options":{"limit":17,"gap":1}})"});
  for (const auto distribution : {DelayDistribution::uniform, DelayDistribution::normal, DelayDistribution::pareto,
                                  DelayDistribution::paretonormal}) {
    then.distribution = distribution;
    then.delay = PacketDelay(40'000'000);
    const auto before = ground.all<Qdisc>();
    Step step{.verb = before.empty() ? Verb::make : Verb::change, .object = then};
    if (!before.empty()) step.before = before.front();
    REQUIRE(ground.run(step).empty());
    const Qdisc seen = only_one(ground.all<Qdisc>());
    CHECK(plan::changes_of(then, seen).empty());
    CHECK_FALSE(seen.distribution);
    REQUIRE(ground.run({.verb = Verb::change, .object = one, .before = seen}).empty());
  }
}

TEST_CASE("qdiscs that do more than a lab can say are told from those that do not") {
  Ground ground;
  const auto put = [](const std::string& words) {
    REQUIRE(sh("tc -n a qdisc del dev eth0 root; tc -n a qdisc add dev eth0 root " + words).exit == 0);
  };
  const auto seen = [&] { return only_one(ground.all<Qdisc>()); };
  put("tbf rate 1mbit burst 3000 latency 50ms");
  CHECK(seen().is_impairment());
  put("tbf rate 1mbit burst 3000 latency 80ms");
  CHECK(seen().queue_time() == PacketDelay(80'000'000));
  CHECK_FALSE(seen().is_impairment());
  put("tbf rate 1mbit burst 3000 latency 50ms peakrate 2mbit mtu 1600");
  CHECK(seen().beyond);
  put("pfifo limit 10");
  CHECK(seen().kind == "pfifo");
  CHECK_FALSE(seen().is_impairment());
  REQUIRE(sh("tc -n a qdisc del dev eth0 root && tc -n a qdisc add dev eth0 ingress").exit >= 0);
  CHECK(ground.all<Qdisc>().empty());
}

TEST_CASE("a netem that does more than a lab can say is told from one that does not") {
  Ground ground;
  need_netem();
  const auto put = [](const std::string& words) {
    REQUIRE(sh("tc -n a qdisc del dev eth0 root; tc -n a qdisc add dev eth0 root " + words).exit == 0);
  };
  const auto seen = [&] { return only_one(ground.all<Qdisc>()); };
  for (const char* words : {"delay 10ms 1ms 25%", "loss gemodel 1% 10%", "loss 1% 25%", "delay 10ms reorder 25% gap 5",
                            "rate 1mbit 20", "slot 10ms"}) {
    INFO(words);
    put(std::string("netem ") + words);
    CHECK(seen().beyond);
  }
  put("netem delay 10ms 1ms loss 1% duplicate 1% reorder 25% corrupt 1% rate 1mbit limit 5");
  CHECK(seen().is_impairment());
}

TEST_CASE("addresses that the kernel makes, or learns from a router, are not seen") {
  Ground ground;
  const auto make = [&](const std::string& text, std::uint8_t protocol) {
    Address one;
    one.interface = "eth0";
    one.prefix = prefix(text);
    one.valid = Lifetime{1000};
    REQUIRE(ground.run({.verb = Verb::make, .object = one}, IFA_PROTO, protocol).empty());
  };
  make("2001:db8:1::1/64", IFAPROT_KERNEL_RA);
  make("2001:db8:2::1/64", 0x42);
  make("fe80::5/64", IFAPROT_KERNEL_LL);  // in the kernel's name, as a link-local address that nobody detects
  make("2001:db8:3::1/64", IFAPROT_UNSPEC);
  CHECK(only_one(ground.all<Address>()).prefix == prefix("2001:db8:3::1/64"));
}

TEST_CASE("routes are made, seen, changed and removed") {
  Ground ground;
  REQUIRE(sh("ip -n a address add 10.0.0.1/24 dev eth0 && ip -n a address add 2001:db8::1/64 dev eth0 nodad && "
             "ip -n a link add d0 type veth peer d1 && ip -n a link set d1 up && ip -n a link set d0 up && ip -n a "
             "address add 10.5.0.1/24 dev d0")
              .exit == 0);
  const auto to = [](const std::string& text, std::vector<NextHop> hops) {
    Route one;
    one.destination = prefix(text);
    one.next_hops = std::move(hops);
    return one;
  };
  std::vector<Case<Route>> cases;
  Route rich = to("10.1.0.0/16", {via("10.0.0.2")});
  Route metrics = rich;
  metrics.mtu = 1400U;
  metrics.advmss = 1300U;
  metrics.initcwnd = 20U;
  metrics.congestion = std::string("reno");
  metrics.source = address("10.5.0.1");
  cases.push_back({rich,
                   R"({"dst":"10.1.0.0/16","gateway":"10.0.0.2","dev":"eth0","protocol":"110","scope":"global",
                       "metric":null,"metrics":null})",
                   metrics, R"({"dst":"10.1.0.0/16","prefsrc":"10.5.0.1","metrics":[{"mtu":1400,"advmss":1300,
                                "initcwnd":20,"congestion":"reno"}]})"});
  Route onlink = to("0.0.0.0/0", {{.via = address("10.77.0.1"), .interface = InterfaceName("eth0"), .onlink = true}});
  onlink.table = 1000;
  onlink.metric = 5;
  onlink.tos = 4;
  Route direct = to("0.0.0.0/0", {over("d0")});
  direct.table = 1000;
  direct.metric = 5;
  direct.tos = 4;
  cases.push_back(
      {onlink, R"({"dst":"default","gateway":"10.77.0.1","table":"1000","metric":5,"tos":"0x04","flags":["onlink"]})",
       direct, R"({"dst":"default","dev":"d0","table":"1000","metric":5,"scope":"link","gateway":null})"});
  Route many = to("10.2.0.0/16", {{.via = address("10.0.0.2"), .interface = InterfaceName("eth0"), .weight = 3},
                                  {.via = address("10.5.0.2"), .interface = InterfaceName("d0")}});
  cases.push_back({many, R"({"dst":"10.2.0.0/16","nexthops":[
      {"gateway":"10.0.0.2","dev":"eth0","weight":3,"flags":[]},{"gateway":"10.5.0.2","dev":"d0","weight":1,"flags":[]}]})",
                   to("10.2.0.0/16", {via("10.0.0.2")}), R"({"dst":"10.2.0.0/16","gateway":"10.0.0.2"})"});
  Route blackhole = to("10.3.0.0/16", {});
  blackhole.type = RouteType::blackhole;
  Route prohibit = blackhole;
  prohibit.type = RouteType::prohibit;
  cases.push_back({blackhole, R"({"type":"blackhole","dst":"10.3.0.0/16"})", prohibit,
                   R"({"type":"prohibit","dst":"10.3.0.0/16"})"});
  Route local = to("10.4.0.1/32", {over("lo")});
  local.type = RouteType::local;
  local.table = 255;
  cases.push_back({local, R"({"type":"local","dst":"10.4.0.1","table":"local","scope":"host"})"});
  Route five = to("10.6.0.0/16", {{.via = address("2001:db8::9"), .interface = InterfaceName("eth0")}});
  cases.push_back({five, R"({"dst":"10.6.0.0/16","via":{"family":"inet6","host":"2001:db8::9"}})"});
  Route named = to("10.8.0.0/16", {over("eth0")});
  named.protocol = 4U;
  named.scope = Scope::global;
  cases.push_back({named, R"({"dst":"10.8.0.0/16","protocol":"static","scope":"global"})"});
  Route six = to("2001:db8:1::/48", {via("2001:db8::2")});
  Route six_then = six;
  six_then.preference = RoutePreference::high;
  six_then.mtu = 1300U;
  cases.push_back({six, R"({"dst":"2001:db8:1::/48","gateway":"2001:db8::2","metric":1024,"pref":"medium"})", six_then,
                   R"({"dst":"2001:db8:1::/48","pref":"high","metrics":[{"mtu":1300}]})"});
  Route sixes = to("::/0", {{.via = address("2001:db8::2"), .interface = InterfaceName("eth0"), .weight = 2},
                            {.via = address("2001:db8::3"), .interface = InterfaceName("eth0")}});
  Route sixes_then = to("::/0", {{.via = address("2001:db8::4"), .interface = InterfaceName("eth0")},
                                 {.via = address("2001:db8::3"), .interface = InterfaceName("eth0")}});
  sixes.metric = sixes_then.metric = 7;
  cases.push_back({sixes, R"({"dst":"default","metric":7,"nexthops":[
      {"gateway":"2001:db8::2","dev":"eth0","weight":2,"flags":[]},{"gateway":"2001:db8::3","dev":"eth0","weight":1,"flags":[]}]})",
                   sixes_then, R"({"dst":"default","metric":7,"nexthops":[
      {"gateway":"2001:db8::4","dev":"eth0","weight":1,"flags":[]},{"gateway":"2001:db8::3","dev":"eth0","weight":1,"flags":[]}]})"});
  Route unreachable = to("2001:db8:2::/48", {});
  unreachable.type = RouteType::unreachable;
  unreachable.table = 300;
  cases.push_back({unreachable, R"({"type":"unreachable","dst":"2001:db8:2::/48","table":"300"})"});

  // d0's own addresses are not of this test; only routes are looked at.
  for (const auto& one : cases) {
    lives(ground, one);
    REQUIRE(ground.run({.verb = Verb::make, .object = one.object}).empty());
    const auto seen = ground.all<Route>();
    const Route& route = only_one(seen);
    CHECK(route.type == one.object.type);
    REQUIRE(route.next_hops.size() == one.object.next_hops.size());
    for (std::size_t i = 0; i < route.next_hops.size(); ++i) {
      NextHop expected = one.object.next_hops[i];
      if (!expected.interface) expected.interface = InterfaceName("eth0");
      CHECK(setting_text({route.next_hops[i]}) == setting_text({expected}));
    }
    REQUIRE(ground.run({.verb = Verb::remove, .object = one.object}).empty());
    CHECK(ground.all<Route>().empty());
  }
}

TEST_CASE("a route is removed without any other of its destination") {
  Ground ground;
  REQUIRE(sh("ip -n a address add 10.0.0.1/24 dev eth0 && ip -n a address add 2001:db8::1/64 dev eth0 nodad").exit ==
          0);
  for (const char* route :
       {"10.1.0.0/16 via 10.0.0.2", "10.1.0.0/16 via 10.0.0.2 metric 5", "10.1.0.0/16 via 10.0.0.2 metric 5 table 9",
        "10.1.0.0/16 via 10.0.0.2 metric 5 tos 8", "blackhole 10.1.0.0/16 metric 6", "10.1.0.0/16 dev eth0 metric 7",
        "2001:db8:1::/48 via 2001:db8::2", "2001:db8:1::/48 via 2001:db8::2 metric 5",
        "2001:db8:1::/48 dev eth0 metric 6", "2001:db8:1::/48 via 2001:db8::2 table 9"}) {
    const std::string family = std::string(route).find(':') != std::string::npos ? "-6" : "-4";
    REQUIRE(sh("ip -n a " + family + " route add " + route).exit == 0);
  }
  REQUIRE(sh("ip -n a route append 10.1.0.0/16 via 10.0.0.3 metric 5").exit == 0);
  const auto seen = ground.all<Route>();
  REQUIRE(seen.size() == 11);
  for (const Route& gone : seen) {
    INFO(gone.text());
    REQUIRE(ground.run({.verb = Verb::remove, .object = gone}).empty());
    auto expected = seen;
    std::erase(expected, gone);
    std::vector<std::string> left;
    std::vector<std::string> texts;
    for (const Route& one : ground.all<Route>()) left.push_back(one.text());
    for (const Route& one : expected) texts.push_back(one.text());
    std::sort(left.begin(), left.end());
    std::sort(texts.begin(), texts.end());
    CHECK(left == texts);
    // Appended routes stand in the order in which they were added, so it comes back as one that is appended.
    std::string words = gone.text();
    const std::string family = words.find(':') != std::string::npos ? "-6" : "-4";
    REQUIRE(sh("ip -n a " + family + " route append " + words + " proto boot").exit == 0);
  }
}

TEST_CASE("routes and rules of the kernel are not seen, and those of daemons are theirs") {
  Ground ground;
  REQUIRE(sh("ip -n a address add 10.0.0.1/24 dev eth0 && ip -n a route add 10.1.0.0/16 via 10.0.0.2 && "
             "ip -n a route add 10.2.0.0/16 via 10.0.0.2 proto bird && ip -n a route add 10.3.0.0/16 via 10.0.0.2 "
             "proto ra && ip -n a route add 10.4.0.0/16 via 10.0.0.2 proto redirect && ip -n a rule add from "
             "10.9.0.0/16 lookup 9 && ip -n a rule add from 10.8.0.0/16 lookup 8 proto bird")
              .exit == 0);
  const auto routes = ground.all<Route>();
  REQUIRE(routes.size() == 2);
  CHECK(routes[0].destination == prefix("10.1.0.0/16"));
  CHECK(routes[0].protocol == Given<std::uint32_t>(3));
  CHECK_FALSE(routes[0].comes_by_itself());
  CHECK(routes[1].destination == prefix("10.2.0.0/16"));
  CHECK(routes[1].comes_by_itself());
  const auto rules = ground.all<Rule>();
  REQUIRE(rules.size() == 2);
  for (const Rule& rule : rules) CHECK(rule.comes_by_itself() == (rule.table == 8));
}

TEST_CASE("rules are made, seen, changed and removed") {
  Ground ground;
  std::vector<Case<Rule>> cases;
  Rule plain;
  plain.priority = 100;
  plain.from = prefix("10.0.0.0/8");
  plain.table = 100;
  Rule plain_then = plain;
  plain_then.table = 1000;
  cases.push_back({plain, R"({"priority":100,"src":"10.0.0.0","srclen":8,"table":"100","protocol":"110"})", plain_then,
                   R"({"priority":100,"src":"10.0.0.0","srclen":8,"table":"1000","protocol":"110"})"});
  Rule rich;
  rich.priority = 200;
  rich.inverted = true;
  rich.to = prefix("10.2.0.0/16");
  rich.iif = "eth0";
  rich.oif = "nowhere";
  rich.fwmark = {0x10, 0xff};
  rich.tos = 8;
  rich.ipproto = 6;
  rich.source_ports = {80, 80};
  rich.destination_ports = {1000, 2000};
  rich.uid_range = {0, 1000};
  rich.suppress_prefix_length = 0;
  cases.push_back({rich, R"({"priority":200,"not":null,"dst":"10.2.0.0","dstlen":16,"iif":"eth0","oif":"nowhere",
                             "fwmark":"0x10","fwmask":"0xff","tos":"0x08","ipproto":"tcp","sport":80,
                             "dport_start":1000,"dport_end":2000,"uid_start":0,"uid_end":1000,"suppress_prefixlen":0})"});
  Rule six;
  six.family = Family::ipv6;
  six.priority = 300;
  six.from = prefix("2001:db8::/32");
  six.action = RuleAction::prohibit;
  cases.push_back({six, R"({"priority":300,"src":"2001:db8::","srclen":32,"action":"prohibit"})"});
  Rule vrf;
  vrf.priority = 400;
  vrf.l3mdev = true;
  cases.push_back({vrf, R"({"priority":400,"l3mdev":null,"table":null})"});
  for (auto action : {RuleAction::blackhole, RuleAction::unreachable}) {
    Rule one;
    one.priority = 500;
    one.action = action;
    cases.push_back({one, action == RuleAction::blackhole ? R"({"priority":500,"action":"blackhole"})"
                                                          : R"({"priority":500,"action":"unreachable"})"});
  }
  for (const auto& one : cases) lives(ground, one);
  // What a Rule cannot say is none.
  REQUIRE(sh("ip -n a rule add priority 7 goto 32766").exit == 0);
  CHECK(ground.all<Rule>().empty());
  // One without a priority gets the kernel's.
  plain.priority.reset();
  REQUIRE(ground.run({.verb = Verb::make, .object = plain}).empty());
  CHECK(only_one(ground.all<Rule>()).priority.has_value());
}

TEST_CASE("neighbours are made, seen, changed and removed") {
  Ground ground;
  const auto mac = [](const char* text) { return Given<MacAddress>(*MacAddress::parse(text)); };
  std::vector<Case<Neighbour>> cases;
  Neighbour four;
  four.interface = "eth0";
  four.address = address("10.0.0.9");
  four.mac = mac("02:00:00:00:00:09");
  Neighbour four_then = four;
  four_then.mac = mac("02:00:00:00:00:0a");
  four_then.state = NeighbourState::noarp;
  cases.push_back({four, R"({"dst":"10.0.0.9","dev":"eth0","lladdr":"02:00:00:00:00:09","state":["PERMANENT"]})",
                   four_then, R"({"dst":"10.0.0.9","lladdr":"02:00:00:00:00:0a","state":["NOARP"]})"});
  Neighbour six = four;
  six.address = address("2001:db8::9");
  six.router = true;
  Neighbour six_then = six;
  six_then.router = false;
  six_then.mac.reset();  // it stays
  cases.push_back({six, R"({"dst":"2001:db8::9","lladdr":"02:00:00:00:00:09","router":null,"state":["PERMANENT"]})",
                   six_then, R"({"dst":"2001:db8::9","lladdr":"02:00:00:00:00:09","state":["PERMANENT"]})"});
  Neighbour proxy;
  proxy.interface = "eth0";
  proxy.proxy = true;
  for (const char* text : {"10.0.0.8", "2001:db8::8"}) {
    proxy.address = address(text);
    cases.push_back({proxy, "{\"dst\":\"" + std::string(text) + "\",\"dev\":\"eth0\",\"proxy\":true}"});
  }
  for (const auto& one : cases) lives(ground, one);
}

TEST_CASE("neighbours that are learned are seen when they are asked for") {
  Ground ground;
  REQUIRE(sh("ip -n a neighbour add 10.0.0.7 lladdr 02:00:00:00:00:07 dev eth0 nud stale && ip -n a neighbour add "
             "10.0.0.6 lladdr 02:00:00:00:00:06 dev eth0 nud permanent extern_learn")
              .exit == 0);
  CHECK(ground.all<Neighbour>().empty());
  const auto all =
      ground.look({.kinds = Kinds::of<Neighbour>(), .interest = {.learned_neighbours = true}}).of<Neighbour>();
  CHECK(all.size() == 2);
}

TEST_CASE("ports of bridges are set and seen, and VLANs too where the kernel has them") {
  Ground ground;
  const bool filters = kernel_lacks("CONFIG_BRIDGE_VLAN_FILTERING").empty();
  REQUIRE(sh(std::string("ip -n a link add br0 up type bridge") + (filters ? " vlan_filtering 1" : "") +
             " && ip -n a link set eth0 master br0")
              .exit == 0);
  CHECK(ground.all<Port>().empty());  // nobody has asked
  const auto seen = [&] { return ground.look({.kinds = Kinds::all(), .interest = {.ports = true, .vlans = filters}}); };
  const Port born = only_one(seen().of<Port>());
  CHECK(born.interface == "eth0");
  const Port expected = born_port();
  Port::each_setting([&](std::string_view name, auto setting) {
    INFO("setting " << name);
    if (expected.*setting) CHECK(born.*setting == expected.*setting);
  });
  Port wanted{.interface = "eth0"};
  wanted.cost = 77U;
  wanted.priority = 3U;
  Port::each_flag([&](std::string_view, auto flag) { wanted.*flag = !*(born.*flag); });
  REQUIRE(ground.run({.verb = Verb::change, .object = wanted, .before = born}).empty());
  check_settings(wanted, only_one(seen().of<Port>()));
  // Of what is so already nothing is asked.
  CHECK(ground.run({.verb = Verb::change, .object = wanted, .before = only_one(seen().of<Port>())}).empty());
  Port none{.interface = "lo"};
  none.hairpin = true;
  CHECK(ground.run({.verb = Verb::make, .object = none}) == std::vector<int>{EOPNOTSUPP});
  if (!filters) return;

  const auto list = [&](const std::string& interface) {
    const SpaceState state = seen();
    for (const Vlans& one : state.of<Vlans>())
      if (one.interface == interface) return setting_text(*one.list);
    return std::string("none");
  };
  CHECK(list("eth0") == "1 pvid untagged");
  CHECK(list("br0") == "1 pvid untagged");
  Vlans vlans{.interface = "eth0"};
  vlans.list = {{{.first = 2, .last = 2, .pvid = true, .untagged = true}, {.first = 3, .last = 4094}}};
  REQUIRE(ground.run({.verb = Verb::make, .object = vlans}).empty());
  CHECK(list("eth0") == "2 pvid untagged, 3-4094");
  Vlans odd = vlans;
  (*odd.list).clear();
  for (std::uint16_t id = 1; id <= kLastVlan; id = static_cast<std::uint16_t>(id + 2))
    (*odd.list).push_back({.first = id, .last = id});
  REQUIRE(ground.run({.verb = Verb::change, .object = odd, .before = vlans}).empty());
  CHECK(list("eth0") == setting_text(*odd.list));
  Vlans self{.interface = "br0", .of_bridge = true};
  self.list = {{{.first = 5, .last = 7}}};
  REQUIRE(ground.run({.verb = Verb::make, .object = self}).empty());
  CHECK(list("br0") == "5-7");
  const SpaceState last = seen();
  for (const Vlans& one : last.of<Vlans>()) CHECK(one.usual == std::optional<std::uint16_t>(1));
}

TEST_CASE("links are set, one by one and all at once, and removed") {
  Ground ground;
  REQUIRE(sh("ip -n a link add br0 type bridge && ip -n a link add d0 type veth peer d1 && ip -n a link add mv0 link "
             "d0 type macvlan")
              .exit == 0);
  const auto see = [&](const std::string& name) {
    const auto all = ground.all<Link>();
    const auto found = std::find_if(all.begin(), all.end(), [&](const Link& one) { return one.name == name; });
    REQUIRE(found != all.end());
    return *found;
  };
  struct Setting {
    const char* link;
    void (*set)(LinkSettings&);
    const char* words;
  };
  const std::vector<Setting> settings = {
      {"eth0", [](auto& s) { s.mac = *MacAddress::parse("02:00:00:00:00:01"); }, R"({"address":"02:00:00:00:00:01"})"},
      {"eth0", [](auto& s) { s.mtu = 1400U; }, R"({"ifname":"eth0","mtu":1400})"},
      {"eth0", [](auto& s) { s.master = std::string("br0"); }, R"({"ifname":"eth0","master":"br0"})"},
      {"eth0", [](auto& s) { s.master = std::string(); }, R"({"ifname":"eth0","master":null})"},
      {"eth0", [](auto& s) { s.state = AdminState::down; }, R"({"ifname":"eth0","operstate":"DOWN"})"},
      {"eth0", [](auto& s) { s.alias = std::string("up link"); }, R"({"ifname":"eth0","ifalias":"up link"})"},
      {"eth0", [](auto& s) { s.alias = std::string(); }, R"({"ifname":"eth0","ifalias":null})"},
      {"eth0", [](auto& s) { s.txqlen = 77U; }, R"({"ifname":"eth0","txqlen":77})"},
      {"eth0", [](auto& s) { s.group = 42U; }, R"({"ifname":"eth0","group":"42"})"},
      {"eth0", [](auto& s) { s.promiscuous = true; }, R"({"ifname":"eth0","promiscuity":1})"},
      {"eth0", [](auto& s) { s.promiscuous = false; }, R"({"ifname":"eth0","promiscuity":0})"},
      {"eth0", [](auto& s) { s.allmulticast = true; }, R"({"ifname":"eth0"})"},
      {"eth0", [](auto& s) { s.multicast = false; }, R"({"ifname":"eth0"})"},
      {"eth0", [](auto& s) { s.arp = false; }, R"({"ifname":"eth0"})"},
      {"eth0", [](auto& s) { s.addr_gen_mode = AddressGeneration::none; },
       R"({"ifname":"eth0","inet6_addr_gen_mode":"none"})"},
      {"eth0",
       [](auto& s) {
         s.altnames = std::vector<std::string>{"long-name-of-a-link", "other"};
       },
       R"({"ifname":"eth0","altnames":["long-name-of-a-link","other"]})"},
      {"eth0",
       [](auto& s) {
         s.altnames = std::vector<std::string>{"other", "third"};
       },
       R"({"ifname":"eth0","altnames":["other","third"]})"},
      {"eth0", [](auto& s) { s.altnames = std::vector<std::string>{}; }, R"({"ifname":"eth0","altnames":null})"},
      {"mv0", [](auto& s) { s.protodown = true; }, R"({"ifname":"mv0","proto_down":true})"},
  };
  for (const Setting& one : settings) {
    const Link before = see(one.link);
    Link wanted;
    wanted.name = one.link;
    one.set(wanted.settings);
    INFO(one.words);
    REQUIRE(ground.run({.verb = Verb::change, .object = wanted, .before = before}).empty());
    CHECK(shown_with<Link>(one.words) == 1);
    // And nothing else.
    Link expected = before;
    one.set(expected.settings);
    const Link seen = see(one.link);
    Link::each_setting([&](std::string_view name, auto setting) {
      INFO("setting " << name);
      CHECK(seen.settings.*setting == expected.settings.*setting);
    });
  }
  const Json flags = ip("-n a link show dev eth0")[0]["flags"];
  CHECK(std::find(flags.begin(), flags.end(), "ALLMULTI") != flags.end());
  CHECK(std::find(flags.begin(), flags.end(), "NOARP") != flags.end());
  CHECK(std::find(flags.begin(), flags.end(), "MULTICAST") == flags.end());

  Link renamed;
  renamed.name = "wan";
  renamed.settings.mtu = 1401U;
  renamed.settings.state = AdminState::up;
  renamed.settings.addr_gen_mode = AddressGeneration::none;
  renamed.settings.altnames = std::vector<std::string>{"eth0"};
  const Link before = see("eth0");
  REQUIRE(ground.run({.verb = Verb::change, .object = renamed, .before = before}).empty());
  CHECK(see("wan").ifindex == before.ifindex);
  CHECK(shown_with<Link>(R"({"ifname":"wan","mtu":1401,"altnames":["eth0"]})") == 1);

  CHECK(ground.run({.verb = Verb::make, .object = see("mv0")}).empty());
  const Step removal{.verb = Verb::remove, .object = see("mv0")};
  REQUIRE(ground.run(removal).empty());
  CHECK(shown_with<Link>(R"({"ifname":"mv0"})") == 0);
  const auto gone = ground.run(removal);
  REQUIRE(gone.size() == 1);
  CHECK(kernel::already_so(removal, gone.front()));
}

TEST_CASE("a bridge's port is not promiscuous, for nobody asked for it") {
  Ground ground;
  REQUIRE(sh("ip -n a link add br0 type bridge && ip -n a link set br0 up && ip -n a link set eth0 master br0").exit ==
          0);
  CHECK(shown_with<Link>(R"({"ifname":"eth0","promiscuity":1})") == 1);
  for (const Link& link : ground.all<Link>())
    if (link.name == "eth0") CHECK(link.settings.promiscuous == Given<bool>(false));
}

TEST_CASE("a link that is to come up without a link-local address gets none") {
  Ground ground;
  REQUIRE(sh("ip -n a link set eth0 down").exit == 0);
  Link wanted;
  wanted.name = "eth0";
  wanted.settings.state = AdminState::up;
  wanted.settings.addr_gen_mode = AddressGeneration::none;
  REQUIRE(ground.run({.verb = Verb::change, .object = wanted}).empty());
  CHECK(shown_with<Address>(R"({"dev":"eth0"})") == 0);
}

TEST_CASE("sysctls that there are are read") {
  Ground ground;
  REQUIRE(sh("ip netns exec a sysctl -qw net.ipv4.ip_forward=1").exit == 0);
  // In a thread, for it enters the namespace.
  const SpaceState state =
      std::async(std::launch::async, [&] {
        kernel::enter(*kernel::open_namespace("/run/netns/a"));
        return ground.look({.interest = {.sysctls = {"net.ipv4.ip_forward", "net.ipv4.none", "net.ipv4.tcp_rmem",
                                                     "net.ipv4.route.flush"}}});
      }).get();
  const auto& seen = state.of<Sysctl>();
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].value == Given<std::string>("1"));
  CHECK(seen[1].key_text == "net.ipv4.tcp_rmem");
  CHECK(seen[1].value.value_or("").find('\t') == std::string::npos);
  CHECK(state.of<Link>().empty());
}
