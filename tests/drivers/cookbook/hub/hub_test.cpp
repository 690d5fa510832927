// SPDX-License-Identifier: Apache-2.0
// hub before a host that makes nothing: which entries it asks for when rows come, go and stay.
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include <cerrno>
#include <cstdlib>
#include <iostream>
#include <netrig/mock.hpp>

namespace {

void expect(bool what, const char* words, const netrig::Mock& mock) {
  if (what) return;
  std::cerr << "not so: " << words << '\n';
  netrig_mock_print(mock.raw(), stderr);
  std::exit(1);
}

/// The entries that were asked for, by the last byte of their MACs: "-1 +1 +2".
std::string entries(const netrig::Mock& mock) {
  std::string text;
  for (const netrig::Asked& one : mock.asked()) {
    if (std::string_view(one.call) != "request") continue;
    const netrig_mock_bytes mac = netrig_mock_get(one.attributes, NDA_LLADDR);
    text += (text.empty() ? "" : " ") + std::string(one.type == RTM_NEWNEIGH ? "+" : "-") +
            std::to_string(static_cast<const std::uint8_t*>(mac.data)[5]);
  }
  return text;
}

void takes_its_stations() {
  netrig::Mock mock;
  mock.set("hello", "0x0180c2000004");
  mock.set("stations[0].mac", "02:00:00:00:00:01").set("stations[0].owner", "printer");
  mock.set("stations[1].mac", "02:00:00:00:00:02");  // its row comes with it
  expect(mock.create() == NETRIG_OK && mock.settle() == NETRIG_OK, "it comes up", mock);
  const netrig_mock_bytes hello = netrig_mock_get(mock.asked("set_link").data, IFLA_BR_GROUP_ADDR);
  expect(hello.size == 6 && static_cast<const std::uint8_t*>(hello.data)[5] == 4, "it knows where hellos go", mock);
  expect(entries(mock) == "+1 +2" && mock.record().size() == 12, "each station has an entry, and is written down",
         mock);
  expect(mock.inspect() == NETRIG_OK && mock.state("station 0") == "printer" && mock.state("station 1") == "nobody",
         "it says whose they are", mock);
  mock.unset("stations").set("stations[0].mac", "02:00:00:00:00:02");
  expect(mock.change() == NETRIG_OK && entries(mock) == "-1 -2 +2", "a row that has gone takes its entry with it",
         mock);
  expect(mock.broken().empty() && mock.destroy() == NETRIG_OK, "no law of drivers is broken", mock);
}

void goes_on_where_it_was_stopped() {
  netrig::Mock mock;
  mock.set("stations[0].mac", "02:00:00:00:00:01");
  expect(mock.create() == NETRIG_OK && mock.settle() == NETRIG_OK, "it comes up", mock);
  mock.set("stations[0].mac", "02:00:00:00:00:02").refuse("request", 2, ENOSPC);
  expect(mock.change() == NETRIG_IO && mock.record().size() == 12, "what may be there is written down", mock);
  netrig_mock_set_back(mock.raw());
  mock.refuse("request", 2, ENOENT);  // that one has never come
  expect(mock.change() == NETRIG_OK && entries(mock) == "-1 -2 +1", "and is taken back, if it is there", mock);
  expect(mock.broken().empty(), "no law of drivers is broken", mock);
}

void wants_stations_that_can_be() {
  netrig::Mock mock;
  mock.set("stations[0].owner", "nobody");
  expect(mock.create() == NETRIG_INVALID && mock.message().find("stations[0].mac") != std::string::npos,
         "a station has an address", mock);
}

}  // namespace

int main() {
  takes_its_stations();
  goes_on_where_it_was_stopped();
  wants_stations_that_can_be();
}
