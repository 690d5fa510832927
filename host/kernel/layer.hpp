// SPDX-License-Identifier: Apache-2.0
// Directories of the machine that a namespace's commands may change for themselves: an overlay each, which is mounted
// once, in the lab's record, and bound where its commands see it. Mounted by each command anew it would be another file
// system each time, and what one command renames another would not see.
#pragma once
#include <string>
#include <vector>

#include "model/unique_fd.hpp"

namespace netrig::kernel {

inline constexpr const char* kLayers = "files";  ///< in the lab's record

struct Layer {
  std::string directory;  ///< of the machine, with no link in its path
  std::string place;      ///< holds upper/ (what differs), work/ and merged/ (what is seen)
};

/// Where the layers of a namespace are.
std::string layers_of(const std::string& lab, const std::string& space);
/// O_PATH, and no link followed anywhere: whoever owns a directory on the way may have put one there since it was last
/// looked at. `flags`: further ones. Empty: errno says why; ELOOP: there is a link.
UniqueFd open_unlinked(const std::string& path, int flags = 0);
/// Binds `from` over a directory that is opened like that. `what`: for the message.
void bind_over(const std::string& from, const std::string& directory, const char* what);

/// Those that are there, outer ones first. What one is for its place tells, so they need no lab to be read.
std::vector<Layer> list_layers(const std::string& lab, const std::string& space);
Layer layer_of(const std::string& lab, const std::string& space, const std::string& directory);

/// What of a layer has been made.
std::string upper_of(const Layer& layer);
std::string merged_of(const Layer& layer);
/// Mounts it, if it is not: its directories are there. Throws Error{unsupported} where the kernel or the file system of
/// /run cannot.
void mount_layer(const Layer& layer);
/// Whoever has it open keeps it until he ends.
void unmount_layer(const Layer& layer);
/// All of a lab.
void unmount_layers(const std::string& lab);

/// Shows them to this process, which has a mount namespace of its own; what is mounted below their directories stays in
/// place, but for what the layers bring themselves. Throws Error.
void show_layers(const std::string& lab, const std::string& space);

/// A path as one name, and back.
std::string flat(const std::string& path);
std::string unflat(const std::string& name);

}  // namespace netrig::kernel
