// SPDX-License-Identifier: Apache-2.0
// What a table may not say of the kernel: what does not fit together, and what would reach beyond the link.
#include <fmt/format.h>
#include <linux/if_link.h>
#include <netrig/driver.h>

#include <algorithm>
#include <limits>

#include "driver/refusal.hpp"
#include "driver/security.hpp"
#include "driver/table.hpp"
#include "model/error.hpp"

namespace netrig::driver {
namespace {

constexpr std::uint16_t kPlaces = KernelPlace::kData | KernelPlace::kLink | KernelPlace::kPeer;
constexpr std::uint16_t kLargestAttribute = 0x3fff;  // NLA_TYPE_MASK; above are flags

class Rules {
 public:
  explicit Rules(const DriverDescription& about)
      : about_(about), kind_(about.link_kinds.empty() ? std::string() : about.link_kinds.front()) {}

  void check() {
    check_link();
    for (const ParameterDeclaration& one : about_.parameters) {
      parameter_ = &one;
      if (one.type != ParameterType::unknown) check_parameter(one);
    }
  }

 private:
  /// As a part of what is being looked at (`check_`).
  [[noreturn]] void refuse(const std::string& reason) const {
    throw Refusal(check_, parameter_ == nullptr ? reason : fmt::format("parameter {} {}", parameter_->name, reason));
  }
  void require(bool good, const char* reason) const {
    if (!good) refuse(reason);
  }
  /// What of `netrig drivers test` a fault from here on is.
  void at(const char* check) const { check_ = check; }

  /// The link that the table makes, if it makes one.
  void check_link() const {
    at("table.link");
    if (about_.peer_attribute != 0 && (kind_.empty() || about_.peer_attribute != peer_attribute(kind_)))
      refuse(fmt::format("its table makes the second end of a \"{}\" by attribute {}, which is none", kind_,
                         about_.peer_attribute));
    if (about_.borrows() || (about_.wants & NETRIG_WANTS_BORROW) != 0) return check_borrowing();
    if ((about_.functions & NETRIG_FUNCTION_CREATE) != 0) return;
    require(!kind_.empty(), "its table names no link kind, and it has no function to create anything");
    if (about_.peer_attribute == 0 && peer_attribute(kind_) != 0)
      refuse(fmt::format("its table hides the second end of a {}", kind_));
    const std::uint32_t makes = about_.peer_attribute == 0 ? 1 : 2;
    if (about_.min_interfaces != makes || about_.max_interfaces != makes)
      refuse(fmt::format("its table makes {} of {} to {} interfaces, and it has no function to create the others",
                         makes, about_.min_interfaces, about_.max_interfaces));
  }

  /// It makes no link, and what it borrows nobody may make another of.
  void check_borrowing() const {
    require(about_.borrows(), "its table asks to borrow interfaces, and has no parameter to find one by");
    require((about_.wants & NETRIG_WANTS_BORROW) != 0,
            "its table has a parameter to find an interface by, and does not ask to borrow any");
    require(kind_.empty(), "its table borrows an interface, and names link kinds to make");
    require(about_.min_interfaces == 1 && about_.max_interfaces == 1, "its table borrows more than one interface");
    require(std::any_of(about_.parameters.begin(), about_.parameters.end(),
                        [](const auto& one) {
                          return one.searches() && one.kernel.attribute != static_cast<std::uint16_t>(Search::force);
                        }),
            "its table borrows by force alone, and has no parameter to find an interface by");
  }

  /// What it is found by has a type of its own, and is nothing for the kernel.
  void check_search(const ParameterDeclaration& one) const {
    at("parameters.search");
    bool fits = false;
    switch (static_cast<Search>(one.kernel.attribute)) {
      case Search::name:
        fits = one.type == ParameterType::interface;
        break;
      case Search::mac:
        fits = one.type == ParameterType::mac;
        break;
      case Search::bus_address:
      case Search::driver:
        fits = one.type == ParameterType::string;
        break;
      case Search::force:
        fits = one.type == ParameterType::boolean;
        break;
    }
    require(fits, "finds an interface by what this netrig does not know, or by another type");
    KernelPlace plain;
    plain.places = one.kernel.places;
    plain.attribute = one.kernel.attribute;
    require(one.kernel == plain && !one.list && !one.secret && !one.inspected,
            "finds an interface, and is a list, a secret or an attribute, too");
    const auto twice = [&](const auto& other) {
      return &other != &one && other.searches() && other.kernel.attribute == one.kernel.attribute;
    };
    require(std::none_of(about_.parameters.begin(), about_.parameters.end(), twice), "finds by what another does");
  }

  void check_parameter(const ParameterDeclaration& one) const {
    const KernelPlace& kernel = one.kernel;
    at("parameters.place");
    if (kernel.places == 0) {
      require(kernel.attribute == 0 && kernel.attribute6 == 0 && kernel.encoding == Encoding::nothing &&
                  kernel.element == 0 && kernel.also_attribute == 0,
              "has an attribute and no place for it");
      require(kernel.scale == 1 && kernel.mask == 0 && kernel.tolerance == 0,
              "has a scale, a tolerance or bits, and no attribute that they are of");
      require(about_.functions != 0, "has no place in the kernel, and there is no function to read it");
      return;
    }
    if (one.searches()) return check_search(one);
    require((kernel.places & ~kPlaces) == 0, "has a place that this netrig does not know");
    require(!kind_.empty(), "goes to the kernel, and its table names no link kind");
    require(kernel.attribute != 0 && kernel.attribute <= kLargestAttribute, "has no attribute");
    check_encoding(one);
    check_numbers(one);
    if ((kernel.places & KernelPlace::kData) != 0)
      check_data(one);
    else
      check_link_attribute(one);
  }

  void check_encoding(const ParameterDeclaration& one) const {
    at("parameters.encoding");
    const Encoding as = one.kernel.encoding;
    require(as != Encoding::nothing && as <= Encoding::name_space, "has an encoding that this netrig does not know");
    const bool number = (as >= Encoding::u8 && as <= Encoding::be64) || as == Encoding::masked32;
    bool fits = false;
    switch (one.type) {
      case ParameterType::boolean:
        fits = (number && as != Encoding::s32) || as == Encoding::flag;
        break;
      case ParameterType::integer:
      case ParameterType::duration:
      case ParameterType::rate:
      case ParameterType::fraction:
      case ParameterType::enumeration:
        fits = number;
        break;
      case ParameterType::string:
        fits = as == Encoding::text;
        break;
      case ParameterType::mac:
        fits = as == Encoding::mac;
        break;
      case ParameterType::address:
        fits = as == Encoding::in4 || as == Encoding::in6 || as == Encoding::ip;
        break;
      case ParameterType::interface:
        // Interface numbers come from references alone, and nothing else becomes one.
        fits = as == Encoding::ifindex;
        break;
      case ParameterType::name_space:
        fits = as == Encoding::name_space;
        break;
      // Functions alone read what has no one form in the kernel: no table hands over bytes of its own making.
      case ParameterType::prefix:
      case ParameterType::bytes:
      case ParameterType::table:
      case ParameterType::file:
      case ParameterType::unknown:
        break;
    }
    if (!fits) refuse("has an encoding that does not fit its type");
    require(as == Encoding::ip || one.kernel.attribute6 == 0, "has a second attribute and no address");
    require(as != Encoding::ip || (one.kernel.attribute6 != 0 && one.kernel.attribute6 <= kLargestAttribute &&
                                   one.kernel.attribute6 != one.kernel.attribute),
            "has no attribute of its own for IPv6");
    require(as != Encoding::masked32 || one.kernel.mask != 0, "says bits and not which");
    require(one.kernel.mask == 0 || number, "has bits of what is no number");
    require(!one.kernel.probe || one.is_seen(), "is to be probed, and cannot be read");
  }

  /// Whatever the lab file may say fits into the attribute.
  void check_numbers(const ParameterDeclaration& one) const {
    at("parameters.range");
    const std::uint64_t most = largest(one.kernel);
    const std::uint64_t scale = one.kernel.scale;
    require(scale <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()), "has a scale beyond bounds");
    if (one.kernel.mask != 0)
      require(one.kernel.mask <= width(one.kernel.encoding), "has bits that its attribute does not have");
    if (is_count(one.type)) {
      require(one.minimum != 0 || one.maximum != 0, "has no range");
      const auto units = static_cast<std::int64_t>(scale);
      if (one.kernel.encoding == Encoding::s32)
        require(one.minimum / units >= std::numeric_limits<std::int32_t>::min() &&
                    one.maximum / units <= std::numeric_limits<std::int32_t>::max(),
                "can be larger than its attribute");
      else
        require(one.minimum >= 0 && static_cast<std::uint64_t>(one.maximum) / scale <= most,
                "can be negative, or larger than its attribute");
    }
    for (const ParameterChoice& choice : one.choices)
      require(choice.value <= most, "has a choice that is larger than its attribute");
  }
  static std::uint64_t width(Encoding encoding) {
    switch (encoding) {
      case Encoding::u8:
        return 0xff;
      case Encoding::u16:
      case Encoding::be16:
        return 0xffff;
      case Encoding::u64:
      case Encoding::be64:
        return std::numeric_limits<std::uint64_t>::max();
      default:
        return 0xffffffff;
    }
  }
  static std::uint64_t largest(const KernelPlace& kernel) {
    if (kernel.mask == 0) return width(kernel.encoding);
    std::uint64_t bits = kernel.mask;
    while ((bits & 1) == 0) bits >>= 1;
    return bits;
  }

  void check_data(const ParameterDeclaration& one) const {
    const KernelPlace& kernel = one.kernel;
    at("parameters.place");
    require(kernel.places == KernelPlace::kData, "is in the data and elsewhere, too");
    require(kernel.encoding != Encoding::name_space, "is where a link is made, and no data");
    at("parameters.lists");
    require(one.list == (kernel.element != 0), "is a list without elements, or has elements and is no list");
    require(kernel.element <= kLargestAttribute || kernel.element == KernelPlace::kCounted, "has no such element");
    require(
        !one.list || (kernel.mask == 0 && kernel.encoding != Encoding::flag && kernel.encoding != Encoding::masked32 &&
                      kernel.encoding != Encoding::ip && kernel.encoding != Encoding::ifindex),
        "is a list of what cannot be in one");
    at("parameters.reach");
    for (const std::uint16_t attribute : {kernel.attribute, kernel.attribute6, kernel.also_attribute}) {
      const auto reach = attribute == 0 ? std::nullopt : reach_of(kind_, attribute);
      const bool reference = kernel.encoding == Encoding::ifindex && attribute == kernel.attribute;
      if (reach == Reach::peer) refuse(fmt::format("makes a second end of a {}", kind_));
      if (reach == Reach::descriptor) refuse(fmt::format("is the number of a file of a {}", kind_));
      if (reach == Reach::interface && !reference)
        refuse("is the number of an interface, and no reference (netrig::interface)");
    }
    if (kernel.also_attribute == 0) return;
    at("parameters.along");
    require(kernel.also_attribute <= kLargestAttribute && kernel.also_encoding >= Encoding::u8 &&
                kernel.also_encoding <= Encoding::be64 && kernel.also_value <= width(kernel.also_encoding),
            "takes along what is no number");
  }

  void check_link_attribute(const ParameterDeclaration& one) const {
    const KernelPlace& kernel = one.kernel;
    at("parameters.link");
    const bool at_peer = (kernel.places & KernelPlace::kPeer) != 0;
    require(!at_peer || about_.peer_attribute != 0, "is of a second end that there is not");
    require(!one.list && kernel.element == 0 && kernel.mask == 0 && kernel.also_attribute == 0,
            "is a link's own, which is one number");
    if (kernel.encoding == Encoding::ifindex) {
      require(kernel.attribute == IFLA_LINK && kernel.places == KernelPlace::kLink, "ties a link to another");
      require(kernel.create_only, "is what a link is made on, and that is create-only");
      return;
    }
    if (kernel.encoding == Encoding::name_space) {
      require(kernel.attribute == IFLA_LINK_NETNSID && kernel.places == KernelPlace::kLink && kernel.create_only,
              "is where a link is made, which is IFLA_LINK_NETNSID of the link, and create-only");
      return;
    }
    if (!is_harmless(kernel.attribute) || kernel.encoding != Encoding::u32)
      refuse(fmt::format("is link attribute {}, which is not a driver's to set like that", kernel.attribute));
    // alloc_netdev_mqs; nothing sets them later.
    const bool is_queues = kernel.attribute == IFLA_NUM_TX_QUEUES || kernel.attribute == IFLA_NUM_RX_QUEUES;
    require(!is_queues || kernel.create_only, "is a number of queues, and that is create-only");
  }

  const DriverDescription& about_;
  std::string kind_;
  mutable const char* check_ = "table.link";
  const ParameterDeclaration* parameter_ = nullptr;
};

}  // namespace

void check_kernel_places(const DriverDescription& about) { Rules(about).check(); }

}  // namespace netrig::driver
