// SPDX-License-Identifier: Apache-2.0
// Work in other network namespaces than the caller's, who stays in its own.
#pragma once
#include <functional>

#include "model/unique_fd.hpp"

namespace netrig::kernel {

/// Runs `work` in a thread of its own, which may enter namespaces as it likes. What it throws is thrown here.
///
/// Where no thread can be had (a limit on processes) the calling one does it, and is then in its own namespace again.
void aside(const std::function<void()>& work);

/// Runs `work` in that namespace, as `aside` does.
void inside(const UniqueFd& space, const std::function<void()>& work);

/// Brings the calling thread back to the namespace it is in. Only for want of threads: the way back needs a privilege
/// over that namespace, which a thread that is just thrown away does not.
class Homecoming {
 public:
  /// Throws Error if there would be no way back.
  Homecoming();
  ~Homecoming();
  Homecoming(const Homecoming&) = delete;
  Homecoming& operator=(const Homecoming&) = delete;

  /// Opens what a way back may need when nothing more can be had. Called before anything is changed, for a rollback
  /// needs it then.
  static void prepare();

 private:
  UniqueFd here_;
};

}  // namespace netrig::kernel
