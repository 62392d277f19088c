#include "runtime/report/output_folder.hpp"

#include "models/checkpoint/atomic_file.hpp"
#include "models/errors.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cstdio>
#include <ctime>
#include <fstream>
#include <span>
#include <utility>

namespace caps {

namespace {

namespace fs = std::filesystem;

constexpr auto list_name = "files.txt";
constexpr auto aside_name = "earlier_results";
constexpr auto dropped_name = "dropped_results";

/// The results of a folder by the list in it, those of listed folders
/// included, as paths relative to `folder`; the lists themselves come last.
/// Whatever leads out of the folder is no result.
void find_results(const fs::path& folder, const fs::path& within,
                  std::vector<fs::path>& result) {
  auto list = within / list_name;
  std::ifstream in{folder / list};
  if (!in)
    return;
  for (std::string name; std::getline(in, name);) {
    fs::path plain{name};
    if (plain.empty() || plain.filename() != plain || name == "."
        || name == ".." || name == list_name)
      continue;
    auto status = fs::symlink_status(folder / within / plain);
    if (fs::is_directory(status))
      find_results(folder, within / plain, result);
    else if (fs::exists(status))
      result.push_back(within / plain);
  }
  result.push_back(std::move(list));
}

std::vector<fs::path> results_in(const fs::path& folder) {
  std::vector<fs::path> result;
  find_results(folder, {}, result);
  return result;
}

/// Removes folders that became empty, from that of a file up to `top`.
void prune(const fs::path& file, const fs::path& top) {
  std::error_code problem;
  for (auto x = file.parent_path(); x != top && !x.empty();
       x = x.parent_path())
    if (!fs::remove(x, problem) || problem)
      return;
}

void move_file(const fs::path& from, const fs::path& to, const fs::path& x) {
  fs::create_directories((to / x).parent_path());
  fs::rename(from / x, to / x);
  prune(from / x, from);
}

/// The list itself goes last: where it is, the results are complete, or lack
/// only what is in the other folder already.
void move_results(const fs::path& from, const fs::path& to) {
  std::vector<fs::path> moved;
  try {
    for (const auto& x : results_in(from)) {
      move_file(from, to, x);
      moved.push_back(x);
    }
  } catch (const fs::filesystem_error&) {
    for (const auto& x : moved)
      move_file(to, from, x);
    throw;
  }
}

void remove_results(const fs::path& folder) {
  for (const auto& x : results_in(folder)) {
    fs::remove(folder / x);
    prune(folder / x, folder);
  }
}

/// In the place of the new results, which have not come far.
void put_back(const fs::path& folder) {
  remove_results(folder);
  move_results(folder / aside_name, folder);
  std::error_code not_empty;
  fs::remove(folder / aside_name, not_empty);
}

} // namespace

output_folder::output_folder(fs::path folder, bool force)
  : folder_(std::move(folder)) {
  std::error_code problem;
  if (fs::exists(folder_, problem)) {
    if (!fs::is_directory(folder_, problem))
      throw input_error(fmt::format("--out {}: is a file, expected a folder",
                                    folder_.string()));
    if (!force && !fs::is_empty(folder_, problem))
      throw input_error(fmt::format(
        "--out {}: the folder is not empty; give another one, or --force to "
        "replace the results in it and leave all else",
        folder_.string()));
  }
  make_folder(folder_);
  try {
    // What a command that was killed has left.
    fs::remove_all(folder_ / dropped_name);
    auto aside = folder_ / aside_name;
    if (fs::exists(aside / list_name))
      put_back(folder_);
    if (!fs::exists(folder_ / list_name))
      return;
    move_results(folder_, aside);
    set_aside_ = true;
  } catch (const fs::filesystem_error& e) {
    throw error(fmt::format("cannot replace the results in {}: {}",
                            folder_.string(), e.what()));
  }
}

output_folder::~output_folder() {
  if (set_aside_)
    restore();
  else
    trim();
}

void output_folder::claim(const std::vector<std::string>& names) {
  std::vector<std::string> fresh;
  for (const auto& x : names) {
    if (claimed_.contains(x))
      continue;
    if (fs::exists(fs::symlink_status(folder_ / x)))
      throw input_error(fmt::format("--out {}: {} is there and no result of an "
                                    "earlier run; give another folder",
                                    folder_.string(), x));
    fresh.push_back(x);
  }
  claimed_.insert(fresh.begin(), fresh.end());
  if (!fresh.empty())
    write_list();
}

void output_folder::keep() noexcept {
  if (!std::exchange(set_aside_, false))
    return;
  try {
    // Renamed first, or half of them might be put back.
    auto dropped = folder_ / dropped_name;
    fs::rename(folder_ / aside_name, dropped);
    fs::remove_all(dropped);
  } catch (const std::exception& e) {
    std::fputs(fmt::format("error: earlier results are left over: {}\n",
                           e.what())
                 .c_str(),
               stderr);
  }
}

void output_folder::trim() noexcept {
  try {
    auto size = claimed_.size();
    std::erase_if(claimed_, [&](const std::string& x) {
      return !fs::exists(fs::symlink_status(folder_ / x));
    });
    if (claimed_.size() != size)
      write_list();
  } catch (const std::exception& e) {
    std::fputs(fmt::format("error: cannot complete {}: {}\n",
                           (folder_ / list_name).string(), e.what())
                 .c_str(),
               stderr);
  }
}

void output_folder::write_list() const {
  write_file(folder_ / list_name,
             fmt::format("{}\n", fmt::join(claimed_, "\n")));
}

void output_folder::restore() noexcept {
  try {
    put_back(folder_);
  } catch (const std::exception& e) {
    std::fputs(fmt::format("error: earlier results are left in {}: {}\n",
                           (folder_ / aside_name).string(), e.what())
                 .c_str(),
               stderr);
  }
}

std::vector<std::string> names_of_results(size_t weights) {
  std::vector<std::string> result{
    "edges.csv",    "log.txt",       "metrics.csv",      "protocol.csv",
    "rounds.csv",   "run.caps",      "run.caps-journal", "run.caps-shm",
    "run.caps-wal", "scenario.toml", "summary.json",     "views.csv"};
  for (size_t i = 0; i < weights; ++i)
    result.push_back(fmt::format("{}.safetensors", i));
  return result;
}

void make_folder(const fs::path& folder) {
  std::error_code problem;
  fs::create_directories(folder, problem);
  if (problem)
    throw error(fmt::format("cannot make the folder {}: {}", folder.string(),
                            problem.message()));
}

fs::path folder_inside(const fs::path& folder, const std::string& name) {
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

fs::path default_output_folder(const std::string& scenario_name) {
  auto now = fmt::localtime(std::time(nullptr));
  auto stem = fmt::format("{}-{:%Y%m%d-%H%M%S}",
                          folder_inside("runs", scenario_name).string(), now);
  fs::path result{stem};
  for (int i = 2; fs::exists(result); ++i)
    result = fmt::format("{}-{}", stem, i);
  return result;
}

void write_file(const fs::path& file, std::string_view content) {
  atomic_file out{file};
  out.write(std::as_bytes(std::span{content}));
  out.commit();
}

} // namespace caps
