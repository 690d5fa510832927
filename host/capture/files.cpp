// SPDX-License-Identifier: Apache-2.0
#include "capture/files.hpp"

#include <fmt/format.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "capture/pcapng.hpp"
#include "model/error.hpp"
#include "model/error_number.hpp"
#include "model/patience.hpp"

namespace netrig::capture {
namespace {

constexpr std::size_t kMostBuffered = 1 << 20;
// Who wants it to end has not to wait for a reader that has stopped reading.
constexpr auto kLastWords = std::chrono::seconds(2);

}  // namespace

std::string Files::next_path() const {
  if (!spec_.rotation.wanted()) return spec_.path;
  const std::filesystem::path whole(spec_.path);
  return (whole.parent_path() /
          fmt::format("{}-{:05}{}", whole.stem().string(), number_ + 1, whole.extension().string()))
      .string();
}

void Files::begin(const std::vector<Interface>& interfaces, Count count) {
  interfaces_ = interfaces;
  count_ = std::move(count);
  open_next();
  flush();
}

void Files::add(const Interface& interface) {
  interfaces_.push_back(interface);
  packets_.push_back(0);
  before_.emplace_back();
  append_interface(buffer_, interface);
}

void Files::open_next() {
  const std::string path = next_path();
  file_ = spec_.open(path);
  struct stat status {};
  regular_ = ::fstat(file_.get(), &status) == 0 && S_ISREG(status.st_mode);
  if (spec_.rotation.wanted() && !regular_)
    throw Error(ErrorCode::invalid, fmt::format("cannot write {}: files that follow each other must be files", path));
  ++number_;
  paths_.push_back(path);
  written_ = 0;
  opened_ = std::chrono::steady_clock::now();
  began_ = wall_clock();
  before_ = count_();
  packets_.assign(interfaces_.size(), 0);
  append_section(buffer_, spec_.comment);
  for (const Interface& interface : interfaces_) append_interface(buffer_, interface);
  while (spec_.rotation.keep && paths_.size() > *spec_.rotation.keep) {
    ::unlink(paths_.front().c_str());  // whoever took it away already may
    paths_.pop_front();
  }
}

void Files::close_file() {
  const std::vector<Counts> now = count_();
  const std::chrono::nanoseconds ended = wall_clock();
  for (std::size_t i = 0; i < interfaces_.size(); ++i)
    append_statistics(
        buffer_, i,
        {.began = began_,
         .ended = ended,
         .counts = {.received = now[i].received - before_[i].received, .dropped = now[i].dropped - before_[i].dropped},
         .written = packets_[i]});
  flush();
  // What a network's file system could not take it may say only now.
  const int closed = regular_ ? ::close(file_.release()) : 0;
  file_.reset();
  if (closed != 0) throw Error(ErrorCode::failed, fmt::format("cannot write {}: {}", paths_.back(), errno_text(errno)));
}

bool Files::is_full(const Packet& packet) const {
  constexpr std::uint64_t kBlock = 36;       // of a packet, around its bytes and their padding
  constexpr std::uint64_t kStatistics = 88;  // of an interface, at the end
  if (std::all_of(packets_.begin(), packets_.end(), [](std::uint64_t count) { return count == 0; })) return false;
  const Rotation& rotation = spec_.rotation;
  if (rotation.time && std::chrono::steady_clock::now() - opened_ >= *rotation.time) return true;
  return rotation.bytes &&
         written_ + buffer_.size() + kBlock + packet.bytes.size() + kStatistics * interfaces_.size() > *rotation.bytes;
}

void Files::packet(std::size_t interface, const Packet& packet) {
  if (spec_.rotation.wanted() && is_full(packet)) {
    close_file();
    open_next();
  }
  append_packet(buffer_, interface, packet);
  ++packets_[interface];
  if (buffer_.size() >= kMostBuffered) flush();
}

int Files::write(std::string_view text) {
  // As much as a pipe takes at once: with more, a write waits for its reader, deaf to whoever wants it to end.
  const std::size_t most = regular_ ? text.size() : PIPE_BUF;
  while (!text.empty()) {
    if (!regular_) {
      Waited waited = wait_for(file_.get(), POLLOUT, {.gave_up = spec_.gave_up});
      if (waited == Waited::gave_up)
        waited = wait_for(file_.get(), POLLOUT, {.deadline = std::chrono::steady_clock::now() + kLastWords});
      if (waited == Waited::late) return ETIMEDOUT;
      if (waited != Waited::ready) return errno;
    }
    const ssize_t size = ::write(file_.get(), text.data(), std::min(most, text.size()));
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (size <= 0) return size == 0 ? EIO : errno;
    text.remove_prefix(static_cast<std::size_t>(size));
    written_ += static_cast<std::uint64_t>(size);
  }
  return 0;
}

void Files::flush() {
  const std::uint64_t whole = written_;
  const int error = unread_ ? EPIPE : write(buffer_);
  buffer_.clear();
  if (error == 0) return;
  unread_ = error == EPIPE;
  if (unread_) return;
  // What is there stays a file that can be read: its last block is whole.
  const auto begun = static_cast<off_t>(written_ - whole);
  if (const off_t at = ::lseek(file_.get(), 0, SEEK_CUR);
      regular_ && at >= begun && ::ftruncate(file_.get(), at - begun) == 0)
    written_ = whole;
  const std::string name = spec_.path == "-" ? "standard output" : paths_.back();
  throw Error(ErrorCode::failed,
              fmt::format("cannot write {}: {}", name,
                          error == ETIMEDOUT ? std::string("its reader takes nothing") : errno_text(error)));
}

void Files::end() {
  if (file_) close_file();
}

bool Files::is_unread() {
  if (!unread_ && file_ && !regular_) {
    pollfd output{.fd = file_.get(), .events = 0, .revents = 0};
    unread_ = ::poll(&output, 1, 0) > 0 && (output.revents & (POLLERR | POLLHUP)) != 0;
  }
  return unread_;
}

}  // namespace netrig::capture
