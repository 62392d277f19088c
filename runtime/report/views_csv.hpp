#pragma once

#include "actors/observation/run_observer.hpp"
#include "runtime/report/csv_file.hpp"

#include <filesystem>

namespace caps {

/// Writes views.csv: who took part from when on, and why.
class views_csv final : public run_observer {
public:
  /// Creates the file; throws `error` when that fails.
  explicit views_csv(const std::filesystem::path& file);

  void on_view(const view_row& row) override;

private:
  csv_file out_;
};

} // namespace caps
