// Lines typed at the prompt of the replay, with their conditions on events, on
// a sound recording.

#include "models/errors.hpp"
#include "runtime/replay/session.hpp"
#include "runtime/replay/snapshot_states.hpp"
#include "runtime/run_file/recording_file.hpp"
#include "tests/fuzz/fuzzer.hpp"
#include "tests/runtime/replay/made_recording.hpp"

namespace {

struct open_recording {
  open_recording() {
    caps::test::make_ring(made, 6);
    made.commit();
  }

  caps::test::made_recording made;
};

/// Whether a line may write a file, which no input should.
bool may_write(std::string_view line) {
  auto start = line.find_first_not_of(" \t\r");
  if (start == std::string_view::npos)
    return false;
  line.remove_prefix(start);
  return line.front() == 'e' || line.starts_with("pl");
}

} // namespace

void caps::test::fuzz(std::string_view input) {
  static const open_recording open;
  static recording_file recording{open.made.file()};
  static snapshot_states states{recording};
  session walk{recording, states};
  walk.limit(std::chrono::milliseconds{200});
  while (!input.empty()) {
    auto end = std::min(input.find('\n'), input.size());
    auto line = input.substr(0, end);
    input.remove_prefix(std::min(end + 1, input.size()));
    if (may_write(line))
      continue;
    try {
      walk.completions(line);
      walk.execute(line);
    } catch (const error&) {
    }
  }
}
