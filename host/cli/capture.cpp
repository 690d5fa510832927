// SPDX-License-Identifier: Apache-2.0
// netrig capture: packets of many interfaces of a lab, into one file or a pipe, or as lines.
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "capture/files.hpp"
#include "capture/packet_text.hpp"
#include "cli/commands.hpp"
#include "cli/happenings.hpp"
#include "cli/help.hpp"
#include "cli/values.hpp"
#include "model/parameter.hpp"
#include "model/printable.hpp"
#include "model/size.hpp"
#include "report/output.hpp"
#include "report/table.hpp"
#include "session/capture.hpp"

namespace netrig::cli {
namespace {

constexpr std::size_t kMostRows = 20;

struct CaptureOptions {
  std::string lab;
  std::vector<std::string> interfaces;
  std::string file;  // empty: lines on standard output
  std::string filter;
  std::uint64_t count = 0;  // 0: no end
  std::string duration;
  std::uint32_t snap = capture::kLongestSnap;
  std::string rotate_size;
  std::string rotate_time;
  std::size_t files = 0;  // 0: all
  [[nodiscard]] bool rotates() const { return !rotate_size.empty() || !rotate_time.empty(); }
};

/// A line a packet.
class PacketLines final : public capture::Sink {
 public:
  PacketLines(const Session& session, std::string lab) : session_(session), lab_(std::move(lab)) {}

  void begin(const std::vector<capture::Interface>& interfaces, Count) override { interfaces_ = interfaces; }
  void add(const capture::Interface& interface) override { interfaces_.push_back(interface); }
  void packet(std::size_t number, const capture::Packet& packet) override {
    const capture::Interface& interface = interfaces_[number];
    const std::string text = capture::packet_text(packet.bytes, interface.link_type);
    const std::chrono::sys_time<std::chrono::nanoseconds> when(packet.when);
    if (session_.options().json)
      session_.answer_line(
          {{"event", "packet"},
           {"time", fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:09}Z", fmt::gmtime(seconds_of(when)), rest_of(when))},
           {"lab", lab_},
           {"interface", interface.name},
           {"length", packet.length},
           {"text", text}});
    else
      session_.say(fmt::format("{:%H:%M:%S}.{:06} {} {} ({} bytes)\n", fmt::localtime(seconds_of(when)),
                               rest_of(when) / 1000, interface.name, text, packet.length));
  }
  void flush() override {}
  void end() override {}
  [[nodiscard]] bool is_unread() override { return report::reader_is_gone() || report::output_fault(); }

 private:
  using Time = std::chrono::sys_time<std::chrono::nanoseconds>;
  static std::time_t seconds_of(Time when) {
    return std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(when));
  }
  static std::int64_t rest_of(Time when) { return (when - std::chrono::floor<std::chrono::seconds>(when)).count(); }

  const Session& session_;
  std::string lab_;
  std::vector<capture::Interface> interfaces_;
};

void require_sense(const Session& session, const CaptureOptions& options) {
  const auto refuse = [](const std::string& why) { throw Error(ErrorCode::invalid, why, "netrig capture"); };
  if (options.file == "-" && session.options().json)
    refuse("packets and JSON cannot both go to standard output; write the packets to a file (--write FILE)");
  if (options.file == "-" && ::isatty(STDOUT_FILENO) == 1)
    refuse("packets are not for a terminal; write them to a file (-w FILE) or into a pipe (-w - | wireshark -k -i -)");
  if (options.rotates() && (options.file.empty() || options.file == "-"))
    refuse("--rotate-size and --rotate-time are for files; name one with --write FILE");
  if (options.files != 0 && !options.rotates())
    refuse("--files says how many to keep; say when the next one begins, with --rotate-size or --rotate-time");
}

InterfacePattern pattern_of(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == text.size())
    throw Error(
        ErrorCode::invalid,
        fmt::format("\"{}\" names no interface; write \"NAMESPACE:INTERFACE\"; a filter comes after --filter", text),
        "netrig capture");
  return {.space = text.substr(0, colon), .interface = text.substr(colon + 1)};
}

capture::FilesSpec files_spec(const CaptureOptions& options, const std::string& lab) {
  capture::FilesSpec spec{.path = options.file, .comment = "lab " + lab, .open = report::open_stream};
  if (!options.rotate_size.empty()) spec.rotation.bytes = parse_size(options.rotate_size, kLargestSize);
  if (!options.rotate_time.empty()) spec.rotation.time = std::chrono::nanoseconds(*parse_duration(options.rotate_time));
  if (options.files != 0) spec.rotation.keep = options.files;
  spec.gave_up = [lab] { return interrupted().load() || !engine::Journal::mark(lab); };
  return spec;
}

session::CaptureRequest request_of(const CaptureOptions& options) {
  session::CaptureRequest request{.filter = options.filter, .snap = options.snap};
  for (const std::string& text : options.interfaces) request.interfaces.push_back(pattern_of(text));
  if (options.count != 0) request.count = options.count;
  if (!options.duration.empty()) request.how_long = std::chrono::nanoseconds(*parse_duration(options.duration));
  request.gave_up = [] { return interrupted().load(); };
  return request;
}

const char* word_of(session::CaptureEnd end) {
  switch (end) {
    case session::CaptureEnd::gave_up:
      return "interrupted";
    case session::CaptureEnd::count:
      return "count";
    case session::CaptureEnd::duration:
      return "duration";
    case session::CaptureEnd::down:
      return "down";
    case session::CaptureEnd::unread:
      return "unread";
    case session::CaptureEnd::deserted:
      return "gone";
  }
  return "";
}

Json json_of(const session::Captured& captured, const std::string& lab, const capture::Files* files) {
  Json json = happening("ended", lab);
  json["because"] = word_of(captured.end);
  json["packets"] = captured.packets;
  json["interfaces"] = Json::array();
  for (const session::CapturedInterface& one : captured.interfaces)
    json["interfaces"].push_back({{"name", one.name},
                                  {"packets", one.packets},
                                  {"received", one.counts.received},
                                  {"dropped", one.counts.dropped},
                                  {"gone", one.gone ? Json(*one.gone) : Json(nullptr)}});
  json["files"] = Json::array();
  if (files != nullptr)
    for (const std::string& path : files->paths()) json["files"].push_back(path);
  return json;
}

std::string place_of(const capture::Files* files) {
  if (files == nullptr || files->paths().front() == "-") return "";
  const auto& paths = files->paths();
  return paths.size() == 1 ? fmt::format(", in {}", paths.front())
                           : fmt::format(", in {} to {}", paths.front(), paths.back());
}

std::string text_of(const session::Captured& captured, const std::string& lab, const capture::Files* files) {
  std::string text;
  if (captured.end == session::CaptureEnd::down) text += fmt::format("lab {} was taken down\n", lab);
  if (captured.end == session::CaptureEnd::deserted) text += "no interface is left to capture at\n";
  std::uint64_t dropped = 0;
  for (const session::CapturedInterface& one : captured.interfaces) dropped += one.counts.dropped;
  text +=
      fmt::format("{} of {}{}{}\n", report::counted(captured.packets, "packet"),
                  report::counted(captured.interfaces.size(), "interface"),
                  dropped == 0 ? "" : fmt::format(", and {} lost, for they came too fast", dropped), place_of(files));
  if (captured.interfaces.size() <= 1) return text;
  report::TextTable table({"interface", "packets", "lost"});
  for (std::size_t i = 0; i < captured.interfaces.size() && i < kMostRows; ++i) {
    const session::CapturedInterface& one = captured.interfaces[i];
    table.add({one.name, std::to_string(one.packets), std::to_string(one.counts.dropped)});
  }
  text += table.str();
  if (captured.interfaces.size() > kMostRows)
    text += fmt::format("and {} more; --json tells all\n", captured.interfaces.size() - kMostRows);
  return text;
}

/// What is said beside the packets: on standard error, or as JSON.
class Account {
 public:
  Account(const Session& session, std::string lab)
      : session_(session), lab_(std::move(lab)), progress_(is_for_people()) {}

  void begun(const std::vector<capture::Interface>& interfaces, const std::vector<std::string>& not_up) {
    Json json = happening("capturing", lab_);
    json["interfaces"] = Json::array();
    for (const capture::Interface& one : interfaces) json["interfaces"].push_back(one.name);
    json["not_up"] = not_up;
    session_.answer_line(json);
    if (!not_up.empty())
      tell(fmt::format("not up yet: {}{}\n", not_up.front(),
                       not_up.size() == 1 ? "" : fmt::format(" and {} more", not_up.size() - 1)));
    tell(fmt::format("capturing at {} of lab {}\n", report::counted(interfaces.size(), "interface"), lab_));
  }
  void joined(const std::string& interface) {
    Json json = happening("joined", lab_);
    json["interface"] = interface;
    session_.answer_line(json);
    tell(fmt::format("capturing at {}, too\n", interface));
  }
  void gone(const session::CapturedInterface& one) {
    Json json = happening("gone", lab_);
    json["interface"] = one.name;
    json["why"] = *one.gone;
    session_.answer_line(json);
    tell(fmt::format("{} is gone: {}\n", one.name, *one.gone));
  }
  void progress(std::uint64_t packets) { progress_.show(report::counted(packets, "packet")); }
  void ended(const session::Captured& captured, const capture::Files* files) {
    session_.answer_line(json_of(captured, lab_, files));
    tell(text_of(captured, lab_, files));
  }

 private:
  [[nodiscard]] bool is_for_people() const { return !session_.options().json && !session_.options().quiet; }
  void tell(const std::string& text) {
    progress_.clear();
    if (is_for_people()) report::say_error(printable(text));
  }

  const Session& session_;
  std::string lab_;
  report::Progress progress_;
};

int capture_lab(Session& session, const CaptureOptions& options) {
  require_sense(session, options);
  session::CaptureRequest request = request_of(options);
  const std::string lab = resolve_lab(options.lab);
  session::require_privileges("capturing packets of a lab");
  session::raise_open_files();
  catch_signals();
  std::unique_ptr<capture::Files> files;
  if (!options.file.empty()) files = std::make_unique<capture::Files>(files_spec(options, lab));
  PacketLines lines(session, lab);
  Account account(session, lab);
  request.begun = [&](const auto& interfaces, const auto& not_up) { account.begun(interfaces, not_up); };
  request.joined = [&](const auto& interface) { account.joined(interface.name); };
  request.gone = [&](const auto& one) { account.gone(one); };
  if (files) request.progress = [&](std::uint64_t packets) { account.progress(packets); };
  capture::Sink& sink = files ? static_cast<capture::Sink&>(*files) : lines;
  const session::Captured captured = session::capture_packets(lab, request, sink);
  account.ended(captured, files.get());
  return 0;
}

void add_ends(CLI::App& command, CaptureOptions& options) {
  command.add_option("-c,--count", options.count, "End after so many packets")
      ->check(number_from(1, std::numeric_limits<std::int64_t>::max()))
      ->type_name("N");
  command.add_option("--duration", options.duration, "End after so long: \"10s\", \"2h\"")
      ->check(duration())
      ->type_name("DURATION");
}

void add_files(CLI::App& command, CaptureOptions& options) {
  command
      .add_option("-w,--write", options.file,
                  "Write packets as pcapng to this file, \"-\": to standard output; else a line a packet is printed")
      ->type_name("FILE");
  command.add_option("--rotate-size", options.rotate_size, "Begin another file before one is larger: \"10MiB\"")
      ->check(size())
      ->type_name("SIZE");
  command
      .add_option("--rotate-time", options.rotate_time,
                  "Begin another file with the first packet after so long: \"60s\", \"1h\"")
      ->check(duration())
      ->type_name("DURATION");
  command.add_option("--files", options.files, "Keep so many files, the newest; else all")
      ->check(number_from(1, 1'000'000))
      ->type_name("N");
}

}  // namespace

void add_capture(CLI::App& app, Action& action) {
  auto options = std::make_shared<CaptureOptions>();
  auto* command = app.add_subcommand(
      "capture", "Capture packets at many interfaces of a lab at once, until Ctrl-C or the lab is down");
  command->add_option("LAB", options->lab, "Name of a lab, or its file")->required()->type_name("NAME|FILE");
  command
      ->add_option("INTERFACE", options->interfaces,
                   "\"NAMESPACE:INTERFACE\", either a pattern, as in \"h*:eth0\"; may be repeated")
      ->required()
      ->type_name("PATTERN");
  add_files(*command, *options);
  command->add_option("-f,--filter", options->filter, "Only packets that match, in the words of pcap-filter(7)")
      ->type_name("FILTER");
  add_ends(*command, *options);
  command->add_option("-s,--snaplen", options->snap, "Keep only so many bytes of each packet")
      ->check(number_from(1, capture::kLongestSnap))
      ->type_name("N");
  describe(
      *command,
      {{"netrig capture two-hosts 'h*:eth0'", "a line a packet"},
       {"netrig capture two-hosts 'h*:eth0' -w trace.pcapng", "one file for Wireshark, with all interfaces in it"},
       {"netrig capture two-hosts 'h*:*' -w - | wireshark -k -i -", "as it happens"},
       {"netrig capture two-hosts h1:eth0 -f 'tcp port 80' -c 100", "a filter, and an end"},
       {"netrig capture lab 'r*:*' -w a.pcapng --rotate-size 1MiB --files 5", "a-00001.pcapng and so on, at most 5"}},
      {{"0", "ended: interrupted, by --count or --duration, the lab was taken down, or nobody reads any more"},
       {"1", "the packets could not be written any more (a full disk), or the machine ran out of something"},
       {"2", "the command line or the filter is wrong, or the file cannot be written"},
       {"3", "a privilege is missing"},
       {"7", "no such lab is up, or it has no such interface"}});
  command->callback(
      [options, &action] { action = [options](Session& session) { return capture_lab(session, *options); }; });
}

}  // namespace netrig::cli
