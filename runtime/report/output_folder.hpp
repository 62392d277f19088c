#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace caps {

/// The folder a command writes its results to, and the list of those:
/// `files.txt` names, one a line, every file and folder of them. So results of
/// an earlier run make way as a whole, and nothing of anybody else does.
///
/// The earlier results are set aside before the first new byte, in the folder
/// `earlier_results`, and removed by `keep`. Without that call the new ones are
/// removed instead and the earlier ones put back; so they are by the next
/// command if this process is killed before.
class output_folder {
public:
  /// Makes the folder. One that holds something is taken with `force` only.
  /// Throws `input_error` otherwise, and `error` when the folder cannot be made
  /// or earlier results cannot be moved.
  output_folder(std::filesystem::path folder, bool force);

  ~output_folder();

  output_folder(const output_folder&) = delete;
  output_folder& operator=(const output_folder&) = delete;

  const std::filesystem::path& path() const noexcept { return folder_; }

  /// Puts names on the list, before anything of that name is written. Throws
  /// `input_error` if somebody else's file has one of them, and `error` when
  /// the list cannot be written.
  void claim(const std::vector<std::string>& names);

  /// From now on the new results are there: removes the earlier ones.
  void keep() noexcept;

private:
  void restore() noexcept;
  void write_list() const;

  /// Takes names off the list of which nothing was written after all.
  void trim() noexcept;

  std::filesystem::path folder_;
  std::set<std::string> claimed_;
  bool set_aside_ = false;
};

/// Names of all that a run writes. `weights` nodes write theirs.
std::vector<std::string> names_of_results(size_t weights);

/// Makes a folder and those above it; throws `error` when that fails.
void make_folder(const std::filesystem::path& folder);

/// A folder of that name in another one. Names come from scenarios: throws
/// `input_error` for one that leads elsewhere.
std::filesystem::path folder_inside(const std::filesystem::path& folder,
                                    const std::string& name);

/// "runs/<scenario>-<date>-<time>", with a number behind if that is taken.
std::filesystem::path default_output_folder(const std::string& scenario_name);

/// Writes a whole file so that nobody ever sees half of it; throws `error`
/// naming the file.
void write_file(const std::filesystem::path& file, std::string_view content);

} // namespace caps
