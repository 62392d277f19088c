#include "runtime/recording/merge.hpp"

#include "models/errors.hpp"
#include "runtime/recording/recording_writer.hpp"
#include "runtime/recording/verify.hpp"
#include "runtime/run_file/query.hpp"
#include "runtime/run_file/stored_snapshot.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

namespace caps {

namespace {

/// Between two commits.
constexpr size_t merged_bytes_at_a_time = size_t{8} << 20;
constexpr int64_t merged_rows_at_a_time = 100'000;

/// Of what is only in parts.
constexpr auto part_keys = {"part", "created", "snapshots_left_out"};

/// The recording of one process, and how far it has been merged.
struct part {
  explicit part(const std::filesystem::path& path) : file(path) {
    auto text = file.meta("part");
    auto created_text = file.meta("created");
    if (!text || !created_text)
      throw input_error(fmt::format("{}: is no part of a recording; parts are "
                                    "what the processes of a run keep in the "
                                    "folder parts of its results",
                                    path.string()));
    ended = verify(file).ended;
    try {
      auto x = nlohmann::json::parse(*text);
      run = x.at("run");
      process = x.at("process");
      processes = x.at("processes");
      nodes = x.at("nodes").get<std::vector<node_id>>();
      created = std::stoll(*created_text);
    } catch (const std::exception&) {
      throw data_error(fmt::format("{}: damaged: it does not say which part of "
                                   "a recording it is",
                                   path.string()));
    }
  }

  bool is_head() const noexcept { return process == processes; }

  std::string name() const {
    return is_head() ? "the head of the run"
                     : fmt::format("process {} of {}", process, processes);
  }

  recording_file file;
  bool ended = false;
  std::string run;
  size_t process = 0;
  size_t processes = 0;
  std::vector<node_id> nodes;
  /// When its `wall` was 0, on the machine's clock.
  int64_t created = 0;

  std::unique_ptr<event_rows> rows;
  std::optional<event_row> next;
  /// Of its events, their numbers in the whole.
  std::vector<int64_t> merged;
};

using part_list = std::vector<std::unique_ptr<part>>;

part_list open_parts(const std::vector<std::filesystem::path>& files) {
  part_list result;
  for (const auto& x : files)
    result.push_back(std::make_unique<part>(x));
  if (result.empty())
    throw input_error("there are no parts to merge");
  std::ranges::sort(result, {}, [](const auto& x) { return x->process; });
  for (size_t i = 1; i < result.size(); ++i) {
    const auto& first = *result[0];
    const auto& x = *result[i];
    if (x.run != first.run || x.processes != first.processes)
      throw input_error(fmt::format("{} and {} are of different runs",
                                    first.file.path().string(),
                                    x.file.path().string()));
    if (x.process == result[i - 1]->process)
      throw input_error(fmt::format("{} and {} are both of {}",
                                    result[i - 1]->file.path().string(),
                                    x.file.path().string(), x.name()));
  }
  return result;
}

/// Of the head, or of whoever is there: all know the run.
recording_facts facts_of_parts(part_list& parts) {
  recording_facts result;
  auto& whole = parts.back()->file;
  query meta{whole, "SELECT key, value FROM meta"};
  while (meta.next())
    result.meta[meta.text(0)] = meta.text(1);
  for (auto key : {"ended", "events", "chain"})
    result.meta.erase(key);
  for (auto key : part_keys)
    result.meta.erase(key);
  // The head keeps no events, but its processes do.
  result.meta["level"] = parts.front()->file.meta("level").value_or("events");
  query nodes{whole, "SELECT id, role, name, neighbours FROM node ORDER BY id"};
  while (nodes.next())
    result.nodes.push_back(
      {static_cast<node_id>(nodes.integer(0).value_or(no_node)), nodes.text(1),
       nodes.text(2), nodes.text(3)});
  return result;
}

class merger {
public:
  merger(part_list parts, const std::filesystem::path& to)
    : parts_(std::move(parts)), facts_(facts_of_parts(parts_)),
      writer_(to, facts_) {
    for (size_t i = 0; i < parts_.size(); ++i)
      for (auto node : parts_[i]->nodes)
        homes_[node] = i;
  }

  merge_report run() {
    tell_what_is_missing();
    add_events();
    add_snapshots();
    add_payloads();
    add_notes();
    add_metrics();
    std::map<std::string, std::string> end{
      {"events", std::to_string(writer_.events())},
      {"chain", std::to_string(signed_bits(writer_.last_chain()))}};
    auto& head = *parts_.back();
    if (auto ended = head.file.meta("ended"); ended && head.is_head())
      end["ended"] = *ended;
    writer_.finish(end);
    return std::move(report_);
  }

private:
  void tell_what_is_missing() {
    std::set<size_t> there;
    for (const auto& x : parts_) {
      there.insert(x->process);
      report_.parts += x->is_head() ? 0 : 1;
      if (auto count = x->file.meta("snapshots_left_out"))
        report_.snapshots_left_out += std::strtoll(count->c_str(), nullptr, 10);
      if (!x->ended)
        report_.remarks.push_back(fmt::format("{}: cut off after its event {}",
                                              x->name(), x->file.last()));
    }
    auto all = parts_[0]->processes;
    for (size_t i = 0; i < all; ++i)
      if (!there.contains(i))
        report_.remarks.push_back(
          fmt::format("process {} of {}: there is no part of it", i, all));
    if (!there.contains(all))
      report_.remarks.emplace_back("the head of the run: there is no part of "
                                   "it, so nothing of what was measured");
  }

  void advance(part& x) {
    event_row row;
    x.next.reset();
    if (x.rows->next(row))
      x.next = std::move(row);
  }

  /// The part in which the cause of an event is.
  part* home_of_cause(part& own, const event_row& x) {
    if (x.source == no_node || x.source == x.destination)
      return &own;
    auto home = homes_.find(x.source);
    return home != homes_.end() ? parts_[home->second].get() : nullptr;
  }

  /// Whether what caused it has come, or will never come.
  bool is_ready(part& own) {
    const auto& x = *own.next;
    if (!x.cause)
      return true;
    auto home = home_of_cause(own, x);
    return home == nullptr || *x.cause > home->file.last()
           || *x.cause <= std::ssize(home->merged);
  }

  part* next_part() {
    part* result = nullptr;
    bool all_wait = false;
    for (const auto& x : parts_) {
      if (!x->next)
        continue;
      if (!is_ready(*x))
        all_wait = true;
      else if (result == nullptr || x->next->time < result->next->time)
        result = x.get();
    }
    if (result == nullptr && all_wait)
      throw data_error("the parts do not fit together: their events wait for "
                       "each other");
    return result;
  }

  void add_events() {
    for (const auto& x : parts_) {
      x->rows = std::make_unique<event_rows>(x->file);
      advance(*x);
      if (x->next)
        origin_ = std::min(origin_.value_or(x->next->time), x->next->time);
    }
    auto created = parts_.back()->created;
    int64_t lost_causes = 0;
    while (auto from = next_part()) {
      auto x = *from->next;
      x.time = std::max(x.time - origin_.value_or(0),
                        times_.empty() ? 0 : times_.back());
      x.wall += from->created - created;
      if (x.cause) {
        auto home = home_of_cause(*from, x);
        auto known = home != nullptr && *x.cause >= 1
                     && *x.cause <= std::ssize(home->merged);
        lost_causes += known ? 0 : 1;
        x.cause
          = known
              ? std::optional{home->merged[static_cast<size_t>(*x.cause - 1)]}
              : std::nullopt;
        x.sent = known
                   ? std::optional{times_[static_cast<size_t>(*x.cause - 1)]}
                   : std::nullopt;
      }
      x.sequence = std::ssize(times_) + 1;
      times_.push_back(x.time);
      from->merged.push_back(x.sequence);
      starts_.try_emplace(x.destination, x.time);
      writer_.add(x);
      if (x.sequence % merged_rows_at_a_time == 0)
        writer_.commit();
      advance(*from);
    }
    report_.events = std::ssize(times_);
    if (lost_causes > 0)
      report_.remarks.push_back(fmt::format(
        "{} messages were sent in events that no part holds", lost_causes));
  }

  /// The number in the whole of an event of a part.
  static std::optional<int64_t> number_of(const part& x, int64_t sequence) {
    if (sequence < 1 || sequence > std::ssize(x.merged))
      return std::nullopt;
    return x.merged[static_cast<size_t>(sequence - 1)];
  }

  /// Rows of a table, as (event, part, number of the row), by event.
  std::vector<std::tuple<int64_t, part*, int64_t>>
  rows_by_event(const char* select) {
    std::vector<std::tuple<int64_t, part*, int64_t>> result;
    for (const auto& x : parts_) {
      query rows{x->file, select};
      while (rows.next())
        if (auto number = number_of(*x, rows.integer(1).value_or(0)))
          result.emplace_back(*number, x.get(), rows.integer(0).value_or(0));
    }
    std::ranges::stable_sort(result, {},
                             [](const auto& x) { return std::get<0>(x); });
    return result;
  }

  void commit_if_large() {
    if (writer_.uncommitted_bytes() > merged_bytes_at_a_time)
      writer_.commit();
  }

  void add_snapshots() {
    auto rows = rows_by_event("SELECT id, sequence FROM snapshot ORDER BY id");
    for (auto [number, from, id] : rows) {
      auto x = read_snapshot(from->file, id);
      writer_.add(recording_writer::snapshot_row{
        number, static_cast<node_id>(x.node), x.step, x.epoch, x.kind,
        x.content, std::as_bytes(std::span{x.bytes})});
      commit_if_large();
    }
  }

  void add_payloads() {
    auto rows = rows_by_event("SELECT sequence, sequence FROM payload");
    for (auto [number, from, sequence] : rows) {
      query row{from->file, "SELECT node, bytes FROM payload WHERE sequence = "
                            "?"};
      row.bind(sequence);
      if (!row.next())
        continue;
      auto bytes = row.bytes(1);
      writer_.add_payload(
        number, static_cast<node_id>(row.integer(0).value_or(no_node)),
        std::as_bytes(std::span{bytes}));
      commit_if_large();
    }
  }

  /// Events up to a time of a node, which begins to count with its first.
  int64_t events_until(node_id node, int64_t time) const {
    auto start = starts_.find(node);
    auto all = time + (start != starts_.end() ? start->second : 0);
    return std::ranges::upper_bound(times_, all) - times_.begin();
  }

  void add_notes() {
    std::vector<note_row> result;
    std::set<std::pair<node_id, std::string>> said;
    for (const auto& x : parts_) { // the head comes last
      query rows{x->file, "SELECT sequence, time, node, kind, text FROM note "
                          "ORDER BY id"};
      while (rows.next()) {
        note_row y{0, rows.integer(1).value_or(0),
                   static_cast<node_id>(rows.integer(2).value_or(no_node)),
                   rows.text(3) == "failure", rows.text(4)};
        // The head has heard of most.
        if (!said.insert({y.node, y.text}).second && x->is_head())
          continue;
        if (auto number = number_of(*x, rows.integer(0).value_or(0))) {
          y.sequence = *number;
          y.time = times_[static_cast<size_t>(*number - 1)];
        } else {
          y.sequence = events_until(y.node, y.time);
        }
        result.push_back(std::move(y));
      }
    }
    std::ranges::stable_sort(result, {}, &note_row::sequence);
    for (const auto& x : result)
      writer_.add(x);
    writer_.commit();
  }

  void add_metrics() {
    std::vector<metric_row> result;
    for (const auto& x : parts_) {
      query rows{x->file, "SELECT time, node, epoch, step, name, value FROM "
                          "metric ORDER BY id"};
      while (rows.next()) {
        metric_row y{0,
                     rows.integer(0).value_or(0),
                     static_cast<node_id>(rows.integer(1).value_or(no_node)),
                     rows.integer(2),
                     rows.integer(3),
                     rows.text(4),
                     rows.real(5)};
        y.sequence = events_until(y.node, y.time);
        result.push_back(std::move(y));
      }
    }
    std::ranges::stable_sort(result, {}, &metric_row::sequence);
    for (const auto& x : result)
      writer_.add(x);
    writer_.commit();
  }

  part_list parts_;
  recording_facts facts_;
  recording_writer writer_;
  /// By node, the number of its part.
  std::map<node_id, size_t> homes_;
  /// Of the first event, on the machine's clock.
  std::optional<int64_t> origin_;
  /// Of all events so far, by their numbers from 1.
  std::vector<int64_t> times_;
  /// Of the first event of each node.
  std::map<node_id, int64_t> starts_;
  merge_report report_;
};

} // namespace

merge_report merge_recordings(const std::vector<std::filesystem::path>& parts,
                              const std::filesystem::path& to) {
  for (const auto& x : parts) {
    std::error_code unknown;
    if (std::filesystem::equivalent(x, to, unknown))
      throw input_error(fmt::format("{}: is a part, and would be replaced by "
                                    "the whole",
                                    to.string()));
  }
  auto result = merger{open_parts(parts), to}.run();
  std::error_code unknown;
  result.bytes = std::filesystem::file_size(to, unknown);
  return result;
}

} // namespace caps
