#include "models/data/data_search.hpp"

#include "models/errors.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

namespace caps {

namespace {

std::vector<data_folder> places(const data_source& source,
                                const data_wanted& wanted) {
  std::vector<data_folder> result;
  auto add = [&](const std::filesystem::path& base, bool chosen) {
    for (const auto& subfolder : wanted.subfolders)
      result.push_back({(base / subfolder).string(), chosen});
    result.push_back({base.string(), chosen});
  };
  if (!source.path.empty()) {
    add(source.path, true);
    return result;
  }
  if (auto folder = std::getenv("CAPS_DATA_DIR"); folder && *folder != '\0')
    add(folder, false);
  if (!wanted.system_folder.empty())
    result.push_back({wanted.system_folder, false});
  return result;
}

} // namespace

data_folder find_data(const data_source& source, const data_wanted& wanted) {
  auto candidates = places(source, wanted);
  for (const auto& place : candidates)
    if (find_file(place.path, wanted.probe))
      return place;
  std::vector<std::string> searched;
  for (const auto& place : candidates)
    searched.push_back(place.path);
  throw data_error(fmt::format(
    "no {} data: {} not found{}; {}", wanted.dataset, wanted.probe.front(),
    searched.empty() ? " (neither data.path nor CAPS_DATA_DIR is set)"
                     : " in " + join(searched),
    wanted.hint));
}

std::optional<std::string> find_file(const std::string& folder,
                                     const std::vector<std::string>& names) {
  std::error_code ignored; // an unreadable place is searched in vain
  for (const auto& name : names) {
    auto path = std::filesystem::path{folder} / name;
    if (std::filesystem::is_regular_file(path, ignored))
      return path.string();
  }
  return std::nullopt;
}

std::string require_file(const std::string& folder,
                         const std::vector<std::string>& names) {
  if (auto path = find_file(folder, names))
    return *path;
  throw data_error(fmt::format("'{}' lacks {}", folder, names.front()));
}

} // namespace caps
