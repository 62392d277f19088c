#include "runtime/report/console.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace caps {

namespace {

constexpr double bar_interval_seconds = 0.1;
constexpr int bar_width = 30;

/// Nodes in the table at the end; more than a screen helps nobody.
constexpr size_t table_rows_max = 32;

std::string percent(const std::optional<double>& x) {
  return x ? fmt::format("{:.2f}", 100 * *x) : "-";
}

std::string decimal(const std::optional<double>& x) {
  if (!x)
    return "-";
  return std::isnan(*x) ? "nan" : fmt::format("{:.4f}", *x);
}

} // namespace

std::string human_bytes(double bytes) {
  constexpr std::array units{"B", "kB", "MB", "GB", "TB"};
  size_t i = 0;
  for (; bytes >= 1000 && i + 1 < units.size(); ++i)
    bytes /= 1000;
  return i == 0 ? fmt::format("{:.0f} B", bytes)
                : fmt::format("{:.1f} {}", bytes, units[i]);
}

std::string human_seconds(double seconds) {
  if (seconds < 60)
    return fmt::format("{:.1f} s", seconds);
  auto whole = static_cast<int64_t>(seconds + 0.5);
  if (whole < 3600)
    return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

console::console(std::FILE* out, const options& run)
  : out_(out), run_(run), terminal_(isatty(fileno(out)) != 0) {}

void console::print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), out_);
  std::fflush(out_);
}

void console::on_start() {
  watch_ = {};
  draw_bar();
}

void console::on_progress(node_id node, int64_t step) {
  if (node >= run_.nodes)
    return; // a server's versions are no steps
  auto& last = steps_[node];
  steps_done_ += std::max<int64_t>(0, step - last);
  last = std::max(last, step);
  draw_bar();
}

void console::on_row(const metrics_row& row) {
  on_progress(row.node, row.step);
  last_[row.node] = row;
  if (!run_.served)
    collect(row);
  else if (row.node == run_.nodes && !row.crashed)
    print_epoch({row});
}

void console::collect(const metrics_row& row) {
  // Rows come epoch by epoch, all nodes of an epoch in a row.
  if (!epoch_rows_.empty() && epoch_rows_.front().epoch != row.epoch)
    end_epoch();
  epoch_rows_.push_back(row);
  if (epoch_rows_.size() + crashed_ == static_cast<size_t>(run_.nodes))
    end_epoch();
}

void console::end_epoch() {
  // Of those that crash in it, nothing is known that could be averaged.
  crashed_ += std::erase_if(epoch_rows_,
                            [](const metrics_row& x) { return x.crashed; });
  if (!epoch_rows_.empty())
    print_epoch(epoch_rows_);
  epoch_rows_.clear();
}

void console::on_end(const run_end&) {
  end_epoch();
  clear_bar();
  if (!last_.empty())
    print_table();
}

void console::draw_bar() {
  auto now = watch_.seconds();
  if (!terminal_ || now - bar_drawn_at_ < bar_interval_seconds)
    return;
  bar_drawn_at_ = now;
  auto share = std::clamp(static_cast<double>(steps_done_)
                            / static_cast<double>(run_.steps_total),
                          0.0, 1.0);
  auto filled = static_cast<int>(std::lround(share * bar_width));
  auto rate = now > 0 ? static_cast<double>(steps_done_) / now : 0;
  auto left = rate > 0 ? human_seconds(
                static_cast<double>(run_.steps_total - steps_done_) / rate)
                       : "?";
  print(
    fmt::format("\r\x1b[K[{:#<{}}{:.<{}}] {:3.0f} %  {:.0f} steps/s  {} left",
                "", filled, "", bar_width - filled, 100 * share, rate, left));
  bar_shown_ = true;
}

void console::clear_bar() {
  if (bar_shown_)
    print("\r\x1b[K");
  bar_shown_ = false;
}

void console::print_epoch(const std::vector<metrics_row>& rows) {
  clear_bar();
  auto mean = [&](auto field) -> std::optional<double> {
    double sum = 0;
    for (const auto& row : rows) {
      std::optional<double> x = field(row);
      if (!x)
        return std::nullopt;
      sum += *x;
    }
    return sum / static_cast<double>(rows.size());
  };
  const auto& first = rows.front();
  auto text = fmt::format("epoch {}/{}  {:.1f} s ({} s on the run's clock)",
                          first.epoch, run_.epochs, watch_.seconds(),
                          fmt::format("{:.2f}", first.time));
  if (!run_.served && rows.size() < static_cast<size_t>(run_.nodes))
    text += fmt::format("  {} of {} nodes", rows.size(), run_.nodes);
  text += fmt::format("  train loss {}", decimal(mean([](const metrics_row& x) {
                        return x.train.loss;
                      })));
  if (first.test.loss)
    text += fmt::format(
      "  test loss {}",
      decimal(mean([](const metrics_row& x) { return x.test.loss; })));
  if (first.test.accuracy)
    text += fmt::format(
      "  test accuracy {} %",
      percent(mean([](const metrics_row& x) { return x.test.accuracy; })));
  if (!run_.served && first.consensus_distance)
    text
      += fmt::format("  consensus distance {:.4g}", *first.consensus_distance);
  print(text + "\n");
  draw_bar();
}

void console::print_table() {
  print(fmt::format("\n{:>6} {:>7} {:>11} {:>10} {:>10} {:>12} {:>10}\n",
                    "node", "step", "train loss", "test loss", "test acc %",
                    "sent", "messages"));
  size_t shown = 0;
  for (const auto& [node, row] : last_) {
    if (++shown > table_rows_max) {
      print(fmt::format("... and {} more nodes: see metrics.csv\n",
                        last_.size() - table_rows_max));
      break;
    }
    print(fmt::format("{:>6} {:>7} {:>11} {:>10} {:>10} {:>12} {:>10}\n", node,
                      row.step, decimal(row.train.loss), decimal(row.test.loss),
                      percent(row.test.accuracy),
                      human_bytes(static_cast<double>(row.bytes_sent)),
                      row.messages_sent));
  }
}

} // namespace caps
