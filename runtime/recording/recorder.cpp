#include "runtime/recording/recorder.hpp"

#include "models/errors.hpp"
#include "runtime/recording/copied_start.hpp"
#include "runtime/recording/observed_row.hpp"
#include "runtime/recording/stored_state.hpp"
#include "runtime/run/run.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <caf/binary_serializer.hpp>

#include <algorithm>
#include <utility>

namespace caps {

namespace {

size_t size_of(const state_snapshot& x) {
  return x.weights.size_bytes() + x.buffers.size_bytes();
}

} // namespace

recorder::recorder(recorder_options options, recording_facts facts)
  : options_(std::move(options)),
    budget_(static_cast<size_t>(options_.budget), options_.snapshot_steps),
    cadence_(std::ranges::count_if(
               facts.nodes,
               [](const node_row& x) { return x.role != "worker"; }),
             static_cast<size_t>(options_.budget)) {
  facts.meta["level"] = to_text(options_.level);
  if (!options_.part.empty()) {
    facts.meta["part"] = options_.part;
    facts.meta["created"] = std::to_string(
      std::chrono::nanoseconds{created_.time_since_epoch()}.count());
  }
  try {
    writer_
      = std::make_unique<recording_writer>(options_.file, std::move(facts));
    if (options_.original != nullptr)
      copy_start();
  } catch (const error& e) {
    give_up(e.what());
    return;
  }
  thread_ = std::thread{[this] { work(); }};
}

void recorder::copy_start() {
  auto copied
    = copy_start_of(*options_.original, options_.after, *writer_, [this] {
        commit();
        require_space(transaction_bytes_max);
      });
  created_ -= std::chrono::nanoseconds{copied.last.wall};
  begun_ = options_.after;
  first_time_ = virtual_start.count();
  last_time_ = copied.last.time;
  cadence_.go_on_from(copied);
  for (auto [node, step] : copied.last_steps)
    budget_.kept_vectors(node, step);
  in_copy_ = true;
}

recorder::~recorder() {
  close(nullptr);
}

recording_outcome recorder::outcome() const {
  std::lock_guard lock{mutex_};
  std::error_code unknown;
  auto bytes = std::filesystem::file_size(options_.file, unknown);
  return {options_.level,
          options_.file.filename().string(),
          written_,
          unknown ? 0 : bytes,
          budget_.vectors_left_out(),
          failure_};
}

// -- what happens at nodes ----------------------------------------------------

event_ticket recorder::begin(const event_begin& x) {
  std::lock_guard lock{mutex_};
  if (begun_ == 0 && options_.part.empty())
    first_time_ = x.time;
  // Threads may get here in another order than they looked at the clock.
  last_time_ = std::max(last_time_, x.time - first_time_);
  return {++begun_, last_time_};
}

void recorder::end(const event_end& x) {
  full_event result;
  auto wall = std::chrono::nanoseconds{clock::now() - created_}.count();
  result.row = row_of(x, wall);
  size_t bytes = sizeof(full_event);
  if (x.snapshot) {
    bytes += size_of(*x.snapshot);
    result.snapshot = x.snapshot;
    std::lock_guard lock{mutex_};
    cadence_.count_vectors(x.snapshot->reason, size_of(*x.snapshot));
  }
  // What the membership of the run said nobody could tell otherwise.
  auto is_kept = options_.level == recording_level::payloads
                 || event_kind::is_of_membership(x.origin.kind);
  if (is_kept && x.content.size() > 0) {
    bytes += x.origin.bytes;
    result.content = x.content;
  }
  push(std::move(result), bytes, x.origin.bytes);
}

void recorder::note(node_id node, const event_ticket& event, bool failure,
                    const std::string& text) {
  push(note_row{event.sequence, event.time, node, failure, text},
       sizeof(note_row) + text.size());
}

std::optional<int64_t> recorder::snapshot_every() const {
  return options_.snapshot_every;
}

bool recorder::wants_run_state() const {
  std::lock_guard lock{mutex_};
  return !stopped_ && options_.snapshot_every > 0 && cadence_.is_due();
}

void recorder::keep(run_state x) {
  auto bytes = x.size_bytes();
  {
    std::lock_guard lock{mutex_};
    cadence_.count_state(bytes);
    x.position = begun_;
  }
  push(std::move(x), bytes);
}

// -- writing ------------------------------------------------------------------

void recorder::push(item x, size_t bytes, size_t message_bytes) {
  std::unique_lock lock{mutex_};
  cadence_.count_message(message_bytes);
  emptied_.wait(lock, [&] {
    return stopped_ || queue_.empty()
           || queue_bytes_ + bytes <= waiting_bytes_max;
  });
  if (stopped_)
    return;
  queue_.push_back(std::move(x));
  queue_bytes_ += bytes;
  // Half a queue is worth a transaction of its own.
  if (queue_bytes_ > waiting_bytes_max / 2)
    filled_.notify_one();
}

void recorder::work() {
  std::unique_lock lock{mutex_};
  while (!stopped_) {
    filled_.wait_for(lock, commit_interval, [this] {
      return closing_ || queue_bytes_ > waiting_bytes_max / 2;
    });
    auto last = closing_;
    auto batch = std::exchange(queue_, {});
    auto bytes = std::exchange(queue_bytes_, 0);
    auto end = end_;
    lock.unlock();
    emptied_.notify_all();
    try {
      require_space(bytes);
      write(std::move(batch));
      commit();
      if (last && end)
        finish(*end);
    } catch (const std::exception& e) {
      // What was not committed gives its space back to the run's results.
      writer_.reset();
      give_up(e.what());
    }
    lock.lock();
    if (last)
      stopped_ = true;
  }
  lock.unlock();
  emptied_.notify_all();
}

void recorder::finish(const run_end& end) {
  std::map<std::string, std::string> facts{
    {"ended",
     nlohmann::json{{"code", static_cast<int>(end.code)}, {"text", end.text}}
       .dump()},
    {"events", std::to_string(writer_->events())},
    {"chain", std::to_string(signed_bits(writer_->last_chain()))}};
  if (!options_.part.empty())
    facts["snapshots_left_out"] = std::to_string(budget_.vectors_left_out());
  writer_->finish(facts);
}

void recorder::require_space(size_t bytes) const {
  std::error_code unknown;
  auto space = std::filesystem::space(
    options_.file.parent_path().empty() ? "." : options_.file.parent_path(),
    unknown);
  // A transaction is written to the log, and later to the file.
  auto needed = disk_bytes_left + 2 * std::min(bytes, transaction_bytes_max);
  if (!unknown && space.available < needed)
    throw error(fmt::format("cannot write {}: the disk is nearly full ({} KiB "
                            "are left)",
                            options_.file.string(), space.available / 1024));
}

void recorder::commit() {
  writer_->commit();
  std::lock_guard lock{mutex_};
  written_ = writer_->events();
}

void recorder::write(std::vector<item> batch) {
  for (auto& x : batch) {
    if (writer_->uncommitted_bytes() > transaction_bytes_max) {
      commit();
      require_space(transaction_bytes_max);
    }
    if (auto event = std::get_if<full_event>(&x)) {
      auto sequence = event->row.sequence;
      early_.emplace(sequence, std::move(*event));
      for (auto i = early_.begin();
           i != early_.end() && i->first == writer_->events() + 1;
           i = early_.erase(i))
        write(i->second);
    } else if (auto metric = std::get_if<metric_row>(&x)) {
      writer_->add(*metric);
    } else if (auto note = std::get_if<note_row>(&x)) {
      writer_->add(*note);
    } else {
      write(std::get<run_state>(x));
    }
  }
}

void recorder::write(const full_event& x) {
  const auto& row = x.row;
  writer_->add(row);
  if (x.snapshot)
    write(row, *x.snapshot);
  if (x.content.size() > 0) {
    std::vector<char> bytes;
    caf::binary_serializer sink{nullptr, bytes};
    if (x.content.save(0, sink))
      bytes.clear(); // of a type that stays inside the process
    writer_->add_payload(row.sequence, row.destination,
                         std::as_bytes(std::span{bytes}));
  }
}

void recorder::write(const event_row& row, const state_snapshot& x) {
  auto round = x.epoch / std::max<int64_t>(1, options_.snapshot_every);
  budget_.use(writer_->bytes());
  if (!budget_.keeps_vectors(row.destination, row.node_step, round, x.reason,
                             size_of(x)))
    return;
  auto add = [&](const char* kind, const tensor_payload& content) {
    if (content.empty() || content.numel() == 0)
      return;
    std::vector<std::byte> bytes(content.size_bytes());
    content.storage()->copy_to(bytes.data());
    writer_->add(recording_writer::snapshot_row{
      row.sequence, row.destination, row.node_step, x.epoch, kind,
      std::string{to_string(content.type())}, bytes});
  };
  add("parameters", x.weights);
  add("buffers", x.buffers);
}

void recorder::write(const run_state& x) {
  auto add = [&](node_id node, const char* kind, const std::string& bytes) {
    writer_->add(recording_writer::snapshot_row{
      x.position, node, 0, 0, kind, std::string{run_state_encoding},
      std::as_bytes(std::span{bytes})});
  };
  add(no_node, run_state_kind::run, x.run);
  for (const auto& bytes : x.observed)
    add(no_node, run_state_kind::observed, bytes);
  for (size_t i = 0; i < x.nodes.size(); ++i)
    add(static_cast<node_id>(i), run_state_kind::node, x.nodes[i]);
}

void recorder::give_up(const std::string& why) {
  {
    std::lock_guard lock{mutex_};
    stopped_ = true;
    failure_ = why;
    queue_.clear();
  }
  emptied_.notify_all();
  if (options_.on_failure)
    options_.on_failure(why);
}

void recorder::close(const run_end* end) {
  {
    std::lock_guard lock{mutex_};
    if (closing_)
      return;
    closing_ = true;
    if (end != nullptr)
      end_ = *end;
  }
  filled_.notify_all();
  if (thread_.joinable())
    thread_.join();
}

} // namespace caps
