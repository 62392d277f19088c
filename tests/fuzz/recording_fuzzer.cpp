// A recording with damage: an input says what is changed in a sound one, so
// that most of it is still there. It is opened, verified and walked through.

#include "models/errors.hpp"
#include "runtime/recording/verify.hpp"
#include "runtime/replay/session.hpp"
#include "runtime/replay/snapshot_states.hpp"
#include "runtime/run_file/recording_file.hpp"
#include "tests/fuzz/fuzzer.hpp"
#include "tests/runtime/replay/made_recording.hpp"

namespace {

/// The bytes of a sound recording.
std::string sound_recording() {
  caps::test::made_recording made;
  caps::test::make_ring(made, 4);
  made.commit();
  return caps::test::read_text(made.file());
}

/// Takes a number of `bytes` bytes.
size_t take_number(std::string_view& input, size_t bytes) {
  size_t result = 0;
  for (size_t i = 0; i < bytes; ++i)
    result = result * 256 + caps::test::choose(input, 256);
  return result;
}

/// Four bytes a change: three say where, one what is added to the byte. The
/// first byte says whether the file is cut off, at the place that follows.
std::string damaged(std::string recording, std::string_view input) {
  if (caps::test::choose(input, 2) == 1)
    recording.resize(take_number(input, 3) % recording.size());
  while (!input.empty() && !recording.empty()) {
    auto at = take_number(input, 3) % recording.size();
    auto by = caps::test::choose(input, 256);
    recording[at] = static_cast<char>(
      static_cast<unsigned char>(recording[at]) + by);
  }
  return recording;
}

constexpr const char* lines[]
  = {"where",         "nodes",          "show 0",     "step 5",
     "back",          "why",            "messages",   "goto end",
     "show 1 a",      "when 0",         "diff 0 1",   "print count(*)",
     "until loss > 0", "print test_loss"};

} // namespace

void caps::test::fuzz(std::string_view input) {
  static const temporary_folder folder;
  static const auto file = folder / "run.caps";
  static const auto sound = sound_recording();
  write_text(file, damaged(sound, input));
  try {
    recording_file recording{file};
    snapshot_states states{recording};
    session walk{recording, states};
    walk.limit(std::chrono::seconds{1});
    for (auto line : lines) {
      try {
        walk.execute(line);
      } catch (const error&) {
      }
    }
    verify(recording);
  } catch (const error&) {
  }
}
