// A scenario file. What is accepted is written out with all its keys and read
// again: it must be accepted, and say the same.

#include "models/errors.hpp"
#include "runtime/components/components.hpp"
#include "runtime/scenario/reader.hpp"
#include "runtime/scenario/writer.hpp"
#include "tests/fuzz/fuzzer.hpp"

void caps::test::fuzz(std::string_view input) {
  // Other files are other inputs.
  for (auto key : {"include", "plugins"})
    if (input.find(key) != std::string_view::npos)
      return;
  static const auto known = built_in_components();
  auto read = [](std::string_view text) {
    return parse_scenario(text, "input", {}, known).content;
  };
  std::string text;
  try {
    auto content = read(input);
    text = to_toml(content);
  } catch (const error&) {
    return;
  }
  auto again = read(text);
  require(to_toml(again) == text, "a scenario says the same when read again");
}
