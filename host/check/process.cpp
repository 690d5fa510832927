// SPDX-License-Identifier: Apache-2.0
#include "check/process.hpp"

namespace netrig::check {

Process start_process(const Ground& ground, const ProcessSpec& spec) {
  return Process::start(ground.place(spec.space), {.command = spec.command});
}

Output run_command(const Ground& ground, const ProcessSpec& spec, const Until& until) {
  return process::run_command(ground.place(spec.space), {.command = spec.command}, until);
}

std::vector<Process> start_services(const Ground& ground, const std::vector<const Service*>& services,
                                    const Until& until) {
  const auto place = [&](const Service& service) { return ground.place(*ground.lab().find_namespace(service.space)); };
  return process::start_services(
      {.lab = ground.lab(),
       .place = place,
       .begin = [&](const Service& service) { return Process::start(place(service), process::task_of(service)); }},
      services, until);
}

Process start_service(const Ground& ground, const Service& service, const Until& until) {
  return std::move(start_services(ground, {&service}, until).front());
}

}  // namespace netrig::check
