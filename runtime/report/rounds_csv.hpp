#pragma once

#include "actors/observation/link_table.hpp"
#include "actors/observation/run_observer.hpp"
#include "runtime/report/csv_file.hpp"

#include <filesystem>
#include <optional>

namespace caps {

/// Writes rounds.csv: how far the nodes are apart round by round, and by what
/// factor that shrank since the last line, beside the factor that mixing alone
/// would give (1 - spectral gap, to the power of the mixings in between).
class rounds_csv final : public run_observer {
public:
  /// Creates the file; throws `error` when that fails. `predicted` is the
  /// factor of the mixings between two lines, if it is known.
  rounds_csv(const std::filesystem::path& file,
             std::optional<double> predicted);

  void on_round(const round_row& row) override;

private:
  csv_file out_;
  std::optional<double> predicted_;
  std::optional<double> last_;
};

/// Writes edges.csv: each edge in each direction at the end of each epoch; of
/// one between two processes, what was last heard of its link.
class edges_csv final : public run_observer {
public:
  /// Creates the file; throws `error` when that fails.
  explicit edges_csv(const std::filesystem::path& file);

  void on_links(const link_report& x) override { links_.take(x); }
  void on_edge(const edge_row& row) override;

private:
  csv_file out_;
  link_table links_;
};

} // namespace caps
