// SPDX-License-Identifier: Apache-2.0
// The worker's side: fences itself in, loads the plugin, and does what the host asks.
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstring>

#include "driver/crash.hpp"
#include "driver/elf.hpp"
#include "driver/in_process.hpp"
#include "driver/loader.hpp"
#include "driver/worker_process.hpp"

namespace netrig::driver {
namespace {

/// The host is gone; nothing is left to do.
struct HostGone {};

/// Asks the host for what it does on a driver's behalf.
class RemoteServices final : public Services {
 public:
  explicit RemoteServices(Channel& channel) : channel_(channel) {}

  /// An operation begins; what was said of the last one is past.
  void begin() { cancelled_ = false; }

  Flushed flush(std::vector<Order> orders) override {
    DoneMessage done = answer_to({.id = ServiceId::flush, .orders = std::move(orders)});
    Flushed flushed{.made = std::move(done.pairs), .done = done.number, .refusal = {}};
    if (done.error != 0) flushed.refusal = refusal_of(done);
    return flushed;
  }
  void save_record(Bytes record) override { ask({.id = ServiceId::save_record, .payload = std::move(record)}); }
  std::uint32_t ifindex(std::uint32_t interface) override { return ask(about(ServiceId::ifindex, interface)).number; }
  bool get_link(std::uint32_t interface, const Receive& each) override {
    return ask(about(ServiceId::get_link, interface), each).found;
  }
  void request(std::uint32_t interface, std::uint16_t type, std::uint16_t flags, std::span<const std::byte> message,
               const Receive& answer) override {
    ServiceMessage ask_for = about(ServiceId::request, interface);
    ask_for.type = type;
    ask_for.flags = flags;
    ask_for.payload.assign(message.begin(), message.end());
    ask(ask_for, answer);
  }
  std::optional<std::uint16_t> genl_family(std::uint32_t interface, const std::string& name) override {
    ServiceMessage ask_for = about(ServiceId::genl_family, interface);
    ask_for.text = name;
    const DoneMessage done = ask(ask_for);
    return done.found ? std::optional(static_cast<std::uint16_t>(done.number)) : std::nullopt;
  }
  void genl_request(std::uint32_t interface, std::uint16_t family, std::uint8_t command, std::uint8_t version,
                    std::uint16_t flags, std::span<const std::byte> attributes, const Receive& answer) override {
    ServiceMessage ask_for = about(ServiceId::genl_request, interface);
    ask_for.type = family;
    ask_for.number = command;
    ask_for.version = version;
    ask_for.flags = flags;
    ask_for.payload.assign(attributes.begin(), attributes.end());
    ask(ask_for, answer);
  }
  std::optional<std::string> sysfs(std::uint32_t interface, const std::string& path) override {
    ServiceMessage ask_for = about(ServiceId::sysfs, interface);
    ask_for.text = path;
    DoneMessage done = ask(ask_for);
    return done.found ? std::optional(std::move(done.text)) : std::nullopt;
  }
  bool write_sysfs(std::uint32_t interface, const std::string& path, std::span<const std::byte> value) override {
    ServiceMessage ask_for = about(ServiceId::write_sysfs, interface);
    ask_for.text = path;
    ask_for.payload.assign(value.begin(), value.end());
    return ask(ask_for).found;
  }
  UniqueFd open_socket(std::uint32_t interface, std::uint32_t kind) override {
    ServiceMessage ask_for = about(ServiceId::socket, interface);
    ask_for.number = kind;
    UniqueFd socket;
    ask(ask_for, {}, &socket);
    if (!socket) WireReader::garbled();
    return socket;
  }
  void log(std::uint32_t level, const std::string& text) override {
    send(MessageType::log, encode(LogMessage{.level = static_cast<std::uint8_t>(level), .text = text}));
  }
  std::uint32_t create_tun(const TunOrder& order) override {
    ServiceMessage ask_for = about(ServiceId::create_tun, order.interface);
    ask_for.tun = order;
    return ask(ask_for).number;
  }
  UniqueFd open_queue(std::uint32_t interface) override {
    UniqueFd queue;
    ask(about(ServiceId::open_queue, interface), {}, &queue);
    if (!queue) WireReader::garbled();
    return queue;
  }
  /// The host says so by itself; between the answers to what it was asked nothing else can come.
  [[nodiscard]] bool interrupted() const override {
    while (!cancelled_ && channel_.has_more()) {
      const Message message = channel_.receive();
      if (message.how != Message::How::arrived) throw HostGone();
      if (message.type != MessageType::cancel) WireReader::garbled();
      cancelled_ = true;
    }
    return cancelled_;
  }

 private:
  static ServiceMessage about(ServiceId id, std::uint32_t interface) { return {.id = id, .interface = interface}; }

  void send(MessageType type, const WireWriter& message) const {
    const auto how = channel_.send(type, message.data());
    if (how == Message::How::too_large) throw Error(ErrorCode::driver, "the driver asks the host for too much at once");
    if (how != Message::How::arrived) throw HostGone();
  }

  static ServiceError refusal_of(const DoneMessage& done) {
    if (done.forbidden) throw Error(ErrorCode::denied, done.message);
    return {error_code_of(done.error), done.message, done.kernel};
  }

  DoneMessage ask(const ServiceMessage& ask_for, const Receive& each = {}, UniqueFd* descriptor = nullptr) const {
    DoneMessage done = answer_to(ask_for, each, descriptor);
    if (done.error != 0) throw refusal_of(done);
    return done;
  }

  /// Who hears of an answer may ask for more, so it hears of all when the exchange is over.
  DoneMessage answer_to(const ServiceMessage& ask_for, const Receive& each = {}, UniqueFd* descriptor = nullptr) const {
    send(MessageType::service, encode(ask_for));
    std::vector<Message> items;
    for (;;) {
      Message message = channel_.receive();
      if (message.how != Message::How::arrived) throw HostGone();
      if (message.type == MessageType::cancel) {
        cancelled_ = true;
        continue;
      }
      if (message.type == MessageType::item) {
        items.push_back(std::move(message));
        continue;
      }
      if (message.type != MessageType::done) WireReader::garbled();
      DoneMessage done = decode_done(message.bytes);
      if (descriptor != nullptr && !message.descriptors.empty()) *descriptor = std::move(message.descriptors.front());
      for (const Message& item : items) {
        const auto [type, payload] = decode_item(item.bytes);
        if (each) each(type, payload);
      }
      return done;
    }
  }

  Channel& channel_;
  mutable bool cancelled_ = false;
};

AnswerMessage carry_out(Driver& driver, const CallMessage& call, Services& services) {
  AnswerMessage answer;
  if (call.operation == Operation::validate || call.operation == Operation::create) {
    const CreateRequest request{.lab = call.lab,
                                .device = call.device,
                                .interfaces = call.interfaces,
                                .references = call.references,
                                .parameters = call.has_parameters ? &call.parameters : nullptr,
                                .deadline = call.deadline};
    if (call.operation == Operation::validate) {
      driver.validate(request);
      return answer;
    }
    CreateAnswer created = driver.create(request, services);
    answer.orders = std::move(created.orders);
    answer.made = std::move(created.made);
    return answer;
  }
  const DeviceRequest request{.lab = call.lab,
                              .device = call.device,
                              .interfaces = call.interfaces,
                              .references = call.references,
                              .parameters = call.has_parameters ? &call.parameters : nullptr,
                              .record = call.record,
                              .changed = call.changed,
                              .deadline = call.deadline};
  if (call.operation == Operation::inspect)
    answer.state = driver.inspect(request, services);
  else if (call.operation == Operation::change)
    answer.orders = driver.change(request, services).orders;
  else if (call.operation == Operation::settle)
    answer.orders = driver.settle(request, services).orders;
  else
    answer.orders = driver.destroy(request, services).orders;
  return answer;
}

void serve(Channel& channel, Driver& driver) {
  RemoteServices services(channel);
  for (;;) {
    const Message message = channel.receive();
    if (message.how == Message::How::arrived && message.type == MessageType::cancel) continue;  // of one that is over
    if (message.how != Message::How::arrived || message.type != MessageType::call) return;
    services.begin();
    AnswerMessage answer;
    try {
      std::vector<int> descriptors;
      for (const UniqueFd& one : message.descriptors) descriptors.push_back(one.get());
      answer = carry_out(driver, decode_call(message.bytes, descriptors), services);
    } catch (const HostGone&) {
      return;
    } catch (const Error& error) {
      answer = {};
      answer.error = static_cast<std::uint8_t>(error.code());
      answer.message = error.message();
    } catch (const std::bad_alloc&) {
      answer = {};
      answer.error = static_cast<std::uint8_t>(ErrorCode::failed);
      answer.message = "its worker ran out of memory";
    }
    auto sent = channel.send(MessageType::answer, encode(answer).data());
    // With what comes from a plugin an answer can be larger than any host takes.
    if (sent == Message::How::too_large) {
      const AnswerMessage excess{.error = static_cast<std::uint8_t>(ErrorCode::driver),
                                 .message = "its answer is too large"};
      sent = channel.send(MessageType::answer, encode(excess).data());
    }
    // A host that waits for an answer which cannot be sent learns it from the worker's end.
    if (sent != Message::How::arrived) return;
  }
}

Plugin read_plugin() {
  struct stat status {};
  if (::fstat(kWorkerPlugin, &status) != 0) throw Error(ErrorCode::driver, "its worker was given no plugin");
  const auto size = static_cast<std::size_t>(status.st_size);
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, kWorkerPlugin, 0);
  if (data == MAP_FAILED) throw Error(ErrorCode::driver, "its worker cannot map the plugin");
  Plugin plugin = driver::read_plugin({static_cast<const std::byte*>(data), size});
  ::munmap(data, size);
  return plugin;
}

std::uint64_t number_of(const char* text) {
  std::uint64_t value = 0;
  std::from_chars(text, text + std::strlen(text), value);
  return value;
}

int work(const FenceOptions& options) {
  Channel channel(UniqueFd(kWorkerSocket), true);
  std::unique_ptr<Driver> driver;
  try {
    Plugin plugin = read_plugin();
    preload_libraries(plugin.needed);
    Hello hello;
    hello.fence = fence_in(options);
    const netrig_functions& functions = load_plugin(
        hello.fence.rooted ? fmt::format("/{}", kWorkerPlugin) : fmt::format("/proc/self/fd/{}", kWorkerPlugin),
        plugin.about);
    tell_crashes(&functions);
    close_fence(options);
    DriverRules rules;
    rules.granted = options.granted;
    rules.named.reset();
    rules.deadline = std::chrono::hours(24);  // the host sends the one that counts
    driver = make_in_process(functions, std::make_shared<const DriverDescription>(std::move(plugin.about)), rules);
    if (channel.send(MessageType::hello, encode(hello).data()) != Message::How::arrived) return 1;
  } catch (const Error& error) {
    WireWriter reason;
    reason.text(error.message());
    channel.send(MessageType::refusal, reason.data());
    return 1;
  }
  serve(channel, *driver);
  return 0;
}

}  // namespace

std::optional<int> run_as_worker(int argc, char** argv) {
  if (argc != 6 || std::strcmp(argv[0], "netrig-driver") != 0) return std::nullopt;
  struct stat status {};
  if (::fstat(kWorkerSocket, &status) != 0 || !S_ISSOCK(status.st_mode)) return std::nullopt;
  spdlog::set_level(spdlog::level::debug);  // the host decides what is kept
  // The plugin's, too: a crash leaves no line behind.
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const int code = work({.granted = static_cast<std::uint32_t>(number_of(argv[2])),
                         .memory = number_of(argv[3]),
                         .descriptors = number_of(argv[4]),
                         .parent = static_cast<int>(number_of(argv[5]))});
  // No destructors of libraries that have been told nothing of the fence.
  ::_exit(code);
}

}  // namespace netrig::driver
