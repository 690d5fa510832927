// SPDX-License-Identifier: Apache-2.0
#include "kernel/batch.hpp"

#include <stdexcept>

namespace netrig::kernel {

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

Batch& Batch::put(std::uint16_t type, const void* value, std::size_t size) {
  // Lengths come from checked values and from driver answers of bounded size; anything longer is a defect here.
  if (size > UINT16_MAX - NLA_HDRLEN) throw std::length_error("netlink attribute longer than 65531 bytes");
  const nlattr header{.nla_len = static_cast<std::uint16_t>(NLA_HDRLEN + size), .nla_type = type};
  append(&header, sizeof header);
  return append(value, size);
}

Batch& Batch::put_text(std::uint16_t type, std::string_view text) {
  const nlattr header{.nla_len = static_cast<std::uint16_t>(NLA_HDRLEN + text.size() + 1), .nla_type = type};
  append(&header, sizeof header);
  const auto* from = reinterpret_cast<const std::byte*>(text.data());
  buffer_.insert(buffer_.end(), from, from + text.size());
  const std::byte end{0};
  return append(&end, 1);
}

std::size_t Batch::open(std::uint16_t type) {
  const std::size_t at = buffer_.size();
  put(type, nullptr, 0);
  return at;
}

void Batch::close(std::size_t at) {
  // A nest over 64 KiB cannot be written; its length stays 4, and the kernel refuses the message. Drivers' data is
  // bounded below that.
  const std::size_t length = buffer_.size() - at;
  if (length <= UINT16_MAX) patch_u16(at, static_cast<std::uint16_t>(length));
}

void Batch::clear() {
  buffer_.clear();
  starts_.clear();
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
