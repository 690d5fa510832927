// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "check/impairment_keeper.hpp"
#include "check/link_keeper.hpp"
#include "check/services.hpp"

namespace netrig::check {

/// Where what a test asks for happens: links and services change, commands run. Thread: one at a time.
class Stage {
 public:
  /// `when`: "before", "during", for findings.
  Stage(const Job& job, TestServices& services, std::string_view when) : job_(job), services_(services), when_(when) {}

  /// False: it could not happen, or the command failed, which is a finding.
  bool happen(const Event& event);
  /// Puts links back, and what they do to packets; what cannot be is warned of.
  void restore();

  std::vector<EventResult> happened;
  std::vector<Finding> findings;
  std::vector<Attachment> attachments;

 private:
  void tell(const std::string& what) { happened.push_back({.at = job_.now(), .what = what}); }
  void set_links(const LinkEvent& event);
  void impair(const ImpairEvent& event);
  void change_services(const ServiceEvent& event);
  bool run(const PlacedCommand& placed);
  [[nodiscard]] std::string about(const Event& event) const;

  const Job& job_;
  TestServices& services_;
  std::string_view when_;
  LinkKeeper links_{job_.ground};
  ImpairmentKeeper impairments_{job_.ground};
  bool restored_ = false;
};

}  // namespace netrig::check
