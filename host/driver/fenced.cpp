// SPDX-License-Identifier: Apache-2.0
#include "driver/fenced.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <deque>
#include <fstream>
#include <mutex>
#include <sstream>

#include "driver/call.hpp"
#include "driver/file_content.hpp"
#include "driver/serving.hpp"
#include "model/error_number.hpp"

namespace netrig::driver {
namespace {

// A driver that keeps failing is not started for every device of a large lab.
constexpr int kMostFailures = 3;
constexpr int kMostLogLines = NETRIG_LOG_LINES_MAX;
constexpr int kMostServices = NETRIG_SERVICES_MAX;
constexpr std::size_t kLastWords = 3;  // lines of what it printed, in an error
constexpr std::size_t kMostPassed = 250;

/// Seccomp filters of a process; nothing: the kernel (before 5.9) does not count them.
std::optional<int> filters_of(const std::string& process) {
  std::ifstream file("/proc/" + process + "/status");
  for (std::string key; file >> key; file.ignore(4096, '\n'))
    if (int count = 0; key == "Seccomp_filters:" && file >> count) return count;
  return std::nullopt;
}

/// What the kernel says of the worker: it was fenced before code of the plugin ran, and cannot have undone that. The
/// second filter comes after the plugin is loaded, and might have been kept from coming.
void check_fence(int pid, std::uint32_t granted) {
  constexpr int kFilters = 2;
  const auto filters = filters_of(std::to_string(pid));
  if (filters && *filters < filters_of("self").value_or(0) + kFilters)
    throw Error(ErrorCode::driver, "the kernel does not show its worker as fenced (a seccomp filter is missing)");
  std::ifstream file(fmt::format("/proc/{}/status", pid));
  std::uint64_t effective = 0;
  std::uint64_t permitted = 0;
  int no_new_privileges = -1;
  int seccomp = -1;
  for (std::string key; file >> key; file.ignore(4096, '\n')) {
    if (key == "CapPrm:") file >> std::hex >> permitted >> std::dec;
    if (key == "CapEff:") file >> std::hex >> effective >> std::dec;
    if (key == "NoNewPrivs:") file >> no_new_privileges;
    if (key == "Seccomp:") file >> seccomp;
  }
  const bool bare = ((effective | permitted) & ~capabilities_of(granted)) == 0;
  if (seccomp < 0) throw Error(ErrorCode::failed, fmt::format("cannot read /proc/{}/status", pid));
  if (bare && no_new_privileges == 1 && seccomp == 2) return;
  throw Error(ErrorCode::driver,
              fmt::format("the kernel does not show its worker as fenced (CapEff {:x}, NoNewPrivs {}, Seccomp {})",
                          effective, no_new_privileges, seccomp));
}

/// What is kept of a worker's failure. A code that only the host may give counts as failed.
Error error_of(const AnswerMessage& answer, const Mask& mask) {
  ErrorCode code = error_code_of(answer.error);
  if (code == ErrorCode::internal || code == ErrorCode::interrupted) code = ErrorCode::failed;
  return {code, mask.clean(answer.message)};
}

class FencedDriver final : public Driver {
 public:
  FencedDriver(WorkerStarter& starter, SealedPlugin plugin, std::shared_ptr<const DriverDescription> about,
               const DriverRules& rules, std::shared_ptr<Secrets> secrets)
      : starter_(starter),
        plugin_(std::move(plugin)),
        about_(std::move(about)),
        rules_(rules),
        shows_all_(secrets == nullptr),
        secrets_(shows_all_ ? std::make_shared<Secrets>(about_) : std::move(secrets)) {
    start();
  }

  [[nodiscard]] const DriverDescription& description() const override { return *about_; }

  void validate(const CreateRequest& request) override { call(message_of(Operation::validate, request), nullptr); }

  CreateAnswer create(const CreateRequest& request, Services& services) override {
    AnswerMessage answer = call(message_of(Operation::create, request), &services);
    return {.orders = std::move(answer.orders), .made = std::move(answer.made)};
  }
  DeviceAnswer destroy(const DeviceRequest& request, Services& services) override {
    return {.orders = call(message_of(Operation::destroy, request), &services).orders};
  }
  DeviceAnswer change(const DeviceRequest& request, Services& services) override {
    return {.orders = call(message_of(Operation::change, request), &services).orders};
  }
  DeviceAnswer settle(const DeviceRequest& request, Services& services) override {
    return {.orders = call(message_of(Operation::settle, request), &services).orders};
  }
  State inspect(const DeviceRequest& request, Services& services) override {
    return call(message_of(Operation::inspect, request), &services).state;
  }

 private:
  static CallMessage message_of(Operation operation, const CreateRequest& request) {
    CallMessage call;
    call.operation = operation;
    call.lab = request.lab;
    call.device = request.device;
    call.interfaces = request.interfaces;
    call.references = request.references;
    call.has_parameters = request.parameters != nullptr;
    if (call.has_parameters) call.parameters = *request.parameters;
    return call;
  }
  static CallMessage message_of(Operation operation, const DeviceRequest& request) {
    CallMessage call;
    call.operation = operation;
    call.lab = request.lab;
    call.device = request.device;
    call.interfaces = request.interfaces;
    call.references = request.references;
    call.has_parameters = request.parameters != nullptr;
    if (call.has_parameters) call.parameters = *request.parameters;
    call.record = request.record;
    call.changed = request.changed;
    return call;
  }

  void start() {
    holds_descriptors_ = false;
    knows_more_ = false;
    process_.emplace(WorkerProcess::start(
        starter_, plugin_.kind, plugin_.memory.get(),
        {.granted = rules_.granted, .memory = rules_.memory, .descriptors = rules_.descriptors, .parent = 0}));
    const Clock::time_point deadline = Clock::now() + rules_.deadline;
    try {
      const Message message = next({.deadline = deadline}, nullptr);
      if (message.type == MessageType::refusal)
        throw Error(ErrorCode::driver, clean_text(decode_refusal(message.bytes), {}, nullptr));
      if (message.type != MessageType::hello) WireReader::garbled();
      const Hello hello = decode_hello(message.bytes);
      check_fence(process_->pid(), rules_.granted);
      spdlog::debug("driver {}: worker {} is fenced: no capability{}, {}, {}, Landlock {}, seccomp", plugin_.kind,
                    process_->pid(), rules_.granted == 0 ? "" : " but those granted",
                    hello.fence.other_user ? "user nobody" : "its user", hello.fence.rooted ? "no files" : "its files",
                    hello.fence.landlock);
    } catch (const Error& error) {
      process_.reset();
      blameless_ = false;
      // One that does not begin in time is refused for it.
      if (Clock::now() >= deadline) throw Error(ErrorCode::driver, error.message());
      throw;
    }
  }

  /// Next message of the worker; anything but one that arrived ends the worker and is thrown. `grace`: what it was
  /// given after its deadline.
  Message next(const Patience& patience, const Services* services, std::chrono::nanoseconds grace = {}) {
    Message message = process_->channel().receive(patience);
    std::vector<CrashPlace> crash;
    for (;
         message.how == Message::How::arrived && message.type == MessageType::crash && crash.size() < kMostCrashPlaces;
         message = process_->channel().receive(patience))
      crash.push_back(decode_crash(message.bytes));
    switch (crash.empty() ? message.how : Message::How::closed) {
      case Message::How::arrived:
        if (message.type == MessageType::violation)
          throw Error(ErrorCode::driver, fmt::format("it called {}, which no driver may; its worker was stopped",
                                                     syscall_name(decode_violation(message.bytes))));
        return message;
      case Message::How::late:
        throw Error(ErrorCode::failed,
                    fmt::format("it took longer than its deadline of {}{}; its worker was stopped",
                                format_duration(rules_.deadline.count()),
                                grace.count() == 0 ? "" : fmt::format(" and {} more", format_duration(grace.count()))));
      case Message::How::gave_up:
        throw Error(services != nullptr ? ErrorCode::interrupted : ErrorCode::failed,
                    "interrupted while it ran; its worker was stopped");
      case Message::How::too_large:
        throw Error(ErrorCode::driver, fmt::format("its worker sends a message of {} bytes; at most {} are taken",
                                                   message.promised, kLargestMessage));
      case Message::How::failed:
        no_connection();
      case Message::How::closed:
        break;
    }
    const std::string how = process_->end();
    const std::string words = pass_on_output();
    throw Error(
        ErrorCode::driver,
        fmt::format("its worker {}{}", how.empty() ? "closed its connection to the host" : how + where_of(crash),
                    words.empty() ? "" : fmt::format("; its last words: {}", words)));
  }

  [[nodiscard]] std::string where_of(const std::vector<CrashPlace>& crash) const {
    return to_text(crash, plugin_.kind, std::as_bytes(SealedView(plugin_).bytes()));
  }

  /// Lines that the driver has printed go to the log. The last of them: a panic is told in three. They may be of
  /// another call than the one that runs, and of another device: it need not print at once.
  std::string pass_on_output() {
    std::string output = process_->take_output();
    if (output.empty()) return {};
    if (knows_more_) output = kNotShown;
    const Mask mask = secrets_->mask_of_all();
    const auto clean = [&](std::string line) { return mask.clean(std::move(line)); };
    std::istringstream printed(std::move(output));
    std::deque<std::string> last;  // not cleaned: that takes long where there are many secrets
    int passed = 0;
    for (std::string line; std::getline(printed, line);) {
      if (line.empty()) continue;
      if (++passed <= kMostLogLines && spdlog::should_log(spdlog::level::info))
        spdlog::info("driver {} prints: {}", plugin_.kind, clean(line));
      last.push_back(std::move(line));
      if (last.size() > kLastWords) last.pop_front();
    }
    for (std::string& line : last) line = clean(std::move(line));
    return fmt::format("{}", fmt::join(last, " | "));
  }

  /// The machine's fault: the driver has done nothing, and is not held to have failed.
  [[noreturn]] void no_connection() {
    blameless_ = true;
    throw Error(ErrorCode::failed, fmt::format("the kernel carries nothing between netrig and its worker: {}",
                                               errno_text(process_->channel().error())));
  }

  AnswerMessage call(CallMessage message, Services* services) {
    const std::lock_guard turn(mutex_);
    // Through what it was given for something else it could change what it is only asked about.
    if (holds_descriptors_ && only_asks(message.operation)) process_.reset();
    if (!process_) {
      if (failures_ >= kMostFailures)
        throw Error(ErrorCode::driver, fmt::format("it has failed {} times and is not started again; the last time: {}",
                                                   failures_, last_failure_));
      start();
    }
    const Mask mask = mask_of(message);
    message.deadline = Clock::now() + rules_.deadline;
    std::optional<AnswerMessage> answer;
    try {
      answer = converse(message, services, mask);
      pass_on_output();
    } catch (const std::exception& error) {
      pass_on_output();
      // It may be anywhere in its code now, or ended.
      process_.reset();
      if (std::exchange(blameless_, false)) throw;
      ++failures_;
      const auto* known = dynamic_cast<const Error*>(&error);
      last_failure_ = known == nullptr ? error.what() : known->message();
      if (known != nullptr) throw;
      // Whoever asks a driver bears that it fails, and how does not matter to him.
      throw Error(code_of(error), error.what());
    }
    if (error_code_of(answer->error) == ErrorCode::interrupted && services != nullptr && services->interrupted())
      throw Error(ErrorCode::interrupted, "interrupted while it ran");
    if (answer->error != 0) throw error_of(*answer, mask);
    return std::move(*answer);
  }

  Mask mask_of(const CallMessage& message) {
    Mask mask = secrets_->mask(message.operation, message.lab, message.device,
                               message.has_parameters ? &message.parameters : nullptr);
    if (shows_all_) return mask.on_the_way();
    knows_more_ = knows_more_ || mask.is_blind();
    return mask;
  }

  /// Sends one call and serves the worker until it has answered. The answer has passed every check.
  AnswerMessage converse(const CallMessage& message, Services* services, const Mask& mask) {
    std::optional<Clock::time_point> noticed;
    const auto gave_up = [&] {
      if (services == nullptr || !services->interrupted()) return false;
      if (!noticed) noticed = Clock::now();
      return Clock::now() - *noticed > kGrace;
    };
    const Patience sending{.deadline = message.deadline + kGrace, .gave_up = gave_up};
    // Its deadline it knows. That the user wants it to end it is told, which it may see only when it looks.
    bool told = false;
    const Patience waiting{.deadline = sending.deadline, .gave_up = [&] {
                             const bool stop = gave_up();
                             if (noticed && !told) told = tell_cancelled();
                             return stop;
                           }};
    if (services != nullptr) services->finish_by(sending.deadline);
    send_call(message, sending);
    Serving serving(message, *about_, rules_.granted, *rules_.named, services);
    int logged = 0;
    int served = 0;
    for (;;) {
      // Who asks again and again leaves nothing to wait for.
      if (waiting.gave_up()) throw Error(ErrorCode::interrupted, "interrupted while it ran");
      const Message from = next(waiting, services, kGrace);
      if (from.type == MessageType::answer) {
        AnswerMessage answer = decode_answer(from.bytes);
        check_answer(answer, message, serving.permission(), mask);
        if (answer.error == 0 && serving.forbidden()) {
          answer.error = static_cast<std::uint8_t>(ErrorCode::denied);
          answer.message = serving.forbidden()->message();
        }
        return answer;
      }
      if (services == nullptr) WireReader::garbled();
      if (from.type == MessageType::log) {
        if (++logged > kMostLogLines) throw Error(ErrorCode::driver, "it floods the log");
        const LogMessage log = decode_log(from.bytes);
        services->log(log.level, mask.clean(log.text));
      } else if (from.type == MessageType::service) {
        if (++served > kMostServices) throw Error(ErrorCode::driver, "it floods the host with requests");
        const auto how = serving.serve(decode_service(from.bytes), process_->channel(), sending);
        holds_descriptors_ = holds_descriptors_ || serving.gave_descriptor();
        check_read(how);
      } else {
        WireReader::garbled();
      }
    }
  }

  /// False: there is no room for it now.
  bool tell_cancelled() {
    return process_->channel().send(MessageType::cancel, {}, {}, {.deadline = Clock::time_point{}}) ==
           Message::How::arrived;
  }

  void send_call(const CallMessage& message, const Patience& patience) {
    CallMessage sent = message;
    std::vector<int> descriptors;
    // A driver without capabilities could do nothing with a namespace, so it sees none.
    const auto pass = [&](auto& list) {
      for (auto& one : list) {
        if ((rules_.granted & kOwnHands) == 0) one.netns_fd = -1;
        if (one.netns_fd >= 0) descriptors.push_back(one.netns_fd);
      }
    };
    pass(sent.interfaces);
    pass(sent.references);
    std::vector<UniqueFd> files;
    for (auto& [name, value] : sent.parameters)
      for (ParameterScalar& scalar : value.values)
        if (auto* file = std::get_if<FileContent>(&scalar); file != nullptr && file->text) {
          files.push_back(sealed_copy(*file->text));
          file->fd = files.back().get();
          descriptors.push_back(file->fd);
        }
    // What it has besides: its connection, the plugin, what it prints into.
    constexpr std::uint64_t kOwn = 16;
    if (!files.empty() && descriptors.size() + kOwn > rules_.descriptors)
      throw Error(ErrorCode::unsupported,
                  fmt::format("it would be given {} files, and its worker may have {} descriptors open; raise "
                              "limits.descriptors in the policy",
                              files.size(), rules_.descriptors));
    if (descriptors.size() > kMostPassed)
      throw Error(ErrorCode::unsupported,
                  fmt::format("it would be given {} namespaces and files at once; at most {} can be",
                              descriptors.size(), kMostPassed));
    const auto how = process_->channel().send(MessageType::call, encode(sent).data(), descriptors, patience);
    if (how == Message::How::failed) no_connection();
    if (how == Message::How::too_large) throw Error(ErrorCode::invalid, "its parameters are too large");
    if (how == Message::How::late) throw Error(ErrorCode::failed, "it does not read what it is asked");
    // A worker that has died in between says why when it is read from.
  }

  void check_answer(AnswerMessage& answer, const CallMessage& call, Permission& permission, const Mask& mask) const {
    if (!can_be_told(answer.state.told, *about_)) WireReader::garbled();
    mask.clean(answer.state, *about_, call.has_parameters ? &call.parameters : nullptr);
    if (answer.error != 0) return;
    for (const Order& order : answer.orders) permission.admit(order);
    for (const auto& [interface, ifindex] : answer.made) permission.admit_made(interface, ifindex);
    if (call.operation != Operation::create) return;
    for (std::uint32_t i = 0; i < call.interfaces.size(); ++i)
      if (!permission.covers(i))
        throw Error(ErrorCode::driver, fmt::format("it made nothing for interface {}; this is a defect of the driver",
                                                   call.interfaces[i].name));
  }

  /// Whether the worker took what it had asked for. One that has ended says so when it is read from.
  void check_read(Message::How how) {
    if (how == Message::How::failed) no_connection();
    if (how == Message::How::gave_up)
      throw Error(ErrorCode::interrupted, "interrupted while it ran; its worker was stopped");
    if (how == Message::How::late || how == Message::How::too_large)
      throw Error(ErrorCode::driver, "its worker does not read what it asked for");
  }

  WorkerStarter& starter_;
  SealedPlugin plugin_;
  std::shared_ptr<const DriverDescription> about_;
  DriverRules rules_;
  std::mutex mutex_;
  std::optional<WorkerProcess> process_;
  bool shows_all_;  ///< whoever asks knows the secrets
  std::shared_ptr<Secrets> secrets_;
  bool knows_more_ = false;  ///< the worker may know secrets that are not in there
  int failures_ = 0;
  bool blameless_ = false;          ///< what is being thrown is not the driver's doing
  bool holds_descriptors_ = false;  ///< the worker was given some of its own
  std::string last_failure_;
};

}  // namespace

std::unique_ptr<Driver> make_fenced(WorkerStarter& starter, SealedPlugin plugin,
                                    std::shared_ptr<const DriverDescription> about, const DriverRules& rules,
                                    std::shared_ptr<Secrets> secrets) {
  return std::make_unique<FencedDriver>(starter, std::move(plugin), std::move(about), rules, std::move(secrets));
}

}  // namespace netrig::driver
