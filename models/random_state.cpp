#include "models/random_state.hpp"

#include "models/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <mutex>

namespace caps {

void visit_random(state_visitor& visitor, std::string_view name,
                  random_stream& stream) {
  auto state = stream.save();
  std::vector<int64_t> words;
  for (auto word : state)
    words.push_back(std::bit_cast<int64_t>(word));
  visitor.integers(name, words);
  if (words.size() != state.size())
    throw input_error(fmt::format("the random stream '{}' has {} words, "
                                  "expected {}",
                                  name, words.size(), state.size()));
  std::transform(words.begin(), words.end(), state.begin(),
                 [](int64_t word) { return std::bit_cast<uint64_t>(word); });
  stream.restore(state);
}

void visit_random(state_visitor& visitor, std::string_view name,
                  at::Generator& generator) {
  std::lock_guard lock{generator.mutex()};
  auto state = generator.get_state();
  visitor.tensor(name, state);
  generator.set_state(state);
}

} // namespace caps
