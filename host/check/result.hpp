// SPDX-License-Identifier: Apache-2.0
// What a run of tests has found. Plain values: filled by host/check, written by host/report.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/lab.hpp"

namespace netrig::check {

enum class Outcome : std::uint8_t {
  passed,
  failed,       ///< what was seen is not what was expected
  error,        ///< could not be run: a tool or a namespace is missing
  skipped,      ///< a test that it depends on did not pass, or the kernel lacks something
  interrupted,  ///< Ctrl-C came while it ran, or before
};
/// "passed", "failed"...
std::string_view to_text(Outcome outcome);

/// One thing that was measured: {"rtt_avg", 0.053, "ms"}.
struct Metric {
  std::string name = {};
  double value = 0;
  std::string unit;  ///< "ms", "bit/s", "%", "packets", "bytes", "" ...
};

/// "0.053 ms", "9.41 Gbit/s", "1400 bytes": with as many digits as are worth reading.
std::string to_text(const Metric& metric);

/// Measurements over time, to be drawn.
struct Series {
  std::string name;      ///< "h1 -> h2"
  std::string quantity;  ///< "rtt", "throughput"
  std::string unit;
  struct Point {
    double at = 0;  ///< Units: seconds after the check's begin
    double value = 0;
    bool lost = false;  ///< nothing came back; value is 0
  };
  std::vector<Point> points = {};
};

/// One thing that is not as expected.
struct Finding {
  std::string about = {};     ///< "h1 -> h2 (192.0.2.2)"; may be empty
  std::string seen = {};      ///< "3 of 3 echo requests got no reply"
  std::string expected = {};  ///< "at most 0% loss"
  std::string look_at = {};   ///< "netrig exec LAB h1 -- ip route get 192.0.2.2"
};

/// Outcome between two namespaces.
struct PairResult {
  std::string from;
  std::string to = {};       ///< namespace, or empty for an address of no namespace
  std::string address = {};  ///< empty: none was used
  Outcome outcome = Outcome::passed;
  std::vector<Metric> metrics = {};
};

/// What happened in the middle of a test.
struct EventResult {
  double at = 0;  ///< Units: seconds after the check's begin
  std::string what;
};

/// A file kept for the reader, or text that a process wrote.
struct Attachment {
  std::string name;       ///< "capture of r1:eth0", "service web: output"
  std::string path = {};  ///< a file; empty: `text` holds it
  std::string text;
};

struct TestResult {
  std::string name;
  std::string description;
  std::string check;  ///< "ping"
  std::string where;  ///< file:line:column
  std::vector<std::string> tags;
  Outcome outcome = Outcome::passed;
  std::string reason = {};             ///< of error and skipped: one sentence
  std::vector<Finding> findings = {};  ///< of failed: all of them
  std::vector<PairResult> pairs = {};
  std::vector<Metric> metrics = {};
  std::vector<Series> series = {};
  std::vector<EventResult> events = {};
  std::vector<Attachment> attachments = {};
  std::vector<std::string> reproduce = {};  ///< shell commands
  std::uint32_t repetitions = 1;            ///< that were run
  double began = 0;                         ///< Units: seconds after the run's begin
  double seconds = 0;
};

struct DriverUsed {
  std::string name;
  std::string version;
  std::string path;
};

struct Environment {
  std::string netrig;   ///< version
  std::string kernel;   ///< "6.18.0"
  std::string machine;  ///< "x86_64"
  std::string cpu;
  unsigned cpus = 0;
  std::string host;  ///< name of the machine
  std::vector<DriverUsed> drivers;
};

struct Totals {
  std::size_t passed = 0, failed = 0, error = 0, skipped = 0, interrupted = 0;
  [[nodiscard]] std::size_t all() const { return passed + failed + error + skipped + interrupted; }
};

/// A whole run, in the order of the lab file.
struct Report {
  std::string lab;
  std::string file;
  std::string description;
  std::string began;  ///< RFC 3339, UTC
  double seconds = 0;
  bool interrupted = false;
  std::uint32_t rounds = 1;                ///< in which all tests were run; this is the last
  std::optional<std::uint64_t> seed = {};  ///< for what is drawn at random, where it was said
  Environment environment;
  std::vector<TestResult> tests = {};

  [[nodiscard]] Totals totals() const;
};

}  // namespace netrig::check
