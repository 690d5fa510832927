// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/parts.hpp"

namespace netrig::config {

/// The services of a lab whose namespaces have been read, as they are found in the file and its repeats.
class Services {
 public:
  /// `spaces` is the index of Lab::namespaces. Both must outlive it.
  Services(const Lab& lab, const std::unordered_map<std::string, std::size_t>& spaces) : lab_(lab), spaces_(spaces) {}

  /// One table. Throws Error{invalid} for what is wrong in it.
  void read(const Text& name, const Table& table);
  /// All, each with the names of those that it comes after. Throws Error{invalid} if one is not there, or they wait for
  /// each other.
  std::vector<Service> take(const Context& context);

 private:
  struct Found {
    Service service;
    std::vector<Text> after;
  };
  /// What the file calls alike, as indices of found_.
  struct Stem {
    std::vector<std::size_t> all = {};
    std::unordered_map<std::string_view, std::vector<std::size_t>> in = {};  ///< by namespace
    bool tests = false;                                                      ///< one starts with tests at least
  };
  using Stems = std::unordered_map<std::string_view, Stem>;

  void place(Service service, const std::vector<Text>& after, const Table& table);
  /// Counts what `count` of it will hold. Throws Error{invalid} if that is too much.
  void take_room(const Service& service, const std::vector<Text>& after, std::size_t count, const Table& table);
  void add(Service service, const Context& context);
  void find_after(Found& one, const Stems& stems, const Context& context);
  [[nodiscard]] Stems stems() const;
  void refuse_circles(const Context& context) const;

  const Lab& lab_;
  const std::unordered_map<std::string, std::size_t>& spaces_;
  std::vector<Found> found_;
  std::unordered_map<std::string, std::size_t> index_;
  std::size_t comparisons_ = 0;
  std::size_t after_ = 0;
  std::size_t bytes_ = 0;  ///< that all have
};

}  // namespace netrig::config
