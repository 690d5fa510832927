// SPDX-License-Identifier: Apache-2.0
// One question to one server (RFC 1035), over UDP and, when the answer is cut short, over TCP. The C library's resolver
// parts build and take apart the messages.
#include <arpa/nameser.h>
#include <fmt/format.h>
#include <poll.h>
#include <resolv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <random>

#include "check/machine_room.hpp"
#include "check/run_checks.hpp"
#include "check/socket_address.hpp"
#include "model/error_number.hpp"

namespace netrig::check {
namespace {

using Message = std::vector<unsigned char>;

constexpr std::array<std::pair<const char*, ns_type>, 8> kTypes = {{{"A", ns_t_a},
                                                                    {"AAAA", ns_t_aaaa},
                                                                    {"CNAME", ns_t_cname},
                                                                    {"MX", ns_t_mx},
                                                                    {"NS", ns_t_ns},
                                                                    {"PTR", ns_t_ptr},
                                                                    {"SRV", ns_t_srv},
                                                                    {"TXT", ns_t_txt}}};
constexpr std::array kRcodes = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"};

ns_type type_of(const std::string& name) {
  return std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& type) { return name == type.first; })->second;
}

Message build_query(const DnsCheck& check, std::uint16_t id) {
  Message message(NS_HFIXEDSZ, 0);
  message[0] = static_cast<unsigned char>(id >> 8);
  message[1] = static_cast<unsigned char>(id & 0xff);
  message[2] = 1;  // RD
  message[5] = 1;  // one question
  std::array<unsigned char, NS_MAXCDNAME> name{};
  const int size = ::dn_comp(check.name.c_str(), name.data(), static_cast<int>(name.size()), nullptr, nullptr);
  if (size < 0) throw Error(ErrorCode::invalid, fmt::format("\"{}\" is no domain name", check.name));
  message.insert(message.end(), name.begin(), name.begin() + size);
  const auto type = static_cast<std::uint16_t>(type_of(check.type));
  for (const unsigned word : {static_cast<unsigned>(type), static_cast<unsigned>(ns_c_in)}) {
    message.push_back(static_cast<unsigned char>(word >> 8));
    message.push_back(static_cast<unsigned char>(word & 0xff));
  }
  return message;
}

std::string name_in(const ns_msg& message, const unsigned char* at) {
  std::array<char, NS_MAXDNAME> name{};
  if (::ns_name_uncompress(ns_msg_base(message), ns_msg_end(message), at, name.data(), name.size()) < 0) return "?";
  return name.data();
}

std::string text_in(const ns_rr& record) {
  std::string text;
  const unsigned char* at = ns_rr_rdata(record);
  const unsigned char* end = at + ns_rr_rdlen(record);
  while (at < end && at + 1 + *at <= end) {
    text.append(reinterpret_cast<const char*>(at + 1), *at);
    at += 1 + *at;
  }
  return text;
}

/// The data of a record as `dig +short` writes it.
std::string data_of(const ns_msg& message, const ns_rr& record) {
  const unsigned char* data = ns_rr_rdata(record);
  const std::size_t size = ns_rr_rdlen(record);
  const auto word = [&](std::size_t at) { return ns_get16(data + at); };
  switch (ns_rr_type(record)) {
    case ns_t_a:
    case ns_t_aaaa: {
      IpAddress address{.family = ns_rr_type(record) == ns_t_a ? Family::ipv4 : Family::ipv6};
      if (size != address.size()) return "?";
      std::copy(data, data + size, address.bytes.begin());
      return address.str();
    }
    case ns_t_mx:
      return size < 3 ? "?" : fmt::format("{} {}", word(0), name_in(message, data + 2));
    case ns_t_srv:
      return size < 7 ? "?" : fmt::format("{} {} {} {}", word(0), word(2), word(4), name_in(message, data + 6));
    case ns_t_txt:
      return text_in(record);
    default:
      return name_in(message, data);
  }
}

struct Answer {
  std::string rcode;
  std::vector<std::string> data = {};
  bool truncated = false;
  nanoseconds took{};
};

std::optional<Answer> parse(const Message& bytes, const DnsCheck& check, std::uint16_t id) {
  ns_msg message;
  if (::ns_initparse(bytes.data(), static_cast<int>(bytes.size()), &message) != 0 || ns_msg_id(message) != id)
    return std::nullopt;
  const auto rcode = static_cast<std::size_t>(ns_msg_getflag(message, ns_f_rcode));
  Answer answer{.rcode = rcode < kRcodes.size() ? kRcodes.at(rcode) : fmt::format("RCODE{}", rcode),
                .truncated = ns_msg_getflag(message, ns_f_tc) != 0};
  for (int i = 0; i < ns_msg_count(message, ns_s_an); ++i) {
    ns_rr record;
    if (::ns_parserr(&message, ns_s_an, i, &record) != 0) break;
    if (ns_rr_type(record) == type_of(check.type)) answer.data.push_back(data_of(message, record));
  }
  std::sort(answer.data.begin(), answer.data.end());
  return answer;
}

/// Waits for a socket. False: time is over.
bool ready(int fd, short events, const Until& until) {
  while (!until.over()) {
    pollfd wait{fd, events, 0};
    if (::poll(&wait, 1, until.poll_timeout()) > 0) return true;
  }
  return false;
}

UniqueFd connect_to(const DnsCheck& check, const Pair& pair, int kind) {
  UniqueFd fd(::socket(socket_family(pair.address.family), kind | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const SocketAddress to(pair.address, check.port);
  if (!fd || (::connect(fd.get(), to.get(), to.size) != 0 && errno != EINPROGRESS))
    throw Error(ErrorCode::not_found, errno_text(errno));
  return fd;
}

std::optional<Message> ask_udp(const DnsCheck& check, const Pair& pair, const Message& query, const Until& until) {
  const UniqueFd fd = connect_to(check, pair, SOCK_DGRAM);
  if (::send(fd.get(), query.data(), query.size(), MSG_NOSIGNAL) < 0)
    throw Error(ErrorCode::not_found, errno_text(errno));
  if (!ready(fd.get(), POLLIN, until)) return std::nullopt;
  Message bytes(65536);
  const ssize_t size = ::recv(fd.get(), bytes.data(), bytes.size(), 0);
  if (size < 0) throw Error(ErrorCode::not_found, errno_text(errno));
  bytes.resize(static_cast<std::size_t>(size));
  return bytes;
}

std::optional<Message> ask_tcp(const DnsCheck& check, const Pair& pair, const Message& query, const Until& until) {
  const UniqueFd fd = connect_to(check, pair, SOCK_STREAM);
  if (!ready(fd.get(), POLLOUT, until)) return std::nullopt;
  Message framed = {static_cast<unsigned char>(query.size() >> 8), static_cast<unsigned char>(query.size() & 0xff)};
  framed.insert(framed.end(), query.begin(), query.end());
  if (::send(fd.get(), framed.data(), framed.size(), MSG_NOSIGNAL) < 0)
    throw Error(ErrorCode::not_found, errno_text(errno));
  Message bytes;
  while (ready(fd.get(), POLLIN, until)) {
    std::array<unsigned char, 4096> chunk{};
    const ssize_t size = ::recv(fd.get(), chunk.data(), chunk.size(), 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (size <= 0) break;
    bytes.insert(bytes.end(), chunk.begin(), chunk.begin() + size);
    if (bytes.size() >= 2 && bytes.size() >= 2U + ns_get16(bytes.data()))
      return Message(bytes.begin() + 2, bytes.end());
  }
  return std::nullopt;
}

std::optional<Answer> ask_once(const DnsCheck& check, const Job& job, const Pair& pair) {
  const auto id = static_cast<std::uint16_t>(std::random_device{}());
  const Message query = build_query(check, id);
  std::optional<Answer> answer;
  job.ground.inside(pair.from, [&] {
    const Until until = job.until.at_most(check.timeout);
    if (const auto bytes = ask_udp(check, pair, query, until)) answer = parse(*bytes, check, id);
    if (!answer || !answer->truncated) return;
    if (const auto bytes = ask_tcp(check, pair, query, until)) answer = parse(*bytes, check, id);
  });
  return answer;
}

/// Once more if the machine may have dropped query or answer, which says nothing about the lab.
std::optional<Answer> ask(const DnsCheck& check, const Job& job, const Pair& pair) {
  const MachineRoom room;
  for (int round = 0;; ++round) {
    const std::uint64_t refusals = room.refusals();
    const auto began = Clock::now();
    if (auto answer = ask_once(check, job, pair)) {
      answer->took = Clock::now() - began;
      return answer;
    }
    if (round == kMostRounds || room.refusals() == refusals || job.until.over()) return std::nullopt;
  }
}

std::string listed(const std::vector<std::string>& data) {
  return data.empty() ? "no record" : fmt::format("{}", fmt::join(data, ", "));
}

void judge(const DnsCheck& check, const Job& job, const Pair& pair) {
  const std::string line = job.exec_line(
      pair.from, fmt::format("dig @{} -p {} {} {}", pair.address.str(), check.port, check.name, check.type));
  job.result.reproduce.push_back(line);
  PairResult& result = job.add(pair);
  const auto fail = [&](std::string seen, std::string expected) {
    result.outcome = Outcome::failed;
    job.fail({.about = job.about(pair), .seen = std::move(seen), .expected = std::move(expected), .look_at = line});
  };
  std::vector<std::string> wanted = check.answers;
  std::sort(wanted.begin(), wanted.end());
  const std::string expected = check.rcode != "NOERROR" ? check.rcode : wanted.empty() ? "an answer" : listed(wanted);
  std::optional<Answer> answer;
  try {
    answer = ask(check, job, pair);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::not_found) throw;
    fail(fmt::format("the server does not answer: {}", error.message()), expected);
    return;
  }
  if (!answer) {
    fail(fmt::format("no answer to {} {} within {}", check.name, check.type, format_duration(check.timeout.count())),
         expected);
    return;
  }
  result.metrics = {{"answer", std::chrono::duration<double, std::milli>(answer->took).count(), "ms"}};
  if (job.result.metrics.empty()) job.result.metrics = result.metrics;
  if (answer->rcode != check.rcode)
    fail(answer->rcode, expected);
  else if (!wanted.empty() ? answer->data != wanted : check.rcode == "NOERROR" && answer->data.empty())
    fail(listed(answer->data), expected);
}

}  // namespace

void run(const DnsCheck& check, const Job& job) {
  for (const Pair& pair : job.pairs(check.to)) {
    if (job.until.over()) return;
    judge(check, job, pair);
  }
}

}  // namespace netrig::check
