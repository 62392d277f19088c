#include "runtime/replay/commands/commands.hpp"

#include "models/errors.hpp"
#include "runtime/replay/exports.hpp"
#include "runtime/replay/gnuplot.hpp"
#include "runtime/replay/series.hpp"
#include "runtime/replay/text_plot.hpp"
#include "runtime/replay/trace_export.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace caps {

namespace {

/// "0 2 5" or "0,2,5".
void read_nodes(session& s, std::string list, std::vector<int64_t>& to) {
  std::ranges::replace(list, ',', ' ');
  for (words in{list}; !in.done();) {
    auto node = in.number("node");
    if (!s.file().nodes().empty())
      s.file().node(node);
    to.push_back(node);
  }
}

} // namespace

answer plot_command(session& s, words& in) {
  auto name = in.word("metric");
  auto axis = plot_axis::time;
  std::vector<int64_t> nodes;
  std::filesystem::path file;
  auto format = picture::png;
  while (!in.done()) {
    auto word = in.word("node");
    if (word == "--png" || word == "--svg") {
      file = in.word("file");
      format = word == "--png" ? picture::png : picture::svg;
    } else if (word == "--x") {
      auto text = in.word("axis");
      auto found = plot_axis_of(text);
      if (!found)
        throw input_error(fmt::format("'{}' is no axis: expected time, step or "
                                      "epoch",
                                      text));
      axis = *found;
    } else {
      read_nodes(s, word, nodes);
    }
  }
  auto all = read_series(s.file(), name, axis, nodes);
  if (all.empty())
    throw input_error(fmt::format("no values of {} were recorded{}", name,
                                  nodes.empty() ? "" : " for these nodes"));
  answer result;
  result.json["metric"] = name;
  result.json["axis"] = label_of(axis);
  if (!file.empty()) {
    run_gnuplot(gnuplot_script(all, name, label_of(axis), file, format));
    result.text = fmt::format("plotted {} into {}\n", name, file.string());
    result.json["file"] = file.string();
    return result;
  }
  result.text = text_plot(all, name, label_of(axis));
  auto json = nlohmann::ordered_json::array();
  for (const auto& one : all) {
    auto points = nlohmann::ordered_json::array();
    for (const auto& point : one.points)
      points.push_back({point.x, point.y});
    json.push_back({{"node", one.node}, {"points", std::move(points)}});
  }
  result.json["series"] = std::move(json);
  return result;
}

answer export_command(session& s, words& in) {
  auto what = in.word("what to export");
  if (what != "metrics" && what != "events" && what != "trace")
    throw input_error(fmt::format("'{}' cannot be exported: expected metrics, "
                                  "events or trace",
                                  what));
  auto force = in.accept("--force");
  std::filesystem::path file{in.word("file")};
  if (!force && std::filesystem::exists(std::filesystem::symlink_status(file)))
    throw input_error(fmt::format("{}: is there already; 'export {} --force "
                                  "FILE' overwrites it",
                                  file.string(), what));
  int64_t count = 0;
  if (what == "events")
    count = export_events(s.file(), in.rest(), file);
  in.finish();
  if (what == "metrics")
    count = export_metrics(s.file(), file);
  else if (what == "trace")
    count = export_trace(s.file(), file);
  answer result;
  result.text
    = fmt::format("wrote {} {} to {}\n", count,
                  what == "metrics" ? "values" : "events", file.string());
  result.json["file"] = file.string();
  result.json["count"] = count;
  return result;
}

} // namespace caps
