#include "runtime/report/output_folder.hpp"

#include "models/checkpoint/atomic_file.hpp"
#include "models/errors.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <span>

namespace caps {

void make_output_folder(const std::filesystem::path& folder, bool force) {
  std::error_code problem;
  if (std::filesystem::exists(folder, problem)) {
    if (!std::filesystem::is_directory(folder, problem))
      throw input_error(fmt::format("--out {}: is a file, expected a folder",
                                    folder.string()));
    if (!force && !std::filesystem::is_empty(folder, problem))
      throw input_error(fmt::format("--out {}: the folder is not empty; give "
                                    "another one, or --force to write into it",
                                    folder.string()));
  }
  std::filesystem::create_directories(folder, problem);
  if (problem)
    throw error(fmt::format("cannot make the folder {}: {}", folder.string(),
                            problem.message()));
}

std::filesystem::path folder_inside(const std::filesystem::path& folder,
                                    const std::string& name) {
  auto inside = !name.empty() && name != "." && name != ".."
                && name.find('/') == std::string::npos
                && name.find('\0') == std::string::npos;
  if (!inside)
    throw input_error(fmt::format("the name '{}' is that of no folder in {} "
                                  "(it may not be empty, '.' or '..', nor hold "
                                  "a '/'); give another one",
                                  name, folder.string()));
  return folder / name;
}

std::filesystem::path default_output_folder(const std::string& scenario_name) {
  auto now = fmt::localtime(std::time(nullptr));
  auto stem = fmt::format("{}-{:%Y%m%d-%H%M%S}",
                          folder_inside("runs", scenario_name).string(), now);
  std::filesystem::path result{stem};
  for (int i = 2; std::filesystem::exists(result); ++i)
    result = fmt::format("{}-{}", stem, i);
  return result;
}

void write_file(const std::filesystem::path& file, std::string_view content) {
  atomic_file out{file};
  out.write(std::as_bytes(std::span{content}));
  out.commit();
}

} // namespace caps
