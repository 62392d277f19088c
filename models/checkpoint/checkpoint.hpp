#pragma once

#include "models/state.hpp"

#include <c10/core/Device.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace caps {

/// What a checkpoint belongs to. Two runs may exchange checkpoints if `layout`
/// is the same.
struct checkpoint_identity {
  /// The net in words, for messages: "lenet5".
  std::string model;
  /// `parameter_layout::digest()` of the net.
  uint64_t layout = 0;
  /// Steps done when the checkpoint was taken; orders those of a folder.
  int64_t step = 0;
};

/// Shows all state of a run to a visitor, under names that are unique.
using visit_state_function = std::function<void(state_visitor&)>;

/// Extension of checkpoint files, by which `latest_good` knows them.
inline constexpr const char* checkpoint_extension = ".checkpoint";

/// The file of a checkpoint in `folder`: "step-000001200.checkpoint".
std::filesystem::path checkpoint_path(const std::filesystem::path& folder,
                                      int64_t step);

/// Writes everything that `visit` shows into one file, which appears complete
/// or not at all. It is a safetensors file with checksums: a flipped bit
/// anywhere is found, with its place. Throws `error` when the system refuses
/// to write.
void save_checkpoint(const std::filesystem::path& file,
                     const checkpoint_identity& identity,
                     const visit_state_function& visit);

/// Restores everything that `visit` shows, bit for bit, and returns what the
/// checkpoint says of itself. Nothing is visited before the whole file has
/// been checked. New tensors are made on `device` (see `state_reader`).
///
/// Throws `data_error` for a missing or damaged file, with the first bad offset
/// and an older checkpoint of the same folder to go back to, and `input_error`
/// for a checkpoint of another net, naming both, or of another configuration.
checkpoint_identity load_checkpoint(const std::filesystem::path& file,
                                    const checkpoint_identity& expected,
                                    const visit_state_function& visit,
                                    c10::Device device = at::kCPU);

/// What a checkpoint says of itself; checks its header alone.
checkpoint_identity read_identity(const std::filesystem::path& file);

/// The undamaged checkpoint of `folder` with the most steps, if there is one;
/// every byte of it has been checked.
std::optional<std::filesystem::path>
latest_good(const std::filesystem::path& folder);

} // namespace caps
