// SPDX-License-Identifier: Apache-2.0
// All that is wrong with a file, as far as one thing does not follow from another.
#pragma once
#include <set>
#include <string>
#include <vector>

#include "model/error.hpp"

namespace netrig::tomlfile {

/// What is wrong with a file, in its order; as an Error it is the first of them.
class Errors final : public Error {
 public:
  /// `all`: one at least. `cut`: there may be more.
  Errors(std::vector<Error> all, bool cut) : Error(all.front()), all_(std::move(all)), cut_(cut) {}
  [[nodiscard]] const std::vector<Error>& all() const { return all_; }
  [[nodiscard]] bool cut() const { return cut_; }

 private:
  std::vector<Error> all_;
  bool cut_;
};

/// Collects them while a file is read on.
class Faults {
 public:
  static constexpr std::size_t kMost = 20;

  /// Runs what reads one thing of the file. What is wrong with it is kept, unless something within it was wrong before,
  /// from which that may follow. Throws Errors when there are many.
  template <typename Read>
  void within(Read&& read) {
    const std::size_t before = found_;
    try {
      read();
    } catch (const Errors&) {
      throw;
    } catch (const Error& error) {
      // Whatever else happens is not about the file.
      if (error.code() != ErrorCode::invalid && error.code() != ErrorCode::driver) throw;
      if (found_ == before) add(error);
    }
  }
  [[nodiscard]] bool any() const { return found_ > 0; }
  /// Throws Errors.
  [[noreturn]] void raise(bool cut = false);

 private:
  void add(const Error& error);

  std::vector<Error> errors_;
  std::set<std::string> places_;  ///< what repeats is wrong once
  std::size_t found_ = 0;
};

}  // namespace netrig::tomlfile
