#include "runtime/recording/rerun_states.hpp"

#include "actors/observation/event_sink.hpp"
#include "models/checkpoint/state_archive.hpp"
#include "models/errors.hpp"
#include "runtime/recording/recorded_plan.hpp"
#include "runtime/recording/stored_state.hpp"
#include "runtime/run_file/query.hpp"

#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>

#include <fmt/format.h>

#include <algorithm>

namespace caps {

namespace {

std::vector<double> values_of(const at::Tensor& x) {
  auto host = x.cpu().to(at::kDouble).contiguous();
  auto data = host.data_ptr<double>();
  return {data, data + host.numel()};
}

/// Collects what an optimizer remembers, as copies.
class state_collector final : public scoped_visitor {
public:
  void tensor(std::string_view name, at::Tensor& value) override {
    if (value.defined())
      parts.push_back({full(name), value.clone()});
  }

  void integer(std::string_view name, int64_t& value) override {
    parts.push_back({full(name), at::full({}, value, at::kLong)});
  }

  void real(std::string_view name, double& value) override {
    parts.push_back({full(name), at::full({}, value, at::kDouble)});
  }

  void bytes(std::string_view, std::string&) override {}

  void integers(std::string_view name, std::vector<int64_t>& value) override {
    parts.push_back(
      {full(name), at::tensor(at::ArrayRef<int64_t>{value}, at::kLong)});
  }

  std::vector<named_tensor> parts;
};

/// Cuts a vector into the parameters or buffers that lie in it.
template <class Entries>
std::vector<state_part> cut(const at::Tensor& flat, const Entries& entries) {
  auto values = values_of(flat);
  std::vector<state_part> result;
  for (const auto& x : entries) {
    auto first = values.begin() + x.offset;
    result.push_back({x.name, x.shape, {first, first + x.numel}});
  }
  return result;
}

} // namespace

rerun_states::rerun_states(recording_file& file, const run_plan& plan,
                           options how)
  : file_(file), plan_(plan), how_(how), facts_(rerun_facts_of(file, plan)),
    between_snapshots_(how.snapshot_every
                       * static_cast<int64_t>(plan.nodes.size())) {
  restart(nullptr);
}

rerun_states::~rerun_states() = default;

std::optional<node_state> rerun_states::find(state_kind kind, int64_t node,
                                             int64_t position) {
  auto id = static_cast<node_id>(file_.node(node).id);
  position = std::clamp<int64_t>(position, 0, file_.last());
  auto found = recall(kind, id, position);
  if (found == nullptr) {
    go_to(position);
    found = recall(kind, id, position);
  }
  node_state result;
  result.node = node;
  result.sequence = found->sequence;
  result.step = found->step;
  result.exact = true;
  result.parts = parts(kind, id, *found);
  return result;
}

std::vector<rerun::pending> rerun_states::inbox(int64_t node,
                                                int64_t position) {
  auto id = static_cast<node_id>(file_.node(node).id);
  position = std::clamp<int64_t>(position, 0, file_.last());
  if (position != again_->position())
    go_to(position);
  return again_->inbox(id);
}

void rerun_states::go_to(int64_t position) {
  auto next = milestones_.upper_bound(position);
  const milestone* nearest
    = next == milestones_.begin() ? nullptr : &std::prev(next)->second;
  auto nearest_position
    = nearest == nullptr ? 0 : rerun::position(*nearest->state);
  auto here = again_->position();
  auto from
    = here <= position ? std::max(here, nearest_position) : nearest_position;
  if (!restart_from_file(position, from) && from != here)
    restart(nearest);
  advance(position);
}

void rerun_states::restart(const milestone* from) {
  again_.reset();
  if (from == nullptr)
    stand_at(std::make_unique<rerun>(plan_, how_.threads, facts_),
             std::vector<int64_t>(plan_.nodes.size(), 0));
  else
    stand_at(std::make_unique<rerun>(plan_, how_.threads, facts_, *from->state),
             from->newest);
}

bool rerun_states::restart_from_file(int64_t position, int64_t than) {
  if (!uses_stored_)
    return false;
  auto state = state_before(file_, position + 1, than);
  if (!state)
    return false;
  std::unique_ptr<rerun> again;
  try {
    again = std::make_unique<rerun>(plan_, how_.threads, facts_, *state);
  } catch (const input_error&) {
    uses_stored_ = false; // they are of another version of this program
    return false;
  }
  std::vector<int64_t> newest;
  for (size_t id = 0; id < plan_.nodes.size(); ++id) {
    query last{file_, "SELECT sequence FROM event WHERE sequence <= ? AND "
                      "destination = ? AND (state IS NOT NULL OR kind = "
                      "'gradient_ready') ORDER BY sequence DESC LIMIT 1"};
    last.bind(state->position).bind(static_cast<int64_t>(id));
    newest.push_back(last.next() ? last.integer(0).value_or(0) : 0);
  }
  stand_at(std::move(again), newest);
  return true;
}

void rerun_states::stand_at(std::unique_ptr<rerun> again,
                            const std::vector<int64_t>& newest) {
  memories_.clear();
  bytes_ = 0;
  again_ = std::move(again);
  rows_ = std::make_unique<event_rows>(file_, again_->position() + 1);
  memories_.resize(static_cast<size_t>(again_->nodes()));
  for (node_id id = 0; id < again_->nodes(); ++id)
    remember(id, newest.at(static_cast<size_t>(id)));
}

void rerun_states::advance(int64_t position) {
  event_row x;
  while (again_->position() < position && rows_->next(x)) {
    if (auto found = again_->handle(x)) {
      auto text = found->text();
      restart(nullptr);
      throw error(fmt::format("{}: it does not run as recorded here: {}",
                              file_.path().string(), text));
    }
    if (x.state || x.kind == event_kind::gradient_ready)
      remember(x.destination, x.sequence);
    auto last = milestones_.empty() ? 0 : milestones_.rbegin()->first;
    if (takes_snapshots_ && x.sequence >= last + between_snapshots_)
      take_snapshot();
  }
}

void rerun_states::take_snapshot() {
  milestone added;
  try {
    added.state = again_->save();
  } catch (const error&) {
    // A message that waits is of a type that was never registered.
  }
  takes_snapshots_ = added.state != nullptr;
  if (!takes_snapshots_)
    return;
  for (const auto& x : memories_)
    added.newest.push_back(x.states.back().sequence);
  milestone_bytes_ += rerun::size_bytes(*added.state);
  milestones_.emplace(again_->position(), std::move(added));
  if (milestone_bytes_ <= how_.snapshot_memory)
    return;
  // Every second one is enough from here on.
  between_snapshots_ *= 2;
  milestone_bytes_ = 0;
  bool keep = false;
  for (auto i = milestones_.begin(); i != milestones_.end(); keep = !keep)
    if (keep)
      milestone_bytes_ += rerun::size_bytes(*(i++)->second.state);
    else
      i = milestones_.erase(i);
}

void rerun_states::remember(node_id id, int64_t sequence) {
  auto& node = again_->at(id);
  auto& vectors = node.parameters();
  memory x;
  x.sequence = sequence;
  x.step = node.step();
  x.weights = vectors.weights().read();
  x.gradient = vectors.gradient().read();
  x.buffers = vectors.buffers().read();
  state_collector collector;
  node.optimizer().visit_state(collector);
  x.optimizer = std::move(collector.parts);
  bytes_ += x.bytes();
  memories_[static_cast<size_t>(id)].states.push_back(std::move(x));
  while (bytes_ > how_.memory && forget_something())
    ;
}

size_t rerun_states::memory::bytes() const {
  auto result = weights.nbytes();
  if (gradient.defined())
    result += gradient.nbytes() + buffers.nbytes();
  for (const auto& part : optimizer)
    result += part.value.nbytes();
  return result;
}

bool rerun_states::forget_something() {
  // The newest state of a node stays whole. What is not only parameters goes
  // first, the oldest of it before the rest.
  auto fattest
    = std::ranges::min_element(memories_, {}, [](const node_memory& x) {
        return x.thin + 1 < x.states.size() ? x.states[x.thin].sequence
                                            : INT64_MAX;
      });
  if (fattest->thin + 1 < fattest->states.size()) {
    auto& x = fattest->states[fattest->thin++];
    bytes_ -= x.bytes();
    x.gradient = at::Tensor{};
    x.buffers = at::Tensor{};
    x.optimizer.clear();
    bytes_ += x.bytes();
    return true;
  }
  auto oldest
    = std::ranges::min_element(memories_, {}, [](const node_memory& x) {
        return x.thin > 0 ? x.states.front().sequence : INT64_MAX;
      });
  if (oldest->thin == 0)
    return false;
  bytes_ -= oldest->states.front().bytes();
  oldest->states.pop_front();
  --oldest->thin;
  return true;
}

const rerun_states::memory* rerun_states::recall(state_kind kind, node_id id,
                                                 int64_t position) const {
  if (position > again_->position())
    return nullptr;
  const auto& known = memories_[static_cast<size_t>(id)];
  auto next
    = std::ranges::upper_bound(known.states, position, {}, &memory::sequence);
  if (next == known.states.begin())
    return nullptr;
  auto index = static_cast<size_t>(next - known.states.begin()) - 1;
  if (index < known.thin && kind != state_kind::weights)
    return nullptr;
  return &known.states[index];
}

std::vector<state_part> rerun_states::parts(state_kind kind, node_id id,
                                            const memory& x) const {
  auto layout = layout_of(plan_, id);
  switch (kind) {
    case state_kind::weights:
      return cut(x.weights, layout.entries());
    case state_kind::gradient:
      return cut(x.gradient, layout.entries());
    case state_kind::buffers:
      return cut(x.buffers, layout.buffers());
    case state_kind::optimizer:
      break;
  }
  std::vector<state_part> result;
  for (const auto& part : x.optimizer)
    result.push_back(
      {part.name, part.value.sizes().vec(), values_of(part.value)});
  return result;
}

} // namespace caps
