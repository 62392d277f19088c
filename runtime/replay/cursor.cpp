#include "runtime/replay/cursor.hpp"

#include "models/deep_key.hpp"
#include "models/errors.hpp"
#include "runtime/replay/recorded_event.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <utility>

namespace caps {

namespace {

constexpr std::array strides{
  std::pair{"event", stride::event}, std::pair{"step", stride::step},
  std::pair{"round", stride::round}, std::pair{"epoch", stride::epoch}};

std::string_view name_of(stride unit) {
  return std::ranges::find(strides, unit, [](auto x) { return x.second; })
    ->first;
}

/// A damaged scenario may say anything.
constexpr int64_t round_steps_max = 1'000'000;

/// K of the schedules that have rounds, 1 of all others.
int64_t round_length(recording_file& file) {
  auto text = file.meta("scenario").value_or("");
  if (find_deep_key(text))
    throw data_error(fmt::format("{}: damaged: the scenario in it has a key of "
                                 "more than {} parts",
                                 file.path().string(), key_parts_max));
  toml::table scenario;
  try {
    scenario = toml::parse(text);
  } catch (const toml::parse_error& e) {
    throw data_error(fmt::format("{}: damaged: the scenario in it cannot be "
                                 "read: {}",
                                 file.path().string(), e.description()));
  }
  auto swaps = scenario["swaps"];
  auto kind = swaps["kind"].value_or(std::string{});
  auto key = kind == "round" ? "steps" : kind == "rotation" ? "interval" : "";
  return std::clamp<int64_t>(swaps[key].value_or(int64_t{1}), 1,
                             round_steps_max);
}

bool trains(const recorded_node& x) {
  return x.role != "parameter_server";
}

} // namespace

std::optional<stride> stride_of(std::string_view text) {
  if (text.ends_with('s'))
    text.remove_suffix(1);
  auto i = std::ranges::find(strides, text, [](auto x) { return x.first; });
  if (i == strides.end())
    return std::nullopt;
  return i->second;
}

cursor::cursor(recording_file& file)
  : file_(file), index_(file), position_(file.first() - 1),
    steps_per_round_(round_length(file)) {}

int64_t cursor::time() {
  auto event = find_event(file_, position_);
  return event ? event->time : 0;
}

bool cursor::forward(int64_t n, stride unit) {
  switch (unit) {
    case stride::event: {
      auto there = n <= end() - position_;
      position_ = there ? position_ + n : end();
      return there;
    }
    case stride::step:
      return forward_steps(n);
    case stride::round:
      return move_rounds(n);
    case stride::epoch:
      return move_epochs(n);
  }
  return false;
}

bool cursor::back(int64_t n, stride unit) {
  switch (unit) {
    case stride::event: {
      auto there = n <= position_ - start();
      position_ = there ? position_ - n : start();
      return there;
    }
    case stride::step:
      return back_steps(n);
    case stride::round:
      return move_rounds(-n);
    case stride::epoch:
      return move_epochs(-n);
  }
  return false;
}

void cursor::to_event(int64_t sequence) {
  if (file_.events() == 0)
    throw input_error("this recording holds no events: its level is "
                      + file_.meta("level").value_or("unknown"));
  if (sequence < file_.first() || sequence > file_.last())
    throw input_error(fmt::format("there is no event {}: expected one from {} "
                                  "to {}",
                                  sequence, file_.first(), file_.last()));
  position_ = sequence;
}

void cursor::to_time(std::chrono::nanoseconds time) {
  auto low = start(), high = end();
  while (low < high) {
    auto middle = low + (high - low + 1) / 2;
    auto event = find_event(file_, middle);
    if (event && event->time > time.count())
      high = middle - 1;
    else
      low = middle;
  }
  position_ = low;
}

void cursor::to(int64_t n, stride unit) {
  if (n < 0)
    throw input_error(
      fmt::format("{} {}: expected 0 or more", name_of(unit), n));
  if (n == 0)
    return to_start();
  if (unit == stride::event)
    return to_event(n);
  if (unit == stride::epoch) {
    auto i = std::ranges::find(epoch_ends(), n, &epoch_end::epoch);
    if (i == epoch_ends().end())
      throw input_error(fmt::format(
        "no metrics of epoch {} were recorded{}", n,
        epoch_ends().empty()
          ? ""
          : fmt::format("; the last are of {}", epoch_ends().back().epoch)));
    position_ = i->sequence;
    return;
  }
  auto steps = unit == stride::round ? n * steps_per_round_ : n;
  if (auto sequence = all_made_step(steps)) {
    position_ = *sequence;
    return;
  }
  auto last = index_.at(end());
  for (size_t i = 0; i < last.size(); ++i)
    if (trains(file_.nodes()[i]) && last[i].step < steps)
      throw input_error(fmt::format("{} {} was not finished: node {} made only "
                                    "{} steps",
                                    name_of(unit), n, file_.nodes()[i].id,
                                    last[i].step));
  throw input_error("no node of this recording trains");
}

bool cursor::until(const event_question& what) {
  auto q = what.ask("sequence", "AND sequence > ? ORDER BY sequence LIMIT 1");
  q.bind(position_);
  if (!q.next())
    return false;
  position_ = q.integer(0).value_or(position_);
  return true;
}

bool cursor::until_back(const event_question& what) {
  auto q
    = what.ask("sequence", "AND sequence < ? ORDER BY sequence DESC LIMIT 1");
  q.bind(position_);
  if (!q.next())
    return false;
  position_ = q.integer(0).value_or(position_);
  return true;
}

int64_t cursor::rounds() {
  auto nodes = index_.at(position_);
  std::optional<int64_t> result;
  for (size_t i = 0; i < nodes.size(); ++i)
    if (trains(file_.nodes()[i]) && !is_dead(i, nodes[i]))
      result = std::min(result.value_or(nodes[i].step), nodes[i].step);
  return result.value_or(0) / steps_per_round_;
}

int64_t cursor::epochs() {
  int64_t result = 0;
  for (const auto& x : epoch_ends())
    if (x.sequence <= position_)
      result = std::max(result, x.epoch);
  return result;
}

bool cursor::forward_steps(int64_t n) {
  auto left = n;
  index_.steps_between(position_, end(), [&](int64_t sequence, size_t) {
    position_ = sequence;
    return --left > 0;
  });
  if (left > 0)
    to_end();
  return left == 0;
}

bool cursor::back_steps(int64_t n) {
  auto high = position_ - 1;
  while (high > start()) {
    auto low = std::max(start(), high - index_.spacing());
    std::vector<int64_t> found;
    index_.steps_between(low, high, [&](int64_t sequence, size_t) {
      found.push_back(sequence);
      return true;
    });
    auto count = static_cast<int64_t>(found.size());
    if (count >= n) {
      position_ = found[static_cast<size_t>(count - n)];
      return true;
    }
    n -= count;
    high = low;
  }
  to_start();
  return false;
}

bool cursor::move_rounds(int64_t n) {
  auto target = rounds() + n;
  if (n < 0) {
    // In the middle of a round, one stride leads to its beginning.
    auto begun = all_made_step(rounds() * steps_per_round_);
    if (begun && position_ > *begun)
      ++target;
  }
  if (target <= 0) {
    to_start();
    return target == 0;
  }
  auto sequence = all_made_step(target * steps_per_round_);
  position_ = sequence.value_or(end());
  return sequence.has_value();
}

bool cursor::move_epochs(int64_t n) {
  const auto& ends = epoch_ends();
  if (n > 0) {
    for (const auto& x : ends)
      if (x.sequence > position_ && --n == 0) {
        position_ = x.sequence;
        return true;
      }
    to_end();
    return false;
  }
  for (auto x = ends.rbegin(); x != ends.rend(); ++x)
    if (x->sequence < position_ && ++n == 0) {
      position_ = x->sequence;
      return true;
    }
  to_start();
  return n == -1;
}

std::optional<int64_t> cursor::all_made_step(int64_t n) {
  if (std::ranges::none_of(file_.nodes(), trains))
    return std::nullopt;
  return index_.first_where([&](const std::vector<node_progress>& nodes) {
    return have_made_step(nodes, n);
  });
}

bool cursor::have_made_step(const std::vector<node_progress>& nodes,
                            int64_t n) {
  // Once everybody is dead, nobody has made more steps than before.
  bool made = false;
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (!trains(file_.nodes()[i]))
      continue;
    made = made || nodes[i].step >= n;
    if (nodes[i].step < n && !is_dead(i, nodes[i]))
      return false;
  }
  return made;
}

bool cursor::is_dead(size_t i, const node_progress& node) {
  if (!deaths_) {
    deaths_.emplace();
    query q{file_, "SELECT destination, sequence FROM event WHERE kind = "
                   "'crash'"};
    while (q.next()) {
      auto dead = std::ranges::find(file_.nodes(), q.integer(0).value_or(-1),
                                    &recorded_node::id);
      if (dead != file_.nodes().end())
        (*deaths_)[static_cast<size_t>(dead - file_.nodes().begin())]
          = q.integer(1).value_or(0);
    }
  }
  auto death = deaths_->find(i);
  return death != deaths_->end() && node.sequence >= death->second;
}

/// Epochs that several events end (nodes report one by one) end with the last.
const std::vector<cursor::epoch_end>& cursor::epoch_ends() {
  if (epoch_ends_)
    return *epoch_ends_;
  epoch_ends_.emplace();
  query q{file_, "SELECT epoch, max(sequence) FROM metric WHERE epoch > 0 "
                 "GROUP BY epoch ORDER BY epoch"};
  while (q.next())
    // In a recording that was cut off, the events may end before.
    epoch_ends_->push_back(
      {q.integer(0).value_or(0),
       std::clamp(q.integer(1).value_or(0), start(), end())});
  return *epoch_ends_;
}

} // namespace caps
