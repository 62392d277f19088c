#pragma once

#include "models/errors.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include <stdlib.h>

namespace caps {

/// A new folder for its owner alone, among the temporary ones; goes with this
/// object.
class scratch_folder {
public:
  scratch_folder() {
    auto pattern
      = (std::filesystem::temp_directory_path() / "caps-join-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr)
      throw error(fmt::format("{}: cannot be made", pattern));
    path_ = pattern;
  }

  ~scratch_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }

private:
  std::filesystem::path path_;
};

} // namespace caps
