// SPDX-License-Identifier: Apache-2.0
#include "kernel/batch.hpp"

#include <cstring>

namespace netrig::kernel {
namespace {

/// A length has 16 bits.
constexpr std::size_t kLongest = UINT16_MAX;

}  // namespace

void Batch::begin_message(std::uint16_t type, std::uint16_t flags) {
  finish_message();
  starts_.push_back(buffer_.size());
  nlmsghdr header{};
  header.nlmsg_type = type;
  header.nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST);
  append(&header, sizeof header);
}

void Batch::finish_message() {
  if (starts_.empty()) return;
  const auto length = static_cast<std::uint32_t>(buffer_.size() - starts_.back());
  std::memcpy(&buffer_[starts_.back()], &length, sizeof length);
}

Batch& Batch::append(const void* data, std::size_t size) {
  if (size != 0) {
    const auto* from = static_cast<const std::byte*>(data);
    buffer_.insert(buffer_.end(), from, from + size);
  }
  buffer_.resize(NLMSG_ALIGN(buffer_.size()));
  return *this;
}

void Batch::note_overflow(std::size_t bytes) {
  if (!overflow_) overflow_ = {.type = header(starts_.size() - 1).nlmsg_type, .bytes = bytes};
}

bool Batch::begin_attribute(std::uint16_t type, std::size_t size) {
  if (size > kLongest - NLA_HDRLEN) {
    note_overflow(NLA_HDRLEN + size);
    return false;
  }
  const nlattr header{.nla_len = static_cast<std::uint16_t>(NLA_HDRLEN + size), .nla_type = type};
  append(&header, sizeof header);
  return true;
}

Batch& Batch::put(std::uint16_t type, const void* value, std::size_t size) {
  return begin_attribute(type, size) ? append(value, size) : *this;
}

Batch& Batch::put_text(std::uint16_t type, std::string_view text) {
  if (!begin_attribute(type, text.size() + 1)) return *this;
  const auto* from = reinterpret_cast<const std::byte*>(text.data());
  buffer_.insert(buffer_.end(), from, from + text.size());
  const std::byte end{0};
  return append(&end, 1);
}

Batch::Nest Batch::nest(const rtnexthop& hop) {
  const std::size_t at = buffer_.size();
  append(&hop, sizeof hop);
  return {*this, at};
}

std::size_t Batch::open(std::uint16_t type) {
  const std::size_t at = buffer_.size();
  begin_attribute(type, 0);
  return at;
}

void Batch::close(std::size_t at) {
  const std::size_t bytes = buffer_.size() - at;
  if (bytes > kLongest) return note_overflow(bytes);
  const auto length = static_cast<std::uint16_t>(bytes);
  std::memcpy(&buffer_[at], &length, sizeof length);
}

void Batch::clear() {
  buffer_.clear();
  starts_.clear();
  overflow_.reset();
}

std::span<std::byte> Batch::messages(std::size_t first, std::size_t last) {
  finish_message();
  const std::size_t end = last < starts_.size() ? starts_[last] : buffer_.size();
  return std::span(buffer_).subspan(starts_[first], end - starts_[first]);
}

nlmsghdr Batch::header(std::size_t index) const {
  nlmsghdr header{};
  std::memcpy(&header, &buffer_[starts_[index]], sizeof header);
  return header;
}

void Batch::set_flags(std::size_t index, std::uint16_t flags) {
  std::memcpy(&buffer_[starts_[index] + offsetof(nlmsghdr, nlmsg_flags)], &flags, sizeof flags);
}

void Batch::number_from(std::uint32_t first) {
  for (const std::size_t start : starts_) {
    std::memcpy(&buffer_[start + offsetof(nlmsghdr, nlmsg_seq)], &first, sizeof first);
    ++first;
  }
}

}  // namespace netrig::kernel
