#include "tests/support/catch.hpp"

#include "messages/membership.hpp"
#include "messages/run_control.hpp"
#include "messages/traced_message.hpp"
#include "messages/types.hpp"
#include "runtime/launch/message_rules.hpp"

using namespace caps;
using caf::make_message;

namespace {

/// Nodes 0 and 2 live in process 0, 1 and 3 in process 1; the head is 2.
const placement where = placement::evenly(4, 2);
constexpr size_t head = 2;

template <class T>
T from_node(node_id node) {
  T result;
  result.stamp.source = node;
  return result;
}

template <class T>
std::string at_head(size_t process, node_id to, const T& x) {
  return refusal_at_head(where, process, to, make_message(x));
}

template <class T>
std::string at_process(size_t process, node_id from, node_id to, const T& x) {
  return refusal_at_process(where, process, from, to, make_message(x));
}

} // namespace

TEST_CASE("a process speaks for itself and its nodes", "[message_rules]") {
  CHECK(at_head(1, to_hub, process_joined{1, 7, {}}) == "");
  CHECK(at_head(1, to_hub, process_wired{1}) == "");
  CHECK(at_head(1, to_coordinator, from_node<progress>(3)) == "");
  CHECK(at_head(1, to_coordinator, from_node<node_failed>(1)) == "");
  CHECK(at_head(1, to_evaluator, from_node<node_snapshot>(3)) == "");
  CHECK(at_head(1, to_evaluator, from_node<node_away>(3)) == "");
  CHECK(at_head(1, to_membership, from_node<view_bound>(3)) == "");
  CHECK(at_head(1, to_membership, from_node<node_begun>(1)) == "");
  CHECK(at_head(1, to_hub,
                link_report{1, {{3, 0, 8, 1, 0, 0, 0}}, {{0, 1, 0.1, 0.2}}})
        == "");

  CHECK_THAT(at_head(1, to_hub, link_report{0, {}, {}}),
             contains("in the name of process 0"));
  CHECK_THAT(at_head(1, to_hub, link_report{1, {{2, 0, 8, 1, 0, 0, 0}}, {}}),
             contains("in the name of node 2"));
  CHECK_THAT(at_head(1, to_hub, link_report{1, {{3, 9, 8, 1, 0, 0, 0}}, {}}),
             contains("in the name of node 3"));
  CHECK_THAT(at_head(1, to_hub, link_report{1, {}, {{0, 2, 0.1, 0.2}}}),
             contains("in the name of node 2"));
  CHECK_THAT(at_head(1, to_hub, link_report{1, {}, {{-1, 1, 0.1, 0.2}}}),
             contains("in the name of node 1"));
  CHECK_THAT(at_head(1, to_hub, process_joined{0, 7, {}}),
             contains("in the name of process 0"));
  CHECK_THAT(at_head(1, to_coordinator, from_node<node_finished>(2)),
             contains("in the name of node 2"));
  CHECK_THAT(at_head(1, to_evaluator, from_node<node_report>(0)),
             contains("in the name of node 0"));
  CHECK_THAT(at_head(1, to_membership, from_node<view_bound>(2)),
             contains("in the name of node 2"));
  CHECK_THAT(at_head(1, to_evaluator, from_node<node_report>(-1)),
             contains("lives elsewhere"));
  CHECK_THAT(at_head(1, to_evaluator, from_node<node_report>(4)),
             contains("lives elsewhere"));
}

TEST_CASE("nobody but the head starts, stops or ends anything",
          "[message_rules]") {
  for (auto to : {to_hub, to_coordinator, to_evaluator, to_membership}) {
    CHECK(at_head(1, to, stop_training{}) != "");
    CHECK(at_head(1, to, start_training{}) != "");
    CHECK(at_head(1, to, run_over{}) != "");
    CHECK(at_head(1, to, process_lost{1, ""}) != "");
    CHECK(at_head(1, to, worker_lost{1, ""}) != "");
    CHECK(at_head(1, to, process_gone{{3}, ""}) != "");
    CHECK(at_head(1, to, process_returned{{3}}) != "");
  }
  CHECK(at_process(head, to_hub, to_host, all_joined{}) == "");
  CHECK(at_process(head, to_hub, to_host, run_over{}) == "");
  CHECK(at_process(head, to_coordinator, 0, start_training{}) == "");
  CHECK(at_process(head, to_coordinator, 0, worker_lost{1, ""}) == "");
  CHECK(at_process(head, to_coordinator, 0, from_node<parameters>(1)) != "");
  CHECK(at_process(1, 1, 0, stop_training{}) != "");
  CHECK(at_process(1, 1, 0, start_training{}) != "");
  CHECK(at_process(1, 1, 0, worker_lost{1, ""}) != "");
  CHECK(at_process(1, 1, 0, node_view{}) != "");
  CHECK(at_process(1, 1, 0, crash_now{}) != "");
  CHECK(at_process(head, to_membership, 0, node_view{}) == "");
  CHECK(at_process(head, to_membership, 0, give_up{}) == "");
  CHECK(at_process(head, to_membership, 0, process_gone{}) != "");
  CHECK(at_process(1, to_hub, to_host, run_over{}) != "");
}

TEST_CASE("nodes speak to nodes in their own name", "[message_rules]") {
  CHECK(at_process(1, 3, 0, from_node<parameters>(3)) == "");
  CHECK_THAT(at_process(1, 2, 0, from_node<parameters>(2)),
             contains("in the name of node 2"));
  // Nor in that of another inside the message.
  CHECK_THAT(at_process(1, 3, 0, from_node<parameters>(2)),
             contains("in the name of node 2"));
  CHECK_THAT(at_process(1, 3, 0, from_node<state_transfer>(2)),
             contains("in the name of node 2"));
}

TEMPLATE_TEST_CASE("what is around a message is looked into",
                   "[message_rules]", sent_in_view, traced_message) {
  auto in_view = [](node_id speaker, auto content) {
    TestType x;
    x.stamp.source = speaker;
    x.content = make_message(std::move(content));
    return x;
  };
  CHECK(at_process(1, 3, 0, in_view(3, from_node<parameters>(3))) == "");
  CHECK_THAT(at_process(1, 3, 0, in_view(2, from_node<parameters>(3))),
             contains("in the name of node 2"));
  CHECK_THAT(at_process(1, 3, 0, in_view(3, from_node<parameters>(2))),
             contains("in the name of node 2"));
  CHECK(at_process(1, 3, 0, in_view(3, stop_training{})) != "");
  CHECK(at_process(1, 3, 0, in_view(3, in_view(3, node_view{}))) != "");
}
