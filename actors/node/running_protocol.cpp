#include "actors/node/running_protocol.hpp"

#include "models/checkpoint/state_archive.hpp"
#include "models/errors.hpp"

#include <caf/type_erased_tuple.hpp>

#include <fmt/format.h>

#include <utility>

namespace caps {

void running_protocol::make(recipe_ptr recipe, node_context& node) {
  made_by_ = std::move(recipe);
  protocol_ = made_by_->make(node);
  handlers_ = protocol_->behavior();
}

bool running_protocol::handle(caf::type_erased_tuple& content) {
  return static_cast<bool>(handlers_(content));
}

void running_protocol::change(const recipe_ptr& recipe, node_context& node,
                              c10::Device device) {
  if (recipe == made_by_)
    return;
  made_by_ = recipe;
  state_writer memory;
  if (!protocol_->visit_state(memory))
    throw error("the options of a protocol that does not show its state "
                "cannot change");
  auto before = node.stream(); // a protocol may draw when it is made
  auto next = made_by_->make(node);
  node.stream() = before;
  auto handlers = next->behavior();
  try {
    state_reader reader{memory.contents(), "its state", device};
    next->visit_state(reader);
    reader.finish();
  } catch (const input_error& e) {
    throw error(fmt::format("the options of the protocol cannot change like "
                            "this in the course of a run: {}",
                            e.what()));
  }
  handlers_ = std::move(handlers);
  protocol_ = std::move(next);
}

bool running_protocol::visit_state(state_visitor& visitor) {
  visitor.enter("protocol");
  auto shown = protocol_->visit_state(visitor);
  visitor.leave();
  return shown;
}

} // namespace caps
