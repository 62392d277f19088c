#pragma once

#include "actors/node/edge_changes.hpp"
#include "actors/node/node_config.hpp"
#include "messages/membership.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>

namespace caps {

class state_visitor;

/// Which view a node takes part in, which ones it is to take part in next, and
/// what becomes of a message that was sent in another one.
///
/// The number of a message says in which view it was sent: numbers of view v
/// begin at v times `numbers_per_view`.
class view_keeper {
public:
  static constexpr uint64_t numbers_per_view = 1'000'000'000;

  /// What becomes of a message.
  enum class verdict : uint8_t {
    take,
    /// It is of a view that the node is still to enter.
    keep,
    /// It is of an edge that is no more.
    drop,
  };

  int64_t number() const noexcept { return number_; }

  /// The message of a neighbour or, at a node that waits to begin, of one.
  verdict judge(const message_stamp& stamp, const node_config& own,
                bool begins) const;

  /// The node begins no update after `step` others before it knows when view
  /// `number` begins; or no later one than it has promised of that view before.
  /// Returns after how many.
  int64_t promise(int64_t number, int64_t step) {
    if (!bound_ || promised_ != number)
      bound_ = step;
    promised_ = number;
    return *bound_;
  }

  /// Whether the node, after `step` updates, must not begin another one.
  bool holds(int64_t step) const noexcept { return bound_ && step >= *bound_; }

  /// Takes a view for later. Whoever begins in it, or is not in it, needs none
  /// of those before.
  void add(node_view x);

  /// The next view, if it holds after `step` updates.
  std::optional<node_view> take_next(int64_t step);

  /// The view that the node begins in, if there is one; not taken.
  const node_view* beginning() const;

  /// Makes `x` the view of a node; returns what became of its edges.
  edge_changes enter(const node_view& x, node_config& own);

  /// Forgets all views to come: the node is gone.
  void clear();

private:
  int64_t number_ = 0;
  std::deque<node_view> next_;
  /// The last view proposed, and how far the node may get without it.
  int64_t promised_ = 0;
  std::optional<int64_t> bound_;
  /// The views in which the edges from these began; 0 if they are not named.
  std::map<node_id, int64_t> since_;
};

} // namespace caps
