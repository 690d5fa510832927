// SPDX-License-Identifier: Apache-2.0
// Whether the lab under test is as its file says.
#pragma once
#include <mutex>
#include <vector>

#include "check/result.hpp"
#include "model/lab.hpp"
#include "plan/words.hpp"

namespace netrig::check {

/// What in these namespaces of a lab that is up is not as in the file. `strict`: also what nobody accounts for. Throws
/// Error. Thread: any.
std::vector<plan::Fault> faults_in(const Lab& lab, const std::vector<std::size_t>& spaces, bool strict);

/// As findings; of very many only the first.
std::vector<Finding> findings_of(const std::vector<plan::Fault>& faults, const Lab& lab);

/// Blames the test after which something is not as in the file, and no other. Thread: any, one call at a time waits for
/// the other.
class DriftJudge {
 public:
  /// What differs already is no test's doing; there is a warning of it.
  explicit DriftJudge(const Lab& lab);
  /// A test that has passed and left something that was not there before it has failed.
  void judge(TestResult& result);

 private:
  const Lab& lab_;
  std::vector<std::size_t> spaces_;  ///< all
  std::mutex mutex_;
  std::vector<plan::Fault> known_;
};

}  // namespace netrig::check
