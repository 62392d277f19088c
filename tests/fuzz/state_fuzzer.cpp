// The state of a component, as a recording keeps it: every kind of value, read
// from an archive that may hold anything.

#include "models/checkpoint/state_archive.hpp"
#include "models/data/sampler.hpp"
#include "models/errors.hpp"
#include "models/random_state.hpp"
#include "models/random_stream.hpp"
#include "models/state_values.hpp"
#include "tests/fuzz/fuzzer.hpp"
#include "tests/support/files.hpp"

#include <map>
#include <optional>
#include <vector>

namespace {

/// A component that remembers something of each kind.
struct everything {
  at::Tensor tensor;
  int64_t integer = 0;
  double real = 0;
  std::string bytes;
  std::vector<int64_t> integers;
  std::vector<bool> flags;
  std::vector<at::Tensor> tensors;
  std::optional<std::chrono::nanoseconds> since;
  std::map<int64_t, int64_t> counts;

  void visit_state(caps::state_visitor& visitor) {
    using caps::visit_value;
    visit_value(visitor, "tensor", tensor);
    visit_value(visitor, "integer", integer);
    visit_value(visitor, "real", real);
    visitor.bytes("bytes", bytes);
    visitor.integers("integers", integers);
    visit_value(visitor, "flags", flags);
    visit_value(visitor, "tensors", tensors);
    visit_value(visitor, "since", since);
    visit_value(visitor, "counts", counts);
  }
};

} // namespace

void caps::test::fuzz(std::string_view input) {
  static const temporary_folder folder;
  static const auto file = folder / "input";
  auto which = choose(input, 3);
  write_text(file, std::string{input});
  try {
    state_reader reader{read_safetensors(file), "input"};
    if (which == 0) {
      everything x;
      x.visit_state(reader);
    } else if (which == 1) {
      random_stream x{1};
      visit_random(reader, "stream", x);
    } else {
      sampler x{{0, 1, 2, 3, 4}, {.batch_size = 2}, random_stream{1}};
      x.visit_state(reader);
    }
    reader.finish();
  } catch (const error&) {
  }
}
