#pragma once

#include "models/random_stream.hpp"
#include "models/state.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace caps {

/// How a node walks over its shard.
struct sampler_options {
  /// Samples in a mini-batch; 0 for the whole epoch in one batch.
  int64_t batch_size = 32;
  /// Samples a node trains on; 0 for its whole shard. Fewer than the shard
  /// holds are drawn from it once, before the first epoch, and stay the same
  /// ones ever after, as in the published peer-to-peer programs.
  int64_t train_length = 0;
};

/// A node's endless walk over its shard in mini-batches. Every epoch visits
/// each sample once, in a new random order; its last batch may be smaller. A
/// walk with one batch an epoch keeps the order of the shard, since nothing
/// but the rounding of a sum would depend on it.
class sampler {
public:
  /// Throws `input_error` for an empty shard or negative options.
  sampler(std::vector<int64_t> shard, const sampler_options& options,
          random_stream stream);

  /// The samples of the next step, valid until the next call.
  std::span<const int64_t> next();

  int64_t steps_per_epoch() const noexcept;

  int64_t samples_per_epoch() const noexcept {
    return static_cast<int64_t>(samples_.size());
  }

  /// Steps taken since the first epoch began.
  int64_t steps() const noexcept { return steps_; }

  /// Epochs completed.
  int64_t epochs() const noexcept { return steps_ / steps_per_epoch(); }

  /// The position in the walk. A sampler made with the same arguments goes on
  /// from there exactly.
  void visit_state(state_visitor& visitor);

private:
  void shuffle();

  std::vector<int64_t> samples_; // in the order of the shard
  std::vector<int64_t> order_;   // of the current epoch
  int64_t batch_size_;
  random_stream stream_;              // after the shuffle of this epoch
  random_stream::state epoch_stream_; // before it
  int64_t steps_ = 0;
};

} // namespace caps
