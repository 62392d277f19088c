#include "actors/node/view_keeper.hpp"

#include <algorithm>
#include <utility>

namespace caps {

namespace {

edge_changes::positions positions_of(const std::vector<node_id>& now,
                                     const std::vector<node_id>& before,
                                     const node_view& x) {
  edge_changes::positions result;
  for (auto id : now) {
    auto i = std::ranges::find(before, id);
    auto anew = x.begins || std::ranges::binary_search(x.renewed, id);
    result.push_back(
      i == before.end() || anew
        ? std::nullopt
        : std::optional{static_cast<size_t>(i - before.begin())});
  }
  return result;
}

std::vector<node_id> ids_of(const std::vector<neighbour>& xs) {
  std::vector<node_id> result(xs.size());
  std::ranges::transform(xs, result.begin(), &neighbour::id);
  return result;
}

} // namespace

view_keeper::verdict view_keeper::judge(const message_stamp& stamp,
                                        const node_config& own,
                                        bool begins) const {
  auto sent_in = static_cast<int64_t>(stamp.sequence / numbers_per_view);
  if (begins) {
    auto first = beginning();
    return first != nullptr && sent_in >= first->number ? verdict::keep
                                                        : verdict::drop;
  }
  if (sent_in > number_)
    return verdict::keep;
  if (!has_neighbour(own.in_neighbours, stamp.source))
    return verdict::drop;
  auto since = since_.find(stamp.source);
  return since != since_.end() && sent_in < since->second ? verdict::drop
                                                          : verdict::take;
}

void view_keeper::add(node_view x) {
  if (x.number >= promised_)
    bound_.reset();
  if (x.begins)
    next_.clear();
  next_.push_back(std::move(x));
}

std::optional<node_view> view_keeper::take_next(int64_t step) {
  if (next_.empty() || next_.front().from_step > step)
    return std::nullopt;
  auto result = std::move(next_.front());
  next_.pop_front();
  return result;
}

const node_view* view_keeper::beginning() const {
  return !next_.empty() && next_.front().begins ? &next_.front() : nullptr;
}

edge_changes view_keeper::enter(const node_view& x, node_config& own) {
  auto in_before = ids_of(own.in_neighbours);
  auto out_before = std::exchange(own.out_neighbours, x.out);
  own.in_neighbours.clear();
  for (const auto& peer : x.in)
    own.in_neighbours.push_back({peer.id, peer.weight});
  own.self_weight = x.self_weight;
  number_ = x.number;
  edge_changes result{positions_of(ids_of(own.in_neighbours), in_before, x),
                      positions_of(own.out_neighbours, out_before, x)};
  for (size_t i = 0; i < result.in.size(); ++i)
    if (!result.in[i])
      since_[own.in_neighbours[i].id] = number_;
  return result;
}

void view_keeper::clear() {
  next_.clear();
  bound_.reset();
}

} // namespace caps
