#include "runtime/report/run_log.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/basic_file_sink.h>

#include <cmath>
#include <cstdio>
#include <mutex>

namespace caps {

std::shared_ptr<spdlog::logger> open_log(const std::filesystem::path& file,
                                         const std::string& level) {
  try {
    auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(
      file.string(), true);
    auto result = std::make_shared<spdlog::logger>("caps", std::move(sink));
    result->set_level(spdlog::level::from_str(level));
    result->flush_on(spdlog::level::info);
    // spdlog would go on complaining every second.
    result->set_error_handler(
      [told = std::make_shared<std::once_flag>()](const std::string& what) {
        std::call_once(*told, [&] {
          std::fputs(fmt::format("error: {}; the run goes on\n", what).c_str(),
                     stderr);
        });
      });
    return result;
  } catch (const spdlog::spdlog_ex& e) {
    throw error(e.what());
  }
}

void run_log::on_start() {
  log_->info("all nodes start");
}

void run_log::on_progress(node_id node, int64_t step) {
  log_->debug("node {} has made {} steps", node, step);
}

void run_log::on_row(const metrics_row& x) {
  if (x.crashed)
    return; // that was said when it happened
  log_->info("node {} ends epoch {} at step {}, {:.3f} s: train loss {}, test "
             "loss {}, test accuracy {}, consensus distance {}",
             x.node, x.epoch, x.step, x.time, x.train.loss.value_or(NAN),
             x.test.loss.value_or(NAN), x.test.accuracy.value_or(NAN),
             x.consensus_distance.value_or(NAN));
}

void run_log::on_event(const node_event& event) {
  log_->warn("{} (step {}, {:.3f} s)", event.text, event.stamp.step,
             static_cast<double>(event.time) / 1e9);
}

void run_log::on_view(const view_row& x) {
  log_->warn("view {} from step {}: {} nodes; {} ({:.3f} s)", x.number,
             x.from_step, x.living.size(), x.cause,
             static_cast<double>(x.time.count()) / 1e9);
}

void run_log::on_end(const run_end& end) {
  if (end.code == exit_code::success)
    log_->info("the run ends");
  else
    log_->error("the run ends with code {}: {}", static_cast<int>(end.code),
                end.text);
}

} // namespace caps
