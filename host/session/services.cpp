// SPDX-License-Identifier: Apache-2.0
#include "session/services.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <unordered_map>

#include "engine/services.hpp"
#include "kernel/inside.hpp"
#include "kernel/namespace.hpp"
#include "process/startup.hpp"

namespace netrig::session {
namespace {

using engine::MadeService;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

/// The namespaces of services, opened once each, and only if they are still the lab's own.
class Homes {
 public:
  Homes(const engine::Record& record, const Lab& lab) : record_(record), lab_(lab) {}

  process::Place place_of(const Service& service) {
    const std::size_t space = *lab_.find_namespace(service.space);
    return {.space = open(space).fd, .home = lab_.namespaces[space], .lab = lab_.name.str()};
  }
  std::uint64_t cookie_of(const Service& service) { return open(*lab_.find_namespace(service.space)).cookie; }

 private:
  struct Open {
    UniqueFd fd;
    std::uint64_t cookie = 0;
  };

  const Open& open(std::size_t space) {
    if (const auto found = open_.find(space); found != open_.end()) return found->second;
    const Namespace& home = lab_.namespaces[space];
    const auto made = std::find_if(record_.namespaces.begin(), record_.namespaces.end(),
                                   [&](const engine::MadeNamespace& one) { return one.name == home.name.str(); });
    auto fd = kernel::open_namespace(kernel::path_of(home));
    std::uint64_t cookie = 0;
    if (fd) kernel::aside([&] { cookie = kernel::cookie_of(*fd); });
    if (!fd || made == record_.namespaces.end() || made->cookie != cookie)
      throw Error(ErrorCode::not_found,
                  fmt::format("namespace {} of lab {} is gone", home.name.str(), lab_.name.str()));
    return open_.emplace(space, Open{.fd = std::move(*fd), .cookie = cookie}).first->second;
  }

  const engine::Record& record_;
  const Lab& lab_;
  std::unordered_map<std::size_t, Open> open_;
};

void end(engine::Journal& journal, const std::vector<MadeService>& services) {
  const auto unended = engine::end_services(journal, services);
  if (!unended.empty())
    throw Error(ErrorCode::failed, fmt::format("service {}: {}", unended.front().service.name, unended.front().why));
}

/// Those of these names that the record has.
std::vector<MadeService> made_of(const engine::Record& record, const std::vector<const Service*>& services) {
  std::vector<MadeService> made;
  for (const Service* service : services)
    if (const MadeService* one = record.find_service(service->name)) made.push_back(*one);
  return made;
}

class Beginning {
 public:
  Beginning(engine::Journal& journal, const Lab& lab, std::vector<const Service*> services)
      : journal_(journal),
        lab_(lab),
        services_(std::move(services)),
        homes_(journal.record(), lab),
        logs_(journal.logs()) {}

  void run(const ServiceStart& how) {
    std::chrono::nanoseconds longest{};
    for (const Service* service : services_) longest += service->timeout;  // one may wait for the other
    std::size_t done = 0;
    const process::Starter starter{.lab = lab_,
                                   .place = [&](const Service& service) { return homes_.place_of(service); },
                                   .begin = [&](const Service& service) { return begin(service); },
                                   .ready =
                                       [&](const Service& service) {
                                         MadeService made = *journal_.record().find_service(service.name);
                                         made.ready = true;
                                         journal_.done(made);
                                         if (how.progress) how.progress("services", ++done, services_.size());
                                       }};
    if (how.progress) how.progress("services", 0, services_.size());
    process::start_services(starter, services_, {process::Clock::now() + longest, how.interrupted});
  }

 private:
  /// It is in the record before it is there, and who it is before its command runs: a netrig that is killed in between
  /// leaves nothing that the next one does not know.
  process::Process begin(const Service& service) {
    MadeService made{.name = service.name,
                     .home = service.space,
                     .cookie = homes_.cookie_of(service),
                     .fingerprint = engine::fingerprint_in(lab_, service),
                     .stop = duration_cast<milliseconds>(service.stop).count()};
    const process::Task task = process::task_of(service);
    journal_.intend(made);
    auto started =
        process::Process::prepare(homes_.place_of(service), task,
                                  {.directory = logs_.get(), .service = service.name, .most = logs_ ? service.log : 0});
    made.identity = started.identity();
    journal_.done(made);
    started.go();
    return started;
  }

  engine::Journal& journal_;
  const Lab& lab_;
  std::vector<const Service*> services_;
  Homes homes_;
  UniqueFd logs_;
};

}  // namespace

void check_services(const Lab& lab) {
  for (const Service& service : lab.services) try {
      if (!service.user.empty()) static_cast<void>(process::user_of(service.user));
    } catch (const Error& error) {
      throw Error(error.code(), fmt::format("service {}: {}", service.name, error.message()), lab.at(service.where));
    }
}

void end_changed_services(engine::Journal& journal, const Lab& lab) {
  end(journal, engine::unwanted_services(journal.record(), lab));
  end(journal, made_of(journal.record(), engine::services_to_start(journal.record(), lab)));
}

void bring_services(engine::Journal& journal, const Lab& lab, const ServiceStart& how) {
  end(journal, engine::unwanted_services(journal.record(), lab));
  start_services(journal, lab, engine::services_to_start(journal.record(), lab), how);
}

void start_services(engine::Journal& journal, const Lab& lab, const std::vector<const Service*>& missing,
                    const ServiceStart& how) {
  if (missing.empty()) return;
  end(journal, made_of(journal.record(), missing));
  try {
    Beginning(journal, lab, missing).run(how);
  } catch (const std::exception&) {
    const auto first = std::current_exception();
    std::vector<MadeService> unready = made_of(journal.record(), missing);
    std::erase_if(unready, [](const MadeService& made) { return made.ready; });
    try {
      end(journal, unready);
    } catch (const Error& error) {  // what came first is what counts
      spdlog::warn("{}", error.what());
    }
    std::rethrow_exception(first);
  }
}

}  // namespace netrig::session
