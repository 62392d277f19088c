#pragma once

#include "actors/observation/run_observer.hpp"

#include <spdlog/logger.h>

#include <filesystem>
#include <memory>
#include <string>

namespace caps {

/// Opens log.txt; throws `error` when the file cannot be written.
std::shared_ptr<spdlog::logger> open_log(const std::filesystem::path& file,
                                         const std::string& level);

/// Writes what happens in a run to its log.
class run_log final : public run_observer {
public:
  explicit run_log(std::shared_ptr<spdlog::logger> log)
    : log_(std::move(log)) {}

  void on_start() override;
  void on_progress(node_id node, int64_t step) override;
  void on_row(const metrics_row& row) override;
  void on_event(const node_event& event) override;
  void on_lost(const node_event& event) override { on_event(event); }
  void on_view(const view_row& x) override;
  void on_end(const run_end& end) override;

private:
  std::shared_ptr<spdlog::logger> log_;
};

} // namespace caps
