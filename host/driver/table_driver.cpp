// SPDX-License-Identifier: Apache-2.0
#include "driver/table_driver.hpp"

#include <fmt/format.h>
#include <linux/netlink.h>
#include <netrig/driver.h>

#include <algorithm>
#include <mutex>
#include <set>

#include "kernel/parameter.hpp"
#include "model/error.hpp"

namespace netrig::driver {
namespace {

class TableDriver final : public Driver {
 public:
  TableDriver(std::shared_ptr<const DriverDescription> about, std::function<std::unique_ptr<Driver>()> functions)
      : about_(std::move(about)), load_(std::move(functions)) {}

  [[nodiscard]] const DriverDescription& description() const override { return *about_; }

  void validate(const CreateRequest& request) override {
    for (const ParameterDeclaration& one : about_->parameters) check_condition(one, *request.parameters);
    if (!has(NETRIG_FUNCTION_VALIDATE)) return;
    const auto& all = about_->parameters;
    const bool asked = std::none_of(all.begin(), all.end(), [](const auto& one) { return one.checked; }) ||
                       std::any_of(all.begin(), all.end(), [&](const auto& one) {
                         return one.checked && request.parameters->contains(one.name);
                       });
    if (asked) functions().validate(request);
  }

  CreateAnswer create(const CreateRequest& request, Services& services) override {
    if (has(NETRIG_FUNCTION_CREATE)) return functions().create(request, services);
    if (about_->borrows()) return {};  // it is there
    LinkOrder order;
    order.kind = about_->link_kinds.front();
    const std::vector<LinkParameter> own = welcome_on(0, *request.parameters);
    refer(order, own, request);
    order.attributes = kernel::encode(own, KernelPlace::kLink);
    order.data = kernel::encode(own, KernelPlace::kData,
                                [&](const InterfaceReference& target) { return reference(request, target).ifindex; });
    if (about_->peer_attribute != 0)
      order.peer = LinkPeer{.interface = 1,
                            .type = about_->peer_attribute,
                            .attributes = kernel::encode(welcome_on(1, *request.parameters), KernelPlace::kPeer)};
    const std::vector<LinkParameter> doubtful = to_be_probed(own);
    CreateAnswer answer;
    answer.orders.emplace_back(std::move(order));
    if (!doubtful.empty()) {
      const Flushed flushed = services.flush(std::exchange(answer.orders, {}));
      if (flushed.refusal) throw *flushed.refusal;
      probe(doubtful, services);
    }
    return answer;
  }

  DeviceAnswer change(const DeviceRequest& request, Services& services) override {
    return functions().change(request, services);
  }
  DeviceAnswer settle(const DeviceRequest& request, Services& services) override {
    return has(NETRIG_FUNCTION_SETTLE) ? functions().settle(request, services) : DeviceAnswer{};
  }

  DeviceAnswer destroy(const DeviceRequest& request, Services& services) override {
    if (has(NETRIG_FUNCTION_DESTROY)) return functions().destroy(request, services);
    DeviceAnswer answer;
    for (std::uint32_t i = 0; i < request.interfaces.size(); ++i) answer.orders.emplace_back(LinkDeletion{i});
    return answer;
  }

  /// What of its data is not as the kernel has it by itself.
  State inspect(const DeviceRequest& request, Services& services) override {
    if (has(NETRIG_FUNCTION_INSPECT)) return functions().inspect(request, services);
    State state{.present = true};
    for (std::uint32_t i = 0; i < request.interfaces.size(); ++i) {
      const auto seen = request.interfaces[i].ifindex == 0 ? std::nullopt : look(i, services);
      if (!seen) return {.present = false};
      if (i != 0) continue;
      for (const LinkParameter& one : *seen) {
        const ParameterDeclaration& declaration = *one.declaration;
        const auto unset = declaration.unset();
        const bool told = (declaration.kernel.places & KernelPlace::kData) != 0 && !declaration.secret;
        if (told && one.is_told() && (!unset || !agrees(declaration, *unset, one.values)))
          state.values.emplace_back(declaration.name, to_text(one.values, declaration.type));
      }
    }
    return state;
  }

 private:
  [[nodiscard]] bool has(std::uint32_t function) const { return about_->has(function); }

  /// Loads what there is to load, once: one that was refused is not tried for every device of a large lab.
  Driver& functions() {
    const std::lock_guard turn(mutex_);
    if (refusal_) throw Error(*refusal_);
    if (!functions_) try {
        functions_ = load_();
      } catch (const Error& error) {
        refusal_ = error;
        throw;
      }
    return *functions_;
  }

  void check_condition(const ParameterDeclaration& one, const Parameters& given) const {
    const auto found = one.only_with.empty() ? given.end() : given.find(one.name);
    if (found == given.end()) return;
    const auto unset = one.unset();
    if (unset && agrees(one, *unset, found->second.values)) return;
    if (!is_welcome(one, *about_, given)) {
      const std::size_t equals = one.only_with.find('=');
      throw Error(ErrorCode::invalid, fmt::format("{} needs {} = \"{}\"", one.name, one.only_with.substr(0, equals),
                                                  one.only_with.substr(equals + 1)));
    }
  }

  /// Without what may stand beside the others only because it is what the kernel has anyway (check_condition).
  [[nodiscard]] std::vector<LinkParameter> welcome_on(std::size_t interface, const Parameters& given) const {
    auto own = parameters_of_link(about_, given, interface);
    std::erase_if(own, [&](const LinkParameter& one) { return !is_welcome(*one.declaration, *about_, given); });
    return own;
  }

  static const Reference& reference(const CreateRequest& request, const InterfaceReference& target) {
    const auto found = std::find_if(request.references.begin(), request.references.end(),
                                    [&](const Reference& one) { return one.target == target; });
    if (found == request.references.end())
      throw Error(ErrorCode::internal, fmt::format("{}:{} is not resolved", target.home.str(), target.name.str()));
    return *found;
  }

  /// What the link sits on, or its data refers to: numbers of one namespace, in which it is then made.
  static void refer(LinkOrder& order, const std::vector<LinkParameter>& own, const CreateRequest& request) {
    const Reference* first = nullptr;
    for (const LinkParameter& one : own) {
      const Encoding as = one.declaration->kernel.encoding;
      if (as != Encoding::ifindex && as != Encoding::name_space) continue;
      const Reference& found = as == Encoding::ifindex
                                   ? reference(request, std::get<InterfaceReference>(one.values.front()))
                                   : reference(request, loopback_of(std::get<NamespaceReference>(one.values.front())));
      const auto number = static_cast<std::uint32_t>(&found - request.references.data());
      if (first != nullptr && first->target.home != found.target.home)
        throw Error(ErrorCode::invalid,
                    fmt::format("{} is in {}, and {} is in {}; both must be in one namespace", first->parameter,
                                first->target.home.str(), found.parameter, found.target.home.str()));
      first = &found;
      const bool lower = as == Encoding::ifindex && (one.declaration->kernel.places & KernelPlace::kLink) != 0;
      (lower ? order.lower : order.beside) = number;
    }
  }

  /// Attributes that the kernel may be too old for, as far as this run has not seen that it is not.
  std::vector<LinkParameter> to_be_probed(const std::vector<LinkParameter>& own) {
    const std::lock_guard turn(mutex_);
    std::vector<LinkParameter> doubtful;
    for (const LinkParameter& one : own)
      if (one.declaration->kernel.probe && !known_.contains(one.declaration->name)) doubtful.push_back(one);
    return doubtful;
  }

  /// The kernel takes attributes that it does not know without a word.
  void probe(const std::vector<LinkParameter>& doubtful, Services& services) {
    const auto seen = look(0, services);
    for (const LinkParameter& wanted : doubtful) {
      const ParameterDeclaration& one = *wanted.declaration;
      const auto told = !seen ? nullptr : find(*seen, one.name);
      if (told == nullptr || !agrees(one, wanted.values, told->values))
        throw Error(ErrorCode::unsupported, words_of_unknown(one));
      // What a kernel says that does not know it would be the same.
      const auto unset = one.unset();
      const std::lock_guard turn(mutex_);
      if (!unset || !agrees(one, *unset, wanted.values)) known_.insert(one.name);
    }
  }
  static const LinkParameter* find(const std::vector<LinkParameter>& all, const std::string& name) {
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const LinkParameter& one) { return one.declaration->name == name; });
    return found == all.end() ? nullptr : &*found;
  }

  /// Parameters of an interface that is there.
  std::optional<std::vector<LinkParameter>> look(std::uint32_t interface, Services& services) const {
    Bytes attributes;
    const bool there = services.get_link(interface, [&](std::uint16_t type, std::span<const std::byte> value) {
      nlattr header{};
      header.nla_len = static_cast<std::uint16_t>(sizeof header + value.size());
      header.nla_type = type;
      const auto* raw = reinterpret_cast<const std::byte*>(&header);
      attributes.insert(attributes.end(), raw, raw + sizeof header);
      attributes.insert(attributes.end(), value.begin(), value.end());
      attributes.resize(NLA_ALIGN(attributes.size()));
    });
    if (!there) return std::nullopt;
    return kernel::decode(about_, attributes);
  }

  std::shared_ptr<const DriverDescription> about_;
  std::function<std::unique_ptr<Driver>()> load_;
  std::mutex mutex_;
  std::unique_ptr<Driver> functions_;
  std::optional<Error> refusal_;
  std::set<std::string> known_;  ///< probed parameters that this kernel knows
};

}  // namespace

std::string words_of_unknown(const ParameterDeclaration& parameter) {
  return fmt::format("this kernel does not know {}: {}{}", parameter.name, parameter.help,
                     parameter.kernel_option.empty() ? "" : "; it needs " + parameter.kernel_option);
}

std::unique_ptr<Driver> make_table_driver(std::shared_ptr<const DriverDescription> about,
                                          std::function<std::unique_ptr<Driver>()> functions) {
  return std::make_unique<TableDriver>(std::move(about), std::move(functions));
}

}  // namespace netrig::driver
