#include "runtime/report/summary.hpp"

#include "actors/node/node_context.hpp"
#include "runtime/process/arithmetic.hpp"
#include "runtime/report/output_folder.hpp"

#include <nlohmann/json.hpp>

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

namespace caps {

namespace {

/// Keeps keys in the order they are written here.
using json_object = nlohmann::ordered_json;

json_object to_json(const std::optional<double>& x) {
  return x ? json_object(*x) : json_object(nullptr);
}

json_object to_json(const metrics_row& x) {
  return {{"node", x.node},
          {"epoch", x.epoch},
          {"step", x.step},
          {"lr", to_json(x.learning_rate)},
          {"train_loss", to_json(x.train.loss)},
          {"train_acc", to_json(x.train.accuracy)},
          {"val_loss", to_json(x.validation.loss)},
          {"val_acc", to_json(x.validation.accuracy)},
          {"test_loss", to_json(x.test.loss)},
          {"test_acc", to_json(x.test.accuracy)},
          {"bytes_sent", x.bytes_sent},
          {"messages_sent", x.messages_sent}};
}

json_object to_json(const node_event& x, int64_t step) {
  return {{"node", x.stamp.source},
          {"step", step},
          {"virtual_seconds", static_cast<double>(x.time) / 1e9},
          {"why", x.text}};
}

json_object to_json(const view_row& x) {
  return {{"view", x.number},
          {"virtual_seconds", to_seconds(x.time)},
          {"from_step", x.from_step},
          {"living", x.living},
          {"cause", x.cause}};
}

json_object to_json(const recording_outcome& x) {
  auto problem
    = x.failure.empty() ? json_object(nullptr) : json_object(x.failure);
  return {{"file", x.file},
          {"level", to_text(x.level)},
          {"events", x.events},
          {"bytes", x.bytes},
          {"snapshots_left_out", x.snapshots_left_out},
          {"error", problem}};
}

/// The last metrics of each node. What is about something else and what has a
/// place in a histogram is nested: "staleness": {"2": {"0": 17, "3": 118}}.
json_object to_json(const std::map<node_id, node_metrics>& metrics) {
  auto result = json_object::object();
  for (const auto& [node, x] : metrics) {
    auto& own = result[std::to_string(node)];
    for (const auto& y : x.values) {
      auto in_histogram
        = std::ranges::any_of(x.values, [&](const metric_value& z) {
            return z.name == y.name && z.at != 0;
          });
      auto& place = y.of.empty() ? own[y.name] : own[y.name][y.of];
      (in_histogram ? place[std::to_string(y.at)] : place) = y.value;
    }
  }
  return result;
}

} // namespace

summary::summary(std::filesystem::path file, run_facts facts)
  : file_(std::move(file)), facts_(std::move(facts)) {}

void summary::on_start() {
  startup_seconds_ = process_age_seconds();
  since_start_ = {};
}

void summary::on_resumed() {
  steps_before_ = steps();
}

int64_t summary::steps() const {
  int64_t result = 0;
  for (const auto& [node, n] : steps_)
    result += n;
  return result;
}

void summary::on_lost(const node_event& x) {
  lost_.push_back(x);
}

void summary::on_metrics(const node_metrics& x) {
  metrics_[x.stamp.source] = x;
}

void summary::on_view(const view_row& x) {
  views_.push_back(x);
}

void summary::on_progress(node_id node, int64_t step) {
  if (node >= facts_.training_nodes)
    return; // a server's versions are no steps
  auto& last = steps_[node];
  last = std::max(last, step);
}

void summary::on_row(const metrics_row& row) {
  last_[row.node] = row;
  if (row.consensus_distance)
    consensus_distance_ = row.consensus_distance;
  if (row.mean_model_accuracy)
    mean_model_accuracy_ = row.mean_model_accuracy;
  on_progress(row.node, row.step);
}

void summary::on_end(const run_end& end) {
  auto seconds = since_start_.seconds();
  double accuracy_sum = 0, accuracy_min = 1, virtual_seconds = 0;
  size_t measured = 0;
  uint64_t bytes = 0, messages = 0;
  auto nodes = json_object::array();
  for (const auto& [node, row] : last_) {
    nodes.push_back(to_json(row));
    virtual_seconds = std::max(virtual_seconds, row.time);
    bytes += row.bytes_sent;
    messages += row.messages_sent;
    if (row.test.accuracy) {
      ++measured;
      accuracy_sum += *row.test.accuracy;
      accuracy_min = std::min(accuracy_min, *row.test.accuracy);
    }
  }
  json_object out;
  out["scenario"] = facts_.scenario;
  out["seed"] = facts_.seed;
  out["exit_code"] = static_cast<int>(end.code);
  out["error"]
    = end.text.empty() ? json_object(nullptr) : json_object(end.text);
  out["protocol"] = facts_.protocol;
  out["model"] = facts_.model;
  out["parameters"] = facts_.parameters;
  out["clock"] = facts_.clock;
  out["arithmetic"] = json_object::parse(this_arithmetic().json());
  out["threads"] = facts_.threads;
  out["processes"] = facts_.processes;
  out["steps"] = steps();
  out["virtual_seconds"] = virtual_seconds;
  out["wall_seconds"] = seconds;
  out["startup_seconds"] = startup_seconds_;
  out["steps_per_second"]
    = seconds > 0 ? static_cast<double>(steps() - steps_before_) / seconds
                  : 0.0;
  out["peak_memory_bytes"] = peak_memory_bytes();
  out["bytes_sent"] = bytes;
  out["messages_sent"] = messages;
  out["consensus_distance"] = to_json(consensus_distance_);
  out["mean_test_acc"]
    = measured > 0 ? json_object(accuracy_sum / static_cast<double>(measured))
                   : json_object(nullptr);
  out["worst_test_acc"]
    = measured > 0 ? json_object(accuracy_min) : json_object(nullptr);
  out["mean_model_test_acc"] = to_json(mean_model_accuracy_);
  out["nodes"] = nodes;
  auto& lost = out["lost_nodes"] = json_object::array();
  for (const auto& x : lost_)
    lost.push_back(to_json(x, std::max(x.stamp.step, steps_[x.stamp.source])));
  if (!views_.empty()) {
    auto& views = out["views"] = json_object::array();
    for (const auto& x : views_)
      views.push_back(to_json(x));
  }
  if (recording_ != nullptr)
    out["recording"] = to_json(recording_->outcome());
  if (!metrics_.empty())
    out["protocol_metrics"] = to_json(metrics_);
  write(out.dump(2));
}

void summary::tell_of_merged(const recording_outcome& x) {
  auto out = json_object::parse(json_);
  out["recording"] = to_json(x);
  write(out.dump(2));
}

void summary::write(const std::string& text) {
  json_ = text + "\n";
  if (!file_.empty())
    write_file(file_, json_);
}

double process_age_seconds() {
  constexpr int start_field = 22; // proc(5); 3 is the first after the name
  std::ifstream in{"/proc/self/stat"};
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  std::istringstream fields{text.substr(text.rfind(')') + 1)};
  std::string field;
  for (int i = 3; i <= start_field; ++i)
    fields >> field;
  auto ticks = std::strtod(field.c_str(), nullptr);
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<double>(now.tv_sec)
         + static_cast<double>(now.tv_nsec) * 1e-9
         - ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

uint64_t peak_memory_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024; // Linux counts KiB
}

} // namespace caps
