#pragma once

#include "actors/observation/run_observer.hpp"
#include "runtime/report/csv_file.hpp"
#include "runtime/report/stopwatch.hpp"

#include <filesystem>

namespace caps {

/// Writes metrics.csv, a line per node and epoch, each as soon as it is known.
/// Times are in seconds, accuracies are shares of 1; what does not exist
/// (accuracy of a regression, loss on an empty set) is an empty field.
class metrics_csv final : public run_observer {
public:
  /// Creates the file; throws `error` when that fails.
  explicit metrics_csv(const std::filesystem::path& file);

  void on_start() override { watch_ = {}; }
  void on_row(const metrics_row& row) override;

private:
  csv_file out_;
  stopwatch watch_;
};

} // namespace caps
