// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "model/unique_fd.hpp"

namespace netrig::kernel {

/// Something to wait on until links of a namespace change: come, go, go up or down. What has changed is for its owner
/// to look at. Thread: any, one at a time.
class LinkNotices {
 public:
  /// Of the namespace that the calling thread is in, which it keeps alive. Throws Error.
  LinkNotices();
  /// Readable when there has been a change.
  [[nodiscard]] int fd() const { return socket_.get(); }
  /// Forgets those that came so far.
  void clear() const;

 private:
  UniqueFd socket_;
};

}  // namespace netrig::kernel
