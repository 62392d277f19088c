#include "runtime/recording/merge.hpp"

#include "models/errors.hpp"
#include "runtime/recording/recording_part.hpp"
#include "runtime/recording/recording_writer.hpp"
#include "runtime/recording/verify.hpp"
#include "runtime/run_file/query.hpp"
#include "runtime/run_file/stored_snapshot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <list>
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

/// A part, and how far it has been merged.
struct part_stream {
  explicit part_stream(std::unique_ptr<recording_part> x)
    : part(std::move(x)), rows(part->file) {
    advance();
  }

  void advance() {
    event_row row;
    next.reset();
    if (rows.next(row))
      next = std::move(row);
  }

  /// The number in the whole of an event of the part; nothing for one that has
  /// not been merged.
  std::optional<int64_t> number_of(int64_t sequence) const {
    if (sequence < 1 || sequence > std::ssize(merged))
      return std::nullopt;
    return merged[static_cast<size_t>(sequence - 1)];
  }

  std::unique_ptr<recording_part> part;
  event_rows rows;
  std::optional<event_row> next;
  /// Of its events, their numbers in the whole.
  std::vector<int64_t> merged;
};

/// In the order of their processes; they hold statements on their files, and
/// stay where they are.
using stream_list = std::list<part_stream>;

stream_list streams_of(const std::vector<std::filesystem::path>& files) {
  stream_list result;
  for (auto& x : open_parts(files))
    result.emplace_back(std::move(x));
  return result;
}

/// Of the head, or of whoever is there: all know the run.
recording_facts facts_of_whole(const stream_list& parts) {
  recording_facts result;
  auto& whole = parts.back().part->file;
  query meta{whole, "SELECT key, value FROM meta"};
  while (meta.next())
    result.meta[meta.text(0)] = meta.text(1);
  for (auto key : {"ended", "events", "chain"})
    result.meta.erase(key);
  for (auto key : part_keys)
    result.meta.erase(key);
  // The head keeps no events, but its processes do.
  result.meta["level"]
    = parts.front().part->file.meta("level").value_or("events");
  query nodes{whole, "SELECT id, role, name, neighbours FROM node ORDER BY id"};
  while (nodes.next())
    result.nodes.push_back(
      {static_cast<node_id>(nodes.integer(0).value_or(no_node)), nodes.text(1),
       nodes.text(2), nodes.text(3)});
  return result;
}

/// Merges once.
class merger {
public:
  merger(stream_list parts, const std::filesystem::path& to)
    : parts_(std::move(parts)), writer_(to, facts_of_whole(parts_)) {
    for (auto& x : parts_)
      for (auto node : x.part->nodes)
        homes_[node] = &x;
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
    auto& head = *parts_.back().part;
    if (auto ended = head.file.meta("ended"); ended && head.is_head())
      end["ended"] = *ended;
    writer_.finish(end);
    return std::move(report_);
  }

private:
  void tell_what_is_missing() {
    std::set<size_t> there;
    for (const auto& stream : parts_) {
      auto& x = *stream.part;
      there.insert(x.process);
      report_.parts += x.is_head() ? 0 : 1;
      if (auto count = x.file.meta("snapshots_left_out"))
        report_.snapshots_left_out += std::strtoll(count->c_str(), nullptr, 10);
      if (!x.ended)
        report_.remarks.push_back(fmt::format("{}: cut off after its event {}",
                                              x.name(), x.file.last()));
    }
    auto all = parts_.front().part->processes;
    for (size_t i = 0; i < all; ++i)
      if (!there.contains(i))
        report_.remarks.push_back(
          fmt::format("process {} of {}: there is no part of it", i, all));
    if (!there.contains(all))
      report_.remarks.emplace_back("the head of the run: there is no part of "
                                   "it, so nothing of what was measured");
  }

  // -- events -----------------------------------------------------------------

  /// The part in which the cause of its next event is; null for none that is
  /// there.
  part_stream* home_of_cause(part_stream& own) {
    const auto& x = *own.next;
    if (x.source == no_node || x.source == x.destination)
      return &own;
    auto home = homes_.find(x.source);
    return home != homes_.end() ? home->second : nullptr;
  }

  /// Whether what caused its next event has come, or will never come.
  bool is_ready(part_stream& own) {
    const auto& cause = own.next->cause;
    if (!cause)
      return true;
    auto home = home_of_cause(own);
    auto comes
      = home != nullptr && *cause >= 1 && *cause <= home->part->file.last();
    return !comes || home->number_of(*cause);
  }

  part_stream* next_part() {
    part_stream* result = nullptr;
    bool some_wait = false;
    for (auto& x : parts_) {
      if (!x.next)
        continue;
      if (!is_ready(x))
        some_wait = true;
      else if (result == nullptr || x.next->time < result->next->time)
        result = &x;
    }
    if (result == nullptr && some_wait)
      throw data_error("the parts do not fit together: their events wait for "
                       "each other");
    return result;
  }

  /// When the first event was, on the machine's clock.
  int64_t origin() const {
    std::optional<int64_t> result;
    for (const auto& x : parts_)
      if (x.next)
        result = std::min(result.value_or(x.next->time), x.next->time);
    return result.value_or(0);
  }

  int64_t time_of(int64_t number) const {
    return times_[static_cast<size_t>(number - 1)];
  }

  void add_events() {
    auto origin = this->origin();
    auto created = parts_.back().part->created;
    int64_t lost_causes = 0;
    while (auto from = next_part()) {
      auto x = *from->next;
      x.time = std::max(x.time - origin, times_.empty() ? 0 : times_.back());
      x.wall += from->part->created - created;
      if (x.cause) {
        auto home = home_of_cause(*from);
        x.cause = home != nullptr ? home->number_of(*x.cause) : std::nullopt;
        x.sent.reset();
        if (x.cause)
          x.sent = time_of(*x.cause);
        else
          ++lost_causes;
      }
      x.sequence = std::ssize(times_) + 1;
      times_.push_back(x.time);
      from->merged.push_back(x.sequence);
      starts_.try_emplace(x.destination, x.time);
      writer_.add(x);
      if (x.sequence % merged_rows_at_a_time == 0)
        writer_.commit();
      from->advance();
    }
    report_.events = std::ssize(times_);
    if (lost_causes > 0)
      report_.remarks.push_back(fmt::format(
        "{} messages were sent in events that no part holds", lost_causes));
  }

  // -- what belongs to events -------------------------------------------------

  /// Rows of a table, as (event, file, number of the row), by event.
  std::vector<std::tuple<int64_t, recording_file*, int64_t>>
  rows_by_event(const char* select) {
    std::vector<std::tuple<int64_t, recording_file*, int64_t>> result;
    for (auto& x : parts_) {
      auto& file = x.part->file;
      query rows{file, select};
      while (rows.next())
        if (auto number = x.number_of(rows.integer(1).value_or(0)))
          result.emplace_back(*number, &file, rows.integer(0).value_or(0));
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
    for (auto [number, file, id] : rows) {
      auto x = read_snapshot(*file, id);
      writer_.add(recording_writer::snapshot_row{
        number, static_cast<node_id>(x.node), x.step, x.epoch, x.kind,
        x.content, std::as_bytes(std::span{x.bytes})});
      commit_if_large();
    }
  }

  void add_payloads() {
    auto rows = rows_by_event("SELECT sequence, sequence FROM payload");
    for (auto [number, file, sequence] : rows) {
      query row{*file, "SELECT node, bytes FROM payload WHERE sequence = "
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

  // -- what was said and measured ---------------------------------------------

  /// Events up to a time of a node, which begins to count with its first.
  int64_t events_until(node_id node, int64_t time) const {
    auto start = starts_.find(node);
    auto all = time + (start != starts_.end() ? start->second : 0);
    return std::ranges::upper_bound(times_, all) - times_.begin();
  }

  void add_notes() {
    std::vector<note_row> result;
    std::set<std::pair<node_id, std::string>> said;
    for (auto& x : parts_) { // the head comes last
      query rows{x.part->file,
                 "SELECT sequence, time, node, kind, text FROM note "
                 "ORDER BY id"};
      while (rows.next()) {
        note_row y{0, rows.integer(1).value_or(0),
                   static_cast<node_id>(rows.integer(2).value_or(no_node)),
                   rows.text(3) == "failure", rows.text(4)};
        // The head has heard of most.
        if (!said.insert({y.node, y.text}).second && x.part->is_head())
          continue;
        if (auto number = x.number_of(rows.integer(0).value_or(0))) {
          y.sequence = *number;
          y.time = time_of(*number);
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
    for (auto& x : parts_) {
      query rows{x.part->file,
                 "SELECT time, node, epoch, step, name, value FROM "
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

  stream_list parts_;
  recording_writer writer_;
  /// By node.
  std::map<node_id, part_stream*> homes_;
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
  auto result = merger{streams_of(parts), to}.run();
  std::error_code unknown;
  result.bytes = std::filesystem::file_size(to, unknown);
  return result;
}

} // namespace caps
