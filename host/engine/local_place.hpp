// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/place.hpp"
#include "engine/run.hpp"

namespace netrig::engine {

/// This machine's kernel, and drivers.
class LocalPlace final : public Place {
 public:
  explicit LocalPlace(Run& run) : run_(run) {}

  plan::Seen look(const Record& record, const Lab* current, const Lab& next) override;
  SpaceState look_again(const std::string& space, const Interest& interest) override;
  bool is_open(const std::string& space) override;
  void open(const std::vector<MadeNamespace>& namespaces) override;
  void create_namespaces(const Lab& lab, const std::vector<std::size_t>& which) override;
  void create_devices(const Lab& lab, const std::vector<std::size_t>& level) override;
  void hold_sysctls(const Lab& lab) override;
  void note_holds() override;
  void restore_holds() override;
  void settle_sysctls(const Lab& lab) override;
  void change_devices(const Lab& lab, const std::vector<plan::DeviceChange>& which) override;
  void settle_devices(const Lab& lab, const std::vector<std::size_t>& which) override;
  void carry_out(const Lab& lab, const Namespace& space, const std::vector<Step>& steps) override;
  void set_down(const std::string& space, const std::vector<std::string>& links) override;
  void remove(const std::vector<MadeDevice>& devices, const std::vector<MadeNamespace>& namespaces) override;
  void remove_all() override;
  void settle(const std::vector<Rising>& rising) override;
  void wait_for_addresses(const Lab& lab) override;

 private:
  Run& run_;
};

}  // namespace netrig::engine
