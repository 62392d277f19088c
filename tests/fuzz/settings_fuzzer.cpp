// The values of --set, one a line, on top of a scenario.

#include "models/errors.hpp"
#include "runtime/components/components.hpp"
#include "runtime/scenario/reader.hpp"
#include "tests/fuzz/fuzzer.hpp"

#include <string>
#include <vector>

void caps::test::fuzz(std::string_view input) {
  if (input.find("plugins") != std::string_view::npos
      || input.find("include") != std::string_view::npos)
    return;
  static const auto known = built_in_components();
  std::vector<std::string> settings;
  while (!input.empty()) {
    auto end = std::min(input.find('\n'), input.size());
    settings.emplace_back(input.substr(0, end));
    input.remove_prefix(std::min(end + 1, input.size()));
  }
  try {
    parse_scenario("name = \"small\"\nnodes.count = 3\n", "input", settings,
                   known);
  } catch (const error&) {
  }
}
