#include "tests/support/catch.hpp"

#include "runtime/components/components.hpp"
#include "runtime/scenario/documentation.hpp"

#include <fstream>
#include <iterator>
#include <string>

TEST_CASE("scenarios/README.md and the parser agree", "[documentation]") {
  std::ifstream in{CAPS_SCENARIOS_README};
  REQUIRE(in);
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  constexpr std::string_view begin = "<!-- caps_runtime document -->\n";
  constexpr std::string_view end = "<!-- end -->";
  auto first = text.find(begin);
  auto last = text.find(end);
  REQUIRE(first != std::string::npos);
  REQUIRE(last != std::string::npos);
  first += begin.size();
  INFO("bring it up to date with: caps_runtime document");
  CHECK(text.substr(first, last - first)
        == caps::document_scenario(caps::built_in_components()));
}
