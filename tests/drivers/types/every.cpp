// SPDX-License-Identifier: Apache-2.0
// A driver with parameters of every type that is more than a number or a word: a bridge whose functions do with them
// what the kernel then shows.
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>
#include <netrig/driver.hpp>

#include <cstdlib>
#include <cstring>

#ifndef NAME
#define NAME "every"
#endif

struct Every {
  static constexpr auto about = netrig::About(NAME, "1.0.0", "bridge with parameters of every type").makes("bridge");

  static constexpr netrig::Parameter parameters[] = {
      // Of a hundred, as the kernel keeps it.
      netrig::fraction("share", "share of something (IFLA_BR_MCAST_LAST_MEMBER_CNT)")
          .range(netrig::percent(1), netrig::percent(50))
          .unset("2")
          .per(NETRIG_FRACTION_ALL / 100)
          .as_u32(IFLA_BR_MCAST_LAST_MEMBER_CNT),
      netrig::fraction("odds", "a share that only functions read").inspected(),
      netrig::bytes("hello", "where it sends its hellos (IFLA_BR_GROUP_ADDR)").range(6, 6).inspected(),
      netrig::bytes("key", "what nobody is to see").range(1, 64).secret(),
      netrig::name_space("beside", "a namespace that it knows").create_only(),
      netrig::table("entries", "forwarding entries").range(0, 3),
      netrig::mac("entries.mac", "whose frames stay here").required(),
      netrig::integer("entries.vlan", "its VLAN").range(1, 4094),
      netrig::text("entries.note", "what it is for").by_default("none"),
      netrig::bytes("entries.password", "what nobody is to see").secret(),
      netrig::integer("entries.numbers", "several").list(),
      netrig::name_space("entries.home", "where it lives"),
      netrig::file("settings", "its ageing time in clock ticks (IFLA_BR_AGEING_TIME)").range(1, 100),
      netrig::file("tokens", "several").list(),
      netrig::file("secret", "what nobody is to see").range(0, 65536).secret(),
  };

  static void settle(netrig::Existing& device) { set(device, std::string_view()); }
  static void change(netrig::Existing& device) { set(device, device.record()); }

  static void inspect(netrig::Existing& device) {
    device.get_link_data(0, [&](std::uint16_t type, const void* value, std::uint32_t size) {
      const auto* from = static_cast<const std::uint8_t*>(value);
      if (type == IFLA_BR_GROUP_ADDR && device.count("hello") != 0)
        device.tell("hello", std::vector<std::uint8_t>(from, from + size));
    });
    if (const auto odds = device.get_integer("odds")) device.tell("odds", *odds);
    device.set_state("key", device.get_bytes("key") ? "known" : "forgotten");
    const auto* beside = device.get_reference("beside");
    device.set_state("beside", beside == nullptr      ? "nothing"
                               : beside->ifindex == 0 ? std::string(beside->text) + ", gone"
                                                      : std::string(beside->text) + ", there by " + beside->name);
    device.set_state("rows", std::to_string(device.count("entries")));
    device.set_state("tokens", std::to_string(device.count("tokens")));
    device.set_state("settings", device.get_file("settings") ? "read" : "not kept");
  }
  static void destroy(netrig::Existing& device) {
    device.log(NETRIG_LOG_WARNING, "destroy: " + std::to_string(device.count("entries")) + " entries");
    device.delete_link(0);
  }

 private:
  static void set(netrig::Existing& device, std::string_view before) {
    netrig::Attributes data;
    if (const auto hello = device.get_bytes("hello"))
      data.bytes(IFLA_BR_GROUP_ADDR, hello->data(), static_cast<std::uint32_t>(hello->size()));
    if (const auto settings = device.get_file("settings"))
      data.u32(IFLA_BR_AGEING_TIME, static_cast<std::uint32_t>(std::atoi(text_of(*settings).c_str())));
    if (data.size() != 0) device.set_link(0, "bridge", nullptr, &data);
    for (std::size_t at = 0; at + 6 <= before.size(); at += 6) entry(device, RTM_DELNEIGH, before.data() + at);
    std::string record;
    for (std::uint32_t row = 0; row < device.count("entries"); ++row) {
      const netrig::Mac mac = device.get_mac(netrig::cell("entries", row, "mac").c_str()).value_or(netrig::Mac{});
      record.append(reinterpret_cast<const char*>(mac.data()), mac.size());
    }
    device.save_record(record.data(), static_cast<std::uint32_t>(record.size()));
    for (std::uint32_t row = 0; row < device.count("entries"); ++row) {
      const auto cell = [&](const char* column) { return netrig::cell("entries", row, column); };
      const auto vlan = device.get_integer(cell("vlan").c_str());
      entry(device, RTM_NEWNEIGH, record.data() + row * 6);
      std::string words = "entry " + std::to_string(row) + ": note " +
                          std::string(device.get_text(cell("note").c_str()).value_or("")) + ", vlan " +
                          (vlan ? std::to_string(*vlan) : "none") + ", numbers";
      for (std::uint32_t i = 0; i < device.count(cell("numbers").c_str()); ++i)
        words += " " + std::to_string(device.get_integer(cell("numbers").c_str(), i).value_or(0));
      if (const auto* home = device.get_reference(cell("home").c_str())) words += std::string(", home ") + home->text;
      if (const auto password = device.get_bytes(cell("password").c_str()))
        words += ", password " + std::string(password->begin(), password->end());
      device.log(NETRIG_LOG_WARNING, words);
    }
    if (const auto key = device.get_bytes("key"))
      device.log(NETRIG_LOG_WARNING, "key " + hex(*key) + " of " + std::to_string(key->size()) + " bytes");
    if (const auto secret = device.get_file("secret"))
      device.log(NETRIG_LOG_WARNING, "secret " + text_of(*secret) + " of " + std::to_string(secret->size) + " bytes");
    if (const auto odds = device.get_integer("odds")) device.log(NETRIG_LOG_WARNING, "odds " + std::to_string(*odds));
    if (device.changed("entries")) device.log(NETRIG_LOG_WARNING, "entries have changed");
  }

  static void entry(const netrig::Existing& device, std::uint16_t type, const void* mac) {
    netrig::Attributes attributes;
    attributes.bytes(NDA_LLADDR, mac, 6);
    ndmsg header{};
    header.ndm_family = AF_BRIDGE;
    header.ndm_state = NUD_PERMANENT;
    header.ndm_flags = NTF_SELF;
    std::string message(reinterpret_cast<const char*>(&header), sizeof header);
    message.append(static_cast<const char*>(attributes.data()), attributes.size());
    const std::uint16_t flags = type == RTM_NEWNEIGH ? NLM_F_CREATE | NLM_F_REPLACE : 0;
    device.request(0, type, flags, message.data(), static_cast<std::uint32_t>(message.size()));
  }

  static std::string text_of(const netrig::File& file) {
    std::string text(file.size, '\0');
    std::size_t done = 0;
    while (done < text.size()) {
      const ssize_t size = ::read(file.fd, text.data() + done, text.size() - done);
      if (size <= 0) throw netrig::Failure(NETRIG_IO, "the file ends early");
      done += static_cast<std::size_t>(size);
    }
    return text;
  }

  static std::string hex(const std::vector<std::uint8_t>& bytes) {
    static const char* const kDigits = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t byte : bytes) {
      text += kDigits[byte >> 4];
      text += kDigits[byte & 15];
    }
    return text;
  }
};

NETRIG_DRIVER_WITH_FUNCTIONS(Every)
