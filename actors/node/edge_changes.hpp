#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace caps {

/// How the edges of a node differ from those it had in the view before.
/// Positions are those among `in_neighbours` and `out_neighbours` of the node's
/// context, which are the new ones already.
struct edge_changes {
  /// For each neighbour its position before; nothing for one with whom the node
  /// begins anew.
  using positions = std::vector<std::optional<size_t>>;

  positions in;
  positions out;

  /// Puts what is kept for each neighbour in its new place; `fresh` makes it
  /// for those with whom the node begins anew, of their new position.
  template <class List, class F>
  static void carry(List& kept, const positions& from, F fresh) {
    List result;
    for (size_t i = 0; i < from.size(); ++i)
      if (from[i])
        result.push_back(std::move(kept[*from[i]]));
      else
        result.push_back(fresh(i));
    kept = std::move(result);
  }

  /// The same, with the same for all with whom the node begins anew.
  template <class T>
  static void carry_or(std::vector<T>& kept, const positions& from,
                       const T& fresh) {
    carry(kept, from, [&](size_t) -> T { return fresh; });
  }
};

} // namespace caps
