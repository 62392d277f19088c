#include "runtime/recording/recording_diff.hpp"

#include "runtime/recording/event_check.hpp"
#include "runtime/recording/verify.hpp"
#include "runtime/run_file/query.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>

namespace caps {

namespace {

/// Metrics that say how training went; those of edges and protocols are many.
constexpr std::array curves{"train_loss",        "train_acc", "val_loss",
                            "val_acc",           "test_loss", "test_acc",
                            "consensus_distance"};

std::map<int64_t, double> curve_of(recording_file& file, const char* name) {
  std::map<int64_t, double> result;
  query rows{file, "SELECT epoch, avg(value) FROM metric WHERE name = ? AND "
                   "epoch IS NOT NULL AND value IS NOT NULL GROUP BY epoch"};
  rows.bind(std::string{name});
  while (rows.next())
    if (auto value = rows.real(1))
      result[rows.integer(0).value_or(0)] = *value;
  return result;
}

void add_curve(recording_diff& to, recording_file& a, recording_file& b,
               const char* name) {
  std::map<int64_t, metric_pair> pairs;
  for (auto [epoch, value] : curve_of(a, name))
    pairs[epoch].a = value;
  for (auto [epoch, value] : curve_of(b, name))
    pairs[epoch].b = value;
  for (auto& [epoch, pair] : pairs) {
    pair.epoch = epoch;
    to.metrics[name].push_back(pair);
  }
}

std::string number(const std::optional<double>& x) {
  return x ? fmt::format("{:.6g}", *x) : "-";
}

nlohmann::ordered_json to_json(const std::optional<event_row>& x) {
  if (!x)
    return nullptr;
  return {{"sequence", x->sequence},
          {"time", x->time},
          {"kind", x->kind},
          {"source", x->source},
          {"destination", x->destination},
          {"step", x->step}};
}

} // namespace

recording_diff diff(recording_file& a, recording_file& b) {
  recording_diff result;
  auto of_a = a.meta("arithmetic"), of_b = b.meta("arithmetic");
  if (of_a && of_b && *of_a != *of_b)
    result.kernels = {parse_arithmetic(*of_a), parse_arithmetic(*of_b)};
  event_rows rows_a{a};
  event_rows rows_b{b};
  event_row x, y;
  for (;;) {
    auto more_a = rows_a.next(x);
    auto more_b = rows_b.next(y);
    if (more_a && more_b) {
      result.differences = differences(x, y);
      if (result.differences.empty()) {
        ++result.equal;
        continue;
      }
    }
    if (more_a)
      result.a = x;
    if (more_b)
      result.b = y;
    break;
  }
  for (auto name : curves)
    add_curve(result, a, b, name);
  return result;
}

std::string recording_diff::text() const {
  auto result = fmt::format("{} events are equal", equal);
  if (same_events())
    result += ", and there are no others\n";
  else if (!a || !b)
    result += fmt::format("; only the {} recording goes on, with {}\n",
                          a ? "first" : "second", event_text(a ? *a : *b));
  else {
    result += fmt::format("; the next ones are not (first, second):\n"
                          "  {}\n  {}\n",
                          event_text(*a), event_text(*b));
    for (const auto& x : differences)
      result += fmt::format("    {}\n", x);
  }
  if (kernels)
    result += fmt::format("the first was computed with {}, the second with {}, "
                          "which differ in the last bits\n",
                          kernels->first.text(), kernels->second.text());
  for (const auto& [name, pairs] : metrics) {
    result += fmt::format("\n{:>20}  {:>12}  {:>12}  {:>12}\n", name, "first",
                          "second", "difference");
    for (const auto& x : pairs)
      result += fmt::format(
        "{:>20}  {:>12}  {:>12}  {:>12}\n", fmt::format("epoch {}", x.epoch),
        number(x.a), number(x.b), x.a && x.b ? number(*x.b - *x.a) : "-");
  }
  return result;
}

std::string recording_diff::json() const {
  nlohmann::ordered_json result{{"equal_events", equal},
                                {"first", to_json(a)},
                                {"second", to_json(b)},
                                {"differences", differences}};
  auto& kernels_json = result["arithmetic"] = nullptr;
  if (kernels)
    for (const auto* x : {&kernels->first, &kernels->second})
      kernels_json.push_back(x->text());
  auto& curves_json = result["metrics"] = nlohmann::ordered_json::object();
  auto value = [](const std::optional<double>& x) {
    return x ? nlohmann::ordered_json(*x) : nlohmann::ordered_json(nullptr);
  };
  for (const auto& [name, pairs] : metrics)
    for (const auto& x : pairs)
      curves_json[name].push_back(
        {{"epoch", x.epoch}, {"first", value(x.a)}, {"second", value(x.b)}});
  return result.dump(2) + "\n";
}

} // namespace caps
