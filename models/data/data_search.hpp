#pragma once

#include "models/data/dataset.hpp"

#include <optional>
#include <string>
#include <vector>

namespace caps {

/// What to look for and where.
struct data_wanted {
  /// Name of the dataset in messages.
  std::string dataset;
  /// Subfolders tried in each place before the place itself.
  std::vector<std::string> subfolders;
  /// A file that tells the right folder, under any of these names.
  std::vector<std::string> probe;
  /// Where a package of the system puts the files; may be empty.
  std::string system_folder;
  /// How to get the data, for the error message.
  std::string hint;
};

/// A folder that holds the data.
struct data_folder {
  std::string path;
  /// Named by the scenario: it may hold any data of the right layout. Elsewhere
  /// the files as they were published are expected.
  bool chosen = false;
};

/// Finds the data: in `source.path` if that is set, otherwise in the folder
/// named by the environment variable CAPS_DATA_DIR, then in the system's
/// folder. Throws `data_error` listing the places searched.
data_folder find_data(const data_source& source, const data_wanted& wanted);

/// The first of `names` that is a file in `folder`.
std::optional<std::string> find_file(const std::string& folder,
                                     const std::vector<std::string>& names);

/// As `find_file`; throws `data_error` naming the folder when there is none.
std::string require_file(const std::string& folder,
                         const std::vector<std::string>& names);

} // namespace caps
