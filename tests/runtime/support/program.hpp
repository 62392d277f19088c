#pragma once

#include "tests/support/files.hpp"
#include "tests/support/process.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace caps::test {

/// A scenario that trains in a few hundredths of a second: three nodes, ten
/// steps of an MLP on small generated pictures, two epochs.
inline const std::string tiny_scenario = R"(name = "tiny"
[nodes]
count = 3
[data]
name = "synthetic"
train = 300
test = 50
height = 6
width = 6
[model]
name = "mlp"
hidden = [8]
[training]
epochs = 2
batch = 20
)";

/// Path of caps_runtime.
std::string program_path();

/// A folder to run caps_runtime in.
class workshop {
public:
  /// Starts with `text` in scenario.toml.
  explicit workshop(const std::string& text = tiny_scenario);

  std::filesystem::path path() const { return folder_.path(); }

  std::filesystem::path operator/(const std::string& name) const {
    return path() / name;
  }

  /// Runs the program in the folder with these arguments.
  process_result caps(const std::vector<std::string>& arguments,
                      process_options options = {}) const;

  /// Runs scenario.toml into "out" with further arguments.
  process_result train(const std::vector<std::string>& more = {},
                       const process_options& options = {}) const;

  /// Starts what `train` runs.
  std::unique_ptr<process> start(const std::vector<std::string>& more,
                                 process_options options = {}) const;

private:
  std::vector<std::string>
  training(const std::vector<std::string>& more) const;

  temporary_folder folder_;
};

/// Waits until the log of the run with results in `folder` has a text so many
/// times; returns whether it came to that.
bool log_says(const std::filesystem::path& folder, const std::string& text,
              int times = 1);

/// A CSV file: the column names, then the fields of each line by column.
struct csv_table {
  std::vector<std::string> columns;
  std::vector<std::map<std::string, std::string>> rows;
};

csv_table read_csv(const std::filesystem::path& file);

/// The file without a column, as text.
std::string csv_without(const std::filesystem::path& file,
                        const std::string& column);

} // namespace caps::test
