#include "runtime/replay/node_index.hpp"

#include "runtime/run_file/query.hpp"

#include <algorithm>

namespace caps {

namespace {

/// Few enough to read in some ten milliseconds.
constexpr int64_t spacing_min = 16384;

/// Nodes up to which this spacing takes little memory.
constexpr int64_t nodes_per_spacing = 64;

} // namespace

node_index::node_index(recording_file& file) : file_(file) {
  auto nodes = static_cast<int64_t>(file.nodes().size());
  spacing_ = spacing_min * (nodes / nodes_per_spacing + 1);
  for (size_t i = 0; i < file.nodes().size(); ++i)
    index_of_[file.nodes()[i].id] = i;
  kept_.emplace_back(file.nodes().size(), node_progress{file.first() - 1, 0});
}

template <class F>
void node_index::walk(state& nodes, int64_t from, int64_t to, F f) {
  query q{file_, "SELECT sequence, destination, node_step FROM event WHERE "
                 "sequence > ? AND sequence <= ? ORDER BY sequence"};
  q.bind(from).bind(to);
  while (q.next()) {
    auto i = index_of_.find(q.integer(1).value_or(-1));
    if (i == index_of_.end())
      continue;
    auto& node = nodes[i->second];
    auto before = node.step;
    node = {q.integer(0).value_or(0), q.integer(2).value_or(0)};
    if (!f(node.sequence, i->second, before, node.step))
      return;
  }
}

size_t node_index::block_of(int64_t position) const {
  auto events = std::clamp(position, file_.first() - 1, file_.last())
                - (file_.first() - 1);
  return static_cast<size_t>(events / spacing_);
}

void node_index::read_up_to(int64_t position) {
  auto needed = block_of(position);
  while (kept_.size() <= needed) {
    auto nodes = kept_.back();
    auto from
      = file_.first() - 1 + static_cast<int64_t>(kept_.size() - 1) * spacing_;
    walk(nodes, from, from + spacing_, [](auto...) { return true; });
    kept_.push_back(std::move(nodes));
  }
}

std::vector<node_progress> node_index::at(int64_t position) {
  read_up_to(position);
  auto block = block_of(position);
  auto nodes = kept_[block];
  walk(nodes, file_.first() - 1 + static_cast<int64_t>(block) * spacing_,
       position, [](auto...) { return true; });
  return nodes;
}

void node_index::steps_between(
  int64_t from, int64_t to,
  const std::function<bool(int64_t sequence, size_t node)>& report) {
  auto nodes = at(from);
  walk(nodes, from, to,
       [&](int64_t sequence, size_t node, int64_t before, int64_t step) {
         return step <= before || report(sequence, node);
       });
}

std::optional<int64_t> node_index::first_where(
  const std::function<bool(const std::vector<node_progress>&)>& reached) {
  read_up_to(file_.last());
  auto next = std::ranges::partition_point(
    kept_, [&](const state& nodes) { return !reached(nodes); });
  if (next == kept_.begin())
    return file_.first() - 1;
  auto block = next - kept_.begin() - 1;
  auto nodes = kept_[static_cast<size_t>(block)];
  auto from = file_.first() - 1 + block * spacing_;
  std::optional<int64_t> result;
  walk(nodes, from, from + spacing_, [&](int64_t sequence, auto...) {
    if (reached(nodes))
      result = sequence;
    return !result;
  });
  return result;
}

} // namespace caps
