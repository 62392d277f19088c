#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caps {

/// A vector of a node with the parameters or buffers that lie in it.
struct state_part {
  /// "conv1.weight".
  std::string name;
  std::vector<int64_t> shape;
  /// In row-major order; widened without loss.
  std::vector<double> values;
};

/// What a node was like right after an event.
struct node_state {
  int64_t node = 0;
  /// The event; before the first one: the start.
  int64_t sequence = 0;
  /// Local updates made.
  int64_t step = 0;
  /// Whether this is the state at the very position asked for, rather than
  /// the last one that was kept before.
  bool exact = false;
  std::vector<state_part> parts;
};

/// What there is of a node besides its messages.
enum class state_kind : uint8_t { weights, buffers, gradient, optimizer };

/// "weights", "buffers", "grad" or "optimizer".
std::string_view to_text(state_kind kind);

/// Where the states of nodes come from: snapshots in the recording, or running
/// the recording again.
class node_states {
public:
  virtual ~node_states() = default;

  /// The state of a node at a position, or the last known one before it;
  /// nothing where none is known. Throws `data_error` for damaged data and
  /// `input_error` for kinds that this source never knows, saying why.
  virtual std::optional<node_state> find(state_kind kind, int64_t node,
                                         int64_t position)
    = 0;
};

} // namespace caps
