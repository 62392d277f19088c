#include "tests/support/catch.hpp"

#include "messages/error_code.hpp"
#include "tests/messages/support.hpp"

#include <set>

using caps::error_code;

namespace {

constexpr auto last_code = error_code::fault;

} // namespace

TEST_CASE("every error code has a name of its own", "[error_code]") {
  std::set<std::string> names;
  for (uint8_t i = 0; i <= static_cast<uint8_t>(last_code); ++i)
    names.insert(to_string(static_cast<error_code>(i)));
  CHECK(names.size() == static_cast<size_t>(last_code) + 1);
  CHECK(names.count("unknown error") == 0);
  CHECK(to_string(static_cast<error_code>(200)) == "unknown error");
}

TEST_CASE_METHOD(caps::test::system_fixture,
                 "an error keeps its text on the way through CAF",
                 "[error_code]") {
  auto sent = caps::make_error(error_code::node_lost, "node 3 is gone");
  caf::error received;
  REQUIRE_FALSE(read(write(sent), received));
  CHECK(received == sent);
  CHECK(caps::describe(system, received) == "node 3 is gone");
  CHECK(system.render(received) == "node lost: node 3 is gone");
}

TEST_CASE_METHOD(caps::test::system_fixture,
                 "errors of CAF itself are described too", "[error_code]") {
  caf::error foreign = caf::sec::cannot_connect_to_node;
  CHECK_THAT(caps::describe(system, foreign),
             contains("cannot_connect_to_node"));
}
