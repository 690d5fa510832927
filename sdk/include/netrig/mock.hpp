// SPDX-License-Identifier: Apache-2.0
//
// C++17 layer over netrig/mock.h: a host that makes nothing, for unit tests of a driver. Header only; the sources of
// the mock host are built with the test, as for C.
//
//   netrig::Mock mock;
//   mock.set("tx_queues", "4");
//   assert(mock.create() == NETRIG_OK && mock.broken().empty());
//   assert(mock.asked("create_link").attribute(IFLA_NUM_TX_QUEUES) == 4);
#ifndef NETRIG_MOCK_HPP
#define NETRIG_MOCK_HPP

#include <netrig/mock.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace netrig {

/// One thing that the driver asked for, with its attributes as numbers and texts.
struct Asked : netrig_mock_asked {
  /// A number among `attributes`; nothing: there is none.
  [[nodiscard]] std::optional<std::uint64_t> attribute(std::uint16_t type) const { return number(attributes, type); }
  /// Among what is in IFLA_INFO_DATA.
  [[nodiscard]] std::optional<std::uint64_t> in_data(std::uint16_t type) const { return number(data, type); }
  [[nodiscard]] std::optional<std::uint64_t> of_peer(std::uint16_t type) const { return number(peer_attributes, type); }

  static std::optional<std::uint64_t> number(netrig_mock_bytes list, std::uint16_t type) {
    if (netrig_mock_get(list, type).data == nullptr) return std::nullopt;
    return netrig_mock_number(list, type, 0);
  }
};

/// One device of a driver, and a host for it. What the functions do is in netrig/mock.h.
class Mock {
 public:
  /// Of the driver that is linked with the test.
  Mock() : Mock(netrig_mock_new(&netrig_driver)) {}
  /// Of a plugin's file.
  explicit Mock(const std::string& path) : Mock(netrig_mock_load(path.c_str())) {}

  /// Throws std::invalid_argument for what no lab file may say.
  Mock& set(const char* parameter, const std::string& text) {
    return took(netrig_mock_set(raw(), parameter, text.c_str()));
  }
  Mock& add(const char* parameter, const std::string& text) {
    return took(netrig_mock_add(raw(), parameter, text.c_str()));
  }
  Mock& set_file(const char* parameter, std::string_view content) {
    return took(netrig_mock_set_file(raw(), parameter, content.data(), static_cast<std::uint32_t>(content.size())));
  }
  Mock& add_file(const char* parameter, std::string_view content) {
    return took(netrig_mock_add_file(raw(), parameter, content.data(), static_cast<std::uint32_t>(content.size())));
  }
  Mock& unset(const char* parameter) { return netrig_mock_unset(raw(), parameter), *this; }
  Mock& refuse(const char* call, std::uint32_t nth, int error_number, const char* words = "") {
    return netrig_mock_refuse(raw(), call, nth, error_number, words), *this;
  }
  Mock& lack(const char* service) { return netrig_mock_lack(raw(), service), *this; }
  Mock& grant(std::uint32_t privileges) { return netrig_mock_grant(raw(), privileges), *this; }
  [[nodiscard]] netrig_interface& interface(std::uint32_t index) const { return *netrig_mock_interface(raw(), index); }

  netrig_status validate() { return netrig_mock_run(raw(), NETRIG_FUNCTION_VALIDATE); }
  netrig_status create() { return netrig_mock_run(raw(), NETRIG_FUNCTION_CREATE); }
  netrig_status settle() { return netrig_mock_run(raw(), NETRIG_FUNCTION_SETTLE); }
  netrig_status change() { return netrig_mock_run(raw(), NETRIG_FUNCTION_CHANGE); }
  netrig_status inspect() { return netrig_mock_run(raw(), NETRIG_FUNCTION_INSPECT); }
  netrig_status destroy() { return netrig_mock_run(raw(), NETRIG_FUNCTION_DESTROY); }

  [[nodiscard]] std::string message() const { return netrig_mock_message(raw()); }
  /// "": no law that is looked at here.
  [[nodiscard]] std::string broken() const { return text(netrig_mock_broken(raw())).value_or(""); }
  [[nodiscard]] std::vector<Asked> asked() const {
    std::uint32_t count = 0;
    const netrig_mock_asked* all = netrig_mock_all(raw(), &count);
    std::vector<Asked> list;
    for (std::uint32_t i = 0; i < count; ++i) list.push_back({all[i]});
    return list;
  }
  /// The nth call of that name. Throws std::out_of_range if there were fewer.
  [[nodiscard]] Asked asked(const char* call, std::uint32_t nth = 1) const {
    const netrig_mock_asked* one = netrig_mock_find(raw(), call, nth);
    if (one == nullptr) throw std::out_of_range(std::string("the driver did not ask that often for ") + call);
    return {*one};
  }
  [[nodiscard]] std::string_view record() const {
    const netrig_mock_bytes bytes = netrig_mock_record(raw());
    return {static_cast<const char*>(bytes.data), bytes.size};
  }
  [[nodiscard]] std::optional<std::string> state(const char* name) const {
    return text(netrig_mock_state(raw(), name));
  }
  [[nodiscard]] std::optional<std::string> told(const char* parameter, std::uint32_t index = 0) const {
    return text(netrig_mock_told(raw(), parameter, index));
  }

  /// For the functions of netrig/mock.h that have no member here.
  [[nodiscard]] struct netrig_mock* raw() const { return mock_.get(); }

 private:
  explicit Mock(struct netrig_mock* mock) : mock_(mock, &netrig_mock_free) {}
  Mock& took(netrig_status status) {
    if (status != NETRIG_OK) throw std::invalid_argument(message());
    return *this;
  }
  static std::optional<std::string> text(const char* from) {
    return from == nullptr ? std::nullopt : std::optional<std::string>(from);
  }

  std::unique_ptr<struct netrig_mock, void (*)(struct netrig_mock*)> mock_;
};

}  // namespace netrig

#endif  // NETRIG_MOCK_HPP
