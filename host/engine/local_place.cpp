// SPDX-License-Identifier: Apache-2.0
#include "engine/local_place.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/inspection.hpp"
#include "engine/shared.hpp"
#include "engine/sight.hpp"
#include "kernel/inside.hpp"
#include "kernel/namespace.hpp"
#include "model/error.hpp"

namespace netrig::engine {
namespace {

/// An existing namespace that the lab no longer uses gets back what it was.
void leave_namespace(Run& run, const MadeNamespace& made) {
  const Use use{.lab = run.journal.record().lab, .home = made.name, .cookie = made.cookie};
  const Record& record = run.journal.record();
  if (Space* space = run.spaces.find(made.name); space != nullptr)
    kernel::inside(space->fd(), [&] {
      if (std::any_of(record.objects.begin(), record.objects.end(),
                      [&](const MadeObject& object) { return object.home == made.name; }))
        remove_objects(run, *space, made.name);
      for (const SavedSysctl& saved : to_give_back(record)) {
        if (saved.home != made.name || goes_with_link(record, saved)) continue;
        kernel::enter(space->fd());
        give_back_sysctl(use, saved);
        run.journal.undone(saved);
      }
    });
  leave_existing(use);
}

}  // namespace

plan::Seen LocalPlace::look(const Record& record, const Lab* current, const Lab& next) {
  plan::Seen seen = engine::look(run_.spaces, record, current, next, run_.threads);
  if (current != nullptr) add_told(ask_devices(run_.drivers, run_.spaces, record, *current), seen);
  return seen;
}

SpaceState LocalPlace::look_again(const std::string& space, const Interest& interest) {
  SpaceState state;
  kernel::aside([&] {
    Space& place = run_.spaces.at(space);
    state = engine::look_again(place, interest, run_.journal.shown_in(space));
    place.release_socket();
  });
  return state;
}

bool LocalPlace::is_open(const std::string& space) { return run_.spaces.find(space) != nullptr; }

void LocalPlace::open(const std::vector<MadeNamespace>& namespaces) { open_recorded(run_, namespaces); }

void LocalPlace::create_namespaces(const Lab& lab, const std::vector<std::size_t>& which) {
  engine::create_namespaces(run_, lab, which);
}

void LocalPlace::create_devices(const Lab& lab, const std::vector<std::size_t>& level) {
  engine::create_devices(run_, lab, level);
}

void LocalPlace::hold_sysctls(const Lab& lab) { engine::hold_sysctls(run_, lab); }

void LocalPlace::note_holds() { engine::note_holds(run_); }

void LocalPlace::restore_holds() { engine::restore_holds(run_); }

void LocalPlace::settle_sysctls(const Lab& lab) { engine::settle_sysctls(run_, lab); }

void LocalPlace::change_devices(const Lab& lab, const std::vector<plan::DeviceChange>& which) {
  engine::change_devices(run_, lab, which);
}

void LocalPlace::settle_devices(const Lab& lab, const std::vector<std::size_t>& which) {
  engine::settle_devices(run_, lab, which);
}

void LocalPlace::carry_out(const Lab& lab, const Namespace& space, const std::vector<Step>& steps) {
  engine::carry_out(run_, lab, space, steps);
}

void LocalPlace::set_down(const std::string& space, const std::vector<std::string>& links) {
  Space* place = run_.spaces.find(space);
  if (place == nullptr) return;
  kernel::aside([&] {
    kernel::Batch batch;
    for (const std::string& name : links)
      if (const auto found = place->ifindex.find(name); found != place->ifindex.end())
        kernel::set_link_up(batch, found->second, false);
    if (!batch.empty()) place->socket().run(batch, kernel::Socket::OnRefusal::go_on);
    place->release_socket();
  });
}

void LocalPlace::remove(const std::vector<MadeDevice>& devices, const std::vector<MadeNamespace>& namespaces) {
  std::unordered_set<std::string> doomed;
  for (const MadeNamespace& made : namespaces)
    if (!made.existing) doomed.insert(made.name);
  remove_devices(run_, devices, doomed);
  const auto resists = [&](const MadeDevice& device) {
    return std::any_of(run_.left.begin(), run_.left.end(),
                       [&](const Left& left) { return left.what == fmt::format("device {}", device.name); });
  };
  for (const MadeDevice& device : devices)
    if (!resists(device)) run_.journal.undone(device);
  for (const MadeNamespace& made : namespaces)
    if (made.existing) leave_namespace(run_, made);
  std::vector<MadeNamespace> going = namespaces;
  std::erase_if(going, [&](const MadeNamespace& made) { return run_.stays(made.name); });
  remove_namespaces(run_, going);
  for (const MadeNamespace& made : going)
    if (!run_.is_left(made.name)) run_.journal.undone(made);
  if (!run_.left.empty())
    throw Error(ErrorCode::failed,
                fmt::format("could not remove {}: {}", run_.left.front().what, run_.left.front().why));
}

void LocalPlace::remove_all() { engine::remove_all(run_); }

void LocalPlace::settle(const std::vector<Rising>& rising) { settle_links(run_, rising); }

void LocalPlace::wait_for_addresses(const Lab& lab) { engine::wait_for_addresses(run_, lab); }

}  // namespace netrig::engine
