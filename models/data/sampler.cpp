#include "models/data/sampler.hpp"

#include "models/errors.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace caps {

sampler::sampler(std::vector<int64_t> shard, const sampler_options& options,
                 random_stream stream)
  : samples_(std::move(shard)), stream_(stream), epoch_stream_{} {
  if (samples_.empty())
    throw input_error("a node cannot train on an empty shard");
  if (options.batch_size < 0 || options.train_length < 0)
    throw input_error(
      fmt::format("a node cannot train on {} samples in batches of {}",
                  options.train_length, options.batch_size));
  if (options.train_length > 0 && options.train_length < samples_per_epoch()) {
    stream_.shuffle(std::span{samples_});
    samples_.resize(static_cast<size_t>(options.train_length));
  }
  batch_size_ = options.batch_size == 0
                  ? samples_per_epoch()
                  : std::min(options.batch_size, samples_per_epoch());
  epoch_stream_ = stream_.save();
  shuffle();
}

std::span<const int64_t> sampler::next() {
  auto step = steps_ % steps_per_epoch();
  if (step == 0 && steps_ > 0) {
    epoch_stream_ = stream_.save();
    shuffle();
  }
  ++steps_;
  auto first = step * batch_size_;
  auto count = std::min(batch_size_, samples_per_epoch() - first);
  return std::span{order_}.subspan(static_cast<size_t>(first),
                                   static_cast<size_t>(count));
}

int64_t sampler::steps_per_epoch() const noexcept {
  return (samples_per_epoch() + batch_size_ - 1) / batch_size_;
}

void sampler::visit_state(state_visitor& visitor) {
  // An order is a function of the stream before the shuffle, and a thousand
  // times larger.
  std::vector<int64_t> words;
  for (auto word : epoch_stream_)
    words.push_back(static_cast<int64_t>(word));
  visitor.integer("steps", steps_);
  visitor.integers("stream", words);
  random_stream::state restored{};
  if (steps_ < 0 || words.size() != restored.size())
    throw input_error(fmt::format("no position of a sampler: step {}, {} words "
                                  "of random state",
                                  steps_, words.size()));
  std::transform(words.begin(), words.end(), restored.begin(),
                 [](int64_t word) { return static_cast<uint64_t>(word); });
  if (restored == epoch_stream_)
    return;
  epoch_stream_ = restored;
  shuffle();
}

void sampler::shuffle() {
  stream_.restore(epoch_stream_);
  order_ = samples_;
  if (steps_per_epoch() > 1)
    stream_.shuffle(std::span{order_});
}

} // namespace caps
