#pragma once

#include "actors/observation/run_observer.hpp"
#include "runtime/report/csv_file.hpp"

#include <filesystem>
#include <optional>

namespace caps {

/// Writes protocol.csv: what protocols measure besides the training itself
/// (staleness, waiting, skipped layers), a line per number and epoch, counted
/// since training started. `of` says what a number is about (a worker, a
/// layer), `at` is its place in a histogram. The file is created with the
/// first number: runs of protocols that measure nothing have none.
class protocol_csv final : public run_observer {
public:
  explicit protocol_csv(std::filesystem::path file) : file_(std::move(file)) {}

  void on_metrics(const node_metrics& x) override;

private:
  std::filesystem::path file_;
  std::optional<csv_file> out_;
};

} // namespace caps
